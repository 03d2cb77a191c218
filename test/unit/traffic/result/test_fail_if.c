/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions on results: what is one, and which rows meet it. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/calibrate.h"
#include "traffic/engine/latency.h"
#include "traffic/engine/pairs.h"
#include "traffic/engine/rate.h"
#include "traffic/engine/search/search.h"
#include "traffic/result/fail_if.h"

static const struct xd_engine *const all[] = {&xd_rate_engine, &xd_latency_engine,
	&xd_search_engine, &xd_pairs_engine, &xd_calibrate_engine, NULL};

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *figure, *relation;
		double value;
	} good[] = {{"loss>0", "loss", ">", 0}, {"p99_us>=20", "p99_us", ">=", 20},
		{"mpps<40.5", "mpps", "<", 40.5}, {"pps<=5M", "pps", "<=", 5e6},
		{"pps!=1.5k", "pps", "!=", 1500}, {"cycles==2G", "cycles", "==", 2e9},
		{"loss_percent>0.1%", "loss_percent", ">", 0.1},
		{"loss_percent>0.1", "loss_percent", ">", 0.1}, {"jain<90%", "jain", "<", 0.9},
		{"loss<-5", "loss", "<", -5}, {" p99_9_us > 7 ", "p99_9_us", ">", 7},
		{"void", "void", "!=", 0}, {"partial", "partial", "!=", 0},
		{"void==1", "void", "==", 1}};
	struct xd_fail_if c;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (xd_fail_if_parse(good[i].text, all, &c, &err))
			fail_msg("%s: %s", good[i].text, err.text);
		assert_string_equal(c.text, good[i].text);
		assert_string_equal(c.figure, good[i].figure);
		assert_string_equal(c.relation, good[i].relation);
		assert_true(fabs(c.value - good[i].value) < 1e-6);
	}
}

static void
test_bad(void **state)
{
	/* What is wrong, and what the line must say. */
	static const char *const cases[][2] = {{"", "loss>0"}, {">0", "loss>0"},
		{"los>0", "did you mean loss?"}, {"p99us>20", "did you mean p99_us?"},
		{"P99_us>20", "loss>0"}, {"colour>1", "valid are: loss,"}, {"loss", "loss>0"},
		{"loss=0", "=="}, {"loss>", "a number"}, {"loss>x", "a number"},
		{"loss>0x10", "a number"}, {"loss>inf", "a number"}, {"loss>1e999", "such as"},
		{"loss>1q", "such as"}, {"loss>1kk", "such as"}, {"loss>1 2", "such as"},
		{"loss>.", "such as"}, {"loss>-", "a number"}, {"loss>>1", "a number"},
		{"loss>0000000000000000000000000000000000000000000000000000000000000000",
			"too long"}};
	struct xd_fail_if c;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(xd_fail_if_parse(cases[i][0], all, &c, &err), -EINVAL);
		if (!strstr(err.text, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.text);
	}
}

static char said[256];

/* xd_fail_if_meet over rows, of one condition. */
static int
meet(const char *text, struct xd_row *rows, unsigned n)
{
	struct xd_results results = {.n = n, .rows = rows};
	struct xd_fail_if c;
	struct xd_error err;

	if (xd_fail_if_parse(text, all, &c, &err))
		fail_msg("%s", err.text);
	said[0] = '\0';
	return xd_fail_if_meet(&c, 1, &results, said, sizeof(said));
}

/* The figure is just this in this row, and no other row has it. */
static void
assert_figure(const char *figure, const char *value, struct xd_row row)
{
	char text[64];

	snprintf(text, sizeof(text), "%s==%s", figure, value);
	if (meet(text, &row, 1) != 0)
		fail_msg("%s: %s", text, said);
	assert_non_null(strstr(said, text));
	snprintf(text, sizeof(text), "%s!=%s", figure, value);
	assert_int_equal(meet(text, &row, 1), -1);
	assert_string_equal(said, "");
}

static void
assert_no_figure(const char *figure, struct xd_row row)
{
	char text[64];

	snprintf(text, sizeof(text), "%s>=0", figure);
	if (meet(text, &row, 1) != -2)
		fail_msg("%s: %s", text, said);
	assert_non_null(strstr(said, figure));
}

static void
test_rate_figures(void **state)
{
	const struct xd_row row = {
		.engine = &xd_rate_engine,
		.rate = {.received_frames = 75,
			.lost_frames = 25,
			.pps = 2.5e6,
			.l2_bps = 3e9,
			.l1_bps = 4e9,
			.sent_pps = 5e6},
		.dut = {.known = true, .frames = 1, .busy_cycles_per_frame = 45.5},
		.steal_s = 0.5,
	};

	(void)state;
	assert_figure("loss", "25", row);
	assert_figure("loss_percent", "25", row);
	assert_figure("pps", "2.5M", row);
	assert_figure("mpps", "2.5", row);
	assert_figure("l2_gbps", "3", row);
	assert_figure("l1_gbps", "4", row);
	assert_figure("sent_pps", "5000k", row);
	assert_figure("cycles", "45.5", row);
	assert_figure("steal_s", "0.5", row);
	assert_figure("void", "0", row);
	assert_figure("partial", "0", row);
	assert_no_figure("p99_us", row);
	assert_no_figure("reordered", row);
	assert_no_figure("jain", row);
	assert_no_figure("found_mpps", row);
	assert_no_figure("cycles", (struct xd_row){.engine = &xd_rate_engine});
	assert_no_figure("loss_percent", (struct xd_row){.engine = &xd_rate_engine});
}

static void
test_time_figures(void **state)
{
	const struct xd_times times = {1, 1e3, 2e3, 3e3, 4e3, 5e3, 6e3, 7e3, 8e3};
	struct xd_row row = {
		.engine = &xd_latency_engine,
		.timed = true,
		.latency = {.count = 8, .lost = 2, .actual = times},
	};

	(void)state;
	assert_figure("mean_us", "2", row);
	assert_figure("p50_us", "3", row);
	assert_figure("p95_us", "4", row);
	assert_figure("p99_us", "5", row);
	assert_figure("p99_9_us", "6", row);
	assert_figure("p99_99_us", "7", row);
	assert_figure("max_us", "8", row);
	/* One at a time: what is lost is counted there, and there is no rate. */
	assert_figure("loss", "2", row);
	assert_figure("loss_percent", "20", row);
	assert_no_figure("mpps", row);

	/* On a schedule the planned time counts, and the row has a rate and a loss. */
	row.paced = true;
	row.latency.planned = times;
	row.latency.planned.p99_ns = 50e3;
	row.rate.lost_frames = 7;
	row.rate.pps = 3e6;
	row.pacing.sound_percentile = 99.5;
	assert_figure("p99_us", "50", row);
	assert_no_figure("p99_9_us", row); /* the generator's */
	assert_figure("loss", "7", row);
	assert_figure("mpps", "3", row);
}

static void
test_other_figures(void **state)
{
	struct xd_row row = {
		.engine = &xd_rate_engine,
		.tracked = true,
		.flow_figures = {.reordered = 1, .duplicated = 2, .wrong_payload = 3},
	};
	struct xd_row search = {
		.engine = &xd_search_engine,
		.search = {.method = "throughput"},
		.rate = {.lost_frames = 9},
	};
	struct xd_row pairs = {.engine = &xd_pairs_engine, .pairs = {.jain = 0.5}};

	(void)state;
	assert_figure("reordered", "1", row);
	assert_figure("duplicated", "2", row);
	assert_no_figure("wrong_payload", row); /* not compared */
	row.flow_figures.checked = true;
	assert_figure("wrong_payload", "3", row);
	assert_figure("jain", "50%", pairs);

	/* None was found: that is less than any. */
	assert_figure("found_mpps", "0", search);
	search.search.found_pps = 4e6;
	assert_figure("found_mpps", "4", search);
	assert_figure("loss", "9", search);
	/* Trials of a search may lose what they like. */
	search.search.is_trial = true;
	assert_no_figure("loss", search);
	search = (struct xd_row){.engine = &xd_search_engine, .search = {.method = "frame-loss"}};
	assert_no_figure("found_mpps", search);
}

static void
test_which_row(void **state)
{
	struct xd_row rows[4] = {
		{.engine = &xd_rate_engine, .rate = {.lost_frames = 0}},
		{.engine = &xd_rate_engine, .rate = {.lost_frames = 9}, .is_void = true},
		{.engine = &xd_rate_engine,
			.rate = {.lost_frames = 5},
			.partial = true,
			.size = 64},
		{.engine = &xd_rate_engine, .rate = {.lost_frames = 6}},
	};
	struct xd_results results = {.n = 4, .rows = rows};
	struct xd_fail_if c[2];

	(void)state;
	assert_int_equal(meet("loss>0", rows, 4), 2); /* the void one does not count */
	assert_non_null(strstr(said, "row 3"));
	assert_non_null(strstr(said, "loss is 5"));
	assert_non_null(strstr(said, "64"));
	assert_int_equal(meet("loss>5", rows, 4), 3);
	assert_int_equal(meet("loss>=6", rows, 4), 3);
	assert_int_equal(meet("loss>6", rows, 4), -1);
	assert_int_equal(meet("loss<0", rows, 4), -1);
	assert_int_equal(meet("loss<=0", rows, 4), 0);
	assert_int_equal(meet("void", rows, 4), 1);
	assert_int_equal(meet("partial", rows, 4), 2);
	assert_int_equal(meet("loss>0", rows + 1, 1), -2);
	assert_int_equal(meet("loss>0", rows, 0), -2);

	/* The first row of all conditions; then whether there was anything to judge. */
	assert_int_equal(xd_fail_if_parse("p99_us>0", all, &c[0], NULL), 0);
	assert_int_equal(xd_fail_if_parse("loss>5", all, &c[1], NULL), 0);
	assert_int_equal(xd_fail_if_meet(c, 2, &results, said, sizeof(said)), 3);
	rows[3].rate.lost_frames = 0;
	assert_int_equal(xd_fail_if_meet(c, 2, &results, said, sizeof(said)), -2);
	assert_non_null(strstr(said, "p99_us"));
	assert_int_equal(xd_fail_if_meet(c, 0, &results, said, sizeof(said)), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_rate_figures),
		cmocka_unit_test(test_time_figures),
		cmocka_unit_test(test_other_figures),
		cmocka_unit_test(test_which_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
