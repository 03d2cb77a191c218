/* SPDX-License-Identifier: BSD-3-Clause */
/* The name of a loop port, and its size. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/suggest.h"
#include "traffic/port/port_loop_args.h"

#define SIZE_DEFAULT 1024
#define SIZE_MIN     32
#define SIZE_MOST    32768

int
xd_loop_args_parse(struct xd_loop_args *a, const char *text, struct xd_error *err)
{
	static const char *const names[] = {"size", NULL};
	size_t len = strcspn(text, ",");
	const char *option = text[len] ? text + len + 1 : NULL;
	char word[32], hint[64];
	size_t word_len;

	*a = (struct xd_loop_args){.size = SIZE_DEFAULT};
	if (len == 0)
		return xd_fail(err, -EINVAL, "loop port: give two of them one name, loop:a");
	if (len >= sizeof(a->name))
		return xd_fail(err, -EINVAL,
			"loop port: a name has at most %zu bytes, this one %zu",
			sizeof(a->name) - 1, len);
	memcpy(a->name, text, len);
	if (!option)
		return 0;
	word_len = strcspn(option, "=,");
	snprintf(word, sizeof(word), "%.*s", (int)word_len, option);
	if (strcmp(word, "size"))
		return xd_fail(err, -EINVAL, "loop port: unknown option %s%s", word,
			xd_suggest_hint(word, names, hint, sizeof(hint)));
	if (option[word_len] != '=')
		return xd_fail(err, -EINVAL, "loop port: size needs a value, such as size=%d",
			SIZE_DEFAULT);
	if (xd_number_parse(option + word_len + 1, SIZE_MIN, SIZE_MOST, &a->size) ||
		(a->size & (a->size - 1)))
		return xd_fail(err, -EINVAL,
			"loop port: size=%s: buffers, a power of two from %d to %d",
			option + word_len + 1, SIZE_MIN, SIZE_MOST);
	return 0;
}
