/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/methods.h"

const struct xd_rpc_method xd_control_methods[] = {
	{"config.show", xd_method_config_show, {NULL}},
	{"config.check", xd_method_config_check, {"yaml"}},
	{"config.diff", xd_method_config_diff, {"yaml"}},
	{"config.apply", xd_method_config_apply, {"yaml"}},
	{"bridge.show", xd_method_bridge_show, {"name"}},
	{"bridge.add", xd_method_bridge_add, {"*"}},
	{"bridge.set", xd_method_bridge_set, {"*"}},
	{"bridge.del", xd_method_bridge_del, {"name"}},
	{"port.show", xd_method_port_show, {"name"}},
	{"port.add", xd_method_port_add, {"*"}},
	{"port.set", xd_method_port_set, {"*"}},
	{"port.del", xd_method_port_del, {"name"}},
	{"fdb.show", xd_method_fdb_show, {"bridge", "port", "vlan", "limit", "cursor"}},
	{"fdb.flush", xd_method_fdb_flush, {"bridge", "port"}},
	{"worker.show", xd_method_worker_show, {NULL}},
	{"memory.show", xd_method_memory_show, {NULL}},
	{"stats.show", xd_method_stats_show, {"port"}},
	{"stats.drops", xd_method_stats_drops, {"port"}},
	{"log.show", xd_method_log_show, {"lines"}},
	{"log.set", xd_method_log_set, {"component", "level"}},
	{"daemon.status", xd_method_daemon_status, {NULL}},
	{0},
};
