/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a receiver makes of tagged frames: for each flow how many came, in which order, how often,
 * and how long they took.
 *
 * A frame is reordered when a later one of its flow came before it (RFC 4737, section 3.3) and
 * duplicated when it came before; both are told for as long as fewer than 64 later frames of the
 * flow have come, after which a late frame counts as reordered. What is lost follows from how many
 * were sent.
 *
 * One tracker for each receiving port, written by the thread that drives it.
 */
#ifndef XD_TRAFFIC_PORT_TRACK_H
#define XD_TRAFFIC_PORT_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "stats/histogram.h"
#include "traffic/frames/tag.h"

/* Sequence numbers of one flow, half a cache line. */
struct xd_track_flow {
	uint64_t seen;     /* bit i: next - 1 - i has come */
	uint64_t received; /* different frames */
	uint32_t next;     /* one more than the highest that came, modulo 2^24 */
	uint32_t reordered;
	uint32_t duplicated;
	bool begun;
};

struct xd_track {
	uint32_t nb_flows;
	uint32_t every;            /* one frame in so many goes into the histograms; 0: none */
	uint32_t until_next;       /* frames */
	bool verify;               /* compare payloads with the count-down of frame_list.h */
	uint64_t wrong;            /* frames whose payload was changed */
	uint64_t strange;          /* with a tag of no flow of this run */
	uint64_t jitter_cycles_16; /* RFC 3550, section 6.4.1: sixteen times the estimate */
	uint64_t last_transit;     /* cycles, of the frame before */
	double ns_per_cycle;
	struct xd_histogram *actual;  /* ns, from when it was sent; NULL unless every > 0 */
	struct xd_histogram *planned; /* ns, from when it should have been */
	struct xd_track_flow *flows;
	uint8_t *countdown; /* what payloads are compared with */
	/* By flow: where the payload of its frames begins when VLAN tags are left out, or 0. */
	const uint16_t *payload_at;
};

struct xd_track_opts {
	uint32_t nb_flows;
	uint32_t every; /* 0: no times */
	bool verify;
	double tsc_hz;
	const uint16_t
		*payload_at; /* of nb_flows, kept by the caller; or NULL: nothing to verify */
};

/* NULL with -ENOMEM. Control. */
struct xd_track *xd_track_create(const struct xd_track_opts *opts, struct xd_error *err);
void xd_track_destroy(struct xd_track *track); /* NULL is fine */
/* Forgets what came; sequence numbers go on from where they are. Control, while no thread
 * receives. */
void xd_track_reset(struct xd_track *track);

/* The same, and sequence numbers may begin anywhere. */
void xd_track_begin(struct xd_track *track);

/* A tagged frame of `len` bytes has come at `now` (time stamp counter). False: its tag is of no
 * flow of this run, or its payload was changed. The bytes lie in one piece. */
bool xd_track_frame(struct xd_track *track, const uint8_t *frame, uint32_t len,
	const struct xd_tag *tag, uint64_t now);

/* The sum over all flows, and the flow that lost most. */
struct xd_track_sums {
	uint64_t received, reordered, duplicated, lost;
	uint32_t flows_with_loss;
	uint32_t worst_flow;
	uint64_t worst_lost;
};

/* sent: frames of each flow, of nb_flows. Adds to sums, which begins as zeroes. Control. */
void xd_track_sum(const struct xd_track *track, const uint64_t *sent, struct xd_track_sums *sums);

#endif
