/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A full table: whose address goes so that another's may come.
 *
 * A port with more addresses than the newcomer's gives one up, as in Open vSwitch's mac-learning:
 * so a port that invents addresses pushes out its own alone once it has the most, and a port with
 * few is always learned. Which port has the most is not kept in order, which every learning would
 * pay for; of some entries looked at in places of the secret hash's choice, one of the heaviest
 * port is taken, and of those the one not seen for longest.
 */
#include "fdb/fdb.h"

#include "fdb/fdb_private.h"

#define SAMPLE_ENTRIES 16 /* live entries looked at, */
#define SAMPLE_BUCKETS 64 /* in so many buckets at most: all of the smallest table */

struct victim {
	struct xd_fdb_entry *slot;
	struct xd_fdb_entry entry;
	uint32_t count; /* addresses behind its port */
};

/* Whether an entry is to go rather than the one found so far. */
static bool
goes_first(const struct victim *v, struct xd_fdb_entry e, uint32_t count)
{
	if (v->slot == NULL || xd_fdb_entry_port(e) != xd_fdb_entry_port(v->entry))
		return count > v->count;
	return (int32_t)(xd_fdb_entry_seen_s(e) - xd_fdb_entry_seen_s(v->entry)) < 0;
}

/* Returns how many live entries the bucket has that may go. */
static unsigned
look(const struct xd_fdb *fdb, struct xd_fdb_bucket *bucket, struct victim *v)
{
	unsigned live = 0;

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&bucket->entries[i]);
		uint32_t count;

		if (!xd_fdb_entry_live(fdb, e) || xd_fdb_entry_is_static(e))
			continue;
		live++;
		count = xd_fdb_count_port(fdb, xd_fdb_entry_port(e));
		if (goes_first(v, e, count))
			*v = (struct victim){&bucket->entries[i], e, count};
	}
	return live;
}

bool
xd_fdb_nobody_heavier(const struct xd_fdb *fdb, uint16_t port)
{
	return xd_fdb_count_port(fdb, port) >= fdb->mac_limit / 2;
}

bool
xd_fdb_evict(struct xd_fdb *fdb, uint64_t hash, uint16_t port, uint64_t held)
{
	/* With the newcomer the port must not have more than the other: they would take from each
	 * other by turns. */
	struct victim v = {.count = xd_fdb_count_port(fdb, port)};
	uint64_t other;
	bool done;

	const uint32_t mask = __atomic_load_n(&fdb->mask, __ATOMIC_RELAXED);

	/* Bits that name neither of the key's own buckets in a table of usual size. */
	for (unsigned b = 0, seen = 0; b < SAMPLE_BUCKETS && seen < SAMPLE_ENTRIES; b++)
		seen += look(fdb, &fdb->buckets[((hash >> 20) + b) & mask], &v);
	if (v.slot == NULL)
		return false;
	other = xd_fdb_hash(fdb, v.entry.key);
	if (!xd_fdb_try_stripe(fdb, other, held))
		return false;
	done = xd_fdb_entry_live(fdb, v.entry) && xd_fdb_cas(v.slot, v.entry, xd_fdb_empty);
	if (done)
		xd_fdb_uncount(fdb, xd_fdb_entry_port(v.entry));
	xd_fdb_leave_stripe(fdb, other, held);
	return done;
}
