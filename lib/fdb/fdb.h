/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding database of one bridge: which port a MAC address was last seen on, per VLAN.
 *
 * Learning. Every frame's source is learned on the fast path by the worker that received it. There
 * is no upcall and no cache per flow: a frame costs one look-up of its source and one of its
 * destination, whatever the number of flows. A destination that is not found is the bridge's to
 * flood; the FDB holds neither group addresses nor the zero address, and its user keeps them out.
 *
 * Shape. An entry is one aligned unit of 16 bytes: key (MAC and VLAN) and value (port, generation,
 * second last seen). Four entries make a bucket of one cache line. A key lies in one of two
 * buckets, which its hash names, in the first if it has room; an entry in its second bucket comes
 * to its first when it is seen again and there is room by then. When both are full of live entries,
 * one of them moves to its own other bucket. The hash is keyed by a secret of the table, so that a
 * guest that chooses its addresses cannot aim them at one bucket.
 *
 * Size. The table begins with a page. It doubles when it is a quarter full, from 2 MiB on when it
 * is half full, up to room for twice its limit; when it is less than a sixteenth full, it becomes
 * smaller again. It grows where it lies, by linear hashing (Litwin 1980): buckets are split one
 * after the other, each into itself and the one that lies as far behind it as there were buckets,
 * so that nothing moves twice and no second table is needed. Workers that learn do that, a few
 * buckets for some new addresses, under all stripes' locks. Memory is control's business, which is
 * called for it (xd_fdb_opts.wanted) while there still is room; should it come late, the table is
 * fuller meanwhile. A look-up knows nothing of that as long as it finds the key where it was before
 * the doubling; else it asks how many buckets there are by now (xd_fdb_find).
 *
 * Threads. An entry is always loaded whole and replaced whole by compare-exchange, so a reader sees
 * an address with a port that it was learned on, or does not see it; look-ups take no lock and
 * never wait. `last seen` is refreshed without a lock, at most once a second per entry. Whatever
 * else becomes of a key (insertion, move to another port or bucket, expiry) happens under the
 * lock of the key's stripe, so a key is never in the table twice but while it moves to its other
 * bucket. A reader that looks in the other bucket just before and in the old one just after such a
 * move misses it, sees that something has moved meanwhile, and looks again. It does so a few times
 * (XD_FDB_LOOKS): should another entry have moved in each of them, it gives up, and floods a frame.
 *
 * Forgetting. An entry not refreshed for longer than the ageing time is removed by the next
 * xd_fdb_age, or replaced when its place is needed. Flushing a port only advances the port's
 * generation: entries of an older generation are misses and free places from that moment, and
 * leave the counts at once.
 *
 * Limits. At most mac_limit addresses are learned, and behind one port at most what
 * xd_fdb_set_port_limit says. What comes after is forwarded like any other frame but not learned,
 * and counted. In a full table a new address takes the place of one of a port that has more of them
 * than its own: a guest that invents addresses fills what nobody else wants, takes none from ports
 * with fewer, and gives way to them. An address that moves to a port at its limit is forgotten:
 * frames for it are flooded.
 *
 * Moves. An address seen on another port than before is learned there at once: a guest that
 * migrated announces itself by one frame. But an address that goes to and fro is claimed by two,
 * one of whom may be a thief. After XD_FDB_MOVES_MAX moves within XD_FDB_WINDOW_S seconds it is
 * held for XD_FDB_HOLD_S seconds where it was before it began to move; there, what is seen of it on
 * other ports is not learned but counted (xd_fdb_damped), which takes no lock and one look at one
 * cache line. Should nothing have come from that port since (its guest has migrated, and the thief
 * is after the new one), it is held where it moved first. When the time is over it may move anew.
 * So an owner that sends gets all but a few of its frames, whatever the thief's rate; a silent one
 * loses its address until it sends. Where that is too much, ports list the sources that they may
 * have. A port that goes down, is flushed or goes away releases what was held for it.
 *
 * What has moved is remembered in a side table, half as many addresses as the limit, but not more
 * than 131072. A record that is held or of a restless address is not given up for one of an address
 * that moved once, so that neither thousands of addresses that fail over from one uplink to another
 * nor a guest that moves many of its own wash it away. What finds no place is followed wherever it
 * moves.
 *
 * Static addresses. The operator may say where an address is. Such an entry does not age, and is
 * not moved by what is seen of it elsewhere: that is forwarded and counted like a move that is
 * refused (xd_fdb_damped). It counts as one of the mac_limit, in a full table takes the place of a
 * learned one, and stays when its port is flushed.
 *
 * Time is in whole seconds from any base that one table's callers agree on, below XD_FDB_STATIC_S.
 */
#ifndef XD_FDB_FDB_H
#define XD_FDB_FDB_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "fdb/fdb_bucket.h"
#include "memory/growing.h"

#define XD_FDB_STRIPES 64 /* locks */
#define XD_FDB_LOOKS   4  /* of a look-up, at most */

#define XD_FDB_LARGE (1u << 16) /* buckets, 4 MiB: what does not fit the caches of a core */

#define XD_FDB_MOVES_MAX 3  /* moves that are followed */
#define XD_FDB_WINDOW_S  10 /* from the first of them, after which they are forgotten */
#define XD_FDB_HOLD_S    10 /* that an address which moved more often stays where it is */

#define XD_FDB_STATIC_S 0x7fffffffu /* when a static address was last seen: later than any time */
#define XD_FDB_STATICS  4096        /* static addresses of a table */

struct xd_fdb_stripe {
	uint8_t locked;
} __attribute__((aligned(64)));

/* What is known of one port. Written by workers, but for the limit, which is control's. */
struct xd_fdb_port_state {
	uint32_t limit; /* 0: none */
	uint32_t count; /* live entries */
	uint64_t not_learned;
	uint64_t damped;
} __attribute__((aligned(32)));

struct xd_fdb {
	/* Read by every look-up, written by control; mask by whoever has doubled the table. */
	struct xd_fdb_bucket *buckets;
	uint32_t mask;    /* buckets before a doubling that is under way, a power of two, minus 1 */
	uint64_t seed[4]; /* two secrets of 128 bits */
	uint32_t ageing_s;
	uint32_t mac_limit;
	/* Addresses that moved, as fdb_move.c reads and writes them: a bucket is named by the
	 * topmost bits of the hash, so that it belongs to one stripe. */
	struct xd_fdb_bucket *moved;
	uint8_t moved_bits;
	/* Current generation of each port, never 0: written by control under all stripes' locks. */
	uint16_t generation[XD_MAX_PORTS];

	/* Written by workers out of line. */
	uint32_t count __attribute__((aligned(64))); /* live entries */
	uint64_t moves;
	/* Figures of ports that are gone. */
	uint64_t not_learned;
	uint64_t damped;
	struct xd_fdb_port_state ports[XD_MAX_PORTS];
	struct xd_fdb_stripe stripes[XD_FDB_STRIPES];

	/* Buckets that entries are in, and of these the ones that new entries are put into: all,
	 * but while the last ones are emptied. Written by who has all stripes. */
	uint32_t size __attribute__((aligned(64))), room;
	uint32_t moving; /* advanced between an entry's being copied to another bucket and its going
			  * from the old one, once for all of a batch that is split or joined */
	uint32_t ready;  /* buckets that there is memory for: written by control */
	uint32_t most;   /* that there may be */
	bool wanted;     /* memory for more than are ready */
	bool shrinking;  /* control joins buckets; until more are needed. By who has all stripes */

	/* Control's. */
	struct xd_growing memory; /* of the buckets */
	void (*call)(void *ctx);  /* see xd_fdb_opts.wanted */
	void *call_ctx;
	struct xd_fdb_static *statics; /* the static addresses, in no order */
	unsigned nb_statics;
} __attribute__((aligned(64)));

struct xd_fdb_opts {
	uint32_t mac_limit; /* 1 to 16777216 */
	uint32_t ageing_s;  /* at least 1 */
	int node;           /* NUMA node, or -1 */
	/* The table is about to need memory: xd_fdb_fit is to be called soon. By a worker that
	 * learns, once for each time. NULL: xd_fdb_age alone does it. */
	void (*wanted)(void *ctx);
	void *ctx;
};

/* One address, for people. */
struct xd_fdb_record {
	uint8_t mac[6];
	uint16_t vlan;
	uint16_t port;
	uint32_t age_s; /* since last seen; of a static address 0 */
	bool is_static;
};

/* ---- Control: one caller at a time, while workers look up and learn ---- */

/* NULL with err: -EINVAL a limit out of range, -ENOMEM. */
struct xd_fdb *xd_fdb_create(const struct xd_fdb_opts *opts, struct xd_error *err);
void xd_fdb_destroy(struct xd_fdb *fdb); /* no worker uses it any more; NULL is fine */

void xd_fdb_set_ageing(struct xd_fdb *fdb, uint32_t ageing_s);
/* Addresses learned behind a port at most; 0: no limit of its own. What was learned stays. */
void xd_fdb_set_port_limit(struct xd_fdb *fdb, uint16_t port, uint32_t limit);
/* Forget what was learned on a port; on all ports. Static addresses stay: frames for them are
 * flooded until they are back in the table, within the call. */
void xd_fdb_flush_port(struct xd_fdb *fdb, uint16_t port);
void xd_fdb_flush(struct xd_fdb *fdb);
/* The port is down: addresses held for it may move. */
void xd_fdb_release_port(struct xd_fdb *fdb, uint16_t port);
/* Forgets all addresses of a port, static ones too. */
void xd_fdb_forget_port(struct xd_fdb *fdb, uint16_t port);
/* The port is gone, no worker uses it: forgets its addresses and takes back its limit and figures,
 * so that another may have its number. The table's figures stay. */
void xd_fdb_remove_port(struct xd_fdb *fdb, uint16_t port);
/* Makes an address a static one of a port, whatever was known of it, also another port's. The key
 * is neither 0 nor a group address. -E2BIG: there are XD_FDB_STATICS; -ENOSPC: none of the
 * addresses looked at in a full table gives way; -ENOMEM; then it is what it was, but for -ENOSPC
 * forgotten. */
int xd_fdb_add_static(struct xd_fdb *fdb, uint64_t key, uint16_t port, struct xd_error *err);
/* Forgets a static address, in its VLAN or in all; false: there is none. */
bool xd_fdb_del_static(struct xd_fdb *fdb, uint64_t key, bool all_vlans);
/* Forgets the static addresses of a port; with XD_PORT_NONE of all. */
void xd_fdb_flush_static(struct xd_fdb *fdb, uint16_t port);
/* Forgets one address, static or learned; false when it was not known. */
bool xd_fdb_forget(struct xd_fdb *fdb, uint64_t key);
/* Walks the table and removes what was last seen more than the ageing time before now_s; then gives
 * the table the size that what is left needs. Returns how many addresses were removed. Call it
 * about once a second to once a minute. */
uint32_t xd_fdb_age(struct xd_fdb *fdb, uint32_t now_s);
/* Gives the table the size that it needs, as far as there is memory: a doubling that workers have
 * begun is ended. */
void xd_fdb_fit(struct xd_fdb *fdb);
/* Takes the memory alone that the table needs to grow, if it does and there is some. */
void xd_fdb_prepare(struct xd_fdb *fdb);
/* Learns in dst what src knows, with the same ports and times; for a table of another size. What
 * does not fit is counted as not learned by dst; limits of ports are not copied, nor what was held.
 * Static addresses come first.
 * Workers may use src, not dst. */
void xd_fdb_copy(struct xd_fdb *dst, const struct xd_fdb *src);
#define XD_FDB_END UINT32_MAX
/* Calls fn for every live address from a place in the table on (0: all), in no order, until it
 * returns false; returns the place of the one that it returned false for, or XD_FDB_END. An address
 * that changes meanwhile may be told in its old or new state, or, if it moves in the table, twice
 * or not. */
uint32_t xd_fdb_walk(const struct xd_fdb *fdb, uint32_t now_s, uint32_t place,
	bool (*fn)(void *ctx, const struct xd_fdb_record *record), void *ctx);
/* The same from the beginning. */
void xd_fdb_foreach(const struct xd_fdb *fdb, uint32_t now_s,
	bool (*fn)(void *ctx, const struct xd_fdb_record *record), void *ctx);

/* ---- Any thread: figures of the moment ---- */

uint32_t xd_fdb_count(const struct xd_fdb *fdb);
uint32_t xd_fdb_count_port(const struct xd_fdb *fdb, uint16_t port);
uint32_t xd_fdb_count_static(const struct xd_fdb *fdb); /* of those, static; control's thread */
uint64_t xd_fdb_moves(const struct xd_fdb *fdb);        /* addresses that changed port */
/* Learnings refused, each time: a limit, or no place; of one port. */
uint64_t xd_fdb_not_learned(const struct xd_fdb *fdb);
uint64_t xd_fdb_not_learned_port(const struct xd_fdb *fdb, uint16_t port);
/* Moves refused, each time, because the address is held; of one port that it would move to. */
uint64_t xd_fdb_damped(const struct xd_fdb *fdb);
uint64_t xd_fdb_damped_port(const struct xd_fdb *fdb, uint16_t port);
uint64_t xd_fdb_bytes(const struct xd_fdb *fdb); /* memory of the table, as large as it is */

/* ---- Workers ---- */

/* The value stored under a key anywhere in the table, of any generation, or 0. Wait-free: see
 * "Threads" above. */
uint64_t xd_fdb_find(const struct xd_fdb *fdb, uint64_t key, uint64_t hash);

/* The key's second bucket, brought near: before xd_fdb_find, when the first one has been looked at.
 */
void xd_fdb_prefetch_second(const struct xd_fdb *fdb, uint64_t key);

/* Learns an address that xd_fdb_holds has not found as it should be: inserts it, moves it to
 * another port, or refreshes when it was last seen. Any worker. */
void xd_fdb_learn_slow(
	struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s);

/* The key of an address in a VLAN (0: none). Reads 8 bytes at mac. */
static inline uint64_t
xd_fdb_key(const uint8_t *mac, uint16_t vlan)
{
	uint64_t key;

	memcpy(&key, mac, sizeof(key));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	key = __builtin_bswap64(key);
#endif
	return (key & 0xffffffffffff) | (uint64_t)vlan << 48;
}

/*
 * Hash of a key: its lower half names the first bucket, its upper half the second, and its topmost
 * bits the stripe. Keyed by the table's secret, so that a guest cannot choose addresses that meet:
 * three rounds of AES where the processor has them (after two, four bytes of the result depend on
 * as few as two of a row of addresses); else multiply-add-shift modulo 2^128 (Dietzfelbinger 1996),
 * whose pairs are independent over the choice of the secret, and a bijection that hides its being
 * linear.
 */
static inline uint64_t
xd_fdb_hash(const struct xd_fdb *fdb, uint64_t key)
{
#if defined(__AES__)
	const __m128i *seed = (const __m128i *)(const void *)fdb->seed;
	__m128i v = _mm_xor_si128(_mm_cvtsi64_si128((long long)key), _mm_loadu_si128(&seed[0]));

	v = _mm_aesenc_si128(v, _mm_loadu_si128(&seed[1]));
	v = _mm_aesenc_si128(v, _mm_loadu_si128(&seed[0]));
	v = _mm_aesenc_si128(v, _mm_loadu_si128(&seed[1]));
	return (uint64_t)_mm_cvtsi128_si64(v);
#else
	unsigned __int128 product = (unsigned __int128)key * fdb->seed[0] + fdb->seed[2];
	uint64_t h = (uint64_t)(product >> 64) + key * fdb->seed[1] + fdb->seed[3];

	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15; /* 2^64 / golden ratio, odd */
	return h ^ h >> 32;
#endif
}

/* Where a key's first bucket was before a doubling that is under way, if there is one. */
static inline uint32_t
xd_fdb_first(const struct xd_fdb *fdb, uint64_t hash)
{
	return (uint32_t)hash & __atomic_load_n(&fdb->mask, __ATOMIC_RELAXED);
}

/* Whether most of what is looked at comes from farther than the caches of a core. */
static inline bool
xd_fdb_is_large(const struct xd_fdb *fdb)
{
	return __atomic_load_n(&fdb->mask, __ATOMIC_RELAXED) + 1 >= XD_FDB_LARGE;
}

/* The key's first bucket, brought near. The second one is needed too seldom to be asked for. */
static inline const struct xd_fdb_bucket *
xd_fdb_prefetch(const struct xd_fdb *fdb, uint64_t hash)
{
	const struct xd_fdb_bucket *first = &fdb->buckets[xd_fdb_first(fdb, hash)];

	/* To the second level of the caches: of the lines that come from memory, more can be on
	 * their way there than to the first one. */
	__builtin_prefetch(first, 0, 2);
	return first;
}

/* The port that a value speaks of, or XD_PORT_NONE when it was flushed since. */
static inline uint16_t
xd_fdb_port(const struct xd_fdb *fdb, uint64_t value)
{
	uint16_t port = (uint16_t)value;

	/* Generation 0 is never current, so the value 0 is a miss without being asked for. */
	if (__atomic_load_n(&fdb->generation[port], __ATOMIC_RELAXED) != (uint16_t)(value >> 16))
		return XD_PORT_NONE;
	return port;
}

/* The port that the key was learned on, or XD_PORT_NONE, with the first bucket at hand: nearly
 * always it is the one. Any worker; wait-free. */
static inline uint16_t
xd_fdb_lookup_from(const struct xd_fdb *fdb, uint64_t key, const struct xd_fdb_bucket *first)
{
	uint64_t value = xd_fdb_find_in(first, key);

	if (__builtin_expect(value == 0, 0))
		value = xd_fdb_find(fdb, key, xd_fdb_hash(fdb, key));
	return xd_fdb_port(fdb, value);
}

/* The same without. */
static inline uint16_t
xd_fdb_lookup(const struct xd_fdb *fdb, uint64_t key, uint64_t hash)
{
	return xd_fdb_lookup_from(fdb, key, &fdb->buckets[xd_fdb_first(fdb, hash)]);
}

/* The value that an address has which was just seen on a port. */
static inline uint64_t
xd_fdb_value(const struct xd_fdb *fdb, uint16_t port, uint32_t now_s)
{
	uint16_t generation = __atomic_load_n(&fdb->generation[port], __ATOMIC_RELAXED);

	return port | (uint32_t)generation << 16 | (uint64_t)now_s << 32;
}

/* Learns that the key was seen on a port (below XD_MAX_PORTS). The key is neither 0 nor a group
 * address. Any worker. */
static inline void
xd_fdb_learn(struct xd_fdb *fdb, uint64_t key, uint64_t hash, uint16_t port, uint32_t now_s)
{
	uint64_t value = xd_fdb_find(fdb, key, hash);

	/* A worker whose clock is behind another's has nothing to refresh. */
	if ((uint32_t)value == (uint32_t)xd_fdb_value(fdb, port, now_s) &&
		(int32_t)(now_s - (uint32_t)(value >> 32)) <= 0)
		return;
	xd_fdb_learn_slow(fdb, key, hash, port, now_s);
}

#endif
