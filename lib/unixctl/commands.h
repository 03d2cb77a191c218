/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands of ovs-appctl: one row each. A command writes its answer, which ovs-appctl prints,
 * and returns whether it is one; else what it wrote is an error.
 *
 * The loop's thread.
 */
#ifndef XD_UNIXCTL_COMMANDS_H
#define XD_UNIXCTL_COMMANDS_H

#include <stdio.h>

#include "unixctl/unixctl.h"

#define XD_UNIXCTL_ARGS 8 /* of a request */

#define XD_UNIXCTL_ANY_CORE UINT32_MAX

/* What workers had counted when pmd-stats-clear was typed. All zeroes: it was not. */
struct xd_unixctl_cleared {
	struct xd_worker_info *workers;
	unsigned nb_workers;
	uint64_t at_ns;
};

struct xd_unixctl_call {
	const struct xd_unixctl_opts *opts;
	struct xd_unixctl_cleared *cleared;
	struct xd_switch *sw;
	const char *name;
	const char *args[XD_UNIXCTL_ARGS];
	unsigned nb_args;
	FILE *out;
};

struct xd_unixctl_command {
	const char *name;
	const char *usage;                         /* as list-commands says it */
	unsigned min, max;                         /* arguments */
	bool (*run)(struct xd_unixctl_call *call); /* NULL: it is not here, */
	const char *instead;                       /* and this is what to type */
};

/* Ended by a NULL name; in the order of their names. */
extern const struct xd_unixctl_command xd_unixctl_commands[];

/* Runs what the call names. */
bool xd_unixctl_run(struct xd_unixctl_call *call);
/* Writes an error; false, for a command to return. */
bool xd_unixctl_refuse(struct xd_unixctl_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All ports in the order of the configuration, the caller's to free(); NULL: no memory. */
struct xd_port_info *xd_unixctl_ports(struct xd_unixctl_call *call, unsigned *n);
/* A port's number in OpenFlow's terms: 65534 of the bridge's own. It goes through a list of ports.
 */
unsigned xd_unixctl_port_number(
	const struct xd_unixctl_call *call, const struct xd_port_info *port);
/* Its type as Open vSwitch names it. */
const char *xd_unixctl_port_type(const struct xd_port_info *port);
/* What runs: borrowed, until the call returns. */
const struct xd_config *xd_unixctl_config(const struct xd_unixctl_call *call);
/* Whether a bridge of that name is there; says so otherwise. */
bool xd_unixctl_has_bridge(struct xd_unixctl_call *call, const char *name);

/* ---- cleared.c ---- */

/* Has the counters of the worker on a core, or of all, begin now. False: no memory, and it was
 * said. */
bool xd_unixctl_clear(struct xd_unixctl_call *call, unsigned core);
/* Has a worker's counters be those since then. */
void xd_unixctl_since(const struct xd_unixctl_cleared *cleared, struct xd_worker_info *worker);

#define XD_UNIXCTL_LOCAL 65534 /* OpenFlow 1.0, section 5.2.1: OFPP_LOCAL */

bool xd_unixctl_fdb_show(struct xd_unixctl_call *call);
bool xd_unixctl_fdb_flush(struct xd_unixctl_call *call);
bool xd_unixctl_fdb_stats_show(struct xd_unixctl_call *call);
bool xd_unixctl_fdb_add(struct xd_unixctl_call *call);
bool xd_unixctl_fdb_del(struct xd_unixctl_call *call);
bool xd_unixctl_lacp_show(struct xd_unixctl_call *call);
bool xd_unixctl_lacp_show_stats(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_rxq_show(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_stats_show(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_perf_show(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_stats_clear(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_rebalance(struct xd_unixctl_call *call);
bool xd_unixctl_pmd_sleep_show(struct xd_unixctl_call *call);
bool xd_unixctl_dpif_show(struct xd_unixctl_call *call);
bool xd_unixctl_dpif_dump_dps(struct xd_unixctl_call *call);
bool xd_unixctl_dpctl_show(struct xd_unixctl_call *call);
bool xd_unixctl_dpctl_dump_dps(struct xd_unixctl_call *call);
bool xd_unixctl_mempool(struct xd_unixctl_call *call);
bool xd_unixctl_ofproto_list(struct xd_unixctl_call *call);
bool xd_unixctl_bond_show(struct xd_unixctl_call *call);
bool xd_unixctl_bond_list(struct xd_unixctl_call *call);
bool xd_unixctl_bond_activate(struct xd_unixctl_call *call);
bool xd_unixctl_qos_show(struct xd_unixctl_call *call);
bool xd_unixctl_vlog_list(struct xd_unixctl_call *call);
bool xd_unixctl_vlog_set(struct xd_unixctl_call *call);

#endif
