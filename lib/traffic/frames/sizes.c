/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of frames from their text: lists, ranges, mixes. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "traffic/frames/sizes.h"
#include "traffic/frames/units.h"

#define WEIGHT_MAX 1000 /* of a size in a mix */
#define IMIX       "60x7+590x4+1514x1"

static int
parse_size(const char *text, size_t len, uint32_t min, uint32_t max, uint32_t *bytes,
	struct xd_error *err)
{
	static const struct xd_unit units[] = {
		{"", 1}, {"k", 1024}, {"K", 1024}, {"M", 1 << 20}, {NULL, 0}};
	char word[32];
	double number, factor;
	const char *unit;
	int rc;

	if (len == 0 || len >= sizeof(word))
		return xd_fail(err, -EINVAL,
			"size \"%.*s\": give bytes, such as 64 or 64,1518 or 64:1518:*2", (int)len,
			text);
	memcpy(word, text, len);
	word[len] = '\0';
	if (!xd_unit_split(word, &number, &unit))
		return xd_fail(err, -EINVAL,
			"size %s is no number; give bytes, such as 64 or 64,1518 or 64:1518:*2",
			word);
	rc = xd_unit_find("size", word, unit, units, &factor, err);
	if (rc)
		return rc;
	number *= factor;
	if (!xd_unit_whole(&number) || number < min || number > max)
		return xd_fail(err, -EINVAL, "size %s: give %u to %u bytes", word, min, max);
	*bytes = (uint32_t)number;
	return 0;
}

static struct xd_size_mix *
add_mix(struct xd_sizes *sizes, struct xd_error *err)
{
	struct xd_size_mix *mix;

	if (sizes->n == XD_SIZES_MAX) {
		xd_fail(err, -EINVAL, "more than %u sizes; take a larger step", XD_SIZES_MAX);
		return NULL;
	}
	mix = &sizes->mix[sizes->n++];
	memset(mix, 0, sizeof(*mix));
	return mix;
}

static int
add_size(struct xd_sizes *sizes, uint32_t bytes, struct xd_error *err)
{
	struct xd_size_mix *mix = add_mix(sizes, err);

	if (!mix)
		return -EINVAL;
	mix->n = 1;
	mix->bytes[0] = bytes;
	mix->weight[0] = 1;
	return 0;
}

/* "BYTESxWEIGHT" */
static int
parse_part(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_size_mix *mix,
	struct xd_error *err)
{
	const char *x = memchr(text, 'x', len);
	uint64_t weight = 0;
	char word[16];
	size_t digits = x ? (size_t)(text + len - x - 1) : 0;

	if (digits > 0 && digits < sizeof(word)) {
		memcpy(word, x + 1, digits);
		word[digits] = '\0';
		if (xd_number_parse(word, 1, WEIGHT_MAX, &weight))
			weight = 0;
	}
	if (!weight || x == text)
		return xd_fail(err, -EINVAL,
			"size %.*s: a mix is BYTESxWEIGHT+BYTESxWEIGHT..., such as "
			"60x7+590x4+1514x1, with weights of 1 to %u",
			(int)len, text, WEIGHT_MAX);
	if (mix->n == XD_MIX_MAX)
		return xd_fail(err, -EINVAL,
			"a mix of more than %u sizes; leave some out or give "
			"them as a list, with commas",
			XD_MIX_MAX);
	mix->weight[mix->n] = (uint32_t)weight;
	return parse_size(text, (size_t)(x - text), min, max, &mix->bytes[mix->n++], err);
}

/* Parts of "60x7+590x4+1514x1"; `name` is what it is called. */
static int
parse_mix(const char *text, size_t len, const char *name, size_t name_len, uint32_t min,
	uint32_t max, struct xd_sizes *sizes, struct xd_error *err)
{
	struct xd_size_mix *mix = add_mix(sizes, err);
	const char *end = text + len;
	int rc = mix ? 0 : -EINVAL;

	while (!rc) {
		const char *plus = memchr(text, '+', (size_t)(end - text));

		rc = parse_part(text, (size_t)((plus ? plus : end) - text), min, max, mix, err);
		if (!plus)
			break;
		text = plus + 1;
	}
	if (rc)
		return rc;
	if (mix->n > 1 && name_len < sizeof(mix->name))
		snprintf(mix->name, sizeof(mix->name), "%.*s", (int)name_len, name);
	else if (mix->n > 1)
		snprintf(mix->name, sizeof(mix->name), "%.*s...", (int)sizeof(mix->name) - 4, name);
	return 0;
}

/* "FIRST:LAST:*N" or "FIRST:LAST:+N" */
static int
parse_range(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_sizes *sizes,
	struct xd_error *err)
{
	const char *colon = memchr(text, ':', len);
	const char *second = memchr(colon + 1, ':', len - (size_t)(colon + 1 - text));
	uint32_t first, last;
	unsigned long step;
	char *end;
	int rc;

	if (!second || (second[1] != '*' && second[1] != '+'))
		return xd_fail(err, -EINVAL,
			"size %.*s: a range is FIRST:LAST:*FACTOR or FIRST:LAST:+STEP", (int)len,
			text);
	rc = parse_size(text, (size_t)(colon - text), min, max, &first, err);
	if (!rc)
		rc = parse_size(colon + 1, (size_t)(second - colon - 1), min, max, &last, err);
	if (rc)
		return rc;
	step = isdigit((unsigned char)second[2]) ? strtoul(second + 2, &end, 10) : 0;
	if (step < (second[1] == '*' ? 2 : 1) || step > max || end != text + len || last < first)
		return xd_fail(err, -EINVAL,
			"size %.*s: a range goes up, by *2 or more or +1 or more", (int)len, text);
	for (uint64_t at = first; at < last && !rc; at = second[1] == '*' ? at * step : at + step)
		rc = add_size(sizes, (uint32_t)at, err);
	return rc ? rc : add_size(sizes, last, err);
}

static int
parse_item(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_sizes *sizes,
	struct xd_error *err)
{
	uint32_t bytes;
	int rc;

	if (memchr(text, ':', len))
		return parse_range(text, len, min, max, sizes, err);
	if (len == 4 && !strncasecmp(text, "imix", len))
		return parse_mix(IMIX, strlen(IMIX), "imix", 4, min, max, sizes, err);
	/* 0x40 is a hexadecimal number and no mix. */
	if (memchr(text, '+', len) || (memchr(text, 'x', len) && strncmp(text, "0x", 2)))
		return parse_mix(text, len, text, len, min, max, sizes, err);
	rc = parse_size(text, len, min, max, &bytes, err);
	return rc ? rc : add_size(sizes, bytes, err);
}

int
xd_sizes_parse(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err)
{
	sizes->n = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		int rc = parse_item(text, len, min, max, sizes, err);

		if (rc || text[len] == '\0')
			return rc;
		text += len + 1;
	}
}

double
xd_size_mix_mean(const struct xd_size_mix *mix)
{
	double bytes = 0, frames = 0;

	for (unsigned i = 0; i < mix->n; i++) {
		bytes += (double)mix->bytes[i] * mix->weight[i];
		frames += mix->weight[i];
	}
	return frames > 0 ? bytes / frames : 0;
}

uint32_t
xd_sizes_max(const struct xd_sizes *sizes)
{
	uint32_t max = 0;

	for (unsigned i = 0; i < sizes->n; i++)
		for (unsigned k = 0; k < sizes->mix[i].n; k++)
			if (sizes->mix[i].bytes[k] > max)
				max = sizes->mix[i].bytes[k];
	return max;
}
