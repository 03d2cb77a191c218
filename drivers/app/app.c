/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of an application port. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "drivers/app/app.h"
#include "memory/memory.h"
#include "port/rows.h"

static_assert(sizeof(struct xd_app_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

#define NB_SPARE    512u     /* buffers beside those in rings and the program's hands: in caches */
#define WAIT_US_MAX 60000000 /* a program may stop to receive for longer than a guest's driver */

static const struct xd_key app_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_app_config, key), __VA_ARGS__},
#include "drivers/app/keys.def"
#undef XD_KEY
	XD_PORT_KEYS_FULL(WAIT_US_MAX),
	{0},
};

static struct xd_port *
app_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_app_port *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);
	struct xd_error cause = {0};

	if (p == NULL) {
		xd_fail(err, -ENOMEM, "port %s: out of memory", config->name);
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	p->app = xd_app_create(config->queues, xd_app_config(config)->ring, &cause);
	if (p->app == NULL) {
		xd_fail(err, cause.code, "port %s: %s", config->name, cause.text);
		free(p);
		return NULL;
	}
	xd_port_init(&p->port, driver, env, config);
	p->port.nb_queues = config->queues;
	return &p->port;
}

/* Frees what waits for a program that there is not. No worker puts anything there. */
static void
drain_to_app(struct xd_app *app)
{
	for (unsigned i = 0; i < app->nb_queues; i++)
		xd_app_drain(&app->queues[i].to_app);
}

/* The program has closed it, and may have opened it again since. Control. */
static void
on_closed(void *ctx, uint32_t events)
{
	struct xd_app_port *p = ctx;
	uint64_t count;

	(void)events;
	if (read(p->app->closed_fd, &count, sizeof(count)) < 0 ||
		__atomic_load_n(&p->app->open, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&p->port.up, false, __ATOMIC_RELEASE);
	p->port.env->quiesce(p->port.env->ctx);
	drain_to_app(p->app);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

static int
create_pool(struct xd_app_port *p, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const unsigned n = 2u * config->queues * xd_app_config(config)->ring + NB_SPARE;
	struct xd_error cause = {0};
	char name[RTE_MEMPOOL_NAMESIZE];

	/* Unique for as long as the pool lives, which may be longer than the port. */
	snprintf(name, sizeof(name), "app%x_%" PRIx64, p->port.index, rte_rdtsc());
	p->pool = xd_pool_create(
		name, n, XD_APP_DATA_ROOM + RTE_PKTMBUF_HEADROOM, XD_NODE_ANY, &cause);
	if (p->pool == NULL)
		return xd_fail(err, cause.code, "port %s: %s", config->name, cause.text);
	p->port.pool_bytes = xd_pool_bytes(p->pool);
	return 0;
}

static void
free_pool(struct xd_app_port *p)
{
	if (!xd_pool_free_later(p->pool, p->port.env->loop))
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"port %s: the program has packet buffers of it still; its pool stays",
			p->port.config.name);
	p->pool = NULL;
	p->port.pool_bytes = 0;
}

static int
app_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_app_port *p = (struct xd_app_port *)port;

	if (create_pool(p, err) < 0)
		return err->code;
	p->watch = xd_loop_add(port->env->loop, p->app->closed_fd, EPOLLIN, on_closed, p);
	if (p->watch == NULL) {
		free_pool(p);
		return xd_fail(err, -ENOMEM, "port %s: out of memory", port->config.name);
	}
	for (uint16_t i = 0; i < port->nb_queues; i++)
		port->tx[i] = i;
	__atomic_store_n(&port->nb_tx, port->nb_queues, __ATOMIC_RELEASE);
	__atomic_store_n(&p->app->gone, false, __ATOMIC_RELEASE);
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	port->up = __atomic_load_n(&p->app->open, __ATOMIC_ACQUIRE);
	return 0;
}

static void
app_stop(struct xd_port *port)
{
	struct xd_app_port *p = (struct xd_app_port *)port;
	struct xd_app *app = p->app;

	xd_loop_remove(p->watch);
	p->watch = NULL;
	__atomic_store_n(&port->up, false, __ATOMIC_RELEASE);
	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	__atomic_store_n(&app->gone, true, __ATOMIC_RELEASE);
	port->env->quiesce(port->env->ctx);
	/* What no worker comes for any more. */
	for (unsigned i = 0; i < app->nb_queues; i++) {
		xd_app_drain(&app->queues[i].to_switch);
		rte_pktmbuf_free_bulk(app->queues[i].again, app->queues[i].nb_again);
		app->queues[i].nb_again = 0;
		/* Wakes a program that sleeps, to find it gone. */
		xd_app_tell(&app->queues[i].to_app);
	}
	if (!__atomic_load_n(&app->open, __ATOMIC_ACQUIRE))
		drain_to_app(app);
	free_pool(p);
}

static void
app_destroy(struct xd_port *port)
{
	xd_app_unref(((struct xd_app_port *)port)->app);
	free(port);
}

/* Its rings are as many as the queues, and as long as `ring`: which is a new port's. */
static int
app_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	(void)port;
	(void)config;
	(void)err;
	return 0;
}

static void
app_set(struct xd_port *port, const struct xd_port_config *config)
{
	(void)port;
	(void)config;
}

static void
describe_number(xd_describe_fn fn, void *ctx, const char *key, unsigned n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	fn(ctx, key, text);
}

static void
app_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_app *app = ((struct xd_app_port *)port)->app;
	unsigned in = 0, out = 0;

	for (unsigned i = 0; i < app->nb_queues; i++) {
		in += rte_ring_count(app->queues[i].to_switch.ring);
		out += rte_ring_count(app->queues[i].to_app.ring);
	}
	if (!port->up)
		fn(ctx, "down_because", "no program has it open");
	describe_number(fn, ctx, "waiting_in", in);
	describe_number(fn, ctx, "waiting_out", out);
}

const struct xd_driver xd_app_driver = {
	.type = "app",
	.help = "the program that embeds the switch, by its own threads",
	.keys = app_keys,
	.create = app_create,
	.start = app_start,
	.stop = app_stop,
	.destroy = app_destroy,
	.can_set = app_can_set,
	.set = app_set,
	.rx = xd_app_rx,
	.rewind = xd_app_rewind,
	.release = xd_app_release,
	.tx = xd_app_tx,
	.room = xd_app_room,
	.notify_tx = xd_app_notify_tx,
	.fd = xd_app_sleep_fd,
	.arm = xd_app_arm,
	.disarm = xd_app_disarm,
	.describe = app_describe,
};
