/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface: made, or taken over when it is persistent, and given back. Control.
 *
 * A tun descriptor belongs to the namespace of the thread that opened it. So for another one a
 * thread of its own goes there, opens what is needed, and ends: whatever fails, no other thread
 * finds itself in a namespace that is not its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/tap/tap.h"

#define TUN "/dev/net/tun"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20 /* Linux 6.2 */
#define TUN_F_USO6 0x40
#endif

/* ---- Descriptors, in the namespace ---- */

struct entry {
	struct xd_tap_port *p;
	const char *path; /* the namespace's; NULL: the thread's own */
	struct xd_error err;
};

int
xd_tap_fail_netns(const struct xd_tap_port *p, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const char *name = xd_tap_config(config)->netns;

	if (code == -ENOENT && name[0] != '/')
		return xd_port_config_fail(err, code, config, "netns",
			"there is no namespace %s: ip netns add %s", name, name);
	if (code == -EPERM || code == -EACCES)
		return xd_port_config_fail(err, code, config, "netns",
			"no permission to enter the namespace %s: run crossdockd as root, or give "
			"it CAP_SYS_ADMIN",
			name);
	if (code == -EINVAL)
		return xd_port_config_fail(err, code, config, "netns",
			"%s is no network namespace: `ip netns` lists those that have names", name);
	return xd_port_config_fail(
		err, code, config, "netns", "namespace %s: %s", name, strerror(-code));
}

static int
enter(struct entry *e)
{
	struct stat st = {0};
	/* What is no namespace may be a pipe, which must not be waited for. */
	int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;

	if (fd < 0)
		return xd_tap_fail_netns(e->p, -errno, &e->err);
	if (fstat(fd, &st) < 0 || setns(fd, CLONE_NEWNET) < 0)
		ret = xd_tap_fail_netns(e->p, -errno, &e->err);
	e->p->ns_dev = st.st_dev;
	e->p->ns_ino = st.st_ino;
	close(fd);
	return ret;
}

static int
fail_tun(struct entry *e, int code)
{
	const char *port = e->p->port.config.name;

	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return xd_fail(&e->err, -ENODEV,
			"port %s: this kernel has no " TUN ": type `modprobe tun`, or give the "
			"container that crossdockd runs in this device",
			port);
	case -EPERM:
	case -EACCES:
		return xd_fail(&e->err, code,
			"port %s: no permission to open " TUN ": run crossdockd as root, or give "
			"it CAP_NET_ADMIN and this device",
			port);
	default:
		return xd_fail(&e->err, code, "port %s: " TUN ": %s", port, strerror(-code));
	}
}

static void *
open_all(void *ctx)
{
	struct entry *e = ctx;
	struct xd_tap_port *p = e->p;

	if (e->path != NULL && enter(e) < 0)
		return NULL;
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		p->queues[q].fd = open(TUN, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (p->queues[q].fd < 0) {
			fail_tun(e, -errno);
			return NULL;
		}
	}
	p->netlink = xd_tap_netlink_open(0);
	p->events = xd_tap_netlink_open(RTMGRP_LINK);
	if (p->netlink == NULL || p->events == NULL)
		xd_fail(&e->err, -errno, "port %s: netlink: %s", p->port.config.name,
			strerror(errno));
	return NULL;
}

static int
open_in_netns(struct xd_tap_port *p, struct xd_error *err)
{
	char path[PATH_MAX];
	struct entry e = {.p = p, .path = xd_tap_netns_path(&p->port.config, path)};
	pthread_t thread;
	int ret = 0;

	if (e.path == NULL)
		open_all(&e);
	else
		ret = pthread_create(&thread, NULL, open_all, &e);
	if (ret != 0)
		return xd_fail(err, -ret, "port %s: no thread to enter its namespace: %s",
			p->port.config.name, strerror(ret));
	if (e.path != NULL)
		pthread_join(thread, NULL);
	if (e.err.code != 0)
		*err = e.err;
	return e.err.code;
}

static void
close_all(struct xd_tap_port *p)
{
	for (unsigned q = 0; q < p->port.config.queues; q++) {
		if (p->queues[q].fd >= 0)
			close(p->queues[q].fd);
		p->queues[q].fd = -1;
	}
	if (p->netlink != NULL)
		mnl_socket_close(p->netlink);
	if (p->events != NULL)
		mnl_socket_close(p->events);
	p->netlink = p->events = NULL;
}

bool
xd_tap_netns_there(const struct xd_tap_port *p)
{
	char path[PATH_MAX];

	return xd_tap_netns_path(&p->port.config, path) == NULL || access(path, F_OK) == 0;
}

bool
xd_tap_netns_same(const struct xd_tap_port *p)
{
	char path[PATH_MAX];
	struct stat st;

	return xd_tap_netns_path(&p->port.config, path) == NULL ||
	       (stat(path, &st) == 0 && st.st_dev == p->ns_dev && st.st_ino == p->ns_ino);
}

/* ---- The interface ---- */

/* " -n blue" where `ip` has to be told the namespace, for what people are to type. */
static const char *
ip_netns(const struct xd_port_config *config, char text[XD_TAP_NETNS_MAX + 8])
{
	const char *netns = xd_tap_config(config)->netns;

	text[0] = 0;
	if (netns[0] && netns[0] != '/')
		snprintf(text, XD_TAP_NETNS_MAX + 8, " -n %s", netns);
	return text;
}

static int
fail_interface(const struct xd_tap_port *p, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const bool persist = xd_tap_config(config)->persist == XD_TAP_PERSIST_YES;
	char netns[XD_TAP_NETNS_MAX + 8];

	ip_netns(config, netns);
	if (code == -EBUSY && !persist)
		return xd_port_config_fail(err, -EEXIST, config, "ifname",
			"there is an interface %s already: choose another name, or ip%s link del "
			"%s; a tap is taken over with persist: yes",
			p->ifname, netns, p->ifname);
	if (code == -EBUSY)
		return xd_port_config_fail(err, code, config, "ifname",
			"tap %s is in use by another process: choose another name", p->ifname);
	if (code == -EINVAL && persist)
		return xd_port_config_fail(err, -EEXIST, config, "ifname",
			"there is an interface %s already, which is no tap with %s: choose another "
			"name, or ip%s link del %s",
			p->ifname, config->queues > 1 ? "several queues" : "one queue", netns,
			p->ifname);
	if (code == -EPERM || code == -EACCES)
		return xd_port_config_fail(err, code, config, "ifname",
			"no permission to make interface %s: run crossdockd as root, or give it "
			"CAP_NET_ADMIN",
			p->ifname);
	return xd_port_config_fail(
		err, code, config, "ifname", "interface %s: %s", p->ifname, strerror(-code));
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
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", p->ifname);
	return ioctl(p->queues[q].fd, TUNSETIFF, &request) == 0 ? 0 : -errno;
}

/* Has the kernel leave to us what it may leave: of UDP segmentation older ones know nothing. */
static int
set_offloads(struct xd_tap_port *p)
{
	const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	const int header = XD_TAP_HEADER, fd = p->queues[0].fd;

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
	return ioctl(p->queues[0].fd, TUNSETPERSIST, persist == XD_TAP_PERSIST_YES) == 0 ? 0
											 : -errno;
}

int
xd_tap_name(const struct xd_tap_port *p, char name[IF_NAMESIZE])
{
	struct ifreq request = {0};

	if (ioctl(p->queues[0].fd, TUNGETIFF, &request) < 0)
		return -ENODEV;
	snprintf(name, IF_NAMESIZE, "%s", request.ifr_name);
	return 0;
}

static int
attach_all(struct xd_tap_port *p, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	struct xd_tap_link link = {0};
	int ret = 0;

	for (unsigned q = 0; ret == 0 && q < config->queues; q++) {
		ret = attach(p, q);
		/* A tap with several queues lets other processes have some of them. */
		if (ret == 0 && q == 0)
			ret = xd_tap_link_get(p, p->ifname, &link);
		if (ret == 0 && q == 0 && link.nb_attached > 1)
			ret = -EBUSY;
	}
	if (ret == 0)
		ret = set_offloads(p);
	p->index = link.index;
	return ret == 0 ? 0 : fail_interface(p, ret, err);
}

/* ---- Its settings ---- */

static int
configure(struct xd_tap_port *p, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const struct xd_tap_config *tap = xd_tap_config(config);
	struct xd_tap_address addresses[XD_TAP_ADDRESSES];
	int n = xd_tap_addresses(tap->ip, addresses, NULL), ret;
	uint8_t mac[6];

	ret = xd_tap_link_set(
		p, config->mtu, tap->mac[0] && xd_tap_mac(tap->mac, mac) == 0 ? mac : NULL, true);
	if (ret < 0)
		return xd_port_config_fail(err, ret, config, tap->mac[0] ? "mac" : "mtu",
			"interface %s does not take its settings: %s", p->ifname, strerror(-ret));
	for (int i = 0; i < n; i++) {
		ret = xd_tap_address_set(p, &addresses[i], true);
		if (ret < 0)
			return xd_port_config_fail(err, ret, config, "ip",
				"interface %s does not take address %d of \"%.100s\": %s%s",
				p->ifname, i + 1, tap->ip, strerror(-ret),
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
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	for (unsigned q = 0; q < p->port.config.queues; q++) {
		p->queues[q].next_tsc = 0;
		p->queues[q].nb_again = 0;
		if (epoll_ctl(p->queues[q].sleep_fd, EPOLL_CTL_ADD, p->queues[q].fd, &event) < 0)
			return xd_fail(err, -errno, "port %s: epoll: %s", p->port.config.name,
				strerror(errno));
	}
	return 0;
}

int
xd_tap_begin(struct xd_tap_port *p, struct xd_error *err)
{
	int ret;

	snprintf(p->ifname, sizeof(p->ifname), "%s", xd_tap_ifname(&p->port.config));
	p->moved = false;
	ret = open_in_netns(p, err);
	if (ret == 0)
		ret = attach_all(p, err);
	if (ret == 0)
		ret = configure(p, err);
	if (ret == 0)
		ret = wait_for_frames(p, err);
	/* Last, so that nothing of a try that failed stays. */
	if (ret == 0 && xd_tap_set_persist(p, xd_tap_config(&p->port.config)->persist) < 0)
		ret = fail_interface(p, -errno, err);
	if (ret < 0) {
		close_all(p);
		return ret;
	}
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	return 0;
}

void
xd_tap_end(struct xd_tap_port *p)
{
	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	p->port.env->quiesce(p->port.env->ctx);
	close_all(p);
}
