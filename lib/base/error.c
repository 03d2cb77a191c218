/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors filled in: code, key and text. */
#include <stdio.h>

#include "base/error.h"

/* Names and values that somebody made up must not forge a line of their own. */
static void
make_one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static void
fill(struct xd_error *err, int code, const char *key, const char *fmt, va_list args)
{
	if (!err)
		return;
	err->code = code;
	snprintf(err->key, sizeof(err->key), "%s", key);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	make_one_line(err->key);
	make_one_line(err->text);
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
