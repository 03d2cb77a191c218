/* SPDX-License-Identifier: BSD-3-Clause */
/* A listening Unix socket at a path, with the owner and permissions asked for from its first
 * moment: nobody can connect before they are set. */
#ifndef XD_CONTROL_LISTEN_H
#define XD_CONTROL_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A socket that we listen on. Its path is ours for as long: a second process is turned away by a
 * lock file beside the socket, PATH.lock, which only our user can open. */
struct xd_listener {
	int fd; /* non-blocking, close-on-exec; -1: none */
	int lock;
	char path[108];
	dev_t dev;
	ino_t ino;
};

/* Binds and listens. A stale socket file is replaced. group "" leaves the group. Nothing here
 * waits. -EADDRINUSE: somebody answers there, or holds the lock; -EEXIST: something that is no
 * socket is there; -EINVAL: no such group; -EPERM: somebody else has made the lock file; or the
 * errno of the call that failed. */
int xd_listen(struct xd_listener *listener, const char *path, const char *group, mode_t mode,
	struct xd_error *err);
/* Whether the file is still where it was made; if not, nobody can connect any more. */
bool xd_listen_intact(const struct xd_listener *listener);
/* Makes it again when it is not: with a new descriptor, the lock held on to. As xd_listen; on
 * failure it is as it was. */
int xd_listen_again(
	struct xd_listener *listener, const char *group, mode_t mode, struct xd_error *err);
/* Closes it and removes the file, unless something else is there by now. Idempotent. */
void xd_listen_close(struct xd_listener *listener);

/* Fills a Unix address. -ENAMETOOLONG. */
struct sockaddr_un;
int xd_unix_address(struct sockaddr_un *address, const char *path);

#endif
