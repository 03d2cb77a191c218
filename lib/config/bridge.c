/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridges. */
#include <errno.h>
#include <string.h>

#include "config/noun.h"

static const struct xd_key keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_KEY_AT(struct xd_bridge_config, key), __VA_ARGS__},
#include "key/bridge.def"
#undef XD_KEY
	{0},
};

static int
check(const struct xd_config *config, const void *entry, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	const struct xd_bridge_config *bridge = entry;

	(void)config;
	(void)drivers;
	if (!strcmp(bridge->name, "none"))
		return xd_noun_fail(err, -EINVAL, &xd_bridge_noun, bridge, NULL,
			"no bridge can have this name: a port that says so is in no bridge");
	return 0;
}

const struct xd_noun xd_bridge_noun = {
	.name = "bridge",
	.section = "bridges",
	.size = sizeof(struct xd_bridge_config),
	.keys = keys,
	.example = {"br1", "ageing_s=60", "mac_limit=1000000"},
	.renamed = "addresses are learned anew",
	.check = check,
};

struct xd_bridge_config *
xd_config_add_bridge(struct xd_config *config, const char *name, struct xd_error *err)
{
	return xd_noun_add(&xd_bridge_noun, config, name, err);
}

struct xd_bridge_config *
xd_config_bridge(const struct xd_config *config, const char *name)
{
	return xd_noun_get(&xd_bridge_noun, config, name);
}

unsigned
xd_config_nb_bridges(const struct xd_config *config)
{
	return xd_noun_count(&xd_bridge_noun, config);
}

struct xd_bridge_config *
xd_config_bridges(const struct xd_config *config)
{
	return xd_noun_entry(&xd_bridge_noun, config, 0);
}

int
xd_config_del_bridge(struct xd_config *config, const char *name, struct xd_error *err)
{
	return xd_noun_del(&xd_bridge_noun, config, name, err);
}

bool
xd_bridge_config_equal(const struct xd_bridge_config *a, const struct xd_bridge_config *b)
{
	return xd_noun_equal(&xd_bridge_noun, a, b);
}

int
xd_bridge_config_set(
	struct xd_bridge_config *bridge, const char *key, const char *value, struct xd_error *err)
{
	return xd_noun_set(&xd_bridge_noun, bridge, key, value, err);
}
