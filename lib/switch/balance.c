/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules: who may have a queue; new queues; moves. */
#include "switch/balance.h"

/* ---- Who may have a queue ---- */

bool
xd_balance_is_near(const struct xd_balance *b, const struct xd_balance_queue *q, unsigned w)
{
	return q->node < 0 || b->workers[w].node < 0 || q->node == b->workers[w].node;
}

static bool
is_here(const struct xd_balance *b, uint8_t w)
{
	return w < XD_MAX_WORKERS && b->workers[w].here;
}

/* A queue pinned to a worker that is not here is as if it were not. */
static bool
is_pinned(const struct xd_balance *b, const struct xd_balance_queue *q)
{
	return is_here(b, q->pinned);
}

static bool
any_shared(const struct xd_balance *b)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (b->workers[w].here && !b->workers[w].isolated)
			return true;
	}
	return false;
}

/* When all workers are isolated, queues that are not pinned must go somewhere. */
static bool
may_have(const struct xd_balance *b, const struct xd_balance_queue *q, unsigned w)
{
	if (is_pinned(b, q))
		return q->pinned == w;
	return b->workers[w].here && (!b->workers[w].isolated || !any_shared(b));
}

static bool
any_near(const struct xd_balance *b, const struct xd_balance_queue *q)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (may_have(b, q, w) && xd_balance_is_near(b, q, w))
			return true;
	}
	return false;
}

/* Workers that a queue may be given to, as a mask. */
static uint64_t
candidates(const struct xd_balance *b, const struct xd_balance_queue *q)
{
	bool near = any_near(b, q);
	uint64_t mask = 0;

	_Static_assert(XD_MAX_WORKERS <= 64, "a bit for each");
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (may_have(b, q, w) && (!near || xd_balance_is_near(b, q, w)))
			mask |= 1ull << w;
	}
	return mask;
}

/* ---- Load ---- */

static void
give(struct xd_balance *b, struct xd_balance_queue *q, unsigned w, uint32_t load)
{
	q->owner = (uint8_t)w;
	b->workers[w].nb_queues++;
	b->workers[w].load += load;
}

static void
take(struct xd_balance *b, struct xd_balance_queue *q)
{
	b->workers[q->owner].nb_queues--;
	b->workers[q->owner].load -= q->load;
	q->owner = XD_BALANCE_NONE;
}

/* What a queue that was not measured is taken for: one like the others, and never for nothing, so
 * that many of them are spread. */
static uint32_t
usual_load(const struct xd_balance *b)
{
	uint64_t sum = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < b->nb_queues; i++) {
		if (b->queues[i].load == XD_BALANCE_UNKNOWN)
			continue;
		sum += b->queues[i].load;
		n++;
	}
	return n && sum / n ? (uint32_t)(sum / n) : 1;
}

static void
isolate(struct xd_balance *b)
{
	for (unsigned i = 0; b->isolate && i < b->nb_queues; i++) {
		if (is_pinned(b, &b->queues[i]))
			b->workers[b->queues[i].pinned].isolated = true;
	}
}

static void
reset(struct xd_balance *b)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		b->workers[w].isolated = false;
		b->workers[w].nb_queues = 0;
		b->workers[w].load = 0;
	}
	isolate(b);
}

/* Of the candidates, of which there is one at least, that with least load, then with fewest queues,
 * then the first. */
static unsigned
least_loaded(const struct xd_balance *b, uint64_t mask)
{
	unsigned best = 0;
	bool first = true;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		const struct xd_balance_worker *a = &b->workers[w], *least = &b->workers[best];

		if (!(mask >> w & 1))
			continue;
		if (first || a->load < least->load ||
			(a->load == least->load && a->nb_queues < least->nb_queues))
			best = w;
		first = false;
	}
	return best;
}

/* ---- New queues ---- */

static unsigned
next_in_turn(struct xd_balance *b, uint64_t mask)
{
	for (unsigned i = 0; i < XD_MAX_WORKERS; i++) {
		unsigned w = (b->turn + i) % XD_MAX_WORKERS;

		if (!(mask >> w & 1))
			continue;
		b->turn = (w + 1) % XD_MAX_WORKERS;
		return w;
	}
	return XD_BALANCE_NONE;
}

/* Where it is, it stays, unless it may not; a far one is left to xd_balance_improve. */
static bool
stays(const struct xd_balance *b, const struct xd_balance_queue *q)
{
	return is_here(b, q->owner) && may_have(b, q, q->owner);
}

void
xd_balance_assign(struct xd_balance *b)
{
	uint32_t usual = usual_load(b);

	reset(b);
	for (unsigned i = 0; i < b->nb_queues; i++) {
		struct xd_balance_queue *q = &b->queues[i];

		if (stays(b, q))
			give(b, q, q->owner, q->load == XD_BALANCE_UNKNOWN ? usual : q->load);
		else
			q->owner = XD_BALANCE_NONE;
	}
	for (unsigned i = 0; i < b->nb_queues; i++) {
		struct xd_balance_queue *q = &b->queues[i];
		uint64_t mask = candidates(b, q);
		unsigned w;

		if (q->owner != XD_BALANCE_NONE || !mask)
			continue;
		w = b->round_robin ? next_in_turn(b, mask) : least_loaded(b, mask);
		give(b, q, w, q->load == XD_BALANCE_UNKNOWN ? usual : q->load);
	}
}

/* ---- Moves ---- */

static uint32_t
most(const struct xd_balance *b)
{
	uint64_t load = 0;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (b->workers[w].here && b->workers[w].load > load)
			load = b->workers[w].load;
	}
	return load < UINT32_MAX ? (uint32_t)load : UINT32_MAX;
}

static bool
counts(const struct xd_balance *b, unsigned w)
{
	return b->workers[w].here && !b->workers[w].isolated;
}

static uint64_t
variance(const struct xd_balance *b)
{
	uint64_t sum = 0, squares = 0, mean;
	unsigned n = 0;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		sum += counts(b, w) ? b->workers[w].load : 0;
		n += counts(b, w);
	}
	mean = n ? sum / n : 0;
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		int64_t off = counts(b, w) ? (int64_t)(b->workers[w].load - mean) : 0;

		squares += (uint64_t)(off * off);
	}
	return n ? squares / n : 0;
}

/* Queues that are far from their memory, to a near worker that has room. */
static unsigned
move_near(struct xd_balance *b)
{
	unsigned moves = 0;

	for (unsigned i = 0; i < b->nb_queues && moves < XD_BALANCE_MAX_MOVES; i++) {
		struct xd_balance_queue *q = &b->queues[i];
		unsigned to;

		if (is_pinned(b, q) || xd_balance_is_near(b, q, q->owner) || !any_near(b, q))
			continue;
		to = least_loaded(b, candidates(b, q));
		if (b->workers[to].load + q->load > XD_BALANCE_FULL)
			continue;
		take(b, q);
		give(b, q, to, q->load);
		moves++;
	}
	return moves;
}

struct move {
	struct xd_balance_queue *queue;
	unsigned to;
	uint64_t larger; /* of the two workers' loads, afterwards */
};

/* The move off a worker that leaves the larger of the two loads smallest. */
static struct move
best_move(struct xd_balance *b, unsigned from)
{
	const uint64_t load = b->workers[from].load;
	struct move best = {.larger = load};

	for (unsigned i = 0; i < b->nb_queues; i++) {
		struct xd_balance_queue *q = &b->queues[i];
		uint64_t mask, larger;
		unsigned to;

		if (q->owner != from || q->load == 0 || is_pinned(b, q))
			continue;
		mask = candidates(b, q) & ~(1ull << from);
		if (!mask)
			continue;
		to = least_loaded(b, mask);
		larger = load - q->load;
		if (b->workers[to].load + q->load > larger)
			larger = b->workers[to].load + q->load;
		if (larger < best.larger)
			best = (struct move){q, to, larger};
	}
	return best;
}

static bool
move_off_busiest(struct xd_balance *b, uint32_t above)
{
	uint64_t tried = 0;

	/* The busiest may have nothing that can be moved: one queue alone, or pinned ones. */
	for (unsigned n = 0; n < XD_MAX_WORKERS; n++) {
		unsigned from = XD_BALANCE_NONE;
		struct move best;

		for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
			if (b->workers[w].here && !(tried >> w & 1) &&
				(from == XD_BALANCE_NONE ||
					b->workers[w].load > b->workers[from].load))
				from = w;
		}
		if (from == XD_BALANCE_NONE || b->workers[from].load < above)
			return false;
		best = best_move(b, from);
		if (best.queue && best.larger + XD_BALANCE_LEAST <= b->workers[from].load) {
			take(b, best.queue);
			give(b, best.queue, best.to, best.queue->load);
			return true;
		}
		tried |= 1ull << from;
	}
	return false;
}

struct xd_balance_result
xd_balance_improve(struct xd_balance *b, uint32_t above)
{
	struct xd_balance_result result = {0};

	reset(b);
	for (unsigned i = 0; i < b->nb_queues; i++) {
		struct xd_balance_queue *q = &b->queues[i];

		if (q->load == XD_BALANCE_UNKNOWN)
			q->load = 0;
		give(b, q, q->owner, q->load);
	}
	result.most = most(b);
	result.variance = variance(b);
	result.nb_moves = move_near(b);
	while (result.nb_moves < XD_BALANCE_MAX_MOVES && move_off_busiest(b, above))
		result.nb_moves++;
	result.most_after = most(b);
	result.variance_after = variance(b);
	return result;
}

unsigned
xd_balance_improvement(const struct xd_balance_result *result)
{
	if (result->variance_after >= result->variance)
		return 0;
	return (unsigned)((result->variance - result->variance_after) * 100 / result->variance);
}
