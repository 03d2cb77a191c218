/* SPDX-License-Identifier: BSD-3-Clause */
/* A dpdk port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
tell_modes(struct xd_teller *t, const struct xd_ethdev_port *p)
{
	static const char *const modes[] = {[RTE_ETH_FC_NONE] = "off",
		[RTE_ETH_FC_RX_PAUSE] = "rx",
		[RTE_ETH_FC_TX_PAUSE] = "tx",
		[RTE_ETH_FC_FULL] = "both"};
	struct rte_eth_fc_conf conf = {0};
	int promisc = rte_eth_promiscuous_get(p->port_id);

	if (promisc >= 0)
		xd_tell(t, "promisc", "%s", promisc ? "yes" : "no");
	if (rte_eth_dev_flow_ctrl_get(p->port_id, &conf) == 0 && conf.mode < RTE_DIM(modes))
		xd_tell(t, "flow_control", "%s", modes[conf.mode]);
	if (p->nb_rx > 1)
		xd_tell(t, "rss", "%s%s%s%s%s", p->rss == 0 ? "none" : "",
			p->rss & RTE_ETH_RSS_IP ? "ip " : "",
			p->rss & RTE_ETH_RSS_TCP ? "tcp " : "",
			p->rss & RTE_ETH_RSS_UDP ? "udp " : "",
			p->rss & ~(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) ? "others"
										       : "");
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
		xd_tell(&t, "device", "%s%s", p->lost ? p->lost_why : "stopped",
			p->lost ? "; it is taken up again when it is back" : "");
		xd_tell(&t, "link", "down");
		return;
	}
	if (rte_eth_dev_info_get(p->port_id, &info) == 0)
		xd_tell(&t, "device_driver", "%s", info.driver_name);
	tell_link(&t, p);
	xd_tell(&t, "wakes", "%s",
		p->intr ? "by receive interrupts"
			: "never: the device has no receive interrupts, its worker polls");
	xd_tell(&t, "receive_queues", "%u of %u descriptors", p->nb_rx, p->nb_rx_desc);
	xd_tell(&t, "transmit_queues", "%u of %u descriptors", p->nb_tx, p->nb_tx_desc);
	xd_tell(&t, "buffers", "%u of %u B, %u in use, %" PRIu64 " KiB", p->pool->size,
		p->data_room, rte_mempool_in_use_count(p->pool), xd_pool_bytes(p->pool) / 1024);
	tell_modes(&t, p);
	tell_offloads(&t, p);
	tell_device(&t, p);
}

void
xd_ethdev_xstats(struct xd_port *port, xd_xstat_fn fn, void *ctx)
{
	const struct xd_ethdev_port *p = (const struct xd_ethdev_port *)port;
	struct rte_eth_xstat_name *names = NULL;
	struct rte_eth_xstat *stats = NULL;
	int n = p->running ? rte_eth_xstats_get_names(p->port_id, NULL, 0) : 0;

	if (n > 0) {
		names = calloc((size_t)n, sizeof(*names));
		stats = calloc((size_t)n, sizeof(*stats));
	}
	/* Both are in the order of ids, and fill in no more than there is room for. */
	if (names != NULL && stats != NULL &&
		rte_eth_xstats_get_names(p->port_id, names, (unsigned)n) == n &&
		rte_eth_xstats_get(p->port_id, stats, (unsigned)n) == n) {
		for (int i = 0; i < n; i++) {
			if (stats[i].id < (uint64_t)n)
				fn(ctx, names[stats[i].id].name, stats[i].value);
		}
	}
	free(names);
	free(stats);
}
