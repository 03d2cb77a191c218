/* SPDX-License-Identifier: BSD-3-Clause */
/* Mirrors and the ports that they name. */
#ifndef XD_CONFIG_MIRRORS_H
#define XD_CONFIG_MIRRORS_H

#include "config/names.h"
#include "mirror.h"

/* Whether the ports that mirrors name, which are there, are in their bridges, and those that copies
 * leave by take part in nothing else. Errors name the key. Any thread. */
int xd_mirrors_check(
	const struct xd_names *names, const struct xd_driver *const *drivers, struct xd_error *err);

#endif
