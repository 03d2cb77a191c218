/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantities as people type them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/frames/rate_limit.h"
#include "traffic/frames/sizes.h"
#include "traffic/frames/units.h"

static void
assert_sizes(const char *text, const uint32_t *want, unsigned n)
{
	struct xd_sizes sizes;
	struct xd_error err;

	assert_int_equal(xd_sizes_parse(text, 60, 65535, &sizes, &err), 0);
	assert_int_equal(sizes.n, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(sizes.mix[i].n, 1);
		assert_int_equal(sizes.mix[i].bytes[0], want[i]);
		assert_int_equal(sizes.mix[i].weight[0], 1);
		assert_string_equal(sizes.mix[i].name, "");
	}
}

static void
test_sizes(void **state)
{
	(void)state;
	assert_sizes("64", (uint32_t[]){64}, 1);
	assert_sizes("64,128,1518", (uint32_t[]){64, 128, 1518}, 3);
	assert_sizes("64:1024:*2", (uint32_t[]){64, 128, 256, 512, 1024}, 5);
	assert_sizes("64:1518:*2", (uint32_t[]){64, 128, 256, 512, 1024, 1518}, 6);
	assert_sizes("64:256:+64", (uint32_t[]){64, 128, 192, 256}, 4);
	assert_sizes("64:200:+64", (uint32_t[]){64, 128, 192, 200}, 4);
	assert_sizes("64:64:*2", (uint32_t[]){64}, 1);
	assert_sizes("60,1k,64:128:*2", (uint32_t[]){60, 1024, 64, 128}, 4);
	assert_sizes("60:65535:*3", (uint32_t[]){60, 180, 540, 1620, 4860, 14580, 43740, 65535}, 8);
}

static void
test_mixes(void **state)
{
	static const char longest[] =
		"60x1+61x1+62x1+63x1+64x1+65x1+66x1+67x1+68x1+69x1+70x1+71x1+72x1+73x1+74x1+75x1";
	struct xd_sizes sizes;
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_sizes_parse("64,imix,100x2+1kx3,60:120:*2", 60, 9216, &sizes, &err), 0);
	assert_int_equal(sizes.n, 5);
	assert_int_equal(sizes.mix[0].bytes[0], 64);
	assert_string_equal(sizes.mix[1].name, "imix");
	assert_int_equal(sizes.mix[1].n, 3);
	assert_int_equal(sizes.mix[1].bytes[0], 60);
	assert_int_equal(sizes.mix[1].bytes[1], 590);
	assert_int_equal(sizes.mix[1].bytes[2], 1514);
	assert_int_equal(sizes.mix[1].weight[0], 7);
	assert_int_equal(sizes.mix[1].weight[1], 4);
	assert_int_equal(sizes.mix[1].weight[2], 1);
	assert_true(fabs(xd_size_mix_mean(&sizes.mix[1]) - 4294.0 / 12) < 1e-9);
	assert_string_equal(sizes.mix[2].name, "100x2+1kx3");
	assert_int_equal(sizes.mix[2].bytes[1], 1024);
	assert_int_equal(sizes.mix[2].weight[1], 3);
	assert_int_equal(sizes.mix[3].bytes[0], 60);
	assert_int_equal(sizes.mix[4].bytes[0], 120);
	assert_true(xd_size_mix_mean(&sizes.mix[4]) == 120);
	assert_int_equal(xd_sizes_max(&sizes), 1514);

	/* One size, however often, is no mix. */
	assert_int_equal(xd_sizes_parse("1514x3", 60, 9216, &sizes, &err), 0);
	assert_int_equal(sizes.mix[0].n, 1);
	assert_int_equal(sizes.mix[0].bytes[0], 1514);
	assert_string_equal(sizes.mix[0].name, "");

	/* A name that is too long ends in dots. */
	assert_int_equal(xd_sizes_parse(longest, 60, 9216, &sizes, &err), 0);
	assert_int_equal(sizes.mix[0].n, XD_MIX_MAX);
	assert_int_equal(sizes.mix[0].bytes[15], 75);
	assert_int_equal(strlen(sizes.mix[0].name), sizeof(sizes.mix[0].name) - 1);
	assert_string_equal(sizes.mix[0].name + sizeof(sizes.mix[0].name) - 4, "...");
}

static void
test_bad_sizes(void **state)
{
	/* What is wrong, and what the line must say. */
	static const char *const cases[][2] = {{"", "size"}, {"64,", "size"}, {"59", "60 to 65535"},
		{"65536", "60 to 65535"}, {"0x40", "0x40"}, {"-64", "-64"}, {"sixty", "sixty"},
		{"64q", "q"}, {"64:128", "FIRST:LAST"}, {"64:128:2", "FIRST:LAST"},
		{"64:128:*1", "up"}, {"64:128:+0", "up"}, {"128:64:*2", "up"}, {"64:128:*", "up"},
		{"64:128:+-1", "up"}, {"60:65535:+1", "more than 256"}, {"64.5", "60 to 65535"},
		{"64:", "FIRST:LAST"}, {"1e999", "1e999"}, {"60x7+", "BYTESxWEIGHT"},
		{"60x7+590", "590"}, {"x7", "BYTESxWEIGHT"}, {"60x", "BYTESxWEIGHT"},
		{"60x0", "1 to 1000"}, {"60x1001", "1 to 1000"}, {"60x-1", "1 to 1000"},
		{"60x7+59x4", "60 to 65535"}, {"60x1,imix,70000x1+60x1", "70000"}, {"imax", "imax"},
		{"60x1+61x1+62x1+63x1+64x1+65x1+66x1+67x1+68x1+69x1+70x1+71x1+72x1+73x1+74x1+"
		 "75x1+76x1",
			"more than 16"}};
	struct xd_sizes sizes;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(xd_sizes_parse(cases[i][0], 60, 65535, &sizes, &err), -EINVAL);
		if (!strstr(err.text, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.text);
		assert_null(strchr(err.text, '\n'));
	}
}

static void
test_rates(void **state)
{
	static const struct {
		const char *text;
		enum xd_rate_kind kind;
		double value;
	} good[] = {{"max", XD_RATE_MAX, 0}, {"5Mpps", XD_RATE_PPS, 5e6},
		{"100kpps", XD_RATE_PPS, 1e5}, {"1pps", XD_RATE_PPS, 1},
		{"10Gbit", XD_RATE_L2_BPS, 1e10}, {"2.5Gbit", XD_RATE_L2_BPS, 2.5e9},
		{"64000bit", XD_RATE_L2_BPS, 64000}, {"10Gbps", XD_RATE_L2_BPS, 1e10},
		{"10Gbitl1", XD_RATE_L1_BPS, 1e10}, {"2.5Gbpsl1", XD_RATE_L1_BPS, 2.5e9},
		{"10MbitL1", XD_RATE_L1_BPS, 1e7}, {"80%", XD_RATE_PERCENT, 80},
		{"0.5%", XD_RATE_PERCENT, 0.5}, {"100%", XD_RATE_PERCENT, 100}};
	struct xd_rate_limit rate;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(xd_rate_limit_parse(good[i].text, &rate, &err), 0);
		assert_int_equal(rate.kind, good[i].kind);
		assert_true(fabs(rate.value - good[i].value) < 1e-3);
	}
	xd_rate_limit_parse("10Gbit", &rate, &err);
	assert_true(fabs(xd_rate_limit_pps(&rate, 1250, 0) - 1e6) < 1e-3);
	/* 64 bytes with FCS: the 14.88 Mpps of 10 Gbit/s. */
	xd_rate_limit_parse("10Gbitl1", &rate, &err);
	assert_true(fabs(xd_rate_limit_pps(&rate, 60, 0) - 14880952.381) < 1e-3);
	xd_rate_limit_parse("50%", &rate, &err);
	assert_true(fabs(xd_rate_limit_pps(&rate, 60, 10e9) - 7440476.190) < 1e-3);
	xd_rate_limit_parse("5Mpps", &rate, &err);
	assert_true(xd_rate_limit_pps(&rate, 1250, 1e9) == 5e6);
	xd_rate_limit_parse("max", &rate, &err);
	assert_true(xd_rate_limit_pps(&rate, 64, 1e9) == 0);

	assert_int_equal(xd_rate_limit_parse("10Gpbs", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Gpbs"));
	assert_int_equal(xd_rate_limit_parse("1gbit", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean Gbit?"));
	assert_int_equal(xd_rate_limit_parse("1MPPS", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean Mpps?"));
	assert_int_equal(xd_rate_limit_parse("10Mbits", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Mbit?"));
	assert_int_equal(xd_rate_limit_parse("10Gbitl2", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Gbitl1?"));
	assert_int_equal(xd_rate_limit_parse("10ppsl1", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("0%", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("101%", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("10", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("fast", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("0pps", &rate, &err), -EINVAL);
	assert_int_equal(xd_rate_limit_parse("", &rate, &err), -EINVAL);
}

static void
test_line_rates(void **state)
{
	struct xd_error err;
	double bps;

	(void)state;
	assert_int_equal(xd_line_rate_parse("10Gbit", &bps, &err), 0);
	assert_true(bps == 10e9);
	assert_int_equal(xd_line_rate_parse("2.5Gbps", &bps, &err), 0);
	assert_true(bps == 2.5e9);
	assert_int_equal(xd_line_rate_parse("100Mbitl1", &bps, &err), 0);
	assert_true(bps == 100e6);
	assert_int_equal(xd_line_rate_parse("10Gb", &bps, &err), -EINVAL);
	assert_non_null(strstr(err.text, "10Gb: unknown unit"));
	assert_int_equal(xd_line_rate_parse("10Mpps", &bps, &err), -EINVAL);
	assert_int_equal(xd_line_rate_parse("0Gbit", &bps, &err), -EINVAL);
	assert_int_equal(xd_line_rate_parse("fast", &bps, &err), -EINVAL);
}

static void
test_times_and_counts(void **state)
{
	struct xd_error err;
	uint64_t count;
	double s;

	(void)state;
	/* What has no exact form in binary is as whole as it is typed. */
	assert_int_equal(xd_units_count("2.01M", 1, UINT32_MAX, &count, &err), 0);
	assert_int_equal(count, 2010000);
	assert_int_equal(xd_units_count("0.29k", 1, UINT32_MAX, &count, &err), 0);
	assert_int_equal(count, 290);
	assert_int_equal(xd_units_count("1.0001k", 1, UINT32_MAX, &count, &err), -EINVAL);
	assert_non_null(strstr(err.text, "whole number"));
	assert_int_equal(xd_units_seconds("2", &s, &err), 0);
	assert_true(s == 2);
	assert_int_equal(xd_units_seconds("0.3s", &s, &err), 0);
	assert_true(fabs(s - 0.3) < 1e-9);
	assert_int_equal(xd_units_seconds("500ms", &s, &err), 0);
	assert_true(fabs(s - 0.5) < 1e-9);
	assert_int_equal(xd_units_seconds("1m", &s, &err), 0);
	assert_true(s == 60);
	assert_int_equal(xd_units_seconds("2 s", &s, &err), -EINVAL);
	assert_int_equal(xd_units_seconds("-1", &s, &err), -EINVAL);
	assert_int_equal(xd_units_seconds("25h", &s, &err), -EINVAL);

	assert_int_equal(xd_units_count("1000", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1000);
	assert_int_equal(xd_units_count("1M", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1000000);
	assert_int_equal(xd_units_count("1.5k", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1500);
	assert_int_equal(xd_units_count("0", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("11", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("1.5", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("ten", 1, 10, &count, &err), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_mixes),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_line_rates),
		cmocka_unit_test(test_times_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
