/* SPDX-License-Identifier: BSD-3-Clause */
/* bridge.* and port.* that change: one entry of the configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "control/methods.h"

/* A copy of what runs, to be edited and committed. */
static struct xd_daemon_config *
begin(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_daemon_config *next = xd_daemon_config_copy(control->running);

	if (!next)
		xd_fail(&call->err, -ENOMEM, "no memory");
	return next;
}

static json_t *
abandon(struct xd_daemon_config *next)
{
	xd_daemon_config_destroy(next);
	return NULL;
}

/* "there is no port vm3; did you mean vm2?" */
static void
fail_unknown(struct xd_rpc_call *call, const struct xd_config *config, bool port, const char *name)
{
	const char *names[1024 + 1];
	unsigned n = port ? config->nb_ports : config->nb_bridges, i;
	const char *nearest;

	for (i = 0; i < n && i < 1024; i++)
		names[i] = port ? config->ports[i].name : config->bridges[i].name;
	names[i] = NULL;
	nearest = xd_suggest_nearest(name, names);
	xd_fail(&call->err, -ENOENT, "there is no %s named %.60s%s%s%s", port ? "port" : "bridge",
		name, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* ---- Bridges ---- */

static int
set_bridge(struct xd_rpc_call *call, struct xd_bridge_config *bridge)
{
	char text[XD_SETTING_TEXT];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)call->params, key, value)
	{
		if (!strcmp(key, "name"))
			continue;
		if (xd_setting_from_json(value, text))
			return xd_fail(&call->err, -EINVAL,
				"%.60s must be a string, a number or a list of those", key);
		if (xd_bridge_set(bridge, key, text, &call->err))
			return call->err.code;
	}
	return 0;
}

json_t *
xd_method_bridge_add(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	struct xd_bridge_config *bridge;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	bridge = xd_config_add_bridge(next->config, name, &call->err);
	if (!bridge || set_bridge(call, bridge))
		return abandon(next);
	return xd_method_commit(call, next);
}

json_t *
xd_method_bridge_set(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	struct xd_bridge_config *bridge;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	bridge = xd_config_bridge(next->config, name);
	if (!bridge)
		fail_unknown(call, next->config, false, name);
	if (!bridge || set_bridge(call, bridge))
		return abandon(next);
	return xd_method_commit(call, next);
}

json_t *
xd_method_bridge_del(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	if (!xd_config_bridge(next->config, name)) {
		fail_unknown(call, next->config, false, name);
		return abandon(next);
	}
	for (unsigned i = 0; i < next->config->nb_ports; i++) {
		const struct xd_port_config *port = &next->config->ports[i];

		if (strcmp(port->bridge, name))
			continue;
		xd_fail(&call->err, -EBUSY,
			"bridge %s has ports, such as %s: delete or move them first", name,
			port->name);
		return abandon(next);
	}
	xd_config_del_bridge(next->config, name, NULL);
	return xd_method_commit(call, next);
}

/* ---- Ports ---- */

static int
fail_ambiguous(struct xd_rpc_call *call, const struct xd_port_config *port, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "ports.%.31s.%.60s", port->name, key);
	return xd_fail_key(
		&call->err, -EINVAL, path, "is an empty list: null takes the setting back");
}

static int
set_port(struct xd_rpc_call *call, struct xd_port_config *port)
{
	const char *type = json_string_value(json_object_get(call->params, "type"));
	char text[XD_SETTING_TEXT];
	const char *key;
	json_t *value;

	/* The type first: it says which other keys there are. */
	if (type && xd_port_set(port, "type", type, &call->err))
		return call->err.code;
	json_object_foreach((json_t *)call->params, key, value)
	{
		if (!strcmp(key, "name"))
			continue;
		if (xd_setting_ambiguous(xd_setting_find(xd_port_settings, key), value))
			return fail_ambiguous(call, port, key);
		if (xd_setting_from_json(value, text))
			return xd_fail(&call->err, -EINVAL,
				"%.60s must be a string, a number or a list of those", key);
		if (xd_port_set(port, key, text, &call->err))
			return call->err.code;
	}
	return 0;
}

json_t *
xd_method_port_add(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	struct xd_port_config *port;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	port = xd_config_add_port(next->config, name, "", "", &call->err);
	if (!port || set_port(call, port))
		return abandon(next);
	return xd_method_commit(call, next);
}

json_t *
xd_method_port_set(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	struct xd_port_config *port;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	port = xd_config_port(next->config, name);
	if (!port)
		fail_unknown(call, next->config, true, name);
	if (!port || set_port(call, port))
		return abandon(next);
	return xd_method_commit(call, next);
}

json_t *
xd_method_port_del(struct xd_rpc_call *call)
{
	struct xd_daemon_config *next;
	const char *name;

	if (xd_rpc_string(call, "name", true, &name))
		return NULL;
	next = begin(call);
	if (!next)
		return NULL;
	if (!xd_config_port(next->config, name)) {
		fail_unknown(call, next->config, true, name);
		return abandon(next);
	}
	xd_config_del_port(next->config, name, NULL);
	return xd_method_commit(call, next);
}
