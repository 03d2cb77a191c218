/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions of memory and rings in them: checked, brought up for workers, and down. Control. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "drivers/memif/memif.h"

int
xd_memif_add_region(struct xd_memif_port *p, int fd, uint64_t size, struct xd_error *err)
{
	const unsigned i = p->nb_regions;
	int ret =
		xd_vu_map(&p->maps[i], fd, 0, size, &p->bus_owner, "memory region", p->reaper, err);

	if (ret)
		return ret;
	p->regions[i] = (struct xd_memif_region){p->maps[i].at, size};
	p->nb_regions++;
	p->port.guest_bytes += size;
	return 0;
}

/* receiver: of frames, which is us. */
static const char *
ring_up(struct xd_memif_port *p, struct xd_memif_ring *r, bool receiver)
{
	const uint32_t size = 1u << r->log2_size;
	const struct xd_memif_desc where = {.region = r->region, .offset = r->offset};
	struct xd_memif_layout *layout = (struct xd_memif_layout *)(void *)xd_memif_at(
		p, &where, (uint32_t)(sizeof(*layout) + size * sizeof(struct xd_memif_desc)));

	if (!layout)
		return "a ring lies in no region";
	if ((uintptr_t)layout % sizeof(uint64_t))
		return "a ring is not aligned to 8 bytes";
	if (__atomic_load_n(&layout->cookie, __ATOMIC_RELAXED) != XD_MEMIF_COOKIE)
		return "a ring does not begin with memif's cookie";
	r->size = (uint16_t)size;
	r->bias = p->server ? 0 : r->size;
	r->refill = !p->server && receiver ? XD_MEMIF_BUFFER : 0;
	r->desc = layout->desc;
	r->flags = &layout->flags;
	/* protocol.h: who moves which. */
	r->ours = p->server ? &layout->tail : &layout->head;
	r->theirs = p->server ? &layout->head : &layout->tail;
	r->next = r->published = r->notified = r->partial = 0;
	r->fault = NULL;
	__atomic_store_n(r->ours, receiver ? r->bias : 0, __ATOMIC_RELEASE);
	if (receiver)
		__atomic_store_n(r->flags, XD_MEMIF_MASK_INT, __ATOMIC_RELAXED);
	return NULL;
}

static void
use(struct xd_memif_port *p)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	static const uint64_t one = 1;
	uint16_t nb_tx = 0;

	for (uint16_t q = 0; q < p->port.config.queues; q++) {
		if (p->from[q].added) {
			p->from[q].crowded = epoll_ctl(p->sleep_fds[q], EPOLL_CTL_ADD,
						     p->from[q].fd, &event) != 0;
			__atomic_store_n(&p->from[q].live, true, __ATOMIC_RELEASE);
		}
		if (p->to[q].added) {
			__atomic_store_n(&p->to[q].live, true, __ATOMIC_RELEASE);
			p->port.tx[nb_tx++] = q;
		}
	}
	__atomic_store_n(&p->port.nb_tx, nb_tx, __ATOMIC_RELEASE);
	p->live = true;
	__atomic_store_n(&p->port.up, nb_tx != 0, __ATOMIC_RELEASE);
	/* A worker may be asleep since before there was a ring. */
	if (write(p->wake_fd, &one, sizeof(one)) < 0)
		return;
}

const char *
xd_memif_rings_up(struct xd_memif_port *p)
{
	const char *why = NULL;
	bool some = false;

	for (uint16_t q = 0; q < p->port.config.queues && !why; q++) {
		some |= p->to[q].added;
		why = p->from[q].added ? ring_up(p, &p->from[q], true) : NULL;
		if (!why && p->to[q].added)
			why = ring_up(p, &p->to[q], false);
	}
	if (!why && !some)
		why = "it has no ring that frames could be sent by";
	if (!why)
		use(p);
	return why;
}

static void
forget_ring(struct xd_memif_port *p, struct xd_memif_ring *r)
{
	xd_reaper_close(p->reaper, r->fd);
	r->fd = -1;
	r->added = false;
}

void
xd_memif_rings_down(struct xd_memif_port *p)
{
	__atomic_store_n(&p->port.nb_tx, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&p->port.up, false, __ATOMIC_RELEASE);
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		__atomic_store_n(&p->from[q].live, false, __ATOMIC_RELAXED);
		__atomic_store_n(&p->to[q].live, false, __ATOMIC_RELAXED);
	}
	if (p->live)
		p->port.env->quiesce(p->port.env->ctx);
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		if (p->live && p->from[q].fd >= 0)
			epoll_ctl(p->sleep_fds[q], EPOLL_CTL_DEL, p->from[q].fd, NULL);
		forget_ring(p, &p->from[q]);
		forget_ring(p, &p->to[q]);
	}
	p->live = false;
	for (unsigned i = 0; i < p->nb_regions; i++)
		xd_vu_unmap(&p->maps[i], p->reaper);
	p->nb_regions = 0;
	p->port.guest_bytes = 0;
	xd_reaper_close(p->reaper, p->memory_fd);
	p->memory_fd = -1;
	__atomic_store_n(&p->lost, false, __ATOMIC_RELAXED);
}

void
xd_memif_fault(struct xd_memif_port *p, struct xd_memif_ring *r, const char *rule)
{
	static const uint64_t one = 1;

	__atomic_store_n(&r->live, false, __ATOMIC_RELAXED);
	__atomic_store_n(&r->fault, rule, __ATOMIC_RELEASE);
	if (write(p->fault_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}
