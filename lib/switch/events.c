/* SPDX-License-Identifier: BSD-3-Clause */
/* What happened to ports and bridges, for whoever reads it: event.h. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "switch/change.h"

#define EVENTS 1024 /* that wait for a reader */

struct xd_events {
	struct xd_switch *sw;
	struct xd_events *next; /* reader of the switch; under its lock */
	int fd;                 /* eventfd: set while there are some */
	pthread_mutex_t lock;   /* of what follows; nobody waits for anything while he has it */
	unsigned first, n;
	uint64_t lost; /* since the last one that found room */
	struct xd_event ring[EVENTS];
};

static void
put(struct xd_events *r, const struct xd_event *e)
{
	r->ring[(r->first + r->n++) % EVENTS] = *e;
}

/* That some were lost. */
static struct xd_event
loss(struct xd_events *r)
{
	const struct xd_event e = {.kind = XD_EVENT_LOST, .port = XD_PORT_NONE, .lost = r->lost};

	r->lost = 0;
	return e;
}

static void
tell_reader(struct xd_events *r, const struct xd_event *e)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&r->lock);
	if (r->n + (r->lost > 0) >= EVENTS) {
		r->lost++;
	} else {
		if (r->lost) {
			const struct xd_event lost = loss(r);

			put(r, &lost);
		}
		put(r, e);
	}
	/* Set already, it says what it has to say. */
	if (r->n == 1 && write(r->fd, &one, sizeof(one)) < 0)
		r->n = 1;
	pthread_mutex_unlock(&r->lock);
}

static void
tell(struct xd_switch *sw, struct xd_event *e)
{
	e->number = ++sw->nb_events;
	for (struct xd_events *r = sw->events; r; r = r->next)
		tell_reader(r, e);
}

/* ---- What happens ---- */

/* was: the name of the port before. */
static void
tell_port(struct xd_switch *sw, enum xd_event_kind kind, const struct xd_port *port,
	const struct xd_port_config *config, const char *was)
{
	struct xd_event e = {
		.kind = kind, .port = port->index, .up = port->up, .cookie = config->cookie};

	memcpy(e.name, config->name, sizeof(e.name));
	if (strcmp(was, config->name))
		memcpy(e.was, was, sizeof(e.was));
	tell(sw, &e);
}

/* Whether it is up, when that is another than was told last. */
static bool
tell_up(struct xd_switch *sw, struct xd_port *port, const struct xd_port_config *config)
{
	if (port->up == port->told_up)
		return false;
	port->told_up = port->up;
	tell_port(sw, port->up ? XD_EVENT_PORT_UP : XD_EVENT_PORT_DOWN, port, config, config->name);
	return true;
}

static void
tell_bridge(struct xd_switch *sw, enum xd_event_kind kind, const struct xd_bridge_config *config)
{
	struct xd_event e = {.kind = kind, .port = XD_PORT_NONE, .cookie = config->cookie};

	memcpy(e.name, config->name, sizeof(e.name));
	tell(sw, &e);
}

void
xd_events_port_changed(struct xd_switch *sw, struct xd_port *port)
{
	/* Of one that is being made nobody knows yet. */
	if (sw->state->ports[port->index] == port && !tell_up(sw, port, &port->config))
		tell_port(sw, XD_EVENT_PORT_CHANGED, port, &port->config, port->config.name);
}

static void
tell_index(const struct xd_change *t, unsigned i)
{
	struct xd_port *now = t->now->ports[i], *next = t->next->ports[i];
	const struct xd_port_config *config = t->next->port_config[i];
	const bool same = now && next && now->life == next->life;

	if (now && !same)
		tell_port(t->sw, XD_EVENT_PORT_REMOVED, now, &now->config, now->config.name);
	if (next && !same) {
		next->told_up = next->up;
		tell_port(t->sw, XD_EVENT_PORT_ADDED, next, config, config->name);
	}
	if (!same)
		return;
	next->told_up = now->told_up;
	if (!xd_port_config_equal(&now->config, config) || strcmp(now->config.name, config->name))
		tell_port(t->sw, XD_EVENT_PORT_SET, next, config, now->config.name);
	tell_up(t->sw, next, config);
}

void
xd_events_commit(const struct xd_change *t)
{
	for (unsigned i = 0; i < t->now->nb_bridges; i++) {
		const struct xd_bridge_config *was = &t->now->bridges[i].config;

		if (!xd_state_bridge(t->next, was->name))
			tell_bridge(t->sw, XD_EVENT_BRIDGE_REMOVED, was);
	}
	for (unsigned i = 0; i < t->next->nb_bridges; i++) {
		const struct xd_bridge_config *config = &t->next->bridges[i].config;
		const struct xd_switch_bridge *old = xd_state_bridge(t->now, config->name);

		if (!old)
			tell_bridge(t->sw, XD_EVENT_BRIDGE_ADDED, config);
		else if (!xd_bridge_config_equal(&old->config, config))
			tell_bridge(t->sw, XD_EVENT_BRIDGE_SET, config);
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		tell_index(t, i);
}

/* ---- Readers ---- */

struct xd_events *
xd_events_open(struct xd_switch *sw, struct xd_error *err)
{
	struct xd_events *r;

	if (!sw) {
		xd_fail(err, -EINVAL, "there is no switch");
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		xd_fail(err, -ENOMEM, "no memory for a reader of events");
		return NULL;
	}
	r->sw = sw;
	r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->fd < 0) {
		xd_fail(err, -errno, "no file descriptors left: %s", strerror(errno));
		free(r);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	xd_loop_lock(sw->loop);
	r->next = sw->events;
	sw->events = r;
	xd_loop_unlock(sw->loop);
	return r;
}

void
xd_events_close(struct xd_events *r)
{
	struct xd_events **at;

	if (!r)
		return;
	xd_loop_lock(r->sw->loop);
	for (at = &r->sw->events; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	xd_loop_unlock(r->sw->loop);
	pthread_mutex_destroy(&r->lock);
	close(r->fd);
	free(r);
}

int
xd_events_fd(const struct xd_events *r)
{
	return r ? r->fd : -EINVAL;
}

static void
clear(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* it was not set */
}

unsigned
xd_events_read(struct xd_events *r, struct xd_event *events, unsigned max)
{
	unsigned n = 0;

	if (!r || !events || max == 0)
		return 0;
	pthread_mutex_lock(&r->lock);
	for (; n < max && r->n; r->n--) {
		events[n++] = r->ring[r->first];
		r->first = (r->first + 1) % EVENTS;
	}
	if (n < max && r->lost)
		events[n++] = loss(r);
	if (r->n == 0 && r->lost == 0)
		clear(r->fd);
	pthread_mutex_unlock(&r->lock);
	return n;
}

const char *
xd_event_name(enum xd_event_kind kind)
{
	static const char *const names[] = {
		[XD_EVENT_LOST] = "lost",
		[XD_EVENT_PORT_ADDED] = "port-added",
		[XD_EVENT_PORT_REMOVED] = "port-removed",
		[XD_EVENT_PORT_SET] = "port-set",
		[XD_EVENT_BRIDGE_ADDED] = "bridge-added",
		[XD_EVENT_BRIDGE_REMOVED] = "bridge-removed",
		[XD_EVENT_BRIDGE_SET] = "bridge-set",
		[XD_EVENT_PORT_UP] = "port-up",
		[XD_EVENT_PORT_DOWN] = "port-down",
		[XD_EVENT_PORT_CHANGED] = "port-changed",
	};

	return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
