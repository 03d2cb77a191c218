/* SPDX-License-Identifier: BSD-3-Clause */
/* A log-linear histogram: recorded, merged, asked for percentiles. See histogram.h. */
#include "stats/histogram.h"

#include <stdlib.h>
#include <string.h>

struct xd_histogram *
xd_histogram_create(void)
{
	struct xd_histogram *h = malloc(sizeof(*h));

	if (h != NULL)
		xd_histogram_reset(h);
	return h;
}

void
xd_histogram_destroy(struct xd_histogram *h)
{
	free(h);
}

void
xd_histogram_reset(struct xd_histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void
xd_histogram_merge(struct xd_histogram *dst, const struct xd_histogram *src)
{
	dst->count += src->count;
	dst->sum += src->sum;
	dst->min = src->min < dst->min ? src->min : dst->min;
	dst->max = src->max > dst->max ? src->max : dst->max;
	for (uint32_t i = 0; i < XD_HISTOGRAM_SLOTS; i++)
		dst->slots[i] += src->slots[i];
}

/* A value that stands for all of a slot: its middle, but nothing that was never there. */
static uint64_t
slot_value(const struct xd_histogram *h, uint32_t slot)
{
	uint64_t low = xd_histogram_slot_low(slot);
	uint64_t width = xd_histogram_slot_low(slot + 1) - low;
	uint64_t value = low + width / 2;

	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

uint64_t
xd_histogram_percentile(const struct xd_histogram *h, double percent)
{
	uint64_t rank, seen = 0;
	double exact;

	if (h->count == 0)
		return 0;
	if (!(percent > 0))
		return h->min;
	if (percent >= 100)
		return h->max;
	exact = percent / 100 * (double)h->count;
	rank = (uint64_t)exact;
	rank += exact > (double)rank;
	for (uint32_t i = 0; i < XD_HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (h->slots[i] != 0 && seen >= rank)
			return slot_value(h, i);
	}
	return h->max;
}

uint64_t
xd_histogram_min(const struct xd_histogram *h)
{
	return h->count != 0 ? h->min : 0;
}

uint64_t
xd_histogram_max(const struct xd_histogram *h)
{
	return h->max;
}

double
xd_histogram_mean(const struct xd_histogram *h)
{
	return h->count != 0 ? (double)h->sum / (double)h->count : 0;
}

double
xd_histogram_variance(const struct xd_histogram *h)
{
	const double mean = xd_histogram_mean(h);
	double sum = 0;

	for (uint32_t i = 0; i < XD_HISTOGRAM_SLOTS; i++) {
		const double off = (double)slot_value(h, i) - mean;

		if (h->slots[i])
			sum += (double)h->slots[i] * off * off;
	}
	return h->count ? sum / (double)h->count : 0;
}

uint64_t
xd_histogram_count(const struct xd_histogram *h)
{
	return h->count;
}

double
xd_histogram_share(const struct xd_histogram *h, uint64_t value)
{
	uint32_t last = xd_histogram_slot(value);
	uint64_t n = 0;

	for (uint32_t i = 0; i <= last; i++)
		n += h->slots[i];
	return h->count ? (double)n / (double)h->count : 0;
}
