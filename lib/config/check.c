/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything about a configuration that can be known without touching the switch. */
#include <errno.h>
#include <string.h>

#include "config/check.h"
#include "config/members.h"
#include "config/mirrors.h"

struct check {
	const struct xd_config *config;
	const struct xd_names *names; /* its */
	const struct xd_claims *running;
	const struct xd_driver *const *drivers;
};

static int
check_name(
	const struct xd_noun *noun, const struct check *c, const void *entry, struct xd_error *err)
{
	struct xd_error inner;

	if (xd_noun_check_name(noun, entry, &inner))
		return xd_noun_fail(err, inner.code, noun, entry, NULL, "%s", inner.text);
	if (xd_names_get(c->names, noun, entry) != entry)
		return xd_noun_fail(
			err, -EEXIST, noun, entry, NULL, "two %s have this name", noun->section);
	return 0;
}

static int
check_keys(const struct xd_noun *noun, const struct check *c, const void *entry, bool running,
	struct xd_error *err)
{
	XD_NOUN_FOREACH(noun, entry, key)
	{
		struct xd_error inner;
		int ret = running ? 0 : xd_key_check(key, entry, &inner);

		if (ret)
			return xd_noun_fail(err, ret, noun, entry, key->name, "%s", inner.text);
		ret = xd_noun_refers(noun, c->names, entry, key, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* Whether it is there already and runs: then it is right by itself, and what it refers to is all
 * that is looked at. */
static bool
is_running(const struct xd_noun *noun, const struct check *c, const void *entry)
{
	const struct xd_names *names = c->running ? xd_claims_names(c->running) : NULL;
	const void *old;

	if (!names)
		return false;
	old = noun->size ? xd_names_get(names, noun, entry)
			 : xd_noun_entry(noun, xd_names_config(names), 0);
	return old && xd_noun_equal(noun, old, entry);
}

static int
check_entry(
	const struct xd_noun *noun, const struct check *c, const void *entry, struct xd_error *err)
{
	bool running = is_running(noun, c, entry);
	int ret = noun->size ? check_name(noun, c, entry, err) : 0;

	if (ret == 0 && noun->check_type && !running)
		ret = noun->check_type(entry, c->drivers, err);
	if (ret == 0)
		ret = check_keys(noun, c, entry, running, err);
	if (ret == 0 && noun->check && !running)
		ret = noun->check(c->config, entry, c->drivers, err);
	return ret;
}

static int
check_claims(const struct check *c, struct xd_error *err)
{
	struct xd_claims *claims = xd_claims_create(c->names, c->drivers, c->running);
	int ret;

	if (!claims)
		return xd_fail_key(err, -ENOMEM, "ports", "no memory to compare %u ports",
			xd_config_nb_ports(c->config));
	ret = xd_claims_check(claims, err);
	xd_claims_destroy(claims);
	return ret;
}

static int
check_all(const struct check *c, struct xd_error *err)
{
	int ret = 0;

	for (const struct xd_noun *const *noun = xd_nouns; *noun && ret == 0; noun++) {
		unsigned n = xd_noun_count(*noun, c->config);

		if ((*noun)->max && n > (*noun)->max)
			return xd_fail_key(err, -E2BIG, (*noun)->section, "%u %s given, at most %u",
				n, (*noun)->section, (*noun)->max);
		for (unsigned i = 0; ret == 0 && i < n; i++)
			ret = check_entry(*noun, c, xd_noun_entry(*noun, c->config, i), err);
	}
	if (ret == 0)
		ret = xd_members_check(c->names, c->drivers, err);
	if (ret == 0)
		ret = xd_mirrors_check(c->names, c->drivers, err);
	return ret ? ret : check_claims(c, err);
}

int
xd_config_check_next(const struct xd_config *config, const struct xd_claims *running,
	const struct xd_driver *const *drivers, struct xd_error *err)
{
	struct check c = {.config = config, .running = running, .drivers = drivers};
	struct xd_names *names;
	int ret;

	if (!config)
		return xd_fail(err, -EINVAL, "there is no configuration");
	c.names = names = xd_names_create(config);
	if (!names)
		return xd_fail(err, -ENOMEM, "no memory to check the configuration");
	ret = check_all(&c, err);
	xd_names_destroy(names);
	return ret;
}

int
xd_config_check(const struct xd_config *config, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	return xd_config_check_next(config, NULL, drivers, err);
}
