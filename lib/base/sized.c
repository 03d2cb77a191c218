/* SPDX-License-Identifier: BSD-3-Clause */
/* A caller's struct that begins with its size: what it is too short for reads as zero. */
#include <errno.h>
#include <string.h>

#include "base/sized.h"

int
xd_sized_take(void *whole, uint32_t bytes, const void *given, uint32_t least, const char *what,
	struct xd_error *err)
{
	uint32_t size;

	memcpy(&size, given, sizeof(size));
	if (size < least || size > bytes)
		return xd_fail(err, -EINVAL,
			"the size of %s is %u: set it to sizeof(struct ...), and link a library "
			"that is not older than the headers",
			what, size);
	memset(whole, 0, bytes);
	memcpy(whole, given, size);
	return 0;
}
