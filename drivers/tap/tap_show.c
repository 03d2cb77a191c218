/* SPDX-License-Identifier: BSD-3-Clause */
/* A tap port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>

#include <rte_ether.h>

#include "drivers/tap/tap.h"
#include "port/describe.h"

static void
tell_netns(struct xd_teller *t, const struct xd_tap_port *p)
{
	const char *netns = xd_tap_config(&p->port.config)->netns;

	if (p->moved)
		xd_tell(t, "namespace", "was moved to another than %s",
			netns[0] ? netns : "the switch's own");
	else
		xd_tell(t, "namespace", "%s", netns[0] ? netns : "the switch's own");
}

static void
tell_link(struct xd_teller *t, const struct xd_tap_port *p, const char *name)
{
	struct xd_link link;

	if (p->moved || xd_link_get(&p->dev, name, &link) < 0)
		return;
	xd_tell(t, "interface_index", "%d", link.index);
	xd_tell(t, "interface_mac", RTE_ETHER_ADDR_PRT_FMT, link.mac[0], link.mac[1], link.mac[2],
		link.mac[3], link.mac[4], link.mac[5]);
	xd_tell(t, "interface_mtu", "%" PRIu32, link.mtu);
	xd_tell(t, "kernel_queue_full", "%" PRIu64, link.tx_dropped);
	xd_tell(t, "kernel_dropped", "%" PRIu64, link.rx_dropped);
}

void
xd_tap_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_tap_port *p = (const struct xd_tap_port *)port;
	struct xd_teller t = {fn, ctx};
	char name[IF_NAMESIZE];

	if (!p->running || xd_tap_name(p, name) < 0) {
		xd_tell(&t, "interface", "%s", p->dev.lost ? p->dev.why : "stopped");
		xd_tell(&t, "link", "down");
		return;
	}
	xd_tell(&t, "interface", "%s", name);
	tell_netns(&t, p);
	xd_tell(&t, "link", port->up ? "up" : "down");
	tell_link(&t, p, name);
	xd_tell(&t, "queues", "%u", port->config.queues);
	xd_tell(&t, "transmit_offloads", "checksum, tcp-segmentation%s",
		p->offloads & XD_OFFLOAD_USO4 ? ", udp-segmentation" : "");
	xd_tell(&t, "persistent",
		xd_tap_config(&port->config)->persist == XD_TAP_PERSIST_YES ? "yes" : "no");
}
