/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many buckets there are: see "Size" in fdb.h.
 *
 * Buckets are split and joined in small batches under all stripes' locks, so that nobody else
 * inserts, moves or removes meanwhile. Who looks up has no lock. An entry is copied first, then the
 * new number of buckets published, then the entry removed where it was: whoever has missed it there
 * finds that something has moved, and looks again.
 */
#include "fdb/fdb.h"

#include <rte_common.h>

#include "fdb/fdb_private.h"

#define BATCH  32u /* buckets split or joined at a time: few microseconds */
#define EMPTY  4u  /* buckets for an address, from which on half of them are too many */
#define BUCKET sizeof(struct xd_fdb_bucket)

static_assert(XD_FDB_BUCKETS_MIN * BUCKET % 4096 == 0, "the smallest table is whole pages");
static_assert(XD_FDB_BUCKETS_MIN % (2 * BATCH) == 0, "a doubling is whole batches");

uint32_t
xd_fdb_buckets_for(uint32_t mac_limit)
{
	/* Half full at its limit: then two displacements find a place for practically every key. */
	return rte_align32pow2(RTE_MAX(XD_FDB_BUCKETS_MIN, mac_limit / (XD_FDB_WAYS / 2)));
}

uint64_t
xd_fdb_find(const struct xd_fdb *fdb, uint64_t key, uint64_t hash)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < XD_FDB_LOOKS && value == 0; i++) {
		const uint32_t moving = __atomic_load_n(&fdb->moving, __ATOMIC_ACQUIRE);
		const uint32_t size = xd_fdb_size(fdb);

		value = xd_fdb_find_in(xd_fdb_first_of(fdb, hash, size), key);
		if (value == 0)
			value = xd_fdb_find_in(xd_fdb_second_of(fdb, hash, size), key);
		rte_smp_rmb();
		if (__atomic_load_n(&fdb->moving, __ATOMIC_RELAXED) == moving)
			break;
	}
	return value;
}

void
xd_fdb_prefetch_second(const struct xd_fdb *fdb, uint64_t key)
{
	__builtin_prefetch(xd_fdb_second_of(fdb, xd_fdb_hash(fdb, key), xd_fdb_size(fdb)));
}

static uint32_t
half_of(uint32_t size)
{
	return 1u << (31 - __builtin_clz(size));
}

/* Whether an entry goes to bucket b when that is split off. The parity tells by which half of the
 * hash it is where it is. */
static bool
goes_to(const struct xd_fdb *fdb, struct xd_fdb_entry e, uint32_t b)
{
	const uint64_t hash = xd_fdb_hash(fdb, e.key);
	const uint32_t first = xd_fdb_first_bits(hash);
	const uint32_t bits = (first ^ b) & 1 ? xd_fdb_second_bits(hash) : first;

	return (bits & (2 * half_of(b) - 1)) == b;
}

/* A refresh that comes after the copy is lost. */
static void
clear(struct xd_fdb_entry *slot)
{
	struct xd_fdb_entry e = xd_fdb_load(slot);

	/* Only refreshes compete, and each worker makes one a second. */
	while (e.key != 0 && !xd_fdb_cas(slot, e, xd_fdb_empty))
		e = xd_fdb_load(slot);
}

static void
copy_up(struct xd_fdb *fdb, uint32_t b)
{
	const struct xd_fdb_bucket *from = &fdb->buckets[b - half_of(b)];
	struct xd_fdb_bucket *to = &fdb->buckets[b];

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&from->entries[i]);

		if (xd_fdb_entry_live(fdb, e) && goes_to(fdb, e, b))
			xd_fdb_cas(&to->entries[i], xd_fdb_load(&to->entries[i]), e);
	}
}

/* Those of old generations too: a look-up that knows the old place only must not find them. */
static void
clear_copied(struct xd_fdb *fdb, uint32_t b)
{
	struct xd_fdb_bucket *from = &fdb->buckets[b - half_of(b)];

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&from->entries[i]);

		if (e.key != 0 && goes_to(fdb, e, b))
			clear(&from->entries[i]);
	}
}

/* The next n buckets. All stripes' locks are held. */
static void
split(struct xd_fdb *fdb, uint32_t n)
{
	const uint32_t size = fdb->size;

	for (uint32_t b = size; b < size + n; b++)
		copy_up(fdb, b);
	__atomic_store_n(&fdb->room, size + n, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->size, size + n, __ATOMIC_RELEASE);
	xd_fdb_note_moving(fdb);
	for (uint32_t b = size; b < size + n; b++)
		clear_copied(fdb, b);
	if (size + n == 2 * half_of(size))
		__atomic_store_n(&fdb->mask, size + n - 1, __ATOMIC_RELAXED);
}

/* The entries of one that is to go. With all but a sixteenth of the table empty there is a place
 * for each; should there be none, the address is forgotten. */
static void
copy_down(struct xd_fdb *fdb, const struct xd_fdb_bucket *from)
{
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&from->entries[i]);

		if (xd_fdb_entry_live(fdb, e) &&
			!xd_fdb_place(fdb, e, xd_fdb_hash(fdb, e.key), XD_FDB_ALL)) {
			xd_fdb_uncount(fdb, xd_fdb_entry_port(e));
			xd_fdb_count_not_learned(fdb, xd_fdb_entry_port(e));
		}
	}
}

/* The last n buckets go. All stripes' locks are held. */
static void
join(struct xd_fdb *fdb, uint32_t n)
{
	const uint32_t size = fdb->size;

	__atomic_store_n(&fdb->room, size - n, __ATOMIC_RELAXED);
	for (uint32_t b = size - n; b < size; b++)
		copy_down(fdb, &fdb->buckets[b]);
	__atomic_store_n(&fdb->size, size - n, __ATOMIC_RELEASE);
	xd_fdb_note_moving(fdb);
	for (uint32_t b = size - n; b < size; b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++)
			clear(&fdb->buckets[b].entries[i]);
	}
}

static bool
has_memory(const struct xd_fdb *fdb)
{
	return xd_fdb_size(fdb) < __atomic_load_n(&fdb->ready, __ATOMIC_ACQUIRE);
}

bool
xd_fdb_grow(struct xd_fdb *fdb)
{
	bool split_some = false;

	if (has_memory(fdb)) {
		xd_fdb_lock_all(fdb);
		/* Others may have done it while they were waited for. */
		split_some = xd_fdb_wants_room(fdb) && has_memory(fdb);
		if (split_some) {
			__atomic_store_n(&fdb->shrinking, false, __ATOMIC_RELAXED);
			split(fdb, BATCH);
		}
		xd_fdb_unlock_all(fdb);
	} else if (!__atomic_exchange_n(&fdb->wanted, true, __ATOMIC_RELAXED) && fdb->call) {
		fdb->call(fdb->call_ctx);
	}
	return split_some;
}

void
xd_fdb_prepare(struct xd_fdb *fdb)
{
	if (!__atomic_load_n(&fdb->wanted, __ATOMIC_RELAXED))
		return;
	/* Without memory it stays wanted, so that nobody calls again before the next time. */
	if (!xd_growing_extend(&fdb->memory, 2 * fdb->memory.ready))
		return;
	__atomic_store_n(&fdb->ready, (uint32_t)(fdb->memory.ready / BUCKET), __ATOMIC_RELEASE);
	__atomic_store_n(&fdb->wanted, false, __ATOMIC_RELAXED);
}

/* The size that a table of this size is to be cut to, or no less than it has. */
static uint32_t
least_size(const struct xd_fdb *fdb, uint32_t size)
{
	const uint32_t count = xd_fdb_count(fdb);
	uint32_t least = 2 * half_of(size - 1);

	while (least > XD_FDB_BUCKETS_MIN && count < least / EMPTY)
		least /= 2;
	return least;
}

/* One batch of those behind `least`. False: it was the last one, or more are needed again. */
static bool
shrink(struct xd_fdb *fdb, uint32_t least)
{
	bool more;

	xd_fdb_lock_all(fdb);
	more = fdb->shrinking && fdb->size > least;
	if (more)
		join(fdb, BATCH);
	xd_fdb_unlock_all(fdb);
	return more;
}

/* Whether there are no more than `least` by now, nor will be until control says what is ready:
 * memory behind them can go. */
static bool
end_shrinking(struct xd_fdb *fdb, uint32_t least)
{
	bool done;

	xd_fdb_lock_all(fdb);
	done = fdb->shrinking;
	if (done)
		__atomic_store_n(&fdb->ready, least, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->shrinking, false, __ATOMIC_RELAXED);
	xd_fdb_unlock_all(fdb);
	return done;
}

static void
shrink_to(struct xd_fdb *fdb, uint32_t least)
{
	xd_fdb_lock_all(fdb);
	__atomic_store_n(&fdb->shrinking, true, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->mask, least - 1, __ATOMIC_RELAXED);
	xd_fdb_unlock_all(fdb);
	while (shrink(fdb, least))
		;
	if (!end_shrinking(fdb, least))
		return;
	xd_growing_cut(&fdb->memory, least * BUCKET);
	__atomic_store_n(&fdb->ready, (uint32_t)(fdb->memory.ready / BUCKET), __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->wanted, false, __ATOMIC_RELAXED);
}

void
xd_fdb_fit(struct xd_fdb *fdb)
{
	const uint32_t size = xd_fdb_size(fdb), least = least_size(fdb, size);

	xd_fdb_prepare(fdb);
	if (least < size)
		shrink_to(fdb, least);
	while (xd_fdb_wants_room(fdb) && xd_fdb_grow(fdb))
		;
}
