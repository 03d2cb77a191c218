/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-net headers that lie about the frame behind them: virtio 1.2, 5.1.6.2. */
#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "hostile.h"

#define ETHER   14u
#define PAYLOAD 4000u
#define L4_4    (ETHER + 20u) /* where TCP begins over IPv4 without options, */
#define L4_6    (ETHER + 40u) /* and over IPv6 */

struct virtio_net_header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

/* Headers behind one of 14 bytes lie anywhere. */
struct any_iphdr {
	struct iphdr h;
} __attribute__((packed));

struct any_ip6_hdr {
	struct ip6_hdr h;
} __attribute__((packed));

struct any_tcphdr {
	struct tcphdr h;
} __attribute__((packed));

struct tso {
	struct virtio_net_header *hdr;
	uint8_t *frame;
	struct any_iphdr *ip;
	struct any_ip6_hdr *ip6;
	struct any_tcphdr *tcp;
	uint32_t bytes; /* of the frame */
};

/* A good frame of PAYLOAD bytes of TCP, to be segmented and check-summed: for the caller to spoil.
 */
static struct tso
good(struct hostile *h, bool ipv6)
{
	uint32_t l4 = ipv6 ? L4_6 : L4_4;
	struct tso t = {.bytes = l4 + 20 + PAYLOAD};

	put_frame(h, t.bytes);
	t.hdr = (struct virtio_net_header *)(void *)(h->memory + FRAME_OFFSET);
	t.frame = h->memory + FRAME_OFFSET + HDR;
	t.ip = (void *)(t.frame + ETHER);
	t.ip6 = (void *)(t.frame + ETHER);
	t.tcp = (void *)(t.frame + l4);
	t.frame[12] = ipv6 ? 0x86 : 0x08;
	t.frame[13] = ipv6 ? 0xdd : 0x00;
	if (ipv6) {
		t.ip6->h.ip6_flow = htonl(6u << 28);
		t.ip6->h.ip6_plen = htons(20 + PAYLOAD);
		t.ip6->h.ip6_nxt = IPPROTO_TCP;
		t.ip6->h.ip6_hlim = 64;
	} else {
		t.ip->h = (struct iphdr){.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.tot_len = htons(40 + PAYLOAD),
			.saddr = htonl(0x0a000001),
			.daddr = htonl(0x0a000002)};
	}
	t.tcp->h.doff = 5;
	t.tcp->h.ack = 1;
	*t.hdr = (struct virtio_net_header){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)(l4 + 20),
		.gso_size = 1000,
		.csum_start = (uint16_t)l4,
		.csum_offset = 16,
	};
	return t;
}

static void
need_offloads(struct hostile *h)
{
	if (!(h->features >> VIRTIO_NET_F_CSUM & 1) ||
		!(h->features >> VIRTIO_NET_F_HOST_TSO4 & 1) ||
		!(h->features >> VIRTIO_NET_F_HOST_TSO6 & 1))
		die("the port does not offer CSUM, HOST_TSO4 and HOST_TSO6");
}

static void
go(struct hostile *h, const struct tso *t)
{
	need_offloads(h);
	offer(h, TX, &(struct piece){LOW + FRAME_OFFSET, HDR + t->bytes, 0}, 1);
	kick(h, TX);
	expect_back(h, TX);
}

#define HEADER_CASE(name, ipv6, change)                                                            \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		struct tso t = good(h, ipv6);                                                      \
                                                                                                   \
		change;                                                                            \
		go(h, &t);                                                                         \
	}

/* Checksums alone */
#define NO_GSO (t.hdr->gso_type = 0, t.hdr->gso_size = 0)
HEADER_CASE(csum_start_past, false, (NO_GSO, t.hdr->csum_start = (uint16_t)t.bytes))
HEADER_CASE(csum_start_far, false, (NO_GSO, t.hdr->csum_start = UINT16_MAX))
HEADER_CASE(csum_offset_past, false, (NO_GSO, t.hdr->csum_offset = (uint16_t)t.bytes))
HEADER_CASE(
	csum_sum_wraps, false, (NO_GSO, t.hdr->csum_start = 0xfff0, t.hdr->csum_offset = 0x0020))
HEADER_CASE(csum_at_last_byte, false,
	(NO_GSO, t.bytes = 60, t.hdr->csum_start = 40, t.hdr->csum_offset = 19))
HEADER_CASE(csum_of_runt, false, (NO_GSO, t.bytes = ETHER))

/* Segmentation */
HEADER_CASE(gso_size_0, false, t.hdr->gso_size = 0)
HEADER_CASE(gso_size_1, false, (t.bytes = 65000, t.hdr->gso_size = 1))
HEADER_CASE(gso_type_unknown, false, t.hdr->gso_type = 0x7f)
HEADER_CASE(gso_type_ufo, false, t.hdr->gso_type = VIRTIO_NET_HDR_GSO_UDP)
HEADER_CASE(gso_without_csum, false, t.hdr->flags = 0)
HEADER_CASE(gso_wrong_family, false, t.hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV6)
HEADER_CASE(gso_wrong_family_6, true, t.hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4)
HEADER_CASE(gso_not_ip, false, (t.frame[12] = 0x88, t.frame[13] = 0xb5))
HEADER_CASE(gso_not_tcp, false, t.ip->h.protocol = IPPROTO_UDP)
HEADER_CASE(gso_csum_elsewhere, false, t.hdr->csum_start = ETHER)
HEADER_CASE(gso_csum_offset, false, t.hdr->csum_offset = 6)
HEADER_CASE(gso_no_tcp_header, false, t.bytes = L4_4 + 10)
HEADER_CASE(gso_no_ip_header, false, t.bytes = ETHER + 10)
HEADER_CASE(gso_only_ethernet, false, t.bytes = ETHER)
HEADER_CASE(gso_no_ip6_header, true, t.bytes = ETHER + 39)
HEADER_CASE(ihl_0, false, t.ip->h.ihl = 0)
HEADER_CASE(ihl_15, false, t.ip->h.ihl = 15)
HEADER_CASE(tcp_doff_0, false, t.tcp->h.doff = 0)
HEADER_CASE(tcp_doff_past, false, (t.bytes = L4_4 + 24, t.tcp->h.doff = 15))
HEADER_CASE(tagged_twice, false,
	(memmove(t.frame + 20, t.frame + 12, 100), memcpy(t.frame + 12, "\x81\0\0\5\x81\0\0\6", 8)))

/* An endless row of IPv6 extension headers, each of eight bytes. */
static void
ip6_extensions(struct hostile *h)
{
	struct tso t = good(h, true);

	t.ip6->h.ip6_nxt = IPPROTO_DSTOPTS;
	for (unsigned at = L4_6; at + 8 < t.bytes; at += 8)
		t.frame[at] = IPPROTO_DSTOPTS, t.frame[at + 1] = 0;
	go(h, &t);
}

/* ---- What is odd, but can be done ---- */

HEADER_CASE(hdr_len_past, false, t.hdr->hdr_len = UINT16_MAX)
HEADER_CASE(hdr_len_0, false, t.hdr->hdr_len = 0)
HEADER_CASE(num_buffers_wild, false, t.hdr->num_buffers = UINT16_MAX)
HEADER_CASE(total_length_wrong, false, t.ip->h.tot_len = htons(9))
HEADER_CASE(gso_size_past, false, t.hdr->gso_size = UINT16_MAX)

/* A header in crumbs before a frame that is to be segmented: each byte is read once. */
static void
crumbs(struct hostile *h)
{
	struct tso t = good(h, false);
	struct piece pieces[64];

	for (unsigned i = 0; i < 63; i++)
		pieces[i] = (struct piece){LOW + FRAME_OFFSET + i, 1, 0};
	pieces[63] = (struct piece){LOW + FRAME_OFFSET + 63, HDR + t.bytes - 63, 0};
	offer(h, TX, pieces, 64);
	kick(h, TX);
	need_offloads(h);
	expect_back(h, TX);
}

/* As much work as can be asked for: frames of 64 KiB, each to be segmented into hundreds. */
static void
segments_flood(struct hostile *h)
{
	for (unsigned i = 0; i < 300; i++) {
		struct tso t = good(h, i & 1);

		t.bytes = 65000;
		t.ip->h.tot_len = htons((uint16_t)(t.bytes - ETHER));
		if (i & 1)
			t.ip6->h.ip6_flow = htonl(6u << 28),
			t.ip6->h.ip6_plen = htons((uint16_t)(t.bytes - L4_6));
		t.hdr->gso_size = 64;
		go(h, &t);
	}
}

const struct attack attacks_header[] = {
	{"csum-start-past", RINGS, BOTH, DROPPED, csum_start_past},
	{"csum-start-far", RINGS, BOTH, DROPPED, csum_start_far},
	{"csum-offset-past", RINGS, BOTH, DROPPED, csum_offset_past},
	{"csum-sum-wraps", RINGS, BOTH, DROPPED, csum_sum_wraps},
	{"csum-at-last-byte", RINGS, BOTH, DROPPED, csum_at_last_byte},
	{"csum-of-runt", RINGS, BOTH, DROPPED, csum_of_runt},
	{"gso-size-0", RINGS, BOTH, DROPPED, gso_size_0},
	{"gso-size-1", RINGS, BOTH, DROPPED, gso_size_1},
	{"gso-type-unknown", RINGS, BOTH, DROPPED, gso_type_unknown},
	{"gso-type-ufo", RINGS, BOTH, DROPPED, gso_type_ufo},
	{"gso-without-csum", RINGS, BOTH, DROPPED, gso_without_csum},
	{"gso-wrong-family", RINGS, BOTH, DROPPED, gso_wrong_family},
	{"gso-wrong-family-6", RINGS, BOTH, DROPPED, gso_wrong_family_6},
	{"gso-not-ip", RINGS, BOTH, DROPPED, gso_not_ip},
	{"gso-not-tcp", RINGS, BOTH, DROPPED, gso_not_tcp},
	{"gso-csum-elsewhere", RINGS, BOTH, DROPPED, gso_csum_elsewhere},
	{"gso-csum-offset", RINGS, BOTH, DROPPED, gso_csum_offset},
	{"gso-no-tcp-header", RINGS, BOTH, DROPPED, gso_no_tcp_header},
	{"gso-no-ip-header", RINGS, BOTH, DROPPED, gso_no_ip_header},
	{"gso-only-ethernet", RINGS, BOTH, DROPPED, gso_only_ethernet},
	{"gso-no-ip6-header", RINGS, BOTH, DROPPED, gso_no_ip6_header},
	{"ihl-0", RINGS, BOTH, DROPPED, ihl_0},
	{"ihl-15", RINGS, BOTH, DROPPED, ihl_15},
	{"tcp-doff-0", RINGS, BOTH, DROPPED, tcp_doff_0},
	{"tcp-doff-past", RINGS, BOTH, DROPPED, tcp_doff_past},
	{"tagged-twice", RINGS, BOTH, EITHER, tagged_twice},
	{"ip6-extensions", RINGS, BOTH, DROPPED, ip6_extensions},
	{"hdr-len-past", RINGS, BOTH, HARMLESS, hdr_len_past},
	{"hdr-len-0", RINGS, BOTH, HARMLESS, hdr_len_0},
	{"num-buffers-wild", RINGS, BOTH, HARMLESS, num_buffers_wild},
	{"total-length-wrong", RINGS, BOTH, EITHER, total_length_wrong},
	{"gso-size-past", RINGS, BOTH, EITHER, gso_size_past},
	{"crumbs", RINGS, BOTH, HARMLESS, crumbs},
	{"segments-flood", RINGS, BOTH, EITHER, segments_flood},
	{0},
};
