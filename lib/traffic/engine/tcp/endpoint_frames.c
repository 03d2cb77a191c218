/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's frames: what comes is given to its connection, or answered; what leaves is written where
 * it is sent from. */
#include "traffic/engine/tcp/endpoint.h"

#define SUMMED      (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)
#define TCP_SYN_ACK (XD_TCP_SYN | XD_TCP_ACK | XD_TCP_RST | XD_TCP_FIN)

/* ---- What comes ---- */

static void
refuse(struct xd_tcp_endpoint *e, const struct xd_tcp_packet *p)
{
	struct xd_tcp_sending sending = {.route = xd_ip_way_back(&p->route, e->station.host.mac),
		.from_port = p->to_port,
		.to_port = p->from_port};

	e->counts.refused++;
	if (xd_tcp_refuse(&p->segment, &sending.segment) && xd_outbox_has_room(&e->outbox))
		xd_outbox_put(&e->outbox, &sending, sizeof(sending));
}

static bool
is_listened_on(const struct xd_tcp_endpoint *e, uint16_t port)
{
	return (uint16_t)(port - e->opts.first_port) < e->opts.nb_ports;
}

static void
accept_one(
	struct xd_tcp_endpoint *e, const struct xd_tcp_packet *p, const struct xd_tcp_rest *before)
{
	const struct xd_ip_route back = xd_ip_way_back(&p->route, e->station.host.mac);
	struct xd_tcp_session *s;
	unsigned route;

	if (!is_listened_on(e, p->to_port) || (p->segment.flags & TCP_SYN_ACK) != XD_TCP_SYN) {
		refuse(e, p);
		return;
	}
	route = xd_tcp_sessions_keep_route(&e->sessions, &back);
	s = route < XD_TCP_ROUTES
		    ? xd_tcp_sessions_add(&e->sessions, route, p->to_port, p->from_port)
		    : NULL;
	if (!s) /* it tries again, and there may be room */
		return;
	e->counts.accepted++;
	xd_tcp_endpoint_begin(e, s, &p->segment, before);
}

/* For a connection that waits for old segments. */
static void
arrive_late(
	struct xd_tcp_endpoint *e, struct xd_tcp_time_wait *before, const struct xd_tcp_packet *p)
{
	const struct xd_tcp_time_wait w = *before;
	const struct xd_ip_route *route = &e->sessions.routes[w.route];
	struct xd_tcp_sending sending = {
		.route = *route, .from_port = w.own_port, .to_port = w.peer_port};
	struct xd_tcp_conn c;

	/* No acknowledgement of acknowledgements: both ends may be waiting. */
	if (!xd_tcp_segment_span(&p->segment))
		return;
	xd_tcp_revive(&c, &e->tcp[route->v6], e, &w.rest, e->now_us);
	if (is_listened_on(e, w.own_port) && xd_tcp_may_replace(&c, &p->segment)) {
		xd_tcp_time_waits_remove(&e->time_waits, before);
		accept_one(e, p, &w.rest);
		return;
	}
	xd_tcp_input(&c, &p->segment, p->payload, e->now_us);
	if (xd_outbox_has_room(&e->outbox) && xd_tcp_output(&c, &sending.segment, e->now_us))
		xd_outbox_put(&e->outbox, &sending, sizeof(sending));
	if (p->segment.flags & XD_TCP_FIN) { /* from now on */
		xd_tcp_time_waits_remove(&e->time_waits, before);
		xd_tcp_time_waits_add(&e->time_waits, w.route, w.own_port, w.peer_port, &w.rest,
			(uint32_t)(e->now_us / 1000));
	}
}

static void
arrive_new(struct xd_tcp_endpoint *e, const struct xd_tcp_packet *p, unsigned route)
{
	struct xd_tcp_time_wait *w = NULL;

	if (!xd_respond_host_has(&e->station.host, p->route.v6, p->route.to))
		return;
	if (route < XD_TCP_ROUTES)
		w = xd_tcp_time_waits_find(&e->time_waits, route, p->to_port, p->from_port,
			(uint32_t)(e->now_us / 1000));
	if (w)
		arrive_late(e, w, p);
	else
		accept_one(e, p, NULL);
}

static void
arrive(struct xd_tcp_endpoint *e, const struct xd_tcp_packet *p)
{
	const unsigned route = xd_tcp_sessions_route(&e->sessions, &p->route);
	struct xd_tcp_session *s = NULL;

	if (route < XD_TCP_ROUTES)
		s = xd_tcp_sessions_find(&e->sessions, route, p->to_port, p->from_port);
	if (!s) {
		arrive_new(e, p, route);
		return;
	}
	e->arriving = s;
	if (xd_tcp_input(&s->conn, &p->segment, p->payload, e->now_us) == XD_TCP_REFUSE)
		refuse(e, p);
	if (!s->opened && xd_tcp_is_open(&s->conn)) {
		s->opened = true;
		e->opened++;
		if (s->opening)
			xd_tcp_handshakes_complete(&e->handshakes);
		s->opening = false;
	}
	if (xd_tcp_received(&s->conn) >= s->next_done)
		e->opts.app->received(e->opts.app->ctx, s);
	xd_tcp_endpoint_wake(e, s);
}

void
xd_tcp_endpoint_take(void *ctx, const struct xd_arrival *frame)
{
	struct xd_tcp_endpoint *e = ctx;
	struct xd_tcp_packet p;
	const enum xd_tcp_packet_kind kind =
		xd_tcp_packet_read(&p, frame->data, frame->len, frame->header.flags & SUMMED);

	if (kind == XD_TCP_PACKET_OTHER) {
		e->station.sink.take(e->station.sink.ctx, frame);
	} else if (kind == XD_TCP_PACKET_WRONG) {
		e->counts.wrong_frames++;
	} else if (!memcmp(p.route.mac_to, e->station.host.mac, 6)) {
		xd_tcp_endpoint_clock(e, frame->now);
		arrive(e, &p);
	}
}

/* ---- What leaves ---- */

/* Compiled once for each kind of bytes. */
static inline __attribute__((always_inline)) uint32_t
write_frame(struct xd_tcp_endpoint *e, uint8_t *data, uint32_t room,
	struct virtio_net_hdr_v1 *header, const struct xd_tcp_app *app)
{
	const struct xd_tcp_sending *s;
	uint32_t at, len;

	if (xd_respond_station_waiting(&e->station))
		return e->station.source.write(e->station.source.ctx, data, room, header);
	s = xd_outbox_take(&e->outbox, sizeof(*s));
	at = xd_tcp_packet_write(&s->route, s->from_port, s->to_port, &s->segment, data);
	len = at + s->segment.len;
	if (app && s->segment.len)
		app->fill(app->ctx, s, data + at);
	else if (s->segment.len && e->opts.write)
		memcpy(data + at,
			xd_message_pattern_at(e->opts.pattern,
				(uint32_t)s->from_port << 16 | s->to_port, s->segment.offset),
			s->segment.len);
	if (e->opts.csum)
		xd_tcp_packet_offload(&s->route, &s->segment, at, header);
	else
		xd_tcp_packet_sum(&s->route, data, len);
	if (len >= XD_IP_SHORTEST)
		return len;
	memset(data + len, 0, XD_IP_SHORTEST - len);
	return XD_IP_SHORTEST;
}

uint32_t
xd_tcp_endpoint_write(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	return write_frame(ctx, data, room, header, NULL);
}

uint32_t
xd_tcp_endpoint_write_app(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_tcp_endpoint *e = ctx;

	return write_frame(e, data, room, header, e->opts.app);
}
