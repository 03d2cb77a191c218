/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of small numbers as text: "10,20" or "10-20,30". All calls: any thread. */
#ifndef XD_BASE_RANGES_H
#define XD_BASE_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"

XD_API_BEGIN

#define XD_RANGES_MAX  4096                    /* numbers are below this */
#define XD_RANGES_TEXT (5 * XD_RANGES_MAX + 1) /* bytes: holds every number by itself */

struct xd_ranges {
	uint64_t bits[XD_RANGES_MAX / 64]; /* one for each number */
};

/* Reads a list of numbers up to max. -EINVAL: it is none; err has no key. */
int xd_ranges_parse(struct xd_ranges *ranges, const char *text, unsigned max, struct xd_error *err);
/* The numbers of a list in the order given, repeated ones too. Returns how many, -EINVAL and text
 * when it is no list, -E2BIG when there are more than max_numbers; err has no key. */
int xd_ranges_list(unsigned *numbers, unsigned max_numbers, const char *text, unsigned max,
	struct xd_error *err);
/* Writes the shortest list; text has XD_RANGES_TEXT bytes. */
void xd_ranges_print(const struct xd_ranges *ranges, char *text);

/* Whether a number, below XD_RANGES_MAX, is in it: 1 or 0. */
static inline int
xd_ranges_has(const struct xd_ranges *ranges, unsigned number)
{
	return (ranges->bits[number / 64] >> (number % 64)) & 1;
}

XD_API_END

#endif
