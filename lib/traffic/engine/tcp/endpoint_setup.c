/* SPDX-License-Identifier: BSD-3-Clause */
/* A host is set up, and what its connections have in common. */
#include <errno.h>
#include <time.h>

#include "traffic/engine/tcp/endpoint.h"
#include "traffic/host/tsc.h"

#define RTO_MIN_US     200000u /* as Linux has it */
#define DELAYED_ACK_US 40000u  /* the same */
#define TIME_WAIT_US   60000000u
#define TRIES          8
#define IPV4_EXTRA     (XD_IP_ETH + XD_IP_V4 + XD_TCP_HEADER)
#define IPV6_EXTRA     (XD_IP_ETH + XD_IP_V6 + XD_TCP_HEADER)
#define WHOLE_MAX      65535u /* bytes of an IPv4 datagram */

static void
take_payload(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct xd_tcp_endpoint *e = ctx;
	const struct xd_tcp_session *s = e->arriving;

	e->counts.received_bytes += len;
	if (e->opts.verify)
		e->counts.wrong_bytes += xd_message_pattern_differ(e->opts.pattern,
			(uint32_t)s->peer_port << 16 | s->own_port, offset, from, len);
}

static void
take_for_app(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct xd_tcp_endpoint *e = ctx;

	e->counts.received_bytes += len;
	e->opts.app->take(e->opts.app->ctx, e->arriving, offset, from, len);
}

/* Of the wall: a host that is set up anew goes on where the one before was. */
static uint32_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint32_t)now.tv_sec * 1000 + (uint32_t)(now.tv_nsec / 1000000);
}

/* most: 0, or bytes of a segment at most, fewer than the link carries. */
static void
set_mss(struct xd_tcp_opts *opts, const struct xd_tcp_endpoint_opts *o, uint32_t extra,
	uint32_t most)
{
	const uint32_t link = o->segment - extra;
	const uint32_t whole = o->max_frame - extra - XD_TCP_TS_BYTES - XD_IP_ETH;
	const uint32_t longest = WHOLE_MAX - extra - XD_TCP_TS_BYTES;

	opts->mss = (uint16_t)(most && most < link ? most : link);
	opts->send_bytes = !o->tso ? opts->mss : whole < longest ? whole : longest;
}

static struct xd_tcp_opts
opts_of(const struct xd_tcp_endpoint_opts *o, uint32_t extra, uint64_t *limited_us)
{
	struct xd_tcp_opts opts = {
		.window = o->window,
		.timestamps = true,
		.sack = true,
		.scale = true,
		.nagle = o->nagle,
		.tail_probes = true,
		.rto_min_us = RTO_MIN_US,
		.delayed_ack_us = DELAYED_ACK_US,
		.time_wait_us = TIME_WAIT_US,
		.tries = TRIES,
		.clock_ms = clock_ms(),
		.payload = {.take = o->app->take ? take_for_app : take_payload},
		.limited_us = limited_us,
	};

	set_mss(&opts, o, extra, 0);
	return opts;
}

void
xd_tcp_endpoint_limit_mss(struct xd_tcp_endpoint *e, uint32_t most)
{
	set_mss(&e->tcp[0], &e->opts, IPV4_EXTRA, most);
	set_mss(&e->tcp[1], &e->opts, IPV6_EXTRA, most);
}

int
xd_tcp_endpoint_init(
	struct xd_tcp_endpoint *e, const struct xd_tcp_endpoint_opts *opts, struct xd_error *err)
{
	int rc;

	*e = (struct xd_tcp_endpoint){
		.opts = *opts,
		.tcp = {opts_of(opts, IPV4_EXTRA, e->counts.limited_us),
			opts_of(opts, IPV6_EXTRA, e->counts.limited_us)},
		.source = {xd_tcp_endpoint_ready,
			opts->app->fill ? xd_tcp_endpoint_write_app : xd_tcp_endpoint_write, e},
		.sink = {.take = xd_tcp_endpoint_take, .ctx = e},
		.ready = XD_TCP_QUEUE_EMPTY,
		.waiting = XD_TCP_QUEUE_EMPTY,
		.tsc_begin = xd_tsc(),
		.us_per_cycle = 1e6 / opts->tsc_hz,
		.cycles_per_us = opts->tsc_hz / 1e6,
	};
	xd_tcp_handshakes_init(&e->handshakes);
	e->secret = e->tsc_begin * 0xd6e8feb86659fd93ull;
	if (!xd_outbox_init(&e->outbox, sizeof(struct xd_tcp_sending), opts->impair))
		return xd_fail(err, -ENOMEM, "no memory for segments");
	rc = xd_respond_host_init(&e->station.host, opts->number, opts->addresses, err);
	if (!rc)
		rc = xd_respond_station_init(&e->station, opts->max_frame, err);
	if (!rc)
		rc = xd_tcp_sessions_init(&e->sessions, opts->sessions, err);
	if (!rc)
		rc = xd_tcp_time_waits_init(
			&e->time_waits, opts->time_waits, TIME_WAIT_US / 1000, err);
	if (!rc)
		rc = xd_impaired_sink_insert(&e->impaired, opts->impair, &e->sink, err);
	if (rc)
		xd_tcp_endpoint_fini(e);
	return rc;
}

void
xd_tcp_endpoint_fini(struct xd_tcp_endpoint *e)
{
	xd_tcp_sessions_fini(&e->sessions);
	xd_tcp_time_waits_fini(&e->time_waits);
	xd_respond_station_fini(&e->station);
	xd_impaired_sink_fini(&e->impaired);
	xd_outbox_fini(&e->outbox);
}
