/* SPDX-License-Identifier: BSD-3-Clause */
/* A listening Unix socket at a path, with the owner and permissions asked for from its first
 * moment: nobody can connect before they are set. */
#ifndef XD_CONTROL_LISTEN_H
#define XD_CONTROL_LISTEN_H

#include <sys/types.h>

#include "base/error.h"

/* Binds and listens; the descriptor is non-blocking and close-on-exec. A stale socket file is
 * replaced. -EADDRINUSE: somebody answers there; -EEXIST: something that is no socket is there;
 * -EINVAL: no such group; or the errno of the call that failed. Returns the descriptor. group ""
 * leaves the group. */
int xd_listen(const char *path, const char *group, mode_t mode, struct xd_error *err);
/* Closes it and removes the file, unless somebody else's socket is there by now. */
void xd_listen_close(int fd, const char *path);

/* Fills a Unix address. -ENAMETOOLONG. */
struct sockaddr_un;
int xd_unix_address(struct sockaddr_un *address, const char *path);

#endif
