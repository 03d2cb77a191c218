/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that moved, and whether they may do so again: see "Moves" in fdb.h.
 *
 * A record is an entry like those of the table. It is written whole, by whoever holds the lock of
 * its key's stripe, and read whole by anyone.
 */
#include "fdb/fdb.h"

#include "fdb/fdb_private.h"

static_assert(XD_MAX_PORTS <= 1 << 12, "a port is 12 bits of a record");
static_assert(XD_FDB_MOVES_MAX < 16, "moves are 4 bits of a record");

/* The value of a record, taken apart. */
struct moves {
	uint16_t home;  /* where the address was before it moved */
	uint16_t first; /* where it moved first */
	uint8_t n;
	bool returned;    /* it was seen at home since */
	bool held;        /* at home, from since_s on */
	uint32_t since_s; /* else: its first move */
};

static uint64_t
moves_pack(struct moves m)
{
	return m.home | (uint64_t)m.first << 12 | (uint64_t)m.n << 24 | (uint64_t)m.returned << 28 |
	       (uint64_t)m.held << 29 | (uint64_t)m.since_s << 32;
}

static struct moves
moves_unpack(uint64_t value)
{
	return (struct moves){
		.home = value & 0xfff,
		.first = value >> 12 & 0xfff,
		.n = value >> 24 & 0xf,
		.returned = value >> 28 & 1,
		.held = value >> 29 & 1,
		.since_s = (uint32_t)(value >> 32),
	};
}

/* Signed, because one worker's now_s may be a second behind another's. */
static bool
moves_lapsed(struct moves m, uint32_t now_s)
{
	return (int32_t)(now_s - m.since_s) >= (m.held ? XD_FDB_HOLD_S : XD_FDB_WINDOW_S);
}

static struct xd_fdb_bucket *
bucket_of(const struct xd_fdb *fdb, uint64_t hash)
{
	return &fdb->moved[hash >> (64 - fdb->moved_bits)];
}

/* Under the lock of the key's stripe: nobody else writes the record. */
static void
record_store(struct xd_fdb_entry *slot, uint64_t key, uint64_t value)
{
	xd_fdb_cas(slot, xd_fdb_load(slot), (struct xd_fdb_entry){key, value});
}

static struct xd_fdb_entry *
record_find(struct xd_fdb *fdb, uint64_t key, uint64_t hash, struct moves *m)
{
	struct xd_fdb_bucket *bucket = bucket_of(fdb, hash);

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&bucket->entries[i]);

		*m = moves_unpack(e.value);
		if (e.key == key)
			return &bucket->entries[i];
	}
	return NULL;
}

/* How much a record is worth keeping: at first what is held, then what moved often, then what
 * began to move last; 0: nothing. */
static uint64_t
record_worth(struct xd_fdb_entry e, uint32_t now_s)
{
	struct moves m = moves_unpack(e.value);
	uint32_t age_s = now_s - m.since_s;

	if (e.key == 0 || moves_lapsed(m, now_s))
		return 0;
	return (uint64_t)m.held << 16 | (uint64_t)m.n << 8 |
	       ((int32_t)age_s < 0 ? 255 : 255 - age_s);
}

/* A place for a record of an address that moved once, or NULL: all are worth more. */
static struct xd_fdb_entry *
record_place(struct xd_fdb *fdb, uint64_t hash, uint32_t now_s)
{
	struct xd_fdb_bucket *bucket = bucket_of(fdb, hash);
	struct xd_fdb_entry *least = NULL;
	uint64_t worth = 2 << 8;

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		uint64_t w = record_worth(xd_fdb_load(&bucket->entries[i]), now_s);

		if (w < worth) {
			least = &bucket->entries[i];
			worth = w;
		}
	}
	return least;
}

bool
xd_fdb_held(const struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s)
{
	uint64_t value = xd_fdb_find_in(bucket_of(fdb, hash), key);
	struct moves m = moves_unpack(value);

	return value != 0 && m.held && m.home != port && !moves_lapsed(m, now_s);
}

uint16_t
xd_fdb_judge_move(
	struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t from, uint16_t to, uint32_t now_s)
{
	struct moves m;
	struct xd_fdb_entry *slot = record_find(fdb, key, hash, &m);

	if (slot == NULL)
		slot = record_place(fdb, hash, now_s);
	else if (!moves_lapsed(m, now_s))
		goto known;
	if (slot != NULL)
		record_store(slot, key,
			moves_pack((struct moves){
				.home = from, .first = to, .n = 1, .since_s = now_s}));
	return to;

known:
	if (m.held)
		return m.home;
	m.returned |= to == m.home;
	if (m.n < XD_FDB_MOVES_MAX) {
		m.n++;
	} else {
		if (!m.returned)
			m.home = m.first;
		m.held = true;
		m.since_s = now_s;
	}
	record_store(slot, key, moves_pack(m));
	return m.held ? m.home : to;
}

void
xd_fdb_note_return(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port)
{
	struct moves m;
	struct xd_fdb_entry *slot = record_find(fdb, key, hash, &m);

	if (slot == NULL || m.home != port || m.returned)
		return;
	m.returned = true;
	record_store(slot, key, moves_pack(m));
}

void
xd_fdb_forget_moves(struct xd_fdb *fdb, uint64_t key, uint64_t hash)
{
	struct moves m;
	struct xd_fdb_entry *slot = record_find(fdb, key, hash, &m);

	if (slot != NULL)
		record_store(slot, 0, 0);
}

static bool
is_of(struct xd_fdb_entry e, uint16_t port)
{
	struct moves m = moves_unpack(e.value);

	return e.key != 0 && (port == XD_PORT_NONE || m.home == port || m.first == port);
}

void
xd_fdb_forget_moves_of(struct xd_fdb *fdb, uint16_t port)
{
	for (size_t b = 0; b < (size_t)1 << fdb->moved_bits; b++) {
		struct xd_fdb_stripe *stripe = &fdb->stripes[b * XD_FDB_STRIPES >> fdb->moved_bits];

		for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
			struct xd_fdb_entry *slot = &fdb->moved[b].entries[i];

			if (!is_of(xd_fdb_load(slot), port))
				continue;
			xd_fdb_lock(stripe);
			if (is_of(xd_fdb_load(slot), port))
				record_store(slot, 0, 0);
			xd_fdb_unlock(stripe);
		}
	}
}
