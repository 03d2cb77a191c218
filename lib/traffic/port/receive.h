/* SPDX-License-Identifier: BSD-3-Clause */
/* What a receiving port has seen. The thread that drives the port writes; control sets `kind` and
 * what it needs between runs. */
#ifndef XD_TRAFFIC_PORT_RECEIVE_H
#define XD_TRAFFIC_PORT_RECEIVE_H

#include "traffic/frames/list_stream.h"
#include "traffic/host/tsc.h"
#include "traffic/port/track.h"

enum xd_receive_kind {
	XD_RECEIVE_OURS,   /* frames of one size with the mark of stream.h */
	XD_RECEIVE_TAGGED, /* frames with a tag */
	XD_RECEIVE_ANY,    /* all that comes */
	XD_RECEIVE_SINK,   /* the same, and it is shown to a sink */
};

/* A frame that came. What it lies in may be shared with the peer, which can change it: whoever
 * decides on what is in there reads it once. */
struct xd_arrival {
	const uint8_t *data; /* in one piece; until the burst ends: see gathered */
	uint32_t len;        /* bytes, at least 14 */
	uint64_t now;        /* time stamp counter, once it was there: xd_receive_begin */
	bool gathered;       /* put together where the next such frame will be: gone after take */
	/* Of zeroes where the port has none: xd_gen_port.headers. */
	struct virtio_net_hdr_v1 header;
};

/* Whoever is shown the frames: see frames/source.h. */
struct xd_sink {
	void (*take)(void *ctx, const struct xd_arrival *frame);
	void *ctx;
	void (*end)(void *ctx); /* of a burst: its frames are given back next; or NULL */
};

struct xd_receive {
	enum xd_receive_kind kind;
	struct xd_track *track;     /* tagged frames are followed there; NULL: they are not */
	struct xd_echo *echo;       /* and sent back from there; NULL: they are not */
	const struct xd_sink *sink; /* of kind sink */
	bool headers;               /* frames have a virtio-net header right before them, */
	const uint8_t *header;      /* unless this one's is here */
	bool gathered;              /* this one was put together from pieces */
	uint64_t now;               /* time stamp counter: xd_receive_begin */
	uint8_t vlans;              /* VLAN tags of the first frame since frames was 0, */
	uint8_t vlan[8];            /* and their bytes; of kind tagged */
	uint64_t frames;            /* that were expected */
	uint64_t bytes;             /* of these */
	uint64_t foreign;           /* anything else */
	xd_line sum;                /* keeps the reading of every byte from being optimised away */
};

/* Frames that were found there are taken in next. Not before they were found: a thread may lose its
 * core between a look at the clock and one at the ring, and what is sent meanwhile would have come
 * before it was sent. */
static inline void
xd_receive_begin(struct xd_receive *r)
{
	r->now = xd_tsc();
}

/* Takes in a frame of at least 14 bytes that lies in one piece, for kinds other than ours. */
void xd_receive_frame(struct xd_receive *r, const uint8_t *frame, uint32_t len);

/* A burst of such frames is over, and its buffers are about to be given back. */
static inline void
xd_receive_end(const struct xd_receive *r)
{
	if (r->kind == XD_RECEIVE_SINK && r->sink->end)
		r->sink->end(r->sink->ctx);
}

#endif
