/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots of address tables, and forgetting what is in them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "switch/switch.h"

struct fdb_list {
	const struct xd_state *state;
	struct xd_fdb_info *entries;
	int n;
	int max;
};

static bool
list_entry(void *ctx, const struct xd_fdb_record *record)
{
	struct fdb_list *list = ctx;
	const struct xd_port *port = list->state->ports[record->port];
	struct xd_fdb_info *entry;

	if (!port)
		return true;
	/* Addresses learned since the count was taken are left for the next look. */
	if (list->n == list->max)
		return false;
	entry = &list->entries[list->n++];
	memcpy(entry->mac, record->mac, sizeof(entry->mac));
	entry->vlan = record->vlan;
	entry->age_s = record->age_s;
	entry->is_static = record->is_static;
	memcpy(entry->port, port->config.name, XD_NAME_MAX);
	return true;
}

int
xd_switch_fdb(struct xd_switch *sw, const char *bridge, struct xd_fdb_info **entries,
	struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	struct fdb_list list = {0};
	int ret;

	if (!sw || !bridge || !entries)
		return xd_fail(err, -EINVAL, "a switch, a bridge and a place for entries needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	if (!b) {
		ret = xd_fail(err, -ENOENT, "no bridge named %s", bridge);
		goto out;
	}
	list.state = sw->state;
	list.max = (int)xd_fdb_count(b->fdb) + 1024;
	list.entries = calloc((size_t)list.max, sizeof(*list.entries));
	if (!list.entries) {
		ret = xd_fail(err, -ENOMEM, "no memory for %d addresses", list.max);
		goto out;
	}
	xd_fdb_foreach(b->fdb, xd_switch_now_s(sw), list_entry, &list);
	*entries = list.entries;
	ret = list.n;
out:
	xd_loop_unlock(sw->loop);
	return ret;
}

int
xd_switch_fdb_part(struct xd_switch *sw, const char *bridge, uint32_t *place,
	struct xd_fdb_info *entries, unsigned max, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	struct fdb_list list = {.entries = entries, .max = (int)max};

	if (!sw || !bridge || !place || (!entries && max))
		return xd_fail(err, -EINVAL, "a switch, a bridge and a place for entries needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	list.state = sw->state;
	if (b)
		*place = xd_fdb_walk(b->fdb, xd_switch_now_s(sw), *place, list_entry, &list);
	xd_loop_unlock(sw->loop);
	return b ? list.n : xd_fail(err, -ENOENT, "no bridge named %s", bridge);
}

int
xd_switch_fdb_flush(
	struct xd_switch *sw, const char *bridge, const char *name, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	const struct xd_port *port = NULL;
	int ret = 0;

	if (!sw || !bridge)
		return xd_fail(err, -EINVAL, "a switch and a bridge needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	if (name)
		port = xd_state_port(sw->state, name);
	if (!b)
		ret = xd_fail(err, -ENOENT, "no bridge named %s", bridge);
	else if (name && (!port || strcmp(port->config.bridge, bridge)))
		ret = xd_fail(err, -ENOENT, "bridge %s has no port named %s", bridge, name);
	else if (name)
		xd_fdb_flush_port(b->fdb, port->index);
	else
		xd_fdb_flush(b->fdb);
	xd_loop_unlock(sw->loop);
	return ret;
}
