/* SPDX-License-Identifier: BSD-3-Clause */
/* The reaper's queue and its thread: descriptors are closed, and memory unmapped piece by piece. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/event_fd.h"
#include "base/reaper.h"
#include "base/thread.h"

#define STACK_BYTES (256u << 10)
/* munmap keeps others from mapping and, before Linux 6.4, from faulting pages in: so not for long
 * at a time. */
#define PIECE_BYTES ((size_t)16 << 20)
#define PIECES_MAX  4096

struct item {
	void *map; /* NULL: a descriptor, */
	size_t bytes;
	int fd;
	bool notify; /* to be written to; else closed */
};

struct xd_reaper {
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool ending;
	unsigned head; /* of items; the thread is at it */
	unsigned n;
	struct xd_reaper_waiting waiting;
	int notifying; /* what the thread writes to; -1: nothing */
	struct item items[XD_REAPER_MAX];
};

static void
unmap(uint8_t *map, size_t bytes)
{
	size_t piece = PIECE_BYTES * (bytes / PIECE_BYTES / PIECES_MAX + 1);

	for (; bytes > piece; map += piece, bytes -= piece) {
		if (munmap(map, piece) < 0)
			break; /* pages are larger than pieces */
	}
	munmap(map, bytes);
}

/* One that is full says already what is to be said. That it is not may be true no more when we
 * write, and then we wait: see xd_reaper_unblock(). */
static void
notify(int fd)
{
	static const uint64_t one = 1;

	if (!xd_event_fd_is_full(fd) && write(fd, &one, sizeof(one)) < 0)
		return;
}

static void
reap(const struct item *item)
{
	if (item->map)
		unmap(item->map, item->bytes);
	else if (item->notify)
		notify(item->fd);
	else
		close(item->fd);
}

static void *
reaper_main(void *arg)
{
	struct xd_reaper *r = arg;

	prctl(PR_SET_NAME, "xd-reaper");
	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct item item;

		while (r->n == 0 && !r->ending)
			pthread_cond_wait(&r->more, &r->lock);
		if (r->n == 0)
			break;
		item = r->items[r->head];
		r->notifying = item.notify ? item.fd : -1;
		pthread_mutex_unlock(&r->lock);
		reap(&item);
		pthread_mutex_lock(&r->lock);
		r->notifying = -1;
		r->head = (r->head + 1) % XD_REAPER_MAX;
		r->n--;
		if (item.map)
			r->waiting.maps--;
		else if (!item.notify)
			r->waiting.fds--;
	}
	pthread_mutex_unlock(&r->lock);
	pthread_cond_destroy(&r->more);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return NULL;
}

struct xd_reaper *
xd_reaper_create(void)
{
	struct xd_reaper *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return NULL;
	r->notifying = -1;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
	ret = xd_thread_start(NULL, STACK_BYTES, reaper_main, r);
	if (ret) {
		pthread_cond_destroy(&r->more);
		pthread_mutex_destroy(&r->lock);
		free(r);
		errno = ret;
		return NULL;
	}
	return r;
}

void
xd_reaper_destroy(struct xd_reaper *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
}

/* Whether the eventfd is to be written to anyway: by an item that the thread is not at yet. */
static bool
is_waiting(const struct xd_reaper *r, int fd)
{
	for (unsigned i = r->notifying >= 0; i < r->n; i++) {
		const struct item *item = &r->items[(r->head + i) % XD_REAPER_MAX];

		if (item->notify && item->fd == fd)
			return true;
	}
	return false;
}

static void
pass_on(struct xd_reaper *r, const struct item *item)
{
	if (!r) {
		reap(item);
		return;
	}
	pthread_mutex_lock(&r->lock);
	if (r->n < XD_REAPER_MAX && !(item->notify && is_waiting(r, item->fd))) {
		r->items[(r->head + r->n++) % XD_REAPER_MAX] = *item;
		if (item->map)
			r->waiting.maps++;
		else if (!item->notify)
			r->waiting.fds++;
		pthread_cond_signal(&r->more);
	}
	pthread_mutex_unlock(&r->lock);
}

void
xd_reaper_close(struct xd_reaper *r, int fd)
{
	if (fd >= 0)
		pass_on(r, &(struct item){.fd = fd});
}

void
xd_reaper_unmap(struct xd_reaper *r, void *map, size_t bytes)
{
	pass_on(r, &(struct item){.map = map, .bytes = bytes});
}

void
xd_reaper_notify(struct xd_reaper *r, int fd)
{
	if (fd >= 0)
		pass_on(r, &(struct item){.fd = fd, .notify = true});
}

void
xd_reaper_unblock(struct xd_reaper *r)
{
	pthread_mutex_lock(&r->lock);
	xd_event_fd_drain(r->notifying);
	pthread_mutex_unlock(&r->lock);
}

struct xd_reaper_waiting
xd_reaper_waiting(struct xd_reaper *r)
{
	struct xd_reaper_waiting waiting;

	pthread_mutex_lock(&r->lock);
	waiting = r->waiting;
	pthread_mutex_unlock(&r->lock);
	return waiting;
}
