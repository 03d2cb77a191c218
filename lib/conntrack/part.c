/* SPDX-License-Identifier: BSD-3-Clause */
/* A fragment's headers: IPv4 (RFC 791, section 3.1) and the fragment header of IPv6 (RFC 8200,
 * section 4.5). */
#include "conntrack/part.h"

#include "base/bytes.h"

#define MAX_BYTES      65535
#define CLASS_FRAGMENT 0x20
#define IPV6_BYTES     40
#define PROTO_FRAGMENT 44

/* The fragment header of IPv6, which the parser has passed: the walk is inside of what that read.
 */
static const uint8_t *
fragment_header(const uint8_t *ip, const struct xd_headers *h)
{
	const uint32_t end = h->l4 - h->l3;
	uint8_t proto = ip[6];

	for (uint32_t at = IPV6_BYTES; at + 8 <= end;) {
		if (proto == PROTO_FRAGMENT)
			return ip + at;
		proto = ip[at];
		at += 8 + ip[at + 1] * 8u;
	}
	return NULL;
}

bool
ct_part_read(const struct xd_ct *ct, const struct xd_frame *f, const struct xd_headers *h,
	uint16_t zone, struct ct_part *part)
{
	const uint8_t *ip = f->buf + f->start + h->l3, *header = NULL;
	const bool ipv6 = xd_headers_is_ipv6(h);
	struct ct_endpoints e = {
		.zone = zone, .ipv6 = ipv6, .class = CLASS_FRAGMENT, .src = ip + (ipv6 ? 8 : 12)};
	uint32_t begin = h->l4 - h->l3,
		 end = ipv6 ? IPV6_BYTES + xd_get16(ip + 4) : xd_get16(ip + 2);

	e.dst = e.src + (ipv6 ? 16 : 4);
	e.proto = ipv6 ? PROTO_FRAGMENT : ip[9];
	if (ipv6) {
		header = fragment_header(ip, h);
		if (header == NULL)
			return false;
		begin = (uint32_t)(header - ip) + 8;
		memcpy(&e.src_port, header + 4, 2);
		memcpy(&e.dst_port, header + 6, 2);
	} else {
		memcpy(&e.src_port, ip + 4, 2);
	}
	part->from = h->fragment_offset;
	part->last = ipv6 ? !(header[3] & 1) : !(ip[6] & 0x20);
	if (end > f->len - h->l3 || end <= begin)
		return false;
	part->len = end - begin;
	if (part->from + part->len > MAX_BYTES || (!part->last && part->len % 8 != 0))
		return false;
	part->id = (struct ct_lookup){.addr = part->addr};
	part->id.swapped = xd_ct_canonical(&e, part->id.key, part->addr);
	ct_hash(ct, part->id.key, part->addr, &part->id.place, &part->id.tag);
	return true;
}
