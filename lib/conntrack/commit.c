/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection is remembered: the record is filled in, and its tuples come into the index under the
 * locks of their stripes, unless another worker was first. */
#include <errno.h>

#include "conntrack/index.h"

static bool
enter_zone(struct xd_ct *ct, uint16_t zone)
{
	const uint32_t limit = ct_load(&ct->zone_limit[zone]);
	const uint32_t n = __atomic_add_fetch(&ct->zone_count[zone], 1, __ATOMIC_RELAXED);

	return limit == 0 || n <= limit;
}

static void
leave_zone(struct xd_ct *ct, uint16_t zone)
{
	__atomic_fetch_sub(&ct->zone_count[zone], 1, __ATOMIC_RELAXED);
}

/* Nobody finds the record yet. reply: NULL if nothing is translated. */
static uint32_t
fill(struct xd_ct *ct, uint32_t conn, const struct xd_ct_packet *p, const struct xd_ct_commit *c,
	const struct ct_lookup *reply, uint32_t mapping)
{
	struct ct_conn *r = &ct->conns[conn];
	struct ct_info *info = &ct->infos[conn];
	const bool back = reply ? reply->swapped : !p->swapped;
	uint32_t flags = 0;

	memcpy(r->key[0], p->key, sizeof(r->key[0]));
	memcpy(r->key[1], reply ? reply->key : p->key, sizeof(r->key[1]));
	if (ct_key_is_ipv6(p->key)) {
		memcpy(ct->addresses[conn].of[0], p->addr, 32);
		memcpy(ct->addresses[conn].of[1], reply ? reply->addr : p->addr, 32);
	}
	if (p->kind == CT_KIND_TCP)
		flags = xd_ct_tcp_begin(r, p);
	flags |= (p->swapped ? CT_SWAPPED(0) : 0) | (back ? CT_SWAPPED(1) : 0) |
		 (reply ? CT_TRANSLATED : 0) | (c->mark ? CT_MARKED : 0);
	ct_store(&r->flags, flags);
	memcpy(info->label, c->label, sizeof(info->label));
	ct_store(&info->mark, c->mark);
	info->mapping = mapping;
	if (ct->counters)
		ct->counters[conn] = (struct ct_counters){{0}, {0}};
	return flags;
}

/* 0; -EEXIST: somebody else was first; -EADDRINUSE, -ENOSPC. */
static int
publish(struct xd_ct *ct, uint32_t conn, uint32_t flags, const struct ct_lookup *l,
	const struct ct_lookup *reply, uint64_t now_ms)
{
	uint32_t others;
	int rc = 0, d;

	xd_ct_lock(ct, l, reply);
	if (xd_ct_find(ct, l, now_ms, &others, &d))
		rc = -EEXIST;
	else if (reply && xd_ct_find(ct, reply, now_ms, &others, &d))
		rc = -EADDRINUSE;
	else if (!xd_ct_insert(ct, l, conn) || (reply && !xd_ct_insert(ct, reply, conn)))
		rc = -ENOSPC;
	else
		__atomic_store_n(&ct->conns[conn].flags, flags | CT_LIVE, __ATOMIC_RELEASE);
	xd_ct_unlock(ct, l, reply);
	return rc;
}

/* Another worker has committed the same, by a frame that came at the same time: this one is of that
 * connection. */
static void
join(struct xd_ct *ct, struct xd_ct_packet *p, const struct ct_lookup *l, uint64_t now_ms)
{
	uint32_t flags;
	int d;
	const uint32_t conn = xd_ct_find(ct, l, now_ms, &flags, &d);

	if (conn)
		xd_ct_judge(ct, p, conn, flags, d, now_ms);
}

/* A later fragment begins nothing, but its first may have been committed since it was tracked: they
 * often come in one burst. */
static int
join_first(struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p, uint64_t now_ms)
{
	struct ct_lookup l;

	ct_lookup_packet(p, &l);
	ct_enter(ct, worker);
	join(ct, p, &l, now_ms);
	ct_leave(ct, worker);
	return p->known ? 0 : -EINVAL;
}

static int
commit(struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p, const struct xd_ct_commit *c,
	uint64_t now_ms)
{
	const bool translate = c->src || c->dst;
	const uint32_t first = p->kind == CT_KIND_TCP ? CT_TCP_SYN_SENT : 0;
	struct ct_lookup l, reply;
	uint32_t conn, flags, mapping = CT_NONE;
	uint8_t addr[32];
	int rc = 0;

	ct_lookup_packet(p, &l);
	if (translate)
		rc = xd_ct_translated(ct, worker, p, c, now_ms, &reply, addr, &mapping);
	if (rc)
		return rc;
	conn = xd_ct_take(ct, worker, now_ms,
		ct_load(&ct->timeout_ms[xd_ct_timeout_of(p->kind, NULL, first)]));
	if (conn == CT_NONE) {
		rc = -ENOSPC;
		goto err_mapping;
	}
	flags = fill(ct, conn, p, c, translate ? &reply : NULL, mapping);
	rc = publish(ct, conn, flags, &l, translate ? &reply : NULL, now_ms);
	if (rc)
		goto err_record;
	xd_ct_describe(ct, p, conn, flags, 0);
	ct_count(&ct->committed);
	return 0;

err_record:
	xd_ct_abandon(ct, conn);
err_mapping:
	if (mapping)
		xd_ct_mapping_release(ct, mapping);
	if (rc == -EEXIST) {
		join(ct, p, &l, now_ms);
		return p->known ? -EEXIST : -EINVAL;
	}
	return rc;
}

int
xd_ct_commit(struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p,
	const struct xd_ct_commit *c, uint64_t now_ms)
{
	static const struct xd_ct_commit plain;
	int rc;

	if (p->state != XD_CT_NEW)
		return -EINVAL;
	if (p->known)
		return 0;
	if (p->kind == CT_KIND_PART)
		return join_first(ct, worker, p, now_ms);
	if (!enter_zone(ct, p->zone)) {
		leave_zone(ct, p->zone);
		ct_count(&ct->limited);
		return -EDQUOT;
	}
	ct_enter(ct, worker);
	rc = commit(ct, worker, p, c ? c : &plain, now_ms);
	ct_leave(ct, worker);
	if (rc)
		leave_zone(ct, p->zone);
	if (rc == -EADDRINUSE)
		ct_count(&ct->exhausted);
	return rc == -EEXIST ? 0 : rc;
}

int
xd_ct_set_mark(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint32_t mark)
{
	uint32_t conn;

	ct_enter(ct, worker);
	conn = ct_record_of(ct, p);
	if (conn) {
		ct_store(&ct->infos[conn].mark, mark);
		__atomic_fetch_or(&ct->conns[conn].flags, CT_MARKED, __ATOMIC_RELAXED);
	}
	ct_leave(ct, worker);
	return conn ? 0 : -ENOENT;
}

int
xd_ct_set_label(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const uint8_t label[XD_CT_LABEL])
{
	_Alignas(8) uint8_t copy[XD_CT_LABEL];
	uint32_t conn;

	memcpy(copy, label, sizeof(copy));
	ct_enter(ct, worker);
	conn = ct_record_of(ct, p);
	if (conn)
		ct_copy_label(ct->infos[conn].label, copy);
	ct_leave(ct, worker);
	return conn ? 0 : -ENOENT;
}

int
xd_ct_label(
	struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint8_t label[XD_CT_LABEL])
{
	_Alignas(8) uint8_t copy[XD_CT_LABEL] = {0};
	uint32_t conn;

	ct_enter(ct, worker);
	conn = ct_record_of(ct, p);
	if (conn)
		ct_copy_label(copy, ct->infos[conn].label);
	ct_leave(ct, worker);
	memcpy(label, copy, sizeof(copy));
	return conn ? 0 : -ENOENT;
}
