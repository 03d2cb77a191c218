/* SPDX-License-Identifier: BSD-3-Clause */
/* A file locked as long as it is open, for one process at a time. */
#include "base/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100 /* each lost to a process that has just ended */

/* Ours alone: made by us, and by no other name somewhere else. */
static int
check(const struct stat *st, const char *path, struct xd_error *err)
{
	if (S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink <= 1)
		return 0;
	return xd_fail(err, -EPERM,
		"%s was put there by somebody else (user %u): remove it, or choose a directory "
		"that only user %u can write to",
		path, (unsigned)st->st_uid, (unsigned)geteuid());
}

/* Whether path still names the file that was locked: who held the lock before may have removed it
 * between our open and our lock. */
static bool
is_current(int fd, const char *path, struct stat *st)
{
	struct stat now;

	return fstat(fd, st) == 0 && lstat(path, &now) == 0 && st->st_dev == now.st_dev &&
	       st->st_ino == now.st_ino;
}

/* The descriptor, -EINPROGRESS to try again, or an error. */
static int
try_lock(const char *path, struct xd_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	int ret;

	if (fd < 0)
		return xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st)) {
		ret = xd_fail(err, -errno, "%s: %s", path, strerror(errno));
		goto err_close;
	}
	ret = check(&st, path, err);
	if (ret)
		goto err_close;
	/* Whatever the umask was, and whatever the mode of a file that was left there. */
	if (fchmod(fd, 0600) || flock(fd, LOCK_EX | LOCK_NB)) {
		ret = xd_fail(err, -errno, "%s: %s", path,
			errno == EWOULDBLOCK ? "another process holds it" : strerror(errno));
		goto err_close;
	}
	if (is_current(fd, path, &st))
		return fd;
	ret = -EINPROGRESS;
err_close:
	close(fd);
	return ret;
}

int
xd_lock_file(const char *path, struct xd_error *err)
{
	for (unsigned i = 0; i < TRIES; i++) {
		int ret = try_lock(path, err);

		if (ret != -EINPROGRESS)
			return ret;
	}
	return xd_fail(err, -EWOULDBLOCK, "%s: is taken away again and again", path);
}

void
xd_unlock_file(int lock, const char *path)
{
	struct stat st;

	if (lock < 0)
		return;
	if (is_current(lock, path, &st))
		unlink(path);
	close(lock);
}
