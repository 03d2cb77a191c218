/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said over a connection: get_schema, lock, monitor, transactions (RFC 7047, section 4). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/client_internal.h"

/* Whether there is something to do with the rows. */
static void
tell_changed(struct xd_ovsdb_client *client)
{
	if (xd_ovsdb_client_ready(client))
		client->opts.changed(client->opts.ctx);
}

static int
got_schema(struct xd_ovsdb_client *client, const json_t *schema, struct xd_error *err)
{
	int ret = xd_ovsdb_replica_schema(&client->replica, schema, err);

	if (ret == 0 && client->opts.lock)
		ret = xd_ovsdb_client_ask(
			client, "lock", ID_LOCK, json_pack("[s]", client->opts.lock), err);
	if (ret == 0)
		ret = xd_ovsdb_client_ask(client, "monitor", ID_MONITOR,
			json_pack("[s, n, o]", client->opts.database,
				xd_ovsdb_replica_request(&client->replica)),
			err);
	return ret;
}

static void
set_locked(struct xd_ovsdb_client *client, bool locked)
{
	bool was = client->locked;

	client->locked = locked;
	if (!locked && !client->waits) {
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_WARN,
			"database %s: another ovs-vswitchd or crossdockd holds its lock %s; "
			"waiting until it ends",
			client->opts.remote, client->opts.lock);
		client->waits = true;
	}
	if (locked && client->waits) {
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_INFO,
			"database %s: got its lock %s", client->opts.remote, client->opts.lock);
		client->waits = false;
	}
	if (was && !locked) {
		client->pending = 0;
		client->opts.lost(client->opts.ctx);
	}
}

static int
got_rows(struct xd_ovsdb_client *client, const json_t *rows, struct xd_error *err)
{
	int ret;

	xd_ovsdb_replica_clear(&client->replica);
	ret = xd_ovsdb_replica_update(&client->replica, rows, err);
	if (ret < 0)
		return ret;
	client->monitored = true;
	client->backoff_ms = XD_OVSDB_BACKOFF_MIN_MS;
	client->told[0] = 0;
	xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_INFO, "database %s: connected",
		client->opts.remote);
	return 0;
}

/* The first thing that went wrong in a transaction's result, or NULL: section 4.1.3. */
static const json_t *
find_error(const json_t *results)
{
	const json_t *result;
	size_t i;

	json_array_foreach(results, i, result)
	{
		if (json_object_get(result, "error"))
			return result;
	}
	return NULL;
}

/* Says once what the server says of a transaction. */
static void
tell_refused(struct xd_ovsdb_client *client, const json_t *error)
{
	const char *what = json_string_value(json_object_get(error, "error"));
	const char *details = json_string_value(json_object_get(error, "details"));
	char text[sizeof(client->told)];

	snprintf(text, sizeof(text), "refuses what is written to it: %.100s%s%.250s",
		what ? what : "no reason", details ? ": " : "", details ? details : "");
	xd_one_line(text);
	if (strcmp(text, client->told))
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_ERROR, "database %s: it %s",
			client->opts.remote, text);
	strcpy(client->told, text);
}

static int
got_result(struct xd_ovsdb_client *client, const json_t *results)
{
	const json_t *error = find_error(results);
	const char *what = json_string_value(json_object_get(error, "error"));

	client->pending = 0;
	if (client->slow)
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_INFO,
			"database %s: it answers again", client->opts.remote);
	client->slow = false;
	if (error && what && !strcmp(what, "not owner"))
		set_locked(client, false);
	else if (error || !json_is_array(results))
		tell_refused(client, error);
	client->opts.done(client->opts.ctx, json_is_array(results) && !error);
	return 0;
}

static int
take_reply(
	struct xd_ovsdb_client *client, const json_t *message, json_int_t id, struct xd_error *err)
{
	const json_t *result = json_object_get(message, "result");
	const json_t *error = json_object_get(message, "error");

	if (error && !json_is_null(error)) {
		char *text = json_dumps(error, JSON_COMPACT | JSON_ENCODE_ANY);

		xd_fail(err, -EPROTO, "it has no database %s that can be used: %.200s",
			client->opts.database, text ? text : "");
		free(text);
		return -EPROTO;
	}
	if (id == ID_SCHEMA)
		return got_schema(client, result, err);
	if (id == ID_LOCK)
		set_locked(client, json_is_true(json_object_get(result, "locked")));
	else if (id == ID_MONITOR && got_rows(client, result, err) < 0)
		return -EINVAL;
	else if (id == client->pending && id)
		return got_result(client, result);
	if (id == ID_LOCK || id == ID_MONITOR)
		tell_changed(client);
	return 0;
}

static int
take_update(struct xd_ovsdb_client *client, const json_t *params, struct xd_error *err)
{
	int ret = client->monitored ? xd_ovsdb_replica_update(
					      &client->replica, json_array_get(params, 1), err)
				    : 0;

	if (ret > 0)
		tell_changed(client);
	return ret < 0 ? ret : 0;
}

static int
take_request(struct xd_ovsdb_client *client, const char *method, const json_t *message,
	struct xd_error *err)
{
	json_t *params = json_object_get(message, "params"), *id = json_object_get(message, "id");

	if (!strcmp(method, "echo"))
		return xd_ovsdb_client_say(client,
			json_pack("{s:O?, s:n, s:O?}", "result", params, "error", "id", id), err);
	if (!strcmp(method, "update"))
		return take_update(client, params, err);
	if (!strcmp(method, "locked")) {
		set_locked(client, true);
		tell_changed(client);
	}
	if (!strcmp(method, "stolen"))
		set_locked(client, false);
	return 0;
}

static int
take_message(struct xd_ovsdb_client *client, const json_t *message, struct xd_error *err)
{
	const char *method = json_string_value(json_object_get(message, "method"));

	if (method)
		return take_request(client, method, message, err);
	return take_reply(client, message, json_integer_value(json_object_get(message, "id")), err);
}

int
xd_ovsdb_session_take(struct xd_ovsdb_client *client, struct xd_error *err)
{
	json_t *message;
	int ret;

	while ((ret = xd_ovsdb_reader_next(&client->reader, &message, err)) > 0) {
		ret = take_message(client, message, err);
		json_decref(message);
		if (ret < 0)
			return ret;
	}
	return ret;
}

int
xd_ovsdb_session_begin(struct xd_ovsdb_client *client, struct xd_error *err)
{
	return xd_ovsdb_client_ask(
		client, "get_schema", ID_SCHEMA, json_pack("[s]", client->opts.database), err);
}
