/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When what is done: rows that come are applied at once and, in one transaction, what became of
 * them is written with the number (next_cfg) that they had; links that go up or down are written
 * soon after, and statistics every few seconds. One transaction is under way at a time; what comes
 * meanwhile waits for its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ovsdb/rows.h"
#include "ovsdb/tables.h"

#define STATISTICS_MS 5000 /* as ovs-vswitchd's stats-update-interval */
#define SOON_MS       50   /* links that blink are written together */
#define AGAIN_MS      1000 /* after a transaction that was refused */
#define FACTS_AT_ONCE 50   /* ports whose facts are read with statistics, all in turn */

static void again(void *ctx);

/* ---- Writing ---- */

static void
later(struct xd_ovsdb *o, uint32_t ms)
{
	if (!o->soon)
		o->soon = xd_loop_timer(o->opts.loop, ms, 0, again, o);
}

/* Takes the operations. */
static void
transact(struct xd_ovsdb *o, json_t *operations)
{
	if (json_array_size(operations))
		xd_ovsdb_client_transact(o->client, operations);
	else
		json_decref(operations);
}

/* All that is not written as it is; cur_cfg last, which says that the rest is. */
static void
write_all(struct xd_ovsdb *o, bool statistics)
{
	json_t *operations = json_array();

	if (!operations || !o->root.row) {
		json_decref(operations);
		return;
	}
	xd_ovsdb_look(o);
	xd_ovsdb_write_ports(o, operations);
	xd_ovsdb_write_statistics(o, operations, statistics);
	if (statistics)
		xd_ovsdb_mirrors_statistics(o, operations);
	xd_ovsdb_write_root(o, operations);
	transact(o, operations);
}

/* ---- Rows ---- */

static void
changed(void *ctx)
{
	struct xd_ovsdb *o = ctx;

	o->due = !xd_ovsdb_client_idle(o->client);
	o->once_more = true;
	if (o->due)
		return;
	xd_ovsdb_rows_take(o);
	/* Before `ovs-vsctl init` there is nothing to say what is to be. */
	if (!o->root.row)
		return;
	xd_ovsdb_apply(o);
	xd_ovsdb_number_ports(o);
	xd_ovsdb_rows_sweep(o);
	write_all(o, false);
}

static void
done(void *ctx, bool ok)
{
	struct xd_ovsdb *o = ctx;

	if (!ok)
		xd_ovsdb_rows_forget_written(o);
	if (!ok)
		later(o, AGAIN_MS);
	else if (o->due)
		changed(o);
}

static void
lost(void *ctx)
{
	struct xd_ovsdb *o = ctx;

	o->due = false;
	xd_ovsdb_rows_forget_written(o);
}

/* ---- What the switch tells, and time ---- */

static void
again(void *ctx)
{
	struct xd_ovsdb *o = ctx;

	xd_loop_timer_cancel(o->soon);
	o->soon = NULL;
	if (o->due && xd_ovsdb_client_idle(o->client))
		changed(o);
	else if (xd_ovsdb_client_idle(o->client))
		write_all(o, false);
	else if (xd_ovsdb_client_ready(o->client))
		later(o, SOON_MS);
}

static void
link_changed(void *ctx, uint32_t events)
{
	struct xd_ovsdb *o = ctx;
	uint64_t count;

	(void)events;
	if (read(xd_switch_event_fd(o->opts.control->sw), &count, sizeof(count)) < 0)
		return;
	later(o, SOON_MS);
}

/* What no event tells of, such as an interface's MTU: some ports each time. */
static void
have_facts_read(struct xd_ovsdb *o)
{
	struct xd_ovsdb_port *port;
	unsigned n = 0;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (n >= o->turn && n < o->turn + FACTS_AT_ONCE)
			port->stale = true;
		n++;
	}
	o->turn = o->turn + FACTS_AT_ONCE < n ? o->turn + FACTS_AT_ONCE : 0;
}

/* Whether rows that were wrong, since an interface or a directory was missing, are right now. */
static bool
some_right_now(struct xd_ovsdb *o)
{
	unsigned before = o->nb_failing;

	if (before)
		xd_ovsdb_rows_take(o);
	return o->nb_failing < before;
}

/* What was refused for a moment alone, such as the interface of a switch that is just ending, whose
 * place this one has taken. */
static bool
some_refused(const struct xd_ovsdb *o)
{
	const struct xd_ovsdb_port *port;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (port->error[0] && !port->fails)
			return true;
	}
	return false;
}

static void
tick(void *ctx)
{
	struct xd_ovsdb *o = ctx;

	if (!xd_ovsdb_client_idle(o->client))
		return;
	if (some_right_now(o) || o->untried || (o->once_more && some_refused(o))) {
		changed(o);
		o->once_more = false;
		return;
	}
	have_facts_read(o);
	write_all(o, true);
}

/* ---- Its life ---- */

static unsigned
port_number(void *ctx, const char *name)
{
	const struct xd_ovsdb *o = ctx;
	const struct xd_ovsdb_port *port;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (!strcmp(port->config.name, name))
			return port->ofport > 0 ? (unsigned)port->ofport : 0;
	}
	return 0;
}

static int
begin(struct xd_ovsdb *o, struct xd_error *err)
{
	const struct xd_ovsdb_client_opts opts = {
		.remote = o->opts.remote,
		.files = o->opts.files,
		.database = XD_OVSDB_DATABASE,
		.lock = XD_OVSDB_LOCK,
		.tables = xd_ovsdb_tables,
		.loop = o->opts.loop,
		.log = o->opts.log,
		.changed = changed,
		.done = done,
		.lost = lost,
		.ctx = o,
	};

	o->events = xd_loop_add(
		o->opts.loop, xd_switch_event_fd(o->opts.control->sw), EPOLLIN, link_changed, o);
	o->statistics = xd_loop_timer(o->opts.loop, STATISTICS_MS, STATISTICS_MS, tick, o);
	o->told = json_object();
	if (!o->events || !o->statistics || !o->told)
		return xd_fail(err, -ENOMEM, "no memory for the database's client");
	o->client = xd_ovsdb_client_create(&opts, err);
	if (!o->client)
		return err->code;
	o->rows = xd_ovsdb_client_rows(o->client);
	o->opts.control->port_number = port_number;
	o->opts.control->port_number_ctx = o;
	return 0;
}

/* Nothing of it is done any more. Idempotent. */
static void
stop(struct xd_ovsdb *o)
{
	o->opts.control->port_number = NULL;
	xd_loop_remove(o->events);
	xd_loop_timer_cancel(o->statistics);
	xd_loop_timer_cancel(o->soon);
	o->events = NULL;
	o->statistics = o->soon = NULL;
}

static void
end(struct xd_ovsdb *o)
{
	stop(o);
	xd_ovsdb_client_destroy(o->client);
	xd_ovsdb_rows_free(o);
	json_decref(o->told);
	free(o->bonds);
	free(o->infos);
	free(o);
}

/* The configuration that strings are from is another after the next change. */
static void
copy_options(struct xd_ovsdb *o, const struct xd_ovsdb_opts *opts)
{
	o->opts = *opts;
	snprintf(o->remote, sizeof(o->remote), "%s", opts->remote);
	snprintf(o->run_dir, sizeof(o->run_dir), "%s", opts->run_dir);
	snprintf(o->key, sizeof(o->key), "%s", opts->files.key);
	snprintf(o->cert, sizeof(o->cert), "%s", opts->files.cert);
	snprintf(o->ca, sizeof(o->ca), "%s", opts->files.ca);
	o->opts.remote = o->remote;
	o->opts.run_dir = o->run_dir;
	o->opts.files = (struct xd_ovsdb_tls_files){o->key, o->cert, o->ca};
}

struct xd_ovsdb *
xd_ovsdb_create(const struct xd_ovsdb_opts *opts, struct xd_error *err)
{
	struct xd_ovsdb *o = calloc(1, sizeof(*o));
	int ret;

	if (!o) {
		xd_fail(err, -ENOMEM, "no memory for the database's client");
		return NULL;
	}
	copy_options(o, opts);
	o->commit = xd_ovsdb_commit;
	TAILQ_INIT(&o->bridges);
	TAILQ_INIT(&o->ports);
	TAILQ_INIT(&o->mirrors);
	xd_loop_lock(opts->loop);
	ret = begin(o, err);
	if (ret < 0)
		end(o);
	xd_loop_unlock(opts->loop);
	return ret < 0 ? NULL : o;
}

void
xd_ovsdb_stop(struct xd_ovsdb *o)
{
	if (!o)
		return;
	xd_loop_lock(o->opts.loop);
	stop(o);
	xd_loop_unlock(o->opts.loop);
}

void
xd_ovsdb_destroy(struct xd_ovsdb *o)
{
	struct xd_loop *loop = o ? o->opts.loop : NULL;

	if (!o)
		return;
	xd_loop_lock(loop);
	end(o);
	xd_loop_unlock(loop);
}
