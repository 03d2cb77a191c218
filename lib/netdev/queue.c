/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues of a port whose descriptors go and come back with the interface, and what a worker that
 * sleeps waits for meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "netdev/netdev.h"

static struct xd_netdev_queue *
queue_at(void *queues, unsigned i, size_t bytes)
{
	return (struct xd_netdev_queue *)(void *)((char *)queues + i * bytes);
}

void *
xd_netdev_queues_make(unsigned n, size_t bytes)
{
	void *queues = aligned_alloc(64, n * bytes);
	bool ok = true;

	if (queues == NULL)
		return NULL;
	memset(queues, 0, n * bytes);
	for (unsigned i = 0; i < n; i++) {
		struct xd_netdev_queue *q = queue_at(queues, i, bytes);

		q->fd = -1;
		q->sleep_fd = epoll_create1(EPOLL_CLOEXEC);
		ok = ok && q->sleep_fd >= 0;
	}
	if (ok)
		return queues;
	xd_netdev_queues_free(queues, n, bytes);
	return NULL;
}

void
xd_netdev_queues_free(void *queues, unsigned n, size_t bytes)
{
	for (unsigned i = 0; queues != NULL && i < n; i++) {
		if (queue_at(queues, i, bytes)->sleep_fd >= 0)
			close(queue_at(queues, i, bytes)->sleep_fd);
	}
	free(queues);
}

int
xd_netdev_queue_watch(const struct xd_netdev_queue *q)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	return epoll_ctl(q->sleep_fd, EPOLL_CTL_ADD, q->fd, &event) < 0 ? -errno : 0;
}

void
xd_netdev_queue_woken(const struct xd_netdev_queue *q)
{
	struct epoll_event event;

	epoll_wait(q->sleep_fd, &event, 1, 0);
}
