/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface: taken for the port, given back, and whether frames can pass; and the addresses
 * that are its own, frames for which stay with the kernel. Control. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/af_xdp/af_xdp.h"

#define TAGS_BYTES 8 /* of two VLAN tags */

/* ---- Its own addresses ---- */

/* A frame to its MAC address, or that asks for one of its IP addresses, is for the kernel. */
static unsigned
own_rules(const struct xd_af_xdp_port *p, const struct xd_link *link,
	struct xd_af_xdp_rule rules[XD_AF_XDP_OWN_RULES])
{
	struct xd_ip ips[XD_AF_XDP_OWN_RULES - 2];
	unsigned n = 1, nb_ips = 0;

	memset(rules, 0, XD_AF_XDP_OWN_RULES * sizeof(*rules));
	rules[0] = (struct xd_af_xdp_rule){.kind = XD_STEER_MAC, .whose = XD_STEER_OWN};
	memcpy(rules[0].value, link->mac, sizeof(link->mac));
	xd_link_addresses(&p->dev, ips, XD_AF_XDP_OWN_RULES - 2, &nb_ips);
	for (unsigned i = 0; i < nb_ips; i++, n++) {
		rules[n].whose = XD_STEER_OWN;
		rules[n].kind = ips[i].family == AF_INET ? XD_STEER_ARP : XD_STEER_ND;
		memcpy(rules[n].value, ips[i].bytes, ips[i].family == AF_INET ? 4 : 16);
	}
	return n;
}

static void
follow_own(struct xd_af_xdp_port *p, const struct xd_link *link)
{
	struct xd_af_xdp_rule rules[XD_AF_XDP_OWN_RULES];
	unsigned n = own_rules(p, link, rules);
	int ret;

	if (n == p->nb_own && !memcmp(rules, p->own, sizeof(rules)))
		return;
	memcpy(p->own, rules, sizeof(rules));
	p->nb_own = n;
	ret = xd_af_xdp_program_steer(p, &p->port.config);
	if (ret < 0)
		xd_log_limited(p->port.env->log, &p->dev.log_limit, XD_LOG_PORT, XD_LOG_ERROR,
			"port %s: interface %s has other addresses now, which its rules do not "
			"follow: %s",
			p->port.config.name, p->dev.ifname, strerror(-ret));
}

/* ---- What is asked of the interface beside netlink ---- */

static int
ask_ethtool(const struct xd_af_xdp_port *p, void *request)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", p->dev.ifname);
	ifr.ifr_data = request;
	return ioctl(p->promisc_fd, SIOCETHTOOL, &ifr) == 0 ? 0 : -errno;
}

/* Of its link, as the driver tells it; 0: not known. That of a veth is made up, and says nothing of
 * what it carries. */
static uint32_t
ask_speed(const struct xd_af_xdp_port *p)
{
	/* Behind the settings three masks, of as many words as the kernel says. */
	union {
		struct ethtool_link_settings settings;
		uint32_t words[sizeof(struct ethtool_link_settings) / 4 + 3 * INT8_MAX];
	} link = {.settings = {.cmd = ETHTOOL_GLINKSETTINGS}};

	if (p->is_veth || ask_ethtool(p, &link) < 0 || link.settings.link_mode_masks_nwords >= 0)
		return 0;
	link.settings.cmd = ETHTOOL_GLINKSETTINGS;
	link.settings.link_mode_masks_nwords = (int8_t)-link.settings.link_mode_masks_nwords;
	if (ask_ethtool(p, &link) < 0 || link.settings.speed == (uint32_t)SPEED_UNKNOWN)
		return 0;
	return link.settings.speed;
}

static void
look_at_device(struct xd_af_xdp_port *p)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	const char *name = p->port.config.name;

	p->port.speed_mbps = ask_speed(p);
	p->nb_channels =
		ask_ethtool(p, &channels) == 0 ? channels.rx_count + channels.combined_count : 0;
	p->vlan_stripped =
		!p->is_veth && ask_ethtool(p, &flags) == 0 && flags.data & ETH_FLAG_RXVLAN;
	if (p->nb_channels > p->port.config.queues)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"port %s: interface %s has %u receive queues: frames of those from number "
			"%u on stay with the kernel; write queues: %u, or ethtool -L %s combined "
			"%u",
			name, p->dev.ifname, p->nb_channels, p->port.config.queues, p->nb_channels,
			p->dev.ifname, p->port.config.queues);
	if (p->generic && p->is_veth)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"port %s: in generic mode the other end of veth %s must not send long "
			"frames to be segmented: ethtool -K PEER tso off gso off",
			name, p->dev.ifname);
	if (p->vlan_stripped)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"port %s: interface %s takes VLAN tags off, so that they are lost: ethtool "
			"-K %s rxvlan off",
			name, p->dev.ifname, p->dev.ifname);
}

/* Until the descriptor is closed. */
static int
be_promiscuous(struct xd_af_xdp_port *p, struct xd_error *err)
{
	const struct packet_mreq all = {.mr_ifindex = p->dev.index, .mr_type = PACKET_MR_PROMISC};

	p->promisc_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->promisc_fd >= 0 && setsockopt(p->promisc_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
					  sizeof(all)) == 0)
		return 0;
	if (errno == EPERM)
		return xd_fail(err, -errno,
			"port %s: no permission to have interface %s take all frames: run "
			"crossdockd as root, or give it CAP_NET_RAW and CAP_NET_ADMIN",
			p->port.config.name, p->dev.ifname);
	return xd_fail(err, -errno, "port %s: interface %s does not take all frames: %s",
		p->port.config.name, p->dev.ifname, strerror(errno));
}

/* ---- Begin and end ---- */

static int
fail_link(const struct xd_af_xdp_port *p, int code, struct xd_error *err)
{
	char netns[XD_NETNS_MAX + 8];

	return xd_port_config_fail(err, code, &p->port.config, "ifname",
		code == -ENODEV ? "there is no interface %s: `ip%s link` lists those that are there"
				: "interface %s is not to be seen by `ip%s link`",
		p->dev.ifname, xd_netns_ip(p->dev.netns, netns));
}

int
xd_af_xdp_fail_mtu(const struct xd_af_xdp_port *p, const struct xd_port_config *config,
	uint32_t has, struct xd_error *err)
{
	return xd_port_config_fail(err, -EMSGSIZE, config, "mtu",
		"interface %s takes frames of mtu %u: write that, or ip link set %s mtu %u",
		p->dev.ifname, has, p->dev.ifname, config->mtu);
}

/* Chunks that hold the interface's longest frame, in one or in several. */
static int
choose_chunk(struct xd_af_xdp_port *p, const struct xd_link *link, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const uint32_t longest = link->mtu + XD_FRAME_MIN + TAGS_BYTES;

	if (config->mtu > link->mtu)
		return xd_af_xdp_fail_mtu(p, config, link->mtu, err);
	p->in_pieces = longest > XD_AF_XDP_CHUNK_LARGE - XD_AF_XDP_RX_OFFSET;
	p->chunk = longest > XD_AF_XDP_CHUNK_SMALL - XD_AF_XDP_RX_OFFSET ? XD_AF_XDP_CHUNK_LARGE
									 : XD_AF_XDP_CHUNK_SMALL;
	return 0;
}

/* In the interface's namespace. */
static int
open_all(struct xd_port *port, struct xd_error *err)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	struct xd_link link;
	int ret = xd_link_get(&p->dev, p->dev.ifname, &link);

	if (ret < 0)
		return fail_link(p, ret, err);
	p->dev.index = link.index;
	p->is_veth = link.is_veth;
	ret = choose_chunk(p, &link, err);
	if (ret == 0)
		ret = be_promiscuous(p, err);
	if (ret == 0)
		ret = xd_af_xdp_program_attach(p, err);
	for (unsigned q = 0; ret == 0 && q < port->config.queues; q++)
		ret = xd_af_xdp_socket_open(p, q, err);
	if (ret < 0)
		return ret;
	port->pool_bytes = port->config.queues * p->queues[0].umem_bytes;
	look_at_device(p);
	p->nb_own = own_rules(p, &link, p->own);
	return 0;
}

static void
close_all(struct xd_af_xdp_port *p)
{
	xd_af_xdp_program_detach(p);
	for (unsigned q = 0; q < p->port.config.queues; q++)
		xd_af_xdp_socket_close(&p->queues[q]);
	if (p->promisc_fd >= 0)
		close(p->promisc_fd);
	p->promisc_fd = -1;
	p->port.pool_bytes = 0;
	xd_netdev_leave(&p->dev);
}

static void
af_xdp_end(struct xd_port *port)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;

	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	port->env->quiesce(port->env->ctx);
	close_all(p);
}

static int
af_xdp_begin(struct xd_port *port, struct xd_error *err)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	const struct xd_af_xdp_config *xdp = xd_af_xdp_config(&port->config);
	int ret;

	snprintf(p->dev.ifname, sizeof(p->dev.ifname), "%s",
		xd_netdev_ifname(&port->config, xdp->ifname));
	p->busy_poll = xdp->busy_poll_us != 0;
	ret = xd_netdev_enter(&p->dev, open_all, err);
	if (ret == 0) {
		ret = xd_af_xdp_program_steer(p, &port->config);
		if (ret < 0)
			xd_fail(err, ret, "port %s: rules of its XDP program: %s",
				port->config.name, strerror(-ret));
	}
	if (ret == 0)
		ret = xd_af_xdp_program_connect(p, err);
	if (ret < 0) {
		close_all(p);
		return ret;
	}
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	return 0;
}

static bool
af_xdp_gone(struct xd_port *port)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	struct xd_link link;

	return xd_link_get(&p->dev, NULL, &link) == -ENODEV;
}

static bool
af_xdp_up(struct xd_port *port)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	struct xd_link link;

	if (xd_link_get(&p->dev, NULL, &link) < 0)
		return false;
	snprintf(p->dev.ifname, sizeof(p->dev.ifname), "%s", link.name);
	/* The kernel tells of other addresses, of which there can be many to ask for. */
	if (xd_netdev_news(&p->dev)) {
		follow_own(p, &link);
		port->speed_mbps = ask_speed(p);
	}
	return (link.flags & IFF_UP) && (link.flags & IFF_RUNNING) && link.carrier;
}

static bool
af_xdp_carrier(struct xd_port *port)
{
	struct ethtool_value link = {.cmd = ETHTOOL_GLINK};

	return ask_ethtool((struct xd_af_xdp_port *)port, &link) == 0 && link.data != 0;
}

const struct xd_netdev_ops xd_af_xdp_netdev_ops = {
	.begin = af_xdp_begin,
	.end = af_xdp_end,
	.gone = af_xdp_gone,
	.up = af_xdp_up,
	.carrier = af_xdp_carrier,
	.groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	.waits = true,
	.later = "is used when it is there",
};
