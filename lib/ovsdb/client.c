/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection: client.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop_time.h"
#include "base/one_line.h"
#include "ovsdb/client_internal.h"

#define READS_AT_ONCE 64 /* before the loop's other watches have their turn */

static void connect_again(void *ctx);
static void look_for_silence(void *ctx);

/* ---- Ending a connection ---- */

static void
hang_up(struct xd_ovsdb_client *client)
{
	bool was = client->stream != NULL;

	xd_loop_remove(client->watch);
	client->watch = NULL;
	xd_loop_timer_cancel(client->timer);
	client->timer = NULL;
	xd_ovsdb_stream_close(client->stream);
	client->stream = NULL;
	xd_ovsdb_reader_reset(&client->reader);
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_room = 0;
	client->connected = client->locked = client->monitored = client->probed = false;
	client->broken = client->slow = false;
	client->waits = false;
	client->pending = 0;
	if (was && client->opts.lost)
		client->opts.lost(client->opts.ctx);
}

/* Ends the connection, says why unless that was said last, and tries again later. */
static void
fail(struct xd_ovsdb_client *client, const struct xd_error *err)
{
	char text[sizeof(client->told)];

	if (client->opts.failed) {
		hang_up(client);
		client->opts.failed(client->opts.ctx, err);
		return;
	}
	snprintf(text, sizeof(text), "%s", err->text);
	xd_one_line(text);
	if (strcmp(text, client->told))
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_WARN,
			"database %s: %s; it is tried again, and nothing changes meanwhile",
			client->opts.remote, text);
	strcpy(client->told, text);
	hang_up(client);
	client->timer =
		xd_loop_timer(client->opts.loop, client->backoff_ms, 0, connect_again, client);
	client->backoff_ms = 2 * client->backoff_ms > XD_OVSDB_BACKOFF_MAX_MS
				     ? XD_OVSDB_BACKOFF_MAX_MS
				     : 2 * client->backoff_ms;
}

/* ---- Sending ---- */

static int
append(struct xd_ovsdb_client *client, const char *text, size_t len, struct xd_error *err)
{
	size_t room = client->out_room ? client->out_room : 65536;
	char *out;

	if (len + client->out_len > XD_OVSDB_BACKLOG_MAX)
		return xd_fail(err, -E2BIG, "it does not read what it is sent");
	while (room < client->out_len + len)
		room *= 2;
	if (room != client->out_room) {
		out = realloc(client->out, room);
		if (!out)
			return xd_fail(err, -ENOMEM, "no memory for a message to it");
		client->out = out;
		client->out_room = room;
	}
	memcpy(client->out + client->out_len, text, len);
	client->out_len += len;
	return 0;
}

/* Sends what the server takes now. */
static int
flush(struct xd_ovsdb_client *client, struct xd_error *err)
{
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < client->out_len) {
		n = xd_ovsdb_stream_write(
			client->stream, client->out + sent, client->out_len - sent, err);
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	if (n < 0 && n != -EAGAIN)
		return (int)n;
	client->out_len -= sent;
	if (sent)
		memmove(client->out, client->out + sent, client->out_len);
	xd_loop_modify(client->watch, xd_ovsdb_stream_events(client->stream, client->out_len > 0));
	return 0;
}

int
xd_ovsdb_client_say(struct xd_ovsdb_client *client, json_t *message, struct xd_error *err)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	int ret = text ? append(client, text, strlen(text), err)
		       : xd_fail(err, -ENOMEM, "no memory for a message to it");

	free(text);
	json_decref(message);
	return ret;
}

int
xd_ovsdb_client_ask(struct xd_ovsdb_client *client, const char *method, json_int_t id,
	json_t *params, struct xd_error *err)
{
	return xd_ovsdb_client_say(client,
		json_pack("{s:s, s:o, s:I}", "method", method, "params", params, "id", id), err);
}

static int
read_some(struct xd_ovsdb_client *client, struct xd_error *err)
{
	for (unsigned i = 0; i < READS_AT_ONCE || xd_ovsdb_stream_pending(client->stream); i++) {
		size_t room;
		char *at = xd_ovsdb_reader_room(&client->reader, &room, err);
		ssize_t n = at ? xd_ovsdb_stream_read(client->stream, at, room, err) : err->code;

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		client->heard_ns = xd_loop_now_ns(client->opts.loop);
		client->probed = false;
		xd_ovsdb_reader_put(&client->reader, (size_t)n);
		n = xd_ovsdb_session_take(client, err);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

/* ---- Connecting ---- */

static int
begin(struct xd_ovsdb_client *client, struct xd_error *err)
{
	int ret = xd_ovsdb_stream_connect(client->stream, err);

	if (ret <= 0)
		return ret;
	client->connected = true;
	return xd_ovsdb_session_begin(client, err);
}

static void
ready(void *ctx, uint32_t events)
{
	struct xd_ovsdb_client *client = ctx;
	struct xd_error err = {0};
	int ret = client->connected ? 0 : begin(client, &err);

	(void)events;
	if (client->broken)
		ret = xd_fail(&err, -ENOMEM, "what was to be written did not go out");
	if (ret == 0 && client->connected)
		ret = read_some(client, &err);
	if (ret == 0)
		ret = flush(client, &err);
	if (ret < 0)
		fail(client, &err);
}

static int
watch(struct xd_ovsdb_client *client, struct xd_error *err)
{
	client->watch = xd_loop_add(client->opts.loop, xd_ovsdb_stream_fd(client->stream),
		EPOLLIN | EPOLLOUT, ready, client);
	if (client->watch)
		client->timer = xd_loop_timer(client->opts.loop, XD_OVSDB_PROBE_MS,
			XD_OVSDB_PROBE_MS, look_for_silence, client);
	return client->timer ? 0 : xd_fail(err, -ENOMEM, "no memory to watch the connection");
}

static void
connect_again(void *ctx)
{
	struct xd_ovsdb_client *client = ctx;
	struct xd_error err;

	xd_loop_timer_cancel(client->timer);
	client->timer = NULL;
	client->heard_ns = xd_loop_now_ns(client->opts.loop);
	client->stream = xd_ovsdb_stream_open(client->opts.remote, &client->opts.files, &err);
	if (!client->stream || watch(client, &err) < 0)
		fail(client, &err);
}

/* A server in the same machine cannot go without a word, and may be busy for long: once the rows
 * are there it is waited for, and said so once. */
static void
tell_slow(struct xd_ovsdb_client *client)
{
	if (client->pending && !client->slow)
		xd_log(client->opts.log, XD_LOG_CONTROL, XD_LOG_WARN,
			"database %s: it does not answer; it is waited for, and nothing changes "
			"meanwhile",
			client->opts.remote);
	client->slow = client->pending != 0;
}

/* A connection over a network may have gone without a word: section 4.1.11. */
static void
look_for_silence(void *ctx)
{
	struct xd_ovsdb_client *client = ctx;
	struct xd_error err;
	int ret = 0;

	if (xd_loop_now_ns(client->opts.loop) - client->heard_ns < XD_OVSDB_PROBE_MS * 1000000ull)
		return;
	if (!xd_ovsdb_remote_is_far(client->opts.remote) && client->monitored) {
		tell_slow(client);
		return;
	}
	if (client->probed || !client->connected)
		ret = xd_fail(&err, -ETIMEDOUT, "it does not answer");
	else
		ret = xd_ovsdb_client_ask(client, "echo", ID_PROBE, json_array(), &err);
	client->probed = true;
	if (ret == 0)
		ret = flush(client, &err);
	if (ret < 0)
		fail(client, &err);
}

/* ---- Its life ---- */

struct xd_ovsdb_client *
xd_ovsdb_client_create(const struct xd_ovsdb_client_opts *opts, struct xd_error *err)
{
	struct xd_ovsdb_client *client;

	if (xd_ovsdb_remote_check(opts->remote, &opts->files, err))
		return NULL;
	client = calloc(1, sizeof(*client));
	if (!client) {
		xd_fail(err, -ENOMEM, "no memory for a database's client");
		return NULL;
	}
	client->opts = *opts;
	client->backoff_ms = XD_OVSDB_BACKOFF_MIN_MS;
	client->next_id = ID_TRANSACT;
	if (xd_ovsdb_replica_init(&client->replica, opts->tables, err)) {
		free(client);
		return NULL;
	}
	connect_again(client);
	return client;
}

void
xd_ovsdb_client_destroy(struct xd_ovsdb_client *client)
{
	if (!client)
		return;
	client->opts.lost = NULL;
	hang_up(client);
	xd_ovsdb_replica_free(&client->replica);
	free(client);
}

bool
xd_ovsdb_client_ready(const struct xd_ovsdb_client *client)
{
	return (client->locked || !client->opts.lock) && client->monitored;
}

bool
xd_ovsdb_client_idle(const struct xd_ovsdb_client *client)
{
	return xd_ovsdb_client_ready(client) && !client->pending;
}

const struct xd_ovsdb_replica *
xd_ovsdb_client_rows(const struct xd_ovsdb_client *client)
{
	return &client->replica;
}

void
xd_ovsdb_client_transact(struct xd_ovsdb_client *client, json_t *operations)
{
	struct xd_error err;
	int ret;

	json_array_insert_new(operations, 0, json_string(client->opts.database));
	json_array_append_new(
		operations, json_pack("{s:s, s:s}", "op", "assert", "lock", client->opts.lock));
	client->pending = client->next_id++;
	client->heard_ns = xd_loop_now_ns(client->opts.loop);
	ret = xd_ovsdb_client_ask(client, "transact", client->pending, operations, &err);
	if (ret == 0)
		ret = flush(client, &err);
	if (ret == 0)
		return;
	/* Callbacks of the connection may have led here: it ends when they are through. */
	client->broken = true;
	xd_loop_modify(client->watch, EPOLLIN | EPOLLOUT);
}
