/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forwarding between ports, in the background: threads that take the frames of one port, do with
 * them what a mode says, and send them out of another. A port takes part in two streams at most,
 * as the one that receives and as the one that sends, which may be two threads' (port/port.h).
 *
 * A frame is copied once, from where it lies in one port's ring to where the other sends it from,
 * and changed there, where its sender cannot change it any more. Between two DPDK devices its mbuf
 * moves instead.
 *
 * Control starts, stops and reads counts; the threads write counts while they run.
 */
#ifndef XD_TRAFFIC_ENGINE_SESSION_FORWARD_H
#define XD_TRAFFIC_ENGINE_SESSION_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/engine/session/mode.h"
#include "traffic/trial/gen.h"

#define XD_FORWARD_RETRIES_MAX  1024
#define XD_FORWARD_DELAY_US_MAX 1000
#define XD_FORWARD_PARTS_MAX    8 /* of a frame's length */

/* A port and what it is loaded with: the source and the sink stay, whoever stands behind them. */
struct xd_forward_port {
	struct xd_gen_port *port;
	struct xd_source source;
	struct xd_sink sink;
	bool loaded;
	uint8_t mac[6];
};

/* Frames in, frames out. */
struct xd_forward_path {
	struct xd_forward_port *rx, *tx;
	unsigned rx_number, tx_number;
	uint8_t peer[6]; /* to which frames go that are addressed or made here */
};

struct xd_forward_plan {
	const struct xd_forward_mode *mode;
	unsigned nb_paths, nb_cores; /* path i is run by thread i % nb_cores */
	struct xd_forward_path paths[XD_GEN_PORTS_MAX];
	int cores[XD_GEN_CORES_MAX]; /* -1: any */
	unsigned burst;              /* frames, to XD_GEN_BURST */
	unsigned retries, delay_us;  /* of what a full port did not take, before it is dropped */
	unsigned first_bursts;       /* made and sent by each path before it forwards */
	unsigned nb_parts;           /* of made frames: their sum is the length, or, */
	uint32_t parts[XD_FORWARD_PARTS_MAX]; /* bytes */
	bool some_parts;                      /* at random, that of the first one, two, ... */
	uint32_t flows;                       /* of mode flowgen */
	bool show_received, show_sent;
	double tsc_hz;
};

struct xd_forward_counts {
	uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
	uint64_t tx_dropped; /* frames that the sending port had no room for */
	uint64_t left_out; /* that the mode does not forward, or are too long for the other port */
};

/* The beginning of a frame that went by. */
struct xd_forward_seen {
	uint8_t head[14];
	uint32_t len;
	unsigned port;
	bool sent;
};

struct xd_forward;

/* NULL with err: -EINVAL: what does not fit, -ENOMEM, or what a port's load says. Frames that came
 * before are gone. */
struct xd_forward *xd_forward_start(const struct xd_forward_plan *plan, struct xd_error *err);
/* False: its threads have ended by themselves, because a port's peer has gone; err says which. */
bool xd_forward_running(struct xd_forward *f, struct xd_error *err);
/* Ends the threads, within a turn of their loops. Counts stay. */
void xd_forward_stop(struct xd_forward *f);
void xd_forward_destroy(struct xd_forward *f); /* stops it; NULL is fine */

/* Of path i, since the start. */
void xd_forward_counts(const struct xd_forward *f, unsigned i, struct xd_forward_counts *counts);
/* The next frame that went by, of those that are to be shown; false: there is none. *missed counts
 * those that came while nobody looked. */
bool xd_forward_seen(struct xd_forward *f, struct xd_forward_seen *seen, uint64_t *missed);

#endif
