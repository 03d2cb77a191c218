/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are members of other ports: what their configuration may be. */
#ifndef XD_CONFIG_MEMBERS_H
#define XD_CONFIG_MEMBERS_H

#include "config/names.h"
#include "port/port.h"

/* Whether no port is a member of two, and members leave to the port that they are members of what
 * is its. All names are known to be of ports. Errors have the key: -EINVAL, -EEXIST,
 * -ENOMEM. Any thread. */
int xd_members_check(
	const struct xd_names *names, const struct xd_driver *const *drivers, struct xd_error *err);

#endif
