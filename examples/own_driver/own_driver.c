/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ports of a type of our own on a bridge, carried by this thread: README.rst. */
#include <inttypes.h>
#include <stdio.h>

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
	const struct counter_config *config = XD_SETTINGS(struct counter_config, &port->config);
	struct counter_port *p = (struct counter_port *)port;

	(void)queue;
	batch->n = batch->nb_done = 0;
	while (xd_port_is_up(port) && batch->n < XD_BATCH && p->sent < config->frames) {
		xd_batch_add(batch, head, sizeof(head))[11] = (uint8_t)port->index;
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
	const struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct xd_port_config *left;
	struct xd_config *config;
	struct xd_worker *worker;
	struct xd_port_info ports[2];
	struct xd_switch *sw;
	struct xd_error err = {.text = "no memory"};

	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(&opts, &err)) ||
		!(config = xd_switch_config(sw)) || !(worker = xd_worker_register(sw, &err)) ||
		!xd_config_add_bridge(config, "br0", &err) ||
		!xd_config_add_port(config, "right", "counter", "br0", &err) ||
		!(left = xd_config_add_port(config, "left", "counter", "br0", &err)) ||
		xd_port_config_set(left, "frames", argc > 1 ? argv[1] : "500", &err) < 0 ||
		xd_switch_apply(sw, config, &err) < 0) {
		fprintf(stderr, "own_driver: %s%s%s\n", err.key, err.key[0] ? ": " : "", err.text);
		return 1;
	}
	while (xd_worker_poll(worker) > 0)
		;
	for (unsigned i = xd_switch_ports(sw, ports, 2); i-- > 0;)
		printf("%s: %" PRIu64 " frames in, %" PRIu64 " out\n", ports[i].config.name,
			ports[i].counters.rx_frames, ports[i].counters.tx_frames);
	printf("both: %u\n", received);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
	xd_memory_stop();
}
