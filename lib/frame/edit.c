/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of frames that are looked at, and addresses that are translated. */
#include <errno.h>

#include "frame/edit.h"
#include "frame/offload.h"

#define ICMPV6_CSUM_OFFSET 2  /* RFC 4443 */
#define IPV4_CSUM_OFFSET   10 /* RFC 791 */

int
xd_frame_peek(const struct xd_frame *f, uint32_t offset, void *to, uint32_t len)
{
	uint8_t *dst = to;
	uint32_t n;

	if (offset > f->len || len > f->len - offset)
		return -EINVAL;
	if (offset < f->head_len) {
		n = f->head_len - offset < len ? f->head_len - offset : len;
		memcpy(dst, f->buf + f->start + offset, n);
		dst += n;
		offset += n;
		len -= n;
	}
	offset -= f->head_len;
	for (uint8_t i = 0; len && i < f->nb_segs; i++) {
		const struct xd_seg *seg = &f->segs[i];

		if (offset >= seg->len) {
			offset -= seg->len;
			continue;
		}
		n = seg->len - offset < len ? seg->len - offset : len;
		memcpy(dst, seg->addr + offset, n);
		dst += n;
		len -= n;
		offset = 0;
	}
	return len ? -EINVAL : 0;
}

static uint16_t
fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

/* Writes a field of whole 16-bit words, and returns what their sum changes by: the complements of
 * the old ones and the new ones. */
static uint32_t
replace(uint8_t *at, const void *with, uint32_t len)
{
	uint32_t change = 0;
	uint16_t word;

	for (uint32_t i = 0; i < len; i += 2) {
		memcpy(&word, at + i, 2);
		change += (uint16_t)~word;
		memcpy(&word, (const uint8_t *)with + i, 2);
		change += word;
	}
	memcpy(at, with, len);
	return change;
}

/* A checksum: the complement of a sum. */
static void
move_checksum(uint8_t *at, uint32_t change)
{
	uint16_t word;

	memcpy(&word, at, 2);
	word = (uint16_t)~fold((uint16_t)~word + change);
	memcpy(at, &word, 2);
}

static void
move_sum(uint8_t *at, uint32_t change)
{
	uint16_t word;

	memcpy(&word, at, 2);
	word = fold(word + change);
	memcpy(at, &word, 2);
}

/* RFC 768: zero says that there is none, and a sum that comes to zero is stored as 0xffff. */
static void
move_udp_checksum(uint8_t *at, uint32_t change)
{
	static const uint8_t zero[2], ones[2] = {0xff, 0xff};

	if (!memcmp(at, zero, 2))
		return;
	move_checksum(at, change);
	if (!memcmp(at, zero, 2))
		memcpy(at, ones, 2);
}

/* addresses, ports: what the sums of each change by. */
static void
move_transport(struct xd_frame *f, const struct xd_headers *h, uint32_t addresses, uint32_t ports)
{
	uint8_t *l4 = xd_frame_data(f) + h->l4;
	const bool unfinished =
		(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && xd_offload_start(f) == h->l4;
	uint8_t *at;

	if (h->l4_kind == XD_L4_TCP)
		at = l4 + XD_TCP_CSUM_OFFSET;
	else if (h->l4_kind == XD_L4_UDP)
		at = l4 + XD_UDP_CSUM_OFFSET;
	else if (h->l4_kind == XD_L4_ICMPV6)
		at = l4 + ICMPV6_CSUM_OFFSET;
	else
		return;
	if (unfinished)
		move_sum(at, addresses);
	else if (h->l4_kind == XD_L4_UDP)
		move_udp_checksum(at, addresses + ports);
	else
		move_checksum(at, addresses + ports);
}

static uint32_t
replace_ports(uint8_t *l4, const struct xd_rewrite *r)
{
	uint32_t change = 0;

	if (r->what & XD_REWRITE_SRC_PORT)
		change += replace(l4, &r->src_port, 2);
	if (r->what & XD_REWRITE_DST_PORT)
		change += replace(l4 + 2, &r->dst_port, 2);
	return change;
}

int
xd_frame_rewrite(struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r)
{
	const bool ipv4 = h->l3_kind == XD_L3_IPV4;
	const bool ports = r->what & (XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT);
	const uint32_t len = ipv4 ? 4 : 16;
	uint8_t *ip = xd_frame_data(f) + h->l3, *src = ip + (ipv4 ? 12 : 8);
	uint32_t by_addresses = 0, by_ports = 0;

	if (!ipv4 && h->l3_kind != XD_L3_IPV6)
		return -EINVAL;
	if (ports && h->l4_kind == XD_L4_SCTP)
		return -ENOTSUP;
	if (ports && h->l4_kind != XD_L4_TCP && h->l4_kind != XD_L4_UDP)
		return -EINVAL;
	if (r->what & XD_REWRITE_SRC)
		by_addresses += replace(src, r->src, len);
	if (r->what & XD_REWRITE_DST)
		by_addresses += replace(src + len, r->dst, len);
	if (ports)
		by_ports = replace_ports(xd_frame_data(f) + h->l4, r);
	if (ipv4)
		move_checksum(ip + IPV4_CSUM_OFFSET, by_addresses);
	move_transport(f, h, by_addresses, by_ports);
	f->dirty = true;
	return 0;
}
