/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of methods: what is about one noun in particular, and what each noun has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/methods.h"

static const struct xd_rpc_method fixed[] = {
	{"config.show", xd_method_config_show, {NULL}, NULL},
	{"config.check", xd_method_config_check, {"yaml"}, NULL},
	{"config.diff", xd_method_config_diff, {"yaml"}, NULL},
	{"config.apply", xd_method_config_apply, {"yaml"}, NULL},
	{"bridge.show", xd_method_bridge_show, {"name"}, NULL},
	{"mirror.show", xd_method_mirror_show, {"name"}, NULL},
	{"bond.show", xd_method_bond_show, {"name"}, NULL},
	{"bond.set-active", xd_method_bond_set_active, {"name", "member"}, NULL},
	{"port.show", xd_method_port_show, {"name", "xstats"}, NULL},
	{"fdb.show", xd_method_fdb_show, {"bridge", "port", "vlan", "limit", "cursor"}, NULL},
	{"fdb.flush", xd_method_fdb_flush, {"bridge", "port", "static"}, NULL},
	{"fdb.add", xd_method_fdb_add, {"bridge", "mac", "port", "vlan"}, NULL},
	{"fdb.del", xd_method_fdb_del, {"bridge", "mac", "vlan"}, NULL},
	{"worker.show", xd_method_worker_show, {NULL}, NULL},
	{"worker.balance", xd_method_worker_balance, {"dry_run"}, NULL},
	{"memory.show", xd_method_memory_show, {NULL}, NULL},
	{"stats.show", xd_method_stats_show, {"port"}, NULL},
	{"stats.drops", xd_method_stats_drops, {"port"}, NULL},
	{"log.show", xd_method_log_show, {"lines"}, NULL},
	{"log.set", xd_method_log_set, {"component", "level"}, NULL},
	{"daemon.status", xd_method_daemon_status, {NULL}, NULL},
};

/* By verb, for each noun that has entries. A noun's own method of that name goes before. */
static const struct xd_rpc_method by_noun[] = {
	{"show", xd_method_entry_show, {"name"}, NULL},
	{"add", xd_method_entry_add, {"*"}, NULL},
	{"set", xd_method_entry_set, {"*"}, NULL},
	{"del", xd_method_entry_del, {"name"}, NULL},
	{"rename", xd_method_entry_rename, {"name", "to"}, NULL},
};

#define NB_FIXED   (sizeof(fixed) / sizeof(*fixed))
#define NB_BY_NOUN (sizeof(by_noun) / sizeof(*by_noun))

struct xd_rpc_method *
xd_control_methods_create(void)
{
	unsigned nb_nouns = 0, n = NB_FIXED;
	struct xd_rpc_method *methods;
	char(*names)[48];

	while (xd_nouns[nb_nouns])
		nb_nouns++;
	methods = calloc(1, (NB_FIXED + nb_nouns * NB_BY_NOUN + 1) * sizeof(*methods) +
				    nb_nouns * NB_BY_NOUN * sizeof(*names));
	if (!methods)
		return NULL;
	names = (void *)&methods[NB_FIXED + nb_nouns * NB_BY_NOUN + 1];
	memcpy(methods, fixed, sizeof(fixed));
	for (unsigned i = 0; i < nb_nouns * NB_BY_NOUN; i++, names++) {
		const struct xd_noun *noun = xd_nouns[i / NB_BY_NOUN];

		if (!noun->size)
			continue;
		methods[n] = by_noun[i % NB_BY_NOUN];
		snprintf(*names, sizeof(*names), "%s.%s", noun->name, methods[n].name);
		methods[n].name = *names;
		methods[n++].arg = noun;
	}
	return methods;
}

json_t *
xd_method_list(struct xd_rpc_call *call, const char *noun, json_t *list, const char *name)
{
	char key[48];

	if (name && json_array_size(list) == 0) {
		const struct xd_control *control = call->ctx;
		const struct xd_noun *known = xd_noun_find(noun);

		json_decref(list);
		if (known)
			xd_noun_missing(known, control->running->config, name, &call->err);
		else
			xd_fail(&call->err, -ENOENT, "there is no %s named %.60s", noun, name);
		return NULL;
	}
	snprintf(key, sizeof(key), "%ss", noun);
	return json_pack("{s:o}", key, list);
}
