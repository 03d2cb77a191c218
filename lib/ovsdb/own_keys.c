/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of ours that Open vSwitch has no word for: other_config:crossdock-full=wait of an Interface,
 * or of a Port that is a bond. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* Whether the database has a word of its own for a key, or who writes to it is not to have one:
 * what names files, devices or bridges. */
static bool
is_elsewhere(const struct xd_port_config *port, const char *name)
{
	static const char *const words[] = {"mode", "socket_mode", "bond_mode", NULL};
	const struct xd_key *key = xd_noun_key(&xd_port_noun, port, name);

	for (const char *const *word = words; *word; word++) {
		if (!strcmp(name, *word))
			return true;
	}
	return key && (key->kind == XD_KEY_STRING || key->kind == XD_KEY_NAME ||
			      key->kind == XD_KEY_NAMES);
}

int
xd_ovsdb_own_keys(const json_t *row, struct xd_port_config *port, struct xd_error *err)
{
	const json_t *map = json_object_get(row, "other_config");
	const size_t prefix = strlen(XD_OVSDB_KEY_PREFIX);
	const char *key, *value;
	struct xd_error inner;
	int ret = 0;

	for (size_t n = 0; ret == 0 && n < xd_ovsdb_map_size(map); n++) {
		if (!xd_ovsdb_map_get(map, n, &key, &value) ||
			strncmp(key, XD_OVSDB_KEY_PREFIX, prefix))
			continue;
		if (is_elsewhere(port, key + prefix))
			return xd_fail(err, -EINVAL,
				"other_config:%.60s: the database's own columns say that", key);
		ret = xd_port_config_set(port, key + prefix, value, &inner);
		if (ret)
			xd_fail(err, ret, "other_config:%.60s: %s", key, inner.text);
	}
	return ret;
}
