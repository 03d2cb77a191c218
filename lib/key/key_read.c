/* SPDX-License-Identifier: BSD-3-Clause */
/* A key's value from text: one reader for each kind of key. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/suggest.h"
#include "key/key.h"

#define MAX_WORD  63 /* bytes of a word in a list */
#define MAX_MACS  64
#define MAX_NAMES 80 /* of bits: each, and a few twice */

static int
fail_value(const struct xd_key *key, const char *text, struct xd_error *err)
{
	char values[XD_KEY_VALUES];

	return xd_fail(err, -EINVAL, "is \"%.60s\": must be %s", text, xd_key_values(key, values));
}

static int
read_number(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	char values[XD_KEY_VALUES];
	uint64_t number;
	int ret = key->scaled ? xd_number_parse_scaled(text, key->min, key->max, &number)
			      : xd_number_parse(text, key->min, key->max, &number);

	switch (ret) {
	case 0:
		xd_key_store(key, entry, number);
		return 0;
	case -ERANGE:
		return xd_fail(
			err, -EINVAL, "is %.20s: must be %s", text, xd_key_values(key, values));
	default:
		return xd_fail(err, -EINVAL, "\"%.60s\" is not a number: must be %s", text,
			xd_key_values(key, values));
	}
}

static int
read_mode(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	size_t len = strlen(text);
	uint64_t bits = strtoull(text, NULL, 8);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len || bits < key->min ||
		bits > key->max)
		return fail_value(key, text, err);
	xd_key_store(key, entry, bits);
	return 0;
}

static int
read_word(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	for (uint64_t i = 0; key->words[i]; i++) {
		if (strcmp(key->words[i], text))
			continue;
		xd_key_store(key, entry, i);
		return 0;
	}
	return fail_value(key, text, err);
}

static int
read_string(const struct xd_key *key, char *to, const char *text, struct xd_error *err)
{
	size_t len = strlen(text);

	if (len >= key->size)
		return xd_fail(err, -ENAMETOOLONG, "has %zu bytes: %s has at most %u", len,
			key->what ? key->what : "it", key->size - 1);
	if (!xd_key_printable(text))
		return xd_fail(err, -EINVAL, "has a control character");
	memset(to, 0, key->size);
	memcpy(to, text, len);
	return 0;
}

/* Calls fn for each word of a list "a,b"; blanks around words do not count. Ends with the first
 * error. */
static int
read_words(const char *text, int (*fn)(void *ctx, const char *word, struct xd_error *err),
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

struct flags {
	const struct xd_key *key;
	uint64_t mask;
};

static int
add_flag(void *ctx, const char *word, struct xd_error *err)
{
	struct flags *flags = ctx;
	const struct xd_bit_name *bits = flags->key->bits;
	const char *names[MAX_NAMES + 1] = {NULL};
	int bit = xd_bit_find(bits, word);
	char hint[256];

	if (bit >= 0) {
		flags->mask |= 1ull << bit;
		return 0;
	}
	for (unsigned i = 0; i < MAX_NAMES && bits[i].name; i++)
		names[i] = bits[i].name;
	return xd_fail(err, -EINVAL, "there is no %s \"%.60s\"%s", flags->key->unit, word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
}

static int
read_flags(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	struct flags flags = {key, 0};
	int ret = read_words(text, add_flag, &flags, err);

	if (ret == 0)
		xd_key_store(key, entry, flags.mask);
	return ret;
}

static int
read_list(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	uint16_t *to = (uint16_t *)((char *)entry + key->offset);
	unsigned numbers[XD_RANGES_MAX];
	int n = xd_ranges_list(numbers, key->size / sizeof(*to), text, key->max, err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		to[i] = (uint16_t)numbers[i];
	xd_key_store(key, entry, (uint64_t)n);
	return 0;
}

static int
read_set(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	struct xd_ranges ranges;
	int ret = xd_ranges_parse(&ranges, text, key->max, err);

	if (ret)
		return ret;
	memcpy((char *)entry + key->offset, ranges.bits, key->size);
	xd_key_store(key, entry, true);
	return 0;
}

struct macs {
	uint16_t n, max;
	uint8_t list[MAX_MACS][6];
};

static int
add_mac(void *ctx, const char *word, struct xd_error *err)
{
	struct macs *macs = ctx;

	if (macs->n == macs->max)
		return xd_fail(err, -E2BIG, "has more than %u addresses", macs->max);
	if (!xd_mac_parse(word, macs->list[macs->n]))
		return xd_fail(err, -EINVAL,
			"\"%.60s\" is not an address such as 52:54:00:12:34:56", word);
	macs->n++;
	return 0;
}

static int
read_macs(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	struct macs macs = {.max = key->size / 6 < MAX_MACS ? key->size / 6 : MAX_MACS};
	int ret = read_words(text, add_mac, &macs, err);

	if (ret)
		return ret;
	memset((char *)entry + key->offset, 0, key->size);
	memcpy((char *)entry + key->offset, macs.list, macs.n * 6u);
	xd_key_store(key, entry, macs.n);
	return 0;
}

struct names {
	uint16_t n, max;
	char (*list)[XD_NAME_MAX];
};

static int
add_name(void *ctx, const char *word, struct xd_error *err)
{
	struct names *names = ctx;

	if (names->n == names->max)
		return xd_fail(err, -E2BIG, "has more than %u names", names->max);
	if (strlen(word) >= XD_NAME_MAX)
		return xd_fail(err, -ENAMETOOLONG, "has \"%.31s...\": a name has at most %d bytes",
			word, XD_NAME_MAX - 1);
	if (!xd_key_printable(word))
		return xd_fail(err, -EINVAL, "has a control character");
	strcpy(names->list[names->n++], word);
	return 0;
}

static int
read_names(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	struct names names = {.max = (uint16_t)(key->size / XD_NAME_MAX)};
	int ret;

	names.list = calloc(1, key->size);
	if (!names.list)
		return xd_fail(err, -ENOMEM, "no memory");
	ret = read_words(text, add_name, &names, err);
	if (ret == 0) {
		memcpy((char *)entry + key->offset, names.list, key->size);
		xd_key_store(key, entry, names.n);
	}
	free(names.list);
	return ret;
}

static int
read_value(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	switch (key->kind) {
	case XD_KEY_NUMBER:
		return read_number(key, entry, text, err);
	case XD_KEY_MODE:
		return read_mode(key, entry, text, err);
	case XD_KEY_WORD:
		return read_word(key, entry, text, err);
	case XD_KEY_STRING:
	case XD_KEY_NAME:
		return read_string(key, (char *)entry + key->offset, text, err);
	case XD_KEY_NAMES:
		return read_names(key, entry, text, err);
	case XD_KEY_FLAGS:
		return read_flags(key, entry, text, err);
	case XD_KEY_LIST:
		return read_list(key, entry, text, err);
	case XD_KEY_SET:
		return read_set(key, entry, text, err);
	case XD_KEY_MACS:
		return read_macs(key, entry, text, err);
	}
	return -EINVAL;
}

int
xd_key_read(const struct xd_key *key, void *entry, const char *text, struct xd_error *err)
{
	int ret = 0;

	if (key->unset && (!text[0] || !strcmp(text, key->unset)))
		xd_key_reset(key, entry);
	else
		ret = read_value(key, entry, text, err);
	if (ret == 0 && key->changed)
		key->changed(entry);
	return ret;
}
