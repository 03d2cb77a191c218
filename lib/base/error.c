/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors filled in: code, key and text. */
#include <stdio.h>

#include "base/error.h"
#include "base/one_line.h"

static void
fill(struct xd_error *err, int code, const char *key, const char *fmt, va_list args)
{
	if (!err)
		return;
	err->code = code;
	snprintf(err->key, sizeof(err->key), "%s", key);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	xd_one_line(err->key);
	xd_one_line(err->text);
}

int
xd_fail(struct xd_error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, code, "", fmt, args);
	va_end(args);
	return code;
}

int
xd_fail_key(struct xd_error *err, int code, const char *key, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, code, key, fmt, args);
	va_end(args);
	return code;
}
