/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP segment's header (RFC 9293, section 3.1) with the options that we know: maximum segment
 * size, window scale and timestamps (RFC 7323), selective acknowledgements (RFC 2018). Numbers are
 * in the host's byte order. Any thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_SEGMENT_H
#define XD_TRAFFIC_ENGINE_TCP_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#define XD_TCP_FIN 0x01
#define XD_TCP_SYN 0x02
#define XD_TCP_RST 0x04
#define XD_TCP_PSH 0x08
#define XD_TCP_ACK 0x10

#define XD_TCP_HEADER     20 /* bytes, without options */
#define XD_TCP_HEADER_MAX 60
#define XD_TCP_BLOCKS     4  /* that fit into the options */
#define XD_TCP_SCALE_MAX  14 /* RFC 7323, section 2.3 */
#define XD_TCP_TS_BYTES   12 /* of the option, padded */

/* Sequence numbers from begin up to, but not including, end. */
struct xd_tcp_block {
	uint32_t begin, end;
};

struct xd_tcp_segment {
	uint32_t seq, ack;
	uint16_t window; /* as it is in the header: not scaled */
	uint8_t flags;
	bool has_scale, has_ts, sack_ok;
	uint8_t scale;
	uint8_t nb_blocks;
	uint16_t mss; /* the option; 0: it is not there */
	uint32_t ts_value, ts_echo;
	struct xd_tcp_block blocks[XD_TCP_BLOCKS];
	uint32_t len; /* bytes of payload */
	/* Of segments to be sent. */
	uint64_t offset;      /* of the payload in the stream */
	uint16_t piece_bytes; /* payload of each when it is cut into segments */
};

/* Sequence numbers that it takes. */
static inline uint32_t
xd_tcp_segment_span(const struct xd_tcp_segment *s)
{
	return s->len + !!(s->flags & XD_TCP_SYN) + !!(s->flags & XD_TCP_FIN);
}

/* Bytes of the option with n blocks, padded. */
static inline uint32_t
xd_tcp_blocks_bytes(unsigned n)
{
	return n ? 4 + 8 * n : 0;
}

/* Reads the header at data, of which `bytes` are there, header and payload. Returns its length, and
 * sets all but what is for sending; 0: it is none. Options that contradict themselves are left
 * out, as if they were not there. */
uint32_t xd_tcp_segment_read(struct xd_tcp_segment *s, const uint8_t *data, uint32_t bytes);

/* Writes the header but for its ports, its checksum being zero, and returns its length, at most
 * XD_TCP_HEADER_MAX. nb_blocks is at most what fits: 3 beside timestamps. */
uint32_t xd_tcp_segment_write(const struct xd_tcp_segment *s, uint8_t *data);

#endif
