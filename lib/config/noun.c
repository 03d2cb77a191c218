/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of an entry, whatever the noun. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "config/noun.h"

#define MAX_KEYS 64 /* that are offered for one that there is not */

const struct xd_key *
xd_noun_next(const struct xd_noun *noun, const void *entry, const struct xd_key *key)
{
	const struct xd_key *next = key ? key + 1 : noun->keys;

	/* At the end of the first table, the second follows. */
	if (!next->name && noun->more && xd_key_find(noun->keys, key->name))
		next = noun->more(entry);
	return next && next->name ? next : NULL;
}

const struct xd_key *
xd_noun_key(const struct xd_noun *noun, const void *entry, const char *name)
{
	const char *type;

	XD_NOUN_FOREACH(noun, entry, key)
	{
		if (!strcmp(key->name, name))
			return key;
	}
	return noun->more && !noun->more(entry) ? xd_noun_any_key(noun, name, &type) : NULL;
}

const struct xd_key *
xd_noun_any_key(const struct xd_noun *noun, const char *name, const char **type)
{
	const struct xd_key *key = xd_key_find(noun->keys, name), *keys;

	*type = NULL;
	for (unsigned i = 0; !key && noun->type && (keys = noun->type(i, type)); i++)
		key = xd_key_find(keys, name);
	return key;
}

const char *
xd_noun_values(const struct xd_noun *noun, const struct xd_key *key, char text[XD_KEY_VALUES])
{
	const char *words[32] = {NULL};
	const struct xd_key types = {.kind = XD_KEY_WORD, .words = words};

	if (!noun->type || key != noun->keys)
		return xd_key_values(key, text);
	for (unsigned i = 0; i < 31 && noun->type(i, &words[i]);)
		i++;
	return xd_key_values(&types, text);
}

bool
xd_noun_has(const struct xd_noun *noun, const void *entry, const struct xd_key *wanted)
{
	XD_NOUN_FOREACH(noun, entry, key)
	{
		if (key == wanted)
			return true;
	}
	return false;
}

bool
xd_noun_keeps(
	const struct xd_noun *noun, const struct xd_key *key, const void *from, const void *to)
{
	return xd_noun_has(noun, from, key) ? xd_key_equal(key, from, to)
					    : xd_key_is_default(key, to);
}

bool
xd_noun_equal(const struct xd_noun *noun, const void *a, const void *b)
{
	if (!a || !b)
		return a == b;
	/* Most entries are copies of those before. */
	if (noun->size && !memcmp(a, b, noun->size))
		return true;
	if (noun->size && strncmp(a, b, XD_NAME_MAX))
		return false;
	XD_NOUN_FOREACH(noun, a, key)
	{
		if (!xd_key_equal(key, a, b))
			return false;
	}
	return true;
}

unsigned
xd_noun_cost(const struct xd_noun *noun, const void *a, const void *b)
{
	unsigned cost = 0;

	if (noun->size && !memcmp(a, b, noun->size))
		return 0;
	XD_NOUN_FOREACH(noun, a, key)
	{
		if (!xd_noun_keeps(noun, key, b, a))
			cost |= key->cost;
	}
	return cost;
}

char *
xd_noun_path(
	const struct xd_noun *noun, const void *entry, const char *key, char path[XD_NOUN_PATH])
{
	int used = snprintf(path, XD_NOUN_PATH, "%s", noun->section);

	if (noun->size)
		used += snprintf(path + used, XD_NOUN_PATH - used, ".%.*s", XD_NAME_MAX - 1,
			(const char *)entry);
	if (key)
		snprintf(path + used, XD_NOUN_PATH - used, ".%.60s", key);
	return path;
}

int
xd_noun_fail(struct xd_error *err, int code, const struct xd_noun *noun, const void *entry,
	const char *key, const char *fmt, ...)
{
	char path[XD_NOUN_PATH], text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return xd_fail_key(err, code, xd_noun_path(noun, entry, key, path), "%s", text);
}

/* "tap and af_xdp": the types that have the key. */
static const char *
types_of(const struct xd_noun *noun, const char *name, char *text, size_t size)
{
	const struct xd_key *keys;
	const char *type;
	size_t used = 0;

	text[0] = 0;
	for (unsigned i = 0; noun->type && (keys = noun->type(i, &type)) && used < size; i++) {
		if (xd_key_find(keys, name))
			used += (size_t)snprintf(
				text + used, size - used, "%s%s", used ? " and " : "", type);
	}
	return text;
}

int
xd_noun_known(const struct xd_noun *noun, const void *entry, const char *name, struct xd_error *err)
{
	const char *names[MAX_KEYS + 1] = {NULL}, *type = NULL;
	char hint[256];
	unsigned n = 0;

	if (xd_noun_key(noun, entry, name))
		return 0;
	if (xd_noun_any_key(noun, name, &type))
		return xd_noun_fail(err, -EINVAL, noun, entry, name,
			"a %s of type %s has no %s: that is for type %s", noun->name,
			(const char *)entry + noun->keys[0].offset, name,
			types_of(noun, name, hint, sizeof(hint)));
	XD_NOUN_FOREACH(noun, entry, key)
	{
		if (n < MAX_KEYS)
			names[n++] = key->name;
	}
	return xd_noun_fail(err, -ENOENT, noun, entry, name, "there is no such key%s",
		xd_suggest_hint(name, names, hint, sizeof(hint)));
}

int
xd_noun_set(const struct xd_noun *noun, void *entry, const char *name, const char *text,
	struct xd_error *err)
{
	struct xd_error inner;
	int ret;

	if (!entry || !name || !text)
		return xd_fail(err, -EINVAL, "a %s, a key and a value needed", noun->name);
	ret = xd_noun_known(noun, entry, name, err);
	if (ret)
		return ret;
	ret = xd_key_read(xd_noun_key(noun, entry, name), entry, text, &inner);
	return ret ? xd_noun_fail(err, ret, noun, entry, name, "%s", inner.text) : 0;
}
