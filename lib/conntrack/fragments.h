/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of IP datagrams (RFC 791, 3.2; RFC 8200, 4.5) for the tracker. Only the first has
 * ports: later ones are judged by what the first said, and those that come before it wait for it.
 *
 *     xd_ct_packet_init(&p, f, &h, zone);
 *     switch (xd_ct_fragment(fr, &p, f, &h, now_ms)) {
 *     case XD_CT_PART_EARLY:
 *         copy = ...
 *         if (xd_ct_fragment_keep(fr, &p, copy, now_ms))
 *             free(copy);
 *         drop(f);
 *         break;
 *     case XD_CT_PART_REFUSED:
 *         drop(f);
 *         break;
 *     default:
 *         xd_ct_track(ct, worker, &p, 1, now_ms), and as any other; if it is the first and passes:
 *         n = xd_ct_fragment_take(fr, f, &h, zone, copies, XD_CT_KEPT, now_ms);
 *     }
 *
 * Nothing is reassembled and no frame is copied here: a frame that waits is the caller's copy, of
 * which the table holds the pointer. What is taken is passed through the above again.
 *
 * Fragments that overlap, that disagree on where the datagram ends or what it is, or that are too
 * many, end their datagram: none of it passes any more, what waited is given back (RFC 5722, of
 * IPv6; RFC 1858 and 3128 say why of IPv4). One that repeats another exactly is judged as that was.
 *
 * Bounds: so many datagrams, of each XD_CT_PARTS fragments and XD_CT_KEPT that wait, and so many
 * that wait in all; a time. A new datagram takes the place of an old one in a full part of the
 * table. All calls: any worker, several at once. A datagram's fragments take one lock of many.
 */
#ifndef XD_CONNTRACK_FRAGMENTS_H
#define XD_CONNTRACK_FRAGMENTS_H

#include "conntrack/conntrack.h"

XD_API_BEGIN

#define XD_CT_PARTS 64 /* fragments of a datagram */
#define XD_CT_KEPT  16 /* of which so many wait */

struct xd_ct_fragments;

struct xd_ct_fragments_opts {
	uint32_t size; /* sizeof(struct xd_ct_fragments_opts); what a shorter one lacks is 0 */
	uint32_t max_datagrams; /* 1 to 1048576 */
	uint32_t max_kept;      /* that wait in all; 0: none may */
	uint32_t timeout_ms;    /* from a datagram's first fragment on; 0: 30000 */
	int node;               /* NUMA node of the memory, or -1 */
	/* Takes back what waited in vain. Called inside of the calls below, under a lock. */
	void (*release)(void *ctx, void *kept);
	void *ctx; /* release's */
};

/* Makes a table for a tracker, which outlives it: the caller's. Any thread. -EINVAL: a number is
 * out of range, or there is no release; -ENOMEM: no memory for so many. */
struct xd_ct_fragments *xd_ct_fragments_create(
	struct xd_ct *ct, const struct xd_ct_fragments_opts *opts, struct xd_error *err);
/* Releases what waits and frees it, when no worker uses it any more; NULL is fine. Any thread. */
void xd_ct_fragments_destroy(struct xd_ct_fragments *fr);

enum xd_ct_part {
	XD_CT_PART_NONE,  /* no fragment */
	XD_CT_PART_FIRST, /* the first: judged by its own ports; others may wait for it */
	XD_CT_PART_LATER, /* p has the tuple of the first now, to be judged and committed as that */
	XD_CT_PART_EARLY, /* the first has not come */
	XD_CT_PART_REFUSED, /* its datagram is none */
};

/* What a frame is, between xd_ct_packet_init and xd_ct_track. */
enum xd_ct_part xd_ct_fragment(struct xd_ct_fragments *fr, struct xd_ct_packet *p,
	const struct xd_frame *f, const struct xd_headers *h, uint64_t now_ms);

/* Has kept, a copy of a frame that is early, wait for its first. Where that fails it stays the
 * caller's. -EAGAIN: that has come since, judge it again; -ENOSPC: too many wait; -ENOENT: its
 * datagram had to give way. */
int xd_ct_fragment_keep(
	struct xd_ct_fragments *fr, const struct xd_ct_packet *p, void *kept, uint64_t now_ms);
/* Gives back those that wait for a first fragment, in the order in which they came, and returns how
 * many. */
unsigned xd_ct_fragment_take(struct xd_ct_fragments *fr, const struct xd_frame *f,
	const struct xd_headers *h, uint16_t zone, void *kept[XD_CT_KEPT], uint64_t now_ms);

/* Looks at a part of the table for what has waited too long. Call it with xd_ct_expire. */
void xd_ct_fragments_expire(struct xd_ct_fragments *fr, uint64_t now_ms);

struct xd_ct_fragments_stats {
	uint32_t kept;      /* that wait now */
	uint64_t refused;   /* fragments */
	uint64_t timed_out; /* that have waited in vain */
	uint64_t not_kept;  /* -ENOSPC */
	uint64_t gave_way;  /* datagrams, to new ones */
};
/* Fills *stats. Any thread. */
void xd_ct_fragments_stats(const struct xd_ct_fragments *fr, struct xd_ct_fragments_stats *stats);

XD_API_END

#endif
