/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the rest of a suite takes: what was expected of its steps, corrected by how long those
 * took that are done. */
#ifndef PKTGEN_SUITE_CLOCK_H
#define PKTGEN_SUITE_CLOCK_H

#include <stddef.h>

struct suite_clock {
	double expected_s, took_s; /* of what is done */
};

void suite_clock_done(struct suite_clock *clock, double expected_s, double took_s);
/* Of steps that are still to come. */
double suite_clock_left(const struct suite_clock *clock, double expected_s);
/* "45 s", "12 min", "1.5 h". Returns text. */
const char *suite_clock_text(double seconds, char *text, size_t size);

#endif
