/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving: what the device hands over is frames where it lies, frame/mbuf.h. */
#include <string.h>

#include <rte_branch_prediction.h>

#include "drivers/ethdev/ethdev.h"

/* For the next time. */
static __rte_noinline void
keep(struct xd_ethdev_rxq *rxq, struct rte_mbuf *const *mbufs, uint16_t n)
{
	memcpy(rxq->kept, mbufs, n * sizeof(mbufs[0]));
	rxq->nb_kept = n;
}

/* What came while the worker was about to sleep, or found no room in the last batch. */
static uint16_t
take_kept(struct xd_ethdev_rxq *rxq, struct rte_mbuf *mbufs[XD_BATCH])
{
	uint16_t n = rxq->nb_kept;

	memcpy(mbufs, rxq->kept, n * sizeof(mbufs[0]));
	rxq->nb_kept = 0;
	return n;
}

uint16_t
xd_ethdev_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct rte_mbuf *mbufs[XD_BATCH];
	uint16_t n, taken;

	batch->n = batch->nb_done = 0;
	if (unlikely(!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) || queue >= p->nb_rx))
		return 0;
	if (unlikely(p->rxqs[queue].nb_kept != 0))
		n = take_kept(&p->rxqs[queue], mbufs);
	else
		n = rte_eth_rx_burst(p->port_id, queue, mbufs, p->burst);
	if (n == 0)
		return 0;
	taken = xd_batch_from_mbufs(batch, mbufs, n, &port->drops[queue]);
	if (unlikely(taken < n))
		keep(&p->rxqs[queue], mbufs + taken, n - taken);
	return batch->n;
}

void
xd_ethdev_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	xd_batch_free_mbufs(batch);
}
