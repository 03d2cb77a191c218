/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether frames can pass: whether the interface is up. The kernel tells of changes, and every
 * LOOK_MS they are looked for, as is the namespace, of whose end nobody tells. An interface that
 * has gone is made again, once its namespace is there. Control.
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
#include "drivers/tap/tap.h"

#define LOOK_MS         250
#define RETRY_MIN_NS    (XD_NS_PER_S / 2)
#define RETRY_MAX_NS    (60 * XD_NS_PER_S)
#define EVENTS_AT_ONCE  20
#define EVENTS_EVERY_NS (XD_NS_PER_S / 10)
#define EVENTS_READ     64 /* messages at most at a time */

/* ---- Looking ---- */

bool
xd_tap_link_up(struct xd_tap_port *p)
{
	struct xd_tap_link link;
	char name[IF_NAMESIZE];

	if (xd_tap_name(p, name) < 0)
		return false;
	/* Frames pass also when somebody has moved it elsewhere. */
	p->moved = xd_tap_link_get(p, name, &link) < 0 || link.index != p->index;
	return p->moved || (link.flags & IFF_UP);
}

static bool
has_gone(const struct xd_tap_port *p)
{
	char name[IF_NAMESIZE];

	return xd_tap_name(p, name) < 0 || !xd_tap_netns_same(p);
}

static void
set_up(struct xd_tap_port *p, bool up)
{
	if (p->port.up == up)
		return;
	__atomic_store_n(&p->port.up, up, __ATOMIC_RELEASE);
	xd_log_limited(p->port.env->log, &p->log_limit, XD_LOG_PORT, XD_LOG_INFO,
		"port %s: interface %s is %s", p->port.config.name, p->ifname, up ? "up" : "down");
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* ---- The kernel's messages ---- */

static void look(struct xd_tap_port *p);

/* What they say is looked up instead, so that none that was lost matters. */
static void
events_ready(void *ctx, uint32_t events)
{
	struct xd_tap_port *p = ctx;
	char message[256];

	(void)events;
	for (unsigned i = 0; i < EVENTS_READ; i++) {
		if (recv(mnl_socket_get_fd(p->events), message, sizeof(message), MSG_DONTWAIT) <
				0 &&
			errno != ENOBUFS)
			break;
	}
	if (xd_rate_take(&p->event_rate, xd_clock_ns(), EVENTS_AT_ONCE, EVENTS_EVERY_NS))
		look(p);
	else
		xd_loop_modify(p->watch, 0);
}

int
xd_tap_link_begin(struct xd_tap_port *p, struct xd_error *err)
{
	int ret = xd_tap_begin(p, err);

	if (ret == 0 && p->port.env->loop != NULL)
		p->watch = xd_loop_add(
			p->port.env->loop, mnl_socket_get_fd(p->events), EPOLLIN, events_ready, p);
	return ret;
}

void
xd_tap_link_end(struct xd_tap_port *p)
{
	xd_loop_remove(p->watch);
	p->watch = NULL;
	xd_tap_end(p);
}

/* ---- Interfaces that go and come back ---- */

static void
note_why(struct xd_tap_port *p, const struct xd_error *err)
{
	snprintf(p->why, sizeof(p->why), "%.*s", (int)sizeof(p->why) - 1, err->text);
}

void
xd_tap_wait(struct xd_tap_port *p, const struct xd_error *err)
{
	p->lost = true;
	p->retry_ns = RETRY_MIN_NS;
	p->retry_at_ns = xd_clock_ns() + p->retry_ns;
	note_why(p, err);
	xd_log_limited(p->port.env->log, &p->log_limit, XD_LOG_PORT, XD_LOG_WARN,
		"port %s: %s; interface %s is made when that is possible", p->port.config.name,
		p->why, p->ifname);
}

static void
lose(struct xd_tap_port *p)
{
	struct xd_error err;

	xd_fail(&err, -ENODEV, "its %s has gone", xd_tap_netns_same(p) ? "interface" : "namespace");
	__atomic_store_n(&p->port.up, false, __ATOMIC_RELEASE);
	xd_tap_link_end(p);
	xd_tap_wait(p, &err);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* A try that fails, though its namespace is there, is repeated ever more rarely. */
static void
look_for_interface(struct xd_tap_port *p)
{
	struct xd_error err;

	if (!xd_tap_netns_there(p)) {
		xd_tap_fail_netns(p, -ENOENT, &err);
		note_why(p, &err);
		p->retry_at_ns = 0;
		return;
	}
	if (xd_clock_ns() < p->retry_at_ns)
		return;
	if (xd_tap_link_begin(p, &err) < 0) {
		p->retry_at_ns = xd_clock_ns() + p->retry_ns;
		p->retry_ns = 2 * p->retry_ns < RETRY_MAX_NS ? 2 * p->retry_ns : RETRY_MAX_NS;
		note_why(p, &err);
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_DEBUG, "port %s: %s",
			p->port.config.name, err.text);
		return;
	}
	p->lost = false;
	xd_log_limited(p->port.env->log, &p->log_limit, XD_LOG_PORT, XD_LOG_INFO,
		"port %s: interface %s is back", p->port.config.name, p->ifname);
	set_up(p, xd_tap_link_up(p));
}

static void
look(struct xd_tap_port *p)
{
	if (p->lost)
		look_for_interface(p);
	else if (has_gone(p))
		lose(p);
	else
		set_up(p, xd_tap_link_up(p));
}

static void
timer_due(void *ctx)
{
	struct xd_tap_port *p = ctx;

	if (p->watch != NULL)
		xd_loop_modify(p->watch, EPOLLIN);
	look(p);
}

/* ---- From start to stop ---- */

int
xd_tap_watch(struct xd_tap_port *p, struct xd_error *err)
{
	struct xd_loop *loop = p->port.env->loop;

	if (loop == NULL)
		return 0;
	p->timer = xd_loop_timer(loop, LOOK_MS, LOOK_MS, timer_due, p);
	if (p->timer != NULL)
		return 0;
	return xd_fail(err, -ENOMEM, "port %s: its link cannot be watched", p->port.config.name);
}

void
xd_tap_unwatch(struct xd_tap_port *p)
{
	xd_loop_timer_cancel(p->timer);
	p->timer = NULL;
}
