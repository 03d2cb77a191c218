/* SPDX-License-Identifier: BSD-3-Clause */
/* The data path of a vhost-user port: the calls of the driver contract that workers make, each
 * passed to the virtqueue that it is about. */
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_branch_prediction.h>

#include "drivers/vhost/vhost.h"

#define RARP_BYTES 60 /* the shortest frame that Ethernet has, without FCS */

static inline bool
is_live(const struct xd_vq *vq)
{
	return __atomic_load_n(&vq->live, __ATOMIC_ACQUIRE);
}

/* The guest broke its ring, which is not live any more; has control stop the port. At most one
 * write a fault, because a ring that is not live is not used. */
static void
tell_fault(struct xd_vhost_port *p)
{
	static const uint64_t one = 1;

	if (write(p->fault_fd, &one, sizeof(one)) < 0)
		return; /* counter full: told already */
}

/* What tells every switch where the guest is now: a RARP request for its own address (RFC 903), as
 * hypervisors send it. */
static uint16_t
send_rarp(struct xd_vhost_port *p, struct xd_batch *batch)
{
	static const uint8_t rarp[] = {0x80, 0x35, 0, 1, 0x08, 0x00, 6, 4, 0, 3};
	struct xd_frame *f = &batch->frames[0];
	uint8_t *data = f->buf + XD_HEADROOM;

	__atomic_store_n(&p->rarp_due, false, __ATOMIC_RELAXED);
	batch->n = 1;
	batch->nb_done = batch->nb_segs = 0;
	batch->no_frame = 0;
	batch->bytes = RARP_BYTES;
	xd_frame_init(f, RARP_BYTES, RARP_BYTES, 0);
	memset(data, 0, RARP_BYTES);
	memset(data, 0xff, 6);
	memcpy(data + 6, p->rarp_mac, 6);
	memcpy(data + 12, rarp, sizeof(rarp));
	memcpy(data + 22, p->rarp_mac, 6); /* sender's, and target's hardware address */
	memcpy(data + 32, p->rarp_mac, 6);
	return 1;
}

uint16_t
xd_vhost_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];

	if (unlikely(queue == 0 && __atomic_load_n(&p->rarp_due, __ATOMIC_ACQUIRE)))
		return send_rarp(p, batch);
	if (unlikely(!is_live(vq))) {
		batch->n = 0;
		batch->nb_done = 0;
		return 0;
	}
	xd_vq_dequeue(vq, batch);
	if (unlikely(vq->fault != XD_VQ_OK))
		tell_fault(p);
	return batch->n;
}

void
xd_vhost_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	if (batch->nb_done)
		xd_vq_rewind(&p->vqs[XD_VHOST_FROM_GUEST(queue)], batch, n);
}

void
xd_vhost_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	/* Also when the ring broke meanwhile: the memory is there until the turn is over. */
	if (likely(batch->nb_done))
		xd_vq_release(&p->vqs[XD_VHOST_FROM_GUEST(queue)], batch);
}

/* The guest's receive queue that a worker uses now, or NULL. */
static inline struct xd_vq *
tx_queue(struct xd_vhost_port *p, unsigned worker)
{
	struct xd_vq *vq = &p->vqs[XD_VHOST_TO_GUEST(xd_port_tx_queue(&p->port, worker))];

	return likely(is_live(vq)) ? vq : NULL;
}

uint16_t
xd_vhost_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = tx_queue(p, worker);
	uint16_t done;

	if (unlikely(!vq))
		return xd_port_drop_down(port, worker, n);
	done = xd_vq_enqueue(vq, frames, n, __atomic_load_n(&port->max_frame, __ATOMIC_RELAXED),
		&port->counters[worker]);
	if (unlikely(__atomic_load_n(&vq->fault, __ATOMIC_RELAXED) != XD_VQ_OK)) {
		tell_fault(p);
		xd_drop(vq->drops, XD_DROP_RING_FAULT, n - done);
		return n;
	}
	return done;
}

uint8_t
xd_vhost_takes(struct xd_port *port, unsigned worker)
{
	const struct xd_vq *vq = tx_queue((struct xd_vhost_port *)port, worker);

	return likely(vq) ? vq->offloads : 0;
}

uint16_t
xd_vhost_room(struct xd_port *port, unsigned worker, uint16_t wanted)
{
	struct xd_vq *vq = tx_queue((struct xd_vhost_port *)port, worker);

	/* What is down is not waited for. */
	return vq ? xd_vq_room(vq, wanted, &port->counters[worker]) : wanted;
}

void
xd_vhost_notify_rx(struct xd_port *port, uint16_t queue, unsigned worker)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	xd_vq_notify_released(&p->vqs[XD_VHOST_FROM_GUEST(queue)], &port->counters[worker],
		xd_guard_slot(port->env->guard, worker));
}

void
xd_vhost_notify_tx(struct xd_port *port, unsigned worker)
{
	struct xd_vq *vq = tx_queue((struct xd_vhost_port *)port, worker);

	if (likely(vq))
		xd_vq_notify_enqueued(
			vq, &port->counters[worker], xd_guard_slot(port->env->guard, worker));
}

int
xd_vhost_fd(struct xd_port *port, uint16_t queue)
{
	const struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	/* A guest that has no kick descriptor expects to be polled (vhost-user, SET_VRING_KICK). */
	return is_live(&p->vqs[XD_VHOST_FROM_GUEST(queue)]) && p->kick_fds[queue] < 0
		       ? XD_FD_NAP
		       : p->sleep_fds[queue];
}

bool
xd_vhost_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];
	struct epoll_event events[4];

	/* Takes the edges off the kick descriptor, which itself is never read: it is the guest's
	 * and reading it could block. What they told of is looked for below. */
	epoll_wait(p->sleep_fds[queue], events, RTE_DIM(events), 0);
	if (queue == 0 && __atomic_load_n(&p->rarp_due, __ATOMIC_ACQUIRE))
		return true;
	return is_live(vq) && xd_vq_arm(vq);
}

void
xd_vhost_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];

	if (is_live(vq))
		xd_vq_disarm(vq);
}
