/* SPDX-License-Identifier: BSD-3-Clause */
/* The methods of the control socket, one file per group of nouns; methods.c has the table. */
#ifndef XD_CONTROL_METHODS_H
#define XD_CONTROL_METHODS_H

#include "control/control.h"
#include "control/rpc.h"

/* What a noun's show answers: {"NOUNs": list}, whose owner it becomes. NULL: it was to be of the
 * one of that name, and is empty. */
json_t *xd_method_list(struct xd_rpc_call *call, const char *noun, json_t *list, const char *name);

json_t *xd_method_config_show(struct xd_rpc_call *call);
json_t *xd_method_config_check(struct xd_rpc_call *call);
json_t *xd_method_config_diff(struct xd_rpc_call *call);
json_t *xd_method_config_apply(struct xd_rpc_call *call);

/* Of any noun: call->arg. */
json_t *xd_method_entry_show(struct xd_rpc_call *call);
json_t *xd_method_entry_add(struct xd_rpc_call *call);
json_t *xd_method_entry_set(struct xd_rpc_call *call);
json_t *xd_method_entry_del(struct xd_rpc_call *call);
json_t *xd_method_entry_rename(struct xd_rpc_call *call);

json_t *xd_method_bond_show(struct xd_rpc_call *call);
json_t *xd_method_bond_set_active(struct xd_rpc_call *call);
json_t *xd_method_bridge_show(struct xd_rpc_call *call);
json_t *xd_method_mirror_show(struct xd_rpc_call *call);
json_t *xd_method_port_show(struct xd_rpc_call *call);
json_t *xd_method_worker_show(struct xd_rpc_call *call);
json_t *xd_method_worker_balance(struct xd_rpc_call *call);
json_t *xd_method_memory_show(struct xd_rpc_call *call);
json_t *xd_method_stats_show(struct xd_rpc_call *call);
json_t *xd_method_stats_drops(struct xd_rpc_call *call);
json_t *xd_method_daemon_status(struct xd_rpc_call *call);

json_t *xd_method_fdb_show(struct xd_rpc_call *call);
json_t *xd_method_fdb_flush(struct xd_rpc_call *call);
json_t *xd_method_fdb_add(struct xd_rpc_call *call);
json_t *xd_method_fdb_del(struct xd_rpc_call *call);
json_t *xd_method_log_show(struct xd_rpc_call *call);
json_t *xd_method_log_set(struct xd_rpc_call *call);

/* Commits next (takes it) and answers {"changed": [...], "saved": ..., "note": ...}. */
json_t *xd_method_commit(struct xd_rpc_call *call, struct xd_daemon_config *next);

/* All ports, *n of them; the caller frees. NULL: err says no memory. */
struct xd_port_info *xd_method_ports(struct xd_rpc_call *call, unsigned *n);

#endif
