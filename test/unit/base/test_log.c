/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

#define EVERY_NS ((uint64_t)XD_LOG_EVERY_S * 1000000000)

struct lines {
	unsigned n;
	char last[600];
};

static void
emit(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct lines *l = ctx;

	(void)level, (void)component;
	l->n++;
	snprintf(l->last, sizeof(l->last), "%s", line);
}

static void
rate_lets_some_at_once_then_one_in_a_while(void **state)
{
	struct xd_rate rate = {0};
	uint64_t now_ns = 1000000;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(xd_rate_take(&rate, now_ns, 5, 100));
	assert_false(xd_rate_take(&rate, now_ns, 5, 100));
	assert_false(xd_rate_take(&rate, now_ns + 99, 5, 100));
	assert_true(xd_rate_take(&rate, now_ns + 100, 5, 100));
	assert_false(xd_rate_take(&rate, now_ns + 100, 5, 100));
	/* After a quiet time as many at once as before. */
	for (unsigned i = 0; i < 5; i++)
		assert_true(xd_rate_take(&rate, now_ns + 10000, 5, 100));
	assert_false(xd_rate_take(&rate, now_ns + 10000, 5, 100));
}

static void
limited_lines(void **state)
{
	struct lines lines = {0};
	struct xd_log_limit limit = {0}, other = {0};
	struct xd_log log;

	(void)state;
	xd_log_init(&log, emit, &lines, XD_LOG_INFO);
	for (unsigned i = 0; i < 1000; i++)
		xd_log_limited(&log, &limit, XD_LOG_VHOST, XD_LOG_INFO, "line %u", i);
	assert_int_equal(lines.n, XD_LOG_AT_ONCE);
	assert_int_equal(limit.left_out, 1000 - XD_LOG_AT_ONCE);
	/* Of other lines there are as many as ever. */
	xd_log_limited(&log, &other, XD_LOG_VHOST, XD_LOG_INFO, "another");
	assert_string_equal(lines.last, "another");
	/* One that would not be written anyway is none that was left out. */
	xd_log_limited(&log, &limit, XD_LOG_VHOST, XD_LOG_DEBUG, "detail");
	assert_int_equal(limit.left_out, 1000 - XD_LOG_AT_ONCE);
	limit.rate.even_ns -= EVERY_NS; /* time goes by */
	xd_log_limited(&log, &limit, XD_LOG_VHOST, XD_LOG_INFO, "again");
	assert_string_equal(lines.last, "again (980 lines like this were left out before)");
	assert_int_equal(limit.left_out, 0);
	assert_int_equal(limit.left_out_in_all, 980);
	xd_log_limited(NULL, &limit, XD_LOG_VHOST, XD_LOG_INFO, "nowhere");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_lets_some_at_once_then_one_in_a_while),
		cmocka_unit_test(limited_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
