/* SPDX-License-Identifier: BSD-3-Clause */
/* A dpdk port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"
#include "port/describe.h"

static void
tell_link(struct xd_teller *t, const struct xd_ethdev_port *p)
{
	struct rte_eth_link link;

	if (!p->port.up)
		xd_tell(t, "link", "down");
	else if (rte_eth_link_get_nowait(p->port_id, &link) != 0)
		xd_tell(t, "link", "taken to be up: its driver cannot tell");
	else if (link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		xd_tell(t, "link", "up");
	else
		xd_tell(t, "link", "up, %u Mbit/s, %s duplex", link.link_speed,
			link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX ? "full" : "half");
}

static void
tell_offloads(struct xd_teller *t, const struct xd_ethdev_port *p)
{
	const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, "ip-checksum"},
		{RTE_ETH_TX_OFFLOAD_TCP_CKSUM, "tcp-checksum"},
		{RTE_ETH_TX_OFFLOAD_UDP_CKSUM, "udp-checksum"},
		{RTE_ETH_TX_OFFLOAD_TCP_TSO, "tcp-segmentation"},
	};
	char text[128] = "";

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		if (p->tx_offloads & names[i].flag)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				text[0] != '\0' ? ", " : "", names[i].name);
	}
	xd_tell(t, "transmit_offloads", "%s", text[0] != '\0' ? text : "none");
	xd_tell(t, "receive_offloads", "%s",
		p->rx_offloads & RTE_ETH_RX_OFFLOAD_CHECKSUM ? "checksum" : "none");
}

static void
tell_device(struct xd_teller *t, const struct xd_ethdev_port *p)
{
	struct rte_ether_addr mac;
	struct rte_eth_stats stats;
	int node = rte_eth_dev_socket_id(p->port_id);

	if (rte_eth_macaddr_get(p->port_id, &mac) == 0)
		xd_tell(t, "mac", RTE_ETHER_ADDR_PRT_FMT, RTE_ETHER_ADDR_BYTES(&mac));
	if (node >= 0)
		xd_tell(t, "numa_node", "%d", node);
	if (rte_eth_stats_get(p->port_id, &stats) != 0)
		return;
	xd_tell(t, "device_rx_missed", "%" PRIu64, stats.imissed);
	xd_tell(t, "device_rx_errors", "%" PRIu64, stats.ierrors);
	xd_tell(t, "device_rx_no_buffer", "%" PRIu64, stats.rx_nombuf);
	xd_tell(t, "device_tx_errors", "%" PRIu64, stats.oerrors);
}

void
xd_ethdev_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_ethdev_port *p = (const struct xd_ethdev_port *)port;
	struct xd_teller t = {fn, ctx};
	struct rte_eth_dev_info info;

	if (!p->running) {
		xd_tell(&t, "device", "%s",
			p->lost ? "has gone or was taken down; taken up again when it is back"
				: "stopped");
		xd_tell(&t, "link", "down");
		return;
	}
	if (rte_eth_dev_info_get(p->port_id, &info) == 0)
		xd_tell(&t, "device_driver", "%s", info.driver_name);
	tell_link(&t, p);
	xd_tell(&t, "receive_queues", "%u of %u descriptors", p->nb_rx, p->nb_rx_desc);
	xd_tell(&t, "transmit_queues", "%u of %u descriptors", p->nb_tx, p->nb_tx_desc);
	xd_tell(&t, "buffers", "%u of %u B, %u in use, %" PRIu64 " KiB", p->pool->size,
		p->data_room, rte_mempool_in_use_count(p->pool), xd_pool_bytes(p->pool) / 1024);
	tell_offloads(&t, p);
	tell_device(&t, p);
}
