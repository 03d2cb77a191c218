/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and groups that people name in a configuration: by name, or by number, which need not be
 * anyone's (a container's users are not in our files). Any thread. */
#ifndef XD_BASE_OWNER_H
#define XD_BASE_OWNER_H

#include <sys/types.h>

#include "base/error.h"

/* 0; -ENOENT: there is no such user (group), and err, which may be NULL, says how to make one;
 * -EINVAL: not a number that a user (group) can have; others of getpwnam_r (getgrnam_r). */
int xd_owner_user(const char *name, uid_t *uid, struct xd_error *err);
int xd_owner_group(const char *name, gid_t *gid, struct xd_error *err);

#endif
