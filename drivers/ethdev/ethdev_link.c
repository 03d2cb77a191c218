/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether frames can pass: the device's link, as its driver tells it, and that of the kernel's
 * interface behind it, of which drivers such as net_af_packet tell nothing. It is looked at when
 * the driver tells of an event, and of one that tells of none, every XD_LOOK_MS. A device that has
 * gone, or needs a reset, is given back, looked for, and taken up again. Control.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/ethdev/ethdev.h"
#include "nic/nic.h"

#define RETRY_MIN_NS (XD_NS_PER_S / 2)
#define RETRY_MAX_NS (60 * XD_NS_PER_S)

/* ---- Looking ---- */

/* IFF_UP and the like of an interface of the kernel's; -errno: it cannot be told. */
static int
interface_flags(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	ret = ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? (uint16_t)request.ifr_flags : -errno;
	close(fd);
	return ret;
}

/* Of the interface behind the device; -ENODEV: there was one and it has gone. */
static int
flags_behind(const struct xd_ethdev_port *p)
{
	char name[IF_NAMESIZE];

	if (p->if_index == 0)
		return IFF_UP | IFF_RUNNING;
	if (if_indextoname(p->if_index, name) == NULL)
		return errno == ENXIO ? -ENODEV : IFF_UP | IFF_RUNNING;
	return interface_flags(name);
}

/* A driver that cannot tell is taken to have a link. */
static bool
link_is_up(struct xd_ethdev_port *p)
{
	struct rte_eth_link link;

	p->link_speed = RTE_ETH_SPEED_NUM_UNKNOWN;
	if (rte_eth_link_get_nowait(p->port_id, &link) == 0) {
		if (link.link_status == RTE_ETH_LINK_DOWN)
			return false;
		p->link_speed = link.link_speed;
	}
	return (flags_behind(p) & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

/* Why the device can be used no longer; NULL: it can. */
static const char *
why_gone(const struct xd_ethdev_port *p, unsigned events)
{
	int flags = flags_behind(p);

	if (flags == -ENODEV)
		return "its interface has gone";
	if (p->quirks->needs_interface && flags >= 0 && !(flags & IFF_UP))
		return "its interface was taken down";
	if (events & XD_ETHDEV_GONE || rte_eth_dev_is_removed(p->port_id) == 1)
		return "it was unplugged";
	return events & XD_ETHDEV_RESET ? "it needs a reset" : NULL;
}

/* Whether a card is there, and is what it was given away as. */
static bool
card_is_there(const struct xd_ethdev_port *p)
{
	char address[XD_ETHDEV_NAME_MAX];
	struct xd_nic_use use;
	struct xd_nic nic;

	if (!xd_ethdev_pci(xd_ethdev_config(&p->port.config)->devargs, address))
		return true;
	if (xd_nic_find("", address, &nic) != 0)
		return false;
	xd_nic_use("", &nic, &use);
	return use.state == XD_NIC_READY;
}

/* Whether a device that had gone may be there again, as far as the kernel can tell. */
static bool
may_be_back(const struct xd_ethdev_port *p)
{
	int flags = p->if_name[0] != '\0' ? interface_flags(p->if_name) : IFF_UP;

	return (p->quirks->makes_interface ||
		       (flags >= 0 && (!p->quirks->needs_interface || flags & IFF_UP))) &&
	       card_is_there(p);
}

static void
set_up(struct xd_ethdev_port *p, bool up)
{
	const struct xd_port_config *config = &p->port.config;
	const uint32_t speed_mbps = p->port.speed_mbps;
	char speed[32] = "";

	p->port.speed_mbps = p->link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : p->link_speed;
	if (p->port.up == up && p->port.speed_mbps != speed_mbps)
		p->port.env->changed(p->port.env->ctx, &p->port);
	if (p->port.up == up)
		return;
	__atomic_store_n(&p->port.up, up, __ATOMIC_RELEASE);
	if (up && p->link_speed != RTE_ETH_SPEED_NUM_UNKNOWN && p->link_speed != 0)
		snprintf(speed, sizeof(speed), ", %u Mbit/s", p->link_speed);
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO, "port %s: the link of %s is %s%s",
		config->name, xd_ethdev_config(config)->devargs, up ? "up" : "down", speed);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* ---- Devices that go and come back ---- */

/* Told before the device is given back, which can take long, so that others of a bond take over. */
static void
be_down(struct xd_ethdev_port *p)
{
	__atomic_store_n(&p->port.up, false, __ATOMIC_RELEASE);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

static void
lose(struct xd_ethdev_port *p, const char *why)
{
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
		"port %s: device %s: %s; it is taken up again when it is back", p->port.config.name,
		xd_ethdev_config(&p->port.config)->devargs, why);
	p->lost = true;
	p->lost_why = why;
	p->retry_ns = RETRY_MIN_NS;
	p->retry_at_ns = xd_clock_ns() + p->retry_ns;
	be_down(p);
	xd_ethdev_end(p);
	xd_ethdev_look_often(p);
}

/* Each try that fails has DPDK log why; so there are ever fewer. */
static void
look_for_device(struct xd_ethdev_port *p)
{
	struct xd_error err;

	if (!may_be_back(p)) {
		p->retry_ns = RETRY_MIN_NS;
		return;
	}
	if (xd_clock_ns() < p->retry_at_ns)
		return;
	p->retry_ns = RTE_MIN(2 * p->retry_ns, RETRY_MAX_NS);
	p->retry_at_ns = xd_clock_ns() + p->retry_ns;
	p->lost = false;
	if (xd_ethdev_begin(p, &err) != 0) {
		p->lost = true;
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_DEBUG, "port %s: %s",
			p->port.config.name, err.text);
		return;
	}
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO, "port %s: device %s is back",
		p->port.config.name, xd_ethdev_config(&p->port.config)->devargs);
	set_up(p, link_is_up(p));
}

/* Of a device that has had an error, or a VF whose physical function was reset. */
static void
reset(struct xd_ethdev_port *p, const char *why)
{
	uint16_t port_id = p->port_id;
	int ret;

	be_down(p);
	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	p->port.env->quiesce(p->port.env->ctx);
	ret = rte_eth_dev_reset(port_id);
	if (ret != 0 && ret != -ENOTSUP)
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: device %s is not reset: %s", p->port.config.name,
			xd_ethdev_config(&p->port.config)->devargs, rte_strerror(-ret));
	lose(p, why);
	p->retry_at_ns = 0;
	look_for_device(p);
}

static void
look(void *ctx)
{
	struct xd_ethdev_port *p = ctx;
	unsigned events = __atomic_exchange_n(&p->events, 0, __ATOMIC_ACQUIRE);
	const char *why;

	if (p->lost) {
		look_for_device(p);
		return;
	}
	why = why_gone(p, events);
	xd_ethdev_look_often(p);
	if (why == NULL)
		set_up(p, link_is_up(p));
	else if (events == XD_ETHDEV_RESET)
		reset(p, why);
	else
		lose(p, why);
}

void
xd_ethdev_look_often(struct xd_ethdev_port *p)
{
	const uint32_t ms = p->lost ? XD_LOOK_MS : p->lsc ? 0 : xd_port_look_ms(&p->port);

	if (p->event_fd < 0 || ms == p->look_ms)
		return;
	xd_loop_timer_cancel(p->timer);
	p->timer = ms ? xd_loop_timer(p->port.env->loop, ms, ms, look, p) : NULL;
	p->look_ms = p->timer ? ms : 0;
}

/* ---- From start to stop ---- */

static void
event_ready(void *ctx, uint32_t events)
{
	struct xd_ethdev_port *p = ctx;
	uint64_t count;

	(void)events;
	if (read(p->event_fd, &count, sizeof(count)) == sizeof(count))
		look(p);
}

int
xd_ethdev_watch(struct xd_ethdev_port *p, struct xd_error *err)
{
	struct xd_loop *loop = p->port.env->loop;

	p->event_fd = -1;
	if (loop == NULL)
		return 0;
	p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->event_fd >= 0)
		p->watch = xd_loop_add(loop, p->event_fd, EPOLLIN, event_ready, p);
	if (p->watch != NULL)
		return 0;
	xd_ethdev_unwatch(p);
	return xd_fail(err, -ENOMEM, "port %s: its link cannot be watched", p->port.config.name);
}

void
xd_ethdev_unwatch(struct xd_ethdev_port *p)
{
	xd_loop_timer_cancel(p->timer);
	xd_loop_remove(p->watch);
	p->timer = NULL;
	p->look_ms = 0;
	p->watch = NULL;
	if (p->event_fd >= 0)
		close(p->event_fd);
	p->event_fd = -1;
}

bool
xd_ethdev_link(struct xd_ethdev_port *p)
{
	return link_is_up(p);
}
