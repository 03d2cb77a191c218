/* SPDX-License-Identifier: BSD-3-Clause */
/* The word that was probably meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/suggest.h"

static void
test_nearest(void **state)
{
	static const char *const words[] = {"times", "time", "ageing_s", "k", "M", NULL};
	static const struct {
		const char *word, *nearest;
	} cases[] = {{"tim", "time"}, {"TIME", "time"}, {"timess", "times"},
		{"agein_s", "ageing_s"}, {"age", "ageing_s"}, {"m", "M"}, {"kb", "k"}, {"-", NULL},
		{"x", NULL}, {"", NULL}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *nearest = xd_suggest_nearest(cases[i].word, words);

		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
