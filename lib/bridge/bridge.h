/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a bridge does with the frames of one turn, stage after stage: IEEE 802.1Q, 8.6.
 *
 *   input    input.c    drop what is no frame to switch, classify into a VLAN
 *   learn    learn.c    sources into the FDB
 *   forward  forward.c  destinations to ports, or to all ports (flood.c)
 *
 * Each stage works on the whole batch, so that the memory it needs is asked for a stage ahead.
 * The result is a list of frames for each port; the worker transmits them.
 */
#ifndef XD_BRIDGE_BRIDGE_H
#define XD_BRIDGE_BRIDGE_H

#include "bridge/plan.h"
#include "frame/frame.h"

/* Frames on their way to one port. */
struct xd_output {
	uint16_t n;
	struct xd_frame *frames[XD_BATCH];
};

/* An address to be looked up, and where it nearly always is. */
struct xd_look {
	uint64_t key;
	const struct xd_fdb_bucket *first;
};

/* A worker's scratch for one turn. */
struct xd_turn {
	/* given */
	const struct xd_plan *plan;
	const struct xd_plan_port *in;
	struct xd_batch *batch;
	uint32_t now_s; /* the FDB's clock */
	/* from input on: the frames still in play, and what to look up for each */
	uint16_t n;
	struct xd_frame *frames[XD_BATCH];
	struct xd_look src[XD_BATCH];
	struct xd_look dst[XD_BATCH]; /* key 0: a group address, to be flooded */
	/* from forward on */
	uint16_t nb_busy;
	uint16_t busy[XD_MAX_PORTS]; /* ports with frames in their output */
	uint16_t nb_clones;
	struct xd_frame clones[XD_BATCH]; /* frames that leave both with and without a tag */
	struct xd_output outputs[XD_MAX_PORTS];
};

/* All by the worker that owns the turn. */
void xd_bridge_input(struct xd_turn *turn);
void xd_bridge_learn(struct xd_turn *turn);
void xd_bridge_forward(struct xd_turn *turn);
void xd_bridge_flood(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n);

static inline struct xd_counters *
xd_turn_counters(const struct xd_turn *turn)
{
	return &turn->in->port->counters[turn->batch->worker];
}

/* Puts frames on their way to a port. */
static inline void
xd_turn_send(struct xd_turn *turn, uint16_t port, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_output *out = &turn->outputs[port];

	if (out->n == 0)
		turn->busy[turn->nb_busy++] = port;
	memcpy(&out->frames[out->n], frames, n * sizeof(*frames));
	out->n += n;
}

#endif
