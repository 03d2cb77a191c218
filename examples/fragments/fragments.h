/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments for hooks that track connections: one that overtakes the first of its datagram is kept,
 * and judged when that has passed.
 *
 *     run   fragments_look   between xd_ct_packet_init and xd_ct_track; what it keeps is in b->keep
 *           fragments_rest   for one that passes, before it is edited
 *     done  fragments_done   if something was kept
 *     tick  fragments_expire
 */
#ifndef FRAGMENTS_H
#define FRAGMENTS_H

#include "conntrack/conntrack.h"
#include "conntrack/fragments.h"
#include "hook.h"

#define FRAGMENTS_KEPT    1024                 /* that wait, of all datagrams */
#define FRAGMENTS_BUFFERS (2 * FRAGMENTS_KEPT) /* the hook's keep_buffers */

struct fragments {
	struct xd_ct *ct;
	/* What becomes of one that has waited, and is tracked now: it is sent, or freed. */
	void (*pass)(void *ctx, const struct xd_burst *b, struct xd_kept *kept,
		struct xd_ct_packet *p, const struct xd_headers *h);
	void *ctx;
	struct xd_ct_fragments *table;
	bool stopped;
};

/* With ct, pass and ctx filled in. */
int fragments_start(struct fragments *fr, struct xd_error *err);
/* When the switch has gone. */
void fragments_stop(struct fragments *fr);

/* Of frame i, a fragment. */
void fragments_look(struct fragments *fr, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p,
	const struct xd_headers *h, uint64_t now);
/* What waits for frame i, a fragment, goes behind the burst. */
void fragments_rest(struct fragments *fr, const struct xd_burst *b, uint16_t i,
	const struct xd_headers *h, uint64_t now);
void fragments_done(struct fragments *fr, const struct xd_burst *b, uint32_t went, uint64_t now);
void fragments_expire(struct fragments *fr, uint64_t now);

#endif
