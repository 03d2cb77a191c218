/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether frames can pass: the device's link, as its driver tells it, and that of the kernel's
 * interface behind it, of which drivers such as net_af_packet tell nothing. It is looked at when
 * the driver interrupts for it, and every LOOK_MS. A device that has gone is given back, looked
 * for, and taken up again. Control.
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

#define LOOK_MS      250
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
link_is_up(const struct xd_ethdev_port *p)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(p->port_id, &link) == 0 &&
		link.link_status == RTE_ETH_LINK_DOWN)
		return false;
	return (flags_behind(p) & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

/* The sockets of net_af_packet do not survive that their interface is taken down. */
static bool
has_gone(const struct xd_ethdev_port *p)
{
	int flags = flags_behind(p);

	return flags == -ENODEV || (p->needs_interface && flags >= 0 && !(flags & IFF_UP)) ||
	       rte_eth_dev_is_removed(p->port_id) == 1;
}

/* Whether a device that had gone may be there again, as far as the kernel can tell. */
static bool
may_be_back(const struct xd_ethdev_port *p)
{
	int flags = p->if_name[0] != '\0' ? interface_flags(p->if_name) : IFF_UP;

	/* net_tap makes its interface itself. */
	return p->makes_interface || (flags >= 0 && (!p->needs_interface || flags & IFF_UP));
}

static void
set_up(struct xd_ethdev_port *p, bool up)
{
	if (p->port.up == up)
		return;
	__atomic_store_n(&p->port.up, up, __ATOMIC_RELEASE);
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO, "port %s: the link of %s is %s",
		p->port.config.name, xd_ethdev_config(&p->port.config)->devargs,
		up ? "up" : "down");
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* ---- Devices that go and come back ---- */

static void
lose(struct xd_ethdev_port *p)
{
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
		"port %s: device %s has gone or was taken down; it is taken up again when it is "
		"back",
		p->port.config.name, xd_ethdev_config(&p->port.config)->devargs);
	p->lost = true;
	p->retry_ns = RETRY_MIN_NS;
	p->retry_at_ns = xd_clock_ns() + p->retry_ns;
	__atomic_store_n(&p->port.up, false, __ATOMIC_RELEASE);
	xd_ethdev_end(p);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* Each try that fails has DPDK log why; so there are ever fewer. */
static void
look_for_device(struct xd_ethdev_port *p)
{
	struct xd_error err;

	if (xd_clock_ns() < p->retry_at_ns || !may_be_back(p))
		return;
	p->retry_ns = RTE_MIN(2 * p->retry_ns, RETRY_MAX_NS);
	p->retry_at_ns = xd_clock_ns() + p->retry_ns;
	if (xd_ethdev_begin(p, &err) != 0) {
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_DEBUG, "port %s: %s",
			p->port.config.name, err.text);
		return;
	}
	p->lost = false;
	xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO, "port %s: device %s is back",
		p->port.config.name, xd_ethdev_config(&p->port.config)->devargs);
	set_up(p, link_is_up(p));
}

static void
look(void *ctx)
{
	struct xd_ethdev_port *p = ctx;

	if (p->lost)
		look_for_device(p);
	else if (has_gone(p))
		lose(p);
	else
		set_up(p, link_is_up(p));
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
	p->timer = xd_loop_timer(loop, LOOK_MS, LOOK_MS, look, p);
	if (p->watch != NULL && p->timer != NULL)
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
	p->watch = NULL;
	if (p->event_fd >= 0)
		close(p->event_fd);
	p->event_fd = -1;
}

bool
xd_ethdev_link(const struct xd_ethdev_port *p)
{
	return link_is_up(p);
}
