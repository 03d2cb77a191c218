/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning, when there is something to do.
 *
 * Who holds the lock of a key's stripe is the only one who inserts, moves or removes that key.
 * Anyone may refresh its `last seen`, and anyone may take the place of an entry of an old
 * generation; a compare-exchange decides those races. No second lock is ever waited for: what it
 * would be needed for is tried, and left alone when somebody has it.
 */
#include "fdb/fdb.h"

#include "fdb/fdb_private.h"

/* Entries that are moved, one behind the other, to make room for a new one. With one alone, one
 * table in a thousand of 65536 addresses had no place for one of them. Not more than two: the
 * second must not meet the entry that it makes room for. */
#define MOVED_MAX 2

/* Where a key lies, of any generation, and what lies there; NULL: nowhere. Exact under the key's
 * lock, a hint without. */
static struct xd_fdb_entry *
find_slot(const struct xd_fdb *fdb, uint64_t key, uint64_t hash, struct xd_fdb_entry *found)
{
	const uint32_t size = xd_fdb_size(fdb);
	struct xd_fdb_bucket *buckets[] = {
		xd_fdb_first_of(fdb, hash, size), xd_fdb_second_of(fdb, hash, size)};

	for (unsigned b = 0; b < 2; b++) {
		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			*found = xd_fdb_load(&buckets[b]->entries[i]);
			if (found->key == key)
				return &buckets[b]->entries[i];
		}
	}
	return NULL;
}

/* Counts one more behind a port, unless it is at its limit. */
static bool
count_port(struct xd_fdb *fdb, uint16_t port)
{
	struct xd_fdb_port_state *p = &fdb->ports[port];
	uint32_t limit = __atomic_load_n(&p->limit, __ATOMIC_RELAXED);
	uint32_t n = __atomic_fetch_add(&p->count, 1, __ATOMIC_RELAXED);

	if (limit == 0 || n < limit)
		return true;
	__atomic_fetch_sub(&p->count, 1, __ATOMIC_RELAXED);
	return false;
}

static bool
count_table(struct xd_fdb *fdb)
{
	if (__atomic_fetch_add(&fdb->count, 1, __ATOMIC_RELAXED) < fdb->mac_limit)
		return true;
	__atomic_fetch_sub(&fdb->count, 1, __ATOMIC_RELAXED);
	return false;
}

/* Counts a new key of a port; in a full table another one may have to go. */
static bool
count_new(struct xd_fdb *fdb, uint64_t hash, uint16_t port, uint64_t held)
{
	if (!count_port(fdb, port))
		return false;
	if (count_table(fdb) || (xd_fdb_evict(fdb, hash, port, held) && count_table(fdb)))
		return true;
	__atomic_fetch_sub(&fdb->ports[port].count, 1, __ATOMIC_RELAXED);
	return false;
}

/* Whether count_new would surely refuse, were it called now. */
static bool
at_limit(const struct xd_fdb *fdb, uint16_t port)
{
	uint32_t limit = __atomic_load_n(&fdb->ports[port].limit, __ATOMIC_RELAXED);

	return (xd_fdb_count(fdb) >= fdb->mac_limit && xd_fdb_nobody_heavier(fdb, port)) ||
	       (limit != 0 && xd_fdb_count_port(fdb, port) >= limit);
}

/* Puts the entry into a bucket's place that is empty or of an old generation. */
static bool
place_free(struct xd_fdb *fdb, struct xd_fdb_bucket *bucket, struct xd_fdb_entry new)
{
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&bucket->entries[i]);

		if (!xd_fdb_entry_live(fdb, e) && xd_fdb_cas(&bucket->entries[i], e, new))
			return true;
	}
	return false;
}

/* Puts the entry where one lies that has expired but was not swept yet. */
static bool
place_expired(
	struct xd_fdb *fdb, struct xd_fdb_bucket *bucket, struct xd_fdb_entry new, uint64_t held)
{
	/* A static address does not tell the time. */
	if (xd_fdb_entry_is_static(new))
		return false;
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&bucket->entries[i]);
		uint64_t hash = xd_fdb_hash(fdb, e.key);
		bool done;

		if (!xd_fdb_entry_expired(fdb, e, xd_fdb_entry_seen_s(new)))
			continue;
		if (!xd_fdb_try_stripe(fdb, hash, held))
			continue;
		done = xd_fdb_entry_live(fdb, e) && xd_fdb_cas(&bucket->entries[i], e, new);
		if (done)
			xd_fdb_uncount(fdb, xd_fdb_entry_port(e));
		xd_fdb_leave_stripe(fdb, hash, held);
		if (done)
			return true;
	}
	return false;
}

static bool place_displacing(struct xd_fdb *fdb, struct xd_fdb_bucket *bucket,
	struct xd_fdb_entry new, uint64_t held, unsigned more);

/* Copies the entry in *slot to its other bucket, then puts new in its place. The lock of the
 * entry's key is held, so that nothing but a refresh can change it meanwhile; a refresh that comes
 * between copy and replacement is lost. */
static bool
displace(struct xd_fdb *fdb, struct xd_fdb_entry *slot, struct xd_fdb_bucket *other, uint64_t key,
	struct xd_fdb_entry new, uint64_t held, unsigned more)
{
	struct xd_fdb_entry e = xd_fdb_load(slot);

	if (e.key != key)
		return false;
	if (!place_free(fdb, other, e) &&
		!(more && place_displacing(fdb, other, e, held, more - 1)))
		return false;
	xd_fdb_note_moving(fdb);
	while (!xd_fdb_cas(slot, e, new)) {
		e = xd_fdb_load(slot);
		/* It was flushed meanwhile, which makes its place, and the copy's, anybody's. */
		if (e.key != key)
			return false;
	}
	return true;
}

/* Makes room by moving one entry of a full bucket to its other bucket; when that is
 * full too, one of that bucket's is moved first, if there may be `more`. */
static bool
place_displacing(struct xd_fdb *fdb, struct xd_fdb_bucket *bucket, struct xd_fdb_entry new,
	uint64_t held, unsigned more)
{
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		uint64_t key = xd_fdb_load(&bucket->entries[i]).key;
		uint64_t hash = xd_fdb_hash(fdb, key);
		struct xd_fdb_bucket *other = xd_fdb_first_of(fdb, hash, fdb->room);
		bool done;

		if (other == bucket)
			other = xd_fdb_second_of(fdb, hash, fdb->room);
		if (key == 0 || !xd_fdb_try_stripe(fdb, hash, held))
			continue;
		done = displace(fdb, &bucket->entries[i], other, key, new,
			held | xd_fdb_stripe_bit(hash), more);
		xd_fdb_leave_stripe(fdb, hash, held);
		if (done)
			return true;
	}
	return false;
}

/* The first bucket is preferred: most look-ups then end there. */
bool
xd_fdb_place(struct xd_fdb *fdb, struct xd_fdb_entry new, uint64_t hash, uint64_t held)
{
	struct xd_fdb_bucket *first = xd_fdb_first_of(fdb, hash, fdb->room);
	struct xd_fdb_bucket *second = xd_fdb_second_of(fdb, hash, fdb->room);

	if (place_free(fdb, first, new) || place_free(fdb, second, new) ||
		place_expired(fdb, first, new, held) || place_expired(fdb, second, new, held))
		return true;
	for (unsigned more = 0; more < MOVED_MAX; more++) {
		if (place_displacing(fdb, first, new, held, more) ||
			place_displacing(fdb, second, new, held, more))
			return true;
	}
	return false;
}

/* A live entry whose port changed. */
static void
move(struct xd_fdb *fdb, struct xd_fdb_entry *slot, struct xd_fdb_entry old,
	struct xd_fdb_entry new)
{
	bool room = count_port(fdb, xd_fdb_entry_port(new));

	/* Only refreshes compete, and each worker makes one a second. */
	while (!xd_fdb_cas(slot, old, room ? new : xd_fdb_empty))
		old = xd_fdb_load(slot);
	if (room) {
		__atomic_fetch_sub(&fdb->ports[xd_fdb_entry_port(old)].count, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&fdb->moves, 1, __ATOMIC_RELAXED);
	} else {
		xd_fdb_uncount(fdb, xd_fdb_entry_port(old));
		xd_fdb_count_not_learned(fdb, xd_fdb_entry_port(new));
	}
}

/* A key that is not in the table, or only of an old generation. False: it has found no place. */
static bool
insert(struct xd_fdb *fdb, struct xd_fdb_entry *slot, struct xd_fdb_entry old,
	struct xd_fdb_entry new, uint64_t hash, uint64_t held)
{
	if (!count_new(fdb, hash, xd_fdb_entry_port(new), held)) {
		xd_fdb_count_not_learned(fdb, xd_fdb_entry_port(new));
		return true;
	}
	/* Another key may just have taken the old entry's place. */
	if ((slot != NULL && xd_fdb_cas(slot, old, new)) || xd_fdb_place(fdb, new, hash, held))
		return true;
	xd_fdb_uncount(fdb, xd_fdb_entry_port(new));
	return false;
}

/* A key has found no place. What would have to move for it may be locked by others, with all locks
 * that one has who waits for the last: when there is room it is tried again under all of them. */
static void
insert_alone(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s)
{
	struct xd_fdb_entry old, *slot;
	bool done = false;

	if (xd_fdb_has_room(fdb)) {
		xd_fdb_lock_all(fdb);
		slot = find_slot(fdb, key, hash, &old);
		done = (slot != NULL && xd_fdb_entry_live(fdb, old)) ||
		       insert(fdb, slot, old, xd_fdb_entry_make(fdb, key, port, now_s), hash,
			       XD_FDB_ALL);
		xd_fdb_unlock_all(fdb);
	}
	if (!done)
		xd_fdb_count_not_learned(fdb, port);
}

bool
xd_fdb_remove(struct xd_fdb *fdb, uint64_t key, uint64_t hash)
{
	struct xd_fdb_entry old;
	struct xd_fdb_entry *slot = find_slot(fdb, key, hash, &old);
	const bool live = slot != NULL && xd_fdb_entry_live(fdb, old);

	/* Only refreshes compete; for the place of an old one, other keys do. */
	while (slot != NULL && old.key == key && !xd_fdb_cas(slot, old, xd_fdb_empty))
		old = xd_fdb_load(slot);
	if (live)
		xd_fdb_uncount(fdb, xd_fdb_entry_port(old));
	return live;
}

bool
xd_fdb_insert_static(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, bool over)
{
	struct xd_fdb_entry new = xd_fdb_entry_make(fdb, key, port, XD_FDB_STATIC_S);

	if (!count_table(fdb) &&
		!(xd_fdb_evict(fdb, hash, XD_PORT_NONE, XD_FDB_ALL) && count_table(fdb))) {
		if (!over)
			return false;
		__atomic_fetch_add(&fdb->count, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&fdb->ports[port].count, 1, __ATOMIC_RELAXED);
	if (xd_fdb_place(fdb, new, hash, XD_FDB_ALL))
		return true;
	xd_fdb_uncount(fdb, port);
	return false;
}

static bool
is_in(const struct xd_fdb_bucket *bucket, const struct xd_fdb_entry *slot)
{
	return slot >= bucket->entries && slot < bucket->entries + XD_FDB_WAYS;
}

/* Moves an entry to its first bucket, where look-ups find it at once, if there is room by now: it
 * was put into the other one when the table was smaller or fuller. */
static void
bring_home(struct xd_fdb *fdb, uint64_t key, uint64_t hash)
{
	struct xd_fdb_stripe *stripe = xd_fdb_stripe(fdb, hash);
	struct xd_fdb_bucket *first;
	struct xd_fdb_entry *slot, e;

	/* Should somebody else have the lock, there is a next time. */
	if (!xd_fdb_trylock(stripe))
		return;
	slot = find_slot(fdb, key, hash, &e);
	first = xd_fdb_first_of(fdb, hash, fdb->room);
	if (slot != NULL && !is_in(first, slot) && xd_fdb_entry_live(fdb, e))
		displace(fdb, slot, first, key, xd_fdb_empty, xd_fdb_stripe_bit(hash), 0);
	xd_fdb_unlock(stripe);
}

/* An entry that is as it should be, but for its time. */
static void
refresh(struct xd_fdb *fdb, struct xd_fdb_entry *slot, struct xd_fdb_entry old,
	struct xd_fdb_entry new, uint64_t hash)
{
	const struct xd_fdb_bucket *first = xd_fdb_first_of(fdb, hash, xd_fdb_size(fdb));

	/* Should it fail, somebody else has just refreshed or changed it. */
	if (xd_fdb_cas(slot, old, new) && !is_in(first, slot))
		bring_home(fdb, new.key, hash);
}

/* The key is not to be found as seen on this port. Its lock is held. False: as insert. */
static bool
learn_locked(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s)
{
	struct xd_fdb_entry old, new = xd_fdb_entry_make(fdb, key, port, now_s);
	struct xd_fdb_entry *slot = find_slot(fdb, key, hash, &old);
	bool live = slot != NULL && xd_fdb_entry_live(fdb, old);
	uint16_t at;

	if (live && xd_fdb_entry_is_static(old)) {
		if (xd_fdb_entry_port(old) != port)
			xd_fdb_count_damped(fdb, port);
		return true;
	}
	if (live && xd_fdb_entry_port(old) == port) {
		xd_fdb_cas(slot, old, new);
		return true;
	}
	/* It may have become so since it was looked at without the lock. */
	if (xd_fdb_held(fdb, key, hash, port, now_s)) {
		xd_fdb_count_damped(fdb, port);
		return true;
	}
	if (!live) {
		xd_fdb_note_return(fdb, key, hash, port);
		return insert(fdb, slot, old, new, hash, xd_fdb_stripe_bit(hash));
	}
	at = xd_fdb_judge_move(fdb, key, hash, xd_fdb_entry_port(old), port, now_s);
	if (at != port)
		xd_fdb_count_damped(fdb, port);
	if (at != xd_fdb_entry_port(old))
		move(fdb, slot, old, xd_fdb_entry_make(fdb, key, at, now_s));
	return true;
}

void
xd_fdb_learn_slow(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s)
{
	struct xd_fdb_stripe *stripe = xd_fdb_stripe(fdb, hash);
	struct xd_fdb_entry *slot, old, new;
	bool done;

	if (key == 0 || port >= XD_MAX_PORTS)
		return;
	slot = find_slot(fdb, key, hash, &old);
	new = xd_fdb_entry_make(fdb, key, port, now_s);
	if (slot != NULL && (uint32_t)old.value == (uint32_t) new.value) {
		if ((int32_t)(now_s - xd_fdb_entry_seen_s(old)) > 0)
			refresh(fdb, slot, old, new, hash);
		return;
	}
	if (slot == NULL && at_limit(fdb, port)) {
		/* Strangers at a limit cost no lock, */
		xd_fdb_count_not_learned(fdb, port);
		return;
	}
	if ((slot != NULL && xd_fdb_entry_is_static(old) && xd_fdb_entry_live(fdb, old)) ||
		xd_fdb_held(fdb, key, hash, port, now_s)) {
		/* nor do thieves. */
		xd_fdb_count_damped(fdb, port);
		return;
	}
	xd_fdb_lock(stripe);
	done = learn_locked(fdb, key, hash, port, now_s);
	xd_fdb_unlock(stripe);
	if (!done)
		insert_alone(fdb, key, hash, port, now_s);
	/* For one in four, so that a turn of new addresses does not take too long. */
	if (xd_fdb_wants_room(fdb) && (hash >> 40 & 3) == 0)
		xd_fdb_grow(fdb);
}
