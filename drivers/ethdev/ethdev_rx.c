/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving: what the device hands over is frames where it lies, frame/mbuf.h. */
#include <rte_branch_prediction.h>

#include "drivers/ethdev/ethdev.h"

uint16_t
xd_ethdev_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct rte_mbuf *mbufs[XD_BATCH];
	uint16_t n;

	batch->n = batch->nb_done = 0;
	if (unlikely(!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE) || queue >= p->nb_rx))
		return 0;
	n = rte_eth_rx_burst(p->port_id, queue, mbufs, p->burst);
	if (n == 0)
		return 0;
	return xd_batch_from_mbufs(batch, mbufs, n, &port->drops[queue]);
}

void
xd_ethdev_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	xd_batch_free_mbufs(batch);
}
