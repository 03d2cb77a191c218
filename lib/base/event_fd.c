/* SPDX-License-Identifier: BSD-3-Clause */
/* See event_fd.h: taking over, and draining, eventfds that another process reads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/event_fd.h"

int
xd_event_fd_use(int fd, struct xd_error *err)
{
	int flags = fcntl(fd, F_GETFL);

	/* Fails for one that was opened as a path. */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return xd_fail(err, -errno, "cannot use an eventfd: %s", strerror(errno));
	return 0;
}

static bool
is_full(const struct pollfd *p)
{
	return !(p->revents & POLLOUT) && (p->revents & POLLIN);
}

bool
xd_event_fd_is_full(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	return poll(&p, 1, 0) > 0 && is_full(&p);
}

static bool
drain_full(int fd)
{
	uint64_t count;
	struct iovec iov = {.iov_base = &count, .iov_len = sizeof(count)};

	/* Not read(): the front end may have emptied it meanwhile, without O_NONBLOCK. */
	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(count);
}

bool
xd_event_fd_drain(int fd)
{
	return fd >= 0 && xd_event_fd_is_full(fd) && drain_full(fd);
}

bool
xd_event_fd_drain_any(const int *fds, unsigned n)
{
	struct pollfd p[XD_EVENT_FDS_MAX];
	unsigned used = 0;
	bool any = false;

	for (unsigned i = 0; i < n && used < XD_EVENT_FDS_MAX; i++) {
		if (fds[i] >= 0)
			p[used++] = (struct pollfd){.fd = fds[i], .events = POLLIN | POLLOUT};
	}
	if (used == 0 || poll(p, used, 0) <= 0)
		return false;
	for (unsigned i = 0; i < used; i++)
		any |= is_full(&p[i]) && drain_full(p[i].fd);
	return any;
}
