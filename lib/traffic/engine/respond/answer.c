/* SPDX-License-Identifier: BSD-3-Clause */
/* The answers of a host: a frame is checked and turned into its answer where it lies. */
#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/respond/answer.h"
#include "traffic/frames/sum.h"

#define ETH       14
#define TAGS_MAX  2
#define TTL       64
#define NDP_HOPS  255 /* so that it cannot come from afar: RFC 4861, section 7.1.1 */
#define NDP_BYTES 32  /* an advertisement with the link layer address */

/* ---- The host ---- */

static bool
has_v4(const struct xd_respond_host *host, const uint8_t *address)
{
	for (unsigned i = 0; i < host->nb_v4; i++)
		if (!memcmp(&host->v4[i], address, 4))
			return true;
	return false;
}

static bool
has_v6(const struct xd_respond_host *host, const uint8_t *address)
{
	for (unsigned i = 0; i < host->nb_v6; i++)
		if (!memcmp(&host->v6[i], address, 16))
			return true;
	return false;
}

/* ff02::1:ff and the last 24 bits of an address of the host: RFC 4291, section 2.7.1. */
static bool
is_solicited_node(const struct xd_respond_host *host, const uint8_t *address)
{
	static const uint8_t prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	if (memcmp(address, prefix, sizeof(prefix)))
		return false;
	for (unsigned i = 0; i < host->nb_v6; i++)
		if (!memcmp(&host->v6[i].s6_addr[13], address + 13, 3))
			return true;
	return false;
}

/* ---- ARP ---- */

static enum xd_respond_kind
answer_arp(const struct xd_respond_host *host, uint8_t *arp, uint32_t bytes)
{
	static const uint8_t ethernet_ipv4[] = {0, ARPHRD_ETHER, 8, 0, 6, 4};
	uint8_t target[4];

	if (bytes < 28 || memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) ||
		xd_get16(arp + 6) != ARPOP_REQUEST || !has_v4(host, arp + 24))
		return XD_RESPOND_NOT_OURS;
	xd_put16(arp + 6, ARPOP_REPLY);
	memcpy(target, arp + 24, 4);
	memcpy(arp + 18, arp + 8, 10); /* who asked */
	memcpy(arp + 8, host->mac, 6);
	memcpy(arp + 14, target, 4);
	return XD_RESPOND_ARP;
}

/* ---- IPv4 ---- */

/* What turns one word of what a right checksum covers into another: RFC 1624. */
static void
adjust_checksum(uint8_t *at, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~xd_get16(at) + (uint32_t)(uint16_t)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	xd_put16(at, (uint16_t)~sum);
}

static void
write_ip_checksum(uint8_t *ip)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = (uint16_t)~xd_sum(ip, sizeof(struct ip), 0);
	memcpy(ip + 10, &sum, sizeof(sum));
}

/* Not one host: RFC 1122, section 3.2.1.3. */
static bool
is_no_source(const uint8_t *address)
{
	return address[0] == 0 || address[0] == 127 || address[0] >= 224;
}

static enum xd_respond_kind
answer_ipv4(const struct xd_respond_host *host, uint8_t *ip, uint32_t *bytes, bool summed)
{
	uint8_t *icmp = ip + sizeof(struct ip), address[4];
	uint32_t total;

	if (*bytes < sizeof(struct ip) + 8 || ip[0] >> 4 != 4)
		return XD_RESPOND_NOT_OURS;
	if (ip[0] != 0x45 || ip[9] != IPPROTO_ICMP || (xd_get16(ip + 6) & 0x3fff) ||
		!has_v4(host, ip + 16) || is_no_source(ip + 12))
		return XD_RESPOND_NOT_OURS;
	total = xd_get16(ip + 2);
	if (total < sizeof(struct ip) + 8 || total > *bytes ||
		xd_sum(ip, sizeof(struct ip), 0) != 0xffff)
		return XD_RESPOND_WRONG;
	if (icmp[0] != ICMP_ECHO || icmp[1])
		return XD_RESPOND_NOT_OURS;
	if (!summed && xd_sum(icmp, total - (uint32_t)sizeof(struct ip), 0) != 0xffff)
		return XD_RESPOND_WRONG;
	icmp[0] = ICMP_ECHOREPLY;
	adjust_checksum(icmp + 2, ICMP_ECHO << 8, ICMP_ECHOREPLY << 8);
	memcpy(address, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, address, 4);
	ip[8] = TTL;
	write_ip_checksum(ip);
	*bytes = total;
	return XD_RESPOND_ECHO;
}

/* ---- IPv6 ---- */

/* Of the pseudo header of RFC 8200, section 8.1, and `bytes` of ICMPv6. */
static uint16_t
icmp6_sum(const uint8_t *ip, uint32_t bytes)
{
	const uint8_t *icmp = ip + sizeof(struct ip6_hdr);

	return xd_sum(icmp, bytes,
		(uint64_t)xd_sum(ip + 8, 32, 0) + htons((uint16_t)bytes) + htons(IPPROTO_ICMPV6));
}

/* An advertisement of `target` in the place of what is at ip, from there to the address. */
static void
write_advertisement(const struct xd_respond_host *host, uint8_t *ip, const uint8_t *target,
	const uint8_t *to, uint8_t flags)
{
	uint8_t *icmp = ip + sizeof(struct ip6_hdr);
	uint16_t sum;

	memset(ip, 0, sizeof(struct ip6_hdr) + NDP_BYTES);
	ip[0] = 0x60;
	xd_put16(ip + 4, NDP_BYTES);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = NDP_HOPS;
	memcpy(ip + 8, target, 16);
	memcpy(ip + 24, to, 16);
	icmp[0] = ND_NEIGHBOR_ADVERT;
	icmp[4] = flags;
	memcpy(icmp + 8, target, 16);
	icmp[24] = ND_OPT_TARGET_LINKADDR;
	icmp[25] = 1;
	memcpy(icmp + 26, host->mac, 6);
	sum = (uint16_t)~icmp6_sum(ip, NDP_BYTES);
	memcpy(icmp + 2, &sum, sizeof(sum));
}

#define SOLICITED 0x40
#define OVERRIDE  0x20

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};

/* RFC 4861, sections 7.1.1 and 7.2.4. Who asks from no address looks whether anybody has it. */
static enum xd_respond_kind
answer_solicitation(const struct xd_respond_host *host, uint8_t *ip, uint32_t *bytes)
{
	static const uint8_t unspecified[16];
	const uint8_t *icmp = ip + sizeof(struct ip6_hdr);
	uint8_t target[16], from[16];
	bool probe = !memcmp(ip + 8, unspecified, 16);

	if (*bytes < sizeof(struct ip6_hdr) + 24 || ip[7] != NDP_HOPS || icmp[1])
		return XD_RESPOND_WRONG;
	if (!has_v6(host, icmp + 8))
		return XD_RESPOND_NOT_OURS;
	memcpy(target, icmp + 8, 16);
	memcpy(from, probe ? all_nodes : ip + 8, 16);
	write_advertisement(host, ip, target, from, probe ? OVERRIDE : SOLICITED | OVERRIDE);
	*bytes = sizeof(struct ip6_hdr) + NDP_BYTES;
	return XD_RESPOND_NEIGHBOUR;
}

static enum xd_respond_kind
answer_echo6(const struct xd_respond_host *host, uint8_t *ip)
{
	uint8_t *icmp = ip + sizeof(struct ip6_hdr), address[16];

	if (!has_v6(host, ip + 24) || ip[8] == 0xff || icmp[1])
		return XD_RESPOND_NOT_OURS;
	icmp[0] = ICMP6_ECHO_REPLY;
	adjust_checksum(icmp + 2, ICMP6_ECHO_REQUEST << 8, ICMP6_ECHO_REPLY << 8);
	memcpy(address, ip + 8, 16);
	memcpy(ip + 8, ip + 24, 16);
	memcpy(ip + 24, address, 16);
	ip[7] = TTL;
	return XD_RESPOND_ECHO6;
}

static enum xd_respond_kind
answer_ipv6(const struct xd_respond_host *host, uint8_t *ip, uint32_t *bytes, bool summed)
{
	uint32_t payload;

	if (*bytes < sizeof(struct ip6_hdr) + 8 || ip[0] >> 4 != 6 || ip[6] != IPPROTO_ICMPV6)
		return XD_RESPOND_NOT_OURS;
	if (!has_v6(host, ip + 24) && !is_solicited_node(host, ip + 24))
		return XD_RESPOND_NOT_OURS;
	payload = xd_get16(ip + 4);
	if (payload < 8 || payload > *bytes - sizeof(struct ip6_hdr) ||
		(!summed && icmp6_sum(ip, payload) != 0xffff))
		return XD_RESPOND_WRONG;
	*bytes = (uint32_t)sizeof(struct ip6_hdr) + payload;
	switch (ip[sizeof(struct ip6_hdr)]) {
	case ND_NEIGHBOR_SOLICIT:
		return answer_solicitation(host, ip, bytes);
	case ICMP6_ECHO_REQUEST:
		return answer_echo6(host, ip);
	}
	return XD_RESPOND_NOT_OURS;
}

/* ---- Ethernet ---- */

/* Where the EtherType is, behind tags; 0: the frame is too short. */
static uint32_t
find_type(const uint8_t *frame, uint32_t len)
{
	uint32_t at = ETH - 2;

	for (unsigned i = 0; i < TAGS_MAX && at + 6 <= len; i++, at += 4)
		if (xd_get16(frame + at) != ETHERTYPE_VLAN && xd_get16(frame + at) != 0x88a8)
			break;
	return at + 2 < len ? at : 0;
}

static uint32_t
pad(uint8_t *frame, uint32_t len)
{
	if (len >= XD_RESPOND_SHORTEST)
		return len;
	memset(frame + len, 0, XD_RESPOND_SHORTEST - len);
	return XD_RESPOND_SHORTEST;
}

/* Multicast MAC address of an IPv6 group: RFC 2464, section 7. */
static void
write_group_mac(uint8_t *mac, const uint8_t *group)
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, group + 12, 4);
}

enum xd_respond_kind
xd_respond_answer(const struct xd_respond_host *host, uint8_t *frame, uint32_t *len, bool summed)
{
	enum xd_respond_kind kind = XD_RESPOND_NOT_OURS;
	uint32_t at, bytes;

	if (*len < ETH || (!(frame[0] & 1) && memcmp(frame, host->mac, 6)) || frame[6] & 1)
		return XD_RESPOND_NOT_OURS;
	at = find_type(frame, *len);
	if (!at)
		return XD_RESPOND_NOT_OURS;
	bytes = *len - at - 2;
	if (xd_get16(frame + at) == ETHERTYPE_ARP)
		kind = answer_arp(host, frame + at + 2, bytes);
	else if (xd_get16(frame + at) == ETHERTYPE_IP && !(frame[0] & 1))
		kind = answer_ipv4(host, frame + at + 2, &bytes, summed);
	else if (xd_get16(frame + at) == ETHERTYPE_IPV6)
		kind = answer_ipv6(host, frame + at + 2, &bytes, summed);
	if (kind == XD_RESPOND_NOT_OURS || kind == XD_RESPOND_WRONG)
		return kind;
	if (kind == XD_RESPOND_NEIGHBOUR && frame[at + 2 + 24] == 0xff)
		write_group_mac(frame, frame + at + 2 + 24);
	else
		memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, host->mac, 6);
	*len = pad(frame, at + 2 + bytes);
	return kind;
}

uint32_t
xd_respond_announce(const struct xd_respond_host *host, unsigned i, uint8_t *frame)
{
	static const uint8_t request[] = {0, ARPHRD_ETHER, 8, 0, 6, 4, 0, ARPOP_REQUEST};
	uint8_t *l3 = frame + ETH;

	memcpy(frame + 6, host->mac, 6);
	if (i >= host->nb_v4) {
		write_group_mac(frame, all_nodes);
		xd_put16(frame + 12, ETHERTYPE_IPV6);
		write_advertisement(
			host, l3, host->v6[i - host->nb_v4].s6_addr, all_nodes, OVERRIDE);
		return ETH + sizeof(struct ip6_hdr) + NDP_BYTES;
	}
	memset(frame, 0xff, 6);
	xd_put16(frame + 12, ETHERTYPE_ARP);
	memcpy(l3, request, sizeof(request));
	memcpy(l3 + 8, host->mac, 6);
	memcpy(l3 + 14, &host->v4[i], 4);
	memset(l3 + 18, 0, 6);
	memcpy(l3 + 24, &host->v4[i], 4);
	return pad(frame, ETH + 28);
}
