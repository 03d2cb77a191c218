/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of an OVSDB server (RFC 7047): it connects and connects again, holds the lock that says
 * who may write, keeps a copy of the rows it monitors, and has one transaction at a time under way.
 * It knows neither switches nor what the tables mean.
 *
 *     connect -> get_schema -> lock and monitor -> rows come, transactions go
 *
 * Whatever goes wrong ends the connection, with one line in the log, and it is tried again after 1
 * s, doubled up to 8 s. A line that would say the same again is left out.
 *
 * The loop's thread, all of it; callbacks are called with the loop's lock held.
 */
#ifndef XD_OVSDB_CLIENT_H
#define XD_OVSDB_CLIENT_H

#include <jansson.h>

#include "base/log.h"
#include "base/loop.h"
#include "ovsdb/replica.h"
#include "ovsdb/tls.h"

#define XD_OVSDB_BACKOFF_MIN_MS 1000
#define XD_OVSDB_BACKOFF_MAX_MS 8000
#define XD_OVSDB_PROBE_MS       5000 /* of silence, before a far server is asked for a sign */
#define XD_OVSDB_BACKLOG_MAX    (16u << 20) /* bytes that a server has not taken yet */

struct xd_ovsdb_client;

struct xd_ovsdb_client_opts {
	const char *remote;              /* borrowed, like all below */
	struct xd_ovsdb_tls_files files; /* for ssl */
	const char *database;            /* "Open_vSwitch" */
	const char *lock; /* "ovs_vswitchd"; NULL: it only reads, whoever has the lock */
	const struct xd_ovsdb_table *tables; /* what is read and written: replica.h */
	struct xd_loop *loop;
	const struct xd_log *log;
	/* Rows have changed, or were all read (again), and the lock, if any, is held. */
	void (*changed)(void *ctx);
	/* A transaction has ended; ok: every operation of it was done. */
	void (*done)(void *ctx, bool ok);
	/* The connection has ended, or the lock was lost: a transaction under way has gone with it.
	 * The rows stay, as they were known last. */
	void (*lost)(void *ctx);
	/* Whatever goes wrong: it is said to this and not in the log, and not tried again. May be
	 * NULL. */
	void (*failed)(void *ctx, const struct xd_error *err);
	void *ctx;
};

/* NULL: -EINVAL: not a remote; -ENOMEM. Whether the server is there shows later. With the loop's
 * lock held. */
struct xd_ovsdb_client *xd_ovsdb_client_create(
	const struct xd_ovsdb_client_opts *opts, struct xd_error *err);
/* NULL is fine. With the loop's lock held. */
void xd_ovsdb_client_destroy(struct xd_ovsdb_client *client);

/* Whether it holds the lock and knows all rows. */
bool xd_ovsdb_client_ready(const struct xd_ovsdb_client *client);
/* Whether a transaction can begin: it is ready and none is under way. */
bool xd_ovsdb_client_idle(const struct xd_ovsdb_client *client);
const struct xd_ovsdb_replica *xd_ovsdb_client_rows(const struct xd_ovsdb_client *client);
/* Begins a transaction of these operations (an array, taken), to which the lock is added as the
 * last. Only while idle. */
void xd_ovsdb_client_transact(struct xd_ovsdb_client *client, json_t *operations);

#endif
