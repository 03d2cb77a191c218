/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface: made, or taken over when it is persistent, and given back. Control. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/tap/tap.h"

#define TUN "/dev/net/tun"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20 /* Linux 6.2 */
#define TUN_F_USO6 0x40
#endif

/* ---- Descriptors, opened in the namespace ---- */

static int
fail_tun(const struct xd_tap_port *p, int code, struct xd_error *err)
{
	const char *port = p->port.config.name;

	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return xd_fail(err, -ENODEV,
			"port %s: this kernel has no " TUN ": type `modprobe tun`, or give the "
			"container that crossdockd runs in this device",
			port);
	case -EPERM:
	case -EACCES:
		return xd_fail(err, code,
			"port %s: no permission to open " TUN ": run crossdockd as root, or give "
			"it CAP_NET_ADMIN and this device",
			port);
	default:
		return xd_fail(err, code, "port %s: " TUN ": %s", port, strerror(-code));
	}
}

static int
open_queues(struct xd_port *port, struct xd_error *err)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;

	for (unsigned q = 0; q < port->config.queues; q++) {
		p->queues[q].dev.fd = open(TUN, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (p->queues[q].dev.fd < 0)
			return fail_tun(p, -errno, err);
	}
	return 0;
}

static void
close_all(struct xd_tap_port *p)
{
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		if (p->queues[q].dev.fd >= 0)
			close(p->queues[q].dev.fd);
		p->queues[q].dev.fd = -1;
	}
	xd_netdev_leave(&p->dev);
}

/* ---- The interface ---- */

static int
fail_interface(const struct xd_tap_port *p, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const bool persist = xd_tap_config(config)->persist == XD_TAP_PERSIST_YES;
	char netns[XD_NETNS_MAX + 8];

	xd_netns_ip(xd_tap_config(config)->netns, netns);
	if (code == -EBUSY && !persist)
		return xd_port_config_fail(err, -EEXIST, config, "ifname",
			"there is an interface %s already: choose another name, or ip%s link del "
			"%s; a tap is taken over with persist: yes",
			p->dev.ifname, netns, p->dev.ifname);
	if (code == -EBUSY)
		return xd_port_config_fail(err, code, config, "ifname",
			"tap %s is in use by another process: choose another name", p->dev.ifname);
	if (code == -EINVAL && persist)
		return xd_port_config_fail(err, -EEXIST, config, "ifname",
			"there is an interface %s already, which is no tap with %s: choose another "
			"name, or ip%s link del %s",
			p->dev.ifname, config->queues > 1 ? "several queues" : "one queue", netns,
			p->dev.ifname);
	if (code == -EPERM || code == -EACCES)
		return xd_port_config_fail(err, code, config, "ifname",
			"no permission to make interface %s: run crossdockd as root, or give it "
			"CAP_NET_ADMIN",
			p->dev.ifname);
	return xd_port_config_fail(
		err, code, config, "ifname", "interface %s: %s", p->dev.ifname, strerror(-code));
}

/* Makes one descriptor a queue of the interface; the first makes the interface too. */
static int
attach(const struct xd_tap_port *p, unsigned q)
{
	const struct xd_port_config *config = &p->port.config;
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (config->queues > 1)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	if (q == 0 && xd_tap_config(config)->persist == XD_TAP_PERSIST_NO)
		request.ifr_flags |= (short)IFF_TUN_EXCL;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", p->dev.ifname);
	return ioctl(p->queues[q].dev.fd, TUNSETIFF, &request) == 0 ? 0 : -errno;
}

/* Has the kernel leave to us what it may leave: of UDP segmentation older ones know nothing. */
static int
set_offloads(struct xd_tap_port *p)
{
	const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	const int header = XD_TAP_HEADER, fd = p->queues[0].dev.fd;

	p->offloads = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN;
	if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
		return -errno;
	if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0) {
		p->offloads |= XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6;
		return 0;
	}
	return ioctl(fd, TUNSETOFFLOAD, tcp) == 0 ? 0 : -errno;
}

int
xd_tap_set_persist(const struct xd_tap_port *p, enum xd_tap_persist persist)
{
	return ioctl(p->queues[0].dev.fd, TUNSETPERSIST, persist == XD_TAP_PERSIST_YES) == 0
		       ? 0
		       : -errno;
}

int
xd_tap_name(const struct xd_tap_port *p, char name[IF_NAMESIZE])
{
	struct ifreq request = {0};

	if (ioctl(p->queues[0].dev.fd, TUNGETIFF, &request) < 0)
		return -ENODEV;
	snprintf(name, IF_NAMESIZE, "%s", request.ifr_name);
	return 0;
}

static int
attach_all(struct xd_tap_port *p, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	struct xd_link link = {0};
	int ret = 0;

	for (unsigned q = 0; ret == 0 && q < config->queues; q++) {
		ret = attach(p, q);
		/* A tap with several queues lets other processes have some of them. */
		if (ret == 0 && q == 0)
			ret = xd_link_get(&p->dev, p->dev.ifname, &link);
		if (ret == 0 && q == 0 && link.nb_attached > 1)
			ret = -EBUSY;
	}
	if (ret == 0)
		ret = set_offloads(p);
	p->dev.index = link.index;
	return ret == 0 ? 0 : fail_interface(p, ret, err);
}

/* ---- Its settings ---- */

static int
configure(struct xd_tap_port *p, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const struct xd_tap_config *tap = xd_tap_config(config);
	struct xd_ip addresses[XD_TAP_ADDRESSES];
	int n = xd_tap_addresses(tap->ip, addresses, NULL), ret;
	uint8_t mac[6];

	ret = xd_link_set(&p->dev, config->mtu,
		tap->mac[0] && xd_tap_mac(tap->mac, mac) == 0 ? mac : NULL, true);
	if (ret < 0)
		return xd_port_config_fail(err, ret, config, tap->mac[0] ? "mac" : "mtu",
			"interface %s does not take its settings: %s", p->dev.ifname,
			strerror(-ret));
	for (int i = 0; i < n; i++) {
		ret = xd_link_address_set(&p->dev, &addresses[i], true);
		if (ret < 0)
			return xd_port_config_fail(err, ret, config, "ip",
				"interface %s does not take address %d of \"%.100s\": %s%s",
				p->dev.ifname, i + 1, tap->ip, strerror(-ret),
				ret == -EACCES && addresses[i].family == AF_INET6
					? " (sysctl net.ipv6.conf.all.disable_ipv6=0)"
					: "");
	}
	return 0;
}

/* ---- All of it ---- */

/* The queues' own epolls see frames from here on. */
static int
wait_for_frames(struct xd_tap_port *p, struct xd_error *err)
{
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		int ret = xd_netdev_queue_watch(&p->queues[q].dev);

		p->queues[q].next_tsc = 0;
		p->queues[q].nb_again = 0;
		if (ret < 0)
			return xd_fail(err, ret, "port %s: epoll: %s", p->port.config.name,
				strerror(-ret));
	}
	return 0;
}

static void
tap_end(struct xd_port *port)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;

	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	port->env->quiesce(port->env->ctx);
	close_all(p);
}

/* Makes the interface, or takes a persistent one over, as port.config says; gives it its settings;
 * and has workers use it. */
static int
tap_begin(struct xd_port *port, struct xd_error *err)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	int ret;

	snprintf(p->dev.ifname, sizeof(p->dev.ifname), "%s",
		xd_netdev_ifname(&port->config, xd_tap_config(&port->config)->ifname));
	p->moved = false;
	ret = xd_netdev_enter(&p->dev, open_queues, err);
	if (ret == 0)
		ret = attach_all(p, err);
	if (ret == 0)
		ret = configure(p, err);
	if (ret == 0)
		ret = wait_for_frames(p, err);
	/* Last, so that nothing of a try that failed stays. */
	if (ret == 0 && xd_tap_set_persist(p, xd_tap_config(&port->config)->persist) < 0)
		ret = fail_interface(p, -errno, err);
	if (ret < 0) {
		close_all(p);
		return ret;
	}
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	return 0;
}

static bool
tap_gone(struct xd_port *port)
{
	char name[IF_NAMESIZE];

	return xd_tap_name((struct xd_tap_port *)port, name) < 0;
}

static bool
tap_up(struct xd_port *port)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	struct xd_link link;
	char name[IF_NAMESIZE];

	if (xd_tap_name(p, name) < 0)
		return false;
	/* Frames pass also when somebody has moved it elsewhere. */
	p->moved = xd_link_get(&p->dev, name, &link) < 0 || link.index != p->dev.index;
	return p->moved || (link.flags & IFF_UP);
}

const struct xd_netdev_ops xd_tap_netdev_ops = {
	.begin = tap_begin,
	.end = tap_end,
	.gone = tap_gone,
	.up = tap_up,
	.later = "is made when that is possible",
};
