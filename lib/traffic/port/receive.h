/* SPDX-License-Identifier: BSD-3-Clause */
/* What a receiving port has seen. The thread that drives the port writes; control sets `kind` and
 * what it needs between runs. */
#ifndef XD_TRAFFIC_PORT_RECEIVE_H
#define XD_TRAFFIC_PORT_RECEIVE_H

#include "traffic/frames/list_stream.h"
#include "traffic/port/track.h"

enum xd_receive_kind {
	XD_RECEIVE_OURS,   /* frames of one size with the mark of stream.h */
	XD_RECEIVE_TAGGED, /* frames with a tag */
	XD_RECEIVE_ANY,    /* all that comes */
};

struct xd_receive {
	enum xd_receive_kind kind;
	struct xd_track *track; /* tagged frames are followed there; NULL: they are not */
	struct xd_echo *echo;   /* and sent back from there; NULL: they are not */
	uint64_t now;           /* time stamp counter, set before a burst */
	uint64_t frames;        /* that were expected */
	uint64_t bytes;         /* of these */
	uint64_t foreign;       /* anything else */
	xd_line sum;            /* keeps the reading of every byte from being optimised away */
};

/* Takes in a frame of at least 14 bytes that lies in one piece, for kinds other than ours. */
void xd_receive_frame(struct xd_receive *r, const uint8_t *frame, uint32_t len);

#endif
