/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a worker sleeps while it has a device's queues: each has an interrupt, which comes by an
 * eventfd that nobody reads. Being watched for edges, it says of every interrupt, and need not be
 * taken back: what DPDK has there may be a descriptor that frames come by.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "drivers/ethdev/ethdev.h"

bool
xd_ethdev_can_interrupt(const struct xd_ethdev_port *p)
{
	for (uint16_t q = 0; q < p->nb_rx; q++) {
		/* Asked first: a device without says so silently. */
		if (rte_eth_dev_rx_intr_enable(p->port_id, q) != 0)
			return false;
		rte_eth_dev_rx_intr_disable(p->port_id, q);
		if (rte_eth_dev_rx_intr_ctl_q_get_fd(p->port_id, q) < 0)
			return false;
	}
	return true;
}

static void
set_interrupt(struct xd_ethdev_port *p, uint16_t queue, bool on)
{
	rte_spinlock_lock(&p->intr_lock);
	if (on)
		rte_eth_dev_rx_intr_enable(p->port_id, queue);
	else
		rte_eth_dev_rx_intr_disable(p->port_id, queue);
	rte_spinlock_unlock(&p->intr_lock);
}

/* A worker may be asleep since the device had gone. */
void
xd_ethdev_arm_all(struct xd_ethdev_port *p)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	for (uint16_t q = 0; p->intr && q < p->nb_rx; q++) {
		struct xd_ethdev_rxq *rxq = &p->rxqs[q];

		rxq->intr_fd = rte_eth_dev_rx_intr_ctl_q_get_fd(p->port_id, q);
		if (epoll_ctl(rxq->sleep_fd, EPOLL_CTL_ADD, rxq->intr_fd, &event) != 0)
			rxq->intr_fd = -1;
		set_interrupt(p, q, true);
	}
}

void
xd_ethdev_disarm_all(struct xd_ethdev_port *p)
{
	for (uint16_t q = 0; q < p->nb_rx; q++) {
		struct xd_ethdev_rxq *rxq = &p->rxqs[q];

		if (rxq->intr_fd >= 0)
			epoll_ctl(rxq->sleep_fd, EPOLL_CTL_DEL, rxq->intr_fd, NULL);
		rxq->intr_fd = -1;
		rte_pktmbuf_free_bulk(rxq->kept, rxq->nb_kept);
		rxq->nb_kept = 0;
	}
}

/* While there is no device there is nothing to wait for either. */
int
xd_ethdev_fd(struct xd_port *port, uint16_t queue)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;

	if (__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) && !p->intr)
		return -1;
	return p->rxqs[queue].sleep_fd;
}

/* Not every driver can tell whether frames are there; receiving can. They are the next turn's. */
bool
xd_ethdev_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct xd_ethdev_rxq *rxq = &p->rxqs[queue];

	if (!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) || queue >= p->nb_rx || !p->intr)
		return false;
	set_interrupt(p, queue, true);
	if (rxq->nb_kept == 0)
		rxq->nb_kept = rte_eth_rx_burst(p->port_id, queue, rxq->kept, p->burst);
	return rxq->nb_kept != 0;
}

void
xd_ethdev_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct epoll_event event;

	/* Takes the edge off. */
	epoll_wait(p->rxqs[queue].sleep_fd, &event, 1, 0);
	if (__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) && queue < p->nb_rx && p->intr)
		set_interrupt(p, queue, false);
}
