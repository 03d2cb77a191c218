/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of a host's connections: chains by hash, in one array. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/tcp/session.h"

int
xd_tcp_sessions_init(struct xd_tcp_sessions *t, uint32_t n, struct xd_error *err)
{
	uint32_t heads = 64;

	while (heads < n)
		heads *= 2;
	*t = (struct xd_tcp_sessions){.n = n, .mask = heads - 1};
	t->all = aligned_alloc(64, (size_t)n * sizeof(*t->all));
	t->heads = malloc((size_t)heads * sizeof(*t->heads));
	if (!t->all || !t->heads) {
		xd_tcp_sessions_fini(t);
		return xd_fail(err, -ENOMEM, "no memory for %u connections", n);
	}
	for (uint32_t i = 0; i < n; i++) {
		t->all[i].used = false;
		t->all[i].next = i + 1 < n ? i + 1 : XD_TCP_NO_SESSION;
	}
	memset(t->heads, 0xff, (size_t)heads * sizeof(*t->heads));
	return 0;
}

void
xd_tcp_sessions_fini(struct xd_tcp_sessions *t)
{
	free(t->all);
	free(t->heads);
	t->all = NULL;
	t->heads = NULL;
	t->n = 0;
}

static unsigned
find_route(const struct xd_tcp_sessions *t, const uint8_t *own, const uint8_t *peer, bool v6)
{
	unsigned i = 0;

	while (i < t->nb_routes &&
		(t->routes[i].v6 != v6 || memcmp(t->routes[i].from, own, XD_IP_ADDRESS) ||
			memcmp(t->routes[i].to, peer, XD_IP_ADDRESS)))
		i++;
	return i < t->nb_routes ? i : XD_TCP_ROUTES;
}

unsigned
xd_tcp_sessions_route(const struct xd_tcp_sessions *t, const struct xd_ip_route *came)
{
	return find_route(t, came->to, came->from, came->v6);
}

unsigned
xd_tcp_sessions_keep_route(struct xd_tcp_sessions *t, const struct xd_ip_route *route)
{
	unsigned r = find_route(t, route->from, route->to, route->v6);

	if (r == XD_TCP_ROUTES) {
		if (t->nb_routes == XD_TCP_ROUTES)
			return r;
		r = t->nb_routes++;
	}
	t->routes[r] = *route; /* its MAC address may be another by now */
	return r;
}

static uint32_t *
head_of(const struct xd_tcp_sessions *t, unsigned route, uint16_t own_port, uint16_t peer_port)
{
	return &t->heads[xd_tcp_ports_hash(route, own_port, peer_port) & t->mask];
}

struct xd_tcp_session *
xd_tcp_sessions_find(
	const struct xd_tcp_sessions *t, unsigned route, uint16_t own_port, uint16_t peer_port)
{
	uint32_t i;

	for (i = *head_of(t, route, own_port, peer_port); i != XD_TCP_NO_SESSION;
		i = t->all[i].next)
		if (t->all[i].own_port == own_port && t->all[i].peer_port == peer_port &&
			t->all[i].route == route)
			return &t->all[i];
	return NULL;
}

struct xd_tcp_session *
xd_tcp_sessions_add(
	struct xd_tcp_sessions *t, unsigned route, uint16_t own_port, uint16_t peer_port)
{
	struct xd_tcp_session *s;
	uint32_t *head;

	if (t->free == XD_TCP_NO_SESSION || t->used == t->n)
		return NULL;
	s = &t->all[t->free];
	head = head_of(t, route, own_port, peer_port);
	t->free = s->next;
	t->used++;
	memset(&s->timer, 0, sizeof(s->timer));
	memset(&s->next_done, 0, sizeof(*s) - offsetof(struct xd_tcp_session, next_done));
	s->used = true;
	s->own_port = own_port;
	s->peer_port = peer_port;
	s->route = (uint8_t)route;
	s->next = *head;
	*head = (uint32_t)(s - t->all);
	return s;
}

void
xd_tcp_sessions_remove(struct xd_tcp_sessions *t, struct xd_tcp_session *s)
{
	uint32_t *link = head_of(t, s->route, s->own_port, s->peer_port);
	const uint32_t i = (uint32_t)(s - t->all);

	while (*link != i)
		link = &t->all[*link].next;
	*link = s->next;
	s->used = false;
	s->next = t->free;
	t->free = i;
	t->used--;
}
