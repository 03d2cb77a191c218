/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams whose fragments are under way: a table of sets of a few each, by a keyed hash. */
#include "conntrack/fragments.h"

#include <errno.h>
#include <stddef.h>

#include <rte_common.h>

#include "base/sized.h"
#include "conntrack/index.h"
#include "conntrack/part.h"
#include "memory/memory.h"

#define WAYS          8u
#define MAX_DATAGRAMS (1u << 20)
#define TIMEOUT_MS    30000
#define EXPIRE_SETS   64 /* that one call looks at */

struct datagram {
	/* Addresses, protocol and identification in canonical order, and the order. */
	struct ct_lookup id;
	uint8_t addr[32];
	uint64_t born_ms;
	bool used, refused, has_first;
	uint8_t nb_parts, nb_kept;
	uint32_t end; /* of all of it; 0: not known */
	/* What the first fragment is. */
	uint8_t kind, swapped;
	uint64_t key[2];
	uint8_t tuple_addr[32];
	struct {
		uint16_t from, len;
	} parts[XD_CT_PARTS];
	void *kept[XD_CT_KEPT];
};

struct set {
	rte_spinlock_t lock;
	struct datagram way[WAYS];
};

struct xd_ct_fragments {
	struct xd_ct *ct;
	struct set *sets;
	uint32_t mask; /* sets less one */
	uint32_t max_kept, timeout_ms;
	void (*release)(void *ctx, void *kept);
	void *ctx;
	uint32_t kept, cursor;
	uint64_t refused, timed_out, not_kept, gave_way;
};

static size_t
table_bytes(const struct xd_ct_fragments *fr)
{
	return (fr->mask + 1ul) * sizeof(*fr->sets);
}

static int
read_opts(const struct xd_ct_fragments_opts *opts, struct xd_ct_fragments_opts *o,
	struct xd_error *err)
{
	const uint32_t least = offsetof(struct xd_ct_fragments_opts, ctx) + sizeof(o->ctx);
	int ret = xd_sized_take(o, sizeof(*o), opts, least, "the fragments' options", err);

	if (ret < 0)
		return ret;
	if (o->release == NULL)
		return xd_fail(err, -EINVAL, "release is NULL: it takes back what waited in vain");
	if (o->max_datagrams < 1 || o->max_datagrams > MAX_DATAGRAMS)
		return xd_fail(err, -EINVAL, "max_datagrams %u: it must be from 1 to %u",
			o->max_datagrams, MAX_DATAGRAMS);
	return 0;
}

struct xd_ct_fragments *
xd_ct_fragments_create(
	struct xd_ct *ct, const struct xd_ct_fragments_opts *opts, struct xd_error *err)
{
	struct xd_ct_fragments_opts o;
	struct xd_ct_fragments *fr;

	if (read_opts(opts, &o, err) < 0)
		return NULL;
	fr = xd_memory_alloc(sizeof(*fr), o.node);
	if (fr == NULL)
		goto err_memory;
	fr->ct = ct;
	fr->mask = rte_align32pow2(RTE_MAX(o.max_datagrams, WAYS)) / WAYS - 1;
	fr->max_kept = o.max_kept;
	fr->timeout_ms = o.timeout_ms ? o.timeout_ms : TIMEOUT_MS;
	fr->release = o.release;
	fr->ctx = o.ctx;
	fr->sets = xd_memory_alloc(table_bytes(fr), o.node);
	if (fr->sets == NULL)
		goto err_sets;
	return fr;

err_sets:
	xd_memory_free(fr, sizeof(*fr));
err_memory:
	xd_fail(err, -ENOMEM, "no memory for %u datagrams; free some or lower max_datagrams",
		o.max_datagrams);
	return NULL;
}

static void
release_kept(struct xd_ct_fragments *fr, struct datagram *d)
{
	for (unsigned i = 0; i < d->nb_kept; i++)
		fr->release(fr->ctx, d->kept[i]);
	__atomic_fetch_sub(&fr->kept, d->nb_kept, __ATOMIC_RELAXED);
	d->nb_kept = 0;
}

void
xd_ct_fragments_destroy(struct xd_ct_fragments *fr)
{
	if (fr == NULL)
		return;
	for (uint32_t s = 0; s <= fr->mask; s++) {
		for (unsigned i = 0; i < WAYS; i++)
			release_kept(fr, &fr->sets[s].way[i]);
	}
	xd_memory_free(fr->sets, table_bytes(fr));
	xd_memory_free(fr, sizeof(*fr));
}

static bool
is_datagram(const struct datagram *d, const struct ct_lookup *id)
{
	return d->used && d->id.key[0] == id->key[0] && d->id.key[1] == id->key[1] &&
	       d->id.swapped == id->swapped &&
	       (!ct_key_is_ipv6(id->key) || !memcmp(d->addr, id->addr, sizeof(d->addr)));
}

static struct set *
set_of(struct xd_ct_fragments *fr, uint64_t place)
{
	return &fr->sets[(uint32_t)place & fr->mask];
}

/* Under the set's lock; one whose time is over is none. */
static struct datagram *
find(struct xd_ct_fragments *fr, struct set *s, const struct ct_lookup *id, uint64_t now_ms)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct datagram *d = &s->way[i];

		if (is_datagram(d, id) && now_ms - d->born_ms < fr->timeout_ms)
			return d;
	}
	return NULL;
}

static void
forget(struct xd_ct_fragments *fr, struct datagram *d)
{
	__atomic_fetch_add(&fr->timed_out, d->nb_kept, __ATOMIC_RELAXED);
	release_kept(fr, d);
	d->used = false;
}

/* In the place of the oldest, if there is no other. */
static struct datagram *
add(struct xd_ct_fragments *fr, struct set *s, const struct ct_part *part, uint64_t now_ms)
{
	struct datagram *d = &s->way[0];

	for (unsigned i = 0; i < WAYS && d->used; i++) {
		if (!s->way[i].used || s->way[i].born_ms < d->born_ms)
			d = &s->way[i];
	}
	if (d->used && now_ms - d->born_ms < fr->timeout_ms)
		ct_count(&fr->gave_way);
	forget(fr, d);
	*d = (struct datagram){.used = true, .born_ms = now_ms, .id = part->id};
	memcpy(d->addr, part->addr, sizeof(d->addr));
	d->id.addr = d->addr;
	return d;
}

/* false: it cannot be of this datagram. */
static bool
add_part(struct datagram *d, const struct ct_part *part)
{
	const uint32_t end = part->from + part->len;

	if ((part->last && d->end && d->end != end) || (d->end && end > d->end))
		return false;
	for (unsigned i = 0; i < d->nb_parts; i++) {
		const uint32_t from = d->parts[i].from, other = from + d->parts[i].len;

		if (from == part->from && other == end)
			return part->last == (d->end == end);
		if (part->from < other && from < end)
			return false;
		if (part->last && other > end)
			return false;
	}
	if (d->nb_parts == XD_CT_PARTS)
		return false;
	d->parts[d->nb_parts].from = (uint16_t)part->from;
	d->parts[d->nb_parts++].len = (uint16_t)part->len;
	if (part->last)
		d->end = end;
	return true;
}

/* false: a second first fragment that says something else. */
static bool
set_first(struct datagram *d, const struct xd_ct_packet *p)
{
	const bool ipv6 = ct_key_is_ipv6(p->key);

	if (d->has_first)
		return d->kind == p->kind && d->swapped == p->swapped &&
		       !memcmp(d->key, p->key, sizeof(d->key)) &&
		       (!ipv6 || !memcmp(d->tuple_addr, p->addr, sizeof(d->tuple_addr)));
	d->has_first = true;
	d->kind = p->kind;
	d->swapped = p->swapped;
	memcpy(d->key, p->key, sizeof(d->key));
	if (ipv6)
		memcpy(d->tuple_addr, p->addr, sizeof(d->tuple_addr));
	return true;
}

static enum xd_ct_part
judge(struct datagram *d, const struct ct_part *part, struct xd_ct_packet *p)
{
	if (d->refused || !add_part(d, part))
		return XD_CT_PART_REFUSED;
	if (part->from == 0)
		return set_first(d, p) ? XD_CT_PART_FIRST : XD_CT_PART_REFUSED;
	if (d->has_first) {
		p->kind = CT_KIND_PART;
		p->swapped = d->swapped;
		memcpy(p->key, d->key, sizeof(p->key));
		memcpy(p->addr, d->tuple_addr, sizeof(p->addr));
		return XD_CT_PART_LATER;
	}
	p->swapped = part->id.swapped;
	memcpy(p->key, part->id.key, sizeof(p->key));
	memcpy(p->addr, part->addr, sizeof(p->addr));
	p->place = part->id.place;
	return XD_CT_PART_EARLY;
}

enum xd_ct_part
xd_ct_fragment(struct xd_ct_fragments *fr, struct xd_ct_packet *p, const struct xd_frame *f,
	const struct xd_headers *h, uint64_t now_ms)
{
	enum xd_ct_part what = XD_CT_PART_REFUSED;
	struct datagram *d;
	struct ct_part part;
	struct set *s;

	if (!h->fragment)
		return XD_CT_PART_NONE;
	/* A first fragment without its whole transport header hides it (RFC 1858), and none is an
	 * ICMP error. */
	if (p->kind == CT_KIND_BAD || p->kind == CT_KIND_ERROR ||
		!ct_part_read(fr->ct, f, h, p->zone, &part))
		goto refused;
	s = set_of(fr, part.id.place);
	rte_spinlock_lock(&s->lock);
	d = find(fr, s, &part.id, now_ms);
	if (d == NULL)
		d = add(fr, s, &part, now_ms);
	what = judge(d, &part, p);
	if (what == XD_CT_PART_REFUSED) {
		d->refused = true;
		release_kept(fr, d);
	}
	rte_spinlock_unlock(&s->lock);
	if (what != XD_CT_PART_REFUSED)
		return what;
refused:
	p->kind = CT_KIND_BAD;
	ct_count(&fr->refused);
	return XD_CT_PART_REFUSED;
}

int
xd_ct_fragment_keep(
	struct xd_ct_fragments *fr, const struct xd_ct_packet *p, void *kept, uint64_t now_ms)
{
	struct set *s = set_of(fr, p->place);
	struct ct_lookup id;
	struct datagram *d;
	int rc = 0;

	if (p->kind != CT_KIND_FRAGMENT)
		return -ENOENT;
	ct_lookup_packet(p, &id);
	rte_spinlock_lock(&s->lock);
	d = find(fr, s, &id, now_ms);
	if (d == NULL || d->refused)
		rc = -ENOENT;
	else if (d->has_first)
		rc = -EAGAIN;
	else if (d->nb_kept == XD_CT_KEPT || ct_load(&fr->kept) >= fr->max_kept)
		rc = -ENOSPC;
	if (rc == 0) {
		d->kept[d->nb_kept++] = kept;
		__atomic_fetch_add(&fr->kept, 1, __ATOMIC_RELAXED);
	}
	rte_spinlock_unlock(&s->lock);
	if (rc == -ENOSPC)
		ct_count(&fr->not_kept);
	return rc;
}

unsigned
xd_ct_fragment_take(struct xd_ct_fragments *fr, const struct xd_frame *f,
	const struct xd_headers *h, uint16_t zone, void *kept[XD_CT_KEPT], uint64_t now_ms)
{
	struct datagram *d;
	struct ct_part part;
	struct set *s;
	unsigned n = 0;

	if (!h->fragment || h->end != XD_HEADERS_WHOLE || !ct_part_read(fr->ct, f, h, zone, &part))
		return 0;
	s = set_of(fr, part.id.place);
	rte_spinlock_lock(&s->lock);
	d = find(fr, s, &part.id, now_ms);
	if (d && d->has_first) {
		n = d->nb_kept;
		memcpy(kept, d->kept, n * sizeof(*kept));
		__atomic_fetch_sub(&fr->kept, n, __ATOMIC_RELAXED);
		d->nb_kept = 0;
	}
	rte_spinlock_unlock(&s->lock);
	return n;
}

void
xd_ct_fragments_expire(struct xd_ct_fragments *fr, uint64_t now_ms)
{
	const uint32_t from = __atomic_fetch_add(&fr->cursor, EXPIRE_SETS, __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < RTE_MIN(fr->mask + 1, (uint32_t)EXPIRE_SETS); i++) {
		struct set *s = &fr->sets[(from + i) & fr->mask];

		if (!rte_spinlock_trylock(&s->lock))
			continue;
		for (unsigned w = 0; w < WAYS; w++) {
			struct datagram *d = &s->way[w];

			if (d->used && now_ms - d->born_ms >= fr->timeout_ms)
				forget(fr, d);
		}
		rte_spinlock_unlock(&s->lock);
	}
}

void
xd_ct_fragments_stats(const struct xd_ct_fragments *fr, struct xd_ct_fragments_stats *stats)
{
	*stats = (struct xd_ct_fragments_stats){
		.kept = ct_load(&fr->kept),
		.refused = __atomic_load_n(&fr->refused, __ATOMIC_RELAXED),
		.timed_out = __atomic_load_n(&fr->timed_out, __ATOMIC_RELAXED),
		.not_kept = __atomic_load_n(&fr->not_kept, __ATOMIC_RELAXED),
		.gave_way = __atomic_load_n(&fr->gave_way, __ATOMIC_RELAXED),
	};
}
