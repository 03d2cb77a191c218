/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a frame between two ports: a row of a table for each mode, whose file is
 * mode_NAME.c. Called by the thread that runs the stream. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_MODE_H
#define XD_TRAFFIC_ENGINE_SESSION_MODE_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct xd_forward_stream;

struct xd_forward_mode {
	const char *name, *help;
	/* Moves a burst; returns frames received or made: xd_stream_pass or xd_stream_make. */
	unsigned (*run)(struct xd_forward_stream *s);
	/* Writes the next frame where it is sent from, as a source does (frames/source.h). NULL:
	 * nothing is sent. */
	uint32_t (*write)(
		void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header);
	/* The same for frames that are not copied; NULL: they always are. */
	void (*edit)(struct xd_forward_stream *s, struct rte_mbuf **mbufs, uint16_t n);
	/* Turns a frame into its answer, in a copy of it; false: it has none. Checksums of summed
	 * ones are still to be made, or were checked. NULL: frames go on as they are. */
	bool (*answer)(struct xd_forward_stream *s, uint8_t *frame, uint32_t *len, bool summed);
	bool makes;   /* frames are made, and what comes does not go on */
	bool returns; /* frames leave by the port they came from */
};

/* All, in the order in which they are listed; ends with NULL. */
extern const struct xd_forward_mode *const xd_forward_modes[];
/* NULL: there is none of that name. */
const struct xd_forward_mode *xd_forward_mode_named(const char *name);

#endif
