/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection tracking: which frames belong together, and what is known of them.
 *
 *     struct xd_ct_packet p[XD_BATCH];
 *
 *     for (i = 0; i < n; i++) {
 *         xd_headers_parse(frames[i], &h);
 *         xd_ct_packet_init(&p[i], frames[i], &h, zone);
 *     }
 *     xd_ct_track(ct, worker, p, n, now_ms);
 *     for (i = 0; i < n; i++) {
 *         if (p[i].state == XD_CT_INVALID || (p[i].state == XD_CT_NEW && !allowed(&p[i])))
 *             drop(i);
 *         else if (p[i].state == XD_CT_NEW && !p[i].known)
 *             xd_ct_commit(ct, worker, &p[i], NULL, now_ms);
 *     }
 *
 * The library knows no switch, hook or port: what goes in are headers, a zone and the time, what
 * comes out is the state of the connection, its mark, and what to write into the frame.
 *
 * A connection is two tuples (addresses, ports or ICMP identifier, protocol, zone), of what its
 * originator sends and of what comes back; without translation the one is the other turned round.
 * Both are found by one look-up: the hash is of the tuple in canonical order, so that both
 * directions of an untranslated connection are one entry of the index. Zones keep the same
 * addresses of different networks apart.
 *
 * Remembered is what is committed: a frame that belongs to nothing is XD_CT_NEW, and leaves no
 * trace until the caller has judged it. So what a policy refuses costs no memory.
 *
 * Bounds. The table holds opts.max_connections, and a zone what xd_ct_set_zone_limit says. When it
 * is nearly full, connections that were never answered, or are being closed, give way to new ones.
 * The hash is keyed by a secret of the table: whoever chooses tuples cannot choose where they lie.
 *
 * Memory: 128 bytes a connection, 64 more with IPv6 addresses (pages of those are touched by such
 * connections alone), and 16 to 32 bytes of index for each tuple; 32 with counters.
 *
 * Threads. Workers have numbers, below XD_MAX_WORKERS, one thread at a time each, and call track,
 * commit, expire and what is said below to be a worker's, at the same time. A frame of an
 * established connection takes no lock and waits for nobody; new connections and those that end
 * take locks that are one of many each. A record is used anew only when every worker that may have
 * seen it has left its call; no worker need call for that. Control calls come from any thread.
 *
 * Time is in milliseconds from any base that all callers agree on, and does not run backwards.
 */
#ifndef XD_CONNTRACK_CONNTRACK_H
#define XD_CONNTRACK_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"
#include "frame/edit.h"
#include "frame/frame.h"
#include "frame/headers.h"

XD_API_BEGIN

struct xd_ct;

/* How long a connection is remembered that nothing is seen of, by what was seen of it last. */
enum xd_ct_timeout {
	XD_CT_TIMEOUT_TCP_SYN_SENT,
	XD_CT_TIMEOUT_TCP_SYN_RECV,
	XD_CT_TIMEOUT_TCP_ESTABLISHED,
	XD_CT_TIMEOUT_TCP_FIN_WAIT,
	XD_CT_TIMEOUT_TCP_CLOSE_WAIT,
	XD_CT_TIMEOUT_TCP_LAST_ACK,
	XD_CT_TIMEOUT_TCP_TIME_WAIT,
	XD_CT_TIMEOUT_TCP_CLOSE,
	XD_CT_TIMEOUT_TCP_UNACKNOWLEDGED, /* established, but neither side acknowledges */
	XD_CT_TIMEOUT_UDP,                /* no answer yet */
	XD_CT_TIMEOUT_UDP_REPLIED,        /* one question, one answer */
	XD_CT_TIMEOUT_UDP_STREAM,         /* more than that */
	XD_CT_TIMEOUT_ICMP,
	XD_CT_TIMEOUT_OTHER,
	XD_CT_TIMEOUT_OTHER_REPLIED,
	XD_CT_TIMEOUTS,
};

struct xd_ct_opts {
	uint32_t size;            /* sizeof(struct xd_ct_opts); what a shorter one lacks is 0 */
	uint32_t max_connections; /* 1 to 33554432 */
	int node;                 /* NUMA node of the memory, or -1 */
	bool tcp_liberal;         /* segments outside of the window pass too */
	bool tcp_loose; /* connections are taken up in their middle, whose SYN was not seen */
	/* Seconds, up to 2000000; 0: the default, which is what RFC 5382, 4787 and 5508 ask of
	 * translators at least, and xd_ct_timeout_default tells. */
	uint32_t timeout_s[XD_CT_TIMEOUTS];
	bool counters; /* packets and bytes of each connection: xd_ct_count */
};

/* What a frame is to its connection. */
enum xd_ct_state {
	XD_CT_UNTRACKED,   /* neither: no IP, or neighbour discovery, MLD */
	XD_CT_NEW,         /* of the originator, before an answer was seen */
	XD_CT_ESTABLISHED, /* of a connection of which both directions were seen */
	XD_CT_RELATED,     /* an ICMP error about a frame of a connection */
	XD_CT_INVALID,     /* it cannot be of its connection, or begins none */
	XD_CT_FRAGMENT,    /* a part of a datagram without its ports: conntrack/fragments.h */
};

/* Addresses and ports for people, and for filters. */
struct xd_ct_tuple {
	uint8_t src[16], dst[16]; /* of IPv4 the first four bytes */
	uint16_t src_port; /* as in the header, the high byte first; of ICMP the identifier */
	uint16_t dst_port;
	uint16_t zone;
	uint8_t proto; /* IANA's number */
	bool ipv6;     /* else IPv4 */
};

/* A frame on its way through the tracker. Written by xd_ct_packet_init and xd_ct_track. */
struct xd_ct_packet {
	/* What came of it. */
	uint8_t state;  /* enum xd_ct_state */
	bool known;     /* there is a connection in the table */
	bool reply;     /* the frame goes against the direction of the first one */
	bool translate; /* addresses or ports are to be written: xd_ct_translate */
	uint32_t mark;  /* of the connection */
	uint32_t bytes; /* of the frame, without FCS */
	/* What it is, for the library. */
	uint8_t kind, tcp_flags, tcp_scale, swapped;
	uint16_t tcp_window, zone;          /* likewise, as all behind */
	uint32_t tcp_seq, tcp_ack, tcp_len; /* of the TCP header, and its payload */
	uint32_t conn;                      /* its connection */
	uint32_t tag;                       /* of its tuple's hash */
	uint64_t place;                     /* likewise */
	uint64_t key[2];                    /* tuple in canonical order */
	uint64_t to[2];                     /* what the tuple is to be, likewise */
	uint8_t addr[32];                   /* IPv6 addresses, in canonical order */
	uint8_t to_addr[32];                /* of to, IPv6 */
	uint8_t to_swapped;                 /* of to */
} __attribute__((aligned(64)));

/* ---- Control. All calls: any thread. ---- */

/* Makes an empty table, the caller's. -EINVAL: a limit or timeout is out of range; -ENOMEM: no
 * memory for so many. */
struct xd_ct *xd_ct_create(const struct xd_ct_opts *opts, struct xd_error *err);
/* Frees it, when no worker uses it any more; NULL is fine. */
void xd_ct_destroy(struct xd_ct *ct);

/* In seconds, as it is where nothing else is said. */
uint32_t xd_ct_timeout_default(enum xd_ct_timeout which);
/* For what is seen from now on. 0; -EINVAL: no such timeout, or seconds not from 1 to 2000000. */
int xd_ct_set_timeout(struct xd_ct *ct, enum xd_ct_timeout which, uint32_t seconds);
/* Connections in a zone at most; 0: no limit of its own. What there is stays. */
void xd_ct_set_zone_limit(struct xd_ct *ct, uint16_t zone, uint32_t limit);

/* ---- Workers. All calls: a worker's thread, which passes its number; several workers at once.
 * ---- */

/* Fills p from a frame that h (xd_headers_parse) describes; reads the snapshot alone. */
void xd_ct_packet_init(struct xd_ct_packet *p, const struct xd_frame *f, const struct xd_headers *h,
	uint16_t zone);

/* Judges n packets, at most XD_BATCH, and updates what their connections are in. What state says
 * of a frame that is judged twice is the same. */
void xd_ct_track(
	struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p, unsigned n, uint64_t now_ms);

/*
 * Counts packets in their connections: of p[i], which was tracked as known or committed, where bit
 * i of which is set. Others, ICMP errors and connections that have ended since are passed over.
 * Nothing is done without opts.counters. Call it once a frame, when that has gone: in a hook's
 * done, with what run has left in p, since run may see a frame twice.
 */
void xd_ct_count(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint32_t which);

/* Walks what is due: removes connections whose time is over, at most max of them. Returns how many.
 * Call it some ten times a second, from any worker or several: a hook's tick. */
unsigned xd_ct_expire(struct xd_ct *ct, unsigned worker, unsigned max, uint64_t now_ms);

#define XD_CT_LABEL 16 /* bytes of a connection's label */

/* Addresses and ports of one side of a connection, to choose from. */
struct xd_ct_range {
	uint8_t min[16], max[16];    /* addresses, inclusive; of IPv4 the first four bytes */
	uint16_t min_port, max_port; /* host's order; inclusive; both 0: any from 1024 on (source),
				      * or the port that it has (destination) */
};

struct xd_ct_commit {
	const struct xd_ct_range *src; /* the source is translated to one of these; NULL: not */
	const struct xd_ct_range *dst; /* the destination likewise */
	uint32_t mark;                 /* the connection's, and */
	uint8_t label[XD_CT_LABEL];    /* its label */
};

/*
 * Remembers the connection that a packet of state XD_CT_NEW begins. c: NULL for none of it. For one
 * that is known already it changes nothing. Sets p->translate.
 *   -EINVAL  the packet begins no connection; it is a later fragment, and its first was not
 *            committed; another worker's, of the same tuple, refuses it; or a range is empty or
 *            of port 0
 *   -ENOSPC  the table is full of connections that were answered
 *   -EDQUOT  the zone is at its limit
 *   -EADDRINUSE  no address and port of the range is free; or another connection has the tuple of
 *                what would come back
 * A frame for which it fails should be dropped.
 */
int xd_ct_commit(struct xd_ct *ct, unsigned worker, struct xd_ct_packet *p,
	const struct xd_ct_commit *c, uint64_t now_ms);

/* Whom a translated source stands for: where a packet of state XD_CT_NEW goes to is an address and
 * port that a connection's source was translated to. Its own address and port, for c->dst: so hosts
 * behind one address reach each other by it (hairpin: c->src as for any other, RFC 4787, REQ-9),
 * and whoever knows a mapping may be let in (REQ-8). -ENOENT: nobody. */
int xd_ct_inside(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint64_t now_ms,
	struct xd_ct_range *inside);

/* Writes into a frame what p->translate asks for, checksums included, also of the packet inside of
 * an ICMP error. -EINVAL, -ENOTSUP: as xd_frame_rewrite; nothing was changed: drop it. */
int xd_ct_translate(const struct xd_ct_packet *p, struct xd_frame *f, const struct xd_headers *h);

/* Sets the mark, or label, of the connection of a packet that was tracked as known in the same
 * turn. -ENOENT: it has ended since. */
int xd_ct_set_mark(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint32_t mark);
int xd_ct_set_label(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const uint8_t label[XD_CT_LABEL]);
int xd_ct_label(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	uint8_t label[XD_CT_LABEL]);

/* What the packet's tuple is; zeroes: it has none. Of an ICMP error it is that of what it is about,
 * turned round. */
void xd_ct_packet_tuple(const struct xd_ct_packet *p, struct xd_ct_tuple *t);

/* ---- What there is. All calls: any thread. ---- */

/* A connection, for people. */
struct xd_ct_record {
	struct xd_ct_tuple original, reply; /* what its originator sends, and what comes back */
	const char *state;                  /* "SYN_SENT" and so on of TCP; "" of others */
	bool answered;                      /* both directions were seen */
	bool assured;                       /* it does not give way in a full table */
	bool translated;                    /* one of its addresses or ports is */
	uint32_t mark, expires_s; /* expires: in so many seconds, if nothing is seen of it */
	uint8_t label[XD_CT_LABEL] __attribute__((aligned(8))); /* xd_ct_set_label */
	/* Counted by xd_ct_count, in the direction of original and of reply. */
	uint64_t packets[2], bytes[2];
};

/* Which connections; a member that is zero is not asked for. */
struct xd_ct_filter {
	const uint16_t *zone;
	uint8_t proto;            /* IANA's number */
	uint32_t mark, mark_mask; /* its mark, in these bits */
	const uint8_t *addr;      /* one side of either direction has it: 4 bytes, or 16 if ipv6 */
	bool ipv6;                /* of addr */
	uint16_t port;            /* likewise, in host's order */
};

/* Calls fn for connections that pass the filter (NULL: all), in no order, until it returns false.
 * Those that begin, end or change meanwhile may be left out, or told as they were in part. fn may
 * not call the library. Returns how many were told. */
uint32_t xd_ct_snapshot(struct xd_ct *ct, const struct xd_ct_filter *filter, uint64_t now_ms,
	bool (*fn)(void *ctx, const struct xd_ct_record *record), void *ctx);
/* Forgets those that pass the filter. Returns how many. */
uint32_t xd_ct_flush(struct xd_ct *ct, const struct xd_ct_filter *filter);

/* All but the first two since the table was made. */
struct xd_ct_stats {
	uint32_t connections;     /* that are in the table */
	uint32_t max_connections; /* of its options */
	uint64_t committed;       /* that came into it */
	uint64_t expired;         /* that went because nothing was seen of them */
	uint64_t flushed;         /* by xd_ct_flush */
	uint64_t evicted;         /* had to give way */
	uint64_t full;            /* commits refused: -ENOSPC */
	uint64_t limited;         /* -EDQUOT */
	uint64_t exhausted;       /* -EADDRINUSE */
	uint64_t bytes;           /* of memory, touched or not */
};
/* Fills *stats; each figure is right at some moment of the call. */
void xd_ct_stats(const struct xd_ct *ct, struct xd_ct_stats *stats);
/* Returns how many connections there are in a zone. */
uint32_t xd_ct_zone_count(const struct xd_ct *ct, uint16_t zone);

XD_API_END

#endif
