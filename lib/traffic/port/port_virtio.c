/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest side of a vhost-user socket: a front end, a piece of shared memory, and rings in
 * it. Queue pair q has vring 2q to receive and 2q + 1 to send (virtio 1.2, section 5.1.2). */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "traffic/port/port_kinds.h"
#include "traffic/port/port_memory.h"
#include "traffic/port/port_virtio_args.h"
#include "vhost_user/frontend.h"
#include "vhost_user/message.h"

#define GUEST_BASE   0x100000000ul              /* guest physical address of the memory */
#define ROOM_DEFAULT 2048                       /* bytes of frame in a static buffer */
#define ROOM_GUEST   1518                       /* in a guest's: of its MTU, and a VLAN tag */
#define ROOM_TSO     (65562 - XD_VIRTIO_HEADER) /* virtio 1.2, 5.1.6.3.1 */
#define GIVE_BACK_NS (2 * XD_NS_PER_S)          /* for a switch to give buffers back */
#define LOOK_US      50

struct pair {
	struct xd_virtio_ring rx, tx;
	int kick_fds[2]; /* by vring: receive, send */
	int call_fds[2];
};

struct virtio_port {
	struct xd_gen_port port;
	struct xd_vu_frontend *frontend;
	unsigned nb_pairs;
	unsigned next_tx; /* pair that the next burst is sent on */
	struct xd_port_memory memory;
	struct pair pairs[XD_VIRTIO_QUEUES_MAX];
};

static struct virtio_port *
virtio_port(struct xd_gen_port *port)
{
	return (struct virtio_port *)port;
}

static int
check(const char *text, struct xd_error *err)
{
	struct xd_virtio_args a;

	return xd_virtio_args_parse(&a, text, err);
}

static uint16_t
port_send(struct xd_gen_port *port, uint16_t n)
{
	struct virtio_port *v = virtio_port(port);
	unsigned q = v->next_tx;

	if (v->nb_pairs > 1)
		v->next_tx = q + 1 == v->nb_pairs ? 0 : q + 1;
	return xd_virtio_ring_send(&v->pairs[q].tx, &port->stream, port->touch, n);
}

static uint16_t
port_receive(struct xd_gen_port *port, uint16_t n)
{
	struct virtio_port *v = virtio_port(port);
	uint16_t got = 0;

	for (unsigned q = 0; q < v->nb_pairs; q++)
		got += xd_virtio_ring_receive(
			&v->pairs[q].rx, port->touch, port->expect, n, &port->received);
	return got;
}

static void
notify(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	struct virtio_port *v = virtio_port(port);

	for (unsigned q = 0; q < v->nb_pairs; q++) {
		if (way != XD_GEN_RECEIVING)
			xd_virtio_ring_notify(&v->pairs[q].tx, fenced);
		if (way != XD_GEN_SENDING)
			xd_virtio_ring_notify(&v->pairs[q].rx, fenced);
	}
}

static unsigned
outstanding(struct xd_gen_port *port)
{
	struct virtio_port *v = virtio_port(port);
	unsigned n = 0;

	for (unsigned q = 0; q < v->nb_pairs; q++)
		n += xd_virtio_ring_outstanding(&v->pairs[q].tx);
	return n;
}

static bool
alive(struct xd_gen_port *port)
{
	struct virtio_port *v = virtio_port(port);

	for (unsigned q = 0; q < v->nb_pairs; q++) {
		if (!v->pairs[q].tx.broken && !v->pairs[q].rx.broken)
			continue;
		snprintf(port->fault, sizeof(port->fault),
			"the switch wrote nonsense into the used ring of vring %u",
			2 * q + v->pairs[q].tx.broken);
		return false;
	}
	if (xd_vu_frontend_alive(v->frontend))
		return true;
	snprintf(port->fault, sizeof(port->fault), "the switch closed the connection");
	return false;
}

/* What a stream or a test that was given up left behind: the switch may not have come to it yet. */
static void
wait_for_buffers(struct xd_gen_port *port)
{
	const uint64_t end = xd_clock_ns() + GIVE_BACK_NS;

	while (outstanding(port) && xd_clock_ns() < end && alive(port)) {
		notify(port, XD_GEN_SENDING, true);
		usleep(LOOK_US);
	}
}

static int
load(struct xd_gen_port *port, struct xd_error *err)
{
	struct virtio_port *v = virtio_port(port);

	wait_for_buffers(port);
	for (unsigned q = 0; q < v->nb_pairs; q++) {
		if (xd_virtio_ring_load(&v->pairs[q].tx, &port->stream))
			return xd_fail(err, -EBUSY,
				"%s: the switch took frames and does not give their buffers back",
				port->name);
	}
	return 0;
}

static void
port_close(struct xd_gen_port *port)
{
	struct virtio_port *v = virtio_port(port);

	if (v->frontend && xd_vu_frontend_alive(v->frontend))
		for (unsigned i = 0; i < 2 * v->nb_pairs; i++)
			xd_vu_frontend_stop_ring(v->frontend, i, NULL);
	xd_vu_frontend_close(v->frontend);
	for (unsigned q = 0; q < v->nb_pairs; q++) {
		xd_virtio_ring_fini(&v->pairs[q].rx);
		xd_virtio_ring_fini(&v->pairs[q].tx);
		for (unsigned i = 0; i < 2; i++) {
			if (v->pairs[q].kick_fds[i] >= 0)
				close(v->pairs[q].kick_fds[i]);
			if (v->pairs[q].call_fds[i] >= 0)
				close(v->pairs[q].call_fds[i]);
		}
	}
	xd_port_memory_unmap(&v->memory);
	free(v);
}

static const struct xd_gen_port_ops ops = {
	.load = load,
	.send = port_send,
	.receive = port_receive,
	.notify = notify,
	.outstanding = outstanding,
	.alive = alive,
	.close = port_close,
};

static int
make_ring(struct virtio_port *v, struct xd_virtio_ring *ring, struct xd_virtio_ring_opts *o,
	bool write, int *kick_fd, int *call_fd, size_t *offset)
{
	*kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*kick_fd < 0 || *call_fd < 0)
		return -errno;
	o->write = write;
	o->kick_fd = *kick_fd;
	o->call_fd = *call_fd;
	if (xd_virtio_ring_init(ring, o, v->memory.at + *offset, GUEST_BASE + *offset))
		return -ENOMEM;
	*offset += xd_virtio_ring_bytes(o);
	return 0;
}

/* Bytes of frame in each buffer. Whoever takes segmented TCP, and no mergeable buffers, has to have
 * room for the longest of it. */
static uint32_t
room(const struct xd_virtio_args *a, uint32_t frame_bytes)
{
	uint32_t least = a->guest ? ROOM_GUEST : ROOM_DEFAULT;

	if (a->tso)
		least = ROOM_TSO;
	return frame_bytes > least ? frame_bytes : least;
}

static int
make_rings(struct virtio_port *v, const struct xd_virtio_args *a,
	const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	uint64_t features = xd_vu_frontend_features(v->frontend);
	struct xd_virtio_ring_opts o = {
		.size = (uint16_t)a->size,
		.room = room(a, opts->frame_bytes),
		.packed = a->packed,
		.guest = a->guest,
		.lifo = a->lifo,
		.pieces = a->guest && a->tso,
		.in_order = a->in_order,
		.interrupts = a->interrupts,
		.event_idx = features >> XD_VIRTIO_RING_F_EVENT_IDX & 1,
		.mergeable = features >> VIRTIO_NET_F_MRG_RXBUF & 1,
	};
	size_t bytes = xd_virtio_ring_bytes(&o), offset = 0;
	int rc;

	o.write = true;
	bytes += xd_virtio_ring_bytes(&o);
	rc = xd_port_memory_map(&v->memory, a->queues * bytes, opts->node, true, err);

	snprintf(v->port.memory, sizeof(v->port.memory), "%s", v->memory.text);
	v->port.memory_node = v->port.guest_node = v->memory.node;
	for (unsigned q = 0; q < v->nb_pairs && !rc; q++) {
		struct pair *p = &v->pairs[q];

		rc = make_ring(v, &p->rx, &o, true, &p->kick_fds[0], &p->call_fds[0], &offset);
		if (!rc)
			rc = make_ring(
				v, &p->tx, &o, false, &p->kick_fds[1], &p->call_fds[1], &offset);
		if (rc)
			xd_fail(err, rc, "virtio port: no memory or descriptors for its rings");
	}
	return rc;
}

static int
attach_ring(struct virtio_port *v, unsigned index, struct xd_error *err)
{
	struct pair *p = &v->pairs[index / 2];
	const struct xd_virtio_ring *r = index % 2 ? &p->tx : &p->rx;
	struct xd_vu_frontend_ring ring = {
		.size = r->size,
		.base = r->packed ? XD_PACKED_WRAP : 0,
		.desc = r->desc,
		.avail = r->avail,
		.used = r->used,
		.kick_fd = p->kick_fds[index % 2],
		.call_fd = p->call_fds[index % 2],
	};

	return xd_vu_frontend_set_ring(v->frontend, index, &ring, err);
}

static int
attach(struct virtio_port *v, struct xd_error *err)
{
	struct xd_vu_frontend_region region = {
		.fd = v->memory.fd,
		.addr = v->memory.at,
		.guest_addr = GUEST_BASE,
		.size = v->memory.bytes,
	};
	int rc = xd_vu_frontend_set_memory(v->frontend, &region, 1, err);

	for (unsigned i = 0; i < 2 * v->nb_pairs && !rc; i++)
		rc = attach_ring(v, i, err);
	for (unsigned i = 0; i < 2 * v->nb_pairs && !rc; i++)
		rc = xd_vu_frontend_enable(v->frontend, i, true, err);
	/* A ring starts with its first kick, which no flag forbids (vhost-user, "Ring states"); and
	 * receive buffers were offered before anybody listened. */
	for (unsigned i = 0; i < v->nb_pairs && !rc; i++) {
		xd_virtio_ring_kick(&v->pairs[i].rx);
		xd_virtio_ring_kick(&v->pairs[i].tx);
	}
	return rc;
}

static int
connect_switch(struct virtio_port *v, const struct xd_virtio_args *a,
	const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	struct xd_vu_frontend_opts o = {
		.path = a->path,
		.server = a->server,
		.features = xd_virtio_args_features(a) | XD_VU_F_PROTOCOL_FEATURES,
		.protocol_features = XD_VU_PF_BIT(XD_VU_PF_MQ) | XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK),
		.timeout_ms = opts->timeout_ms,
		.cancel = opts->cancel,
	};
	int rc;

	v->frontend = xd_vu_frontend_open(&o, err);
	if (!v->frontend)
		return -EIO;
	rc = xd_virtio_args_check_features(a, xd_vu_frontend_features(v->frontend), err);
	if (rc)
		return rc;
	if (a->queues > xd_vu_frontend_max_queue_pairs(v->frontend))
		return xd_fail(err, -EINVAL, "%s: queues=%u, but the switch has %u there", a->path,
			(unsigned)a->queues, xd_vu_frontend_max_queue_pairs(v->frontend));
	return 0;
}

static struct xd_gen_port *
port_open(const char *text, const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	struct virtio_port *v;
	struct xd_virtio_args a;

	if (xd_virtio_args_parse(&a, text, err))
		return NULL;
	v = aligned_alloc(64, (sizeof(*v) + 63) / 64 * 64);
	if (!v) {
		xd_fail(err, -ENOMEM, "virtio port: no memory");
		return NULL;
	}
	memset(v, 0, sizeof(*v));
	v->port.ops = &ops;
	v->port.rings = xd_virtio_args_rings(&a);
	v->port.ids = xd_virtio_args_ids(&a);
	v->port.ring_size = (uint32_t)a.size;
	v->port.offload = (struct xd_stream_offload){
		.csum = a.csum || a.tso,
		.tso = a.tso,
		.mss = (uint16_t)a.mss,
	};
	v->port.max_frame = room(&a, opts->frame_bytes);
	v->port.headers = true;
	v->nb_pairs = (unsigned)a.queues;
	v->memory.fd = -1;
	for (unsigned q = 0; q < v->nb_pairs; q++)
		for (unsigned i = 0; i < 2; i++)
			v->pairs[q].kick_fds[i] = v->pairs[q].call_fds[i] = -1;
	if (connect_switch(v, &a, opts, err) || make_rings(v, &a, opts, err) || attach(v, err)) {
		port_close(&v->port);
		return NULL;
	}
	return &v->port;
}

const struct xd_gen_kind xd_gen_kind_virtio = {
	.name = "virtio",
	.check = check,
	.open = port_open,
};
