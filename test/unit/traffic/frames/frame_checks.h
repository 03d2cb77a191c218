/* SPDX-License-Identifier: BSD-3-Clause */
/* A receiver's look at a frame, byte by byte and with no help from what made it: lengths, checksums
 * and payload of IPv4 and IPv6 with UDP, TCP and ICMP. For unit tests. */
#ifndef XD_TEST_FRAME_CHECKS_H
#define XD_TEST_FRAME_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

/* Where things are, found by reading the frame. */
struct frame_view {
	unsigned nb_tags;
	uint16_t tags[4]; /* TCI */
	uint16_t tpids[4];
	uint16_t type;
	uint8_t proto;
	uint32_t l3, l4, payload; /* bytes; l4 and payload are the frame's end when there is none */
};

static inline uint16_t
view16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The sum of RFC 1071 over bytes, the first of which is the high one of a word. */
static inline uint32_t
view_sum(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return sum;
}

static inline struct frame_view
view_frame(const uint8_t *frame, uint32_t len)
{
	struct frame_view v = {.l3 = 14, .l4 = len, .payload = len};

	v.type = view16(frame + 12);
	while (v.type == 0x8100 || v.type == 0x88a8) {
		assert_true(v.nb_tags < 4);
		v.tpids[v.nb_tags] = v.type;
		v.tags[v.nb_tags++] = view16(frame + v.l3);
		v.type = view16(frame + v.l3 + 2);
		v.l3 += 4;
	}
	if (v.type == 0x0800) {
		assert_int_equal(frame[v.l3], 0x45);
		v.proto = frame[v.l3 + 9];
		v.l4 = v.l3 + 20;
	} else if (v.type == 0x86dd) {
		assert_int_equal(frame[v.l3] >> 4, 6);
		v.proto = frame[v.l3 + 6];
		v.l4 = v.l3 + 40;
	} else {
		v.payload = v.l3;
		return v;
	}
	v.payload = v.l4;
	if (v.proto == 17 || v.proto == 1 || v.proto == 58)
		v.payload += 8;
	if (v.proto == 6) {
		assert_int_equal(frame[v.l4 + 12] >> 4, 5);
		v.payload += 20;
	}
	assert_true(v.payload <= len);
	return v;
}

/* Lengths and checksums are as a receiver wants them. */
static inline void
check_frame(const uint8_t *frame, uint32_t len)
{
	struct frame_view v = view_frame(frame, len);
	uint32_t bytes = len - v.l4, pseudo = 0;

	if (v.type == 0x0800) {
		assert_int_equal(view16(frame + v.l3 + 2), len - v.l3);
		assert_int_equal(view_sum(frame + v.l3, 20, 0), 0xffff);
		pseudo = view_sum(frame + v.l3 + 12, 8, v.proto + bytes);
	} else if (v.type == 0x86dd) {
		assert_int_equal(view16(frame + v.l3 + 4), bytes);
		pseudo = view_sum(frame + v.l3 + 8, 32, v.proto + bytes);
	} else {
		return;
	}
	if (v.proto == 17) {
		assert_int_equal(view16(frame + v.l4 + 4), bytes);
		assert_int_not_equal(view16(frame + v.l4 + 6), 0);
	}
	if (v.proto == 1)
		pseudo = 0;
	if (v.payload > v.l4)
		assert_int_equal(view_sum(frame + v.l4, bytes, pseudo), 0xffff);
}

/* Bytes from `from` to the frame's last `behind` ones count down to its end. */
static inline void
check_countdown(const uint8_t *frame, uint32_t len, uint32_t from, uint32_t behind)
{
	for (uint32_t i = from; i < len - behind; i++)
		assert_int_equal(frame[i], (len - i) % 256);
}

#endif
