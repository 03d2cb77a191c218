/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of a database as they are known: by table and UUID, with the columns that are read. A row
 * that changes becomes another object: who keeps a reference to a row sees by comparing pointers
 * whether it is still the same.
 *
 * Tables and columns are named by whoever reads and writes them. The server's schema must have
 * those that are read; others that it does not have are left alone.
 *
 * One thread.
 */
#ifndef XD_OVSDB_REPLICA_H
#define XD_OVSDB_REPLICA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define XD_OVSDB_COLUMNS 24 /* of a table, of each kind */

/* One table. A table of them ends with a NULL name. */
struct xd_ovsdb_table {
	const char *name;
	const char *read[XD_OVSDB_COLUMNS];  /* ended by NULL: monitored */
	const char *write[XD_OVSDB_COLUMNS]; /* written, and not monitored; */
	const char *both[XD_OVSDB_COLUMNS];  /* both: a change of these alone is no news */
	const char *also[XD_OVSDB_COLUMNS];  /* monitored where the schema has them */
};

struct xd_ovsdb_replica {
	const struct xd_ovsdb_table *tables;
	json_t *rows;  /* {TABLE: {UUID: {COLUMN: VALUE}}} */
	json_t *known; /* {TABLE: {COLUMN: true}}, of the server's schema */
};

int xd_ovsdb_replica_init(struct xd_ovsdb_replica *replica, const struct xd_ovsdb_table *tables,
	struct xd_error *err);
void xd_ovsdb_replica_free(struct xd_ovsdb_replica *replica);

/* Whether the schema (RFC 7047, section 3.2) has what is read. -EINVAL: the text says what not. */
int xd_ovsdb_replica_schema(
	struct xd_ovsdb_replica *replica, const json_t *schema, struct xd_error *err);
/* Whether the schema has a column. */
bool xd_ovsdb_replica_has(
	const struct xd_ovsdb_replica *replica, const char *table, const char *column);
/* The monitor-requests (4.1.5) for what is read. NULL: no memory. */
json_t *xd_ovsdb_replica_request(const struct xd_ovsdb_replica *replica);

/* Forgets all rows: those of a new connection follow. */
void xd_ovsdb_replica_clear(struct xd_ovsdb_replica *replica);
/* Takes table-updates (4.1.6) over. 1: there is news; 0: only columns that we write; -EINVAL: they
 * are none. */
int xd_ovsdb_replica_update(
	struct xd_ovsdb_replica *replica, const json_t *updates, struct xd_error *err);

/* A row, borrowed; NULL: there is none. */
const json_t *xd_ovsdb_replica_row(
	const struct xd_ovsdb_replica *replica, const char *table, const char *uuid);
/* All rows of a table, {UUID: row}; NULL: none. */
const json_t *xd_ovsdb_replica_table(const struct xd_ovsdb_replica *replica, const char *table);

#endif
