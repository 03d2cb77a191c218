/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unix sockets as vhost-user needs them: a stale file is replaced, a live one is not stolen, and
 * only our own file is removed. Nothing here waits. Any thread.
 */
#ifndef XD_VHOST_USER_SOCKET_H
#define XD_VHOST_USER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A socket that we listen on, and which file that is. */
struct xd_vu_listener {
	int fd; /* non-blocking; -1: none */
	char path[108];
	dev_t dev;
	ino_t ino;
};

/* Whose the socket file shall be: (uid_t)-1, (gid_t)-1 and mode 0 leave things as they are. A
 * zeroed one is not that: it says root. */
struct xd_vu_access {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/*
 * Binds and listens. A socket file on which nobody answers is replaced. With access, the file has
 * its owner and mode before anybody can connect; a directory that is missing is made (mode 0755),
 * but not its parents; and one in which others could replace the file is refused: writable for all
 * without the sticky bit, or another user's who is not root. NULL: none of this.
 * -ENAMETOOLONG: longer than a socket address; -ENOENT: the directory is missing; -EPERM: it is
 * refused, or the file cannot be given away; -EADDRINUSE: somebody answers; -EEXIST: the file is no
 * socket; -EACCES and others of bind.
 */
int xd_vu_listen(struct xd_vu_listener *listener, const char *path,
	const struct xd_vu_access *access, struct xd_error *err);
/* The same for a socket of another type than SOCK_STREAM: memif's is SOCK_SEQPACKET. */
int xd_vu_listen_type(struct xd_vu_listener *listener, const char *path, int type,
	const struct xd_vu_access *access, struct xd_error *err);
/* Whether its file is still where it was made: if not, nobody can reach it. */
bool xd_vu_listener_intact(const struct xd_vu_listener *listener);
/* Closes, and removes the file if it still is the one that was made. Idempotent. */
void xd_vu_unlisten(struct xd_vu_listener *listener);
/* The same without closing: returns the descriptor, with which goes what those have sent who are
 * connected and were not accepted. -1: there is none. */
int xd_vu_unlisten_keep(struct xd_vu_listener *listener);

/* Connects; returns a non-blocking descriptor or -errno: -ENOENT, -ECONNREFUSED: nobody is there;
 * -EAGAIN: somebody is, with a full queue. */
int xd_vu_connect(const char *path);
int xd_vu_connect_type(const char *path, int type);

#endif
