/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of --impair: shares and delays of the faults that are made. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/suggest.h"
#include "traffic/frames/impair.h"

#define DELAY_MAX_US 10e6 /* ten seconds */

#define RANDOM 0x9e3779b97f4a7c15ull

enum { LOSS, DUP, REORDER, DELAY, SEED, DIRECTION, NB_WORDS };

static const char *const words[NB_WORDS + 1] = {
	"loss", "dup", "reorder", "delay_us", "seed", "direction", NULL};
static const char *const examples[NB_WORDS] = {"1%", "1%", "1%", "50", "50", "both"};
static const char *const directions[] = {"tx", "rx", "both", NULL};

static int
bad_share(const char *name, const char *value, struct xd_error *err)
{
	return xd_fail(err, -EINVAL,
		"impair: %s=%s: give a share, such as 1%% or 0.01, up to 100%%", name, value);
}

/* A decimal number that is not negative, and what is behind it; or false. strtod alone would take
 * hexadecimal ones, infinity and the like. */
static bool
parse_number(const char *text, double *number, const char **unit)
{
	char *end;

	if ((!isdigit((unsigned char)text[0]) && text[0] != '.') || strpbrk(text, "xX"))
		return false;
	*number = strtod(text, &end);
	*unit = end;
	return end != text;
}

/* "1%" or "0.01" */
static int
parse_share(const char *name, const char *value, double *share, struct xd_error *err)
{
	const char *unit;
	double number;

	if (!parse_number(value, &number, &unit))
		return bad_share(name, value, err);
	if (!strcmp(unit, "%"))
		number /= 100;
	else if (*unit)
		return bad_share(name, value, err);
	if (number > 1)
		return bad_share(name, value, err);
	*share = number;
	return 0;
}

static int
parse_delay(const char *value, double *us, struct xd_error *err)
{
	const char *unit;

	if (!parse_number(value, us, &unit) || *unit || *us > DELAY_MAX_US)
		return xd_fail(err, -EINVAL,
			"impair: delay_us=%s: give microseconds, such as 50, up to %.0f", value,
			DELAY_MAX_US);
	return 0;
}

static int
parse_direction(const char *value, enum xd_impair_direction *direction, struct xd_error *err)
{
	for (unsigned i = 0; directions[i]; i++) {
		if (strcmp(value, directions[i]))
			continue;
		*direction = (enum xd_impair_direction)i;
		return 0;
	}
	return xd_fail(err, -EINVAL,
		"impair: direction=%s: give tx, rx or both: what the port sends, receives", value);
}

static int
set(struct xd_impair *impair, unsigned which, const char *value, struct xd_error *err)
{
	switch (which) {
	case LOSS:
		return parse_share(words[which], value, &impair->loss, err);
	case DUP:
		return parse_share(words[which], value, &impair->dup, err);
	case REORDER:
		return parse_share(words[which], value, &impair->reorder, err);
	case DELAY:
		return parse_delay(value, &impair->delay_us, err);
	case DIRECTION:
		return parse_direction(value, &impair->direction, err);
	default:
		if (xd_number_parse(value, 0, UINT64_MAX, &impair->seed))
			return xd_fail(err, -EINVAL, "impair: seed=%s: give a whole number", value);
		return 0;
	}
}

/* One "word=value", which text is and may be cut up. */
static int
parse_part(char *text, unsigned *seen, struct xd_impair *impair, struct xd_error *err)
{
	char *value = strchr(text, '=');
	char hint[160];
	unsigned which = 0;

	if (value)
		*value++ = '\0';
	while (which < NB_WORDS && strcmp(text, words[which]))
		which++;
	if (which == NB_WORDS)
		return xd_fail(err, -EINVAL, "impair: unknown word \"%s\"%s", text,
			xd_suggest_hint(text, words, hint, sizeof(hint)));
	if (!value)
		return xd_fail(err, -EINVAL, "impair: %s has no value; give %s=%s", text, text,
			examples[which]);
	if (*seen & 1u << which)
		return xd_fail(err, -EINVAL, "impair: %s is given twice", text);
	*seen |= 1u << which;
	return set(impair, which, value, err);
}

int
xd_impair_parse(const char *text, struct xd_impair *impair, struct xd_error *err)
{
	unsigned seen = 0;

	memset(impair, 0, sizeof(*impair));
	for (;;) {
		size_t len = strcspn(text, ",");
		char part[64];
		int rc;

		if (len == 0 || len >= sizeof(part))
			return xd_fail(err, -EINVAL,
				"impair: \"%.*s\": give what to do, such as loss=1%% or "
				"loss=1%%,delay_us=50",
				len < 64 ? (int)len : 64, text);
		memcpy(part, text, len);
		part[len] = '\0';
		rc = parse_part(part, &seen, impair, err);
		if (rc || text[len] == '\0')
			return rc;
		text += len + 1;
	}
}

uint64_t
xd_impair_begin(const struct xd_impair *impair)
{
	uint64_t random = impair->seed * RANDOM ^ RANDOM;

	return random ? random : RANDOM; /* at 0 xorshift stays */
}

uint64_t
xd_impair_begin_rx(const struct xd_impair *impair)
{
	return xd_impair_begin(&(struct xd_impair){.seed = ~impair->seed});
}
