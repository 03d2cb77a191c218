/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's frames: what comes is put together and given to the application, what that sends is cut
 * and written where it is sent from. */
#include <errno.h>

#include "traffic/engine/message/lanes.h"
#include "traffic/engine/udp/host.h"
#include "traffic/host/tsc.h"

#define SUMMED   (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)
#define READ_MAX (XD_IP_ETH + XD_IP_V4_MAX + XD_UDP_HEADER) /* longest headers that are read */

/* Seconds that the rest of a datagram is waited for, of IPv4 (as Linux does; RFC 1122, section
 * 3.3.2, would have 60 to 120) and of IPv6 (RFC 8200, section 4.5). */
#define WAIT_V4_S 30
#define WAIT_V6_S 60

/* ---- What comes ---- */

static void
arrive(struct xd_udp_host *h, struct xd_udp_datagram *d, const uint8_t *head, const uint8_t *data,
	uint32_t bytes, bool summed)
{
	if (!xd_udp_read(d, head, data, bytes, summed)) {
		h->counts.wrong++;
		return;
	}
	h->counts.received++;
	h->opts.app.take(h->opts.app.ctx, d);
}

static void
arrive_part(struct xd_udp_host *h, struct xd_udp_datagram *d, const struct xd_ip_packet *ip,
	const uint8_t *data)
{
	const uint8_t *whole;
	uint32_t bytes;

	h->counts.fragments_came++;
	whole = xd_fragments_take(h->fragments, ip, IPPROTO_UDP, data, d->now, &bytes);
	if (whole)
		arrive(h, d, whole, whole, bytes, false);
}

static void
take(void *ctx, const struct xd_arrival *frame)
{
	struct xd_udp_host *h = ctx;
	struct xd_udp_datagram d = {.now = frame->now};
	uint8_t head[READ_MAX]; /* a copy of what is decided on */
	struct xd_ip_packet ip;
	enum xd_ip_kind kind;

	memcpy(head, frame->data, frame->len < READ_MAX ? frame->len : READ_MAX);
	kind = xd_ip_read(&ip, IPPROTO_UDP, head, frame->len);
	if (kind == XD_IP_OTHER) {
		h->station.sink.take(h->station.sink.ctx, frame);
		return;
	}
	if (kind == XD_IP_WRONG) {
		h->counts.wrong++;
		return;
	}
	if (memcmp(ip.route.mac_to, h->station.host.mac, 6) ||
		!xd_respond_host_has(&h->station.host, ip.route.v6, ip.route.to))
		return;
	d.route = ip.route;
	/* One fragment alone is a datagram of its own: RFC 6946. */
	if (ip.is_fragment && (ip.fragment.more || ip.fragment.offset))
		arrive_part(h, &d, &ip, frame->data + ip.at);
	else
		arrive(h, &d, head + ip.at, frame->data + ip.at, ip.bytes,
			frame->header.flags & SUMMED);
}

void
xd_udp_host_way_back(const struct xd_udp_host *h, const struct xd_udp_datagram *datagram,
	struct xd_ip_route *route)
{
	*route = xd_ip_way_back(&datagram->route, h->station.host.mac);
}

/* ---- What leaves ---- */

/* Bytes of the UDP header and payload that a frame has room for. */
static uint32_t
room(const struct xd_udp_host *h, bool v6)
{
	return h->opts.on_wire - XD_IP_ETH - (v6 ? XD_IP_V6 : XD_IP_V4);
}

/* Goes on with the datagram that is being cut. */
static void
cut(struct xd_udp_host *h)
{
	struct xd_udp_piece *p = &h->piece;
	const bool v6 = p->datagram.route.v6;
	const uint32_t most = (room(h, v6) - (v6 ? XD_IP_FRAGMENT : 0)) & ~7u;
	const uint32_t left = XD_UDP_HEADER + p->datagram.len - p->fragment.offset;

	p->bytes = left < most ? left : most;
	p->fragment.more = left > most;
	h->counts.fragments++;
	xd_outbox_put(&h->outbox, p, sizeof(*p));
	p->fragment.offset += p->bytes;
	h->cutting = p->fragment.more;
}

/* The next datagram, or its first fragment; false: there is none. */
static bool
begin(struct xd_udp_host *h)
{
	struct xd_udp_piece *p = &h->piece;

	if (!h->opts.app.next(h->opts.app.ctx, &p->datagram))
		return false;
	h->counts.sent++;
	p->is_fragment = XD_UDP_HEADER + p->datagram.len > room(h, p->datagram.route.v6);
	if (!p->is_fragment) {
		xd_outbox_put(&h->outbox, p, sizeof(*p));
		return true;
	}
	p->sum = xd_udp_sum(&p->datagram);
	p->fragment = (struct xd_ip_fragment){.id = h->id++};
	cut(h);
	return true;
}

static uint16_t
ready(void *ctx, uint16_t n)
{
	struct xd_udp_host *h = ctx;
	uint32_t there;

	xd_impaired_sink_look(&h->impaired);
	while (xd_outbox_count(&h->outbox) < n && xd_outbox_has_room(&h->outbox)) {
		if (h->cutting)
			cut(h);
		else if (!begin(h))
			break;
	}
	xd_outbox_look(&h->outbox, sizeof(struct xd_udp_piece));
	there = xd_respond_station_waiting(&h->station) + xd_outbox_count(&h->outbox);
	return there < n ? (uint16_t)there : n;
}

static uint32_t
write(void *ctx, uint8_t *data, uint32_t bytes, struct virtio_net_hdr_v1 *header)
{
	struct xd_udp_host *h = ctx;

	if (xd_respond_station_waiting(&h->station))
		return h->station.source.write(h->station.source.ctx, data, bytes, header);
	return xd_udp_write(xd_outbox_take(&h->outbox, sizeof(struct xd_udp_piece)), data,
		h->opts.csum ? header : NULL);
}

/* ---- Begin and end ---- */

int
xd_udp_host_init(struct xd_udp_host *h, const struct xd_udp_host_opts *opts, struct xd_error *err)
{
	const uint64_t waits[2] = {
		(uint64_t)(WAIT_V4_S * opts->tsc_hz), (uint64_t)(WAIT_V6_S * opts->tsc_hz)};
	int rc;

	*h = (struct xd_udp_host){
		.opts = *opts,
		.source = {ready, write, h},
		.sink = {.take = take, .ctx = h},
		.id = (uint32_t)(xd_tsc() * 2654435761u >> 8),
	};
	rc = xd_respond_host_init(&h->station.host, opts->number, opts->addresses, err);
	if (rc)
		return rc;
	if (!xd_outbox_init(&h->outbox, sizeof(struct xd_udp_piece), opts->impair))
		return xd_fail(err, -ENOMEM, "no memory for datagrams");
	h->fragments = xd_fragments_create(XD_FRAGMENTS_PACKETS, waits, err);
	if (!h->fragments)
		return -ENOMEM;
	rc = xd_respond_station_init(&h->station, opts->max_frame, err);
	return rc ? rc : xd_impaired_sink_insert(&h->impaired, opts->impair, &h->sink, err);
}

int
xd_udp_host_init_behind(struct xd_udp_host *h, const struct xd_gen *gen, unsigned port,
	const struct xd_message_hosts *hosts, struct xd_error *err)
{
	const unsigned number = xd_message_hosts_number(hosts, port);
	const struct xd_gen_port *p = gen->ports[port];
	char address[XD_MESSAGE_ADDRESS];
	struct xd_udp_host_opts opts = {
		.addresses =
			xd_message_address(hosts->addresses[number], hosts->v6, number, address),
		.number = number,
		.max_frame = p->max_frame,
		.on_wire = hosts->frame_bytes,
		.csum = p->offload.csum && p->headers,
		.impair = &hosts->impair[number],
		.tsc_hz = gen->tsc_hz,
	};

	return xd_udp_host_init(h, &opts, err);
}

void
xd_udp_host_fini(struct xd_udp_host *h)
{
	xd_respond_station_fini(&h->station);
	xd_impaired_sink_fini(&h->impaired);
	xd_fragments_destroy(h->fragments);
	xd_outbox_fini(&h->outbox);
	h->fragments = NULL;
}
