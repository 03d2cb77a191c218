/* SPDX-License-Identifier: BSD-3-Clause */
/* One way between two ports, as the thread that runs it has it; inside engine/session only. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_STREAM_H
#define XD_TRAFFIC_ENGINE_SESSION_STREAM_H

#include <string.h>

#include <rte_mbuf.h>

#include "traffic/engine/session/forward.h"

#define XD_FORWARD_SEEN 256 /* frames between two looks of whoever shows them; a power of two */

/* A frame that was received and is to be sent, where it lies. */
struct xd_forward_view {
	const uint8_t *data;
	uint32_t len;
	struct virtio_net_hdr_v1 header; /* of zeroes unless the sending port does the same */
};

/* A frame that is made. */
struct xd_forward_made {
	uint8_t *bytes;
	uint32_t len;
};

/* Frames that are shown; the stream's thread writes, control reads. */
struct xd_forward_ring {
	struct xd_forward_seen seen[XD_FORWARD_SEEN];
	uint32_t head, tail; /* head: next to be read; free running */
	uint64_t missed;
};

struct xd_forward_stream {
	const struct xd_forward_mode *mode;
	struct xd_gen_port *rx, *tx;
	struct xd_source *source; /* of tx */
	unsigned rx_number, tx_number;
	uint16_t burst;
	bool passes;  /* what comes goes on; else it is counted alone */
	bool moves;   /* mbufs, uncopied */
	bool offload; /* the sending port does what a frame's header asks for */
	uint8_t mac[6], peer[6];
	unsigned retries;
	uint64_t delay_cycles;
	uint16_t head, tail; /* of views */
	struct xd_forward_view views[XD_GEN_BURST];
	uint8_t *copies; /* of frames that are answered, each room bytes; NULL: the mode has none */
	uint32_t room;   /* bytes that the sending port carries */
	unsigned nb_made;
	struct xd_forward_made made[XD_FORWARD_PARTS_MAX];
	uint32_t flow, flows; /* of the next frame made; all */
	uint32_t random;
	struct xd_forward_counts now;            /* the thread's */
	struct xd_forward_counts shown;          /* the same for others, once a burst */
	struct xd_forward_ring *received, *sent; /* NULL: not shown */
} __attribute__((aligned(64)));

/* Lets others see its counts. */
void xd_stream_show(struct xd_forward_stream *s);
/* Receives a burst and sends it on. */
unsigned xd_stream_pass(struct xd_forward_stream *s);
/* Sends a burst of frames that the mode makes. */
unsigned xd_stream_make(struct xd_forward_stream *s);
/* Makes n frames with `write` and sends them, as far as there is room; returns how many. */
uint16_t xd_stream_send(struct xd_forward_stream *s, uint16_t n);
/* Of the sink: see port/receive.h. */
void xd_stream_take(void *stream, const struct xd_arrival *frame);
void xd_stream_end(void *stream);

/* Keeps what is to be shown of a frame. */
void xd_forward_keep(
	struct xd_forward_ring *ring, unsigned port, bool sent, const uint8_t *frame, uint32_t len);

/* Builds the frames of a length that modes make: Ethernet, IPv4 from 198.18.0.1 to 198.18.0.2 (RFC
 * 2544, appendix C.2.2) and UDP to the discard port, without its checksum. */
void xd_forward_build(uint8_t *frame, uint32_t len, const uint8_t peer[6], const uint8_t mac[6]);

/* The next received frame, to data; the caller changes it there. */
static inline __attribute__((always_inline)) uint32_t
xd_stream_copy(struct xd_forward_stream *s, uint8_t *data, struct virtio_net_hdr_v1 *header)
{
	const struct xd_forward_view *v = &s->views[s->head++];

	if (s->offload)
		*header = v->header;
	memcpy(data, v->data, v->len);
	return v->len;
}

/* A frame is as it leaves: the end of a mode's `write`. Returns len. */
static inline __attribute__((always_inline)) uint32_t
xd_stream_wrote(struct xd_forward_stream *s, const uint8_t *data, uint32_t len)
{
	s->now.tx_bytes += len;
	if (__builtin_expect(s->sent != NULL, 0))
		xd_forward_keep(s->sent, s->tx_number, true, data, len);
	return len;
}

#endif
