/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments of a TCP connection as a driver receives them. Included after cmocka. */
#ifndef XD_TEST_TCP_STREAM_H
#define XD_TEST_TCP_STREAM_H

#include <stdlib.h>

#include <rte_common.h>

#include "base/bytes.h"
#include "frame/offload.h"

#define FRAME_MAX 9100u
#define OPTIONS   12 /* bytes of TCP's, in every segment */

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

/* What is known of a segment's checksum. */
enum checksum { UNFINISHED, VALID, SUMMED };

enum layer { L2, L3, L4 };

/* A byte of a segment that is another. */
struct flip {
	uint8_t number; /* of the segment */
	uint8_t layer, offset, bits;
	bool late; /* after checksums were computed, which are wrong then */
};

struct stream {
	bool ipv6, udp;
	uint8_t tags;
	enum checksum checksum;
	/* What IPv4's ID counts up by, less 1; bits of its flags and offset that are not DF alone.
	 */
	uint16_t id, id_step, fragment;
	uint32_t seq;
	uint8_t flags;   /* that are not ACK alone */
	unsigned pieces; /* that each payload lies in behind the snapshot; 0: one */
	uint16_t padding;
	uint16_t n;
	uint16_t payload[XD_BATCH]; /* bytes of each; 0 behind the first: as that */
	struct flip flip[2];
};

struct sample {
	struct xd_frame frame;
	uint8_t data[FRAME_MAX];
	struct xd_seg segs[UINT8_MAX];
	uint32_t len;
	uint16_t l3, l4;
};

static inline uint32_t
sum(const uint8_t *p, uint32_t len, uint32_t s)
{
	for (uint32_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static inline uint32_t
pseudo(const struct stream *t, const struct sample *s)
{
	const uint8_t *ip = s->data + s->l3;
	const uint32_t rest = (t->udp ? 17 : 6) + s->len - s->l4;

	return t->ipv6 ? sum(ip + 8, 32, rest) : sum(ip + 12, 8, rest);
}

static inline void
put_ip(const struct stream *t, struct sample *s, uint16_t number)
{
	uint8_t *ip = s->data + s->l3;

	memset(ip, 0x22, s->l4 - s->l3);
	if (t->ipv6) {
		memcpy(ip, "\x60\x12\x34\x56", 4);
		xd_put16(ip + 4, s->len - s->l4);
		ip[6] = t->udp ? 17 : 6;
		ip[7] = 64;
		return;
	}
	ip[0] = 0x45;
	ip[1] = 2;
	xd_put16(ip + 2, s->len - s->l3);
	xd_put16(ip + 4, t->id + number * (t->id_step + 1u));
	xd_put16(ip + 6, t->fragment ^ 0x4000u);
	ip[8] = 64;
	ip[9] = t->udp ? 17 : 6;
	xd_put16(ip + 10, 0);
}

static inline void
put_tcp(const struct stream *t, struct sample *s, uint32_t seq)
{
	uint8_t *tcp = s->data + s->l4;

	memset(tcp, 0x33, 20);
	xd_put32(tcp + 4, seq);
	tcp[12] = (20 + OPTIONS) / 4 << 4;
	tcp[13] = t->flags ^ ACK;
	xd_put16(tcp + 16, 0);
	xd_put16(tcp + 18, 0);
	memset(tcp + 20, 0x44, OPTIONS);
}

static inline void
flip(const struct stream *t, struct sample *s, uint16_t number, bool late)
{
	for (unsigned i = 0; i < RTE_DIM(t->flip); i++) {
		const struct flip *f = &t->flip[i];
		uint16_t at = f->layer == L2 ? 0 : f->layer == L3 ? s->l3 : s->l4;

		if (f->number == number && f->late == late)
			s->data[at + f->offset] ^= f->bits;
	}
}

static inline void
put_checksums(const struct stream *t, struct sample *s)
{
	uint8_t *ip = s->data + s->l3, *field = s->data + s->l4 + (t->udp ? 6 : 16);

	if (!t->ipv6)
		xd_put16(ip + 10, ~sum(ip, 20, 0));
	if (t->checksum == UNFINISHED)
		xd_put16(field, pseudo(t, s));
	else
		xd_put16(field, ~sum(s->data + s->l4, s->len - s->l4, pseudo(t, s)));
}

/* As a driver receives it. */
static inline void
receive(const struct stream *t, struct sample *s)
{
	const uint32_t len = s->len + t->padding, head = RTE_MIN(len, (uint32_t)XD_HEAD);
	const unsigned n = len > head ? RTE_MAX(t->pieces, 1u) : 0;
	uint32_t at = head;
	struct xd_frame *f = &s->frame;

	xd_frame_init(f, len, (uint8_t)head, (uint8_t)n);
	memcpy(f->buf + XD_HEADROOM, s->data, head);
	f->segs = s->segs;
	for (unsigned i = 0; i < n; i++) {
		const uint32_t part = i + 1 < n ? (len - head) / n : len - at;

		s->segs[i] = (struct xd_seg){s->data + at, part};
		at += part;
	}
	f->route = xd_frame_route(3, 0);
	if (t->checksum == VALID)
		f->offload.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	if (t->checksum == UNFINISHED) {
		f->offload.csum_start = s->l4;
		f->offload.csum_offset = t->udp ? 6 : 16;
		f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	}
}

static inline void
make_stream(const struct stream *t, struct sample *samples, struct xd_frame **frames)
{
	uint32_t seq = t->seq;

	for (uint16_t i = 0; i < t->n; i++) {
		struct sample *s = &samples[i];
		const uint16_t payload = t->payload[t->payload[1] ? i : 0];

		memset(s->data, 0x11, 12);
		for (unsigned tag = 0; tag < t->tags; tag++)
			memcpy(s->data + 12 + 4 * tag, "\x81\x00\x00\x0a", 4);
		s->l3 = (uint16_t)(14 + 4 * t->tags);
		memcpy(s->data + s->l3 - 2, t->ipv6 ? "\x86\xdd" : "\x08\x00", 2);
		s->l4 = (uint16_t)(s->l3 + (t->ipv6 ? 40 : 20));
		s->len = s->l4 + 20u + OPTIONS + payload;
		assert_true(s->len + t->padding <= FRAME_MAX);
		put_ip(t, s, i);
		put_tcp(t, s, seq);
		for (uint32_t k = s->len - payload; k < s->len + t->padding; k++)
			s->data[k] = (uint8_t)random();
		flip(t, s, i, false);
		put_checksums(t, s);
		flip(t, s, i, true);
		receive(t, s);
		frames[i] = &s->frame;
		seq += payload;
	}
}

#endif
