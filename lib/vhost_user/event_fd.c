/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vhost_user/event_fd.h"

/* "/proc/self/fd/N" */
struct fd_path {
	char text[40];
};

static struct fd_path
fd_path(int fd)
{
	struct fd_path p;

	snprintf(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
	return p;
}

static bool
is_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char target[64];
	ssize_t n = readlink(fd_path(fd).text, target, sizeof(target));

	return n == (ssize_t)sizeof(name) - 1 && memcmp(target, name, sizeof(name) - 1) == 0;
}

int
xd_vu_event_fd_take(int fd, struct xd_error *err)
{
	struct stat st;
	int own, flags;

	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
		own = open(fd_path(fd).text, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (own < 0)
			own = xd_fail(
				err, -errno, "cannot open the pipe of a ring: %s", strerror(errno));
		close(fd);
		return own;
	}
	if (!is_eventfd(fd)) {
		close(fd);
		return xd_fail(
			err, -EPROTO, "a ring's descriptor is neither an eventfd nor a pipe");
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		own = xd_fail(err, -errno, "cannot use a ring's descriptor: %s", strerror(errno));
		close(fd);
		return own;
	}
	return fd;
}

bool
xd_vu_event_fd_drain(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	uint64_t count;
	struct iovec iov = {.iov_base = &count, .iov_len = sizeof(count)};

	/* A pipe of ours may be full: that is its reader's loss alone. */
	if (fd < 0 || poll(&p, 1, 0) <= 0 || (p.revents & POLLOUT) || !(p.revents & POLLIN) ||
		!is_eventfd(fd))
		return false;
	/* Not read(): the front end may have emptied it meanwhile, without O_NONBLOCK. */
	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(count);
}
