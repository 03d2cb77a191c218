/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as they are known: replica.h. */
#include <errno.h>
#include <string.h>

#include "ovsdb/replica.h"

int
xd_ovsdb_replica_init(
	struct xd_ovsdb_replica *replica, const struct xd_ovsdb_table *tables, struct xd_error *err)
{
	replica->tables = tables;
	replica->rows = json_object();
	replica->known = json_object();
	if (replica->rows && replica->known)
		return 0;
	xd_ovsdb_replica_free(replica);
	return xd_fail(err, -ENOMEM, "no memory for the database's rows");
}

void
xd_ovsdb_replica_free(struct xd_ovsdb_replica *replica)
{
	json_decref(replica->rows);
	json_decref(replica->known);
	replica->rows = replica->known = NULL;
}

/* ---- Its schema ---- */

bool
xd_ovsdb_replica_has(const struct xd_ovsdb_replica *replica, const char *table, const char *column)
{
	return json_object_get(json_object_get(replica->known, table), column) != NULL;
}

static int
need(const struct xd_ovsdb_replica *replica, const struct xd_ovsdb_table *table,
	const char *const *columns, struct xd_error *err)
{
	for (; *columns; columns++) {
		if (!xd_ovsdb_replica_has(replica, table->name, *columns))
			return xd_fail(err, -EINVAL,
				"its schema is none of Open vSwitch 2.10 to 3.x: table %s has no "
				"column %s",
				table->name, *columns);
	}
	return 0;
}

int
xd_ovsdb_replica_schema(
	struct xd_ovsdb_replica *replica, const json_t *schema, struct xd_error *err)
{
	const json_t *tables = json_object_get(schema, "tables");
	int ret = 0;

	json_object_clear(replica->known);
	for (const struct xd_ovsdb_table *t = replica->tables; ret == 0 && t->name; t++) {
		json_t *columns = json_object_get(json_object_get(tables, t->name), "columns");
		json_t *names = json_object();
		const char *name;
		json_t *value;

		json_object_foreach(columns, name, value)
			json_object_set_new(names, name, json_true());
		json_object_set_new(replica->known, t->name, names);
		ret = need(replica, t, t->read, err);
		if (ret == 0)
			ret = need(replica, t, t->both, err);
	}
	return ret;
}

static void
append(json_t *list, const char *const *columns)
{
	for (; *columns; columns++)
		json_array_append_new(list, json_string(*columns));
}

static void
append_known(
	const struct xd_ovsdb_replica *replica, const struct xd_ovsdb_table *table, json_t *list)
{
	for (const char *const *also = table->also; *also; also++) {
		if (xd_ovsdb_replica_has(replica, table->name, *also))
			json_array_append_new(list, json_string(*also));
	}
}

json_t *
xd_ovsdb_replica_request(const struct xd_ovsdb_replica *replica)
{
	json_t *request = json_object();

	for (const struct xd_ovsdb_table *t = replica->tables; t->name; t++) {
		json_t *columns = json_array();

		append(columns, t->read);
		append(columns, t->both);
		append_known(replica, t, columns);
		json_object_set_new(request, t->name, json_pack("{s:o}", "columns", columns));
	}
	return request;
}

/* ---- Its rows ---- */

void
xd_ovsdb_replica_clear(struct xd_ovsdb_replica *replica)
{
	json_object_clear(replica->rows);
}

static const struct xd_ovsdb_table *
find_table(const struct xd_ovsdb_replica *replica, const char *name)
{
	for (const struct xd_ovsdb_table *t = replica->tables; t->name; t++) {
		if (!strcmp(t->name, name))
			return t;
	}
	return NULL;
}

/* Whether a column is other than those that are ours to write. */
static bool
is_news(const struct xd_ovsdb_table *table, const json_t *old)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)old, name, value)
	{
		const char *const *ours = table->both;

		while (*ours && strcmp(*ours, name))
			ours++;
		if (!*ours)
			return true;
	}
	return false;
}

/* One row-update: 1: news. */
static int
update_row(json_t *rows, const struct xd_ovsdb_table *table, const char *uuid, const json_t *update)
{
	const json_t *old = json_object_get(update, "old");
	json_t *new = json_object_get(update, "new");

	if (!json_is_object(new)) {
		json_object_del(rows, uuid);
		return 1;
	}
	json_object_set(rows, uuid, new);
	return !json_is_object(old) || is_news(table, old);
}

int
xd_ovsdb_replica_update(
	struct xd_ovsdb_replica *replica, const json_t *updates, struct xd_error *err)
{
	const char *name, *uuid;
	json_t *table_update, *update;
	int news = 0;

	if (!json_is_object(updates))
		return xd_fail(err, -EINVAL, "it sends updates of tables that are none");
	json_object_foreach((json_t *)(uintptr_t)updates, name, table_update)
	{
		const struct xd_ovsdb_table *table = find_table(replica, name);
		json_t *rows = json_object_get(replica->rows, name);

		if (!table)
			continue;
		if (!rows) {
			rows = json_object();
			json_object_set_new(replica->rows, name, rows);
		}
		json_object_foreach(table_update, uuid, update) news |=
			update_row(rows, table, uuid, update);
	}
	return news;
}

const json_t *
xd_ovsdb_replica_table(const struct xd_ovsdb_replica *replica, const char *table)
{
	return json_object_get(replica->rows, table);
}

const json_t *
xd_ovsdb_replica_row(const struct xd_ovsdb_replica *replica, const char *table, const char *uuid)
{
	return uuid ? json_object_get(json_object_get(replica->rows, table), uuid) : NULL;
}
