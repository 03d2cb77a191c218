/* SPDX-License-Identifier: BSD-3-Clause */
/* What a frame needs, said of an mbuf as DPDK's devices are told it. */
#include <arpa/inet.h>

#include <rte_mbuf.h>

#include "frame/mbuf.h"
#include "frame/offload.h"

/* The pseudo-header's sum of a frame to be segmented is without the length, which differs from
 * segment to segment. */
static void
take_length_out(struct rte_mbuf *m, const struct xd_frame *f, const struct xd_headers *h)
{
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, h->l4 + XD_TCP_CSUM_OFFSET);
	uint16_t word;
	uint32_t sum;

	memcpy(&word, field, sizeof(word));
	sum = (uint32_t)word + (uint16_t)~htons((uint16_t)(f->len - h->l4));
	word = (uint16_t)(sum + (sum >> 16));
	memcpy(field, &word, sizeof(word));
}

void
xd_mbuf_tell_offload(struct rte_mbuf *m, const struct xd_frame *f, const struct xd_headers *h)
{
	m->tx_offload = 0;
	m->l2_len = h->l3;
	m->l3_len = (uint16_t)(h->l4 - h->l3);
	m->l4_len = (uint8_t)(h->payload - h->l4);
	m->ol_flags |= xd_headers_is_ipv6(h) ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	if (f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		m->ol_flags |=
			xd_headers_is_udp(h) ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM;
		return;
	}
	take_length_out(m, f, h);
	m->tso_segsz = f->offload.gso_size;
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
}
