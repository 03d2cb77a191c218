/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of lib/fdb: entries changed as units, stripes' locks, counts. */
#ifndef XD_FDB_FDB_PRIVATE_H
#define XD_FDB_FDB_PRIVATE_H

#include <rte_atomic.h>
#include <rte_pause.h>

#include "fdb/fdb.h"

static const struct xd_fdb_entry xd_fdb_empty = {0, 0};

static inline uint16_t
xd_fdb_entry_port(struct xd_fdb_entry e)
{
	return (uint16_t)e.value;
}

static inline uint32_t
xd_fdb_entry_seen_s(struct xd_fdb_entry e)
{
	return (uint32_t)(e.value >> 32);
}

static inline struct xd_fdb_entry
xd_fdb_entry_make(const struct xd_fdb *fdb, uint64_t key, uint16_t port, uint32_t now_s)
{
	uint16_t generation = __atomic_load_n(&fdb->generation[port], __ATOMIC_RELAXED);

	return (struct xd_fdb_entry){
		.key = key, .value = port | (uint64_t)generation << 16 | (uint64_t)now_s << 32};
}

static inline bool
xd_fdb_entry_is_static(struct xd_fdb_entry e)
{
	return xd_fdb_entry_seen_s(e) == XD_FDB_STATIC_S;
}

/* Of the port's current generation. Stays true while the caller holds a stripe's lock. */
static inline bool
xd_fdb_entry_live(const struct xd_fdb *fdb, struct xd_fdb_entry e)
{
	return e.key != 0 && __atomic_load_n(&fdb->generation[xd_fdb_entry_port(e)],
				     __ATOMIC_RELAXED) == (uint16_t)(e.value >> 16);
}

/* More than the ageing time in whole seconds: both times were rounded down, so at least that. */
static inline bool
xd_fdb_entry_expired(const struct xd_fdb *fdb, struct xd_fdb_entry e, uint32_t now_s)
{
	int32_t age_s = (int32_t)(now_s - xd_fdb_entry_seen_s(e));

	return age_s > 0 && (uint32_t)age_s > __atomic_load_n(&fdb->ageing_s, __ATOMIC_RELAXED);
}

/* Replaces *slot by new if it still is old. */
static inline bool
xd_fdb_cas(struct xd_fdb_entry *slot, struct xd_fdb_entry old, struct xd_fdb_entry new)
{
	return xd_pair_cas(
		slot, (struct xd_pair){old.key, old.value}, (struct xd_pair){new.key, new.value});
}

/* Which of `size` buckets a half of a hash names: of a table that is doubled, those that are not
 * split yet have their keys still. */
static inline uint32_t
xd_fdb_bucket_of(uint32_t bits, uint32_t size)
{
	const uint32_t half = 1u << (31 - __builtin_clz(size));
	const uint32_t i = bits & (2 * half - 1);

	return i < size ? i : i & (half - 1);
}

static inline uint32_t
xd_fdb_first_bits(uint64_t hash)
{
	return (uint32_t)hash;
}

/* Never the first bucket, whatever the size: of a pair, the other one's. */
static inline uint32_t
xd_fdb_second_bits(uint64_t hash)
{
	return ((uint32_t)(hash >> 32) & ~1u) | (~(uint32_t)hash & 1);
}

static inline struct xd_fdb_bucket *
xd_fdb_first_of(const struct xd_fdb *fdb, uint64_t hash, uint32_t size)
{
	return &fdb->buckets[xd_fdb_bucket_of(xd_fdb_first_bits(hash), size)];
}

static inline struct xd_fdb_bucket *
xd_fdb_second_of(const struct xd_fdb *fdb, uint64_t hash, uint32_t size)
{
	return &fdb->buckets[xd_fdb_bucket_of(xd_fdb_second_bits(hash), size)];
}

/* The stripe of a key: bits of its hash that do not choose the first bucket of a table of usual
 * size, so that keys of one bucket spread over the locks. */
static inline struct xd_fdb_stripe *
xd_fdb_stripe(struct xd_fdb *fdb, uint64_t hash)
{
	return &fdb->stripes[hash >> 58];
}

static_assert(XD_FDB_STRIPES == 1 << (64 - 58), "a stripe is 6 bits of the hash");

static inline bool
xd_fdb_trylock(struct xd_fdb_stripe *stripe)
{
	return !__atomic_exchange_n(&stripe->locked, 1, __ATOMIC_ACQUIRE);
}

static inline void
xd_fdb_lock(struct xd_fdb_stripe *stripe)
{
	while (!xd_fdb_trylock(stripe)) {
		while (__atomic_load_n(&stripe->locked, __ATOMIC_RELAXED))
			rte_pause();
	}
}

static inline void
xd_fdb_unlock(struct xd_fdb_stripe *stripe)
{
	__atomic_store_n(&stripe->locked, 0, __ATOMIC_RELEASE);
}

static inline void
xd_fdb_lock_all(struct xd_fdb *fdb)
{
	/* Whoever waits for several takes them in this order, and holds none before. */
	for (unsigned i = 0; i < XD_FDB_STRIPES; i++)
		xd_fdb_lock(&fdb->stripes[i]);
}

static inline void
xd_fdb_unlock_all(struct xd_fdb *fdb)
{
	for (unsigned i = 0; i < XD_FDB_STRIPES; i++)
		xd_fdb_unlock(&fdb->stripes[i]);
}

/* Stripes that are held, or a key's: a bit for each. */
static inline uint64_t
xd_fdb_stripe_bit(uint64_t hash)
{
	return 1ull << (hash >> 58);
}

#define XD_FDB_ALL UINT64_MAX /* stripes */

/* Tries to lock a key's stripe, if it is not one of those held. It is never waited for: two who
 * hold one each would wait for each other. */
static inline bool
xd_fdb_try_stripe(struct xd_fdb *fdb, uint64_t hash, uint64_t held)
{
	return held & xd_fdb_stripe_bit(hash) || xd_fdb_trylock(xd_fdb_stripe(fdb, hash));
}

static inline void
xd_fdb_leave_stripe(struct xd_fdb *fdb, uint64_t hash, uint64_t held)
{
	if (!(held & xd_fdb_stripe_bit(hash)))
		xd_fdb_unlock(xd_fdb_stripe(fdb, hash));
}

/* Takes a live entry out of the counts. The caller made the change and holds the key's lock. */
static inline void
xd_fdb_uncount(struct xd_fdb *fdb, uint16_t port)
{
	__atomic_fetch_sub(&fdb->count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&fdb->ports[port].count, 1, __ATOMIC_RELAXED);
}

/* A learning was refused. A worker's own port, so that nobody else's line is written. */
static inline void
xd_fdb_count_not_learned(struct xd_fdb *fdb, uint16_t port)
{
	__atomic_fetch_add(&fdb->ports[port].not_learned, 1, __ATOMIC_RELAXED);
}

static inline void
xd_fdb_count_damped(struct xd_fdb *fdb, uint16_t port)
{
	__atomic_fetch_add(&fdb->ports[port].damped, 1, __ATOMIC_RELAXED);
}

/* ---- fdb_size.c: how many buckets there are ---- */

#define XD_FDB_BUCKETS_MIN 64u /* a page; a bucket for each stripe, and more than one batch */

uint32_t xd_fdb_buckets_for(uint32_t mac_limit); /* at most */

static inline uint32_t
xd_fdb_size(const struct xd_fdb *fdb)
{
	return __atomic_load_n(&fdb->size, __ATOMIC_ACQUIRE);
}

/* Whether there are too many addresses for the buckets, or a doubling is under way; and something
 * can be done about it. */
static inline bool
xd_fdb_wants_room(const struct xd_fdb *fdb)
{
	const uint32_t size = xd_fdb_size(fdb);
	const bool small = size * sizeof(struct xd_fdb_bucket) < XD_GROWING_FIRST;
	const uint32_t each = small ? 1 : XD_FDB_WAYS / 2;
	const bool whole =
		(size & (size - 1)) == 0 || __atomic_load_n(&fdb->shrinking, __ATOMIC_RELAXED);

	if (size == fdb->most || (whole && xd_fdb_count(fdb) <= each * size))
		return false;
	return size < __atomic_load_n(&fdb->ready, __ATOMIC_ACQUIRE) ||
	       !__atomic_load_n(&fdb->wanted, __ATOMIC_RELAXED);
}

/* Splits a few buckets, or asks for memory; false: there was nothing to split. Any thread, without
 * locks, when there is wanted room. Whoever learns many waits here for others that do, so that the
 * table keeps up with what is learned whoever is kept from running. */
bool xd_fdb_grow(struct xd_fdb *fdb);

/* Whether a place can be found for practically every key: the table is half full at most. */
static inline bool
xd_fdb_has_room(const struct xd_fdb *fdb)
{
	return xd_fdb_count(fdb) <= xd_fdb_size(fdb) * (XD_FDB_WAYS / 2);
}

/* An entry is in its new bucket, and about to go from its old one. */
static inline void
xd_fdb_note_moving(struct xd_fdb *fdb)
{
	__atomic_fetch_add(&fdb->moving, 1, __ATOMIC_RELEASE);
}

/* ---- fdb_learn.c ---- */

/* Under the lock of the key's stripe. */

/* Finds a place for an entry that is not in the table, among the first `room` buckets. held: the
 * stripes' locks that the caller has, the key's among them. */
bool xd_fdb_place(struct xd_fdb *fdb, struct xd_fdb_entry new, uint64_t hash, uint64_t held);

/* Takes the key out of the table; false: it was not there, or flushed. */
bool xd_fdb_remove(struct xd_fdb *fdb, uint64_t key, uint64_t hash);
/* Puts a static address there, which is not in the table, under all stripes' locks. over: also when
 * the table is at its limit and no learned one was found to give way; one does as more is learned.
 * False: there is no room.
 */
bool xd_fdb_insert_static(
	struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, bool over);

/* ---- fdb_static.c ---- */

/* Of a port, or with XD_PORT_NONE of all: those that a flush made old. */
void xd_fdb_put_back_static(struct xd_fdb *fdb, uint16_t port);
void xd_fdb_copy_static(struct xd_fdb *dst, const struct xd_fdb *src);
/* It is learned from now on, or not known at all. */
void xd_fdb_unlist_static(struct xd_fdb *fdb, uint64_t key);

/* ---- fdb_evict.c: a full table ---- */

/* Whether surely no port has more addresses than this one. Without a lock. */
bool xd_fdb_nobody_heavier(const struct xd_fdb *fdb, uint16_t port);
/* Removes an address of a port that has more than this one, for which a key is to be inserted;
 * port counts it already. held: the stripes' locks that the caller has, the key's among them.
 * XD_PORT_NONE: of any port, but no static one. False: there is none, as far as was looked. */
bool xd_fdb_evict(struct xd_fdb *fdb, uint64_t hash, uint16_t port, uint64_t held);

/* ---- fdb_move.c: addresses that moved ---- */

/* Whether the key, seen on a port, is held on another. Without a lock: one cache line. */
bool xd_fdb_held(
	const struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s);

/* The rest under the lock of the key's stripe, when the key is not held elsewhere. */

/* The key, learned on port `from`, was seen on port `to`: where it is to be from now on, `to` or
 * the port that it is held on. */
uint16_t xd_fdb_judge_move(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t from,
	uint16_t to, uint32_t now_s);
/* The key, not in the table, was seen on a port: perhaps where it was before it moved. */
void xd_fdb_note_return(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port);
/* What is known of the key's moves is of no use any more. */
void xd_fdb_forget_moves(struct xd_fdb *fdb, uint64_t key, uint64_t hash);
/* The same for keys of one port, or of all for XD_PORT_NONE. Control, without locks. */
void xd_fdb_forget_moves_of(struct xd_fdb *fdb, uint16_t port);

#endif
