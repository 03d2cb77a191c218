/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb.*: learned addresses. log.*: the log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "control/methods.h"

#define DEFAULT_LIMIT 10000 /* addresses shown when nothing is said */
#define MAX_LIMIT     400000

struct filter {
	const char *port; /* NULL: every port */
	json_int_t vlan;  /* -1: every VLAN */
	size_t limit;
	json_int_t total; /* that match */
};

static json_t *
show_entry(const char *bridge, const struct xd_fdb_info *info)
{
	const uint8_t *m = info->mac;
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		m[5]);
	return json_pack("{s:s, s:s, s:i, s:s, s:i}", "bridge", bridge, "mac", mac, "vlan",
		info->vlan, "port", info->port, "age_s", (int)info->age_s);
}

static int
list_bridge(struct xd_rpc_call *call, const char *bridge, struct filter *filter, json_t *list)
{
	struct xd_control *control = call->ctx;
	struct xd_fdb_info *entries = NULL;
	int n = xd_switch_fdb(control->sw, bridge, &entries, &call->err);

	for (int i = 0; i < n; i++) {
		if (filter->port && strcmp(filter->port, entries[i].port))
			continue;
		if (filter->vlan >= 0 && filter->vlan != entries[i].vlan)
			continue;
		filter->total++;
		if (json_array_size(list) < filter->limit)
			json_array_append_new(list, show_entry(bridge, &entries[i]));
	}
	free(entries);
	return n < 0 ? n : 0;
}

json_t *
xd_method_fdb_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;
	struct filter filter = {.vlan = -1};
	json_int_t limit = DEFAULT_LIMIT;
	const char *bridge;
	json_t *list;
	int ret = 0;

	if (xd_rpc_string(call, "bridge", false, &bridge) == -EINVAL ||
		xd_rpc_string(call, "port", false, &filter.port) == -EINVAL ||
		xd_rpc_integer(call, "vlan", 0, XD_VLAN_MAX, &filter.vlan) == -EINVAL ||
		xd_rpc_integer(call, "limit", 0, MAX_LIMIT, &limit) == -EINVAL)
		return NULL;
	if (filter.port && !xd_config_port(config, filter.port)) {
		xd_fail(&call->err, -ENOENT, "there is no port named %.60s", filter.port);
		return NULL;
	}
	filter.limit = limit;
	list = json_array();
	if (bridge)
		ret = list_bridge(call, bridge, &filter, list);
	for (unsigned i = 0; !bridge && ret == 0 && i < config->nb_bridges; i++)
		ret = list_bridge(call, config->bridges[i].name, &filter, list);
	if (ret) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:I, s:o}", "total", filter.total, "entries", list);
}

json_t *
xd_method_fdb_flush(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const struct xd_port_config *entry;
	const char *bridge, *port;

	if (xd_rpc_string(call, "bridge", true, &bridge) ||
		xd_rpc_string(call, "port", false, &port) == -EINVAL)
		return NULL;
	if (!xd_config_bridge(control->running->config, bridge)) {
		xd_fail(&call->err, -ENOENT, "there is no bridge named %.60s", bridge);
		return NULL;
	}
	entry = port ? xd_config_port(control->running->config, port) : NULL;
	if (port && (!entry || strcmp(entry->bridge, bridge))) {
		xd_fail(&call->err, -ENOENT, "bridge %s has no port named %.60s", bridge, port);
		return NULL;
	}
	if (xd_switch_fdb_flush(control->sw, bridge, port, &call->err))
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
