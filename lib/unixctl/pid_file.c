/* SPDX-License-Identifier: BSD-3-Clause */
/* A pid file with a lock: see pid_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unixctl/pid_file.h"

#define OPEN_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* The process that holds the file, 0: nobody does, or the errno. */
static int
holder(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, OPEN_FLAGS), ret;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	ret = fcntl(fd, F_GETLK, &lock) ? -errno : lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	close(fd);
	return ret;
}

/* Locked before anybody can find it by its name. */
static int
make(struct xd_pid_file *file, const char *made)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (unlink(made) && errno != ENOENT)
		return -errno;
	file->fd = open(made, OPEN_FLAGS | O_CREAT | O_EXCL, 0644);
	if (file->fd < 0)
		return -errno;
	if (fcntl(file->fd, F_SETLK, &lock) || dprintf(file->fd, "%d\n", (int)getpid()) < 0 ||
		rename(made, file->path))
		return -errno;
	return 0;
}

int
xd_pid_file_create(struct xd_pid_file *file, const char *path, struct xd_error *err)
{
	char made[XD_PATH_MAX + 8];
	int ret;

	file->fd = -1;
	file->path[0] = 0;
	if (strlen(path) >= sizeof(file->path))
		return xd_fail(err, -ENAMETOOLONG, "%.60s...: the path is too long", path);
	ret = holder(path);
	if (ret > 0)
		return xd_fail(err, -EADDRINUSE,
			"%s: process %d answers there: stop it first (systemctl stop "
			"openvswitch-switch)",
			path, ret);
	if (ret < 0)
		return xd_fail(err, ret, "%s: %s", path, strerror(-ret));
	strcpy(file->path, path);
	snprintf(made, sizeof(made), "%s.tmp", path);
	ret = make(file, made);
	if (ret) {
		if (file->fd >= 0) {
			unlink(made);
			close(file->fd);
		}
		file->fd = -1;
		return xd_fail(err, ret, "%s: %s", made, strerror(-ret));
	}
	return 0;
}

/* Only what is still ours. */
void
xd_pid_file_remove(struct xd_pid_file *file)
{
	struct stat ours, there;

	if (file->fd < 0)
		return;
	if (fstat(file->fd, &ours) == 0 && lstat(file->path, &there) == 0 &&
		ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		unlink(file->path);
	close(file->fd);
	file->fd = -1;
}
