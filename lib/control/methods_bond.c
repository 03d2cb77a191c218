/* SPDX-License-Identifier: BSD-3-Clause */
/* bond.: which member of a bond carries what. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/key_json.h"
#include "control/methods.h"

/* A bond, with its settings and no member yet. NULL: it has just gone. */
static json_t *
show_bond(struct xd_switch *sw, const char *name)
{
	struct xd_port_info *info = malloc(sizeof(*info));
	json_t *bond = NULL;

	if (info && xd_switch_port(sw, name, info) == 0) {
		json_t *settings = xd_entry_to_json(&xd_port_noun, &info->config);

		bond = json_pack("{s:s, s:s, s:O, s:O, s:[]}", "name", name, "state",
			info->up ? "up" : "down", "bridge", json_object_get(settings, "bridge"),
			"bond_mode", json_object_get(settings, "bond_mode"), "members");
		json_decref(settings);
	}
	free(info);
	return bond;
}

/* One end of a link, in the words of OVS's lacp/show. */
static json_t *
show_side(const struct xd_lacp_side *side)
{
	json_t *state = json_array();
	char system[18];

	snprintf(system, sizeof(system), "%02x:%02x:%02x:%02x:%02x:%02x", side->system[0],
		side->system[1], side->system[2], side->system[3], side->system[4],
		side->system[5]);
	for (unsigned bit = 0; xd_lacp_state_name(bit); bit++) {
		if (side->state >> bit & 1)
			json_array_append_new(state, json_string(xd_lacp_state_name(bit)));
	}
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:o}", "system_id", system, "system_priority",
		side->system_priority, "key", side->key, "port_id", side->port, "port_priority",
		side->port_priority, "state", state);
}

static json_t *
show_lacp(const struct xd_bond_info *info)
{
	return json_pack("{s:s, s:b, s:o, s:o, s:I, s:I, s:I}", "status",
		xd_lacp_heard_name(info->heard), "attached", info->selected, "actor",
		show_side(&info->actor), "partner", show_side(&info->partner), "rx_pdus",
		(json_int_t)info->rx_pdus, "tx_pdus", (json_int_t)info->tx_pdus, "bad_pdus",
		(json_int_t)info->bad_pdus);
}

static json_t *
show_member(const struct xd_bond_info *info)
{
	json_t *member = json_pack("{s:s, s:s, s:b, s:i, s:o}", "name", info->member, "state",
		info->up ? "up" : "down", "active", info->active, "buckets", info->buckets,
		"speed_mbps", info->speed_mbps ? json_integer(info->speed_mbps) : json_null());

	if (info->lacp)
		json_object_set_new(member, "lacp", show_lacp(info));
	return member;
}

/* Members of a bond follow each other. */
static json_t *
list_bonds(struct xd_switch *sw, const struct xd_bond_info *info, unsigned n, const char *name)
{
	json_t *list = json_array(), *bond = NULL;

	for (unsigned i = 0; i < n; i++) {
		if (i == 0 || strcmp(info[i].port, info[i - 1].port)) {
			bond = name && strcmp(name, info[i].port) ? NULL
								  : show_bond(sw, info[i].port);
			if (bond)
				json_array_append_new(list, bond);
		}
		if (bond)
			json_array_append_new(
				json_object_get(bond, "members"), show_member(&info[i]));
	}
	return list;
}

json_t *
xd_method_bond_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	unsigned n = xd_switch_bonds(control->sw, NULL, 0), filled;
	struct xd_bond_info *info;
	const char *name;
	json_t *list;

	if (xd_rpc_string(call, "name", false, &name) == -EINVAL)
		return NULL;
	info = calloc(n + 1, sizeof(*info));
	if (!info) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	filled = xd_switch_bonds(control->sw, info, n);
	list = list_bonds(control->sw, info, filled < n ? filled : n, name);
	free(info);
	return xd_method_list(call, "bond", list, name);
}

/* Answers as bond.show does. */
json_t *
xd_method_bond_set_active(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const char *name, *member;

	if (xd_rpc_string(call, "name", true, &name) ||
		xd_rpc_string(call, "member", true, &member) ||
		xd_switch_bond_activate(control->sw, name, member, &call->err) < 0)
		return NULL;
	return xd_method_bond_show(call);
}
