/* SPDX-License-Identifier: BSD-3-Clause */
/* A port type of the application's own, with a key of its own: README.rst. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "port/port.h"

/* The device is a counter: whoever is behind it sends so many frames, and counts what comes. */
struct counter_port {
	struct xd_port port; /* first: the switch knows the port by this */
	uint32_t left;       /* to be sent */
	bool running;
};

struct counter_config {
	uint32_t frames; /* in struct xd_port_config, settings */
};

static struct xd_port *
create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct counter_port *p = (struct counter_port *)aligned_alloc(64, sizeof(*p));

	if (!p) {
		xd_fail(err, -1, "port %s: no memory", config->name);
		return NULL;
	}
	memset((void *)p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	p->left = ((const struct counter_config *)(const void *)config->settings.bytes)->frames;
	return &p->port;
}

static int
start(struct xd_port *port, struct xd_error *err)
{
	(void)err;
	port->nb_queues = 1;
	port->up = true;
	__atomic_store_n(&((struct counter_port *)port)->running, true, __ATOMIC_RELEASE);
	return 0;
}

static void
stop(struct xd_port *port)
{
	port->up = false;
	__atomic_store_n(&((struct counter_port *)port)->running, false, __ATOMIC_RELEASE);
	port->env->quiesce(port->env->ctx); /* now no worker is in a call that saw it running */
}

static void
destroy(struct xd_port *port)
{
	free((void *)port);
}

/* A worker's: frames to everybody, from an address that is the port's index. */
static uint16_t
rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct counter_port *p = (struct counter_port *)port;
	static const uint8_t head[14] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0, 0x88, 0xb5};

	(void)queue;
	batch->n = batch->nb_done = 0;
	while (__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) && p->left && batch->n < XD_BATCH) {
		struct xd_frame *f = &batch->frames[batch->n++];

		xd_frame_init(f, 60, 60, 0); /* all of it in the snapshot: nothing to lend */
		memset(f->buf + XD_HEADROOM, 0, 60);
		memcpy(f->buf + XD_HEADROOM, head, sizeof(head));
		f->buf[XD_HEADROOM + 11] = (uint8_t)port->index;
		p->left--;
	}
	return batch->n;
}

static void
release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port, (void)queue, (void)batch;
}

/* Any worker's. ctx is what the application gave the driver. */
static uint16_t
tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	if (!__atomic_load_n(&((struct counter_port *)port)->running, __ATOMIC_ACQUIRE))
		return xd_port_drop_down(port, worker, n);
	for (uint16_t i = 0; i < n; i++)
		port->counters[worker].tx_bytes += frames[i]->len;
	port->counters[worker].tx_frames += n;
	__atomic_add_fetch((unsigned *)port->driver->ctx, n, __ATOMIC_RELAXED);
	return n;
}

static const struct xd_key keys[] = {
	{.name = "frames",
		.kind = XD_KEY_NUMBER,
		.cost = XD_COST_NEW,
		XD_SETTINGS_AT(struct counter_config, frames),
		.max = 1000000,
		.fallback = 1000,
		.help = "Frames that are sent."},
	{.name = NULL},
};

extern const struct xd_driver counter_driver;
const struct xd_driver counter_driver = {.size = sizeof(struct xd_driver),
	.type = "counter",
	.help = "sends and counts frames",
	.keys = keys,
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.rx = rx,
	.release = release,
	.tx = tx};
