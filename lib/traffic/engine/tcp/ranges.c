/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges joined as they touch, and trimmed from below. */
#include <string.h>

#include "traffic/engine/tcp/ranges.h"

/* The first range that ends at `from` or behind it: it touches what begins there, or follows. */
static uint32_t
first_to_end(const struct xd_tcp_ranges *r, uint32_t from)
{
	uint32_t i = 0;

	while (i < r->n && xd_tcp_before(r->at[i].end, from))
		i++;
	return i;
}

/* Puts one block in the place of the ranges from `first` up to `last`, which is not among them. */
static void
replace(struct xd_tcp_ranges *r, uint32_t first, uint32_t last, struct xd_tcp_block block)
{
	memmove(&r->at[first + 1], &r->at[last], (r->n - last) * sizeof(r->at[0]));
	r->at[first] = block;
	r->n = r->n - (last - first) + 1;
}

bool
xd_tcp_ranges_add(struct xd_tcp_ranges *r, uint32_t begin, uint32_t end)
{
	uint32_t first = first_to_end(r, begin), last = first;

	while (last < r->n && !xd_tcp_before(end, r->at[last].begin))
		last++;
	if (first == last && r->n == XD_TCP_RANGES)
		return false;
	if (first < last && xd_tcp_before(r->at[first].begin, begin))
		begin = r->at[first].begin;
	if (first < last && xd_tcp_before(end, r->at[last - 1].end))
		end = r->at[last - 1].end;
	replace(r, first, last, (struct xd_tcp_block){begin, end});
	return true;
}

void
xd_tcp_ranges_trim(struct xd_tcp_ranges *r, uint32_t from)
{
	uint32_t i = 0;

	while (i < r->n && !xd_tcp_before(from, r->at[i].end))
		i++;
	if (i) {
		r->n -= i;
		memmove(r->at, r->at + i, r->n * sizeof(r->at[0]));
	}
	if (r->n && xd_tcp_before(r->at[0].begin, from))
		r->at[0].begin = from;
}

bool
xd_tcp_ranges_gap(
	const struct xd_tcp_ranges *r, uint32_t begin, uint32_t end, struct xd_tcp_block *gap)
{
	uint32_t i = first_to_end(r, begin);

	if (i < r->n && !xd_tcp_before(begin, r->at[i].begin)) {
		begin = r->at[i].end;
		i++;
	}
	if (!xd_tcp_before(begin, end))
		return false;
	*gap = (struct xd_tcp_block){begin, end};
	if (i < r->n && xd_tcp_before(r->at[i].begin, end))
		gap->end = r->at[i].begin;
	return true;
}

const struct xd_tcp_block *
xd_tcp_ranges_find(const struct xd_tcp_ranges *r, uint32_t at)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (!xd_tcp_before(at, r->at[i].begin) && xd_tcp_before(at, r->at[i].end))
			return &r->at[i];
	return NULL;
}

uint32_t
xd_tcp_ranges_below(const struct xd_tcp_ranges *r, uint32_t to)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < r->n && xd_tcp_before(r->at[i].begin, to); i++)
		sum += (xd_tcp_before(to, r->at[i].end) ? to : r->at[i].end) - r->at[i].begin;
	return sum;
}
