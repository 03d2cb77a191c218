/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams of UDP. Each begins with a datagram of four bytes from the client, which the server
 * answers; from then on a datagram begins with the time at its sender, in seconds and microseconds,
 * and its number from 1 on, of 32 bits or, when the client asked for that, 64.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "traffic/engine/iperf3/host.h"
#include "traffic/host/tsc.h"

#define HELLO         "9876" /* as little-endian hosts send it, and so do we; the answer: */
#define HELLO_ANSWER  "6789"
#define ANSWER_BEFORE "\xb1\x68\xde\x3a" /* of iperf before 3.12: 987654321 */
#define HELLO_BYTES   4
#define AGAIN_US      1000000u /* between hellos that were not answered */
#define NARROW        12       /* bytes of the header with numbers of 32 bits, and of 64 */
#define WIDE          16

/* ---- What comes ---- */

/* As iperf3 counts: what comes late takes back a loss, and what came twice does, too. */
static void
count(struct xd_iperf3_stream *s, uint64_t number)
{
	struct xd_iperf3_figures *f = &s->now;

	if (number > f->packets) {
		f->lost += (int64_t)(number - 1 - f->packets);
		f->packets = number;
		return;
	}
	f->out_of_order++;
	if (f->lost > 0)
		f->lost--;
}

/* RFC 3550, section 6.4.1 and appendix A.8: the sender's clock and ours differ by a constant. */
static void
time_one(struct xd_iperf3_stream *s, double transit_s)
{
	const double d = s->timed ? transit_s - s->transit_s : 0;

	s->timed = true;
	s->transit_s = transit_s;
	s->jitter_s += ((d < 0 ? -d : d) - s->jitter_s) / 16;
}

static void
take_data(struct xd_iperf3_host *h, struct xd_iperf3_stream *s, const struct xd_udp_datagram *d)
{
	const uint32_t bytes = h->run.test.wide ? WIDE : NARROW;
	uint8_t head[WIDE];
	uint64_t number;

	if (!h->running || s->sends || d->len < bytes)
		return;
	memcpy(head, d->payload, bytes); /* once */
	number = xd_get32(head + 8);
	if (h->run.test.wide)
		number = number << 32 | xd_get32(head + 12);
	if (number == 0 || number > INT64_MAX)
		return;
	s->now.bytes += d->len;
	count(s, number);
	xd_tcp_endpoint_clock(&h->e, d->now);
	time_one(s, (double)h->e.now_us / 1e6 - (double)xd_get32(head) -
			    (double)xd_get32(head + 4) / 1e6);
}

/* It says hello soon, or answers it. */
static void
let_greet(struct xd_iperf3_host *h, struct xd_iperf3_stream *s)
{
	h->nb_greets += !s->greets;
	s->greets = true;
}

/* Whose it is: by the client's port. */
static uint16_t *
place_of(struct xd_iperf3_host *h, const struct xd_udp_datagram *d)
{
	return &h->by_port[h->opts->server ? d->from_port : d->to_port];
}

static void
greet(struct xd_iperf3_host *h, const struct xd_udp_datagram *d)
{
	struct xd_iperf3_run *run = &h->run;
	const unsigned i = run->nb_streams;

	if (h->control.step != XD_IPERF3_STEP_STREAMS || d->len != HELLO_BYTES)
		return;
	xd_udp_host_way_back(&h->udp, d, &h->route);
	run->streams[i] = (struct xd_iperf3_stream){
		.own_port = d->to_port,
		.peer_port = d->from_port,
		.now.packets = i, /* their order, until it has a number */
	};
	let_greet(h, &run->streams[i]);
	*place_of(h, d) = (uint16_t)(++run->nb_streams);
	if (run->nb_streams == xd_iperf3_test_streams(&run->test))
		xd_iperf3_server_start(h);
}

static void
take(void *ctx, const struct xd_udp_datagram *d)
{
	struct xd_iperf3_host *h = ctx;
	struct xd_iperf3_run *run = &h->run;
	struct xd_iperf3_stream *s;

	if (!h->busy || d->route.v6 != run->v6 ||
		memcmp(d->route.from, run->peer_address, XD_IP_ADDRESS) ||
		(h->opts->server ? d->to_port : d->from_port) != h->opts->port)
		return;
	if (*place_of(h, d) == 0) {
		if (h->opts->server)
			greet(h, d);
		return;
	}
	s = &run->streams[*place_of(h, d) - 1];
	if (h->opts->server && d->len == HELLO_BYTES && !h->running)
		let_greet(h, s); /* the answer was lost */
	else if (!h->opts->server && *place_of(h, d) == run->nb_streams + 1) {
		if (d->len == HELLO_BYTES &&
			(!memcmp(d->payload, HELLO_ANSWER, HELLO_BYTES) ||
				!memcmp(d->payload, ANSWER_BEFORE, HELLO_BYTES)))
			xd_iperf3_client_next(h);
	} else {
		take_data(h, s, d);
	}
}

/* ---- What leaves ---- */

static void
address(const struct xd_iperf3_host *h, const struct xd_iperf3_stream *s,
	struct xd_udp_sending *datagram)
{
	datagram->route = h->route;
	datagram->route.tos = (uint8_t)h->run.test.tos;
	datagram->from_port = s->own_port;
	datagram->to_port = s->peer_port;
}

static bool
send_hello(struct xd_iperf3_host *h, struct xd_udp_sending *datagram)
{
	struct xd_iperf3_stream *s = h->run.streams;

	if (!h->nb_greets)
		return false;
	while (!s->greets)
		s++;
	s->greets = false;
	h->nb_greets--;
	h->hello_us = h->e.now_us;
	address(h, s, datagram);
	datagram->len = datagram->head_len = HELLO_BYTES;
	memcpy(datagram->head, h->opts->server ? HELLO_ANSWER : HELLO, HELLO_BYTES);
	return true;
}

static void
write_data(struct xd_iperf3_host *h, struct xd_iperf3_stream *s, struct xd_udp_sending *datagram)
{
	const uint32_t len = h->run.test.block_bytes;
	uint8_t *head = datagram->head;

	s->now.packets++;
	s->now.bytes += len;
	s->written += len;
	address(h, s, datagram);
	xd_put32(head, (uint32_t)(h->e.now_us / 1000000));
	xd_put32(head + 4, (uint32_t)(h->e.now_us % 1000000));
	datagram->head_len = NARROW;
	if (h->run.test.wide) {
		xd_put32(head + 8, (uint32_t)(s->now.packets >> 32));
		datagram->head_len = WIDE;
	}
	xd_put32(head + datagram->head_len - 4, (uint32_t)s->now.packets);
	datagram->len = len;
	datagram->rest = h->pattern->bytes;
}

static bool
next(void *ctx, struct xd_udp_sending *datagram)
{
	struct xd_iperf3_host *h = ctx;
	const unsigned n = h->run.nb_streams;

	if (send_hello(h, datagram))
		return true;
	if (!h->sending || !h->run.test.udp)
		return false;
	xd_tcp_endpoint_clock(&h->e, xd_tsc());
	for (unsigned i = 0; i < n; i++) {
		struct xd_iperf3_stream *s = &h->run.streams[h->turn++ % n];

		if (!s->sends || !xd_iperf3_measure_due(h, s))
			continue;
		write_data(h, s, datagram);
		return true;
	}
	return false;
}

/* ---- Begin and end ---- */

/* The client's next stream. */
void
xd_iperf3_datagrams_open(struct xd_iperf3_host *h)
{
	struct xd_iperf3_stream *s = &h->run.streams[h->run.nb_streams];

	h->by_port[s->own_port] = (uint16_t)(h->run.nb_streams + 1);
	let_greet(h, s);
}

void
xd_iperf3_datagrams_tick(struct xd_iperf3_host *h)
{
	if (!h->opts->server && h->busy && h->run.test.udp && !h->nb_greets &&
		h->control.step == XD_IPERF3_STEP_STREAMS &&
		h->run.nb_streams < xd_iperf3_test_streams(&h->run.test) &&
		h->e.now_us - h->hello_us > AGAIN_US)
		let_greet(h, &h->run.streams[h->run.nb_streams]);
}

void
xd_iperf3_datagrams_forget(struct xd_iperf3_host *h)
{
	memset(h->by_port, 0, sizeof(h->by_port));
	h->nb_greets = 0;
}

int
xd_iperf3_datagrams_init(struct xd_iperf3_host *h, struct xd_error *err)
{
	const struct xd_udp_host_opts opts = {
		.addresses = h->opts->addresses,
		.max_frame = h->port->max_frame,
		.on_wire = h->opts->frame_bytes,
		.csum = h->port->offload.csum && h->port->headers,
		.impair = h->opts->impair,
		.tsc_hz = h->gen->tsc_hz,
		.app = {take, next, h},
	};
	int rc = xd_udp_host_init(&h->udp, &opts, err);

	/* What is no datagram is the TCP host's, which answers for both. */
	h->udp.station.sink = h->e.sink;
	return rc;
}
