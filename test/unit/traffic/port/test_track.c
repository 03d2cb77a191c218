/* SPDX-License-Identifier: BSD-3-Clause */
/* Tags, and what a receiver makes of them: loss, order, duplicates, times, payload. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/port/receive.h"
#include "traffic/port/track.h"

#define TSC_HZ 2e9 /* two cycles a nanosecond */
#define CIRCLE (1u << 24)

/* ---- Tags ---- */

static void
test_tag_round_trip(void **state)
{
	static const struct xd_tag tags[] = {
		{0, 0, 0, 0},
		{1, 2, 3, 4},
		{0xffffff, 0xffffff, XD_TAG_TIME_MASK, 2047},
		{0x123456, 0xabcdef, 0x123456789abc, 1024},
		{0x800000, 0x800000, 1ull << 47, 1},
	};
	uint8_t frame[64];
	struct xd_tag got;

	(void)state;
	for (unsigned i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		memset(frame, 0xee, sizeof(frame));
		xd_tag_write(frame + 60 - XD_TAG_BYTES, &tags[i]);
		assert_true(xd_tag_read(frame, 60, &got));
		assert_int_equal(got.flow, tags[i].flow);
		assert_int_equal(got.seq, tags[i].seq);
		assert_int_equal(got.planned_cycles, tags[i].planned_cycles);
		assert_int_equal(got.late_cycles, tags[i].late_cycles);
		/* Nothing else was touched. */
		for (unsigned k = 0; k < 60 - XD_TAG_BYTES; k++)
			assert_int_equal(frame[k], 0xee);
		for (unsigned k = 60; k < 64; k++)
			assert_int_equal(frame[k], 0xee);
		assert_false(xd_tag_read(frame, 59, &got));
		frame[60 - XD_TAG_BYTES] ^= 1;
		assert_false(xd_tag_read(frame, 60, &got));
	}
}

/* The sum that the checksum takes from it is that of its bytes as words. */
static void
test_tag_sum(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct xd_tag tag = {
			.flow = (uint32_t)(i * 7919) & 0xffffff,
			.seq = (uint32_t)(i * 104729) & XD_TAG_SEQ_MASK,
			.planned_cycles = i * 0x9e3779b97f4a7c15ull & XD_TAG_TIME_MASK,
			.late_cycles = i * i * 31,
		};
		uint8_t bytes[XD_TAG_BYTES];
		uint64_t sum = xd_tag_write(bytes, &tag), want = 0;

		for (unsigned k = 0; k < XD_TAG_BYTES; k += 2)
			want += bytes[k] | (uint64_t)bytes[k + 1] << 8;
		/* In one's complement, where 0 and 65535 are the same. */
		assert_int_equal(sum % 0xffff, want % 0xffff);
	}
}

/* Rounded down by less than a thousandth, and kept within bounds. */
static void
test_late_magnitudes(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (unsigned bit = 0; bit < 42; bit++)
		for (unsigned i = 0; i < 64; i++) {
			uint64_t late = (1ull << bit) + ((1ull << bit) * i >> 6);
			uint64_t got = xd_tag_unpack_late(xd_tag_pack_late(late));

			assert_true(got <= late);
			assert_true((double)(late - got) < (double)late / 1000);
			if (late < 2048)
				assert_int_equal(got, late);
			assert_true(got >= before);
			before = got;
		}
	assert_int_equal(xd_tag_unpack_late(xd_tag_pack_late(0)), 0);
	/* Beyond: the most that it can say. */
	assert_int_equal(xd_tag_pack_late(1ull << 42), 0xffff);
	assert_int_equal(xd_tag_pack_late(UINT64_MAX), 0xffff);
	assert_true(xd_tag_unpack_late(0xffff) >= before);
}

static void
test_since_wraps(void **state)
{
	(void)state;
	assert_int_equal(xd_tag_since(1000, 400), 600);
	assert_int_equal(xd_tag_since(1000, 1005), 0); /* came while its burst was taken in */
	assert_int_equal(xd_tag_since(2, XD_TAG_TIME_MASK), 3);
	assert_int_equal(xd_tag_since((1ull << 48) + 5, XD_TAG_TIME_MASK - 4), 10);
	assert_int_equal(
		xd_tag_since(0x7123456789abcdefull, 0x7123456789abc000ull & XD_TAG_TIME_MASK),
		0xdef);
}

/* ---- Order ---- */

static struct xd_track *
track_of(uint32_t flows, uint32_t every)
{
	struct xd_track_opts opts = {.nb_flows = flows, .every = every, .tsc_hz = TSC_HZ};
	struct xd_track *t = xd_track_create(&opts, NULL);

	assert_non_null(t);
	return t;
}

static void
come(struct xd_track *t, uint32_t flow, uint32_t seq)
{
	struct xd_tag tag = {.flow = flow, .seq = seq & XD_TAG_SEQ_MASK};
	uint8_t frame[60] = {0};

	assert_true(xd_track_frame(t, frame, sizeof(frame), &tag, 0));
}

static void
assert_flow(const struct xd_track *t, uint32_t flow, uint64_t received, uint32_t reordered,
	uint32_t duplicated)
{
	assert_int_equal(t->flows[flow].received, received);
	assert_int_equal(t->flows[flow].reordered, reordered);
	assert_int_equal(t->flows[flow].duplicated, duplicated);
}

static void
test_in_order(void **state)
{
	struct xd_track *t = track_of(2, 0);

	(void)state;
	/* Twice round the circle, from anywhere. */
	for (uint32_t i = 0; i < 2 * CIRCLE + 5; i++)
		come(t, 1, CIRCLE - 3 + i);
	assert_flow(t, 1, 2ull * CIRCLE + 5, 0, 0);
	assert_flow(t, 0, 0, 0, 0);
	xd_track_destroy(t);
}

static void
test_loss_at_the_wrap(void **state)
{
	struct xd_track *t = track_of(1, 0);
	struct xd_track_sums sums = {0};
	uint64_t sent = 200;

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		if (i < 95 || i >= 105) /* the wrap is in between */
			come(t, 0, CIRCLE - 100 + i);
	assert_flow(t, 0, 190, 0, 0);
	xd_track_sum(t, &sent, &sums);
	assert_int_equal(sums.lost, 10);
	assert_int_equal(sums.flows_with_loss, 1);
	xd_track_destroy(t);
}

/* Pairs are swapped, everywhere and across the wrap. */
static void
test_swapped(void **state)
{
	struct xd_track *t = track_of(1, 0);

	(void)state;
	for (uint32_t i = 0; i < 1000; i += 2) {
		come(t, 0, CIRCLE - 500 + i + 1);
		come(t, 0, CIRCLE - 500 + i);
	}
	assert_flow(t, 0, 1000, 500, 0);
	xd_track_destroy(t);
}

static void
test_duplicates(void **state)
{
	struct xd_track *t = track_of(1, 0);

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		come(t, 0, CIRCLE - 500 + i);
		if (i % 10 == 0)
			come(t, 0, CIRCLE - 500 + i);
		if (i % 10 == 9) /* one of before, a third time */
			come(t, 0, CIRCLE - 500 + i - 9);
	}
	assert_flow(t, 0, 1000, 0, 200);
	xd_track_destroy(t);
}

/* 63 later frames may have come for a duplicate to be told from a late one. */
static void
test_window(void **state)
{
	struct xd_track *t = track_of(3, 0);

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		if (i != 136 && i != 135)
			for (uint32_t flow = 0; flow < 3; flow++)
				come(t, flow, i);
	come(t, 0, 136); /* late by 63: known not to have come before */
	assert_flow(t, 0, 199, 1, 0);
	come(t, 0, 136);
	assert_flow(t, 0, 199, 1, 1);
	come(t, 1, 135); /* late by 64: too old to be remembered */
	assert_flow(t, 1, 199, 1, 0);
	come(t, 1, 135);
	assert_flow(t, 1, 200, 2, 0);
	come(t, 2, 137); /* has come before */
	assert_flow(t, 2, 198, 0, 1);
	xd_track_destroy(t);
}

/* A gap of any length forgets what was before it, and nothing else. */
static void
test_gaps(void **state)
{
	static const uint32_t gaps[] = {1, 2, 61, 62, 63, 64, 65, 1000, CIRCLE / 2 - 1};

	(void)state;
	for (unsigned i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		struct xd_track *t = track_of(1, 0);
		uint32_t gap = gaps[i];

		for (uint32_t k = 0; k < 10; k++)
			come(t, 0, k);
		come(t, 0, 9 + gap); /* gap - 1 frames are missing */
		assert_flow(t, 0, 11, 0, 0);
		come(t, 0, 9 + gap);
		assert_flow(t, 0, 11, 0, 1);
		if (gap > 1) { /* the last missing one comes late */
			come(t, 0, 9 + gap - 1);
			assert_flow(t, 0, 12, 1, 1);
		}
		if (gap < 64) { /* one of before the gap comes again */
			come(t, 0, 9);
			assert_int_equal(t->flows[0].duplicated, 2);
		}
		xd_track_destroy(t);
	}
}

/* Counts begin anew, numbers go on; or may begin anywhere. */
static void
test_reset(void **state)
{
	struct xd_track *t = track_of(1, 0);

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		come(t, 0, i);
	xd_track_reset(t);
	assert_flow(t, 0, 0, 0, 0);
	come(t, 0, 99); /* late: came before */
	assert_flow(t, 0, 0, 0, 1);
	come(t, 0, 100);
	assert_flow(t, 0, 1, 0, 1);
	xd_track_begin(t);
	come(t, 0, 3);
	come(t, 0, 2);
	assert_flow(t, 0, 2, 1, 0);
	xd_track_destroy(t);
}

static void
test_sums(void **state)
{
	struct xd_track *t = track_of(4, 0);
	struct xd_track_sums sums = {0};
	uint64_t sent[] = {10, 10, 10, 0};

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		come(t, 0, i);
		if (i != 4)
			come(t, 1, i);
		if (i < 3)
			come(t, 2, i);
	}
	come(t, 0, 9);
	come(t, 2, 1);
	xd_track_sum(t, sent, &sums);
	assert_int_equal(sums.received, 22);
	assert_int_equal(sums.lost, 8);
	assert_int_equal(sums.duplicated, 2);
	assert_int_equal(sums.reordered, 0);
	assert_int_equal(sums.flows_with_loss, 2);
	assert_int_equal(sums.worst_flow, 2);
	assert_int_equal(sums.worst_lost, 7);
	xd_track_destroy(t);
}

static void
test_strange(void **state)
{
	struct xd_track *t = track_of(2, 0);
	struct xd_tag tag = {.flow = 2};
	uint8_t frame[60] = {0};

	(void)state;
	assert_false(xd_track_frame(t, frame, sizeof(frame), &tag, 0));
	tag.flow = 0xffffff;
	assert_false(xd_track_frame(t, frame, sizeof(frame), &tag, 0));
	assert_int_equal(t->strange, 2);
	xd_track_destroy(t);
}

/* ---- Times ---- */

static void
take(struct xd_track *t, uint64_t planned, uint64_t late, uint64_t now)
{
	struct xd_tag tag = {.planned_cycles = planned & XD_TAG_TIME_MASK, .late_cycles = late};
	uint8_t frame[60] = {0};

	assert_true(xd_track_frame(t, frame, sizeof(frame), &tag, now));
}

static void
test_times(void **state)
{
	struct xd_track *t = track_of(1, 1);

	(void)state;
	/* 1000 cycles are 500 ns; sent 200 cycles after its time. */
	take(t, 1000, 200, 2000);
	assert_int_equal(xd_histogram_count(t->actual), 1);
	assert_int_equal(xd_histogram_max(t->actual), 400);
	assert_int_equal(xd_histogram_max(t->planned), 500);
	/* Round the circle of 48 bits. */
	xd_track_reset(t);
	assert_int_equal(xd_histogram_count(t->actual), 0);
	take(t, (1ull << 48) - 100, 100, (1ull << 48) + 300);
	assert_int_equal(xd_histogram_max(t->actual), 150);
	assert_int_equal(xd_histogram_max(t->planned), 200);
	xd_track_destroy(t);
}

static void
test_every(void **state)
{
	struct xd_track *t = track_of(1, 10);

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		take(t, i, 0, i + 100);
	assert_int_equal(xd_histogram_count(t->actual), 100);
	assert_int_equal(xd_histogram_count(t->planned), 100);
	xd_track_destroy(t);
}

/* RFC 3550, 6.4.1: J += (|D| - J) / 16. */
static void
test_jitter(void **state)
{
	struct xd_track *t = track_of(1, 1);
	double want = 0, before = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		double transit = 1000 + (i * 7919 % 400);

		take(t, 5000ull * i, 0, 5000ull * i + (uint64_t)transit);
		if (i)
			want += (fabs(transit - before) - want) / 16;
		before = transit;
	}
	assert_true(want > 50);
	assert_true(fabs((double)t->jitter_cycles_16 / 16 - want) < want / 50);
	xd_track_destroy(t);
}

/* ---- Payload, and what a port counts ---- */

static uint32_t
fill(uint8_t *frame, uint32_t len, uint32_t payload_at, const struct xd_tag *tag)
{
	memset(frame, 0x55, payload_at);
	for (uint32_t i = payload_at; i < len; i++)
		frame[i] = (uint8_t)(len - i);
	xd_tag_write(frame + len - XD_TAG_BYTES, tag);
	return len;
}

static void
test_payload(void **state)
{
	static const uint16_t payload_at[] = {42, 0};
	struct xd_track_opts opts = {
		.nb_flows = 2, .verify = true, .tsc_hz = TSC_HZ, .payload_at = payload_at};
	struct xd_track *t = xd_track_create(&opts, NULL);
	struct xd_tag tag = {.seq = 1}, other = {.flow = 1, .seq = 1};
	uint8_t frame[1600];

	(void)state;
	assert_non_null(t);
	for (uint32_t len = 60; len < 1600; len++) {
		fill(frame, len, 42, &tag);
		assert_true(xd_track_frame(t, frame, len, &tag, 0));
	}
	/* Each single byte of it counts; headers, which may be changed on the way, do not. */
	for (uint32_t i = 0; i < 600 - XD_TAG_BYTES; i++) {
		fill(frame, 600, 42, &tag);
		frame[i] ^= 0x10;
		assert_int_equal(xd_track_frame(t, frame, 600, &tag, 0), i < 42);
	}
	assert_int_equal(t->wrong, 600 - XD_TAG_BYTES - 42);
	/* A flow whose payload is not known. */
	fill(frame, 600, 42, &other);
	frame[100] ^= 1;
	assert_true(xd_track_frame(t, frame, 600, &other, 0));
	xd_track_destroy(t);
}

/* Tags that a switch pushed or popped on the way move the payload. */
static void
test_payload_moves(void **state)
{
	static const uint16_t payload_at[] = {42};
	static const uint8_t vlan[] = {0x81, 0x00, 0x00, 0x05}, svlan[] = {0x88, 0xa8, 0x00, 0x06};
	struct xd_track_opts opts = {
		.nb_flows = 1, .verify = true, .tsc_hz = TSC_HZ, .payload_at = payload_at};
	struct xd_track *t = xd_track_create(&opts, NULL);
	struct xd_tag tag = {.seq = 1};
	uint8_t frame[200];

	(void)state;
	assert_non_null(t);
	for (uint32_t tags = 0; tags <= 2; tags++) {
		uint32_t head = 42 + 4 * tags, len = 100 + 4 * tags;

		fill(frame, len, head, &tag);
		if (tags)
			memcpy(frame + 12, tags == 2 ? svlan : vlan, 4);
		if (tags == 2)
			memcpy(frame + 16, vlan, 4);
		assert_true(xd_track_frame(t, frame, len, &tag, 0));
		frame[head - 1] ^= 1;
		assert_true(xd_track_frame(t, frame, len, &tag, 0));
		frame[head] ^= 1;
		assert_false(xd_track_frame(t, frame, len, &tag, 0));
	}
	xd_track_destroy(t);
}

static void
test_receive(void **state)
{
	struct xd_track *t = track_of(1, 0);
	struct xd_echo *echo = xd_echo_create(4);
	struct xd_receive r = {.kind = XD_RECEIVE_TAGGED, .track = t, .echo = echo};
	struct xd_tag tag = {.seq = 5};
	uint8_t frame[128];

	(void)state;
	fill(frame, 100, 42, &tag);
	xd_receive_frame(&r, frame, 100);
	assert_int_equal(r.frames, 1);
	assert_int_equal(r.bytes, 100);
	assert_int_equal(echo->tail - echo->head, 1);
	assert_int_equal(echo->tags[0].seq, 5);
	xd_receive_frame(&r, frame, 99); /* no tag there */
	xd_tag_write(frame, &tag);
	xd_receive_frame(&r, frame + 4, 14); /* nor room for one */
	tag.flow = 1;                        /* of another run */
	fill(frame, 100, 42, &tag);
	xd_receive_frame(&r, frame, 100);
	assert_int_equal(r.frames, 1);
	assert_int_equal(r.foreign, 3);
	assert_int_equal(echo->tail - echo->head, 1);
	r.kind = XD_RECEIVE_ANY;
	xd_receive_frame(&r, frame, 14);
	assert_int_equal(r.frames, 2);
	assert_int_equal(r.bytes, 114);
	assert_flow(t, 0, 1, 0, 0);
	xd_echo_destroy(echo);
	xd_track_destroy(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tag_round_trip),
		cmocka_unit_test(test_tag_sum),
		cmocka_unit_test(test_late_magnitudes),
		cmocka_unit_test(test_since_wraps),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_loss_at_the_wrap),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_strange),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_every),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_payload_moves),
		cmocka_unit_test(test_receive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
