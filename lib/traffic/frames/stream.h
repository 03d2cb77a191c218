/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a port sends. The synthetic stream: one frame as a template, and the few fields that differ
 * from flow to flow, which are computed and not looked up, so that a million flows cost what one
 * does. Or the frames of a list: list_stream.h.
 *
 * Frames are Ethernet, IPv4 (RFC 791) and UDP (RFC 768) with right checksums. Port p owns the
 * addresses 02:58:pp:ff:ff:ff, where ff:ff:ff is the flow, and 10.pp.x.y.
 *
 *   mac  flow f goes from the source port's address f to the destination port's address f
 *   l4   all flows go between address 0 of both; the IPv4 source and the UDP source port differ
 *
 * A port whose device finishes checksums sends them unfinished, and says so in the virtio-net
 * header (virtio 1.2, 5.1.6.2). One whose device segments TCP sends TCP (RFC 9293) instead of UDP:
 * segments that acknowledge the mark by which a receiver knows us, and which stays in each piece.
 */
#ifndef XD_TRAFFIC_FRAMES_STREAM_H
#define XD_TRAFFIC_FRAMES_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "traffic/frames/list_stream.h"
#include "traffic/frames/schedule.h"
#include "traffic/frames/wide.h"

#define XD_STREAM_MIN       60    /* bytes: Ethernet's minimum without FCS */
#define XD_STREAM_MAX       65549 /* bytes: IPv4's longest packet and an Ethernet header */
#define XD_STREAM_FLOWS_MAX (1u << 24)
#define XD_STREAM_MAGIC     0x58446b67u /* at byte 42; how a receiver knows us */
#define XD_STREAM_TCP_HEAD  54          /* bytes before TCP's payload */
#define XD_VIRTIO_HEADER    12 /* bytes of the virtio-net header with num_buffers (5.1.6) */

enum xd_touch {
	XD_TOUCH_FULL,  /* every byte is written before sending, and read when received */
	XD_TOUCH_STAMP, /* the first 64 bytes are */
	XD_TOUCH_NONE,  /* none is */
};

enum xd_flow_kind { XD_FLOW_MAC, XD_FLOW_L4 };

enum xd_stream_vary {
	XD_VARY_NOTHING,
	XD_VARY_MACS,
	XD_VARY_SOURCE_MAC,
	XD_VARY_L4,
	XD_VARY_L4_UNFINISHED, /* with the pseudo header's sum in the place of the checksum */
};

/* What the sending port's device does, so that the stream leaves it to be done. */
struct xd_stream_offload {
	bool csum;    /* finishes checksums */
	bool tso;     /* segments TCP over IPv4: frames are TCP; implies csum */
	uint16_t mss; /* bytes of payload in each piece */
};

struct xd_stream_opts {
	uint32_t size; /* bytes, without FCS */
	uint32_t flows;
	enum xd_flow_kind flow_kind;
	bool broadcast;
	uint8_t from, to;                 /* ports */
	struct xd_stream_offload offload; /* set by the port: see xd_gen_port_load */
};

/* One thread. */
struct xd_stream {
	struct xd_list_stream *list; /* frames of a list instead; NULL: the synthetic stream */
	struct xd_schedule schedule;
	enum xd_stream_vary vary;
	uint32_t size;  /* bytes */
	uint32_t lines; /* the template's, whole cache lines */
	uint32_t flows;
	uint32_t next;                        /* flow of the next frame */
	uint32_t source_mac, destination_mac; /* low 32 bits of flow 0's */
	bool tcp;
	uint16_t pseudo; /* sum of the pseudo header, as in memory, without what flows differ in */
	uint8_t header[XD_VIRTIO_HEADER]; /* of every frame */
	uint8_t *frame; /* the template, aligned to a line; zero where flows differ and behind size
			 */
};

/* Builds the template. -EINVAL, -ENOMEM. xd_stream_fini accepts a stream of zeroes. */
int xd_stream_init(struct xd_stream *s, const struct xd_stream_opts *opts, struct xd_error *err);
/* A stream of a list's frames. -ENOMEM. */
int xd_stream_init_list(
	struct xd_stream *s, const struct xd_list_stream_opts *opts, struct xd_error *err);
void xd_stream_fini(struct xd_stream *s);

/* Bytes 2 to 5 of a MAC address: a port and a flow. */
static inline uint32_t
xd_stream_mac_low(uint8_t port, uint32_t flow)
{
	return (uint32_t)port << 24 | flow;
}

/* The first line of flow f's frame: put together in a register, so that it is stored once. */
static inline __attribute__((always_inline)) xd_line
xd_stream_first_line(const struct xd_stream *s, uint32_t f, enum xd_stream_vary vary)
{
	xd_line line = *(const xd_line *)s->frame;

	if (vary == XD_VARY_MACS)
		line[0] |= (uint64_t)__builtin_bswap32(s->destination_mac + f) << 16;
	if (vary == XD_VARY_MACS || vary == XD_VARY_SOURCE_MAC)
		line[1] |= __builtin_bswap32(s->source_mac + f);
	if (vary == XD_VARY_L4) {
		uint64_t ip = __builtin_bswap16((uint16_t)(1 + (f >> 14)));
		uint64_t port = __builtin_bswap16((uint16_t)(0x4000 | (f & 0x3fff)));

		/* A word and its complement add up to nothing in a one's complement sum, so that
		 * the checksums hold for every flow: IPv4's by the identification, UDP's by
		 * payload. */
		line[2] |= (ip ^ 0xffff) << 16; /* byte 18: identification */
		line[3] |= ip << 32;            /* byte 28: source address, low half */
		line[4] |= port << 16;          /* byte 34: source port */
		line[5] |= (ip ^ 0xffff) << 48; /* byte 46: payload */
		line[6] |= port ^ 0xffff;       /* byte 48: payload */
	}
	if (vary == XD_VARY_L4_UNFINISHED) {
		uint64_t ip = __builtin_bswap16((uint16_t)(1 + (f >> 14)));
		uint64_t port = __builtin_bswap16((uint16_t)(0x4000 | (f & 0x3fff)));
		uint64_t sum = s->pseudo + ip;

		sum = (sum & 0xffff) + (sum >> 16);
		line[2] |= (ip ^ 0xffff) << 16;
		line[3] |= ip << 32;
		line[4] |= port << 16;
		if (s->tcp)
			line[6] |= sum << 16; /* byte 50: TCP's checksum */
		else
			line[5] |= sum; /* byte 40: UDP's */
	}
	return line;
}

/* A copy to work on, which the frames' stores cannot alias: what writing takes of it stays in
 * registers. It is made word by word. Of the whole struct at once a load could be wider than the
 * store of `next` that it follows, and would wait for that to leave the core, behind all stores to
 * lines that the other side has. */
static inline __attribute__((always_inline)) struct xd_stream
xd_stream_working_copy(const struct xd_stream *s)
{
	return (struct xd_stream){
		.vary = s->vary,
		.size = s->size,
		.lines = s->lines,
		.flows = s->flows,
		.next = s->next,
		.source_mac = s->source_mac,
		.destination_mac = s->destination_mac,
		.tcp = s->tcp,
		.pseudo = s->pseudo,
		.frame = s->frame,
	};
}

/* Writes the next frame at dst, which has room for whole lines. */
static inline __attribute__((always_inline)) void
xd_stream_write(struct xd_stream *s, uint8_t *dst, enum xd_touch touch, enum xd_stream_vary vary)
{
	uint32_t f = s->next;

	if (touch == XD_TOUCH_NONE)
		return;
	*(xd_line *)dst = xd_stream_first_line(s, f, vary);
	if (touch == XD_TOUCH_FULL)
		xd_lines_write(dst + XD_LINE, s->frame + XD_LINE, s->lines - 1);
	if (vary != XD_VARY_NOTHING)
		s->next = f + 1 == s->flows ? 0 : f + 1;
}

/* The same, where speed does not matter; of a list, too. Returns the frame's length. */
uint32_t xd_stream_write_any(struct xd_stream *s, uint8_t *dst, enum xd_touch touch);

/* Longest frame that it has. */
static inline uint32_t
xd_stream_max_len(const struct xd_stream *s)
{
	if (s->list && !s->list->list) /* a source does not write more than there is room for */
		return 0;
	return s->list ? s->list->list->max_len : s->size;
}

/* Whether a received frame of at least XD_STREAM_MIN bytes is one of ours. */
static inline bool
xd_stream_is_ours(const uint8_t *frame)
{
	uint32_t magic;

	memcpy(&magic, frame + 42, sizeof(magic));
	return magic == XD_STREAM_MAGIC;
}

#endif
