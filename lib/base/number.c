/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers read from text, whole and in range or not at all; and Ethernet addresses. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/number.h"

int
xd_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || *number < min || *number > max)
		return -ERANGE;
	return 0;
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
