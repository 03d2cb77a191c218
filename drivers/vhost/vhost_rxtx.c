/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers call. */
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_branch_prediction.h>

#include "drivers/vhost/vhost.h"

static inline bool
is_live(const struct xd_vq *vq)
{
	return __atomic_load_n(&vq->live, __ATOMIC_ACQUIRE);
}

/* The ring stopped itself; its port is control's to stop. At most one write a fault, because a
 * ring that is not live is not used. */
static void
tell_fault(struct xd_vhost_port *p)
{
	static const uint64_t one = 1;

	if (write(p->fault_fd, &one, sizeof(one)) < 0)
		return; /* counter full: told already */
}

uint16_t
xd_vhost_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];

	if (unlikely(!is_live(vq))) {
		batch->n = 0;
		batch->nb_done = 0;
		return 0;
	}
	xd_vq_dequeue(vq, batch, &port->counters[batch->worker]);
	if (unlikely(vq->fault != XD_VQ_OK))
		tell_fault(p);
	return batch->n;
}

void
xd_vhost_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	/* Also when the ring broke meanwhile: the memory is there until the turn is over. */
	xd_vq_release(&p->vqs[XD_VHOST_FROM_GUEST(queue)], batch);
}

uint16_t
xd_vhost_tx(struct xd_port *port, uint16_t queue, unsigned worker, struct xd_frame *const *frames,
	uint16_t n)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_counters *counters = &port->counters[worker];
	uint16_t nb_live = __atomic_load_n(&p->nb_live, __ATOMIC_ACQUIRE);
	struct xd_vq *vq;
	uint16_t done;

	if (unlikely(nb_live == 0)) {
		counters->drops[XD_DROP_PORT_DOWN] += n;
		return n;
	}
	vq = &p->vqs[XD_VHOST_TO_GUEST(p->live[nb_live == 1 ? 0 : queue % nb_live])];
	if (unlikely(!is_live(vq))) {
		counters->drops[XD_DROP_PORT_DOWN] += n;
		return n;
	}
	done = xd_vq_enqueue(vq, frames, n, port->max_frame, counters);
	if (unlikely(vq->fault != XD_VQ_OK)) {
		tell_fault(p);
		counters->drops[XD_DROP_FAULT] += n - done;
		return n;
	}
	return done;
}

void
xd_vhost_notify_rx(struct xd_port *port, uint16_t queue, unsigned worker)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;

	xd_vq_notify_released(&p->vqs[XD_VHOST_FROM_GUEST(queue)], &port->counters[worker]);
}

void
xd_vhost_notify_tx(struct xd_port *port, uint16_t queue, unsigned worker)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	uint16_t nb_live = __atomic_load_n(&p->nb_live, __ATOMIC_ACQUIRE);

	if (nb_live)
		xd_vq_notify_enqueued(&p->vqs[XD_VHOST_TO_GUEST(p->live[queue % nb_live])],
			&port->counters[worker]);
}

int
xd_vhost_fd(struct xd_port *port, uint16_t queue)
{
	return ((struct xd_vhost_port *)port)->sleep_fds[queue];
}

bool
xd_vhost_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];

	return is_live(vq) && xd_vq_arm(vq);
}

void
xd_vhost_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	struct xd_vq *vq = &p->vqs[XD_VHOST_FROM_GUEST(queue)];
	struct epoll_event events[4];

	/* Takes the edges off the kick descriptor, which itself is never read: it is the guest's
	 * and reading it could block. */
	epoll_wait(p->sleep_fds[queue], events, RTE_DIM(events), 0);
	if (is_live(vq))
		xd_vq_disarm(vq);
}
