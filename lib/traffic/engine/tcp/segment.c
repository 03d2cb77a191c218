/* SPDX-License-Identifier: BSD-3-Clause */
/* The header and its options: every length is checked before what it covers is read. */
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/tcp/segment.h"

enum option {
	END = 0,
	NOP = 1,
	MSS = 2,
	SCALE = 3,
	SACK_OK = 4,
	SACK = 5,
	TIMESTAMPS = 8,
};

/* As they are written. */
static const uint8_t timestamps[4] = {NOP, NOP, TIMESTAMPS, 10};

static void
read_blocks(struct xd_tcp_segment *s, const uint8_t *data, uint32_t bytes)
{
	s->nb_blocks = 0;
	for (uint32_t at = 0; at + 8 <= bytes && s->nb_blocks < XD_TCP_BLOCKS; at += 8)
		s->blocks[s->nb_blocks++] =
			(struct xd_tcp_block){xd_get32(data + at), xd_get32(data + at + 4)};
}

/* An option of `bytes` with its first two. */
static inline void
read_option(struct xd_tcp_segment *s, const uint8_t *data, uint32_t bytes)
{
	const bool syn = s->flags & XD_TCP_SYN;

	if (data[0] == MSS && bytes == 4 && syn) {
		s->mss = xd_get16(data + 2);
	} else if (data[0] == SCALE && bytes == 3 && syn) {
		s->has_scale = true;
		s->scale = data[2] > XD_TCP_SCALE_MAX ? XD_TCP_SCALE_MAX : data[2];
	} else if (data[0] == SACK_OK && bytes == 2 && syn) {
		s->sack_ok = true;
	} else if (data[0] == SACK && bytes > 2 && (bytes - 2) % 8 == 0) {
		read_blocks(s, data + 2, bytes - 2);
	} else if (data[0] == TIMESTAMPS && bytes == 10) {
		s->has_ts = true;
		s->ts_value = xd_get32(data + 2);
		s->ts_echo = xd_get32(data + 6);
	}
}

uint32_t
xd_tcp_segment_read(struct xd_tcp_segment *s, const uint8_t *data, uint32_t bytes)
{
	uint32_t header, len;

	if (bytes < XD_TCP_HEADER)
		return 0;
	header = (uint32_t)(data[12] >> 4) * 4;
	if (header < XD_TCP_HEADER || header > bytes)
		return 0;
	*s = (struct xd_tcp_segment){
		.seq = xd_get32(data + 4),
		.ack = xd_get32(data + 8),
		.window = xd_get16(data + 14),
		.flags = data[13] & 0x3f,
		.len = bytes - header,
	};
	/* Nearly all have this and nothing else: RFC 7323, appendix A. */
	if (header == XD_TCP_HEADER + XD_TCP_TS_BYTES &&
		!memcmp(data + XD_TCP_HEADER, timestamps, sizeof(timestamps))) {
		read_option(s, data + XD_TCP_HEADER + 2, timestamps[3]);
		return header;
	}
	for (uint32_t at = XD_TCP_HEADER; at < header && data[at] != END; at += len) {
		len = 1;
		if (data[at] == NOP)
			continue;
		if (at + 2 > header || data[at + 1] < 2 || data[at + 1] > header - at)
			break;
		len = data[at + 1];
		read_option(s, data + at, len);
	}
	return header;
}

static uint8_t *
write_blocks(const struct xd_tcp_segment *s, uint8_t *at)
{
	at[0] = at[1] = NOP;
	at[2] = SACK;
	at[3] = (uint8_t)(2 + 8 * s->nb_blocks);
	at += 4;
	for (unsigned i = 0; i < s->nb_blocks; i++, at += 8) {
		xd_put32(at, s->blocks[i].begin);
		xd_put32(at + 4, s->blocks[i].end);
	}
	return at;
}

/* Each padded to a multiple of four bytes. */
static uint8_t *
write_options(const struct xd_tcp_segment *s, uint8_t *at)
{
	if (s->mss) {
		at[0] = MSS;
		at[1] = 4;
		xd_put16(at + 2, s->mss);
		at += 4;
	}
	if (s->sack_ok) {
		memcpy(at, (uint8_t[]){NOP, NOP, SACK_OK, 2}, 4);
		at += 4;
	}
	if (s->has_ts) {
		memcpy(at, timestamps, sizeof(timestamps));
		xd_put32(at + 4, s->ts_value);
		xd_put32(at + 8, s->ts_echo);
		at += XD_TCP_TS_BYTES;
	}
	if (s->has_scale) {
		memcpy(at, (uint8_t[]){NOP, SCALE, 3, s->scale}, 4);
		at += 4;
	}
	return s->nb_blocks ? write_blocks(s, at) : at;
}

uint32_t
xd_tcp_segment_write(const struct xd_tcp_segment *s, uint8_t *data)
{
	uint32_t header = (uint32_t)(write_options(s, data + XD_TCP_HEADER) - data);

	xd_put32(data + 4, s->seq);
	xd_put32(data + 8, s->ack);
	data[12] = (uint8_t)(header / 4 << 4);
	data[13] = s->flags;
	xd_put16(data + 14, s->window);
	memset(data + 16, 0, 4);
	return header;
}
