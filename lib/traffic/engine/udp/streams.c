/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams, found and followed. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "traffic/engine/udp/streams.h"

static uint32_t
hash_of(const uint8_t *peer, uint16_t own_port, uint16_t peer_port)
{
	uint64_t a, b;

	memcpy(&a, peer, sizeof(a));
	memcpy(&b, peer + 8, sizeof(b));
	a = (a ^ b * 0x9e3779b97f4a7c15ull ^ ((uint64_t)own_port << 16 | peer_port)) *
	    0xd6e8feb86659fd93ull;
	return (uint32_t)(a >> 32);
}

/* Where it is, or would be. */
static uint32_t
place_of(const struct xd_udp_streams *s, bool v6, const uint8_t *peer, uint16_t own_port,
	uint16_t peer_port)
{
	uint32_t at = hash_of(peer, own_port, peer_port) & s->mask;

	for (; s->places[at] != XD_UDP_NO_STREAM; at = (at + 1) & s->mask) {
		const struct xd_udp_stream *x = &s->all[s->places[at]];

		if (x->own_port == own_port && x->peer_port == peer_port && x->route.v6 == v6 &&
			!memcmp(x->route.to, peer, XD_IP_ADDRESS))
			break;
	}
	return at;
}

int
xd_udp_streams_init(struct xd_udp_streams *s, uint32_t max, struct xd_error *err)
{
	uint32_t places = 4;

	while (places < 2 * max)
		places *= 2;
	*s = (struct xd_udp_streams){.max = max, .mask = places - 1};
	s->all = calloc(max, sizeof(*s->all));
	s->places = malloc(places * sizeof(*s->places));
	if (!s->all || !s->places) {
		xd_udp_streams_fini(s);
		return xd_fail(err, -ENOMEM, "no memory for streams");
	}
	memset(s->places, 0xff, places * sizeof(*s->places));
	return 0;
}

void
xd_udp_streams_fini(struct xd_udp_streams *s)
{
	free(s->all);
	free(s->places);
	s->all = NULL;
	s->places = NULL;
}

struct xd_udp_stream *
xd_udp_streams_add(struct xd_udp_streams *s, const struct xd_ip_route *route, uint16_t own_port,
	uint16_t peer_port)
{
	struct xd_udp_stream *x;
	uint32_t at;

	if (s->n == s->max)
		return NULL;
	at = place_of(s, route->v6, route->to, own_port, peer_port);
	if (s->places[at] != XD_UDP_NO_STREAM)
		return &s->all[s->places[at]];
	s->places[at] = s->n;
	x = &s->all[s->n++];
	x->route = *route;
	x->own_port = own_port;
	x->peer_port = peer_port;
	x->next_ready = XD_UDP_NO_STREAM;
	x->message[0] = x->message[1] = UINT64_MAX;
	return x;
}

struct xd_udp_stream *
xd_udp_streams_find(struct xd_udp_streams *s, const struct xd_udp_datagram *d)
{
	const uint32_t i =
		s->places[place_of(s, d->route.v6, d->route.from, d->to_port, d->from_port)];

	return i == XD_UDP_NO_STREAM ? NULL : &s->all[i];
}

enum xd_udp_arrival
xd_udp_order_take(struct xd_udp_order *order, uint64_t number)
{
	const uint64_t ahead = number - order->next, behind = order->next - 1 - number;

	if (number >= order->next) {
		order->seen = ahead >= 63 ? 0 : order->seen << (ahead + 1);
		order->seen |= 1;
		order->next = number + 1;
		return XD_UDP_NEW;
	}
	if (behind < 64 && order->seen >> behind & 1)
		return XD_UDP_AGAIN;
	if (behind < 64)
		order->seen |= UINT64_C(1) << behind;
	return XD_UDP_LATE;
}

bool
xd_udp_stream_complete(struct xd_udp_stream *s, const struct xd_udp_parts *parts, uint64_t number)
{
	const uint64_t message = number / parts->n;
	const unsigned slot = message & 1;

	if (parts->n == 1)
		return true;
	if (s->message[slot] != message) {
		if (s->message[slot] != UINT64_MAX && s->message[slot] > message)
			return false; /* it was given up */
		s->message[slot] = message;
		s->came[slot] = 0;
	}
	return ++s->came[slot] == parts->n;
}

void
xd_udp_stream_jitter(struct xd_udp_stream *s, double sent_ns, double came_ns)
{
	const double transit = came_ns - sent_ns;

	if (s->has_transit)
		s->jitter_ns += (fabs(transit - s->transit_ns) - s->jitter_ns) / 16;
	s->has_transit = true;
	s->transit_ns = transit;
}
