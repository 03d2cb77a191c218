/* SPDX-License-Identifier: BSD-3-Clause */
/* config.*: whole configurations, as YAML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/delta.h"
#include "control/methods.h"
#include "control/yaml.h"

json_t *
xd_method_config_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	json_t *config = xd_daemon_config_to_json(control->running);
	char *yaml = xd_yaml_print(config, XD_YAML_CONFIG_LEVELS);
	json_t *result = json_pack("{s:o, s:s}", "config", config, "yaml", yaml ? yaml : "");

	free(yaml);
	return result;
}

/* The configuration in the parameter "yaml", checked; errors have their line. */
static struct xd_daemon_config *
read_param(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_daemon_config *config;
	struct xd_lines *lines;
	const char *yaml;

	if (xd_rpc_string(call, "yaml", true, &yaml))
		return NULL;
	lines = xd_lines_create();
	config = xd_control_read(&control->source, yaml, strlen(yaml), lines, &call->err);
	if (config && xd_daemon_config_check(config, &call->err)) {
		xd_daemon_config_destroy(config);
		config = NULL;
	}
	if (!config)
		call->line = xd_lines_find(lines, call->err.key);
	xd_lines_destroy(lines);
	return config;
}

json_t *
xd_method_config_check(struct xd_rpc_call *call)
{
	struct xd_daemon_config *config = read_param(call);
	json_t *result;

	if (!config)
		return NULL;
	result = json_pack("{s:b, s:i, s:i, s:i}", "valid", 1, "bridges",
		(int)xd_config_nb_bridges(config->config), "ports",
		(int)xd_config_nb_ports(config->config), "workers", (int)config->config->nb_cores);
	xd_daemon_config_destroy(config);
	return result;
}

/* What a database says, a file does not: it stays. NULL: no memory, and config is freed. */
static struct xd_daemon_config *
keep_database(struct xd_rpc_call *call, struct xd_daemon_config *config)
{
	const struct xd_control *control = call->ctx;
	struct xd_config *running;
	struct xd_entries *entries;

	if (!config || !control->running->ovsdb[0])
		return config;
	running = xd_config_copy(control->running->config);
	if (!running) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		xd_daemon_config_destroy(config);
		return NULL;
	}
	entries = config->config->entries;
	config->config->entries = running->entries;
	running->entries = entries;
	xd_config_destroy(running);
	return config;
}

json_t *
xd_method_config_diff(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_daemon_config *config = keep_database(call, read_param(call));
	json_t *list;

	if (!config)
		return NULL;
	list = xd_delta_list(control->running, config);
	xd_daemon_config_destroy(config);
	if (!list) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	return json_pack("{s:o}", "changes", list);
}

json_t *
xd_method_config_apply(struct xd_rpc_call *call)
{
	struct xd_daemon_config *config = keep_database(call, read_param(call));
	struct xd_lines *lines;
	const char *yaml;
	json_t *result;

	if (!config)
		return NULL;
	result = xd_method_commit(call, config);
	if (result)
		return result;
	/* Refused by the switch itself: find the line once more. */
	xd_rpc_string(call, "yaml", true, &yaml);
	lines = xd_lines_create();
	json_decref(xd_yaml_parse(yaml, strlen(yaml), lines, NULL));
	call->line = call->err.key[0] ? xd_lines_find(lines, call->err.key) : 0;
	xd_lines_destroy(lines);
	return NULL;
}

json_t *
xd_method_commit(struct xd_rpc_call *call, struct xd_daemon_config *next)
{
	struct xd_control *control = call->ctx;
	json_t *changes = xd_delta_list(control->running, next), *result;

	if (!changes) {
		xd_daemon_config_destroy(next);
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	if (xd_control_commit(control, next, &call->err)) {
		json_decref(changes);
		return NULL;
	}
	result = json_pack(
		"{s:o, s:b}", "changes", changes, "saved", control->source.state_file != NULL);
	if (!control->source.state_file && json_array_size(changes))
		json_object_set_new(result, "note",
			json_string("kept until crossdockd exits: it runs without --state"));
	return result;
}
