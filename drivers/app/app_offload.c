/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offloads between frames and the program's mbufs. What the program asks for of a frame that it
 * sends (RTE_MBUF_F_TX_*) waits in the bits of mbuf->tx_offload that DPDK has no use for, beside
 * the lengths that are there (l2_len to tso_segsz): flags do not outlive xd_batch_from_mbufs, and
 * a frame may come again.
 */
#include <arpa/inet.h>

#include <assert.h>
#include <rte_branch_prediction.h>

#include "drivers/app/app.h"
#include "frame/mbuf.h"
#include "frame/offload.h"

#define ASKS_TCP    0x01u /* its checksum */
#define ASKS_UDP    0x02u
#define ASKS_GSO    0x04u /* to be segmented */
#define ASKS_IP     0x08u /* the checksum of its IPv4 header */
#define ASKS_IPV4   0x10u /* says that it is */
#define ASKS_IPV6   0x20u
#define ASKS_WRONG  0x40u /* what nobody will do */
#define ASKS_L4     (ASKS_TCP | ASKS_UDP)
#define ASKS_FAMILY (ASKS_IPV4 | ASKS_IPV6)

#define LENGTHS (UINT64_MAX >> RTE_MBUF_TXOFLD_UNUSED_BITS)

static_assert(RTE_MBUF_TXOFLD_UNUSED_OFS == 64 - RTE_MBUF_TXOFLD_UNUSED_BITS &&
		      RTE_MBUF_TXOFLD_UNUSED_BITS >= 8,
	"there is a byte behind the lengths");

#define TCP_FLAGS 13 /* offset in the header: RFC 9293 */
#define TCP_CWR   0x80
#define IPV4_CSUM 10 /* RFC 791 */

/* ---- From the program ---- */

static unsigned
asks_of(uint64_t flags)
{
	const uint64_t l4 = flags & RTE_MBUF_F_TX_L4_MASK;
	/* RTE_MBUF_F_TX_UDP_SEG is fragmentation. */
	const uint64_t known = RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 |
			       RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
	unsigned asks = 0;

	if (flags & RTE_MBUF_F_TX_OFFLOAD_MASK & ~known || l4 == RTE_MBUF_F_TX_SCTP_CKSUM)
		return ASKS_WRONG;
	/* Segmentation implies the checksum. */
	if (l4 == RTE_MBUF_F_TX_TCP_CKSUM || flags & RTE_MBUF_F_TX_TCP_SEG)
		asks |= ASKS_TCP;
	if (l4 == RTE_MBUF_F_TX_UDP_CKSUM)
		asks |= ASKS_UDP;
	if (flags & RTE_MBUF_F_TX_TCP_SEG)
		asks |= ASKS_GSO;
	if (flags & RTE_MBUF_F_TX_IP_CKSUM)
		asks |= ASKS_IP;
	if (asks && flags & RTE_MBUF_F_TX_IPV4)
		asks |= ASKS_IPV4;
	if (asks && flags & RTE_MBUF_F_TX_IPV6)
		asks |= ASKS_IPV6;
	return (asks & ASKS_L4) == ASKS_L4 ? ASKS_WRONG : asks;
}

void
xd_app_note_offload(struct rte_mbuf *m)
{
	m->tx_offload = (m->tx_offload & LENGTHS) | (uint64_t)asks_of(m->ol_flags)
							    << RTE_MBUF_TXOFLD_UNUSED_OFS;
}

/* Whether the lengths are those of the headers, as far as they are needed. */
static bool
is_right(const struct rte_mbuf *m, const struct xd_headers *h, unsigned asks)
{
	const bool ipv6 = xd_headers_is_ipv6(h);

	if ((!ipv6 && h->l3_kind != XD_L3_IPV4) || m->l2_len != h->l3 || m->l3_len != h->l4 - h->l3)
		return false;
	if (asks & (ipv6 ? ASKS_IPV4 | ASKS_IP : ASKS_IPV6))
		return false;
	if (!(asks & ASKS_L4))
		return true;
	if (!xd_headers_is_segment(h) || xd_headers_is_udp(h) != !!(asks & ASKS_UDP))
		return false;
	return !(asks & ASKS_GSO) || (asks & ASKS_FAMILY && m->l4_len == h->payload - h->l4);
}

static uint8_t
gso_type(struct xd_frame *f, const struct xd_headers *h)
{
	uint8_t type = xd_headers_is_ipv6(h) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;

	return xd_frame_data(f)[h->l4 + TCP_FLAGS] & TCP_CWR ? type | VIRTIO_NET_HDR_GSO_ECN : type;
}

/* DPDK has the pseudo-header's sum without the length, virtio with it. */
static void
put_length_in(struct xd_frame *f, const struct xd_headers *h)
{
	uint8_t *field = xd_frame_data(f) + h->l4 + XD_TCP_CSUM_OFFSET;
	uint16_t word;
	uint32_t sum;

	memcpy(&word, field, sizeof(word));
	sum = (uint32_t)word + htons((uint16_t)(f->len - h->l4));
	word = (uint16_t)(sum + (sum >> 16));
	memcpy(field, &word, sizeof(word));
	f->dirty = true;
}

static void
write_ip_checksum(struct xd_frame *f, const struct xd_headers *h)
{
	uint8_t *field = xd_frame_data(f) + h->l3 + IPV4_CSUM;
	uint16_t before, after;

	memcpy(&before, field, sizeof(before));
	memset(field, 0, sizeof(before));
	after = (uint16_t)~xd_frame_sum(f, h->l3, h->l4 - h->l3, 0);
	memcpy(field, &after, sizeof(after));
	f->dirty |= before != after;
}

/* More than a checksum behind headers of the lengths that the program says. */
static __rte_noinline bool
ask_for_more(struct xd_frame *f, struct xd_offload_request *request, unsigned asks)
{
	struct xd_headers h;

	if (asks & ASKS_WRONG)
		return false;
	xd_headers_parse(f, &h);
	if (!is_right(f->mbuf, &h, asks))
		return false;
	if (asks & ASKS_GSO) {
		request->gso_type = gso_type(f, &h);
		request->gso_size = f->mbuf->tso_segsz;
	}
	if (asks & ASKS_L4 && xd_offload_check(f, request, UINT8_MAX) != 0)
		return false;
	if (asks & ASKS_GSO)
		put_length_in(f, &h);
	if (asks & ASKS_IP)
		write_ip_checksum(f, &h);
	return true;
}

bool
xd_app_take_offload(struct xd_frame *f)
{
	const struct rte_mbuf *m = f->mbuf;
	const unsigned asks = (unsigned)(m->tx_offload >> RTE_MBUF_TXOFLD_UNUSED_OFS);
	struct xd_offload_request request = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = (uint16_t)(m->l2_len + m->l3_len),
		.csum_offset = asks & ASKS_UDP ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET,
	};

	if (unlikely(asks & (ASKS_GSO | ASKS_IP | ASKS_WRONG)))
		return ask_for_more(f, &request, asks);
	return !(asks & ASKS_L4) || xd_offload_take(f, &request, XD_OFFLOAD_CSUM) == 0;
}

/* ---- For the program ---- */

bool
xd_app_can_tell(const struct xd_frame *f, uint8_t offloads, struct xd_headers *h)
{
	return !(xd_offload_needs(f->offload) & ~offloads) && xd_headers_parse_segment(f, h) &&
	       xd_offload_is_plain(f, h);
}

void
xd_app_write_offload(struct rte_mbuf *m, const struct xd_frame *f, const struct xd_headers *h)
{
	xd_mbuf_tell_offload(m, f, h);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if (f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return;
	m->ol_flags |= RTE_MBUF_F_RX_LRO;
	if (!xd_headers_is_ipv6(h))
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
}
