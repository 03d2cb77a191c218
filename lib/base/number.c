/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers read from text, whole and in range or not at all. */
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
