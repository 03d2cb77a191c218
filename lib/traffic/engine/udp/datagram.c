/* SPDX-License-Identifier: BSD-3-Clause */
/* A UDP header and what is around it. */
#include "traffic/engine/udp/datagram.h"

#define LENGTH_AT 4 /* in a UDP header */
#define SUM_AT    6

/* Zero says that there is none: RFC 768. */
static uint16_t
finish(uint16_t sum)
{
	sum = (uint16_t)~sum;
	return sum ? sum : 0xffff;
}

/* ---- Reading ---- */

bool
xd_udp_read(struct xd_udp_datagram *d, const uint8_t *head, const uint8_t *data, uint32_t bytes,
	bool summed)
{
	uint32_t len;
	uint16_t sum;

	if (bytes < XD_UDP_HEADER)
		return false;
	len = xd_get16(head + LENGTH_AT);
	if (len < XD_UDP_HEADER || len > bytes)
		return false;
	d->from_port = xd_get16(head);
	d->to_port = xd_get16(head + 2);
	d->payload = data + XD_UDP_HEADER;
	d->len = len - XD_UDP_HEADER;
	memcpy(&sum, head + SUM_AT, sizeof(sum));
	if (sum == 0) /* there is none, as there has to be over IPv6: RFC 8200, section 8.1 */
		return !d->route.v6;
	return summed || xd_sum(d->payload, d->len,
				 (uint64_t)xd_ip_pseudo_sum(&d->route, IPPROTO_UDP, len) +
					 xd_sum(head, XD_UDP_HEADER, 0)) == 0xffff;
}

/* ---- Writing ---- */

static void
write_header(const struct xd_udp_sending *s, uint16_t sum, uint8_t *at)
{
	xd_put16(at, s->from_port);
	xd_put16(at + 2, s->to_port);
	xd_put16(at + LENGTH_AT, XD_UDP_HEADER + s->len);
	memcpy(at + SUM_AT, &sum, sizeof(sum));
}

uint16_t
xd_udp_sum(const struct xd_udp_sending *s)
{
	const uint32_t len = XD_UDP_HEADER + s->len;
	uint8_t front[XD_UDP_HEADER + XD_UDP_HEAD_MAX];
	uint64_t sum = xd_ip_pseudo_sum(&s->route, IPPROTO_UDP, len);
	uint16_t rest = xd_sum(s->rest, s->len - s->head_len, 0);

	write_header(s, 0, front);
	memcpy(front + XD_UDP_HEADER, s->head, s->head_len);
	sum += xd_sum(front, XD_UDP_HEADER + s->head_len, 0);
	sum += s->head_len & 1 ? __builtin_bswap16(rest) : rest;
	return finish(xd_sum(NULL, 0, sum));
}

/* Bytes from `from` on, `bytes` of them, of a header's and what follows it. */
static void
copy_part(const struct xd_udp_piece *p, uint32_t from, uint32_t bytes, uint8_t *to)
{
	const struct xd_udp_sending *s = &p->datagram;
	uint8_t front[XD_UDP_HEADER + XD_UDP_HEAD_MAX];
	const uint32_t front_len = XD_UDP_HEADER + s->head_len;
	uint32_t n = 0;

	if (from < front_len) {
		write_header(s, p->sum, front);
		memcpy(front + XD_UDP_HEADER, s->head, s->head_len);
		n = front_len - from < bytes ? front_len - from : bytes;
		memcpy(to, front + from, n);
	}
	if (n < bytes)
		memcpy(to + n, s->rest + (from + n - front_len), bytes - n);
}

static uint32_t
write_fragment(const struct xd_udp_piece *p, uint8_t *frame)
{
	const uint32_t at = xd_ip_write_fragment(
		&p->datagram.route, IPPROTO_UDP, &p->fragment, p->bytes, frame);

	copy_part(p, p->fragment.offset, p->bytes, frame + at);
	return at + p->bytes;
}

static uint32_t
write_whole(const struct xd_udp_sending *s, uint8_t *frame, struct virtio_net_hdr_v1 *header)
{
	const uint32_t bytes = XD_UDP_HEADER + s->len;
	const uint32_t at = xd_ip_write(&s->route, IPPROTO_UDP, bytes, frame);
	uint8_t *udp = frame + at;
	uint16_t sum = xd_ip_pseudo_sum(&s->route, IPPROTO_UDP, bytes);

	write_header(s, sum, udp);
	memcpy(udp + XD_UDP_HEADER, s->head, s->head_len);
	if (s->len > s->head_len)
		memcpy(udp + XD_UDP_HEADER + s->head_len, s->rest, s->len - s->head_len);
	if (header) {
		header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header->csum_start = (uint16_t)at;
		header->csum_offset = SUM_AT;
		header->hdr_len = (uint16_t)(at + XD_UDP_HEADER);
	} else {
		sum = finish(xd_sum(udp, bytes, 0));
		memcpy(udp + SUM_AT, &sum, sizeof(sum));
	}
	return at + bytes;
}

uint32_t
xd_udp_write(const struct xd_udp_piece *piece, uint8_t *frame, struct virtio_net_hdr_v1 *header)
{
	const uint32_t len = piece->is_fragment ? write_fragment(piece, frame)
						: write_whole(&piece->datagram, frame, header);

	if (len >= XD_IP_SHORTEST)
		return len;
	memset(frame + len, 0, XD_IP_SHORTEST - len);
	return XD_IP_SHORTEST;
}
