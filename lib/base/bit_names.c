/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups in tables of bits by name, and a mask as text. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bit_names.h"

const char *
xd_bit_name(const struct xd_bit_name *names, unsigned bit)
{
	for (; names->name; names++) {
		if (names->bit == bit)
			return names->name;
	}
	return NULL;
}

int
xd_bit_find(const struct xd_bit_name *names, const char *name)
{
	for (; names->name; names++) {
		if (!strcasecmp(names->name, name))
			return (int)names->bit;
	}
	return -1;
}

char *
xd_bit_text(const struct xd_bit_name *names, uint64_t mask, char separator,
	char text[XD_BIT_NAMES_TEXT])
{
	size_t used = 0;

	text[0] = 0;
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = xd_bit_name(names, bit);
		char number[16];

		if (!(mask >> bit & 1))
			continue;
		snprintf(number, sizeof(number), "bit_%u", bit);
		if (!name)
			name = number;
		if (used + strlen(name) + 2 > XD_BIT_NAMES_TEXT)
			break;
		if (used)
			text[used++] = separator;
		used += strlen(strcpy(text + used, name));
	}
	return text;
}
