/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port type of the application's own, and a worker on the application's own thread.
 *
 *     own_driver
 *
 * The driver's device is a counter: behind each port is somebody who sends so many frames to the
 * other, and counts what comes back. Compiles as C and as C++.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "port/port.h"

#define FRAMES      1000
#define FRAME_BYTES 64

struct counter_port {
	struct xd_port port; /* first: the switch knows the port by this */
	bool running;
	unsigned to_send; /* frames */
};

/* ---- Control: one call at a time ---- */

static struct xd_port *
counter_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	void *memory = aligned_alloc(64, (sizeof(struct counter_port) + 63) / 64 * 64);
	struct counter_port *p = (struct counter_port *)memory;

	if (memory == NULL) {
		xd_fail(err, -ENOMEM, "port %s: no memory", config->name);
		return NULL;
	}
	memset(memory, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	p->port.nb_queues = 1;
	return &p->port;
}

static int
counter_start(struct xd_port *port, struct xd_error *err)
{
	struct counter_port *p = (struct counter_port *)port;

	(void)err;
	p->to_send = FRAMES;
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	port->up = true;
	return 0;
}

static void
counter_stop(struct xd_port *port)
{
	struct counter_port *p = (struct counter_port *)port;

	port->up = false;
	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	/* From here on no worker is inside a call that saw it running. */
	port->env->quiesce(port->env->ctx);
}

static void
counter_destroy(struct xd_port *port)
{
	free(port);
}

/* ---- Workers: inside a turn ---- */

static uint16_t
counter_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct counter_port *p = (struct counter_port *)port;
	uint8_t self = (uint8_t)port->index, other = self ^ 1;

	(void)queue;
	batch->n = batch->nb_done = 0;
	if (!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE))
		return 0;
	while (batch->n < XD_BATCH && p->to_send > 0) {
		struct xd_frame *f = &batch->frames[batch->n++];
		uint8_t *data = f->buf + XD_HEADROOM;

		/* All of the frame lies in the snapshot: no segments. */
		xd_frame_init(f, FRAME_BYTES, FRAME_BYTES, 0);
		memset(data, 0, FRAME_BYTES);
		data[0] = data[6] = 0x02; /* locally administered addresses */
		data[5] = other;
		data[11] = self;
		data[12] = 0x88; /* EtherType 0x88b5: local experiments */
		data[13] = 0xb5;
		p->to_send--;
	}
	return batch->n;
}

static void
counter_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	/* Nothing was lent. */
	(void)port;
	(void)queue;
	(void)batch;
}

static uint16_t
counter_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct counter_port *p = (struct counter_port *)port;

	if (!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE))
		return xd_port_drop_down(port, worker, n);
	for (uint16_t i = 0; i < n; i++)
		port->counters[worker].tx_bytes += frames[i]->len;
	port->counters[worker].tx_frames += n;
	return n;
}

const struct xd_driver counter_driver = {
	.type = "counter",
	.help = "sends frames and counts them",
	.create = counter_create,
	.start = counter_start,
	.stop = counter_stop,
	.destroy = counter_destroy,
	.rx = counter_rx,
	.release = counter_release,
	.tx = counter_tx,
};

/* ---- The application ---- */

static int
configure(struct xd_switch *sw, struct xd_error *err)
{
	struct xd_config *config = xd_config_create();
	int ret = -ENOMEM;

	if (config == NULL)
		return xd_fail(err, ret, "no memory");
	if (xd_config_add_bridge(config, "br0", err) == NULL ||
		xd_config_add_port(config, "left", "counter", "br0", err) == NULL ||
		xd_config_add_port(config, "right", "counter", "br0", err) == NULL)
		ret = err->code;
	else
		ret = xd_switch_apply(sw, config, err);
	xd_config_destroy(config);
	return ret;
}

/* Turns, until none brings a frame any more. */
static void
run(struct xd_switch *sw, struct xd_worker *worker)
{
	struct xd_port_info ports[2];

	while (xd_worker_poll(worker) > 0)
		;
	for (unsigned i = 0; i < xd_switch_ports(sw, ports, 2); i++)
		printf("%s: %llu frames in, %llu out\n", ports[i].config.name,
			(unsigned long long)ports[i].counters.rx_frames,
			(unsigned long long)ports[i].counters.tx_frames);
}

int
main(void)
{
	const struct xd_driver *drivers[] = {&counter_driver, NULL};
	struct xd_switch_opts opts;
	struct xd_worker *worker = NULL;
	struct xd_switch *sw = NULL;
	struct xd_error err;
	int status = EXIT_FAILURE;

	memset(&opts, 0, sizeof(opts));
	opts.drivers = drivers;
	if (xd_memory_start(NULL, &err) < 0)
		goto out;
	sw = xd_switch_create(&opts, &err);
	if (sw == NULL)
		goto out;
	/* This thread carries the frames; so the configuration asks for no workers. */
	worker = xd_worker_register(sw, &err);
	if (worker == NULL || configure(sw, &err) < 0)
		goto out;
	run(sw, worker);
	status = EXIT_SUCCESS;
out:
	if (status != EXIT_SUCCESS)
		fprintf(stderr, "own_driver: %s\n", err.text);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_memory_stop();
	return status;
}
