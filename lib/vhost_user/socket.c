/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost_user/socket.h"

#define BACKLOG 8

static int
address(struct sockaddr_un *sun, const char *path)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len == 0)
		return -EINVAL;
	if (len >= sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	memcpy(sun->sun_path, path, len);
	return 0;
}

int
xd_vu_connect(const char *path)
{
	struct sockaddr_un sun;
	int ret = address(&sun, path);
	int fd;

	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A Unix socket connects at once or not at all. */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

static int
directory_missing(const char *path, struct xd_error *err)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;

	return xd_fail(err, -ENOENT, "directory %.*s of %s does not exist: mkdir -p %.*s", len,
		path, path, len, path);
}

/* Something is at path already: removes it if it is a socket that nobody answers on. */
static int
remove_stale(const char *path, struct xd_error *err)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return xd_fail(err, -EEXIST,
			"%s exists and is not a socket: remove it or choose another path", path);
	fd = xd_vu_connect(path);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -EAGAIN || fd == -EPROTOTYPE)
		return xd_fail(err, -EADDRINUSE, "%s is in use by another process", path);
	if (fd != -ECONNREFUSED && fd != -ENOENT)
		return xd_fail(err, fd, "%s: %s", path, strerror(-fd));
	if (unlink(path) < 0 && errno != ENOENT)
		return xd_fail(
			err, -errno, "cannot replace stale socket %s: %s", path, strerror(errno));
	return 0;
}

static int
bind_fresh(int fd, const struct sockaddr_un *sun, struct xd_error *err)
{
	int ret;

	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return 0;
	if (errno == EADDRINUSE) {
		ret = remove_stale(sun->sun_path, err);
		if (ret)
			return ret;
		if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
			return 0;
	}
	switch (errno) {
	case EADDRINUSE: /* somebody was faster */
		return xd_fail(err, -EADDRINUSE, "%s is in use by another process", sun->sun_path);
	case ENOENT:
		return directory_missing(sun->sun_path, err);
	default:
		return xd_fail(
			err, -errno, "cannot make socket %s: %s", sun->sun_path, strerror(errno));
	}
}

int
xd_vu_listen(struct xd_vu_listener *listener, const char *path, struct xd_error *err)
{
	struct sockaddr_un sun;
	struct stat st;
	int ret = address(&sun, path);
	int fd;

	listener->fd = -1;
	if (ret == -ENAMETOOLONG)
		return xd_fail(err, ret, "socket path %s is longer than %zu bytes", path,
			sizeof(sun.sun_path) - 1);
	if (ret)
		return xd_fail(err, ret, "socket path is empty");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return xd_fail(err, -errno, "cannot make a socket: %s", strerror(errno));
	ret = bind_fresh(fd, &sun, err);
	if (ret)
		goto err_close;
	if (listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0) {
		ret = xd_fail(err, -errno, "cannot listen on %s: %s", path, strerror(errno));
		unlink(path);
		goto err_close;
	}
	listener->fd = fd;
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
	snprintf(listener->path, sizeof(listener->path), "%s", path);
	return 0;

err_close:
	close(fd);
	return ret;
}

void
xd_vu_unlisten(struct xd_vu_listener *listener)
{
	struct stat st;

	if (listener->fd < 0)
		return;
	/* Another process may have put its own socket in our place. */
	if (lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
		st.st_ino == listener->ino)
		unlink(listener->path);
	close(listener->fd);
	listener->fd = -1;
}
