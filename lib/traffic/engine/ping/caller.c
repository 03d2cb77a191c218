/* SPDX-License-Identifier: BSD-3-Clause */
/* A caller as a port's sink and source (port/receive.h, frames/source.h). Requests are made as they
 * are sent, so that the time they were sent at is that of their being written into the ring. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/ping/caller.h"
#include "traffic/host/tsc.h"

/* ---- Figures ---- */

void
xd_ping_caller_add(struct xd_ping_caller *c, double ns)
{
	struct xd_ping_figures *f = &c->figures;
	double jitter = f->received ? fabs(ns - f->last_ns) : 0, before = f->mean_ns;

	f->best_ns = f->received ? fmin(f->best_ns, ns) : ns;
	f->worst_ns = fmax(f->worst_ns, ns);
	f->jitter_max_ns = fmax(f->jitter_max_ns, jitter);
	f->received++;
	f->last_ns = ns;
	f->mean_ns += (ns - before) / (double)f->received;
	c->squares += (ns - before) * (ns - f->mean_ns);
	f->jitter_mean_ns += (jitter - f->jitter_mean_ns) / (double)f->received;
}

struct xd_ping_figures
xd_ping_caller_figures(const struct xd_ping_caller *c)
{
	struct xd_ping_figures f = c->figures;

	f.lost = f.sent - f.received;
	f.loss_ratio = f.sent ? (double)f.lost / (double)f.sent : 0;
	f.stdev_ns = f.received > 1 ? sqrt(c->squares / (double)(f.received - 1)) : 0;
	return f;
}

/* ---- What comes ---- */

static void
reply(struct xd_ping_caller *c, uint16_t seq, bool right, uint64_t now)
{
	uint64_t cycles = now - c->sent_at[seq];

	if (!c->sent_at[seq]) {
		c->figures.duplicated++;
		return;
	}
	if (!right) {
		c->figures.wrong++; /* a right one may still come */
		return;
	}
	c->sent_at[seq] = 0;
	c->outstanding--;
	if (cycles > c->wait_cycles) {
		c->figures.late++;
		return;
	}
	xd_histogram_record(c->histogram, (uint64_t)((double)cycles * c->ns_per_cycle + 0.5));
	xd_ping_caller_add(c, (double)cycles * c->ns_per_cycle);
}

/* It is looked at in a copy: the peer can change what is in the ring. */
static void
take(void *ctx, const struct xd_arrival *frame)
{
	const uint8_t summed = VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;
	struct xd_ping_caller *c = ctx;
	uint64_t now = xd_tsc();
	struct xd_arrival copy = *frame;
	uint16_t seq = 0;

	if (frame->len > c->station.room) {
		c->station.figures.not_sent++;
		return;
	}
	memcpy(c->copy, frame->data, frame->len);
	copy.data = c->copy;
	if (!c->found)
		c->found = xd_respond_is_answer(&c->path.to, copy.data, copy.len, c->path.to_mac);
	switch (xd_ping_recognise(
		&c->path, copy.data, copy.len, c->size, frame->header.flags & summed, &seq)) {
	case XD_PING_REPLY:
		reply(c, seq, true, now);
		break;
	case XD_PING_WRONG:
		reply(c, seq, false, now);
		break;
	case XD_PING_OTHER:
		c->station.sink.take(c->station.sink.ctx, &copy);
		break;
	}
}

/* ---- What is sent ---- */

static uint16_t
ready(void *ctx, uint16_t n)
{
	struct xd_ping_caller *c = ctx;
	uint64_t own = c->to_ask + c->to_send;

	if (own >= n)
		return n;
	return (uint16_t)(own +
			  c->station.source.ready(c->station.source.ctx, (uint16_t)(n - own)));
}

static uint32_t
write_request(struct xd_ping_caller *c, uint8_t *data)
{
	uint16_t seq = c->seq++;
	uint32_t len = xd_ping_request(&c->path, seq, c->size, data);

	c->to_send--;
	c->outstanding += c->sent_at[seq] == 0; /* else the one before is long lost */
	c->last_sent = c->sent_at[seq] = xd_tsc();
	c->figures.sent++;
	return len;
}

static uint32_t
write_next(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_ping_caller *c = ctx;

	if (c->to_ask) {
		c->to_ask--;
		return xd_respond_ask(&c->station.host, &c->path.to, data);
	}
	if (c->to_send)
		return write_request(c, data);
	return c->station.source.write(c->station.source.ctx, data, room, header);
}

static void
next(struct xd_timer *timer, void *timers)
{
	struct xd_ping_caller *c = (struct xd_ping_caller *)timer;

	if (c->size)
		c->to_send++;
	else if (!c->found)
		c->to_ask++;
	if (--c->left)
		xd_timer_arm(timers, timer, timer->due + c->ticks);
}

static void
begin(struct xd_ping_caller *c, struct xd_timers *timers, uint64_t times, uint64_t ticks)
{
	c->left = times;
	c->ticks = ticks;
	c->timer.run = next;
	xd_timer_arm(timers, &c->timer, timers->now);
}

void
xd_ping_caller_ask(
	struct xd_ping_caller *c, struct xd_timers *timers, uint64_t times, uint64_t ticks)
{
	c->size = 0;
	begin(c, timers, times, ticks);
}

void
xd_ping_caller_send(
	struct xd_ping_caller *c, struct xd_timers *timers, uint64_t count, uint64_t ticks)
{
	memset(c->sent_at, 0, sizeof(c->sent_at));
	c->outstanding = 0;
	c->to_send = 0;
	c->path.id++; /* what comes late is not for this one */
	c->figures = (struct xd_ping_figures){0};
	c->squares = 0;
	xd_histogram_reset(c->histogram);
	begin(c, timers, count, ticks);
}

int
xd_ping_caller_init(struct xd_ping_caller *c, const char *to, uint32_t room, struct xd_error *err)
{
	int rc = xd_ping_path_init(&c->path, &c->station.host, to, err);

	if (!rc)
		rc = xd_respond_station_init(&c->station, room, err);
	if (rc)
		return rc;
	c->path.id = (uint16_t)xd_tsc();
	c->source = (struct xd_source){ready, write_next, c};
	c->sink = (struct xd_sink){.take = take, .ctx = c};
	c->histogram = xd_histogram_create();
	c->copy = calloc(1, c->station.stride);
	if (c->histogram && c->copy)
		return 0;
	xd_ping_caller_fini(c);
	return xd_fail(err, -ENOMEM, "no memory to ping");
}

void
xd_ping_caller_fini(struct xd_ping_caller *c)
{
	xd_respond_station_fini(&c->station);
	xd_histogram_destroy(c->histogram);
	free(c->copy);
	c->histogram = NULL;
	c->copy = NULL;
}
