/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that a hook keeps: copied, whole, into buffers of the hook's, and sent on as they are
 * then. What goes on is worker/resend.c's. */
#include <stdio.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "bridge/bridge.h"
#include "frame/edit.h"
#include "memory/memory.h"

static_assert(XD_KEPT_FIRST >= 1518 - XD_HEAD, "an ordinary frame takes one buffer");
static_assert(XD_KEPT_FIRST + (XD_KEPT_SEGS - 1) * XD_KEPT_BUFFER + XD_FRAME_MIN >= XD_FRAME_MAX,
	"and the longest fewer than there may be");

/* ---- Buffers ---- */

int
xd_kept_make_pool(struct xd_hook_slot *slot, struct xd_error *err)
{
	const unsigned n = slot->hook.keep_buffers;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (n == 0)
		return 0;
	/* Names are the process's, in which there may be several switches. */
	snprintf(name, sizeof(name), "kept-%lx", (unsigned long)((uintptr_t)slot / 64));
	slot->pool = xd_pool_create(name, n, XD_KEPT_BUFFER + RTE_PKTMBUF_HEADROOM, -1, err);
	return slot->pool ? 0 : err ? err->code : -ENOMEM;
}

void
xd_kept_free_pool(struct xd_hook_slot *slot)
{
	rte_mempool_free(slot->pool);
}

unsigned
xd_kept_used(const struct xd_hook_slot *slot)
{
	return slot->pool ? rte_mempool_in_use_count(slot->pool) : 0;
}

/* Buffers for a frame with so many bytes behind its snapshot, a chain; NULL: there are not so many
 * left. */
static struct rte_mbuf *
alloc(struct rte_mempool *pool, uint32_t body)
{
	struct rte_mbuf *mbufs[XD_KEPT_SEGS];
	unsigned n = 1;

	if (body > XD_KEPT_FIRST)
		n += (body - XD_KEPT_FIRST + XD_KEPT_BUFFER - 1) / XD_KEPT_BUFFER;
	if (n > XD_KEPT_SEGS || rte_pktmbuf_alloc_bulk(pool, mbufs, n) != 0)
		return NULL;
	for (unsigned i = 1; i < n; i++)
		mbufs[i - 1]->next = mbufs[i];
	mbufs[0]->nb_segs = (uint16_t)n;
	return mbufs[0];
}

/* ---- Keeping ---- */

static void
copy_body(struct xd_kept *k, const struct xd_frame *f)
{
	uint32_t at = f->head_len;
	struct rte_mbuf *m = k->mbuf;

	k->frame.nb_segs = 0;
	k->frame.segs = k->segs;
	for (; at < f->len; m = m->next) {
		uint8_t *to = m == k->mbuf ? k->body : rte_pktmbuf_mtod(m, uint8_t *);
		uint32_t room = m == k->mbuf ? XD_KEPT_FIRST : XD_KEPT_BUFFER;
		uint32_t len = RTE_MIN(f->len - at, room);

		xd_frame_peek(f, at, to, len);
		k->segs[k->frame.nb_segs++] = (struct xd_seg){to, len};
		at += len;
	}
}

static struct xd_kept *
keep(const struct xd_turn *turn, const struct xd_hook_call *call, const struct xd_frame *f)
{
	struct xd_hook_slot *slot = call->slot;
	const uint8_t number = xd_turn_number(turn, f);
	const bool sent = slot->hook.point == XD_HOOK_IN && turn->in_hooks.to >> number & 1;
	struct rte_mbuf *m = alloc(slot->pool, f->len - f->head_len);
	struct xd_kept *k;

	if (unlikely(!m))
		return NULL;
	k = rte_pktmbuf_mtod(m, struct xd_kept *);
	k->frame = *f;
	k->frame.mbuf = NULL;
	k->slot = slot;
	k->mbuf = m;
	k->at = call->burst.port;
	k->life = turn->plan->ports[k->at]->port->life;
	k->to = sent ? turn->in_hooks.dst[number] : XD_DST_ON;
	copy_body(k, f);
	return k;
}

void
xd_kept_make(struct xd_turn *turn, struct xd_hook_call *call, uint32_t went, struct xd_drops *drops)
{
	struct xd_hook_counters *c = &call->slot->counters[call->burst.worker];

	for (uint32_t left = call->burst.keep & went; left; left &= left - 1) {
		const int i = __builtin_ctz(left);

		turn->kept[i] = keep(turn, call, call->frames[i]);
		if (likely(turn->kept[i])) {
			c->kept++;
			continue;
		}
		c->not_kept++;
		xd_drop(drops, XD_DROP_NO_BUFFER, 1);
	}
	call->burst.kept = turn->kept;
}

/* ---- What the hook does with it ---- */

struct xd_frame *
xd_kept_frame(struct xd_kept *k)
{
	return &k->frame;
}

void
xd_kept_free(struct xd_kept *k)
{
	if (!k)
		return;
	__atomic_fetch_add(&k->slot->freed, 1, __ATOMIC_RELAXED);
	rte_pktmbuf_free(k->mbuf);
}

void
xd_kept_send(const struct xd_burst *b, struct xd_kept *k, uint16_t dst)
{
	struct xd_resent *resent = &b->turn->resent;

	k->dst = dst == XD_DST_ON ? k->to : dst;
	k->next = NULL;
	if (resent->first)
		resent->last->next = k;
	else
		resent->first = k;
	resent->last = k;
}

/* ---- On its way ---- */

/* Of those with a destination of a hook's. */
static void
note_destinations(struct xd_turn *turn)
{
	struct xd_hook_turn *hooks = &turn->in_hooks;

	hooks->to = 0;
	for (uint16_t i = 0; i < turn->n; i++) {
		if (turn->kept[i]->dst == XD_DST_ON)
			continue;
		hooks->to |= 1u << i;
		hooks->dst[i] = turn->kept[i]->dst;
	}
}

void
xd_bridge_switch_kept(struct xd_turn *turn, uint16_t first)
{
	turn->n = turn->batch->n;
	turn->nb_lost = 0;
	turn->repeats = 0;
	for (uint16_t i = 0; i < turn->n; i++)
		turn->frames[i] = &turn->batch->frames[i];
	note_destinations(turn);
	xd_turn_look_anew(turn, (uint32_t)((1ull << turn->n) - 1));
	xd_bridge_hook_on(turn, first);
	xd_bridge_switch_on(turn, true);
}

void
xd_bridge_send_kept(struct xd_turn *turn)
{
	turn->n = turn->batch->n;
	turn->nb_lost = turn->nb_clones = 0;
	for (uint16_t i = 0; i < turn->n; i++)
		turn->frames[i] = &turn->batch->frames[i];
	xd_turn_send(turn, turn->in->index, turn->frames, turn->n);
	if (turn->in->bond)
		xd_bridge_bond_out(turn);
}

void
xd_bridge_account_kept(struct xd_turn *turn)
{
	if (turn->nb_judged)
		xd_bridge_police_take(turn);
	if (turn->nb_lost)
		xd_bridge_count_lost(turn);
	xd_bridge_hook_done(turn);
	if (turn->plan->any_patches)
		xd_bridge_patch_count(turn);
}
