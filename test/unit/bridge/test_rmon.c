/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames by kind and size, as RMON counts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"

#define WORKER 2

/* Bounds of every class, with FCS: RFC 2819, 5, etherStatsPkts64Octets and those after it. */
static void
test_sizes(void **state)
{
	static const struct {
		uint32_t from, to;
		enum xd_rmon_size size;
		const char *name;
	} classes[] = {
		{18, 64, XD_RMON_64, "64"},
		{65, 127, XD_RMON_65_TO_127, "65_to_127"},
		{128, 255, XD_RMON_128_TO_255, "128_to_255"},
		{256, 511, XD_RMON_256_TO_511, "256_to_511"},
		{512, 1023, XD_RMON_512_TO_1023, "512_to_1023"},
		{1024, 1518, XD_RMON_1024_TO_1518, "1024_to_1518"},
		{1519, 65601, XD_RMON_1519_TO_MAX, "1519_to_max"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		assert_int_equal(xd_rmon_size(classes[i].from), classes[i].size);
		assert_int_equal(xd_rmon_size(classes[i].to), classes[i].size);
		assert_string_equal(xd_rmon_size_name(classes[i].size), classes[i].name);
	}
}

/* A frame to the address, and how many bytes it had when it came. */
static void
add(struct xd_batch *batch, const char *destination, uint32_t bytes)
{
	struct xd_frame *f = &batch->frames[batch->n++];

	xd_frame_init(f, bytes, (uint8_t)(bytes < XD_HEAD ? bytes : XD_HEAD), 0);
	memcpy(xd_frame_data(f), destination, 6);
}

static void
test_kinds(void **state)
{
	struct xd_rmon rmon[XD_MAX_WORKERS] = {0}, sum = {0};
	struct xd_plan_port in = {.rmon = rmon};
	struct xd_turn *turn = aligned_alloc(64, (sizeof(*turn) + 63) / 64 * 64);
	static struct xd_batch batch;

	(void)state;
	memset(turn, 0, sizeof(*turn));
	turn->in = turn->from = &in;
	turn->batch = &batch;
	batch.worker = WORKER;
	add(&batch, "\x02\0\0\0\0\x0a", 60);
	add(&batch, "\xff\xff\xff\xff\xff\xff", 42);
	add(&batch, "\x33\x33\0\0\0\x01", 1514);
	add(&batch, "\x01\0\x5e\0\0\x01", 9000);
	add(&batch, "\xfe\xff\xff\xff\xff\xff", 124);
	/* The switch took a tag off since: 64 bytes came, 68 with FCS. */
	add(&batch, "\x02\0\0\0\0\x0a", 64);
	memmove(xd_frame_data(&batch.frames[5]) + 4, xd_frame_data(&batch.frames[5]), 12);
	xd_frame_pop(&batch.frames[5], 4);
	xd_bridge_rmon(turn);
	xd_bridge_rmon(turn);

	assert_int_equal(rmon[WORKER].unicast, 6);
	rmon[WORKER + 1].unicast = 1;
	xd_rmon_sum(&sum, rmon, XD_MAX_WORKERS);
	assert_int_equal(sum.unicast, 7);
	assert_int_equal(sum.multicast, 4);
	assert_int_equal(sum.broadcast, 2);
	assert_int_equal(sum.sizes[XD_RMON_64], 4);
	assert_int_equal(sum.sizes[XD_RMON_65_TO_127], 2);
	assert_int_equal(sum.sizes[XD_RMON_128_TO_255], 2);
	assert_int_equal(sum.sizes[XD_RMON_256_TO_511], 0);
	assert_int_equal(sum.sizes[XD_RMON_1024_TO_1518], 2);
	assert_int_equal(sum.sizes[XD_RMON_1519_TO_MAX], 2);
	free(turn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
