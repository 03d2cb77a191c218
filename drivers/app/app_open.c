/* SPDX-License-Identifier: BSD-3-Clause */
/* The program's side: lib/app_port.h. */
#include <errno.h>

#include <rte_branch_prediction.h>

#include "drivers/app/app.h"
#include "frame/offload.h"

/* ---- Open and close ---- */

struct opening {
	struct xd_app *app;
	struct xd_error *err;
};

/* Control. */
static int
open_port(struct xd_port *port, void *ctx)
{
	struct opening *o = ctx;
	const char *name = port->config.name;
	struct xd_app *app;

	if (port->driver != &xd_app_driver)
		return xd_fail(o->err, -EINVAL,
			"port %s is of type %s: only ports of type app can be opened", name,
			port->config.type);
	app = ((struct xd_app_port *)port)->app;
	if (__atomic_load_n(&app->open, __ATOMIC_ACQUIRE))
		return xd_fail(o->err, -EBUSY, "port %s is open already: close it first", name);
	/* What came for the program before, perhaps with offloads that this one does not take; a
	 * worker may still be at it. */
	__atomic_store_n(&app->offloads, 0, __ATOMIC_RELAXED);
	port->env->quiesce(port->env->ctx);
	for (unsigned i = 0; i < app->nb_queues; i++) {
		xd_app_drain(&app->queues[i].to_app);
		app->queues[i].wants_fd = false;
	}
	__atomic_add_fetch(&app->refs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&app->open, true, __ATOMIC_RELEASE);
	__atomic_store_n(&port->up, true, __ATOMIC_RELEASE);
	port->env->changed(port->env->ctx, port);
	o->app = app;
	return 0;
}

struct xd_app *
xd_app_open(struct xd_switch *sw, const char *port, struct xd_error *err)
{
	struct opening o = {.err = err};

	if (!sw || !port) {
		xd_fail(err, -EINVAL, "there is no %s", sw ? "name" : "switch");
		return NULL;
	}
	if (xd_switch_with_port(sw, port, open_port, &o) == -ENOENT)
		xd_fail(err, -ENOENT, "there is no port %s", port);
	return o.app;
}

void
xd_app_close(struct xd_app *app)
{
	if (!app)
		return;
	for (unsigned i = 0; i < app->nb_queues; i++) {
		__atomic_store_n(&app->queues[i].to_app.asked, false, __ATOMIC_RELAXED);
		xd_app_drain(&app->queues[i].to_app);
	}
	__atomic_store_n(&app->open, false, __ATOMIC_RELEASE);
	/* Control takes the port down. */
	xd_app_raise(app->closed_fd);
	xd_app_unref(app);
}

int
xd_app_set_offloads(struct xd_app *app, unsigned offloads)
{
	const unsigned known = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN;

	if (!app || offloads & ~known || (offloads && !(offloads & XD_OFFLOAD_CSUM)))
		return -EINVAL;
	__atomic_store_n(&app->offloads, (uint8_t)offloads, __ATOMIC_RELAXED);
	return 0;
}

unsigned
xd_app_nb_queues(const struct xd_app *app)
{
	return app ? app->nb_queues : 0;
}

bool
xd_app_is_gone(const struct xd_app *app)
{
	return !app || __atomic_load_n(&app->gone, __ATOMIC_ACQUIRE);
}

/* ---- Frames ---- */

int
xd_app_fd(struct xd_app *app, unsigned queue)
{
	struct xd_app_queue *q;

	if (!app || queue >= app->nb_queues)
		return -EINVAL;
	q = &app->queues[queue];
	/* Readable at first: what is there already tells nobody. */
	if (!q->wants_fd)
		xd_app_raise(q->to_app.fd);
	q->wants_fd = true;
	return q->to_app.fd;
}

unsigned
xd_app_rx_burst(struct xd_app *app, unsigned queue, struct rte_mbuf **mbufs, unsigned n)
{
	struct xd_app_queue *q;
	unsigned got;

	if (unlikely(!app || queue >= app->nb_queues || n == 0))
		return 0;
	q = &app->queues[queue];
	got = rte_ring_sc_dequeue_burst(q->to_app.ring, (void **)mbufs, n, NULL);
	if (likely(got || !q->wants_fd) || !xd_app_ask(&q->to_app))
		return got;
	return rte_ring_sc_dequeue_burst(q->to_app.ring, (void **)mbufs, n, NULL);
}

/* Whether lengths and number of the buffers are what the first of them says. */
static bool
is_sound_chain(const struct rte_mbuf *m)
{
	const uint32_t nb_segs = m->nb_segs, len = m->pkt_len;
	uint32_t n = 0, sum = 0;

	for (; m && n <= nb_segs; m = m->next, n++) {
		if (m->data_off + (uint32_t)m->data_len > m->buf_len)
			return false;
		sum += m->data_len;
	}
	return n == nb_segs && sum == len;
}

static inline bool
is_sound(const struct rte_mbuf *m)
{
	return likely(m->nb_segs == 1 && !m->next && m->data_len == m->pkt_len &&
		       m->data_off + (uint32_t)m->data_len <= m->buf_len) ||
	       (m->nb_segs > 1 && is_sound_chain(m));
}

/* What the program says of a frame is noted for the switch; what a device said of one that it
 * received is no claim of the program's. One in broken buffers is freed, and counted. Returns how
 * many are left, the first of mbufs. */
static unsigned
prepare(struct xd_app_queue *q, struct rte_mbuf **mbufs, unsigned n)
{
	unsigned k = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (unlikely(!is_sound(m))) {
			rte_pktmbuf_free(m);
			__atomic_store_n(
				&q->to_switch.refused, q->to_switch.refused + 1, __ATOMIC_RELAXED);
			continue;
		}
		if (unlikely(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK))
			xd_app_note_offload(m);
		else
			m->tx_offload = 0;
		m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
		mbufs[k++] = m;
	}
	return k;
}

unsigned
xd_app_tx_burst(struct xd_app *app, unsigned queue, struct rte_mbuf **mbufs, unsigned n)
{
	struct xd_app_queue *q;

	if (unlikely(!app || queue >= app->nb_queues ||
		     __atomic_load_n(&app->gone, __ATOMIC_ACQUIRE)))
		return 0;
	q = &app->queues[queue];
	/* Nobody else writes to this ring: what there is room for now will be taken. Others stay
	 * as they are. */
	n = RTE_MIN(n, rte_ring_free_count(q->to_switch.ring));
	if (n == 0)
		return 0;
	rte_ring_sp_enqueue_bulk(
		q->to_switch.ring, (void *const *)mbufs, prepare(q, mbufs, n), NULL);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_app_tell(&q->to_switch);
	return n;
}
