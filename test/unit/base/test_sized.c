/* SPDX-License-Identifier: BSD-3-Clause */
/* Structs of an older or a newer header than the library's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sized.h"

struct first {
	uint32_t size, a;
};

struct second {
	uint32_t size, a, b;
};

static void
takes_shorter_ones(void **state)
{
	struct second given = {sizeof(given), 1, 2}, whole;
	struct xd_error err;

	(void)state;
	assert_int_equal(
		xd_sized_take(&whole, sizeof(whole), &given, sizeof(struct first), "x", NULL), 0);
	assert_memory_equal(&whole, &given, sizeof(whole));
	given.size = sizeof(struct first);
	assert_int_equal(
		xd_sized_take(&whole, sizeof(whole), &given, sizeof(struct first), "x", &err), 0);
	assert_int_equal(whole.a, 1);
	assert_int_equal(whole.b, 0);
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t wrong[] = {
			0, sizeof(struct first) - 1, sizeof(struct second) + 1};

		given.size = wrong[i];
		assert_int_equal(xd_sized_take(&whole, sizeof(whole), &given, sizeof(struct first),
					 "a hook", &err),
			-EINVAL);
		assert_non_null(strstr(err.text, "size of a hook"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(takes_shorter_ones)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
