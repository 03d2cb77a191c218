/* SPDX-License-Identifier: BSD-3-Clause */
/* What a script tells a bench that it has started: a line of two numbers at a time. */
#ifndef TEST_TWO_NUMBERS_H
#define TEST_TWO_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

/* The numbers of a line, from 1 to these, which it is cut into. false: it has others. */
static inline bool
two_numbers(
	char *line, uint64_t most_first, uint64_t most_second, uint64_t *first, uint64_t *second)
{
	char *rest = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (!rest)
		return false;
	*rest++ = '\0';
	return !xd_number_parse(line, 1, most_first, first) &&
	       !xd_number_parse(rest, 1, most_second, second);
}

#endif
