/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "control/settings_read.h"

#define MAX_WORD 63

bool
xd_read_none(const char *text)
{
	return !text[0] || !strcmp(text, "none");
}

int
xd_read_number(
	const struct xd_setting *setting, const char *text, uint64_t *number, struct xd_error *err)
{
	switch (xd_number_parse(text, setting->min, setting->max, number)) {
	case 0:
		return 0;
	case -ERANGE:
		return xd_fail(err, -EINVAL, "is %.20s: must be %s", text, setting->help);
	default:
		return xd_fail(
			err, -EINVAL, "\"%.60s\" is not a number: must be %s", text, setting->help);
	}
}

int
xd_read_string(char *to, size_t size, const char *what, const char *text, struct xd_error *err)
{
	size_t len = strlen(text);

	if (len >= size)
		return xd_fail(err, -ENAMETOOLONG, "has %zu bytes: %s has at most %zu", len, what,
			size - 1);
	memcpy(to, text, len + 1);
	return 0;
}

int
xd_read_word(const struct xd_setting *setting, const char *const *words, int n, const char *text,
	struct xd_error *err)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], text))
			return i;
	}
	return xd_fail(err, -EINVAL, "is \"%.60s\": must be %s", text, setting->help);
}

int
xd_read_mode(const struct xd_setting *setting, const char *text, mode_t *mode, struct xd_error *err)
{
	size_t len = strlen(text);
	unsigned long bits = strtoul(text, NULL, 8);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len || bits < setting->min ||
		bits > setting->max)
		return xd_fail(err, -EINVAL, "is \"%.60s\": must be %s", text, setting->help);
	*mode = (mode_t)bits;
	return 0;
}

int
xd_read_list(const char *text, int (*fn)(void *ctx, const char *word, struct xd_error *err),
	void *ctx, struct xd_error *err)
{
	for (;;) {
		size_t len = strcspn(text, ","), skip = strspn(text, " ");
		char word[MAX_WORD + 1];
		int ret;

		text += skip < len ? skip : len;
		len = strcspn(text, ",");
		while (len > 0 && text[len - 1] == ' ')
			len--;
		if (len == 0)
			return xd_fail(
				err, -EINVAL, "has an empty word: separate words by one comma");
		if (len > MAX_WORD)
			return xd_fail(err, -EINVAL, "has \"%.20s...\": no word is so long", text);
		memcpy(word, text, len);
		word[len] = 0;
		ret = fn(ctx, word, err);
		if (ret)
			return ret;
		text += strcspn(text, ",");
		if (!*text)
			return 0;
		text++;
	}
}
