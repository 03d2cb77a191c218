/* SPDX-License-Identifier: BSD-3-Clause */
/* A listening Unix socket, made and removed: see listen.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/lock_file.h"
#include "control/listen.h"

#define BACKLOG         32
#define LOCK_PATH_BYTES (sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(".lock"))

int
xd_unix_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* PATH.lock, held from before we look whether somebody answers until our socket is gone. */
static void
lock_path(const char *path, char text[LOCK_PATH_BYTES])
{
	snprintf(text, LOCK_PATH_BYTES, "%s.lock", path);
}

static int
take_lock(const char *path, struct xd_error *err)
{
	char text[LOCK_PATH_BYTES];
	int lock;

	lock_path(path, text);
	lock = xd_lock_file(text, err);
	if (lock == -EWOULDBLOCK)
		return xd_fail(err, -EADDRINUSE, "another crossdockd answers on %s", path);
	return lock;
}

/* Removes a socket file that nobody listens on. */
static int
remove_stale(const struct sockaddr_un *address, struct xd_error *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, ret;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return xd_fail(err, -EEXIST, "%s exists and is not a socket: remove it", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xd_fail(err, -errno, "socket: %s", strerror(errno));
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	close(fd);
	/* EAGAIN: it listens, with a full queue. */
	if (ret == 0 || ret == -EAGAIN)
		return xd_fail(err, -EADDRINUSE, "another crossdockd answers on %s", path);
	if (ret != -ECONNREFUSED)
		return xd_fail(err, ret, "%s: %s", path, strerror(-ret));
	if (unlink(path))
		return xd_fail(err, -errno, "%s is stale and cannot be removed: %s", path,
			strerror(errno));
	return 0;
}

/* Group and permission bits of the bound socket. By a descriptor of the file itself, so that
 * nobody who can write to the directory can put something else in its place. */
static int
set_owner(const char *path, const char *group, mode_t mode, struct xd_error *err)
{
	struct group *entry = group[0] ? getgrnam(group) : NULL;
	char self[40];
	struct stat st;
	int ret = 0, fd;

	if (group[0] && !entry)
		return xd_fail(
			err, -EINVAL, "there is no group %s (groupadd --system %s)", group, group);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode))
		ret = xd_fail(err, -EEXIST, "%s was replaced meanwhile", path);
	else if (entry && fchownat(fd, "", -1, entry->gr_gid, AT_EMPTY_PATH))
		ret = xd_fail(err, -errno, "cannot give %s to group %s: %s", path, group,
			strerror(errno));
	else if (chmod(self, mode))
		ret = xd_fail(err, -errno, "cannot set the mode of %s: %s", path, strerror(errno));
	close(fd);
	return ret;
}

static int
bind_and_listen(
	const struct sockaddr_un *address, const char *group, mode_t mode, struct xd_error *err)
{
	const char *path = address->sun_path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret;

	if (fd < 0)
		return xd_fail(err, -errno, "socket: %s", strerror(errno));
	/* On Linux the file gets the mode of the unbound socket; and nobody can connect before
	 * listen. */
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)address, sizeof(*address))) {
		ret = xd_fail(err, -errno, "%s: %s", path, strerror(errno));
		goto err_close;
	}
	ret = set_owner(path, group, mode, err);
	if (ret)
		goto err_unlink;
	if (listen(fd, BACKLOG)) {
		ret = xd_fail(err, -errno, "%s: %s", path, strerror(errno));
		goto err_unlink;
	}
	return fd;
err_unlink:
	unlink(path);
err_close:
	close(fd);
	return ret;
}

/* With the lock held: a new socket at the path. The listener is changed only when it is there. */
static int
open_socket(struct xd_listener *listener, const char *group, mode_t mode, struct xd_error *err)
{
	struct sockaddr_un address;
	struct stat st;
	int fd, ret;

	xd_unix_address(&address, listener->path);
	ret = remove_stale(&address, err);
	if (ret)
		return ret;
	fd = bind_and_listen(&address, group, mode, err);
	if (fd < 0)
		return fd;
	if (lstat(listener->path, &st)) {
		ret = xd_fail(err, -errno, "%s: %s", listener->path, strerror(errno));
		close(fd);
		return ret;
	}
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = fd;
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	return 0;
}

int
xd_listen(struct xd_listener *listener, const char *path, const char *group, mode_t mode,
	struct xd_error *err)
{
	struct sockaddr_un address;
	int ret;

	listener->fd = listener->lock = -1;
	listener->path[0] = 0;
	if (xd_unix_address(&address, path))
		return xd_fail(err, -ENAMETOOLONG, "%s: a socket path has at most %zu bytes", path,
			sizeof(address.sun_path) - 1);
	strcpy(listener->path, path);
	listener->lock = take_lock(path, err);
	if (listener->lock < 0)
		return listener->lock;
	ret = open_socket(listener, group, mode, err);
	if (ret)
		xd_listen_close(listener);
	return ret;
}

bool
xd_listen_intact(const struct xd_listener *listener)
{
	struct stat st;

	return lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
	       st.st_ino == listener->ino;
}

int
xd_listen_again(struct xd_listener *listener, const char *group, mode_t mode, struct xd_error *err)
{
	return open_socket(listener, group, mode, err);
}

void
xd_listen_close(struct xd_listener *listener)
{
	char lock[LOCK_PATH_BYTES];

	if (listener->fd >= 0) {
		if (xd_listen_intact(listener))
			unlink(listener->path);
		close(listener->fd);
	}
	lock_path(listener->path, lock);
	xd_unlock_file(listener->lock, lock);
	listener->fd = listener->lock = -1;
}
