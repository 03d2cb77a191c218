/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool of packet buffers that a port receives into and copies frames from guests into. */
#include <inttypes.h>
#include <stdio.h>

#include <rte_cycles.h>

#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"

#define NB_SPARE 4096u /* buffers beside those in rings: in turns, in caches, on other NICs */

int
xd_ethdev_create_pool(struct xd_ethdev_port *p, struct xd_error *err)
{
	unsigned n =
		NB_SPARE + (unsigned)p->nb_rx * p->nb_rx_desc + (unsigned)p->nb_tx * p->nb_tx_desc;
	struct xd_error cause = {0};
	char name[RTE_MEMPOOL_NAMESIZE];

	/* Unique for as long as the pool lives, which may be longer than the port. */
	snprintf(name, sizeof(name), "xd%x_%" PRIx64, p->port_id, rte_rdtsc());
	p->node = rte_eth_dev_socket_id(p->port_id);
	p->pool = xd_pool_create(name, n, p->data_room + RTE_PKTMBUF_HEADROOM, p->node, &cause);
	if (p->pool == NULL)
		return xd_fail(err, cause.code, "port %s: %s", p->port.config.name, cause.text);
	if (p->node != SOCKET_ID_ANY && p->pool->socket_id != p->node) {
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: no hugepages are free on NUMA node %d, which device %s is on: "
			"its "
			"packet buffers are on another, and slower; type echo 64 "
			">/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages, "
			"and add the port again",
			p->port.config.name, p->node, xd_ethdev_config(&p->port.config)->devargs,
			p->node);
		p->node = SOCKET_ID_ANY;
	}
	return 0;
}

void
xd_ethdev_free_pool(struct xd_ethdev_port *p)
{
	struct rte_mempool *pool = p->pool;

	p->pool = NULL;
	if (!xd_pool_free_later(pool, p->port.env->loop))
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: %u packet buffers are still in use elsewhere; its pool stays",
			p->port.config.name, rte_mempool_in_use_count(pool));
}
