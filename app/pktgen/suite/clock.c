/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left of a suite, in seconds and words. */
#include <stdio.h>

#include "clock.h"

#define TRUST_S 20 /* expectations count as much as so many seconds that went as expected */

void
suite_clock_done(struct suite_clock *clock, double expected_s, double took_s)
{
	clock->expected_s += expected_s;
	clock->took_s += took_s;
}

double
suite_clock_left(const struct suite_clock *clock, double expected_s)
{
	return expected_s * (clock->took_s + TRUST_S) / (clock->expected_s + TRUST_S);
}

const char *
suite_clock_text(double seconds, char *text, size_t size)
{
	if (seconds < 90)
		snprintf(text, size, "%.0f s", seconds);
	else if (seconds < 90 * 60)
		snprintf(text, size, "%.0f min", seconds / 60);
	else
		snprintf(text, size, "%.1f h", seconds / 3600);
	return text;
}
