/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections for people, and those that are to be forgotten: by a filter. */
#include "conntrack/index.h"

#define STEP 1024 /* records in one call, so that what ends meanwhile can be used anew */

static bool
has_endpoint(const struct xd_ct_tuple *t, const struct xd_ct_filter *f)
{
	const size_t len = f->ipv6 ? 16 : 4;
	const uint16_t port = __builtin_bswap16(f->port);

	if (f->addr && t->ipv6 != f->ipv6)
		return false;
	if ((!f->addr || !memcmp(t->src, f->addr, len)) && (!f->port || t->src_port == port))
		return true;
	return (!f->addr || !memcmp(t->dst, f->addr, len)) && (!f->port || t->dst_port == port);
}

static bool
passes(const struct xd_ct_record *r, const struct xd_ct_filter *f)
{
	if (f == NULL)
		return true;
	if ((f->zone && r->original.zone != *f->zone) ||
		(f->proto && r->original.proto != f->proto))
		return false;
	if ((r->mark & f->mark_mask) != (f->mark & f->mark_mask))
		return false;
	return has_endpoint(&r->original, f) || has_endpoint(&r->reply, f);
}

/* false: none that is live. */
static bool
read_record(const struct xd_ct *ct, uint32_t conn, uint64_t now_ms, struct xd_ct_record *r)
{
	const struct ct_conn *c = &ct->conns[conn];
	const struct ct_addresses *a = &ct->addresses[conn];
	const uint32_t flags = __atomic_load_n(&c->flags, __ATOMIC_ACQUIRE);

	if (!(flags & CT_LIVE) || (flags & CT_MAPPING))
		return false;
	xd_ct_tuple_of(c->key[0], a->of[0], flags & CT_SWAPPED(0), &r->original);
	xd_ct_tuple_of(c->key[1], a->of[1], flags & CT_SWAPPED(1), &r->reply);
	r->state = flags & CT_TCP_STATE ? xd_ct_tcp_state_name(flags) : "";
	r->answered = flags & CT_ANSWERED;
	r->assured = flags & CT_ASSURED;
	r->translated = flags & CT_TRANSLATED;
	r->mark = ct_load(&ct->infos[conn].mark);
	ct_copy_label(r->label, ct->infos[conn].label);
	xd_ct_counters_read(ct, conn, r);
	r->expires_s = (ct_load(&c->expires) - (uint32_t)now_ms) / 1000;
	return true;
}

/* Those of a step; *told: how many were. false: enough. */
static bool
step(struct xd_ct *ct, uint32_t from, const struct xd_ct_filter *filter, uint64_t now_ms,
	bool (*fn)(void *ctx, const struct xd_ct_record *record), void *ctx, uint32_t *told)
{
	const uint32_t end = ct->nb_records - from < STEP ? ct->nb_records : from + STEP;
	struct xd_ct_record r;

	for (uint32_t conn = from; conn < end; conn++) {
		if (!read_record(ct, conn, now_ms, &r) || ct_is_over(&ct->conns[conn], now_ms) ||
			!passes(&r, filter))
			continue;
		++*told;
		if (!fn(ctx, &r))
			return false;
	}
	return true;
}

uint32_t
xd_ct_snapshot(struct xd_ct *ct, const struct xd_ct_filter *filter, uint64_t now_ms,
	bool (*fn)(void *ctx, const struct xd_ct_record *record), void *ctx)
{
	uint32_t told = 0;
	bool more = true;

	pthread_mutex_lock(&ct->control);
	for (uint32_t from = CT_NONE + 1; more && from < ct->nb_records; from += STEP) {
		ct_enter(ct, CT_CONTROL);
		more = step(ct, from, filter, now_ms, fn, ctx, &told);
		ct_leave(ct, CT_CONTROL);
	}
	pthread_mutex_unlock(&ct->control);
	return told;
}

uint32_t
xd_ct_flush(struct xd_ct *ct, const struct xd_ct_filter *filter)
{
	struct xd_ct_record r;
	uint32_t n = 0;

	pthread_mutex_lock(&ct->control);
	for (uint32_t conn = CT_NONE + 1; conn < ct->nb_records; conn++) {
		ct_enter(ct, CT_CONTROL);
		if (read_record(ct, conn, 0, &r) && passes(&r, filter))
			n += xd_ct_kill(ct, conn, &ct->flushed);
		ct_leave(ct, CT_CONTROL);
	}
	pthread_mutex_unlock(&ct->control);
	return n;
}
