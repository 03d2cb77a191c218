/* SPDX-License-Identifier: BSD-3-Clause */
/* See socket.h: listening, connecting, and cleaning up after others. */
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
	return xd_vu_connect_type(path, SOCK_STREAM);
}

int
xd_vu_connect_type(const char *path, int type)
{
	struct sockaddr_un sun;
	int ret = address(&sun, path);
	int fd;

	if (ret)
		return ret;
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

/* The directory of path; "." where there is none. */
static void
directory_of(const char *path, char dir[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	memcpy(dir, path, len);
	dir[len] = '\0';
	if (len == 0)
		strcpy(dir, slash ? "/" : ".");
}

/* Who may write to the directory may put another socket in our place. */
static int
check_directory(const char *path, struct xd_error *err)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	directory_of(path, dir);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST && errno != EROFS)
		return errno == ENOENT ? directory_missing(path, err)
				       : xd_fail(err, -errno, "cannot make directory %s: %s", dir,
						 strerror(errno));
	if (stat(dir, &st) < 0)
		return xd_fail(err, -errno, "%s: %s", dir, strerror(errno));
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return xd_fail(err, -EPERM,
			"anybody can write to directory %s and replace the socket: chmod o-w %s, "
			"or choose another path",
			dir, dir);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return xd_fail(err, -EPERM,
			"directory %s belongs to user %u, who can replace the socket: chown it to "
			"user %u, or choose another path",
			dir, (unsigned)st.st_uid, (unsigned)geteuid());
	return 0;
}

/* Before listen(), so nobody has connected. */
static int
give_access(const char *path, const struct xd_vu_access *access, struct xd_error *err)
{
	if ((access->uid != (uid_t)-1 || access->gid != (gid_t)-1) &&
		lchown(path, access->uid, access->gid) < 0)
		return xd_fail(err, -errno, "cannot give socket %s to user %d, group %d: %s", path,
			(int)access->uid, (int)access->gid, strerror(errno));
	if (access->mode && chmod(path, access->mode) < 0)
		return xd_fail(err, -errno, "cannot set the mode of socket %s to %o: %s", path,
			(unsigned)access->mode, strerror(errno));
	return 0;
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

static int
check_path(const char *path, const struct xd_vu_access *access, struct sockaddr_un *sun,
	struct xd_error *err)
{
	int ret = address(sun, path);

	if (ret == -ENAMETOOLONG)
		return xd_fail(err, ret, "socket path %s is longer than %zu bytes", path,
			sizeof(sun->sun_path) - 1);
	if (ret)
		return xd_fail(err, ret, "socket path is empty");
	return access ? check_directory(path, err) : 0;
}

int
xd_vu_listen(struct xd_vu_listener *listener, const char *path, const struct xd_vu_access *access,
	struct xd_error *err)
{
	return xd_vu_listen_type(listener, path, SOCK_STREAM, access, err);
}

int
xd_vu_listen_type(struct xd_vu_listener *listener, const char *path, int type,
	const struct xd_vu_access *access, struct xd_error *err)
{
	struct sockaddr_un sun;
	struct stat st;
	int ret, fd;

	listener->fd = -1;
	ret = check_path(path, access, &sun, err);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return xd_fail(err, -errno, "cannot make a socket: %s", strerror(errno));
	/* Linux makes the file with the socket's own mode (and the umask, which is the whole
	 * process's and not ours to change): never more than this until it is given access. */
	if (access && access->mode)
		(void)!fchmod(fd, 0600);
	ret = bind_fresh(fd, &sun, err);
	if (ret)
		goto err_close;
	if (access)
		ret = give_access(path, access, err);
	if (ret == 0 && (listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0))
		ret = xd_fail(err, -errno, "cannot listen on %s: %s", path, strerror(errno));
	if (ret) {
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

bool
xd_vu_listener_intact(const struct xd_vu_listener *listener)
{
	struct stat st;

	return listener->fd >= 0 && lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
	       st.st_ino == listener->ino;
}

int
xd_vu_unlisten_keep(struct xd_vu_listener *listener)
{
	int fd = listener->fd;

	if (fd < 0)
		return -1;
	/* Another process may have put its own socket in our place. */
	if (xd_vu_listener_intact(listener))
		unlink(listener->path);
	listener->fd = -1;
	return fd;
}

void
xd_vu_unlisten(struct xd_vu_listener *listener)
{
	int fd = xd_vu_unlisten_keep(listener);

	if (fd >= 0)
		close(fd);
}
