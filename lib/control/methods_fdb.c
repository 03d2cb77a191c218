/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb.*: addresses, learned and static. log.*: the log. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "base/number.h"
#include "base/suggest.h"
#include "config/noun.h"
#include "control/methods.h"

#define MAX_LIMIT 10000 /* addresses in one answer */
#define PART      1024  /* addresses looked at at once */

struct filter {
	const char *port; /* NULL: every port */
	json_int_t vlan;  /* -1: every VLAN */
	json_int_t total; /* that match, when they were counted */
	json_t *list;     /* NULL: only count */
	size_t limit;     /* of the list */
};

static json_t *
show_entry(const char *bridge, const struct xd_fdb_info *info)
{
	const uint8_t *m = info->mac;
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		m[5]);
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:b}", "bridge", bridge, "mac", mac, "vlan",
		info->vlan, "port", info->port, "age_s", (int)info->age_s, "static",
		info->is_static);
}

static bool
matches(const struct filter *filter, const struct xd_fdb_info *info)
{
	return (!filter->port || !strcmp(filter->port, info->port)) &&
	       (filter->vlan < 0 || filter->vlan == info->vlan);
}

/* Lists what matches from *place on, until the list is full: then *place is where to go on. */
static int
list_bridge(struct xd_rpc_call *call, const char *bridge, struct filter *filter, uint32_t *place)
{
	struct xd_control *control = call->ctx;
	struct xd_fdb_info *part = malloc(PART * sizeof(*part));
	size_t room = PART;
	int n = 0;

	if (!part)
		return xd_fail(&call->err, -ENOMEM, "no memory");
	while (n >= 0 && room > 0 && *place != XD_FDB_PLACE_END) {
		if (filter->list && filter->limit - json_array_size(filter->list) < PART)
			room = filter->limit - json_array_size(filter->list);
		/* No more than there is room for, as all of them may match. */
		n = room ? xd_switch_fdb_part(control->sw, bridge, place, part, room, &call->err)
			 : 0;
		for (int i = 0; i < n; i++) {
			if (!matches(filter, &part[i]))
				continue;
			filter->total++;
			if (filter->list)
				json_array_append_new(filter->list, show_entry(bridge, &part[i]));
		}
	}
	free(part);
	return n < 0 ? n : 0;
}

/* "BRIDGE:PLACE", as a former answer had it. */
static int
read_cursor(struct xd_rpc_call *call, const char *cursor, unsigned *bridge, uint32_t *place)
{
	const struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;
	const char *colon = strrchr(cursor, ':');
	size_t len = colon ? (size_t)(colon - cursor) : 0;
	char *end = NULL;

	for (*bridge = 0; colon && *bridge < xd_config_nb_bridges(config); ++*bridge) {
		const char *name = xd_config_bridges(config)[*bridge].name;

		if (strlen(name) != len || strncmp(name, cursor, len))
			continue;
		*place = strtoul(colon + 1, &end, 10);
		if (end != colon + 1 && !*end)
			return 0;
	}
	return xd_fail(&call->err, -EINVAL,
		"cursor \"%.60s\" is no \"next\" of an answer, or its bridge is gone", cursor);
}

/* Lists one bridge, or all from one on; returns the cursor for the rest, null or an error. */
static json_t *
list_from(struct xd_rpc_call *call, const char *only, unsigned first, uint32_t place,
	struct filter *filter)
{
	struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;

	for (unsigned i = first; i < xd_config_nb_bridges(config); i++) {
		const char *name = xd_config_bridges(config)[i].name;

		if (only && strcmp(name, only))
			continue;
		if (list_bridge(call, name, filter, &place))
			return NULL;
		if (place != XD_FDB_PLACE_END)
			return json_sprintf("%s:%u", name, place);
		place = 0;
	}
	return json_null();
}

static int
read_filter(struct xd_rpc_call *call, struct filter *filter, const char **bridge)
{
	struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;
	json_int_t limit = MAX_LIMIT;

	if (xd_rpc_string(call, "bridge", false, bridge) == -EINVAL ||
		xd_rpc_string(call, "port", false, &filter->port) == -EINVAL ||
		xd_rpc_integer(call, "vlan", 0, XD_VLAN_MAX, &filter->vlan) == -EINVAL ||
		xd_rpc_integer(call, "limit", 0, MAX_LIMIT, &limit) == -EINVAL)
		return -EINVAL;
	filter->limit = limit;
	if (filter->port && !xd_config_port(config, filter->port))
		return xd_noun_missing(&xd_port_noun, config, filter->port, &call->err);
	if (*bridge && !xd_config_bridge(config, *bridge))
		return xd_noun_missing(&xd_bridge_noun, config, *bridge, &call->err);
	return 0;
}

json_t *
xd_method_fdb_show(struct xd_rpc_call *call)
{
	struct filter filter = {.vlan = -1};
	const char *bridge, *cursor;
	unsigned first = 0;
	uint32_t place = 0;
	json_t *next, *result;

	if (read_filter(call, &filter, &bridge) ||
		xd_rpc_string(call, "cursor", false, &cursor) == -EINVAL ||
		(cursor && read_cursor(call, cursor, &first, &place)))
		return NULL;
	if (!cursor && !list_from(call, bridge, 0, 0, &filter))
		return NULL;
	result = json_object();
	if (!cursor)
		json_object_set_new(result, "total", json_integer(filter.total));
	filter.list = json_array();
	json_object_set_new(result, "entries", filter.list);
	next = list_from(call, bridge, first, place, &filter);
	if (!next) {
		json_decref(result);
		return NULL;
	}
	json_object_set_new(result, "next", next);
	return result;
}

json_t *
xd_method_fdb_flush(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const struct xd_port_config *entry;
	const char *bridge, *port;
	bool statics;

	if (xd_rpc_string(call, "bridge", true, &bridge) ||
		xd_rpc_string(call, "port", false, &port) == -EINVAL ||
		xd_rpc_bool(call, "static", false, &statics) == -EINVAL)
		return NULL;
	if (!xd_config_bridge(control->running->config, bridge)) {
		xd_noun_missing(&xd_bridge_noun, control->running->config, bridge, &call->err);
		return NULL;
	}
	entry = port ? xd_config_port(control->running->config, port) : NULL;
	if (port && (!entry || strcmp(entry->bridge, bridge))) {
		xd_fail(&call->err, -ENOENT, "bridge %s has no port named %.60s", bridge, port);
		return NULL;
	}
	if (statics && xd_switch_fdb_flush_static(control->sw, bridge, port, &call->err))
		return NULL;
	if (xd_switch_fdb_flush(control->sw, bridge, port, &call->err))
		return NULL;
	return json_object();
}

/* Of an address: its bridge, itself and its VLAN, or XD_VLAN_NONE. */
static int
read_address(struct xd_rpc_call *call, const char **bridge, uint8_t mac[6], uint16_t *vlan)
{
	json_int_t number = XD_VLAN_NONE;
	const char *text;

	if (xd_rpc_string(call, "bridge", true, bridge) ||
		xd_rpc_string(call, "mac", true, &text) ||
		xd_rpc_integer(call, "vlan", 0, XD_VLAN_MAX, &number) == -EINVAL)
		return -EINVAL;
	*vlan = (uint16_t)number;
	if (xd_mac_parse(text, mac))
		return 0;
	return xd_fail_key(&call->err, -EINVAL, "mac",
		"\"%.60s\" is no MAC address: write 52:54:00:12:34:56", text);
}

json_t *
xd_method_fdb_add(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const char *bridge, *port;
	uint8_t mac[6];
	uint16_t vlan;

	if (read_address(call, &bridge, mac, &vlan) || xd_rpc_string(call, "port", true, &port) ||
		xd_switch_fdb_add(control->sw, bridge, mac, vlan, port, &call->err))
		return NULL;
	return json_object();
}

json_t *
xd_method_fdb_del(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const char *bridge;
	uint8_t mac[6];
	uint16_t vlan;

	if (read_address(call, &bridge, mac, &vlan) ||
		xd_switch_fdb_del(control->sw, bridge, mac, vlan, &call->err))
		return NULL;
	return json_object();
}

/* ---- The log ---- */

static json_t *
show_levels(struct xd_control *control)
{
	const struct xd_log *log = xd_switch_log(control->sw);
	json_t *levels = json_object();

	for (int i = 0; i < XD_LOG_COMPONENTS; i++)
		json_object_set_new(levels, xd_log_component_name(i),
			json_string(xd_log_level_name(log->level[i])));
	return levels;
}

json_t *
xd_method_log_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	json_int_t lines = 50;

	if (xd_rpc_integer(call, "lines", 0, XD_LOG_RING_LINES, &lines) == -EINVAL)
		return NULL;
	return json_pack("{s:o, s:o, s:I}", "levels", show_levels(control), "lines",
		xd_log_ring_to_json(control->ring, lines), "left_out",
		(json_int_t)xd_log_ring_missed(control->ring));
}

/* An error that names the words that are valid. */
static json_t *
fail_word(struct xd_rpc_call *call, const char *what, const char *word, unsigned n,
	const char *(*name)(unsigned))
{
	const char *words[XD_LOG_COMPONENTS + 2] = {0};
	char hint[200];

	for (unsigned i = 0; i < n; i++)
		words[i] = name(i);
	xd_fail(&call->err, -EINVAL, "there is no log %s %.60s%s", what, word,
		xd_suggest_hint(word, words, hint, sizeof(hint)));
	return NULL;
}

static const char *
component_or_all(unsigned i)
{
	return i < XD_LOG_COMPONENTS ? xd_log_component_name(i) : "all";
}

static const char *
level_name(unsigned i)
{
	return xd_log_level_name(i);
}

json_t *
xd_method_log_set(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	enum xd_log_component component = 0;
	const char *component_text, *level_text;
	enum xd_log_level level;
	bool all;

	if (xd_rpc_string(call, "component", false, &component_text) == -EINVAL ||
		xd_rpc_string(call, "level", true, &level_text))
		return NULL;
	all = !component_text || !strcmp(component_text, "all");
	if (!all && xd_log_component_parse(component_text, &component))
		return fail_word(
			call, "component", component_text, XD_LOG_COMPONENTS + 1, component_or_all);
	if (xd_log_level_parse(level_text, &level))
		return fail_word(call, "level", level_text, XD_LOG_LEVELS, level_name);
	for (int i = 0; i < XD_LOG_COMPONENTS; i++) {
		if (all || i == (int)component)
			xd_switch_log_level(control->sw, i, level);
	}
	return json_pack("{s:o}", "levels", show_levels(control));
}
