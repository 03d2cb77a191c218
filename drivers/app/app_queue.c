/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings of mbufs between a worker and a thread of the program's, and who is told of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/app/app.h"

/* ---- Telling ---- */

static void
clear(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* it was not set */
}

void
xd_app_raise(int fd)
{
	static const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return; /* it is set already */
}

void
xd_app_tell(struct xd_app_ring *ring)
{
	if (__atomic_load_n(&ring->asked, __ATOMIC_RELAXED) &&
		__atomic_exchange_n(&ring->asked, false, __ATOMIC_ACQ_REL))
		xd_app_raise(ring->fd);
}

bool
xd_app_ask(struct xd_app_ring *ring)
{
	if (!__atomic_load_n(&ring->asked, __ATOMIC_RELAXED)) {
		clear(ring->fd);
		__atomic_store_n(&ring->asked, true, __ATOMIC_RELAXED);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (rte_ring_empty(ring->ring))
		return false;
	xd_app_tell(ring);
	return true;
}

/* ---- Life ---- */

static void
end_ring(struct xd_app_ring *ring)
{
	if (ring->ring)
		xd_app_drain(ring);
	free(ring->ring);
	if (ring->fd >= 0)
		close(ring->fd);
}

static bool
begin_ring(struct xd_app_ring *ring, unsigned frames, unsigned flags)
{
	const unsigned slots = rte_align32pow2(frames + 1);
	const ssize_t bytes = rte_ring_get_memsize(slots);

	ring->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ring->fd < 0 || bytes < 0)
		return false;
	ring->ring = aligned_alloc(64, RTE_ALIGN((size_t)bytes, 64));
	return ring->ring && rte_ring_init(ring->ring, "app", frames, flags) == 0;
}

void
xd_app_drain(struct xd_app_ring *ring)
{
	struct rte_mbuf *mbufs[XD_BATCH];
	unsigned n;

	while ((n = rte_ring_sc_dequeue_burst(ring->ring, (void **)mbufs, XD_BATCH, NULL)) > 0)
		rte_pktmbuf_free_bulk(mbufs, n);
}

static void
destroy(struct xd_app *app)
{
	for (unsigned i = 0; i < app->nb_queues; i++) {
		end_ring(&app->queues[i].to_switch);
		end_ring(&app->queues[i].to_app);
	}
	if (app->closed_fd >= 0)
		close(app->closed_fd);
	free(app);
}

struct xd_app *
xd_app_create(unsigned nb_queues, unsigned ring, struct xd_error *err)
{
	const unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
	const size_t bytes = sizeof(struct xd_app) + nb_queues * sizeof(struct xd_app_queue);
	struct xd_app *app = aligned_alloc(64, RTE_ALIGN(bytes, 64));
	bool ok;

	if (!app) {
		xd_fail(err, -ENOMEM, "no memory for an application port");
		return NULL;
	}
	memset(app, 0, bytes);
	app->refs = 1;
	app->gone = true;
	app->nb_queues = nb_queues;
	for (unsigned i = 0; i < nb_queues; i++)
		app->queues[i].to_switch.fd = app->queues[i].to_app.fd = -1;
	app->closed_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ok = app->closed_fd >= 0;
	for (unsigned i = 0; ok && i < nb_queues; i++)
		ok = begin_ring(&app->queues[i].to_switch, ring, flags) &&
		     begin_ring(&app->queues[i].to_app, ring, flags);
	if (!ok) {
		xd_fail(err, -ENOMEM, "no memory or descriptors for an application port");
		destroy(app);
		return NULL;
	}
	return app;
}

void
xd_app_unref(struct xd_app *app)
{
	if (__atomic_sub_fetch(&app->refs, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(app);
}
