/* SPDX-License-Identifier: BSD-3-Clause */
/* The end that listens: what a client asks for, in the order of protocol.h. */
#include <stdio.h>
#include <string.h>

#include "base/event_fd.h"
#include "drivers/memif/memif.h"
#include "vhost_user/fd_kind.h"

static const char no_send[] = "the peer takes no messages";

bool
xd_memif_greet(struct xd_memif_port *p)
{
	const uint16_t last = (uint16_t)(p->port.config.queues - 1);
	struct xd_memif_message m = {.type = XD_MEMIF_HELLO,
		.hello = {.name = "crossdock",
			.min_version = XD_MEMIF_VERSION,
			.max_version = XD_MEMIF_VERSION,
			.max_region = XD_MEMIF_REGIONS - 1,
			.max_s2c_ring = last,
			.max_c2s_ring = last,
			.max_log2_ring_size = XD_MEMIF_RING_LOG2}};

	return xd_memif_send(p, &m, -1);
}

static const char *
take_init(struct xd_memif_port *p, const struct xd_memif_message *m)
{
	if (p->state != XD_MEMIF_GREETED)
		return "INIT comes a second time";
	if (m->init.version != XD_MEMIF_VERSION)
		return "its version is not 2.0";
	if (m->init.mode != XD_MEMIF_ETHERNET)
		return "its mode is not Ethernet";
	p->state = XD_MEMIF_ADDING;
	return NULL;
}

static const char *
take_region(struct xd_memif_port *p, const struct xd_memif_message *m, int fd)
{
	struct xd_error err;

	if (m->add_region.index != p->nb_regions || p->nb_regions == XD_MEMIF_REGIONS)
		return "a region is out of order, or one too many";
	if (!xd_vu_fd_is(fd, XD_VU_FD_MEMORY))
		return "a region is no shared memory (memfd, tmpfs or hugetlbfs)";
	return xd_memif_add_region(p, fd, m->add_region.size, &err)
		       ? "a region cannot be mapped, or is longer than its file"
		       : NULL;
}

/* The descriptor is the ring's from then on. */
static const char *
take_ring(struct xd_memif_port *p, const struct xd_memif_message *m, int *fd)
{
	bool from = m->add_ring.flags & XD_MEMIF_RING_C2S;
	struct xd_memif_ring *r = from ? p->from : p->to;
	struct xd_error err;

	if (m->add_ring.index >= p->port.config.queues)
		return "it has more rings than the port has queues";
	r += m->add_ring.index;
	if (r->added)
		return "a ring comes a second time";
	if (m->add_ring.log2_ring_size > XD_MEMIF_RING_LOG2)
		return "a ring is longer than 16384 buffers";
	if (m->add_ring.private_hdr_size)
		return "private headers are not supported";
	if (!xd_vu_fd_is(*fd, XD_VU_FD_EVENT))
		return "a ring comes without an eventfd";
	if (!from && xd_event_fd_use(*fd, &err) < 0)
		return "an eventfd cannot be used";
	r->added = true;
	r->region = m->add_ring.region;
	r->offset = m->add_ring.offset;
	r->log2_size = m->add_ring.log2_ring_size;
	r->fd = *fd;
	*fd = -1;
	return NULL;
}

static const char *
take_connect(struct xd_memif_port *p, const struct xd_memif_message *m)
{
	struct xd_memif_message answer = {.type = XD_MEMIF_CONNECTED};
	const char *why = xd_memif_rings_up(p);

	if (why)
		return why;
	snprintf(answer.connect.if_name, sizeof(answer.connect.if_name), "%.31s",
		p->port.config.name);
	if (!xd_memif_send(p, &answer, -1))
		return no_send;
	xd_memif_be_up(p, m->connect.if_name);
	return NULL;
}

const char *
xd_memif_server_take(struct xd_memif_port *p, const struct xd_memif_message *m, int fd)
{
	const struct xd_memif_message ack = {.type = XD_MEMIF_ACK};
	const char *why = NULL;

	if (m->type == XD_MEMIF_INIT)
		why = take_init(p, m);
	else if (p->state != XD_MEMIF_ADDING)
		why = "a message comes when none is due";
	else if (m->type == XD_MEMIF_ADD_REGION)
		why = take_region(p, m, fd);
	else if (m->type == XD_MEMIF_ADD_RING)
		why = take_ring(p, m, &fd);
	else if (m->type == XD_MEMIF_CONNECT)
		why = take_connect(p, m);
	else
		why = "a message is of no type that there is";
	xd_reaper_close(p->reaper, fd);
	if (why || m->type == XD_MEMIF_CONNECT)
		return why;
	return xd_memif_send(p, &ack, -1) ? NULL : no_send;
}
