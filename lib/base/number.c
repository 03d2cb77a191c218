/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers read from text, whole and in range or not at all; and Ethernet addresses. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* What a number is to be multiplied by, which one letter of scales behind it says; 0: what is
 * behind it is no such letter. */
static uint64_t
scale_of(const char *end, const char *scales)
{
	const char *found = *end ? strchr(scales, *end) : NULL;
	uint64_t scale = 1;

	if (!*end)
		return 1;
	if (!found || end[1])
		return 0;
	for (const char *s = scales; s <= found; s++)
		scale *= 1000;
	return scale;
}

static int
parse(const char *text, const char *scales, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t scale;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	scale = scale_of(end, scales);
	if (scale == 0)
		return -EINVAL;
	if (errno || __builtin_mul_overflow(*number, scale, number) || *number < min ||
		*number > max)
		return -ERANGE;
	return 0;
}

int
xd_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	return parse(text, "", min, max, number);
}

int
xd_number_parse_scaled(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	return parse(text, "kMGT", min, max, number);
}

bool
xd_mac_parse(const char *text, uint8_t mac[6])
{
	for (unsigned i = 0; i < 6; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
			text[2] != (i < 5 ? ':' : 0))
			return false;
		mac[i] = (uint8_t)strtoul(text, NULL, 16);
	}
	return true;
}
