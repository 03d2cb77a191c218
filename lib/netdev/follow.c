/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether frames can pass: whether the interface is up. The kernel tells of changes, and every
 * XD_LOOK_MS they are looked for, as is the namespace, of whose end nobody tells. An interface that
 * has gone is taken again, once it and its namespace are there. Control.
 *
 * Of carriers the kernel tells once a second for all interfaces together (net/core/link_watch.c),
 * so those of bonds' members are looked at more often.
 *
 * Whoever lives in the namespace can change the interface as often as they like: what that costs
 * here is bounded by a rate.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "netdev/netdev.h"

#define RETRY_MIN_NS    (XD_NS_PER_S / 2)
#define RETRY_MAX_NS    (60 * XD_NS_PER_S)
#define EVENTS_AT_ONCE  20
#define EVENTS_EVERY_NS (XD_NS_PER_S / 10)
#define EVENTS_READ     64 /* messages at most at a time */

/* ---- Looking ---- */

static bool
has_gone(const struct xd_netdev *dev)
{
	return dev->ops->gone(dev->port) || !xd_netns_same(dev);
}

static void
look_at_link(struct xd_netdev *dev)
{
	struct xd_port *port = dev->port;
	const uint32_t speed_mbps = port->speed_mbps;
	const bool up = dev->ops->up(port);

	if (port->up == up && port->speed_mbps != speed_mbps)
		port->env->changed(port->env->ctx, port);
	if (port->up == up)
		return;
	__atomic_store_n(&port->up, up, __ATOMIC_RELEASE);
	xd_log_limited(port->env->log, &dev->log_limit, XD_LOG_PORT, XD_LOG_INFO,
		"port %s: interface %s is %s", port->config.name, dev->ifname, up ? "up" : "down");
	port->env->changed(port->env->ctx, port);
}

/* ---- The kernel's messages ---- */

static void look(struct xd_netdev *dev);

/* What they say is looked up instead, so that none that was lost matters. */
static void
events_ready(void *ctx, uint32_t events)
{
	struct xd_netdev *dev = ctx;
	char message[256];

	(void)events;
	for (unsigned i = 0; i < EVENTS_READ; i++) {
		if (recv(mnl_socket_get_fd(dev->events), message, sizeof(message), MSG_DONTWAIT) <
				0 &&
			errno != ENOBUFS)
			break;
	}
	dev->news = true;
	if (xd_rate_take(&dev->event_rate, xd_clock_ns(), EVENTS_AT_ONCE, EVENTS_EVERY_NS))
		look(dev);
	else
		xd_loop_modify(dev->watch, 0);
}

bool
xd_netdev_news(struct xd_netdev *dev)
{
	const bool news = dev->news;

	dev->news = false;
	return news;
}

/* ---- Between begin and end ---- */

static int
begin(struct xd_netdev *dev, struct xd_error *err)
{
	struct xd_loop *loop = dev->port->env->loop;
	int ret = dev->ops->begin(dev->port, err);

	if (ret < 0)
		return ret;
	dev->used = true;
	if (loop != NULL)
		dev->watch = xd_loop_add(
			loop, mnl_socket_get_fd(dev->events), EPOLLIN, events_ready, dev);
	return 0;
}

static void
end(struct xd_netdev *dev)
{
	xd_loop_remove(dev->watch);
	dev->watch = NULL;
	dev->used = false;
	dev->ops->end(dev->port);
}

/* ---- Interfaces that go and come back ---- */

static void
note_why(struct xd_netdev *dev, const struct xd_error *err)
{
	snprintf(dev->why, sizeof(dev->why), "%.*s", (int)sizeof(dev->why) - 1, err->text);
}

static void
wait_for_it(struct xd_netdev *dev, const struct xd_error *err)
{
	dev->lost = true;
	dev->retry_ns = RETRY_MIN_NS;
	dev->retry_at_ns = xd_clock_ns() + dev->retry_ns;
	note_why(dev, err);
	xd_log_limited(dev->port->env->log, &dev->log_limit, XD_LOG_PORT, XD_LOG_WARN,
		"port %s: %s; interface %s %s", dev->port->config.name, dev->why, dev->ifname,
		dev->ops->later);
}

static void
lose(struct xd_netdev *dev)
{
	struct xd_error err;

	xd_fail(&err, -ENODEV, "its %s has gone", xd_netns_same(dev) ? "interface" : "namespace");
	/* First, so that others of a bond take over. */
	__atomic_store_n(&dev->port->up, false, __ATOMIC_RELEASE);
	dev->port->env->changed(dev->port->env->ctx, dev->port);
	end(dev);
	wait_for_it(dev, &err);
}

/* A try that fails, though its namespace is there, is repeated ever more rarely; one for which the
 * interface is not there is a look that costs little. */
static void
look_for_interface(struct xd_netdev *dev)
{
	struct xd_port *port = dev->port;
	struct xd_error err;
	int ret;

	if (!xd_netns_there(dev)) {
		xd_netns_fail(dev, -ENOENT, &err);
		note_why(dev, &err);
		dev->retry_at_ns = 0;
		return;
	}
	if (xd_clock_ns() < dev->retry_at_ns)
		return;
	ret = begin(dev, &err);
	if (ret < 0) {
		if (ret == -ENODEV && dev->ops->waits)
			dev->retry_ns = RETRY_MIN_NS;
		dev->retry_at_ns = xd_clock_ns() + dev->retry_ns;
		dev->retry_ns = 2 * dev->retry_ns < RETRY_MAX_NS ? 2 * dev->retry_ns : RETRY_MAX_NS;
		note_why(dev, &err);
		xd_log(port->env->log, XD_LOG_PORT, XD_LOG_DEBUG, "port %s: %s", port->config.name,
			err.text);
		return;
	}
	dev->lost = false;
	xd_log_limited(port->env->log, &dev->log_limit, XD_LOG_PORT, XD_LOG_INFO,
		"port %s: interface %s is back", port->config.name, dev->ifname);
	look_at_link(dev);
}

static void
look(struct xd_netdev *dev)
{
	if (dev->lost)
		look_for_interface(dev);
	else if (has_gone(dev))
		lose(dev);
	else
		look_at_link(dev);
}

static void timer_due(void *ctx);

/* A port becomes a bond's member while it runs, and ceases to be one. -ENOMEM. */
static int
look_often(struct xd_netdev *dev)
{
	const uint32_t ms = dev->ops->carrier != NULL ? xd_port_look_ms(dev->port) : XD_LOOK_MS;
	struct xd_timer *timer;

	if (ms == dev->look_ms)
		return 0;
	timer = xd_loop_timer(dev->port->env->loop, ms, ms, timer_due, dev);
	if (timer == NULL)
		return -ENOMEM;
	xd_loop_timer_cancel(dev->timer);
	dev->timer = timer;
	dev->look_ms = ms;
	return 0;
}

static void
timer_due(void *ctx)
{
	struct xd_netdev *dev = ctx;

	if (dev->used && ++dev->looks % (XD_LOOK_MS / dev->look_ms) != 0) {
		if (dev->port->up && !dev->ops->carrier(dev->port))
			look_at_link(dev);
		return;
	}
	look_often(dev);
	if (dev->watch != NULL)
		xd_loop_modify(dev->watch, EPOLLIN);
	look(dev);
}

/* ---- From start to stop ---- */

static int
watch(struct xd_netdev *dev, struct xd_error *err)
{
	if (dev->port->env->loop == NULL || look_often(dev) == 0)
		return 0;
	return xd_fail(err, -ENOMEM, "port %s: its link cannot be watched", dev->port->config.name);
}

static void
unwatch(struct xd_netdev *dev)
{
	xd_loop_timer_cancel(dev->timer);
	dev->timer = NULL;
	dev->look_ms = 0;
}

int
xd_netdev_start(struct xd_netdev *dev, struct xd_error *err)
{
	struct xd_error why;
	int ret = watch(dev, err);

	if (ret < 0)
		return ret;
	dev->lost = false;
	ret = begin(dev, &why);
	/* Containers come and go, also while crossdockd is restarted. */
	if (ret < 0 && (!xd_netns_there(dev) || (ret == -ENODEV && dev->ops->waits))) {
		wait_for_it(dev, &why);
	} else if (ret < 0) {
		unwatch(dev);
		if (err != NULL)
			*err = why;
		return ret;
	}
	__atomic_store_n(&dev->port->up, dev->used && dev->ops->up(dev->port), __ATOMIC_RELEASE);
	return 0;
}

void
xd_netdev_stop(struct xd_netdev *dev)
{
	if (!dev->used && !dev->lost)
		return;
	__atomic_store_n(&dev->port->up, false, __ATOMIC_RELEASE);
	if (dev->used)
		end(dev);
	unwatch(dev);
	dev->lost = false;
}
