/* SPDX-License-Identifier: BSD-3-Clause */
/* The threads that forward: each moves a burst of each of its streams, round and round, and looks
 * now and then whether it is to go on. */
#include <errno.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "base/thread.h"
#include "traffic/engine/session/forward_parts.h"
#include "traffic/host/cpu_time.h"
#include "traffic/host/tsc.h"

/* A device whose link is down may get it back, and so may its peer. */
static bool
is_gone(struct xd_gen_port *port)
{
	if (!port->is_ethdev)
		return !xd_gen_port_alive(port);
	if (!rte_eth_dev_is_removed(port->ethdev))
		return false;
	snprintf(port->fault, sizeof(port->fault), "the device was removed");
	return true;
}

/* Whoever receives from a port looks at whether it lives. */
static void
look_up(struct xd_forward_lane *lane)
{
	for (unsigned i = 0; i < lane->nb_streams; i++) {
		struct xd_gen_port *port = lane->streams[i]->rx;
		struct xd_forward_lane *none = NULL;

		if (!is_gone(port))
			continue;
		xd_fail(&lane->err, -EPIPE, "port %u: %s; forwarding has stopped",
			lane->streams[i]->rx_number, port->fault);
		__atomic_compare_exchange_n(&lane->forward->failed, &none, lane, false,
			__ATOMIC_RELEASE, __ATOMIC_RELAXED);
		__atomic_store_n(&lane->forward->stop, true, __ATOMIC_RELAXED);
		return;
	}
}

static void
notify_all(struct xd_forward_lane *lane, bool fenced)
{
	if (fenced)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < lane->nb_streams; i++) {
		xd_gen_port_notify_of(lane->streams[i]->rx, XD_GEN_RECEIVING, fenced);
		xd_gen_port_notify_of(lane->streams[i]->tx, XD_GEN_SENDING, fenced);
	}
}

/* The frames of "tx_first", as far as the ports take them in time. */
static void
send_first(struct xd_forward_lane *lane, struct xd_forward_stream *s)
{
	uint64_t left = (uint64_t)lane->forward->first_bursts * s->burst, start = xd_tsc();
	extern const struct xd_forward_mode xd_forward_txonly;

	s->source->write = xd_forward_txonly.write;
	while (left && !xd_forward_is_stopped(lane->forward) &&
		xd_tsc() - start < lane->forward->first_cycles) {
		left -= xd_stream_send(s, (uint16_t)(left < s->burst ? left : s->burst));
		xd_gen_port_notify_of(s->tx, XD_GEN_SENDING, true);
	}
	s->now.tx_dropped += left;
	s->source->write = s->mode->write;
}

static void
run(struct xd_forward_lane *lane)
{
	uint64_t next_look = xd_tsc() + lane->forward->look_up_cycles;

	for (unsigned i = 0; i < lane->nb_streams && lane->forward->first_bursts; i++)
		send_first(lane, lane->streams[i]);
	while (!xd_forward_is_stopped(lane->forward)) {
		unsigned moved = 0;

		for (unsigned i = 0; i < lane->nb_streams; i++)
			moved += lane->streams[i]->mode->run(lane->streams[i]);
		notify_all(lane, moved == 0);
		if (moved == 0)
			__builtin_ia32_pause();
		if (xd_tsc() < next_look)
			continue;
		look_up(lane);
		next_look = xd_tsc() + lane->forward->look_up_cycles;
	}
	for (unsigned i = 0; i < lane->nb_streams; i++) {
		xd_gen_port_outstanding(lane->streams[i]->tx); /* what a device did not take yet */
		xd_stream_show(lane->streams[i]);
	}
	notify_all(lane, true);
}

static void *
enter(void *arg)
{
	struct xd_forward_lane *lane = arg;

	if (lane->core >= 0)
		xd_cpu_pin(lane->core);
	rte_thread_register(); /* with an EAL: for caches of mbuf pools; without, it does nothing */
	run(lane);
	rte_thread_unregister();
	return NULL;
}

/* Signals are the prompt's: its thread waits for them. */
int
xd_forward_lanes_start(struct xd_forward *f, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < f->nb_lanes && !rc; i++) {
		rc = -xd_thread_start(&f->lanes[i].thread, 0, enter, &f->lanes[i]);
		f->lanes[i].started = rc == 0;
	}
	return rc ? xd_fail(err, rc, "cannot start a thread to forward") : 0;
}
