/* SPDX-License-Identifier: BSD-3-Clause */
#include "shaper.h"

#include <rte_common.h>

/* ---- The bucket: with the lock held ---- */

static void
refill(struct shaper *s, uint64_t now_tsc)
{
	const uint64_t cycles = now_tsc > s->last_tsc ? now_tsc - s->last_tsc : 0;
	const double bytes = (double)cycles / (double)s->tsc_hz * (double)s->bytes_per_s;

	s->last_tsc = RTE_MAX(s->last_tsc, now_tsc);
	s->tokens = (int64_t)RTE_MIN((double)s->tokens + bytes, (double)s->depth);
}

/* A frame longer than the bucket is deep goes when that is full. */
static bool
may_go(const struct shaper *s, int64_t tokens, uint32_t len)
{
	return s->bytes_per_s == 0 || tokens >= (int64_t)RTE_MIN(len, s->depth);
}

/* ---- The hook ---- */

/* Tokens are taken in done: what comes again is judged again. */
static void
run(void *ctx, struct xd_burst *b)
{
	struct shaper *s = ctx;
	uint32_t *len = s->len[b->worker];
	int64_t tokens;
	bool wait;

	rte_spinlock_lock(&s->lock);
	refill(s, b->now_tsc);
	tokens = s->tokens;
	wait = s->n > 0;
	rte_spinlock_unlock(&s->lock);
	for (uint16_t i = 0; i < b->n; i++) {
		len[i] = b->frames[i]->len;
		wait = wait || !may_go(s, tokens, len[i]);
		if (wait)
			xd_burst_keep(b, i);
		tokens -= len[i];
	}
}

static void
wait_behind(struct shaper *s, struct xd_kept *kept)
{
	if (s->n == SHAPER_FRAMES)
		xd_kept_free(kept);
	else if (kept)
		s->waiting[(s->first + s->n++) % SHAPER_FRAMES] = kept;
}

static void
done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	struct shaper *s = ctx;

	rte_spinlock_lock(&s->lock);
	for (uint32_t left = went; left; left &= left - 1) {
		const int i = __builtin_ctz(left);

		if (b->keep >> i & 1)
			wait_behind(s, b->kept[i]);
		else if (s->bytes_per_s)
			s->tokens -= s->len[b->worker][i];
	}
	rte_spinlock_unlock(&s->lock);
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	struct shaper *s = ctx;

	rte_spinlock_lock(&s->lock);
	refill(s, b->now_tsc);
	while (s->n) {
		struct xd_kept *kept = s->waiting[s->first];
		const uint32_t len = xd_kept_frame(kept)->len;

		if (!may_go(s, s->tokens, len))
			break;
		s->tokens -= len;
		s->first = (s->first + 1) % SHAPER_FRAMES;
		s->n--;
		xd_kept_send(b, kept, XD_DST_ON);
	}
	rte_spinlock_unlock(&s->lock);
}

const struct xd_hook shaper_hook = {
	.size = sizeof(shaper_hook),
	.name = "shaper",
	.point = XD_HOOK_OUT,
	.run = run,
	.done = done,
	.tick = tick,
	.tick_ms = 1,
	.keep_buffers = 2 * SHAPER_FRAMES,
};

/* ---- The program ---- */

void
shaper_set(struct shaper *s, uint64_t bytes_per_s, uint64_t depth)
{
	rte_spinlock_lock(&s->lock);
	s->bytes_per_s = bytes_per_s;
	s->depth = depth;
	s->tokens = (int64_t)depth;
	rte_spinlock_unlock(&s->lock);
}

unsigned
shaper_waiting(struct shaper *s)
{
	unsigned n;

	rte_spinlock_lock(&s->lock);
	n = s->n;
	rte_spinlock_unlock(&s->lock);
	return n;
}
