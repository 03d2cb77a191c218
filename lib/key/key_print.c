/* SPDX-License-Identifier: BSD-3-Clause */
/* A key's value as text, as key_read.c takes it; and what values it can have, for people. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key/key.h"

static void
print_list(const struct xd_key *key, const void *entry, char *text)
{
	const uint16_t *numbers = (const uint16_t *)((const char *)entry + key->offset);
	uint64_t n = xd_key_number(key, entry);
	size_t used = 0;

	text[0] = 0;
	for (uint64_t i = 0; i < n && i < key->size / sizeof(*numbers); i++)
		used += snprintf(
			text + used, XD_KEY_CHARS - used, "%s%u", i ? "," : "", numbers[i]);
}

static void
print_set(const struct xd_key *key, const void *entry, char *text)
{
	struct xd_ranges ranges = {0};

	if (xd_key_number(key, entry))
		memcpy(ranges.bits, (const char *)entry + key->offset, key->size);
	xd_ranges_print(&ranges, text);
}

static void
print_macs(const struct xd_key *key, const void *entry, char *text)
{
	const uint8_t *mac = (const uint8_t *)entry + key->offset;
	uint64_t n = xd_key_number(key, entry);

	*text = 0;
	for (uint64_t i = 0; i < n && i < key->size / 6; i++, mac += 6)
		text += sprintf(text, "%s%02x:%02x:%02x:%02x:%02x:%02x", i ? "," : "", mac[0],
			mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void
print_names(const struct xd_key *key, const void *entry, char *text)
{
	const char *name;
	size_t used = 0;

	for (unsigned i = 0; used < XD_KEY_CHARS && (name = xd_key_name(key, entry, i)); i++)
		used += snprintf(text + used, XD_KEY_CHARS - used, "%s%.*s", i ? "," : "",
			XD_NAME_MAX - 1, name);
}

static bool
is_default(const struct xd_key *key, const void *entry)
{
	return key->kind != XD_KEY_STRING && key->kind != XD_KEY_NAME &&
	       xd_key_number(key, entry) == key->fallback;
}

void
xd_key_print(const struct xd_key *key, const void *entry, char text[XD_KEY_CHARS])
{
	uint64_t number = xd_key_number(key, entry);

	text[0] = 0;
	if (key->unset && is_default(key, entry))
		return;
	switch (key->kind) {
	case XD_KEY_NUMBER:
		sprintf(text, "%" PRIu64, number);
		break;
	case XD_KEY_MODE:
		sprintf(text, "%04" PRIo64, number);
		break;
	case XD_KEY_WORD:
		for (uint64_t i = 0; key->words[i]; i++) {
			if (i == number)
				strcpy(text, key->words[i]);
		}
		break;
	case XD_KEY_STRING:
	case XD_KEY_NAME:
		snprintf(text, XD_KEY_CHARS, "%.*s", (int)key->size,
			(const char *)entry + key->offset);
		break;
	case XD_KEY_NAMES:
		print_names(key, entry, text);
		break;
	case XD_KEY_FLAGS:
		xd_bit_text(key->bits, number, ',', text);
		break;
	case XD_KEY_LIST:
		print_list(key, entry, text);
		break;
	case XD_KEY_SET:
		print_set(key, entry, text);
		break;
	case XD_KEY_MACS:
		print_macs(key, entry, text);
		break;
	}
}

/* "sleep or poll", "ovs-3.1, ovs-3.1-tso or none": the word none comes last. */
static void
words_text(const struct xd_key *key, char *text, size_t size)
{
	bool none_first = key->words[0] && !strcmp(key->words[0], "none");
	const char *const *words = key->words + none_first;
	size_t used = 0;

	for (unsigned i = 0; words[i] && used < size; i++) {
		bool last = !words[i + 1] && !none_first;

		used += snprintf(text + used, size - used, "%s%s",
			i == 0 ? ""
			: last ? " or "
			       : ", ",
			words[i]);
	}
	if (none_first && used < size)
		snprintf(text + used, size - used, " or none");
}

const char *
xd_key_values(const struct xd_key *key, char text[XD_KEY_VALUES])
{
	const char *values = key->values ? key->values : "";
	size_t used;

	text[0] = 0;
	if (key->kind == XD_KEY_WORD)
		words_text(key, text, XD_KEY_VALUES);
	else if (key->kind == XD_KEY_NUMBER)
		snprintf(text, XD_KEY_VALUES, "%" PRIu64 " to %" PRIu64 "%s%s", key->min, key->max,
			key->unit ? " " : "", key->unit ? key->unit : "");
	else if (key->kind == XD_KEY_MODE)
		snprintf(text, XD_KEY_VALUES,
			"permission bits from \"%04" PRIo64 "\" to \"%04" PRIo64 "\"", key->min,
			key->max);
	else if (key->kind == XD_KEY_NAME)
		snprintf(text, XD_KEY_VALUES, "the name of a %s", key->noun);
	else if (key->kind == XD_KEY_NAMES && key->noun)
		snprintf(text, XD_KEY_VALUES, "names of %ss such as a,b", key->noun);
	used = strlen(text);
	if (values[0] && used < XD_KEY_VALUES)
		used += snprintf(
			text + used, XD_KEY_VALUES - used, "%s%s", used ? ", " : "", values);
	/* A word is among the words, and a number among the numbers. */
	if (key->unset && key->kind != XD_KEY_WORD && !isdigit((unsigned char)key->unset[0]) &&
		used < XD_KEY_VALUES)
		snprintf(text + used, XD_KEY_VALUES - used, ", or %s", key->unset);
	return text;
}

const char *
xd_key_default(const struct xd_key *key, char text[XD_KEY_VALUES])
{
	text[0] = 0;
	if (key->unset)
		snprintf(text, XD_KEY_VALUES, "%s", key->unset);
	else if (key->kind == XD_KEY_NUMBER)
		snprintf(text, XD_KEY_VALUES, "%" PRIu64, key->fallback);
	else if (key->kind == XD_KEY_MODE)
		snprintf(text, XD_KEY_VALUES, "%04" PRIo64, key->fallback);
	else if (key->kind == XD_KEY_WORD)
		snprintf(text, XD_KEY_VALUES, "%s", key->words[key->fallback]);
	else if (key->fallback_text)
		snprintf(text, XD_KEY_VALUES, "%s", key->fallback_text);
	return text;
}
