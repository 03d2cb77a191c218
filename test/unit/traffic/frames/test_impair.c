/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of faults made on purpose. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/frames/impair.h"

static void
test_all_words(void **state)
{
	struct xd_impair impair;
	struct xd_error err = {0};

	(void)state;
	memset(&impair, 0xff, sizeof(impair));
	assert_int_equal(xd_impair_parse("loss=1%,dup=0.1%,reorder=0.02,delay_us=50.5,seed=7",
				 &impair, &err),
		0);
	assert_float_equal(impair.loss, 0.01, 1e-12);
	assert_float_equal(impair.dup, 0.001, 1e-12);
	assert_float_equal(impair.reorder, 0.02, 1e-12);
	assert_float_equal(impair.delay_us, 50.5, 1e-12);
	assert_int_equal(impair.seed, 7);
	assert_true(xd_impair_any(&impair));
	assert_int_equal(xd_impair_parse("loss=100%", &impair, NULL), 0);
	assert_float_equal(impair.loss, 1, 0);
	assert_float_equal(impair.dup, 0, 0);
	assert_float_equal(impair.delay_us, 0, 0);
	assert_int_equal(impair.seed, 0);
	assert_int_equal(xd_impair_parse("loss=0,seed=18446744073709551615", &impair, NULL), 0);
	assert_false(xd_impair_any(&impair));
	assert_true(impair.seed == UINT64_MAX);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const texts[] = {
			"loss=1%,direction=tx", "loss=1%,direction=rx", "direction=both,loss=1%"};

		assert_int_equal(xd_impair_parse(texts[i], &impair, NULL), 0);
		assert_int_equal(impair.direction, i);
	}
	assert_int_equal(xd_impair_parse("reorder=.5", &impair, NULL), 0);
	assert_int_equal(impair.direction, XD_IMPAIR_TX);
	assert_float_equal(impair.reorder, 0.5, 0);
}

static void
test_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"", "impair: \"\": give what to do, such as loss=1% or loss=1%,delay_us=50"},
		{"loss=1%,", "impair: \"\": give what to do, such as loss=1% or loss=1%,"
			     "delay_us=50"},
		{"los=1%", "impair: unknown word \"los\"; did you mean loss?"},
		{"delay=50", "impair: unknown word \"delay\"; did you mean delay_us?"},
		{"zzz=1", "impair: unknown word \"zzz\"; valid are: loss, dup, reorder, delay_us, "
			  "seed, direction"},
		{"loss", "impair: loss has no value; give loss=1%"},
		{"delay_us", "impair: delay_us has no value; give delay_us=50"},
		{"direction", "impair: direction has no value; give direction=both"},
		{"direction=in", "impair: direction=in: give tx, rx or both: what the port sends, "
				 "receives"},
		{"loss=", "impair: loss=: give a share, such as 1% or 0.01, up to 100%"},
		{"loss=101%", "impair: loss=101%: give a share, such as 1% or 0.01, up to 100%"},
		{"dup=2", "impair: dup=2: give a share, such as 1% or 0.01, up to 100%"},
		{"dup=-1%", "impair: dup=-1%: give a share, such as 1% or 0.01, up to 100%"},
		{"dup=nan", "impair: dup=nan: give a share, such as 1% or 0.01, up to 100%"},
		{"reorder=1%%", "impair: reorder=1%%: give a share, such as 1% or 0.01, up to "
				"100%"},
		{"reorder=0x1%", "impair: reorder=0x1%: give a share, such as 1% or 0.01, up to "
				 "100%"},
		{"delay_us=50us", "impair: delay_us=50us: give microseconds, such as 50, up to "
				  "10000000"},
		{"delay_us=1e8", "impair: delay_us=1e8: give microseconds, such as 50, up to "
				 "10000000"},
		{"delay_us=0x10", "impair: delay_us=0x10: give microseconds, such as 50, up to "
				  "10000000"},
		{"seed=-1", "impair: seed=-1: give a whole number"},
		{"seed=1.5", "impair: seed=1.5: give a whole number"},
		{"loss=1%,dup=1%,loss=2%", "impair: loss is given twice"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct xd_impair impair;
		struct xd_error err = {0};

		assert_int_equal(xd_impair_parse(wrong[i][0], &impair, &err), -EINVAL);
		assert_string_equal(err.text, wrong[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_words),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("impair", tests, NULL, NULL);
}
