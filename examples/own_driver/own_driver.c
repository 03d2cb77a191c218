/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ports of a type of our own (counter.c) on a bridge, carried by this thread: README.rst. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "port/port.h"

extern const struct xd_driver counter_driver;

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "own_driver: %s%s%s\n", err->key, err->key[0] ? ": " : "", err->text);
	exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
	unsigned received = 0; /* the driver's ctx: by all its ports */
	struct xd_driver driver = counter_driver;
	const struct xd_driver *drivers[] = {&driver, NULL};
	struct xd_config *config = xd_config_create();
	struct xd_switch_opts opts;
	struct xd_port_config *left;
	struct xd_worker *worker;
	struct xd_port_info port;
	struct xd_switch *sw;
	struct xd_error err;

	driver.ctx = &received;
	memset(&opts, 0, sizeof(opts));
	opts.size = sizeof(opts);
	opts.drivers = drivers;
	config->drivers = drivers; /* which has keys: a configuration knows them too */
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(&opts, &err)) ||
		!(worker = xd_worker_register(sw, &err)) ||
		!xd_config_add_bridge(config, "br0", &err) ||
		!xd_config_add_port(config, "right", "counter", "br0", &err) ||
		!(left = xd_config_add_port(config, "left", "counter", "br0", &err)) ||
		xd_port_config_set(left, "frames", argc > 1 ? argv[1] : "500", &err) < 0 ||
		xd_switch_apply(sw, config, &err) < 0)
		end(&err);
	while (xd_worker_poll(worker) > 0)
		;
	xd_switch_port(sw, "left", &port);
	printf("left: %llu frames in, %llu out\n", (unsigned long long)port.counters.rx_frames,
		(unsigned long long)port.counters.tx_frames);
	xd_switch_port(sw, "right", &port);
	printf("right: %llu frames in, %llu out\n", (unsigned long long)port.counters.rx_frames,
		(unsigned long long)port.counters.tx_frames);
	printf("both: %u\n", received);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
	xd_memory_stop();
	return EXIT_SUCCESS;
}
