/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys that name entries of another noun: that these are there, and what becomes of the key when
 * they go or get another name. */
#include <errno.h>
#include <string.h>

#include "config/names.h"

static int
check_name(const struct xd_noun *noun, const struct xd_names *names, const void *entry,
	const struct xd_key *key, const char *name, struct xd_error *err)
{
	const struct xd_noun *other = xd_noun_find(key->noun);
	const char *nearest;

	if (xd_names_get(names, other, name))
		return 0;
	nearest = xd_noun_nearest(other, xd_names_config(names), name);
	if (nearest)
		return xd_noun_fail(err, -ENOENT, noun, entry, key->name,
			"there is no %s \"%s\"; did you mean %s?", other->name, name, nearest);
	return xd_noun_fail(err, -ENOENT, noun, entry, key->name,
		"there is no %s \"%s\": add it under %s", other->name, name, other->section);
}

static bool
is_given(const struct xd_key *key, const void *entry)
{
	return xd_key_name(key, entry, 0) ||
	       (key->nobody && !strcmp((const char *)entry + key->offset, key->nobody));
}

int
xd_noun_refers(const struct xd_noun *noun, const struct xd_names *names, const void *entry,
	const struct xd_key *key, struct xd_error *err)
{
	const char *name;
	int ret = 0;

	if (!key->noun)
		return 0;
	if (!is_given(key, entry) && !key->unset)
		return xd_noun_fail(
			err, -EINVAL, noun, entry, key->name, "is missing: which %s?", key->noun);
	for (unsigned i = 0; ret == 0 && (name = xd_key_name(key, entry, i)); i++)
		ret = check_name(noun, names, entry, key, name, err);
	return ret;
}

/* A place where an entry names another. */
struct reference {
	const struct xd_noun *noun;
	void *entry;
	const struct xd_key *key;
	char *name;
};

/* Calls fn for each reference to an entry, until it returns other than 0. */
static int
each_reference(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	int (*fn)(const struct reference *reference, const void *ctx, struct xd_error *err),
	const void *ctx, struct xd_error *err)
{
	struct reference r;
	int ret = 0;

	for (unsigned n = 0; (r.noun = xd_nouns[n]); n++) {
		for (unsigned e = 0; r.noun->size && e < xd_noun_count(r.noun, config); e++) {
			r.entry = xd_noun_entry(r.noun, config, e);
			XD_NOUN_FOREACH(r.noun, r.entry, key)
			{
				if (!key->noun || strcmp(key->noun, noun->name))
					continue;
				r.key = key;
				for (unsigned i = 0; (r.name = xd_key_name(key, r.entry, i)); i++) {
					if (ret == 0 && !strcmp(r.name, name))
						ret = fn(&r, ctx, err);
				}
			}
		}
	}
	return ret;
}

static int
is_used(const struct reference *r, const void *ctx, struct xd_error *err)
{
	const struct xd_noun *noun = ctx;

	if (r->noun == noun)
		return xd_fail(err, -EBUSY, "%s %s is among the %s of %s: take it out there first",
			noun->name, r->name, r->key->name, (const char *)r->entry);
	return xd_fail(err, -EBUSY, "%s %s has %s, such as %s: delete or move them first",
		noun->name, r->name, r->noun->section, (const char *)r->entry);
}

int
xd_noun_unused(const struct xd_noun *noun, const struct xd_config *config, const char *name,
	struct xd_error *err)
{
	return each_reference(noun, config, name, is_used, noun, err);
}

static int
follow(const struct reference *r, const void *ctx, struct xd_error *err)
{
	(void)err;
	strcpy(r->name, ctx);
	return 0;
}

int
xd_noun_rename(const struct xd_noun *noun, struct xd_config *config, const char *name,
	const char *to, struct xd_error *err)
{
	char *entry = xd_noun_get(noun, config, name);
	int ret;

	if (!config || !name || !to)
		return xd_fail(err, -EINVAL, "a configuration and two names needed");
	ret = entry ? xd_noun_new_name(noun, config, to, err)
		    : xd_noun_missing(noun, config, name, err);
	if (ret)
		return ret;
	each_reference(noun, config, name, follow, to, err);
	strcpy(entry, to);
	return 0;
}
