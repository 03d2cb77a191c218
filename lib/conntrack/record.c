/* SPDX-License-Identifier: BSD-3-Clause */
/* Records: taken, timed by a wheel, ended, and kept from use until nobody can see them. */
#include <rte_common.h>

#include "conntrack/index.h"

#define EVICT_LOOKS 32 /* records that are asked whether they can give way */
#define EXPIRE_STEP 32 /* that are ended between two looks at the lock */

void
xd_ct_records_init(struct xd_ct *ct)
{
	for (uint32_t conn = ct->nb_records - 1; conn > CT_NONE; conn--) {
		struct ct_shard *s = ct_shard_of(ct, conn);

		ct->infos[conn].next = s->free;
		s->free = conn;
		s->nb_free++;
	}
}

/* The wheel, under the shard's lock. A slot is a second; what is due later than a turn of the wheel
 * is looked at when that comes round, and put off again. after: not in the slot of this tick. */

static uint64_t
tick_of(const struct xd_ct *ct, uint32_t conn, uint64_t now_ms)
{
	const uint32_t expires = ct_load(&ct->conns[conn].expires);
	const uint64_t at = now_ms + (uint64_t)(int64_t)(int32_t)(expires - (uint32_t)now_ms);

	return (at >> CT_TICK_BITS) + 1;
}

/* due is written under the lock, and read without by xd_ct_hasten. */
static void
set_due(struct ct_info *info, uint64_t due)
{
	__atomic_store_n(&info->due, due, __ATOMIC_RELAXED);
}

static void
link_record(struct xd_ct *ct, struct ct_shard *s, uint32_t conn, uint64_t after, uint64_t now_ms)
{
	struct ct_info *info = &ct->infos[conn];
	uint32_t *slot;

	set_due(info, RTE_MIN(RTE_MAX(tick_of(ct, conn, now_ms), after + 1), s->swept + CT_SLOTS));
	s->nb_linked++;
	slot = &s->slot[info->due % CT_SLOTS];
	info->prev = CT_NONE;
	info->next = *slot;
	if (*slot)
		ct->infos[*slot].prev = conn;
	*slot = conn;
}

static void
unlink_record(struct xd_ct *ct, struct ct_shard *s, uint32_t conn)
{
	struct ct_info *info = &ct->infos[conn];

	if (info->due == 0)
		return;
	if (info->prev)
		ct->infos[info->prev].next = info->next;
	else
		s->slot[info->due % CT_SLOTS] = info->next;
	if (info->next)
		ct->infos[info->next].prev = info->prev;
	set_due(info, 0);
	s->nb_linked--;
}

/* Those in limbo that no call has seen which still runs are free. Under the shard's lock. */
static void
reclaim(struct xd_ct *ct, struct ct_shard *s)
{
	uint64_t oldest;

	if (!s->limbo_first)
		return;
	oldest = __atomic_add_fetch(&ct->epoch, 1, __ATOMIC_SEQ_CST);
	for (unsigned w = 0; w <= XD_MAX_WORKERS; w++) {
		const uint64_t epoch = __atomic_load_n(&ct->worker[w].epoch, __ATOMIC_SEQ_CST);

		if (epoch && epoch < oldest)
			oldest = epoch;
	}
	while (s->limbo_first && ct->infos[s->limbo_first].epoch < oldest) {
		const uint32_t conn = s->limbo_first;

		s->limbo_first = ct->infos[conn].next;
		ct->infos[conn].next = s->free;
		s->free = conn;
		s->nb_free++;
	}
}

static bool
can_give_way(uint32_t flags)
{
	const uint32_t state = flags & CT_TCP_STATE;

	if (!(flags & CT_LIVE) || (flags & CT_MAPPING))
		return false;
	return !(flags & CT_ASSURED) || (state >= CT_TCP_LAST_ACK && state <= CT_TCP_CLOSE);
}

/* Ends one of some records from all over the table, whose misses are waited for together. */
static bool
evict(struct xd_ct *ct, struct ct_shard *s)
{
	const uint32_t from = __atomic_fetch_add(&s->cursor, EVICT_LOOKS, __ATOMIC_RELAXED);
	uint32_t conn[EVICT_LOOKS];

	for (uint32_t i = 0; i < EVICT_LOOKS; i++) {
		conn[i] = 1 + (from + i) * 0x9e3779b1u % (ct->nb_records - 1);
		__builtin_prefetch(&ct->conns[conn[i]], 1);
	}
	for (uint32_t i = 0; i < EVICT_LOOKS; i++) {
		if (can_give_way(ct_load(&ct->conns[conn[i]].flags)) &&
			xd_ct_kill(ct, conn[i], &ct->evicted))
			return true;
	}
	return false;
}

static uint32_t
take_from(struct xd_ct *ct, struct ct_shard *s, uint64_t now_ms, uint32_t timeout_ms)
{
	uint32_t conn;

	rte_spinlock_lock(&s->lock);
	if (!s->free)
		reclaim(ct, s);
	conn = s->free;
	if (conn) {
		s->free = ct->infos[conn].next;
		s->nb_free--;
		ct_store(&ct->conns[conn].flags, 0);
		ct_store(&ct->conns[conn].expires, (uint32_t)now_ms + timeout_ms);
		if (s->nb_linked == 0)
			s->swept = now_ms >> CT_TICK_BITS;
		link_record(ct, s, conn, s->swept, now_ms);
	}
	rte_spinlock_unlock(&s->lock);
	return conn;
}

uint32_t
xd_ct_take(struct xd_ct *ct, unsigned worker, uint64_t now_ms, uint32_t timeout_ms)
{
	uint32_t conn = CT_NONE;

	if (__atomic_add_fetch(&ct->count, 1, __ATOMIC_RELAXED) > ct->max &&
		!evict(ct, &ct->shard[worker & (ct->nb_shards - 1)]))
		goto err_full;
	for (unsigned i = 0; !conn && i < ct->nb_shards; i++)
		conn = take_from(
			ct, &ct->shard[(worker + i) & (ct->nb_shards - 1)], now_ms, timeout_ms);
	if (conn)
		return conn;
err_full:
	__atomic_fetch_sub(&ct->count, 1, __ATOMIC_RELAXED);
	ct_count(&ct->full);
	return CT_NONE;
}

static void
put_in_limbo(struct xd_ct *ct, uint32_t conn)
{
	struct ct_shard *s = ct_shard_of(ct, conn);
	struct ct_info *info = &ct->infos[conn];

	rte_spinlock_lock(&s->lock);
	unlink_record(ct, s, conn);
	/* What has left the index is seen to have by calls of later epochs. */
	info->epoch = __atomic_add_fetch(&ct->epoch, 0, __ATOMIC_SEQ_CST);
	info->next = CT_NONE;
	if (s->limbo_first)
		ct->infos[s->limbo_last].next = conn;
	else
		s->limbo_first = conn;
	s->limbo_last = conn;
	rte_spinlock_unlock(&s->lock);
}

void
xd_ct_abandon(struct xd_ct *ct, uint32_t conn)
{
	xd_ct_remove(ct, conn);
	__atomic_fetch_sub(&ct->count, 1, __ATOMIC_RELAXED);
	put_in_limbo(ct, conn);
}

bool
xd_ct_kill(struct xd_ct *ct, uint32_t conn, uint64_t *reason)
{
	struct ct_conn *c = &ct->conns[conn];
	const uint32_t flags = __atomic_fetch_and(&c->flags, ~(uint32_t)CT_LIVE, __ATOMIC_ACQ_REL);
	uint32_t mapping;

	if (!(flags & CT_LIVE))
		return false;
	mapping = ct->infos[conn].mapping;
	xd_ct_remove(ct, conn);
	if (!(flags & CT_MAPPING))
		__atomic_fetch_sub(&ct->zone_count[ct_key_zone(c->key[0])], 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&ct->count, 1, __ATOMIC_RELAXED);
	put_in_limbo(ct, conn);
	if (reason)
		ct_count(reason);
	if (mapping)
		xd_ct_mapping_release(ct, mapping);
	return true;
}

void
xd_ct_hasten(struct xd_ct *ct, uint32_t conn, uint64_t now_ms)
{
	struct ct_shard *s = ct_shard_of(ct, conn);

	/* What is looked at before needs no lock: it is put where it belongs then. */
	if (__atomic_load_n(&ct->infos[conn].due, __ATOMIC_RELAXED) <= tick_of(ct, conn, now_ms))
		return;
	rte_spinlock_lock(&s->lock);
	if (ct->infos[conn].due) {
		unlink_record(ct, s, conn);
		link_record(ct, s, conn, s->swept, now_ms);
	}
	rte_spinlock_unlock(&s->lock);
}

/* A mapping lives as long as it has connections. What was taken and is not yet in the index is not
 * over either. */
static bool
is_due(struct xd_ct *ct, uint32_t conn, uint64_t now_ms)
{
	struct ct_conn *c = &ct->conns[conn];
	const uint32_t flags = ct_load(&c->flags);

	if (flags & CT_MAPPING)
		ct_store(&c->expires, (uint32_t)now_ms + CT_NEVER_MS);
	return (flags & CT_LIVE) && ct_is_over(c, now_ms);
}

/* Takes up to EXPIRE_STEP records whose time is over out of the wheel, and puts off those that it
 * comes by whose is not. */
static unsigned
collect(struct xd_ct *ct, struct ct_shard *s, uint32_t *over, uint64_t now_ms)
{
	const uint64_t now = now_ms >> CT_TICK_BITS;
	unsigned n = 0;

	if (now > s->swept + CT_SLOTS)
		s->swept = now - CT_SLOTS;
	for (unsigned looks = 0; s->swept < now && looks < 2 * EXPIRE_STEP && n < EXPIRE_STEP;) {
		const uint32_t conn = s->slot[(s->swept + 1) % CT_SLOTS];

		if (conn == CT_NONE) {
			s->swept++;
			continue;
		}
		looks++;
		unlink_record(ct, s, conn);
		if (is_due(ct, conn, now_ms))
			over[n++] = conn;
		else
			link_record(ct, s, conn, s->swept + 1, now_ms);
	}
	return n;
}

/* One step of a shard; false: there is nothing more to do in it, or another worker is at it. */
static bool
expire_shard(struct xd_ct *ct, struct ct_shard *s, unsigned *removed, uint64_t now_ms)
{
	uint32_t over[EXPIRE_STEP];
	unsigned n;
	bool more;

	if (!rte_spinlock_trylock(&s->lock))
		return false;
	reclaim(ct, s);
	n = collect(ct, s, over, now_ms);
	more = s->nb_linked && s->swept < now_ms >> CT_TICK_BITS;
	rte_spinlock_unlock(&s->lock);
	for (unsigned i = 0; i < n; i++)
		*removed += xd_ct_kill(ct, over[i], &ct->expired);
	return more;
}

unsigned
xd_ct_expire(struct xd_ct *ct, unsigned worker, unsigned max, uint64_t now_ms)
{
	unsigned removed = 0;

	for (unsigned i = 0; i < ct->nb_shards && removed < max; i++) {
		struct ct_shard *s = &ct->shard[(worker + i) & (ct->nb_shards - 1)];

		while (expire_shard(ct, s, &removed, now_ms) && removed < max)
			;
	}
	return removed;
}
