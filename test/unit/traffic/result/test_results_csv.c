/* SPDX-License-Identifier: BSD-3-Clause */
/* Results as CSV: each figure of the JSON in a column of its own, as RFC 4180 has it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "result_rows.h"

#define FIELDS_MAX 256

/* One line of RFC 4180: its fields, in place. Returns what follows it. */
static char *
read_line(char *at, char **fields, unsigned *n)
{
	for (*n = 0;;) {
		bool quoted = *at == '"';
		char *to, end;

		at += quoted;
		assert_in_range(*n, 0, FIELDS_MAX - 1);
		fields[(*n)++] = to = at;
		while (quoted ? *at != '"' || *++at == '"' : !strchr(",\r", *at)) {
			assert_true(*at != '\0');
			*to++ = *at++;
		}
		end = *at;
		*to = '\0';
		if (end == ',') {
			at++;
			continue;
		}
		assert_int_equal(end, '\r');
		assert_int_equal(at[1], '\n');
		return at + 2;
	}
}

static const char *
field_of(const char *path, char **head, char **fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(head[i], path))
			return fields[i];
	return NULL;
}

static void
assert_fields(const struct want *want, char **head, char **fields, unsigned n)
{
	for (; want->path; want++) {
		const char *text = field_of(want->path, head, fields, n);
		bool is_null = want->text && !strcmp(want->text, "null");

		/* Null in the place of an object: its columns are empty. */
		if (!text && is_null)
			continue;
		if (!text)
			fail_msg("no column %s", want->path);
		if (want->text)
			assert_string_equal(text, is_null ? "" : want->text);
		else if (!*text || fabs(strtod(text, NULL) - want->number) > 1e-9)
			fail_msg("%s: %s, not %g", want->path, text, want->number);
	}
}

static void
test_csv(void **state)
{
	char *head[FIELDS_MAX], *fields[FIELDS_MAX], *text, *at;
	struct xd_results results;
	unsigned nb_columns, n;

	(void)state;
	make_results(&results);
	text = xd_results_csv(&results);
	assert_non_null(text);
	at = read_line(text, head, &nb_columns);
	assert_string_equal(head[0], "engine");
	assert_null(field_of("latency", head, head, nb_columns));
	for (unsigned i = 0; i < nb_columns; i++)
		assert_ptr_equal(field_of(head[i], head, head, nb_columns), head[i]);
	for (unsigned i = 0; i < NB_ROWS; i++) {
		at = read_line(at, fields, &n);
		assert_int_equal(n, nb_columns);
		assert_fields(wanted[i], head, fields, n);
		if (i == RATE)
			assert_string_equal(
				field_of("latency.actual.p99_ns", head, fields, n), "2005");
		if (i == LATENCY)
			assert_string_equal(
				field_of("per_port.1.received_pps", head, fields, n), "");
	}
	assert_string_equal(at, "");
	free(text);
	xd_results_fini(&results);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
