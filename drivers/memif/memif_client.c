/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end that connects: makes the memory, one region with all rings and behind them their buffers,
 * and adds it step by step, each after the acknowledgement of the one before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "drivers/memif/memif.h"

/* Steps: INIT, the region, rings from us, rings to us, CONNECT. */
#define STEP_RINGS 2

static uint64_t
ring_bytes(const struct xd_memif_port *p)
{
	return sizeof(struct xd_memif_layout) +
	       ((uint64_t)sizeof(struct xd_memif_desc) << p->log2_size);
}

/* Number i, of which the first nb_queues go from us to the peer. */
static struct xd_memif_ring *
ring_at(const struct xd_memif_port *p, unsigned i)
{
	return i < p->nb_queues ? &p->to[i] : &p->from[i - p->nb_queues];
}

/* Descriptors that name their buffers, all of them empty. */
static void
lay_out_ring(struct xd_memif_port *p, unsigned i, uint64_t buffers)
{
	struct xd_memif_ring *r = ring_at(p, i);
	struct xd_memif_layout *layout;

	r->added = true;
	r->region = 0;
	r->offset = (uint32_t)(i * ring_bytes(p));
	r->log2_size = p->log2_size;
	layout = (struct xd_memif_layout *)(void *)(p->regions[0].at + r->offset);
	layout->cookie = XD_MEMIF_COOKIE;
	for (uint64_t k = 0; k < 1ull << p->log2_size; k++)
		layout->desc[k] = (struct xd_memif_desc){.length = XD_MEMIF_BUFFER,
			.offset = (uint32_t)(buffers + (((uint64_t)i << p->log2_size) + k) *
							       XD_MEMIF_BUFFER)};
}

/* The peer can write to the memory, but not take it away. */
static bool
make_memory(struct xd_memif_port *p)
{
	const unsigned nb_rings = 2 * p->nb_queues;
	const uint64_t buffers = RTE_ALIGN(nb_rings * ring_bytes(p), XD_MEMIF_BUFFER);
	const uint64_t bytes = buffers + ((uint64_t)nb_rings * XD_MEMIF_BUFFER << p->log2_size);
	struct xd_error err;

	p->memory_fd = memfd_create("crossdock-memif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->memory_fd < 0 || ftruncate(p->memory_fd, (off_t)bytes) < 0 ||
		fcntl(p->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
		xd_memif_add_region(p, p->memory_fd, bytes, &err))
		return false;
	for (unsigned i = 0; i < nb_rings; i++) {
		lay_out_ring(p, i, buffers);
		ring_at(p, i)->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (ring_at(p, i)->fd < 0)
			return false;
	}
	return true;
}

static bool
send_ring(struct xd_memif_port *p, unsigned i)
{
	const struct xd_memif_ring *r = ring_at(p, i);
	bool to = i < p->nb_queues;
	struct xd_memif_message m = {.type = XD_MEMIF_ADD_RING,
		.add_ring = {.flags = to ? XD_MEMIF_RING_C2S : 0,
			.index = (uint16_t)(to ? i : i - p->nb_queues),
			.region = r->region,
			.offset = r->offset,
			.log2_ring_size = r->log2_size}};

	return xd_memif_send(p, &m, r->fd);
}

static bool
send_step(struct xd_memif_port *p)
{
	struct xd_memif_message m = {.type = XD_MEMIF_INIT,
		.init = {.version = XD_MEMIF_VERSION,
			.mode = XD_MEMIF_ETHERNET,
			.name = "crossdock"}};

	if (p->step == 0)
		return xd_memif_send(p, &m, -1);
	if (p->step == 1) {
		m = (struct xd_memif_message){
			.type = XD_MEMIF_ADD_REGION, .add_region = {.size = p->regions[0].size}};
		return xd_memif_send(p, &m, p->memory_fd);
	}
	if (p->step < STEP_RINGS + 2u * p->nb_queues)
		return send_ring(p, p->step - STEP_RINGS);
	m = (struct xd_memif_message){.type = XD_MEMIF_CONNECT};
	snprintf(m.connect.if_name, sizeof(m.connect.if_name), "%.31s", p->port.config.name);
	return xd_memif_send(p, &m, -1);
}

static const char *
take_hello(struct xd_memif_port *p, const struct xd_memif_message *m)
{
	const unsigned log2_size = (unsigned)__builtin_ctz(XD_MEMIF_SIZE);
	unsigned n = RTE_MIN(m->hello.max_c2s_ring, m->hello.max_s2c_ring) + 1u;

	if (m->hello.min_version > XD_MEMIF_VERSION || m->hello.max_version < XD_MEMIF_VERSION)
		return "its version is not 2.0";
	p->nb_queues = (uint16_t)RTE_MIN(n, p->port.config.queues);
	p->log2_size = (uint8_t)RTE_MIN(m->hello.max_log2_ring_size, log2_size);
	p->state = XD_MEMIF_ADDING;
	return make_memory(p) ? NULL : "no memory or descriptors for its rings";
}

static const char *
take_connected(struct xd_memif_port *p, const struct xd_memif_message *m)
{
	const char *why;

	if (p->step != STEP_RINGS + 2u * p->nb_queues)
		return "CONNECTED comes when it is not due";
	why = xd_memif_rings_up(p);
	if (!why)
		xd_memif_be_up(p, m->connect.if_name);
	return why;
}

const char *
xd_memif_client_take(struct xd_memif_port *p, const struct xd_memif_message *m)
{
	const char *why = NULL;

	if (m->type == XD_MEMIF_HELLO && p->state == XD_MEMIF_GREETED)
		why = take_hello(p, m);
	else if (m->type == XD_MEMIF_ACK && p->state == XD_MEMIF_ADDING &&
		 p->step < STEP_RINGS + 2u * p->nb_queues)
		p->step++;
	else if (m->type == XD_MEMIF_CONNECTED && p->state == XD_MEMIF_ADDING)
		return take_connected(p, m);
	else
		return "a message comes when none is due";
	if (why)
		return why;
	return send_step(p) ? NULL : "the peer takes no messages";
}
