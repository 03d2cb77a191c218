/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ports of a type of our own on a bridge, carried by this thread: README.rst. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "port/simple.h"

/* Behind a port is who sends so many frames, and counts what comes. */
struct counter_port {
	struct xd_port port; /* first: the switch knows the port by this */
	uint32_t sent;
};

struct counter_config {
	uint32_t frames; /* the key's, in struct xd_port_config, settings */
};

/* The worker of the queue: frames to everybody, from an address that is the port's index. */
static uint16_t
rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	static const uint8_t head[60] = {
		255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0x88, 0xb5};
	const void *settings = port->config.settings.bytes;
	struct counter_port *p = (struct counter_port *)port;

	(void)queue;
	batch->n = batch->nb_done = 0;
	while (xd_port_is_up(port) && batch->n < XD_BATCH &&
		p->sent < ((const struct counter_config *)settings)->frames) {
		struct xd_frame *f = &batch->frames[batch->n++];

		xd_frame_init(f, sizeof(head), sizeof(head), 0); /* all of it in the snapshot */
		memcpy(f->buf + XD_HEADROOM, head, sizeof(head));
		f->buf[XD_HEADROOM + 11] = (uint8_t)port->index;
		p->sent++;
	}
	return batch->n;
}

/* Any worker. ctx is what the program gave the driver. */
static uint16_t
tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	if (!xd_port_is_up(port))
		return xd_port_drop_down(port, worker, n);
	__atomic_add_fetch((unsigned *)port->driver->ctx, n, __ATOMIC_RELAXED);
	return xd_port_sent(port, worker, frames, n);
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

int
main(int argc, char **argv)
{
	unsigned received = 0; /* by all ports of the driver */
	const struct xd_driver driver = {.size = sizeof(driver),
		.type = "counter",
		.help = "sends and counts frames",
		.ctx = &received,
		.keys = keys,
		.rx = rx,
		.tx = tx,
		.port_bytes = sizeof(struct counter_port)};
	const struct xd_driver *drivers[] = {&driver, NULL};
	struct xd_config *config = xd_config_create();
	const struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct xd_port_config *left;
	struct xd_worker *worker;
	struct xd_port_info ports[2];
	struct xd_switch *sw;
	struct xd_error err;

	config->drivers = drivers; /* a configuration knows its keys, too */
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(&opts, &err)) ||
		!(worker = xd_worker_register(sw, &err)) ||
		!xd_config_add_bridge(config, "br0", &err) ||
		!xd_config_add_port(config, "right", "counter", "br0", &err) ||
		!(left = xd_config_add_port(config, "left", "counter", "br0", &err)) ||
		xd_port_config_set(left, "frames", argc > 1 ? argv[1] : "500", &err) < 0 ||
		xd_switch_apply(sw, config, &err) < 0) {
		fprintf(stderr, "own_driver: %s%s%s\n", err.key, err.key[0] ? ": " : "", err.text);
		return EXIT_FAILURE;
	}
	while (xd_worker_poll(worker) > 0)
		;
	for (unsigned i = xd_switch_ports(sw, ports, 2); i-- > 0;)
		printf("%s: %llu frames in, %llu out\n", ports[i].config.name,
			(unsigned long long)ports[i].counters.rx_frames,
			(unsigned long long)ports[i].counters.tx_frames);
	printf("both: %u\n", received);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
	xd_memory_stop();
	return EXIT_SUCCESS;
}
