/* SPDX-License-Identifier: BSD-3-Clause */
/* Where texts end in a stream, whole and a byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/framing.h"

#define NONE 0

static const struct {
	enum xd_framing_kind kind;
	const char *bytes;
	size_t ends[4]; /* bytes of each text */
} streams[] = {
	{XD_FRAMING_LINES, "a\nbc\n\nrest", {2, 3, 1, NONE}},
	{XD_FRAMING_LINES, "{\"a\":\"\\n\"}\n", {11, NONE}},
	{XD_FRAMING_LINES, "", {NONE}},
	{XD_FRAMING_OBJECTS, "{}{}", {2, 2, NONE}},
	{XD_FRAMING_OBJECTS, "{\"a\":{\"b\":[1,{}]}}{\"", {18, NONE}},
	{XD_FRAMING_OBJECTS, " \n{\"a\":1}\t{}\r\n", {9, 3, NONE}},
	/* what is in a string counts for nothing, nor does a quote that is escaped */
	{XD_FRAMING_OBJECTS, "{\"}{\":\"\\\"}\"}{}", {12, 2, NONE}},
	{XD_FRAMING_OBJECTS, "{\"\\\\\":1}{}", {8, 2, NONE}},
	/* no object: ends where that is seen */
	{XD_FRAMING_OBJECTS, "x{}", {1, 2, NONE}},
	{XD_FRAMING_OBJECTS, "[1]", {1, 1, 1, NONE}},
	{XD_FRAMING_OBJECTS, "}", {1, NONE}},
	{XD_FRAMING_OBJECTS, "{{{", {NONE}},
};

static void
check(enum xd_framing_kind kind, const char *bytes, const size_t *ends, size_t step)
{
	struct xd_framing framing = {0};
	size_t done = 0, all = strlen(bytes);
	unsigned i = 0;

	for (size_t there = step < all ? step : all;;
		there = there + step < all ? there + step : all) {
		size_t len;

		while ((len = xd_framing_end(&framing, kind, bytes + done, there - done))) {
			assert_int_equal(len, ends[i++]);
			done += len;
		}
		if (there == all)
			break;
	}
	assert_int_equal(ends[i], NONE);
}

static void
test_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		for (size_t step = 1; step < 24; step++)
			check(streams[i].kind, streams[i].bytes, streams[i].ends, step);
	}
}

/* A text that comes a byte at a time is looked at once: a megabyte takes no time. */
static void
test_each_byte_once(void **state)
{
	struct xd_framing framing = {0};
	static char bytes[1 << 20];

	(void)state;
	memset(bytes, '{', sizeof(bytes));
	for (size_t len = 1; len <= sizeof(bytes); len++) {
		assert_int_equal(xd_framing_end(&framing, XD_FRAMING_OBJECTS, bytes, len), 0);
		assert_int_equal(framing.seen, len);
	}
	assert_int_equal(framing.depth, sizeof(bytes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_each_byte_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
