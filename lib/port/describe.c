/* SPDX-License-Identifier: BSD-3-Clause */
/* One line of `port show`, formatted for the driver. */
#include <stdarg.h>
#include <stdio.h>

#include "port/describe.h"

void
xd_tell(struct xd_teller *t, const char *key, const char *fmt, ...)
{
	char value[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	t->fn(t->ctx, key, value);
}
