/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers in datagrams. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/rr/datagrams.h"
#include "traffic/host/tsc.h"

#define NONE UINT32_MAX

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Bytes of a number that there is room for, both ways. */
static uint32_t
number_bytes(const struct xd_rr_datagrams *o)
{
	return least(XD_RR_NUMBER, least(o->request_bytes, o->answer_bytes));
}

/* What both kinds have: len bytes, of which the first are number's. */
static void
fill(const struct xd_rr_datagrams *o, const struct xd_ip_route *route, uint32_t len,
	const uint8_t *number, struct xd_udp_sending *d)
{
	d->route = *route;
	d->len = len;
	d->head_len = number_bytes(o);
	memcpy(d->head, number, XD_RR_NUMBER);
	d->rest = xd_message_pattern_at(o->pattern, 0, d->head_len);
}

static uint32_t
wrong_bytes(const struct xd_rr_datagrams *o, const struct xd_udp_datagram *d)
{
	const uint32_t at = number_bytes(o);

	if (!o->verify)
		return 0;
	return xd_message_pattern_differ(o->pattern, 0, at, d->payload + at, d->len - at);
}

/* ---- Who asks ---- */

static void
make_ready(struct xd_rr_asks *a, uint32_t i)
{
	a->ready[a->tail++ & a->mask] = i;
}

/* The request waits no more. */
static void
unlink_request(struct xd_rr_asks *a, uint32_t i)
{
	struct xd_rr_request *r = &a->requests[i];

	*(r->before == NONE ? &a->oldest : &a->requests[r->before].after) = r->after;
	*(r->after == NONE ? &a->newest : &a->requests[r->after].before) = r->before;
	r->waits = false;
}

static void
link_request(struct xd_rr_asks *a, uint32_t i, uint64_t now)
{
	struct xd_rr_request *r = &a->requests[i];

	r->sent_at = now;
	r->waits = true;
	r->before = a->newest;
	r->after = NONE;
	*(a->newest == NONE ? &a->oldest : &a->requests[a->newest].after) = i;
	a->newest = i;
}

static void
give_up(struct xd_rr_asks *a, uint64_t now)
{
	while (a->oldest != NONE && now - a->requests[a->oldest].sent_at > a->wait) {
		const uint32_t i = a->oldest;

		unlink_request(a, i);
		a->counts.lost += a->requests[i].sent_at >= a->begun_at;
		make_ready(a, i);
	}
}

static bool
next_request(void *ctx, struct xd_udp_sending *d)
{
	struct xd_rr_asks *a = ctx;
	const uint64_t now = xd_tsc();
	uint8_t number[XD_RR_NUMBER];
	struct xd_rr_request *r;
	uint32_t i;

	give_up(a, now);
	if (a->stopped || a->head == a->tail)
		return false;
	i = a->ready[a->head++ & a->mask];
	r = &a->requests[i];
	r->number += a->stride;
	for (unsigned k = 0; k < XD_RR_NUMBER; k++) /* the lowest byte first: there may be one */
		number[k] = (uint8_t)(r->number >> (8 * k));
	fill(&a->opts, &a->route, a->opts.request_bytes, number, d);
	d->from_port = (uint16_t)(a->first_port + i / a->outstanding);
	d->to_port = a->peer_port;
	link_request(a, i, now);
	return true;
}

/* The request that a datagram is of; NONE: it is of none that there is. */
static uint32_t
request_of(const struct xd_rr_asks *a, const struct xd_udp_datagram *d, uint32_t number)
{
	const uint32_t stream = (uint16_t)(d->to_port - a->first_port);
	const uint32_t k = number & (a->stride - 1);

	if (d->from_port != a->peer_port || d->len != a->opts.answer_bytes ||
		stream >= a->n / a->outstanding || k >= a->outstanding ||
		memcmp(d->route.from, a->route.to, XD_IP_ADDRESS))
		return NONE;
	return stream * a->outstanding + k;
}

static void
take_answer(void *ctx, const struct xd_udp_datagram *d)
{
	struct xd_rr_asks *a = ctx;
	const uint32_t bytes = least(number_bytes(&a->opts), d->len);
	const uint64_t now = xd_tsc();
	uint32_t number = 0, i;
	struct xd_rr_request *r;

	for (unsigned k = 0; k < bytes; k++)
		number |= (uint32_t)d->payload[k] << (8 * k);
	i = request_of(a, d, number);
	if (i == NONE) {
		a->counts.strange++;
		return;
	}
	r = &a->requests[i];
	a->last_at = now;
	if (!r->waits || (r->number & a->number_mask) != number) {
		a->counts.late++;
		return;
	}
	a->counts.wrong_bytes += wrong_bytes(&a->opts, d);
	unlink_request(a, i);
	a->counts.done++;
	xd_histogram_record(
		a->answers, (uint64_t)((double)(now - r->sent_at) * a->ns_per_cycle + 0.5));
	make_ready(a, i);
}

int
xd_rr_asks_init(struct xd_rr_asks *a, const struct xd_rr_datagrams *opts, uint32_t streams,
	uint32_t outstanding, double wait_s, double tsc_hz, struct xd_error *err)
{
	const uint32_t bits = 8 * number_bytes(opts);

	*a = (struct xd_rr_asks){
		.opts = *opts,
		.app = {.take = take_answer, .next = next_request, .ctx = a},
		.outstanding = outstanding,
		.n = streams * outstanding,
		.stride = 1,
		.number_mask = bits < 32 ? (1u << bits) - 1 : UINT32_MAX,
		.oldest = NONE,
		.newest = NONE,
		.wait = (uint64_t)(wait_s * tsc_hz),
		.ns_per_cycle = 1e9 / tsc_hz,
	};
	while (a->stride < outstanding)
		a->stride *= 2;
	while (a->mask + 1 < a->n)
		a->mask = 2 * a->mask + 1;
	a->requests = calloc(a->n, sizeof(*a->requests));
	a->ready = malloc(((size_t)a->mask + 1) * sizeof(*a->ready));
	a->answers = xd_histogram_create();
	if (!a->requests || !a->ready || !a->answers) {
		xd_rr_asks_fini(a);
		return xd_fail(err, -ENOMEM, "no memory for %u requests", streams * outstanding);
	}
	return 0;
}

void
xd_rr_asks_fini(struct xd_rr_asks *a)
{
	free(a->requests);
	free(a->ready);
	xd_histogram_destroy(a->answers);
	a->requests = NULL;
	a->ready = NULL;
	a->answers = NULL;
}

void
xd_rr_asks_begin(struct xd_rr_asks *a, const struct xd_ip_route *route, uint16_t first_port,
	uint16_t peer_port)
{
	a->route = *route;
	a->first_port = first_port;
	a->peer_port = peer_port;
	a->last_at = xd_tsc();
	/* The first of each stream, then the second, and so on. */
	for (uint32_t k = 0; k < a->outstanding; k++) {
		for (uint32_t i = k; i < a->n; i += a->outstanding) {
			a->requests[i].number = k;
			make_ready(a, i);
		}
	}
}

/* ---- Who answers ---- */

static void
take_request(void *ctx, const struct xd_udp_datagram *d)
{
	struct xd_rr_answers *a = ctx;
	struct xd_rr_answer *answer = &a->ring[a->tail & (XD_RR_ANSWERS - 1)];

	if (d->to_port != a->port || d->len != a->opts.request_bytes ||
		a->tail - a->head == XD_RR_ANSWERS) {
		a->counts.strange++;
		return;
	}
	a->counts.done++;
	a->counts.wrong_bytes += wrong_bytes(&a->opts, d);
	xd_udp_host_way_back(a->host, d, &answer->route);
	answer->from_port = d->to_port;
	answer->to_port = d->from_port;
	memset(answer->number, 0, sizeof(answer->number));
	memcpy(answer->number, d->payload, number_bytes(&a->opts));
	a->tail++;
}

static bool
next_answer(void *ctx, struct xd_udp_sending *d)
{
	struct xd_rr_answers *a = ctx;
	const struct xd_rr_answer *answer = &a->ring[a->head & (XD_RR_ANSWERS - 1)];

	if (a->head == a->tail)
		return false;
	fill(&a->opts, &answer->route, a->opts.answer_bytes, answer->number, d);
	d->from_port = answer->from_port;
	d->to_port = answer->to_port;
	a->head++;
	return true;
}

void
xd_rr_answers_init(struct xd_rr_answers *a, const struct xd_rr_datagrams *opts,
	const struct xd_udp_host *host, uint16_t port)
{
	*a = (struct xd_rr_answers){
		.opts = *opts,
		.app = {.take = take_request, .next = next_answer, .ctx = a},
		.host = host,
		.port = port,
	};
}
