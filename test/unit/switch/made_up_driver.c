/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "frame/edit.h"
#include "made_up_driver.h"

struct made_up made_up;

struct made_up_port {
	struct xd_port port; /* first */
	struct device *device;
};

void
made_up_reset(void)
{
	memset(&made_up, 0, sizeof(made_up));
}

struct device *
made_up_device(const char *path)
{
	for (unsigned i = 0; i < made_up.nb_devices; i++) {
		if (!strcmp(made_up.devices[i].path, path))
			return &made_up.devices[i];
	}
	snprintf(made_up.devices[made_up.nb_devices].path, XD_PATH_MAX, "%s", path);
	return &made_up.devices[made_up.nb_devices++];
}

void
made_up_send(struct device *device, uint8_t src, uint8_t dst)
{
	device->in[device->nb_in].src = src;
	device->in[device->nb_in++].dst = dst;
}

void
made_up_fail(enum step step, const char *port, int code, bool silent)
{
	snprintf(made_up.fail[step].port, XD_NAME_MAX, "%s", port);
	made_up.fail[step].code = code;
	made_up.fail[step].silent = silent;
}

static int
fails(enum step step, const struct xd_port_config *config, struct xd_error *err)
{
	struct failure *f = &made_up.fail[step];

	if (strcmp(f->port, config->name))
		return 0;
	if (f->times && --f->times == 0)
		f->port[0] = 0;
	return f->silent ? f->code : xd_fail(err, f->code, "made to fail");
}

static struct xd_port *
made_up_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct made_up_port *p;
	char *memory;

	made_up.nb_calls++;
	if (fails(CREATE, config, err))
		return NULL;
	memory = aligned_alloc(64, RTE_ALIGN(sizeof(*p), 64) + 64);
	if (!memory) {
		xd_fail(err, -ENOMEM, "no memory for a made-up port");
		return NULL;
	}
	made_up.nb_ports++;
	made_up.ctx = driver->ctx;
	memset(memory, 0, sizeof(*p) + 64);
	p = (struct made_up_port *)(void *)(memory + (made_up.misaligned ? 8 : 0));
	if (made_up.misaligned)
		xd_port_init((void *)p, driver, env, config);
	if (made_up.misaligned || made_up.without_init)
		return (void *)p;
	xd_port_init(&p->port, driver, env, config);
	p->device = made_up_device(made_up_path(config));
	p->port.nb_queues = config->queues;
	return &p->port;
}

static int
made_up_start(struct xd_port *port, struct xd_error *err)
{
	struct device *device = ((struct made_up_port *)port)->device;
	int ret = fails(START, &port->config, err);

	made_up.nb_calls++;
	if (ret)
		return ret;
	if (device->holder)
		return xd_fail(err, -EBUSY, "%s is in use", device->path);
	device->holder = port;
	device->connects++;
	device->mtu = port->config.mtu;
	device->nb_workers = port->env->nb_workers(port->env->ctx);
	if (made_up.nb_queues)
		port->nb_queues = made_up.nb_queues;
	port->up = true;
	return 0;
}

static void
made_up_stop(struct xd_port *port)
{
	struct made_up_port *p = (struct made_up_port *)port;

	made_up.nb_calls++;
	port->up = false;
	port->env->quiesce(port->env->ctx);
	if (p->device->holder == port)
		p->device->holder = NULL;
}

static void
made_up_destroy(struct xd_port *port)
{
	made_up.nb_calls++;
	made_up.nb_ports--;
	free((char *)port - (uintptr_t)port % 64);
}

static int
made_up_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	int ret = fails(CAN_SET, config, err);

	if (ret)
		return ret;
	return strcmp(made_up_path(config), made_up_path(&port->config)) ||
			       config->queues != port->config.queues
		       ? -ENOTSUP
		       : 0;
}

static void
made_up_set(struct xd_port *port, const struct xd_port_config *config)
{
	made_up.nb_calls++;
	((struct made_up_port *)port)->device->mtu = config->mtu;
}

/* The frame becomes a long one, in pieces. */
static void
add_body(const struct device *device, struct xd_batch *batch, struct xd_frame *f)
{
	uint8_t nb_segs = 0;

	memset(f->buf + XD_HEADROOM + 64, 0, XD_HEAD - 64);
	xd_frame_init(f, XD_HEAD + device->body_len, XD_HEAD, 0);
	f->segs = &batch->segs[batch->nb_segs];
	for (uint32_t at = 0; at < device->body_len; at += device->piece_len) {
		batch->segs[batch->nb_segs++] = (struct xd_seg){
			device->body + at, RTE_MIN(device->piece_len, device->body_len - at)};
		nb_segs++;
	}
	f->nb_segs = nb_segs;
}

static uint16_t
made_up_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct device *device = ((struct made_up_port *)port)->device;

	batch->n = batch->nb_done = batch->nb_segs = 0;
	if (device->holder != port)
		return 0;
	for (unsigned i = device->taken; queue == 0 && i < device->nb_in; i++) {
		struct xd_frame *f = &batch->frames[batch->n++];
		uint8_t *data = f->buf + XD_HEADROOM;

		xd_frame_init(f, 64, 64, 0);
		memset(data, 0, 64);
		memset(data, device->in[i].dst == 0xff ? 0xff : 0, 6);
		data[0] |= 2;
		data[5] = device->in[i].dst;
		data[6] = 2;
		data[11] = device->in[i].src;
		data[12] = 8;
		if (device->body)
			add_body(device, batch, f);
		if (batch->n == XD_BATCH)
			break;
	}
	batch->nb_done = batch->n;
	return batch->n;
}

static void
made_up_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)queue;
	((struct made_up_port *)port)->device->taken += batch->nb_done;
}

static void
made_up_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	(void)port;
	(void)queue;
	batch->n = batch->nb_done = n;
}

static uint16_t
made_up_room(struct xd_port *port, unsigned worker, uint16_t wanted)
{
	(void)worker;
	const struct device *device = ((struct made_up_port *)port)->device;

	return device->full && !device->hides_full ? 0 : wanted;
}

static uint16_t
made_up_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct device *device = ((struct made_up_port *)port)->device;

	if (device->holder != port)
		return xd_port_drop_down(port, worker, n);
	if (device->full)
		return 0;
	device->nb_out += n;
	if (n) {
		const struct xd_frame *f = frames[n - 1];

		memcpy(device->last, f->buf + f->start, RTE_MIN(f->head_len, sizeof(device->last)));
		device->last_len = f->len;
		xd_frame_peek(f, f->head_len, device->last_body,
			RTE_MIN(f->len - f->head_len, sizeof(device->last_body)));
	}
	port->counters[worker].tx_frames += n;
	for (uint16_t i = 0; i < n; i++)
		port->counters[worker].tx_bytes += frames[i]->len;
	return n;
}

static void
made_up_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	fn(ctx, "device", ((struct made_up_port *)port)->device->path);
}

static void
made_up_xstats(struct xd_port *port, xd_xstat_fn fn, void *ctx)
{
	fn(ctx, "out", ((struct made_up_port *)port)->device->nb_out);
	fn(ctx, "most", UINT64_MAX);
}

static int16_t
made_up_node(struct xd_port *port)
{
	struct device *device = ((struct made_up_port *)port)->device;

	device->nb_asked++;
	return device->node;
}

static const struct xd_key keys[] = {
	{
		.name = "path",
		.kind = XD_KEY_STRING,
		XD_SETTINGS_AT(struct made_up_config, path),
		.cost = XD_COST_NEW,
		.help = "The device.",
	},
	{0},
};

static unsigned
claims(const struct xd_port_config *config, struct xd_claim *claim)
{
	*claim = (struct xd_claim){.kind = "made-up", .key = "path", .what = "path"};
	snprintf(claim->name, sizeof(claim->name), "%.*s", (int)sizeof(claim->name) - 1,
		made_up_path(config));
	return claim->name[0] != 0;
}

const struct xd_driver made_up_driver = {
	.size = sizeof(struct xd_driver),
	.type = "made-up",
	.help = "a device that is an array",
	.keys = keys,
	.claims = claims,
	.create = made_up_create,
	.start = made_up_start,
	.stop = made_up_stop,
	.destroy = made_up_destroy,
	.can_set = made_up_can_set,
	.set = made_up_set,
	.rx = made_up_rx,
	.rewind = made_up_rewind,
	.release = made_up_release,
	.room = made_up_room,
	.tx = made_up_tx,
	.describe = made_up_describe,
	.xstats = made_up_xstats,
};

const struct xd_driver made_up_rigid = {
	.size = sizeof(struct xd_driver),
	.type = "rigid",
	.help = "one that takes no new settings",
	.keys = keys,
	.claims = claims,
	.create = made_up_create,
	.start = made_up_start,
	.stop = made_up_stop,
	.destroy = made_up_destroy,
	.rx = made_up_rx,
	.release = made_up_release,
	.tx = made_up_tx,
	.node = made_up_node,
};
