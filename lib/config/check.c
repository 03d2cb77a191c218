/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything about a configuration that can be known without touching the switch. */
#include <errno.h>
#include <string.h>

#include "config/noun.h"

static int
check_name(const struct xd_noun *noun, const struct xd_config *config, const void *entry,
	struct xd_error *err)
{
	struct xd_error inner;

	if (xd_noun_check_name(noun, entry, &inner))
		return xd_noun_fail(err, inner.code, noun, entry, NULL, "%s", inner.text);
	if (xd_noun_get(noun, config, entry) != entry)
		return xd_noun_fail(
			err, -EEXIST, noun, entry, NULL, "two %s have this name", noun->section);
	return 0;
}

static int
check_keys(const struct xd_noun *noun, const struct xd_config *config, const void *entry,
	struct xd_error *err)
{
	XD_NOUN_FOREACH(noun, entry, key)
	{
		struct xd_error inner;
		int ret = xd_key_check(key, entry, &inner);

		if (ret)
			return xd_noun_fail(err, ret, noun, entry, key->name, "%s", inner.text);
		ret = xd_noun_refers(noun, config, entry, key, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
check_entry(const struct xd_noun *noun, const struct xd_config *config, const void *entry,
	const struct xd_driver *const *drivers, struct xd_error *err)
{
	int ret = noun->size ? check_name(noun, config, entry, err) : 0;

	if (ret == 0 && noun->check_type)
		ret = noun->check_type(entry, drivers, err);
	if (ret == 0)
		ret = check_keys(noun, config, entry, err);
	if (ret == 0 && noun->check)
		ret = noun->check(config, entry, drivers, err);
	return ret;
}

int
xd_config_check(const struct xd_config *config, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	int ret = 0;

	if (!config)
		return xd_fail(err, -EINVAL, "there is no configuration");
	for (const struct xd_noun *const *noun = xd_nouns; *noun && ret == 0; noun++) {
		unsigned n = xd_noun_count(*noun, config);

		if ((*noun)->max && n > (*noun)->max)
			return xd_fail_key(err, -E2BIG, (*noun)->section, "%u %s given, at most %u",
				n, (*noun)->section, (*noun)->max);
		for (unsigned i = 0; ret == 0 && i < n; i++)
			ret = check_entry(
				*noun, config, xd_noun_entry(*noun, config, i), drivers, err);
		if (ret == 0 && (*noun)->check_all)
			ret = (*noun)->check_all(config, drivers, err);
	}
	return ret;
}
