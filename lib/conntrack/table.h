/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tracker's memory, for lib/conntrack alone: records, the index that finds them, and how a
 * record comes to be and ends.
 *
 * A tuple in canonical order, the smaller endpoint first, is 16 bytes of IPv4, and 48 of IPv6. Its
 * hash names two buckets of the index, one cache line each, and a tag; the tag's place in a bucket
 * says which record to compare. A record's first line has both tuples of IPv4 and all that a frame
 * changes; IPv6 addresses, and what few frames need, lie in arrays of their own.
 *
 * Locks. A stripe's, of a tuple's hash, makes looking for a tuple and inserting it one. A shard's
 * covers its free records, its wheel and those that wait for readers. A stripe's may be held when a
 * shard's is taken, two stripes are taken in ascending order, and no two shards are held at once.
 *
 * A record that ends leaves the index, and waits (limbo) until every worker that was in a call then
 * has left it: calls note the epoch that they began in, and a record's is noted when it has left.
 */
#ifndef XD_CONNTRACK_TABLE_H
#define XD_CONNTRACK_TABLE_H

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include <rte_spinlock.h>

#include "conntrack/conntrack.h"

#define CT_WAYS      8
#define CT_STRIPES   1024
#define CT_SHARDS    16
#define CT_SLOTS     1024 /* of a wheel: seconds, or nearly */
#define CT_TICK_BITS 10   /* ms in a slot */
#define CT_SLACK_MS  1024 /* that a connection may live longer, so that few frames write when */
#define CT_ZONES     65536
#define CT_CONTROL   XD_MAX_WORKERS /* the number of the thread in a control call */
#define CT_NONE      0              /* no record */
#define CT_NEVER_MS  0x7fffff00     /* after which nothing ends */

/* Of a record, one word that is compared and exchanged. */
#define CT_TCP_STATE     0x0000000f /* enum ct_tcp_state */
#define CT_LIVE          0x00000010 /* in the index */
#define CT_ANSWERED      0x00000020
#define CT_ASSURED       0x00000040 /* worth more than one that is new */
#define CT_TRANSLATED    0x00000080
#define CT_MARKED        0x00000100           /* has a mark */
#define CT_CLOSER        0x00000200           /* the direction of TCP's first FIN */
#define CT_DOUBTED       0x00000400           /* TCP: a reset that was not quite right was seen */
#define CT_SWAPPED(d)    (0x00000800u << (d)) /* the tuple's source is its second endpoint */
#define CT_LIBERAL(d)    (0x00008000u << (d)) /* TCP: its windows are not known */
#define CT_SCALED(d)     (0x00020000u << (d)) /* TCP: it offered to scale windows */
#define CT_SCALE_AT(d)   (20u + 4 * (d))      /* TCP: by how many bits */
#define CT_SCALE(f, d)   ((f) >> CT_SCALE_AT(d) & 0xfu)
#define CT_SCALE_MASK(d) (0xfu << CT_SCALE_AT(d))
#define CT_MAPPING       0x10000000 /* no connection: see nat.c */

enum ct_tcp_state {
	CT_TCP_NONE,
	CT_TCP_SYN_SENT,
	CT_TCP_SYN_RECV,
	CT_TCP_ESTABLISHED,
	CT_TCP_FIN_WAIT,
	CT_TCP_CLOSE_WAIT,
	CT_TCP_LAST_ACK,
	CT_TCP_TIME_WAIT,
	CT_TCP_CLOSE,
	CT_TCP_SYN_SENT2, /* both began: RFC 9293, 3.5, figure 7 */
	CT_TCP_STATES,
};

enum ct_kind {
	CT_KIND_NONE, /* not tracked */
	CT_KIND_BAD,
	CT_KIND_FRAGMENT,
	CT_KIND_TCP,
	CT_KIND_UDP,
	CT_KIND_QUERY,  /* of ICMP */
	CT_KIND_ANSWER, /* likewise */
	CT_KIND_ERROR,  /* likewise: the tuple is that of what it is about, turned round */
	CT_KIND_OTHER,
	CT_KIND_PART, /* a later fragment, with the tuple of the first */
};

/* Of a key: bits 48 to 55 of the first word are the protocol, 56 to 63 these; of the second 48 to
 * 63 the zone. Below are port and, of IPv4, address. */
#define CT_CLASS_IPV6    0x80
#define CT_CLASS_MAPPING 0x40
#define CT_CLASS_ICMP    0x07 /* which query, and who asks */
#define CT_CLASS_ASKER   0x01

/* In max_win, whose windows have 30 bits: data was sent that is not acknowledged yet. It changes
 * with nearly every segment, so it is not in the word that is compared and exchanged. */
#define CT_UNACKED 0x80000000u

/* One direction of TCP. */
struct ct_side {
	uint32_t end;     /* behind the last octet sent */
	uint32_t max_end; /* what the other side's window allows */
	uint32_t max_win; /* the largest window that it offered; 0: nothing was seen of it;
			     CT_UNACKED */
};

/* Keys are constant while readers can find the record; the rest is words that any worker may write.
 * Two that judge segments of one connection at once may lose a figure of the one: the next
 * segment brings it again. */
struct ct_conn {
	uint64_t key[2][2]; /* original, reply */
	uint32_t flags;
	uint32_t expires; /* ms */
	struct ct_side side[2];
} __attribute__((aligned(64)));
static_assert(sizeof(struct ct_conn) == 64, "what a frame of IPv4 needs is one cache line");

struct ct_addresses {
	uint8_t of[2][32]; /* original, reply; in canonical order */
} __attribute__((aligned(64)));

/* What few frames need. next, prev, due, epoch: under the lock of the shard. */
struct ct_info {
	uint8_t label[XD_CT_LABEL];
	uint32_t mark;
	uint32_t next, prev; /* in a slot of the wheel, among the free or those in limbo */
	uint64_t due;        /* its slot's tick */
	uint64_t epoch;      /* when it left the index */
	uint32_t mapping;    /* record of the mapping that it uses: nat.c */
	uint32_t users;      /* of a mapping: connections */
} __attribute__((aligned(64)));
static_assert(sizeof(struct ct_info) == 64, "one cache line");

/* Written by any worker: original, reply. */
struct ct_counters {
	uint64_t packets[2], bytes[2];
} __attribute__((aligned(32)));

/* conn: CT_NONE for a free place. A tag is a hint, written after the place was taken. */
struct ct_bucket {
	uint32_t tag[CT_WAYS];
	uint32_t conn[CT_WAYS];
} __attribute__((aligned(64)));
static_assert(sizeof(struct ct_bucket) == 64, "a bucket is one cache line");

struct ct_shard {
	rte_spinlock_t lock;
	uint32_t free, nb_free;
	uint32_t limbo_first, limbo_last;
	uint32_t cursor;         /* of looks for what can give way */
	uint64_t swept;          /* tick up to which the wheel was walked */
	uint32_t nb_linked;      /* in the wheel */
	uint32_t slot[CT_SLOTS]; /* the first record of each */
} __attribute__((aligned(64)));

struct ct_worker {
	uint64_t epoch; /* of the call that it is in; 0: none */
} __attribute__((aligned(64)));

struct ct_lookup;

struct xd_ct {
	/* Read by every look-up. */
	struct ct_bucket *buckets;
	struct ct_conn *conns;
	struct ct_addresses *addresses;
	struct ct_info *infos;
	struct ct_counters *counters; /* NULL: nobody counts */
	uint64_t seed[8];
	uint32_t mask;       /* buckets less one */
	uint32_t nb_records; /* with what waits for readers; record 0 is none */
	uint32_t max;
	uint32_t nb_shards; /* a power of two */
	bool tcp_liberal, tcp_loose;
	uint32_t timeout_ms[XD_CT_TIMEOUTS];
	uint32_t *zone_limit;

	uint64_t epoch __attribute__((aligned(64)));
	uint32_t count; /* live, with those about to be */
	uint32_t *zone_count;
	pthread_mutex_t control; /* of calls by CT_CONTROL */
	uint64_t committed, expired, flushed, evicted, full, limited, exhausted;
	rte_spinlock_t stripe[CT_STRIPES] __attribute__((aligned(64)));
	struct ct_worker worker[XD_MAX_WORKERS + 1];
	struct ct_shard shard[CT_SHARDS];
};

static inline uint32_t
ct_load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static inline void
ct_store(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

static inline void
ct_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static inline bool
ct_key_is_ipv6(const uint64_t key[2])
{
	return key[0] >> 56 & CT_CLASS_IPV6;
}

static inline uint8_t
ct_key_proto(const uint64_t key[2])
{
	return (uint8_t)(key[0] >> 48);
}

static inline uint16_t
ct_key_zone(const uint64_t key[2])
{
	return (uint16_t)(key[1] >> 48);
}

/* In two halves, both aligned: of two that write at once a reader may get one of each. */
static inline void
ct_copy_label(uint8_t *to, const uint8_t *from)
{
	for (unsigned i = 0; i < XD_CT_LABEL; i += 8) {
		const uint64_t half = __atomic_load_n(
			(const uint64_t *)(const void *)(from + i), __ATOMIC_RELAXED);

		__atomic_store_n((uint64_t *)(void *)(to + i), half, __ATOMIC_RELAXED);
	}
}

static inline bool
ct_is_over(const struct ct_conn *c, uint64_t now_ms)
{
	return (int32_t)(ct_load(&c->expires) - (uint32_t)now_ms) <= 0;
}

/* Between these what the index leads to stays. */
static inline void
ct_enter(struct xd_ct *ct, unsigned worker)
{
	/* Seen by whoever frees, before anything is read. */
	__atomic_exchange_n(&ct->worker[worker].epoch,
		__atomic_load_n(&ct->epoch, __ATOMIC_ACQUIRE), __ATOMIC_SEQ_CST);
}

static inline void
ct_leave(struct xd_ct *ct, unsigned worker)
{
	__atomic_store_n(&ct->worker[worker].epoch, 0, __ATOMIC_RELEASE);
}

static inline struct ct_shard *
ct_shard_of(struct xd_ct *ct, uint32_t conn)
{
	return &ct->shard[conn & (ct->nb_shards - 1)];
}

/* ---- record.c ---- */

/* A free record that counts as live, in no index, due at expires; or CT_NONE: none can be had. */
uint32_t xd_ct_take(struct xd_ct *ct, unsigned worker, uint64_t now_ms, uint32_t timeout_ms);
/* Ends a live record; false: another did. reason counts it and may be NULL. */
bool xd_ct_kill(struct xd_ct *ct, uint32_t conn, uint64_t *reason);
/* One that was taken and filled in, but is not live. */
void xd_ct_abandon(struct xd_ct *ct, uint32_t conn);
/* Its time was shortened: it is looked at in time. */
void xd_ct_hasten(struct xd_ct *ct, uint32_t conn, uint64_t now_ms);
void xd_ct_records_init(struct xd_ct *ct);

/* ---- packet.c ---- */

struct ct_endpoints {
	const uint8_t *src, *dst;    /* addresses */
	uint16_t src_port, dst_port; /* as in the header */
	uint16_t zone;
	uint8_t proto, class;
	bool ipv6;
};

/* The canonical order of a tuple: the smaller endpoint, as a number of IPv4, as bytes of IPv6, is
 * the first. Returns whether that is not the source. */
bool xd_ct_canonical(const struct ct_endpoints *e, uint64_t key[2], uint8_t addr[32]);
void xd_ct_tuple_of(
	const uint64_t key[2], const uint8_t *addr, bool swapped, struct xd_ct_tuple *t);

/* ---- nat.c ---- */

/* What comes back to a connection that is translated as c says, in *l and addr. The connection uses
 * *mapping then, which may be CT_NONE. Errors of xd_ct_commit. */
int xd_ct_translated(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const struct xd_ct_commit *c, uint64_t now_ms, struct ct_lookup *l, uint8_t addr[32],
	uint32_t *mapping);
void xd_ct_mapping_release(struct xd_ct *ct, uint32_t mapping);

/* ---- counters.c ---- */

void xd_ct_counters_read(const struct xd_ct *ct, uint32_t conn, struct xd_ct_record *r);

/* ---- track.c ---- */

/* Judges a packet of a record that it belongs to. */
void xd_ct_judge(struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d,
	uint64_t now_ms);
/* Tells what the connection says of the packet. */
void xd_ct_describe(
	const struct xd_ct *ct, struct xd_ct_packet *p, uint32_t conn, uint32_t flags, int d);
/* c: NULL before there is a record. */
enum xd_ct_timeout xd_ct_timeout_of(uint8_t kind, const struct ct_conn *c, uint32_t flags);

/* ---- tcp.c ---- */

enum ct_tcp_verdict { CT_TCP_PASS, CT_TCP_INVALID, CT_TCP_REOPEN };

/* Whether a segment may begin a connection. */
bool xd_ct_tcp_begins(const struct xd_ct *ct, const struct xd_ct_packet *p);
/* Fills in a record that it begins, and returns its flags. */
uint32_t xd_ct_tcp_begin(struct ct_conn *c, const struct xd_ct_packet *p);
/* Judges a segment, and updates the record and *flags. */
enum ct_tcp_verdict xd_ct_tcp_judge(const struct xd_ct *ct, struct ct_conn *c,
	const struct xd_ct_packet *p, uint32_t *flags, int d);
enum xd_ct_timeout xd_ct_tcp_timeout(const struct ct_conn *c, uint32_t flags);
const char *xd_ct_tcp_state_name(uint32_t flags);

#endif
