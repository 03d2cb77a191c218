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

bool
xd_event_fd_is_full(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	return poll(&p, 1, 0) > 0 && !(p.revents & POLLOUT) && (p.revents & POLLIN);
}

bool
xd_event_fd_drain(int fd)
{
	uint64_t count;
	struct iovec iov = {.iov_base = &count, .iov_len = sizeof(count)};

	if (fd < 0 || !xd_event_fd_is_full(fd))
		return false;
	/* Not read(): the front end may have emptied it meanwhile, without O_NONBLOCK. */
	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(count);
}
