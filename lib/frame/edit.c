/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of frames that are looked at, and addresses that are translated. */
#include <errno.h>

#include "base/bytes.h"
#include "frame/edit.h"
#include "frame/offload.h"
#include "frame/rewrite.h"

#define ICMP_CSUM_OFFSET 2 /* RFC 792; of ICMPv6 too: RFC 4443 */
#define ICMP_ID_OFFSET   4
#define ICMP_BYTES       8
#define IPV4_CSUM_OFFSET 10 /* RFC 791 */
#define IPV4_ADDRESSES   12
#define PORTS_BYTES      8 /* that ICMP errors show behind the IP header at least */

/* IANA's protocol numbers. */
#define PROTO_ICMP   1
#define PROTO_TCP    6
#define PROTO_UDP    17
#define PROTO_ICMPV6 58

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

/* Of words of 32 bits or 16: modulo 65535 a word of 32 is the sum of its halves. */
static uint16_t
fold(uint64_t sum)
{
	uint32_t word;

	sum = (sum & UINT32_MAX) + (sum >> 32);
	word = (uint32_t)sum + (uint32_t)(sum >> 32);
	/* Both halves, and the carry of the lower into the upper. */
	word += word << 16 | word >> 16;
	return (uint16_t)(word >> 16);
}

/* What a sum changes by when one of its words does: RFC 1624, equation 3. */
static inline uint64_t
change_of(uint32_t is, uint32_t to)
{
	return (uint64_t)(uint32_t)~is + to;
}

/* Writes a field of whole 32-bit words, and returns what their sum changes by. */
static inline __attribute__((always_inline)) uint64_t
replace(uint8_t *at, const uint8_t *with, uint32_t len)
{
	uint64_t change = 0;
	uint32_t is, to;

	for (uint32_t i = 0; i < len; i += 4) {
		memcpy(&is, at + i, 4);
		memcpy(&to, with + i, 4);
		memcpy(at + i, &to, 4);
		change += change_of(is, to);
	}
	return change;
}

/* Likewise, of one of 16 bits. */
static uint64_t
replace16(uint8_t *at, uint16_t to)
{
	uint16_t is;

	memcpy(&is, at, 2);
	memcpy(at, &to, 2);
	return (uint64_t)(uint16_t)~is + to;
}

/* A checksum: the complement of a sum. */
static void
move_checksum(uint8_t *at, uint64_t change)
{
	uint16_t word;

	memcpy(&word, at, 2);
	word = (uint16_t)~fold((uint16_t)~word + change);
	memcpy(at, &word, 2);
}

static void
move_sum(uint8_t *at, uint64_t change)
{
	uint16_t word;

	memcpy(&word, at, 2);
	word = fold(word + change);
	memcpy(at, &word, 2);
}

/* RFC 768: zero says that there is none, and a sum that comes to zero is stored as 0xffff. */
static void
move_udp_checksum(uint8_t *at, uint64_t change)
{
	uint16_t word;

	memcpy(&word, at, 2);
	if (word == 0)
		return;
	word = (uint16_t)~fold((uint16_t)~word + change);
	word = word ? word : UINT16_MAX;
	memcpy(at, &word, 2);
}

/* addresses, ports: what the sums of each change by. */
static void
move_transport(struct xd_frame *f, const struct xd_headers *h, uint64_t addresses, uint64_t ports)
{
	uint8_t *l4 = xd_frame_data(f) + h->l4;
	const bool unfinished =
		(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && xd_offload_start(f) == h->l4;
	uint8_t *at;

	if (h->l4_kind == XD_L4_TCP)
		at = l4 + XD_TCP_CSUM_OFFSET;
	else if (h->l4_kind == XD_L4_UDP)
		at = l4 + XD_UDP_CSUM_OFFSET;
	else if (h->l4_kind == XD_L4_ICMPV6 || h->l4_kind == XD_L4_ICMP)
		at = l4 + ICMP_CSUM_OFFSET;
	else
		return;
	if (h->l4_kind == XD_L4_ICMP)
		addresses = 0; /* it has no pseudo-header */
	if (unfinished)
		move_sum(at, addresses);
	else if (h->l4_kind == XD_L4_UDP)
		move_udp_checksum(at, addresses + ports);
	else
		move_checksum(at, addresses + ports);
}

static uint64_t
replace_ports(uint8_t *l4, const struct xd_rewrite *r)
{
	uint64_t change = 0;

	if (r->what & XD_REWRITE_SRC_PORT)
		change += replace16(l4, r->src_port);
	if (r->what & XD_REWRITE_DST_PORT)
		change += replace16(l4 + 2, r->dst_port);
	return change;
}

/* RFC 792, RFC 950: echo, timestamp, information and mask, and their answers; RFC 4443. */
static bool
has_id(bool ipv6, uint8_t type)
{
	return ipv6 ? type == 128 || type == 129
		    : type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool
has_room_for_id(const struct xd_frame *f, const struct xd_headers *h)
{
	return (h->l4_kind == XD_L4_ICMP || h->l4_kind == XD_L4_ICMPV6) &&
	       h->l4 + ICMP_BYTES <= f->head_len &&
	       has_id(xd_headers_is_ipv6(h), f->buf[f->start + h->l4]);
}

static int
check_rewrite(const struct xd_frame *f, const struct xd_headers *h, uint32_t what)
{
	const bool ports = what & (XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT);

	if (h->l3_kind != XD_L3_IPV4 && h->l3_kind != XD_L3_IPV6)
		return -EINVAL;
	if (ports && h->l4_kind == XD_L4_SCTP)
		return -ENOTSUP;
	if (ports && h->l4_kind != XD_L4_TCP && h->l4_kind != XD_L4_UDP)
		return -EINVAL;
	return (what & XD_REWRITE_ICMP_ID) && !has_room_for_id(f, h) ? -EINVAL : 0;
}

/* Source and destination follow each other; returns what the sum changes by. */
static inline __attribute__((always_inline)) uint64_t
replace_both(uint8_t *src, uint32_t len, const struct xd_rewrite *r)
{
	uint64_t change = 0;

	if (r->what & XD_REWRITE_SRC)
		change += replace(src, r->src, len);
	if (r->what & XD_REWRITE_DST)
		change += replace(src + len, r->dst, len);
	return change;
}

static uint64_t
replace_addresses(uint8_t *ip, bool ipv6, const struct xd_rewrite *r)
{
	return ipv6 ? replace_both(ip + 8, 16, r) : replace_both(ip + IPV4_ADDRESSES, 4, r);
}

int
xd_frame_rewrite(struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r)
{
	const bool ipv4 = h->l3_kind == XD_L3_IPV4;
	uint8_t *ip = xd_frame_data(f) + h->l3, *l4 = xd_frame_data(f) + h->l4;
	uint64_t by_addresses, by_ports = 0;
	const int rc = check_rewrite(f, h, r->what);

	if (rc)
		return rc;
	by_addresses = replace_addresses(ip, !ipv4, r);
	if (r->what & (XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT))
		by_ports = replace_ports(l4, r);
	else if (r->what & XD_REWRITE_ICMP_ID)
		by_ports = replace16(l4 + ICMP_ID_OFFSET, r->src_port);
	if (ipv4)
		move_checksum(ip + IPV4_CSUM_OFFSET, by_addresses);
	move_transport(f, h, by_addresses, by_ports);
	f->dirty = true;
	return 0;
}

void
xd_frame_rewrite_ipv4(
	struct xd_frame *f, const struct xd_headers *h, uint64_t addresses, uint32_t ports)
{
	uint8_t *ip = xd_frame_data(f) + h->l3, *l4 = xd_frame_data(f) + h->l4;
	uint64_t are, by_addresses;
	uint32_t were;

	memcpy(&are, ip + IPV4_ADDRESSES, sizeof(are));
	memcpy(&were, l4, sizeof(were));
	memcpy(ip + IPV4_ADDRESSES, &addresses, sizeof(addresses));
	memcpy(l4, &ports, sizeof(ports));
	by_addresses = change_of((uint32_t)are, (uint32_t)addresses) +
		       change_of((uint32_t)(are >> 32), (uint32_t)(addresses >> 32));
	move_checksum(ip + IPV4_CSUM_OFFSET, by_addresses);
	move_transport(f, h, by_addresses, change_of(were, ports));
	f->dirty = true;
}

/* The packet in an ICMP error. */
struct inner {
	uint8_t *ip, *l4;
	uint32_t room; /* bytes from l4 on */
	bool ipv6;
	uint8_t proto;
};

static int
find_inner(struct xd_frame *f, const struct xd_headers *h, struct inner *in)
{
	const uint32_t at = h->l4 + ICMP_BYTES;
	uint32_t bytes;

	if ((h->l4_kind != XD_L4_ICMP && h->l4_kind != XD_L4_ICMPV6) || at >= f->head_len)
		return -EINVAL;
	in->ipv6 = xd_headers_is_ipv6(h);
	in->ip = xd_frame_data(f) + at;
	bytes = in->ipv6 ? 40 : (in->ip[0] & 0xfu) * 4;
	if (in->ip[0] >> 4 != (in->ipv6 ? 6 : 4) || bytes < 20 ||
		at + bytes + PORTS_BYTES > f->head_len)
		return -EINVAL;
	in->proto = in->ip[in->ipv6 ? 6 : 9];
	in->l4 = in->ip + bytes;
	in->room = f->head_len - at - bytes;
	return 0;
}

static int
check_inner(const struct inner *in, uint32_t what)
{
	const bool later = !in->ipv6 && (xd_get16(in->ip + 6) & 0x1fff) != 0;

	if ((what & (XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT)) &&
		(later || (in->proto != PROTO_TCP && in->proto != PROTO_UDP)))
		return -EINVAL;
	if ((what & XD_REWRITE_ICMP_ID) &&
		(later || in->proto != (in->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP) ||
			!has_id(in->ipv6, in->l4[0])))
		return -EINVAL;
	return 0;
}

/* Where its checksum lies, or NULL. */
static uint8_t *
inner_checksum(const struct inner *in)
{
	if (in->proto == PROTO_UDP)
		return in->l4 + XD_UDP_CSUM_OFFSET;
	if (in->proto == PROTO_TCP)
		return in->room >= XD_TCP_CSUM_OFFSET + 2 ? in->l4 + XD_TCP_CSUM_OFFSET : NULL;
	if (in->proto == (in->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP))
		return in->l4 + ICMP_CSUM_OFFSET;
	return NULL;
}

/* Moves a checksum that the error's own covers: returns what that changes by. */
static uint64_t
move_inner(uint8_t *at, uint64_t change, void (*move)(uint8_t *at, uint64_t change))
{
	uint16_t before, after;

	memcpy(&before, at, 2);
	move(at, change);
	memcpy(&after, at, 2);
	return (uint64_t)(uint16_t)~before + after;
}

int
xd_frame_rewrite_inner(struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r)
{
	struct inner in;
	uint64_t by_addresses, by_ports = 0, change;
	uint8_t *checksum;

	if (find_inner(f, h, &in) || check_inner(&in, r->what))
		return -EINVAL;
	by_addresses = replace_addresses(in.ip, in.ipv6, r);
	if (r->what & (XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT))
		by_ports = replace_ports(in.l4, r);
	else if (r->what & XD_REWRITE_ICMP_ID)
		by_ports = replace16(in.l4 + ICMP_ID_OFFSET, r->src_port);
	change = by_addresses + by_ports;
	if (!in.ipv6)
		change += move_inner(in.ip + IPV4_CSUM_OFFSET, by_addresses, move_checksum);
	checksum = inner_checksum(&in);
	if (checksum && in.proto == PROTO_UDP)
		change += move_inner(checksum, by_addresses + by_ports, move_udp_checksum);
	else if (checksum)
		change += move_inner(checksum,
			by_ports + (in.proto == PROTO_ICMP ? 0 : by_addresses), move_checksum);
	move_checksum(xd_frame_data(f) + h->l4 + ICMP_CSUM_OFFSET, change);
	f->dirty = true;
	return 0;
}
