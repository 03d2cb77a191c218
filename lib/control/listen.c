/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/listen.h"

#define BACKLOG 32

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

/* Two daemons that start at once take turns: each holds a lock on the directory while it looks
 * whether somebody answers and until it listens itself. Returns a descriptor to close, or -1 where
 * the directory cannot be read; then there is no lock. */
static int
lock_dir(const char *path)
{
	struct sockaddr_un copy;
	char *slash;
	int fd;

	if (xd_unix_address(&copy, path))
		return -1;
	slash = strrchr(copy.sun_path, '/');
	if (!slash)
		strcpy(copy.sun_path, ".");
	else
		slash[slash == copy.sun_path] = 0;
	fd = open(copy.sun_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
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

int
xd_listen(const char *path, const char *group, mode_t mode, struct xd_error *err)
{
	struct sockaddr_un address;
	int lock, ret;

	if (xd_unix_address(&address, path))
		return xd_fail(err, -ENAMETOOLONG, "%s: a socket path has at most %zu bytes", path,
			sizeof(address.sun_path) - 1);
	lock = lock_dir(path);
	ret = remove_stale(&address, err);
	if (ret == 0)
		ret = bind_and_listen(&address, group, mode, err);
	if (lock >= 0)
		close(lock);
	return ret;
}

void
xd_listen_close(int fd, const char *path)
{
	struct sockaddr_un address;
	int lock, probe;
	bool ours;

	if (fd < 0)
		return;
	lock = lock_dir(path);
	close(fd);
	/* Once closed, whoever still answers is not us. */
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ours = probe >= 0 && xd_unix_address(&address, path) == 0 &&
	       connect(probe, (struct sockaddr *)&address, sizeof(address)) &&
	       errno == ECONNREFUSED;
	if (ours)
		unlink(path);
	if (probe >= 0)
		close(probe);
	if (lock >= 0)
		close(lock);
}
