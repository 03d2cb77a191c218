/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of every frame: tuples are hashed and their buckets asked for, then the records that
 * these name, then each is judged, so that the misses of a burst are waited for together.
 */
#include <rte_branch_prediction.h>

#include "conntrack/index.h"

static bool
is_looked_up(const struct xd_ct_packet *p)
{
	return p->kind >= CT_KIND_TCP;
}

static void
without_record(const struct xd_ct *ct, struct xd_ct_packet *p)
{
	static const uint8_t states[] = {
		[CT_KIND_NONE] = XD_CT_UNTRACKED,
		[CT_KIND_BAD] = XD_CT_INVALID,
		[CT_KIND_FRAGMENT] = XD_CT_FRAGMENT,
		[CT_KIND_TCP] = XD_CT_INVALID,
		[CT_KIND_UDP] = XD_CT_NEW,
		[CT_KIND_QUERY] = XD_CT_NEW,
		[CT_KIND_ANSWER] = XD_CT_INVALID,
		[CT_KIND_ERROR] = XD_CT_INVALID,
		[CT_KIND_OTHER] = XD_CT_NEW,
		[CT_KIND_PART] = XD_CT_NEW,
	};

	p->state = states[p->kind];
	if (p->kind == CT_KIND_TCP && xd_ct_tcp_begins(ct, p))
		p->state = XD_CT_NEW;
}

enum xd_ct_timeout
xd_ct_timeout_of(uint8_t kind, const struct ct_conn *c, uint32_t flags)
{
	if (kind == CT_KIND_TCP)
		return xd_ct_tcp_timeout(c, flags);
	if (kind == CT_KIND_UDP && (flags & CT_ASSURED))
		return XD_CT_TIMEOUT_UDP_STREAM;
	if (kind == CT_KIND_UDP)
		return flags & CT_ANSWERED ? XD_CT_TIMEOUT_UDP_REPLIED : XD_CT_TIMEOUT_UDP;
	if (kind == CT_KIND_OTHER)
		return flags & CT_ANSWERED ? XD_CT_TIMEOUT_OTHER_REPLIED : XD_CT_TIMEOUT_OTHER;
	return XD_CT_TIMEOUT_ICMP;
}

/* Written once a second at most where nothing else changes: the line is shared. */
static void
refresh(struct xd_ct *ct, uint32_t conn, enum xd_ct_timeout which, uint64_t now_ms)
{
	struct ct_conn *c = &ct->conns[conn];
	const uint32_t until = (uint32_t)now_ms + ct_load(&ct->timeout_ms[which]);
	const int32_t ahead = (int32_t)(ct_load(&c->expires) - until);

	if (likely(ahead >= 0 && ahead <= CT_SLACK_MS))
		return;
	ct_store(&c->expires, until + CT_SLACK_MS);
	if (ahead > 0)
		xd_ct_hasten(ct, conn, now_ms);
}

/* Replaces the word's bits that this packet's judge has changed, and leaves those of others. */
static bool
change_flags(struct ct_conn *c, uint32_t before, uint32_t after)
{
	uint32_t now = before;

	while (!__atomic_compare_exchange_n(&c->flags, &now,
		(now & ~(before ^ after)) | (after & (before ^ after)), false, __ATOMIC_RELAXED,
		__ATOMIC_RELAXED)) {
		if (!(now & CT_LIVE))
			return false;
	}
	return true;
}

static void
set_translation(
	const struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d)
{
	const struct ct_conn *c = &ct->conns[conn];

	p->translate = true;
	memcpy(p->to, c->key[!d], sizeof(p->to));
	p->to_swapped = !(flags & CT_SWAPPED(!d));
	if (ct_key_is_ipv6(p->key))
		memcpy(p->to_addr, ct->addresses[conn].of[!d], sizeof(p->to_addr));
}

static uint32_t
answered(uint8_t kind, uint32_t flags, int d)
{
	if (d)
		return flags | CT_ANSWERED;
	/* A second question after an answer: more than an exchange. */
	if ((flags & CT_ANSWERED) && (kind == CT_KIND_UDP || kind == CT_KIND_OTHER))
		return flags | CT_ASSURED;
	return flags;
}

static inline void
describe(const struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d)
{
	const struct ct_info *info = &ct->infos[conn];

	p->known = true;
	p->reply = d;
	p->conn = conn;
	if (unlikely(flags & CT_TRANSLATED))
		set_translation(ct, p, conn, flags, d);
	if (unlikely(flags & CT_MARKED))
		p->mark = ct_load(&info->mark);
}

/* false: the packet is no packet of the connection, or not any more. */
static bool
update(struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t *flags, int d,
	uint64_t now_ms)
{
	struct ct_conn *c = &ct->conns[conn];
	uint32_t after = answered(p->kind, *flags, d);

	if (p->kind == CT_KIND_TCP) {
		const enum ct_tcp_verdict verdict = xd_ct_tcp_judge(ct, c, p, &after, d);

		if (unlikely(verdict == CT_TCP_INVALID)) {
			p->state = XD_CT_INVALID;
			return false;
		}
		if (unlikely(verdict == CT_TCP_REOPEN)) {
			xd_ct_kill(ct, conn, NULL);
			without_record(ct, p);
			return false;
		}
	}
	if (unlikely(after != *flags) && !change_flags(c, *flags, after)) {
		without_record(ct, p);
		return false;
	}
	refresh(ct, conn, xd_ct_timeout_of(p->kind, c, after), now_ms);
	*flags = after;
	return true;
}

void
xd_ct_describe(const struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d)
{
	describe(ct, p, conn, flags, d);
}

static inline void
judge(struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d,
	uint64_t now_ms)
{
	if (p->kind == CT_KIND_ERROR) {
		p->state = XD_CT_RELATED;
	} else {
		if (p->kind != CT_KIND_PART && unlikely(!update(ct, p, conn, &flags, d, now_ms)))
			return;
		p->state = flags & CT_ANSWERED ? XD_CT_ESTABLISHED : XD_CT_NEW;
	}
	describe(ct, p, conn, flags, d);
}

void
xd_ct_judge(struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d,
	uint64_t now_ms)
{
	judge(ct, p, conn, flags, d, now_ms);
}

/* The record that the first bucket names for the tag: nearly always the one. */
static uint32_t
likely_record(const struct xd_ct *ct, const struct xd_ct_packet *p)
{
	const struct ct_bucket *bucket = &ct->buckets[ct_first(ct, p->place)];
	const uint32_t match = ct_bucket_match(bucket, p->tag);

	return match ? ct_bucket_conn(bucket, (unsigned)__builtin_ctz(match)) : CT_NONE;
}

/* The first record that had the tag was not its. */
static uint32_t
find_elsewhere(const struct xd_ct *ct, const struct xd_ct_packet *p, uint64_t now_ms,
	uint32_t *flags, int *d)
{
	struct ct_lookup l;

	ct_lookup_packet(p, &l);
	return xd_ct_find(ct, &l, now_ms, flags, d);
}

static void
track_one(struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint64_t now_ms)
{
	uint32_t flags = 0;
	int d = -1;

	if (likely(conn != CT_NONE)) {
		flags = __atomic_load_n(&ct->conns[conn].flags, __ATOMIC_ACQUIRE);
		if (likely(flags & CT_LIVE) && !ct_is_over(&ct->conns[conn], now_ms))
			d = ct_direction_of(ct, conn, flags, p);
	}
	if (unlikely(d < 0))
		conn = find_elsewhere(ct, p, now_ms, &flags, &d);
	if (conn == CT_NONE)
		without_record(ct, p);
	else
		judge(ct, p, conn, flags, d, now_ms);
}

void
xd_ct_track(struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p, unsigned n, uint64_t now_ms)
{
	uint32_t conn[XD_BATCH];

	if (n > XD_BATCH)
		n = XD_BATCH;
	ct_enter(ct, worker);
	for (unsigned i = 0; i < n; i++) {
		if (!is_looked_up(&p[i]))
			continue;
		ct_hash(ct, p[i].key, p[i].addr, &p[i].place, &p[i].tag);
		__builtin_prefetch(&ct->buckets[ct_first(ct, p[i].place)]);
	}
	for (unsigned i = 0; i < n; i++) {
		conn[i] = CT_NONE;
		if (!is_looked_up(&p[i]))
			continue;
		conn[i] = likely_record(ct, &p[i]);
		__builtin_prefetch(&ct->conns[conn[i]], 1);
		if (ct_key_is_ipv6(p[i].key))
			__builtin_prefetch(&ct->addresses[conn[i]]);
	}
	for (unsigned i = 0; i < n; i++) {
		if (is_looked_up(&p[i]))
			track_one(ct, &p[i], conn[i], now_ms);
		else
			without_record(ct, &p[i]);
	}
	ct_leave(ct, worker);
}
