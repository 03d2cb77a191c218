/* SPDX-License-Identifier: BSD-3-Clause */
/* A reaper's queue, and what is done with the things in it: memory is unmapped piece by piece. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/event_fd.h"
#include "base/reaper_pool.h"

/* munmap keeps others from mapping and, before Linux 6.4, from faulting pages in: so not for long
 * at a time. */
#define PIECE_BYTES ((size_t)16 << 20)
#define PIECES_MAX  4096

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
reap(const struct xd_reaper_item *item)
{
	if (item->map)
		unmap(item->map, item->bytes);
	else if (item->notify)
		notify(item->fd);
	else
		close(item->fd);
}

static void
free_reaper(struct xd_reaper *r)
{
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* What the thing is counted in. */
static unsigned *
count_of(struct xd_reaper *r, const struct xd_reaper_item *item)
{
	if (item->map)
		return &r->waiting.maps;
	return item->notify ? &r->waiting.notifications : &r->waiting.fds;
}

bool
xd_reaper_serve(struct xd_reaper *r)
{
	struct xd_reaper_item item;
	bool more, ended;

	pthread_mutex_lock(&r->lock);
	item = r->items[r->head];
	r->notifying = item.notify ? item.fd : -1;
	pthread_mutex_unlock(&r->lock);
	reap(&item);
	pthread_mutex_lock(&r->lock);
	r->notifying = -1;
	r->n--;
	/* From the start again, so that of a queue which is hardly used little is touched. */
	r->head = r->n ? (r->head + 1) % XD_REAPER_MAX : 0;
	(*count_of(r, &item))--;
	more = r->served = r->n > 0;
	ended = r->ending && !more;
	pthread_mutex_unlock(&r->lock);
	if (ended)
		free_reaper(r);
	return more;
}

struct xd_reaper *
xd_reaper_create(struct xd_reaper_pool *pool)
{
	struct xd_reaper *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->pool = pool;
	r->notifying = -1;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void
xd_reaper_destroy(struct xd_reaper *r)
{
	bool ended;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	ended = !r->served;
	pthread_mutex_unlock(&r->lock);
	if (ended)
		free_reaper(r);
}

/* Whether the eventfd is to be written to anyway: by an item that the thread is not at yet. */
static bool
is_waiting(const struct xd_reaper *r, int fd)
{
	for (unsigned i = r->notifying >= 0; i < r->n; i++) {
		const struct xd_reaper_item *item = &r->items[(r->head + i) % XD_REAPER_MAX];

		if (item->notify && item->fd == fd)
			return true;
	}
	return false;
}

static void
pass_on(struct xd_reaper *r, const struct xd_reaper_item *item)
{
	bool serve = false;

	if (!r) {
		reap(item);
		return;
	}
	pthread_mutex_lock(&r->lock);
	if (r->n < XD_REAPER_MAX && !(item->notify && is_waiting(r, item->fd))) {
		r->items[(r->head + r->n++) % XD_REAPER_MAX] = *item;
		(*count_of(r, item))++;
		serve = !r->served;
		r->served = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (serve)
		xd_reaper_pool_add(r->pool, r);
}

void
xd_reaper_close(struct xd_reaper *r, int fd)
{
	if (fd >= 0)
		pass_on(r, &(struct xd_reaper_item){.fd = fd});
}

void
xd_reaper_unmap(struct xd_reaper *r, void *map, size_t bytes)
{
	pass_on(r, &(struct xd_reaper_item){.map = map, .bytes = bytes});
}

void
xd_reaper_notify(struct xd_reaper *r, int fd)
{
	if (fd >= 0)
		pass_on(r, &(struct xd_reaper_item){.fd = fd, .notify = true});
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
	if (waiting.fds + waiting.maps + waiting.notifications)
		xd_reaper_pool_help(r->pool);
	return waiting;
}
