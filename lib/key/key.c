/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of keys where they lie: found by name, taken, stored, reset to their default, compared. */
#include <string.h>

#include "key/key.h"

const struct xd_key *
xd_key_find(const struct xd_key *keys, const char *name)
{
	for (; keys && keys->name; keys++) {
		if (!strcmp(keys->name, name))
			return keys;
	}
	return NULL;
}

static void *
at(const struct xd_key *key, void *entry)
{
	return (char *)entry + key->offset;
}

static const void *
at_const(const struct xd_key *key, const void *entry)
{
	return (const char *)entry + key->offset;
}

/* The size of one element, and where their number is and how large. */
static void
elements(const struct xd_key *key, size_t *element, size_t *count_size)
{
	*element = key->kind == XD_KEY_MACS    ? 6
		   : key->kind == XD_KEY_NAMES ? XD_NAME_MAX
					       : sizeof(uint16_t);
	*count_size = key->kind == XD_KEY_LIST  ? sizeof(unsigned)
		      : key->kind == XD_KEY_SET ? sizeof(bool)
						: sizeof(uint16_t);
}

static bool
has_count(const struct xd_key *key)
{
	return key->kind == XD_KEY_LIST || key->kind == XD_KEY_SET || key->kind == XD_KEY_MACS ||
	       key->kind == XD_KEY_NAMES;
}

static uint64_t
get(const void *p, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)p;
	case sizeof(uint16_t):
		return *(const uint16_t *)p;
	case sizeof(uint32_t):
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static void
put(void *p, size_t size, uint64_t number)
{
	switch (size) {
	case sizeof(uint8_t):
		*(uint8_t *)p = (uint8_t)number;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)p = (uint16_t)number;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)p = (uint32_t)number;
		break;
	default:
		*(uint64_t *)p = number;
	}
}

uint64_t
xd_key_number(const struct xd_key *key, const void *entry)
{
	size_t element, count_size;

	if (key->kind == XD_KEY_STRING || key->kind == XD_KEY_NAME)
		return 0;
	if (!has_count(key))
		return get(at_const(key, entry), key->size);
	elements(key, &element, &count_size);
	return get((const char *)entry + key->count, count_size);
}

void
xd_key_store(const struct xd_key *key, void *entry, uint64_t number)
{
	size_t element, count_size;

	if (!has_count(key)) {
		put(at(key, entry), key->size, number);
		return;
	}
	elements(key, &element, &count_size);
	put((char *)entry + key->count, count_size, number);
}

char *
xd_key_name(const struct xd_key *key, const void *entry, unsigned i)
{
	char *names = (char *)(uintptr_t)at_const(key, entry);

	if (key->kind == XD_KEY_NAME)
		return i == 0 && names[0] && !(key->nobody && !strcmp(names, key->nobody)) ? names
											   : NULL;
	if (key->kind != XD_KEY_NAMES || i >= xd_key_number(key, entry) ||
		i >= key->size / XD_NAME_MAX)
		return NULL;
	return names + (size_t)i * XD_NAME_MAX;
}

void
xd_key_reset(const struct xd_key *key, void *entry)
{
	if (key->kind == XD_KEY_STRING || key->kind == XD_KEY_NAME) {
		strncpy(at(key, entry), key->fallback_text ? key->fallback_text : "", key->size);
		return;
	}
	if (has_count(key))
		memset(at(key, entry), 0, key->size);
	xd_key_store(key, entry, key->fallback);
}

void
xd_keys_reset(const struct xd_key *keys, void *entry)
{
	for (const struct xd_key *key = keys; key && key->name; key++)
		xd_key_reset(key, entry);
}

bool
xd_key_equal(const struct xd_key *key, const void *a, const void *b)
{
	const void *va = at_const(key, a), *vb = at_const(key, b);
	uint64_t n = xd_key_number(key, a);
	size_t element, count_size, bytes;

	if (key->kind == XD_KEY_STRING || key->kind == XD_KEY_NAME)
		return !strncmp(va, vb, key->size);
	if (!has_count(key))
		return !memcmp(va, vb, key->size);
	if (n != xd_key_number(key, b))
		return false;
	elements(key, &element, &count_size);
	bytes = key->kind == XD_KEY_SET ? n * key->size : n * element;
	return !memcmp(va, vb, bytes < key->size ? bytes : key->size);
}

bool
xd_key_is_default(const struct xd_key *key, const void *entry)
{
	if (key->kind == XD_KEY_STRING || key->kind == XD_KEY_NAME)
		return !strncmp(at_const(key, entry), key->fallback_text ? key->fallback_text : "",
			key->size);
	return xd_key_number(key, entry) == key->fallback;
}
