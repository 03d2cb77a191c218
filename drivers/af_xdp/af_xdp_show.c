/* SPDX-License-Identifier: BSD-3-Clause */
/* An af_xdp port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "drivers/af_xdp/af_xdp.h"
#include "port/describe.h"

static void
tell_interface(struct xd_teller *t, const struct xd_af_xdp_port *p)
{
	struct xd_link link;

	xd_tell(t, "interface", "%s", p->dev.ifname);
	xd_tell(t, "namespace", "%s", p->dev.netns[0] ? p->dev.netns : "the switch's own");
	if (xd_link_get(&p->dev, NULL, &link) < 0)
		return;
	if (!(link.flags & IFF_UP))
		xd_tell(t, "link", "down: ip link set %s up", p->dev.ifname);
	else if (!(link.flags & IFF_RUNNING))
		xd_tell(t, "link", "no carrier");
	else if (p->port.speed_mbps)
		xd_tell(t, "link", "up, %" PRIu32 " Mbit/s", p->port.speed_mbps);
	else
		xd_tell(t, "link", "up");
	xd_tell(t, "interface_index", "%d", link.index);
	xd_tell(t, "interface_mtu", "%" PRIu32, link.mtu);
	if (p->vlan_stripped)
		xd_tell(t, "vlan_tags", "lost: ethtool -K %s rxvlan off", p->dev.ifname);
}

static void
tell_program(struct xd_teller *t, const struct xd_af_xdp_port *p)
{
	uint64_t counters[XD_STEER_COUNTERS];

	xd_af_xdp_program_counters(p, counters);
	xd_tell(t, "xdp", "%s", p->generic ? "generic: slower, behind the driver" : "native");
	xd_tell(t, "frames_redirected", "%" PRIu64, counters[XD_STEER_REDIRECTED]);
	xd_tell(t, "frames_passed", "%" PRIu64, counters[XD_STEER_PASSED]);
	xd_tell(t, "frames_without_queue", "%" PRIu64, counters[XD_STEER_NO_SOCKET]);
	xd_tell(t, "own_addresses", "%u", p->nb_own);
}

/* Of all queues. */
static void
tell_statistics(struct xd_teller *t, const struct xd_af_xdp_port *p)
{
	struct xdp_statistics sum = {0}, one;

	for (unsigned q = 0; q < p->port.config.queues; q++) {
		socklen_t len = sizeof(one);

		if (getsockopt(p->queues[q].dev.fd, SOL_XDP, XDP_STATISTICS, &one, &len) < 0 ||
			len != sizeof(one))
			continue;
		sum.rx_dropped += one.rx_dropped;
		sum.rx_invalid_descs += one.rx_invalid_descs;
		sum.tx_invalid_descs += one.tx_invalid_descs;
		sum.rx_ring_full += one.rx_ring_full;
		sum.rx_fill_ring_empty_descs += one.rx_fill_ring_empty_descs;
	}
	xd_tell(t, "kernel_queue_full", "%" PRIu64, (uint64_t)sum.rx_ring_full);
	xd_tell(t, "kernel_no_chunk", "%" PRIu64, (uint64_t)sum.rx_fill_ring_empty_descs);
	xd_tell(t, "kernel_dropped", "%" PRIu64, (uint64_t)sum.rx_dropped);
	xd_tell(t, "kernel_refused", "%" PRIu64,
		(uint64_t)(sum.rx_invalid_descs + sum.tx_invalid_descs));
}

void
xd_af_xdp_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_af_xdp_port *p = (const struct xd_af_xdp_port *)port;
	struct xd_teller t = {fn, ctx};

	if (!p->running) {
		xd_tell(&t, "interface", "%s", p->dev.lost ? p->dev.why : "stopped");
		xd_tell(&t, "link", "down");
		return;
	}
	tell_interface(&t, p);
	if (p->nb_channels > port->config.queues)
		xd_tell(&t, "queues", "%u of %u: queues: %u, or ethtool -L %s combined %u",
			port->config.queues, p->nb_channels, p->nb_channels, p->dev.ifname,
			port->config.queues);
	else
		xd_tell(&t, "queues", "%u", port->config.queues);
	tell_program(&t, p);
	xd_tell(&t, "zero_copy", "%s", p->zero_copy ? "yes" : "no: the kernel copies frames");
	xd_tell(&t, "frames_in_pieces", "%s", p->in_pieces ? "yes" : "no");
	xd_tell(&t, "transmit_offloads", "%s", p->ask_csum ? "checksum" : "none");
	tell_statistics(&t, p);
}
