/* SPDX-License-Identifier: BSD-3-Clause */
/* A database as a configuration file: import.h. Rows are translated as for a switch that runs; what
 * that would log is what is left out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/import.h"
#include "ovsdb/rows.h"
#include "ovsdb/tables.h"
#include "ovsdb/value.h"

#define TABLES_MAX 16

/* What a switch that runs writes or finds for itself, and a file has to be told or cannot be. */
static const struct {
	const char *table, *column, *lost;
} more_columns[] = {
	{"Interface", "mac_in_use", NULL}, /* of internal ones, which keep it */
	{"Bridge", "external_ids", "only the database has them"},
	{"Port", "external_ids", "only the database has them"},
	{"Interface", "external_ids", "only the database has them"},
	{"Interface", "ofport_request", "without the database, ports have no OpenFlow numbers"},
};

#define NB_MORE (sizeof(more_columns) / sizeof(*more_columns))

/* One import under way. */
struct import {
	struct xd_ovsdb o;
	struct xd_control control; /* of a switch without bridges and ports */
	struct xd_ovsdb_table tables[TABLES_MAX];
	struct xd_log log;
	json_t *lines;
	struct xd_daemon_config *config; /* the result */
	bool came;                       /* the server's rows, or */
	struct xd_error *failed;         /* code is 0: not yet */
};

static void
note(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	static const char prefix[] = "database: ";
	struct import *import = ctx;
	bool skip = !strncmp(line, prefix, strlen(prefix));

	(void)level;
	(void)component;
	json_array_append_new(import->lines, json_string(skip ? line + strlen(prefix) : line));
}

/* In place of a switch: what it would be asked to be is checked, and kept. */
static int
keep(struct xd_ovsdb *o, struct xd_daemon_config *next, struct xd_error *err)
{
	struct import *import = (struct import *)o; /* its first member */
	int ret = xd_config_check(next->config, NULL, err);

	if (ret) {
		xd_daemon_config_destroy(next);
		return ret;
	}
	xd_daemon_config_destroy(import->config);
	import->config = next;
	return 0;
}

/* ---- Tables ---- */

static bool
has(const char *const *columns, const char *column)
{
	while (*columns && strcmp(*columns, column))
		columns++;
	return *columns != NULL;
}

static void
add_column(struct xd_ovsdb_table *table, const char *column)
{
	unsigned n = 0;

	if (has(table->read, column) || has(table->both, column))
		return;
	while (table->also[n])
		n++;
	if (n < XD_OVSDB_COLUMNS - 1)
		table->also[n] = column;
}

static void
make_tables(struct xd_ovsdb_table *tables)
{
	for (unsigned i = 0; i < TABLES_MAX - 1 && xd_ovsdb_tables[i].name; i++) {
		tables[i] = xd_ovsdb_tables[i];
		for (unsigned m = 0; m < NB_MORE; m++) {
			if (!strcmp(tables[i].name, more_columns[m].table))
				add_column(&tables[i], more_columns[m].column);
		}
	}
}

/* ---- Its beginning and its end ---- */

static int
begin(struct import *import, const char *run_dir, struct xd_error *err)
{
	make_tables(import->tables);
	xd_log_init(&import->log, note, import, XD_LOG_INFO);
	import->lines = json_array();
	import->control.base = import->control.running = xd_daemon_config_create();
	import->o.told = json_object();
	import->o.commit = keep;
	import->o.opts.control = &import->control;
	import->o.opts.log = &import->log;
	import->o.opts.run_dir = run_dir;
	TAILQ_INIT(&import->o.bridges);
	TAILQ_INIT(&import->o.ports);
	TAILQ_INIT(&import->o.mirrors);
	if (!import->lines || !import->control.base || !import->o.told)
		return xd_fail(err, -ENOMEM, "no memory for the database's rows");
	import->control.base->config->nb_cores = 1;
	import->control.base->config->cores[0] = (uint16_t)xd_default_core();
	return 0;
}

static void
end(struct import *import)
{
	xd_ovsdb_rows_free(&import->o);
	json_decref(import->o.told);
	json_decref(import->lines);
	xd_daemon_config_destroy(import->control.base);
	xd_daemon_config_destroy(import->config);
	free(import->o.infos);
}

/* ---- Rows as a configuration ---- */

/* In how many rows a column is set that does not carry over, though a switch that runs beside the
 * database would have, or needs, nothing of it. */
static void
note_columns(struct import *import)
{
	for (unsigned m = 0; m < NB_MORE; m++) {
		const char *table = more_columns[m].table, *column = more_columns[m].column, *uuid;
		const json_t *rows = xd_ovsdb_replica_table(import->o.rows, table);
		json_t *row;
		unsigned n = 0;

		json_object_foreach((json_t *)(uintptr_t)rows, uuid, row)
		{
			const json_t *value = json_object_get(row, column);

			n += xd_ovsdb_map_size(value) || json_is_integer(value);
		}
		if (n && more_columns[m].lost)
			json_array_append_new(import->lines,
				json_sprintf("%s of %u row%s of table %s: %s", column, n,
					n == 1 ? "" : "s", table, more_columns[m].lost));
	}
}

static int
translate(struct import *import, struct xd_ovsdb_import *result, struct xd_error *err)
{
	struct xd_ovsdb *o = &import->o;

	xd_ovsdb_rows_take(o);
	if (!o->root.row)
		return xd_fail(err, -EINVAL,
			"the database is empty: it has no row in Open_vSwitch (ovs-vsctl init)");
	xd_ovsdb_apply(o);
	if (!import->config)
		return xd_fail(err, -EINVAL, "%s", o->told_error);
	note_columns(import);
	result->config = import->config;
	result->left_out = import->lines;
	import->config = NULL;
	import->lines = NULL;
	return 0;
}

/* ---- From a server ---- */

static void
changed(void *ctx)
{
	struct import *import = ctx;

	import->came = true;
}

static void
lost(void *ctx)
{
	(void)ctx;
}

static void
failed(void *ctx, const struct xd_error *err)
{
	struct import *import = ctx;

	*import->failed = *err;
}

static int
wait_for_rows(struct import *import, const char *remote, struct xd_loop *loop, struct xd_error *err)
{
	const struct xd_ovsdb_client_opts opts = {
		.remote = remote,
		.files = {"", "", ""},
		.database = XD_OVSDB_DATABASE,
		.tables = import->tables,
		.loop = loop,
		.changed = changed,
		.lost = lost,
		.failed = failed,
		.ctx = import,
	};

	*err = (struct xd_error){0};
	import->failed = err;
	xd_loop_lock(loop);
	import->o.client = xd_ovsdb_client_create(&opts, err);
	xd_loop_unlock(loop);
	if (!import->o.client)
		return err->code;
	import->o.rows = xd_ovsdb_client_rows(import->o.client);
	while (!import->came && err->code == 0)
		xd_loop_run_once(loop, -1);
	return import->came ? 0 : err->code;
}

int
xd_ovsdb_import_server(const char *remote, const char *run_dir, struct xd_ovsdb_import *result,
	struct xd_error *err)
{
	struct import import = {0};
	struct xd_loop *loop = xd_loop_create();
	int ret = loop ? begin(&import, run_dir, err)
		       : xd_fail(err, -ENOMEM, "no memory for the database's client");

	if (ret == 0)
		ret = wait_for_rows(&import, remote, loop, err);
	if (ret == 0)
		ret = translate(&import, result, err);
	if (import.o.client) {
		xd_loop_lock(loop);
		xd_ovsdb_client_destroy(import.o.client);
		xd_loop_unlock(loop);
	}
	end(&import);
	xd_loop_destroy(loop);
	return ret;
}

/* ---- From a file ---- */

json_t *
xd_ovsdb_import_query(void)
{
	json_t *operations = json_pack("[s]", XD_OVSDB_DATABASE);

	for (const struct xd_ovsdb_table *t = xd_ovsdb_tables; t->name; t++)
		json_array_append_new(operations,
			json_pack("{s:s, s:s, s:[]}", "op", "select", "table", t->name, "where"));
	return operations;
}

/* The rows that an operation selected, as updates (section 4.1.6). */
static json_t *
rows_as_update(const json_t *result)
{
	json_t *update = json_object(), *row;
	size_t i;

	json_array_foreach(json_object_get(result, "rows"), i, row)
	{
		const char *uuid = xd_ovsdb_uuid(json_object_get(row, "_uuid"));

		if (uuid)
			json_object_set_new(update, uuid, json_pack("{s:O}", "new", row));
	}
	return update;
}

static int
take_results(struct xd_ovsdb_replica *replica, const json_t *results, struct xd_error *err)
{
	json_t *updates = json_object();
	int ret = 0;

	for (size_t i = 0; xd_ovsdb_tables[i].name; i++) {
		const json_t *result = json_array_get(results, i);

		if (!json_is_array(json_object_get(result, "rows")))
			ret = xd_fail(err, -EINVAL, "%s", "it is no database of Open vSwitch");
		json_object_set_new(updates, xd_ovsdb_tables[i].name, rows_as_update(result));
	}
	if (ret == 0)
		ret = xd_ovsdb_replica_update(replica, updates, err);
	json_decref(updates);
	return ret < 0 ? ret : 0;
}

int
xd_ovsdb_import_results(const json_t *results, const char *run_dir, struct xd_ovsdb_import *result,
	struct xd_error *err)
{
	struct xd_ovsdb_replica replica;
	struct import import = {0};
	int ret = xd_ovsdb_replica_init(&replica, xd_ovsdb_tables, err);

	if (ret)
		return ret;
	import.o.rows = &replica;
	ret = begin(&import, run_dir, err);
	if (ret == 0)
		ret = take_results(&replica, results, err);
	if (ret == 0)
		ret = translate(&import, result, err);
	end(&import);
	xd_ovsdb_replica_free(&replica);
	return ret;
}
