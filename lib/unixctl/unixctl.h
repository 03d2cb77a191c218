/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ovs-appctl's socket: whoever types ovs-appctl, and what collects figures by it, finds Crossdock
 * where ovs-vswitchd was. RUN_DIR/ovs-vswitchd.pid, locked as ovs-appctl wants it, leads to
 * RUN_DIR/ovs-vswitchd.PID.ctl, on which requests are JSON-RPC 1.0 with one string as the result.
 * It owns nothing of the switch: each command asks the library, and says what Open vSwitch 3.1
 * says.
 *
 *   unixctl.c    its life; a request and its answer
 *   pid_file.c   the file that says which process answers
 *   commands.c   the table of commands, and those about it
 *   show_pmd.c   dpif-netdev/: workers and their queues
 *   cleared.c    what pmd-stats-clear has them count from
 *   show_dpif.c  dpif/ and dpctl/: ports
 *   show_fdb.c   fdb/
 *   show_bond.c  bond/ and lacp/
 *   show_qos.c   qos/
 *   vlog.c       vlog/
 */
#ifndef XD_UNIXCTL_UNIXCTL_H
#define XD_UNIXCTL_UNIXCTL_H

#include "base/loop.h"
#include "control/control.h"

struct xd_unixctl;

struct xd_unixctl_opts {
	const char *run_dir;        /* /run/openvswitch; borrowed, like all below */
	struct xd_control *control; /* its switch is asked once the loop runs */
	struct xd_loop *loop;
	const struct xd_log *log;
	void (*exit)(void *ctx); /* somebody typed `exit` */
	void *ctx;
};

/* Listens; requests are answered once the loop runs, on its thread. -EADDRINUSE: an ovs-vswitchd or
 * another crossdockd holds the pid file; and what xd_listen fails with. */
struct xd_unixctl *xd_unixctl_create(const struct xd_unixctl_opts *opts, struct xd_error *err);
/* Hangs up, and removes socket and pid file. NULL is fine. */
void xd_unixctl_destroy(struct xd_unixctl *unixctl);

#endif
