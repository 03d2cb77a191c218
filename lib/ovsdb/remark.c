/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that a port is made without, since they make no sense: a guest does not lose its port to a
 * mistyped limit. The Interface's `error` says which, and its `ofport` that the port is there. */
#include <errno.h>

#include "ovsdb/rows.h"

void
xd_ovsdb_remark(const struct xd_ovsdb_place *place, const char *from, const char *why)
{
	if (place->remark && !place->remark->code)
		xd_fail(place->remark, -EINVAL, "%s: %s", from, why);
}

void
xd_ovsdb_try(const struct xd_ovsdb_place *place, struct xd_port_config *port, const char *key,
	const char *value, const char *from)
{
	struct xd_error err;

	if (value && xd_port_config_set(port, key, value, &err))
		xd_ovsdb_remark(place, from, err.text);
}
