/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of ovs-appctl's commands, and those that tell about it and about the daemon. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/vhost/config.h"
#include "unixctl/commands.h"

static bool
version(struct xd_unixctl_call *call)
{
	/* What reads it takes the last word of the first line for Open vSwitch's version. */
	fprintf(call->out, "ovs-vswitchd (Open vSwitch) 3.1.0\nCrossdock %s\n", xd_version());
	return true;
}

static bool
list_commands(struct xd_unixctl_call *call)
{
	fprintf(call->out, "The available commands are:\n");
	for (const struct xd_unixctl_command *c = xd_unixctl_commands; c->name; c++) {
		if (c->run)
			fprintf(call->out, "  %-23s %s\n", c->name, c->usage);
	}
	return true;
}

static bool
end_daemon(struct xd_unixctl_call *call)
{
	if (call->nb_args && strcmp(call->args[0], "--cleanup"))
		return xd_unixctl_refuse(call, "exit: the only option is --cleanup");
	call->opts->exit(call->opts->ctx);
	return true;
}

static bool
memory_show(struct xd_unixctl_call *call)
{
	fprintf(call->out, "handlers:0 ports:%u revalidators:0 rules:0\n",
		xd_switch_ports(call->sw, NULL, 0));
	return true;
}

/* Counters of events are in crossdockctl's own displays. */
static bool
coverage_show(struct xd_unixctl_call *call)
{
	fprintf(call->out,
		"Event coverage, avg rate over last: 5 seconds, last minute, last hour,  "
		"hash=00000000:\n0 events never hit\n");
	return true;
}

static bool
done(struct xd_unixctl_call *call)
{
	(void)call;
	return true;
}

#define OPENFLOW "there is no OpenFlow: frames are switched by MAC address; crossdockctl fdb show"
#define ENABLED  "a member whose link is up is enabled; crossdockctl bond set-active BOND MEMBER"
#define CACHES   "there are no flow caches; crossdockctl worker show tells cycles per frame"

const struct xd_unixctl_command xd_unixctl_commands[] = {
	{"bond/disable-member", "", 0, 9, NULL, ENABLED},
	{"bond/enable-member", "", 0, 9, NULL, ENABLED},
	{"bond/list", "", 0, 0, xd_unixctl_bond_list, NULL},
	{"bond/set-active-member", "port member", 2, 2, xd_unixctl_bond_activate, NULL},
	{"bond/show", "[port]", 0, 1, xd_unixctl_bond_show, NULL},
	{"bridge/dump-flows", "", 0, 9, NULL, OPENFLOW},
	{"coverage/read-counter", "", 0, 9, NULL, "crossdockctl worker show and port show"},
	{"coverage/show", "", 0, 0, coverage_show, NULL},
	{"dpctl/dump-dps", "", 0, 0, xd_unixctl_dpctl_dump_dps, NULL},
	{"dpctl/dump-flows", "", 0, 9, NULL, CACHES},
	{"dpctl/show", "[-s] [dp...]", 0, 2, xd_unixctl_dpctl_show, NULL},
	{"dpif-netdev/dpif-impl-get", "", 0, 9, NULL, CACHES},
	{"dpif-netdev/miniflow-parser-get", "", 0, 9, NULL, CACHES},
	{"dpif-netdev/pmd-perf-show",
		"[-nh] [-it iter-history-len] [-ms ms-history-len] [-pmd core] [dp]", 0, 8,
		xd_unixctl_pmd_perf_show, NULL},
	{"dpif-netdev/pmd-rxq-rebalance", "[dp]", 0, 1, xd_unixctl_pmd_rebalance, NULL},
	{"dpif-netdev/pmd-rxq-show", "[-pmd core] [-secs secs] [dp]", 0, 5, xd_unixctl_pmd_rxq_show,
		NULL},
	{"dpif-netdev/pmd-sleep-show", "[dp]", 0, 1, xd_unixctl_pmd_sleep_show, NULL},
	{"dpif-netdev/pmd-stats-clear", "[-pmd core] [dp]", 0, 3, xd_unixctl_pmd_stats_clear, NULL},
	{"dpif-netdev/pmd-stats-show", "[-pmd core] [dp]", 0, 3, xd_unixctl_pmd_stats_show, NULL},
	{"dpif-netdev/subtable-lookup-prio-get", "", 0, 9, NULL, CACHES},
	{"dpif/dump-dps", "", 0, 0, xd_unixctl_dpif_dump_dps, NULL},
	{"dpif/dump-flows", "", 0, 9, NULL, CACHES},
	{"dpif/show", "", 0, 0, xd_unixctl_dpif_show, NULL},
	{"exit", "[--cleanup]", 0, 1, end_daemon, NULL},
	{"fdb/add", "bridge port vlan mac", 4, 4, xd_unixctl_fdb_add, NULL},
	{"fdb/del", "bridge vlan mac", 3, 3, xd_unixctl_fdb_del, NULL},
	{"fdb/flush", "[bridge]", 0, 1, xd_unixctl_fdb_flush, NULL},
	{"fdb/show", "bridge", 1, 1, xd_unixctl_fdb_show, NULL},
	{"fdb/stats-show", "bridge", 1, 1, xd_unixctl_fdb_stats_show, NULL},
	{"lacp/show", "[port]", 0, 1, xd_unixctl_lacp_show, NULL},
	{"lacp/show-stats", "[port]", 0, 1, xd_unixctl_lacp_show_stats, NULL},
	{"list-commands", "", 0, 0, list_commands, NULL},
	{"mdb/show", "", 0, 9, NULL, "multicast snooping is disabled"},
	{"memory/show", "", 0, 0, memory_show, NULL},
	{"netdev-dpdk/detach", "", 0, 9, NULL,
		"a device is unplugged when its port is deleted: ovs-vsctl del-port, or "
		"crossdockctl port del"},
	{"netdev-dpdk/get-mempool-info", "[netdev]", 0, 1, xd_unixctl_mempool, NULL},
	{"ofproto/list", "", 0, 0, xd_unixctl_ofproto_list, NULL},
	{"ofproto/trace", "", 0, 9, NULL, OPENFLOW},
	{"qos/show", "interface", 1, 1, xd_unixctl_qos_show, NULL},
	{"qos/show-types", "", 0, 9, NULL, "egress-policer: police_out_* of a port"},
	{"upcall/show", "", 0, 9, NULL, CACHES},
	{"version", "", 0, 0, version, NULL},
	{"vlog/close", "", 0, 0, done, NULL},
	{"vlog/list", "", 0, 0, xd_unixctl_vlog_list, NULL},
	{"vlog/reopen", "", 0, 0, done, NULL}, /* the log goes to standard error, not to a file */
	{"vlog/set", "{spec | PATTERN:destination:pattern}", 1, XD_UNIXCTL_ARGS,
		xd_unixctl_vlog_set, NULL},
	{0},
};

bool
xd_unixctl_refuse(struct xd_unixctl_call *call, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(call->out, fmt, args);
	va_end(args);
	return false;
}

static const struct xd_unixctl_command *
find(const char *name)
{
	const struct xd_unixctl_command *c = xd_unixctl_commands;

	while (c->name && strcmp(c->name, name))
		c++;
	return c->name ? c : NULL;
}

bool
xd_unixctl_run(struct xd_unixctl_call *call)
{
	const struct xd_unixctl_command *c = find(call->name);

	if (!c)
		return xd_unixctl_refuse(call,
			"\"%.100s\" is not a valid command (use \"list-commands\" to see a list "
			"of valid commands)",
			call->name);
	if (!c->run)
		return xd_unixctl_refuse(call, "%s is not here: %s", c->name, c->instead);
	if (call->nb_args < c->min)
		return xd_unixctl_refuse(
			call, "\"%s\" command requires at least %u arguments", c->name, c->min);
	if (call->nb_args > c->max)
		return xd_unixctl_refuse(
			call, "\"%s\" command takes at most %u arguments", c->name, c->max);
	return c->run(call);
}

/* ---- What several commands ask ---- */

struct xd_port_info *
xd_unixctl_ports(struct xd_unixctl_call *call, unsigned *n)
{
	unsigned there = xd_switch_ports(call->sw, NULL, 0);
	struct xd_port_info *ports = calloc(there + 1, sizeof(*ports));

	if (!ports) {
		xd_unixctl_refuse(call, "no memory");
		return NULL;
	}
	*n = xd_switch_ports(call->sw, ports, there);
	if (*n > there)
		*n = there;
	return ports;
}

unsigned
xd_unixctl_port_number(const struct xd_unixctl_call *call, const struct xd_port_info *port)
{
	const struct xd_control *control = call->opts->control;
	unsigned number = control->port_number ? control->port_number(control->port_number_ctx,
							 port->config.name)
					       : 0;

	if (number)
		return number;
	return strcmp(port->config.name, port->config.bridge) ? port->index + 1u : XD_UNIXCTL_LOCAL;
}

const char *
xd_unixctl_port_type(const struct xd_port_info *port)
{
	if (!strcmp(port->config.type, "vhost-user"))
		return xd_vhost_config(&port->config)->mode == XD_SOCKET_SERVER
			       ? "dpdkvhostuser"
			       : "dpdkvhostuserclient";
	return strcmp(port->config.type, "af_xdp") ? port->config.type : "afxdp";
}

const struct xd_config *
xd_unixctl_config(const struct xd_unixctl_call *call)
{
	return call->opts->control->running->config;
}

bool
xd_unixctl_has_bridge(struct xd_unixctl_call *call, const char *name)
{
	return xd_config_bridge(xd_unixctl_config(call), name) ||
	       xd_unixctl_refuse(call, "no such bridge");
}
