/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a key's value may be: by the range, the words or the form that its row allows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/one_line.h"
#include "key/key.h"

bool
xd_key_printable(const char *text)
{
	for (; *text; text++) {
		if (xd_control_bytes(text))
			return false;
	}
	return true;
}

static int
check_number(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	uint64_t number = xd_key_number(key, entry);
	char values[XD_KEY_VALUES];

	if ((number >= key->min && number <= key->max) || (key->unset && number == key->fallback))
		return 0;
	if (key->kind == XD_KEY_MODE)
		return xd_fail(err, -EINVAL, "is \"%04" PRIo64 "\": must be %s", number,
			xd_key_values(key, values));
	return xd_fail(
		err, -EINVAL, "is %" PRIu64 ": must be %s", number, xd_key_values(key, values));
}

static int
check_word(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	uint64_t number = xd_key_number(key, entry), n = 0;
	char values[XD_KEY_VALUES];

	while (key->words[n])
		n++;
	if (number < n)
		return 0;
	return xd_fail(err, -EINVAL, "must be %s", xd_key_values(key, values));
}

static int
check_string(const struct xd_key *key, const char *text, struct xd_error *err)
{
	if (strnlen(text, key->size) == key->size)
		return xd_fail(err, -ENAMETOOLONG, "is too long: %s has at most %u bytes",
			key->what ? key->what : "it", key->size - 1);
	if (!xd_key_printable(text))
		return xd_fail(err, -EINVAL, "has a control character");
	return 0;
}

static int
check_list(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	const uint16_t *numbers = (const uint16_t *)((const char *)entry + key->offset);
	uint64_t n = xd_key_number(key, entry), max = key->size / sizeof(*numbers);

	if (n > max)
		return xd_fail(err, -EINVAL, "has %" PRIu64 " numbers: at most %" PRIu64, n, max);
	for (uint64_t i = 0; i < n; i++) {
		if (numbers[i] < key->min || numbers[i] > key->max)
			return xd_fail(err, -EINVAL, "has %u: must be %" PRIu64 " to %" PRIu64,
				numbers[i], key->min, key->max);
	}
	return 0;
}

static int
check_set(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	const uint64_t *bits = (const uint64_t *)((const char *)entry + key->offset);

	for (unsigned i = 0; xd_key_number(key, entry) && i < key->size * 8; i++) {
		if ((bits[i / 64] >> (i % 64) & 1) && (i < key->min || i > key->max))
			return xd_fail(err, -EINVAL, "has %u: must be %" PRIu64 " to %" PRIu64, i,
				key->min, key->max);
	}
	return 0;
}

/* Addresses that frames have as their source. */
static int
check_macs(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	const uint8_t(*macs)[6] = (const void *)((const char *)entry + key->offset);
	uint64_t n = xd_key_number(key, entry), max = key->size / 6;
	static const uint8_t zero[6];

	if (n > max)
		return xd_fail(err, -E2BIG, "has %" PRIu64 " addresses: at most %" PRIu64, n, max);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *mac = macs[i];
		const char *problem = NULL;

		if (mac[0] & 1)
			problem = "is a group address, which is no frame's source";
		if (!memcmp(mac, zero, 6))
			problem = "is zero, which is no frame's source";
		for (unsigned j = 0; j < i; j++) {
			if (!memcmp(mac, macs[j], 6))
				problem = "is given twice";
		}
		if (problem)
			return xd_fail(err, -EINVAL, "%02x:%02x:%02x:%02x:%02x:%02x %s", mac[0],
				mac[1], mac[2], mac[3], mac[4], mac[5], problem);
	}
	return 0;
}

static int
check_names(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	uint64_t n = xd_key_number(key, entry), max = key->size / XD_NAME_MAX;

	if (n > max)
		return xd_fail(err, -E2BIG, "has %" PRIu64 " names: at most %" PRIu64, n, max);
	for (unsigned i = 0; i < n; i++) {
		const char *name = xd_key_name(key, entry, i);

		if (strnlen(name, XD_NAME_MAX) == XD_NAME_MAX || !xd_key_printable(name))
			return xd_fail(err, -EINVAL, "has what is not a name");
		for (unsigned j = 0; j < i; j++) {
			if (!strcmp(name, xd_key_name(key, entry, j)))
				return xd_fail(err, -EINVAL, "has %s twice", name);
		}
	}
	return 0;
}

int
xd_key_check(const struct xd_key *key, const void *entry, struct xd_error *err)
{
	switch (key->kind) {
	case XD_KEY_NUMBER:
	case XD_KEY_MODE:
		return check_number(key, entry, err);
	case XD_KEY_WORD:
		return check_word(key, entry, err);
	case XD_KEY_STRING:
	case XD_KEY_NAME:
		return check_string(key, (const char *)entry + key->offset, err);
	case XD_KEY_NAMES:
		return check_names(key, entry, err);
	case XD_KEY_FLAGS:
		return xd_key_number(key, entry)
			       ? 0
			       : xd_fail(err, -EINVAL, "names none: name %s, or say all",
					 key->name);
	case XD_KEY_LIST:
		return check_list(key, entry, err);
	case XD_KEY_SET:
		return check_set(key, entry, err);
	case XD_KEY_MACS:
		return check_macs(key, entry, err);
	}
	return 0;
}
