/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many buckets there are: see "Size" in fdb.h.
 *
 * Buckets are split and joined in small batches under all stripes' locks, so that nobody else
 * inserts, moves or removes meanwhile. Who looks up has no lock. An entry is copied first, then the
 * new number of buckets published, then the entry removed where it was: whoever has missed it there
 * finds that the number has changed, and looks again.
 */
#include "fdb/fdb.h"

#include <rte_common.h>

#include "fdb/fdb_private.h"

#define BATCH  32u /* buckets split or joined at a time: few microseconds */
#define TRIES  4   /* of a look-up; in each, another batch has passed it by */
#define EMPTY  4u  /* buckets for an address, from which on half of them are too many */
#define ALL    UINT64_MAX
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

	for (unsigned i = 0; i < TRIES && value == 0; i++) {
		const uint32_t size = __atomic_load_n(&fdb->size, __ATOMIC_ACQUIRE);

		value = xd_fdb_find_in(xd_fdb_first_of(fdb, hash, size), key);
		if (value == 0)
			value = xd_fdb_find_in(xd_fdb_second_of(fdb, hash, size), key);
		rte_smp_rmb();
		if (__atomic_load_n(&fdb->size, __ATOMIC_RELAXED) == size)
			break;
	}
	return value;
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

/* The next n buckets. */
static void
split(struct xd_fdb *fdb, uint32_t n)
{
	const uint32_t size = fdb->size;

	xd_fdb_lock_all(fdb);
	for (uint32_t b = size; b < size + n; b++)
		copy_up(fdb, b);
	__atomic_store_n(&fdb->room, size + n, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->size, size + n, __ATOMIC_RELEASE);
	for (uint32_t b = size; b < size + n; b++)
		clear_copied(fdb, b);
	xd_fdb_unlock_all(fdb);
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
			!xd_fdb_place(fdb, e, xd_fdb_hash(fdb, e.key), ALL)) {
			xd_fdb_uncount(fdb, xd_fdb_entry_port(e));
			xd_fdb_count_not_learned(fdb, xd_fdb_entry_port(e));
		}
	}
}

/* The last n buckets go. */
static void
join(struct xd_fdb *fdb, uint32_t n)
{
	const uint32_t size = fdb->size;

	xd_fdb_lock_all(fdb);
	__atomic_store_n(&fdb->room, size - n, __ATOMIC_RELAXED);
	for (uint32_t b = size - n; b < size; b++)
		copy_down(fdb, &fdb->buckets[b]);
	__atomic_store_n(&fdb->size, size - n, __ATOMIC_RELEASE);
	for (uint32_t b = size - n; b < size; b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++)
			clear(&fdb->buckets[b].entries[i]);
	}
	xd_fdb_unlock_all(fdb);
}

/* Under the lock `resizing`. False: there is enough, or no memory. */
static bool
grow(struct xd_fdb *fdb)
{
	if (!xd_fdb_wants_room(fdb))
		return false;
	if (fdb->size < __atomic_load_n(&fdb->ready, __ATOMIC_ACQUIRE)) {
		split(fdb, BATCH);
		return true;
	}
	__atomic_store_n(&fdb->wanted, true, __ATOMIC_RELAXED);
	if (fdb->call)
		fdb->call(fdb->call_ctx);
	return false;
}

void
xd_fdb_grow(struct xd_fdb *fdb)
{
	if (!xd_fdb_trylock(&fdb->resizing))
		return;
	grow(fdb);
	xd_fdb_unlock(&fdb->resizing);
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

/* The size that the table is to be cut to, or no less than it has. */
static uint32_t
least_size(const struct xd_fdb *fdb)
{
	const uint32_t count = xd_fdb_count(fdb);
	uint32_t least = 2 * half_of(fdb->size - 1);

	while (least > XD_FDB_BUCKETS_MIN && count < least / EMPTY)
		least /= 2;
	return least;
}

void
xd_fdb_fit(struct xd_fdb *fdb)
{
	uint32_t least;

	xd_fdb_prepare(fdb);
	xd_fdb_lock(&fdb->resizing);
	least = least_size(fdb);
	if (least < fdb->size) {
		__atomic_store_n(&fdb->mask, least - 1, __ATOMIC_RELAXED);
		while (fdb->size > least)
			join(fdb, BATCH);
		xd_growing_cut(&fdb->memory, least * BUCKET);
		__atomic_store_n(
			&fdb->ready, (uint32_t)(fdb->memory.ready / BUCKET), __ATOMIC_RELAXED);
		__atomic_store_n(&fdb->wanted, false, __ATOMIC_RELAXED);
	}
	while (grow(fdb))
		;
	xd_fdb_unlock(&fdb->resizing);
}
