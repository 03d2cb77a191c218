/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's debt to a worker: charged, forgiven with time, and compared with what makes it rest; the
 * figures of all workers added up. */
#include "stats/budget.h"

#define US_PER_S 1000000

const char *
xd_budget_call_name(enum xd_budget_call call)
{
	static const char *const names[XD_BUDGET_CALLS] = {
		[XD_BUDGET_RECEIVE] = "receive",
		[XD_BUDGET_TRANSMIT] = "transmit",
		[XD_BUDGET_NOTIFY] = "notify",
	};

	return (unsigned)call < XD_BUDGET_CALLS ? names[call] : "unknown";
}

struct xd_budget_limits
xd_budget_limits(uint64_t tsc_hz)
{
	/* Hertz that are no whole number of cycles a microsecond do not matter here. */
	const uint64_t us = tsc_hz / US_PER_S;

	return (struct xd_budget_limits){
		.call = us * XD_BUDGET_CALL_US,
		.burst = us * XD_BUDGET_BURST_US,
		.rest = us * XD_BUDGET_REST_US,
	};
}

uint64_t
xd_budget_own(uint64_t took, uint64_t elapsed, uint64_t ran, uint64_t delayed, bool blocked)
{
	uint64_t waited = elapsed > ran ? elapsed - ran : 0;

	if (blocked && delayed < waited)
		waited = delayed;
	return took > waited ? took - waited : 0;
}

static void
forgive(struct xd_budget *b, uint64_t now)
{
	uint64_t forgiven = (now - b->debt_tsc) / XD_BUDGET_SHARE;

	b->debt = b->debt > forgiven ? b->debt - forgiven : 0;
	b->debt_tsc = now;
}

static void
store(uint64_t *figure, uint64_t value)
{
	__atomic_store_n(figure, value, __ATOMIC_RELAXED);
}

bool
xd_budget_charge(struct xd_budget *b, const struct xd_budget_limits *limits,
	enum xd_budget_call call, uint64_t now, uint64_t took)
{
	uint64_t rest;

	if (took <= limits->call)
		return false;
	store(&b->nb_slow[call], b->nb_slow[call] + 1);
	if (took > b->longest[call])
		store(&b->longest[call], took);
	forgive(b, now);
	b->debt += took - limits->call;
	if (b->debt <= limits->burst)
		return false;
	rest = (b->debt - limits->burst) * XD_BUDGET_SHARE;
	if (rest > limits->rest) {
		rest = limits->rest;
		b->debt = limits->burst + rest / XD_BUDGET_SHARE;
	}
	store(&b->until_tsc, now + rest);
	store(&b->nb_rests, b->nb_rests + 1);
	return true;
}

static uint64_t
max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
load(const uint64_t *figure)
{
	return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

void
xd_budget_add(struct xd_budget *sum, const struct xd_budget *b)
{
	for (unsigned call = 0; call < XD_BUDGET_CALLS; call++) {
		sum->nb_slow[call] += load(&b->nb_slow[call]);
		sum->longest[call] = max(sum->longest[call], load(&b->longest[call]));
	}
	sum->nb_rests += load(&b->nb_rests);
	sum->until_tsc = max(sum->until_tsc, load(&b->until_tsc));
}
