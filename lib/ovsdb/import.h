/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A database as a configuration file: what `crossdockd --ovsdb` would make of it, once, without a
 * switch, and without the lock, so that an ovs-vswitchd goes on meanwhile. Nothing is written to
 * the database.
 *
 * One thread a call; nothing is shared.
 */
#ifndef XD_OVSDB_IMPORT_H
#define XD_OVSDB_IMPORT_H

#include "control/daemon_config.h"

struct xd_ovsdb_import {
	struct xd_daemon_config *config; /* the caller's, to be destroyed; */
	json_t *left_out; /* and this: a line of text for each thing that is not in it */
};

/* remote: "unix:PATH" or "tcp:ADDRESS[:PORT]". run_dir: Open vSwitch's, as in ovsdb.h. Waits for
 * the server, which has some 10 seconds for each message. -EINVAL: not such a remote, or the server
 * has no such database, or its settings cannot be: err says which; -ETIMEDOUT, -ENOMEM, or what
 * connecting fails with. */
int xd_ovsdb_import_server(const char *remote, const char *run_dir, struct xd_ovsdb_import *import,
	struct xd_error *err);

/* Without a server: the transaction (RFC 7047, section 4.1.3: the params) whose results have all
 * that is read, for ovsdb-tool(1)'s query. NULL: no memory. */
json_t *xd_ovsdb_import_query(void);
/* results: of that transaction. Errors as above. */
int xd_ovsdb_import_results(const json_t *results, const char *run_dir,
	struct xd_ovsdb_import *import, struct xd_error *err);

#endif
