/* SPDX-License-Identifier: BSD-3-Clause */
/* The index: from a tuple to its record, with two buckets for each tuple. */
#include "conntrack/index.h"

static uint32_t
find_in(const struct xd_ct *ct, uint32_t at, const struct ct_lookup *l, uint64_t now_ms,
	uint32_t *flags, int *d)
{
	const struct ct_bucket *bucket = &ct->buckets[at];

	for (uint32_t match = ct_bucket_match(bucket, l->tag); match; match &= match - 1) {
		const uint32_t conn = ct_bucket_conn(bucket, (unsigned)__builtin_ctz(match));

		if (conn == CT_NONE)
			continue;
		*flags = __atomic_load_n(&ct->conns[conn].flags, __ATOMIC_ACQUIRE);
		if (!(*flags & CT_LIVE) || ct_is_over(&ct->conns[conn], now_ms))
			continue;
		*d = ct_direction(ct, conn, *flags, l->key, l->addr, l->swapped);
		if (*d >= 0)
			return conn;
	}
	return CT_NONE;
}

uint32_t
xd_ct_find(
	const struct xd_ct *ct, const struct ct_lookup *l, uint64_t now_ms, uint32_t *flags, int *d)
{
	uint32_t conn = find_in(ct, ct_first(ct, l->place), l, now_ms, flags, d);

	return conn ? conn : find_in(ct, ct_second(ct, l->place), l, now_ms, flags, d);
}

static unsigned
stripe_of(const struct ct_lookup *l)
{
	/* Bits that name no bucket, but in the largest tables. */
	return (unsigned)(l->place >> 54) % CT_STRIPES;
}

void
xd_ct_lock(struct xd_ct *ct, const struct ct_lookup *a, const struct ct_lookup *b)
{
	const unsigned first = stripe_of(a), second = b ? stripe_of(b) : first;

	rte_spinlock_lock(&ct->stripe[first < second ? first : second]);
	if (first != second)
		rte_spinlock_lock(&ct->stripe[first < second ? second : first]);
}

void
xd_ct_unlock(struct xd_ct *ct, const struct ct_lookup *a, const struct ct_lookup *b)
{
	const unsigned first = stripe_of(a), second = b ? stripe_of(b) : first;

	rte_spinlock_unlock(&ct->stripe[first]);
	if (first != second)
		rte_spinlock_unlock(&ct->stripe[second]);
}

static unsigned
used(const struct ct_bucket *bucket)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CT_WAYS; i++)
		n += ct_load(&bucket->conn[i]) != CT_NONE;
	return n;
}

/* Tuples of other stripes share the bucket: a place is taken by exchange, and shows its tag then.
 */
static bool
insert_in(struct ct_bucket *bucket, uint32_t tag, uint32_t conn)
{
	for (unsigned i = 0; i < CT_WAYS; i++) {
		uint32_t none = CT_NONE;

		if (ct_load(&bucket->conn[i]) == CT_NONE &&
			__atomic_compare_exchange_n(&bucket->conn[i], &none, conn, false,
				__ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
			__atomic_store_n(&bucket->tag[i], tag, __ATOMIC_RELEASE);
			return true;
		}
	}
	return false;
}

/* Into the first bucket while that has room to spare, so that most are found there; else into the
 * emptier one. Half full, practically no tuple finds both full. */
bool
xd_ct_insert(struct xd_ct *ct, const struct ct_lookup *l, uint32_t conn)
{
	struct ct_bucket *first = &ct->buckets[ct_first(ct, l->place)];
	struct ct_bucket *second = &ct->buckets[ct_second(ct, l->place)];
	const unsigned n = used(first);

	if (n >= CT_WAYS - 2 && used(second) < n) {
		struct ct_bucket *swap = first;

		first = second;
		second = swap;
	}
	return insert_in(first, l->tag, conn) || insert_in(second, l->tag, conn);
}

static void
remove_from(struct ct_bucket *bucket, uint32_t conn)
{
	for (unsigned i = 0; i < CT_WAYS; i++) {
		if (ct_load(&bucket->conn[i]) == conn) {
			ct_store(&bucket->tag[i], 0);
			__atomic_store_n(&bucket->conn[i], CT_NONE, __ATOMIC_RELEASE);
		}
	}
}

void
xd_ct_lookup_of(const struct xd_ct *ct, uint32_t conn, int d, struct ct_lookup *l)
{
	const struct ct_conn *c = &ct->conns[conn];

	*l = (struct ct_lookup){.key = {c->key[d][0], c->key[d][1]},
		.addr = ct->addresses[conn].of[d],
		.swapped = (ct_load(&c->flags) & CT_SWAPPED(d)) != 0};
	ct_hash(ct, l->key, l->addr, &l->place, &l->tag);
}

void
xd_ct_remove(struct xd_ct *ct, uint32_t conn)
{
	const bool two = ct_load(&ct->conns[conn].flags) & CT_TRANSLATED;

	for (int d = 0; d <= two; d++) {
		struct ct_lookup l;

		xd_ct_lookup_of(ct, conn, d, &l);
		remove_from(&ct->buckets[ct_first(ct, l.place)], conn);
		remove_from(&ct->buckets[ct_second(ct, l.place)], conn);
	}
}
