/* SPDX-License-Identifier: BSD-3-Clause */
/* Classes of placement, and the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traffic/host/placement.h"
#include "traffic/host/tsc.h"

static void
test_placement_classes(void **state)
{
	(void)state;
	assert_string_equal(xd_placement_class(120, 199), "near");
	assert_string_equal(xd_placement_class(200, 475), "far");
	assert_string_equal(xd_placement_class(120, 475), "mixed");
	assert_string_equal(xd_placement_class(475, 120), "mixed");
	assert_string_equal(xd_placement_class(0, 120), "unknown");
	assert_true(xd_placement_ns(0, 0, 1e9) == 0); /* one core has no distance */
	assert_true(xd_placement_ns(-1, 0, 1e9) == 0);
	assert_true(xd_placement_ns(0, 100000, 1e9) == 0);
}

static void
test_tsc(void **state)
{
	double hz = xd_tsc_calibrate();

	(void)state;
	assert_true(hz > 1e8 && hz < 1e11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement_classes),
		cmocka_unit_test(test_tsc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
