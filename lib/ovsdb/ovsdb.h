/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crossdock in the place of ovs-vswitchd: what the Open_vSwitch database says becomes the
 * configuration's bridges and ports, and what became of them is written back, so that ovs-vsctl
 * waits and returns as people know it. Nothing of the switch lives here, and nothing of it changes
 * because a server goes or comes.
 *
 *   message.c    texts in a stream of bytes
 *   stream.c     a connection, and tls.c
 *   value.c      values of columns
 *   replica.c    rows as they are known
 *   client.c     connecting and connecting again
 *   session.c    lock, monitoring, transactions: RFC 7047
 *
 *   tables.c     the tables and columns that are read and written
 *   interface.c  an Interface as a port: its type and options
 *   vlan.c       a Port's VLANs
 *   affinity.c   cores of its queues
 *   mac.c        a bridge's Ethernet address
 *   bond.c       a Port of several Interfaces
 *   police.c     the limits of both: ingress_policing_*, QoS
 *   own_keys.c   keys that Open vSwitch has no word for
 *   remark.c     values that a port is made without
 *   mirrors.c    Mirrors
 *   settings.c   other_config of Open_vSwitch and Bridge
 *   answers.c    what they say and nothing here does
 *   rows.c       the rows that bridges come from, as they are now; ports.c: and ports
 *   apply.c      all of them as the switch's next configuration; refused.c: but some
 *   ofport.c     numbers of ports
 *   facts.c      what a driver tells of a port
 *   status.c     what is written of ports, and bond_status.c, statistics.c
 *   ovsdb.c      its life, and when what is done
 *   import.c     the same once, as a configuration file
 */
#ifndef XD_OVSDB_OVSDB_H
#define XD_OVSDB_OVSDB_H

#include "control/control.h"
#include "ovsdb/tls.h"

#define XD_OVSDB_RUN_DIR "/var/run/openvswitch" /* of Debian's packages */

struct xd_ovsdb;

struct xd_ovsdb_opts {
	const char *remote;  /* stream.h; strings are copied */
	const char *run_dir; /* Open vSwitch's, under which sockets of dpdkvhostuser are */
	struct xd_ovsdb_tls_files files; /* for ssl */
	struct xd_control *control;      /* what runs; on the loop's thread */
	struct xd_loop *loop;
	const struct xd_log *log;
};

/* The switch runs already. Whether the server is there shows later, in the log. -EINVAL: not a
 * remote; -ENOMEM. The loop's thread, without its lock. */
struct xd_ovsdb *xd_ovsdb_create(const struct xd_ovsdb_opts *opts, struct xd_error *err);
/* It follows the database and the switch no more, and keeps its lock, so that the switch can be
 * destroyed before another takes over: the loop must not be run any more. NULL is fine. The loop's
 * thread, without its lock. */
void xd_ovsdb_stop(struct xd_ovsdb *ovsdb);
/* Releases the lock. Bridges and ports stay as they are. NULL is fine. The loop's thread, without
 * its lock. */
void xd_ovsdb_destroy(struct xd_ovsdb *ovsdb);

#endif
