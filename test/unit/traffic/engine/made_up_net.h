/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends of a TCP connection, a network between them that loses, repeats, swaps and damages
 * frames, and a clock that goes on when nothing else happens. What is sent is a pattern of its
 * offset; each byte has to come once, and as it was sent. The same seed makes the same run.
 */
#ifndef TEST_MADE_UP_NET_H
#define TEST_MADE_UP_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/tcp/conn.h"
#include "traffic/engine/tcp/packet.h"

#define NET_FRAME  (65535 + XD_IP_ETH)
#define NET_QUEUE  8192
#define NET_STREAM (8u << 20) /* bytes of a stream at most */
#define NET_MSS    1460
#define NET_STEPS  10000000 /* after which nothing comes to an end any more */

struct net_frame {
	uint64_t at_us;
	unsigned to; /* which end */
	uint32_t len;
	uint8_t *data;
};

struct net_end {
	struct xd_tcp_conn conn;
	struct xd_tcp_opts opts;
	uint64_t limited_us[XD_TCP_LIMITS];
	struct xd_ip_route route;
	uint16_t port, peer_port;
	uint8_t *came; /* by byte of the stream: how often */
	uint64_t seed; /* of what it sends */
	const struct net_end *peer;
	bool listens;
	uint64_t sent, data_sent;   /* segments */
	struct xd_tcp_segment last; /* that it sent */
};

struct net {
	struct net_end ends[2];
	uint64_t now_us, delay_us, jitter_us, steps;
	double loss, dup, corrupt;
	uint64_t random;
	uint32_t n;
	struct net_frame queue[NET_QUEUE];
	/* To lose just these: called for each frame from an end with its number among those with
	 * payload. */
	bool (*drop)(struct net *net, unsigned from, const struct xd_tcp_segment *s);
	uint64_t dropped, wrong;
	void *ctx;
};

static inline uint64_t
net_draw(struct net *net)
{
	net->random ^= net->random << 13;
	net->random ^= net->random >> 7;
	net->random ^= net->random << 17;
	return net->random;
}

static inline bool
net_happens(struct net *net, double share)
{
	return share > 0 && (double)(net_draw(net) >> 11) * 0x1p-53 < share;
}

static inline uint8_t
net_byte(uint64_t seed, uint64_t offset)
{
	uint64_t v = (offset + seed) * 0x9e3779b97f4a7c15ull;

	return (uint8_t)(v >> 56);
}

static void
net_fill(void *ctx, uint64_t offset, uint8_t *to, uint32_t len)
{
	const struct net_end *e = ctx;

	for (uint32_t i = 0; i < len; i++)
		to[i] = net_byte(e->seed, offset + i);
}

static void
net_take(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct net_end *e = ctx;

	assert_true(offset + len <= NET_STREAM);
	if (e->opts.in_order)
		assert_int_equal(offset, xd_tcp_received(&e->conn));
	for (uint32_t i = 0; i < len; i++) {
		if (from[i] != net_byte(e->peer->seed, offset + i))
			fail_msg("byte %lu is %u", offset + i, from[i]);
		assert_int_equal(e->came[offset + i]++, 0);
	}
}

static void
net_put(struct net *net, unsigned to, uint64_t at_us, const uint8_t *data, uint32_t len)
{
	struct net_frame *f = &net->queue[net->n];

	assert_true(net->n < NET_QUEUE);
	net->n++;
	*f = (struct net_frame){at_us, to, len, malloc(len)};
	assert_non_null(f->data);
	memcpy(f->data, data, len);
}

/* What the network does to a frame. */
static void
net_carry(struct net *net, unsigned from, const struct xd_tcp_segment *s, uint8_t *frame,
	uint32_t len)
{
	uint64_t at = net->now_us + net->delay_us;

	if ((net->drop && net->drop(net, from, s)) || net_happens(net, net->loss)) {
		net->dropped++;
		return;
	}
	if (net->jitter_us)
		at += net_draw(net) % net->jitter_us;
	if (net_happens(net, net->dup))
		net_put(net, !from, at + net->delay_us / 2, frame, len);
	if (net_happens(net, net->corrupt))
		frame[XD_IP_ETH + net_draw(net) % (len - XD_IP_ETH)] ^=
			(uint8_t)(1u << net_draw(net) % 8);
	net_put(net, !from, at, frame, len);
}

/* Sends a segment as frames, cut where it is too long, as a device would. */
static void
net_send(struct net *net, unsigned from, const struct xd_tcp_segment *s)
{
	static uint8_t frame[NET_FRAME];
	struct net_end *e = &net->ends[from];
	const uint32_t piece = s->piece_bytes ? s->piece_bytes : NET_MSS;
	struct xd_tcp_segment part = *s;
	uint32_t done = 0, at;

	assert_true(s->len <= piece || e->opts.send_bytes > e->opts.mss);
	e->sent++;
	e->data_sent += s->len > 0;
	e->last = *s;
	do {
		part.len = s->len - done < piece ? s->len - done : piece;
		part.seq = s->seq + done;
		part.flags = s->flags;
		if (done + part.len < s->len)
			part.flags &= (uint8_t) ~(XD_TCP_FIN | XD_TCP_PSH);
		at = xd_tcp_packet_write(&e->route, e->port, e->peer_port, &part, frame);
		if (part.len)
			e->opts.payload.fill(e, s->offset + done, frame + at, part.len);
		xd_tcp_packet_sum(&e->route, frame, at + part.len);
		assert_true(at + part.len <= e->opts.mss + XD_IP_ETH + 40u + 20u);
		net_carry(net, from, &part, frame, at + part.len);
		done += part.len;
	} while (done < s->len);
}

/* The next segment. Where there was none to be expected, nothing changes, either. */
static bool
net_output(struct net *net, unsigned i, struct xd_tcp_segment *s)
{
	struct xd_tcp_conn *c = &net->ends[i].conn;
	const struct xd_tcp_conn before = *c;
	const bool may = xd_tcp_may_output(c), has = xd_tcp_output(c, s, net->now_us);

	if (!may) {
		assert_false(has);
		assert_memory_equal(c, &before, sizeof(before));
	}
	return has;
}

static void
net_pump(struct net *net, unsigned i)
{
	struct xd_tcp_segment s;

	for (unsigned n = 0; net_output(net, i, &s); n++) {
		assert_true(n < 100000);
		net_send(net, i, &s);
	}
}

static void
net_arrive(struct net *net, unsigned to, const uint8_t *frame, uint32_t len)
{
	struct net_end *e = &net->ends[to];
	struct xd_tcp_packet p;
	struct xd_tcp_segment reply;

	if (xd_tcp_packet_read(&p, frame, len, false) != XD_TCP_PACKET_GOOD) {
		net->wrong++;
		return;
	}
	/* That a damaged address or port has the right checksum, is not to be had of one bit. */
	assert_int_equal(p.to_port, e->port);
	if (e->listens && e->conn.state == XD_TCP_CLOSED &&
		(p.segment.flags & (XD_TCP_SYN | XD_TCP_ACK | XD_TCP_RST)) == XD_TCP_SYN) {
		e->listens = false;
		xd_tcp_accept(
			&e->conn, &e->opts, e, (uint32_t)(e->seed * 77), &p.segment, net->now_us);
	} else if (xd_tcp_input(&e->conn, &p.segment, p.payload, net->now_us) == XD_TCP_REFUSE &&
		   xd_tcp_refuse(&p.segment, &reply)) {
		net_send(net, to, &reply);
	}
	net_pump(net, to);
}

/* The frame that arrives next; NULL: none is on its way. */
static inline struct net_frame *
net_next_frame(struct net *net)
{
	struct net_frame *next = NULL;

	for (uint32_t i = 0; i < net->n; i++)
		if (!next || net->queue[i].at_us < next->at_us)
			next = &net->queue[i];
	return next;
}

/* The next thing that happens; false: nothing does, ever. */
static inline bool
net_step(struct net *net)
{
	struct net_frame *next = net_next_frame(net), frame;
	uint64_t at[2] = {xd_tcp_deadline(&net->ends[0].conn), xd_tcp_deadline(&net->ends[1].conn)};
	const unsigned i = at[1] < at[0];
	const uint64_t when = next && next->at_us <= at[i] ? next->at_us : at[i];

	if (when == XD_TCP_NEVER)
		return false;
	assert_true(++net->steps < NET_STEPS);
	net->now_us = when > net->now_us ? when : net->now_us;
	if (!next || next->at_us > at[i]) {
		xd_tcp_timeout(&net->ends[i].conn, net->now_us);
		net_pump(net, i);
		return true;
	}
	frame = *next;
	memmove(next, next + 1, (size_t)(&net->queue[--net->n] - next) * sizeof(*next));
	net_arrive(net, frame.to, frame.data, frame.len);
	free(frame.data);
	return true;
}

static inline void
net_run(struct net *net, uint64_t us)
{
	const uint64_t until = net->now_us + us;

	while (net->now_us < until && net_step(net))
		;
	if (net->now_us < until)
		net->now_us = until;
}

static struct net *
net_create(uint64_t seed, bool v6)
{
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	net->now_us = 1;
	net->delay_us = 50;
	net->random = seed * 0x9e3779b97f4a7c15ull + 1;
	for (unsigned i = 0; i < 2; i++) {
		struct net_end *e = &net->ends[i];

		e->opts = (struct xd_tcp_opts){
			.window = 1u << 20,
			.mss = NET_MSS,
			.send_bytes = NET_MSS,
			.timestamps = true,
			.sack = true,
			.tail_probes = true,
			.scale = true,
			.rto_min_us = 200000,
			.delayed_ack_us = 40000,
			.time_wait_us = 1200000000, /* longer than many tries 60 s apart */
			.tries = 15,
			.payload = {net_fill, net_take},
			.limited_us = e->limited_us,
		};
		e->route = (struct xd_ip_route){
			.mac_from = {2, 0, 0, 0, 0, (uint8_t)i},
			.mac_to = {2, 0, 0, 0, 0, (uint8_t)!i},
			.v6 = v6,
			.from = {10, 0, 0, (uint8_t)(1 + i)},
			.to = {10, 0, 0, (uint8_t)(2 - i)},
		};
		e->port = (uint16_t)(1000 + i);
		e->peer_port = (uint16_t)(1001 - i);
		e->seed = seed * 2 + i + 1;
		e->peer = &net->ends[!i];
		e->conn.timer_us = e->conn.delayed_ack_us = XD_TCP_NEVER;
		e->came = calloc(1, NET_STREAM);
		assert_non_null(e->came);
	}
	net->ends[1].listens = true;
	return net;
}

static inline void
net_destroy(struct net *net)
{
	for (unsigned i = 0; i < 2; i++)
		free(net->ends[i].came);
	for (uint32_t i = 0; i < net->n; i++)
		free(net->queue[i].data);
	free(net);
}

static inline void
net_open(struct net *net, unsigned i)
{
	xd_tcp_open(&net->ends[i].conn, &net->ends[i].opts, &net->ends[i],
		(uint32_t)(net->ends[i].seed * 0x61c88647u), net->now_us);
	net_pump(net, i);
}

static inline void
net_write(struct net *net, unsigned i, uint64_t bytes)
{
	xd_tcp_write(&net->ends[i].conn, bytes, net->now_us);
	net_pump(net, i);
}

static inline void
net_close(struct net *net, unsigned i)
{
	xd_tcp_close(&net->ends[i].conn);
	net_pump(net, i);
}

/* Goes on until an end is in a state. */
static inline void
net_until(struct net *net, unsigned i, enum xd_tcp_state state)
{
	for (unsigned n = 0; net->ends[i].conn.state != state; n++) {
		assert_true(net_step(net));
		assert_true(n < 1000000 && net->now_us < 20ull * 3600 * 1000000);
	}
}

/* Shakes hands. */
static inline void
net_connect(struct net *net)
{
	net_open(net, 0);
	net_until(net, 0, XD_TCP_ESTABLISHED);
	net_until(net, 1, XD_TCP_ESTABLISHED);
}

/* That end i got `bytes`, each once, and no other. */
static inline void
net_check(const struct net *net, unsigned i, uint64_t bytes)
{
	const struct net_end *e = &net->ends[i];

	assert_int_equal(xd_tcp_received(&e->conn), bytes);
	for (uint64_t k = 0; k < bytes; k++)
		if (e->came[k] != 1)
			fail_msg("byte %lu came %u times", k, e->came[k]);
	for (uint64_t k = bytes; k < NET_STREAM; k++)
		if (e->came[k])
			fail_msg("byte %lu came, too", k);
}

#endif
