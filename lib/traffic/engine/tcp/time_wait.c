/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections in TIME-WAIT: a ring, and chains by hash through it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/tcp/session.h"
#include "traffic/engine/tcp/time_wait.h"

int
xd_tcp_time_waits_init(struct xd_tcp_time_waits *t, uint32_t n, uint32_t ms, struct xd_error *err)
{
	*t = (struct xd_tcp_time_waits){.mask = n - 1, .ms = ms};
	t->all = calloc(n, sizeof(*t->all)); /* pages that are not needed are not there */
	t->heads = malloc(n * sizeof(*t->heads));
	if (!t->all || !t->heads) {
		xd_tcp_time_waits_fini(t);
		return xd_fail(err, -ENOMEM, "no memory for connections that have ended");
	}
	memset(t->heads, 0xff, n * sizeof(*t->heads));
	return 0;
}

void
xd_tcp_time_waits_fini(struct xd_tcp_time_waits *t)
{
	free(t->all);
	free(t->heads);
	t->all = NULL;
	t->heads = NULL;
}

static uint32_t *
head_of(const struct xd_tcp_time_waits *t, unsigned route, uint16_t own_port, uint16_t peer_port)
{
	return &t->heads[xd_tcp_ports_hash(route, own_port, peer_port) & t->mask];
}

void
xd_tcp_time_waits_remove(struct xd_tcp_time_waits *t, struct xd_tcp_time_wait *w)
{
	uint32_t *link = head_of(t, w->route, w->own_port, w->peer_port);
	const uint32_t i = (uint32_t)(w - t->all);

	while (*link != i)
		link = &t->all[*link].next;
	*link = w->next;
	w->used = false;
}

void
xd_tcp_time_waits_add(struct xd_tcp_time_waits *t, unsigned route, uint16_t own_port,
	uint16_t peer_port, const struct xd_tcp_rest *rest, uint32_t now_ms)
{
	uint32_t *head = head_of(t, route, own_port, peer_port);
	const uint32_t i = t->tail++ & t->mask;

	if (t->all[i].used)
		xd_tcp_time_waits_remove(t, &t->all[i]);
	t->all[i] = (struct xd_tcp_time_wait){
		.rest = *rest,
		.since_ms = now_ms,
		.next = *head,
		.own_port = own_port,
		.peer_port = peer_port,
		.route = (uint8_t)route,
		.used = true,
	};
	*head = i;
}

struct xd_tcp_time_wait *
xd_tcp_time_waits_find(struct xd_tcp_time_waits *t, unsigned route, uint16_t own_port,
	uint16_t peer_port, uint32_t now_ms)
{
	struct xd_tcp_time_wait *w;
	uint32_t i = *head_of(t, route, own_port, peer_port);

	while (i != XD_TCP_NO_SESSION &&
		(t->all[i].own_port != own_port || t->all[i].peer_port != peer_port ||
			t->all[i].route != route))
		i = t->all[i].next;
	if (i == XD_TCP_NO_SESSION)
		return NULL;
	w = &t->all[i];
	if (now_ms - w->since_ms < t->ms)
		return w;
	xd_tcp_time_waits_remove(t, w);
	return NULL;
}
