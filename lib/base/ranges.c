/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of numbers and ranges, such as "1,3-5": read and printed. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ranges.h"

/* One number at *p; moves *p behind it. Returns -1 when there is none. */
static long
read_number(const char **p)
{
	char *end;
	long number;

	while (**p == ' ')
		(*p)++;
	if (!isdigit((unsigned char)**p))
		return -1;
	number = strtol(*p, &end, 10);
	*p = end;
	while (**p == ' ')
		(*p)++;
	return number;
}

/* Calls fn for each number of the list, in order, until it returns an error. */
static int
each_number(const char *text, unsigned max, int (*fn)(void *ctx, unsigned number), void *ctx,
	struct xd_error *err)
{
	const char *p = text;

	for (;;) {
		long first = read_number(&p), last = first;

		if (first >= 0 && *p == '-') {
			p++;
			last = read_number(&p);
		}
		if (first < 0 || last < 0 || (*p && *p != ','))
			return xd_fail(err, -EINVAL,
				"\"%.60s\" is not a list of numbers such as 10,20 or 10-20", text);
		if (first > (long)max || last > (long)max)
			return xd_fail(err, -EINVAL, "has %ld: must be 0 to %u",
				first > (long)max ? first : last, max);
		if (first > last)
			return xd_fail(err, -EINVAL, "has %ld-%ld: write the lower number first",
				first, last);
		for (long i = first; i <= last; i++) {
			int ret = fn(ctx, i);

			if (ret)
				return xd_fail(err, ret, "has too many numbers");
		}
		if (!*p)
			return 0;
		p++;
	}
}

static int
set_bit(void *ctx, unsigned number)
{
	struct xd_ranges *ranges = ctx;

	ranges->bits[number / 64] |= 1ull << (number % 64);
	return 0;
}

int
xd_ranges_parse(struct xd_ranges *ranges, const char *text, unsigned max, struct xd_error *err)
{
	memset(ranges, 0, sizeof(*ranges));
	return each_number(text, max, set_bit, ranges, err);
}

struct list {
	unsigned *numbers;
	unsigned n, max;
};

static int
append(void *ctx, unsigned number)
{
	struct list *list = ctx;

	if (list->n == list->max)
		return -E2BIG;
	list->numbers[list->n++] = number;
	return 0;
}

int
xd_ranges_list(unsigned *numbers, unsigned max_numbers, const char *text, unsigned max,
	struct xd_error *err)
{
	struct list list = {numbers, 0, max_numbers};
	int ret = each_number(text, max, append, &list, err);

	return ret ? ret : (int)list.n;
}

void
xd_ranges_print(const struct xd_ranges *ranges, char *text)
{
	size_t used = 0;

	text[0] = 0;
	for (unsigned i = 0; i < XD_RANGES_MAX; i++) {
		unsigned last = i;

		if (!xd_ranges_has(ranges, i))
			continue;
		while (last + 1 < XD_RANGES_MAX && xd_ranges_has(ranges, last + 1))
			last++;
		used += snprintf(text + used, XD_RANGES_TEXT - used, "%s%u", used ? "," : "", i);
		if (last == i + 1)
			last = i; /* two neighbours read better as 10,11 */
		if (last > i)
			used += snprintf(text + used, XD_RANGES_TEXT - used, "-%u", last);
		i = last;
	}
}
