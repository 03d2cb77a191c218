/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/tcp/exchange.h"
#include "traffic/engine/tcp/stream.h"
#include "traffic/host/tsc.h"

/* ---- Who asks: s->owed answers are still to come, s->asked requests were sent ---- */

static uint64_t *
time_of(const struct xd_tcp_exchange *x, struct xd_tcp_session *s, uint32_t request)
{
	const struct xd_tcp_endpoint *e = s->conn.ctx;

	if (!x->times)
		return &s->sent_at;
	return &x->times[(size_t)(s - e->sessions.all) * (x->mask + 1) + (request & x->mask)];
}

static void
await_answer(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_tcp_exchange *x = ctx;

	s->next_done = x->answer_bytes;
}

static void
answered(void *ctx, struct xd_tcp_session *s)
{
	struct xd_tcp_exchange *x = ctx;
	const struct xd_tcp_endpoint *e = s->conn.ctx;
	uint64_t n = xd_tcp_complete(s, x->answer_bytes), now = xd_tsc();

	for (; n && s->owed; n--, s->owed--) {
		const uint64_t cycles = now - *time_of(x, s, s->asked - s->owed);

		x->done++;
		xd_histogram_record(
			x->answers, (uint64_t)((double)cycles * e->us_per_cycle * 1000 + 0.5));
	}
}

static bool
write_request(void *ctx, struct xd_tcp_session *s)
{
	struct xd_tcp_exchange *x = ctx;
	const struct xd_tcp_endpoint *e = s->conn.ctx;

	if (s->owed >= x->outstanding || e->stopped || xd_tcp_peer_closed(&s->conn) ||
		!xd_tcp_may_write(s, x->request_bytes))
		return false;
	*time_of(x, s, s->asked) = xd_tsc();
	s->asked++;
	s->owed++;
	xd_tcp_write(&s->conn, x->request_bytes, e->now_us);
	return true;
}

int
xd_tcp_exchange_init_asks(struct xd_tcp_exchange *x, uint64_t request_bytes, uint64_t answer_bytes,
	uint32_t outstanding, uint32_t sessions, struct xd_error *err)
{
	*x = (struct xd_tcp_exchange){
		.app = {.begun = await_answer,
			.received = answered,
			.write = write_request,
			.ctx = x},
		.request_bytes = request_bytes,
		.answer_bytes = answer_bytes,
		.outstanding = outstanding,
	};
	while (x->mask + 1 < outstanding)
		x->mask = 2 * x->mask + 1;
	if (x->mask)
		x->times = malloc((size_t)sessions * (x->mask + 1) * sizeof(*x->times));
	x->answers = xd_histogram_create();
	if (x->answers && (x->times || !x->mask))
		return 0;
	xd_tcp_exchange_fini(x);
	return xd_fail(err, -ENOMEM, "no memory for the times of requests");
}

void
xd_tcp_exchange_fini(struct xd_tcp_exchange *x)
{
	xd_histogram_destroy(x->answers);
	free(x->times);
	x->answers = NULL;
	x->times = NULL;
}

/* ---- Who answers: s->owed are still to be written ---- */

static void
await_request(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_tcp_exchange *x = ctx;

	s->next_done = x->request_bytes;
}

static void
asked(void *ctx, struct xd_tcp_session *s)
{
	struct xd_tcp_exchange *x = ctx;
	const uint64_t n = xd_tcp_complete(s, x->request_bytes);

	x->done += n;
	s->owed += (uint32_t)n;
}

static bool
write_answer(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_tcp_exchange *x = ctx;
	const struct xd_tcp_endpoint *e = s->conn.ctx;

	if (!s->owed || !xd_tcp_may_write(s, x->answer_bytes))
		return false;
	s->owed--;
	xd_tcp_write(&s->conn, x->answer_bytes, e->now_us);
	return true;
}

void
xd_tcp_exchange_init_answers(
	struct xd_tcp_exchange *x, uint64_t request_bytes, uint64_t answer_bytes)
{
	*x = (struct xd_tcp_exchange){
		.app = {.begun = await_request, .received = asked, .write = write_answer, .ctx = x},
		.request_bytes = request_bytes,
		.answer_bytes = answer_bytes,
	};
}
