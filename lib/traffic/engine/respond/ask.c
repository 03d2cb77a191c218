/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP requests and neighbour solicitations, and what answers them. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "traffic/engine/respond/ask.h"
#include "traffic/frames/sum.h"

#define ETH       14
#define ARP_BYTES (ETH + 28)
#define ICMP6_AT  (ETH + (uint32_t)sizeof(struct ip6_hdr))
#define NDP_BYTES 32 /* ICMPv6, with a link layer address */
#define NDP_HOPS  255

int
xd_respond_target_parse(const char *text, struct xd_respond_target *target, struct xd_error *err)
{
	const uint8_t *first = &target->address[0];
	struct in6_addr v6;

	memset(target, 0, sizeof(*target));
	if (inet_pton(AF_INET, text, target->address) == 1 && *first != 0 && *first != 127 &&
		*first < 224)
		return 0;
	target->v6 = true;
	if (inet_pton(AF_INET6, text, &v6) == 1 && !IN6_IS_ADDR_MULTICAST(&v6) &&
		!IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6)) {
		memcpy(target->address, &v6, sizeof(v6));
		return 0;
	}
	return xd_fail(
		err, -EINVAL, "%s: give the address of a host, such as 10.0.0.2 or fd00::2", text);
}

static uint32_t
ask_arp(const struct xd_respond_host *host, const uint8_t *address, uint8_t *frame)
{
	static const uint8_t arp[] = {8, 6, 0, ARPHRD_ETHER, 8, 0, 6, 4, 0, ARPOP_REQUEST};

	memset(frame, 0, XD_RESPOND_SHORTEST);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, host->mac, 6);
	memcpy(frame + 12, arp, sizeof(arp));
	memcpy(frame + ETH + 8, host->mac, 6);
	memcpy(frame + ETH + 14, &host->v4[0], 4);
	memcpy(frame + ETH + 24, address, 4);
	return XD_RESPOND_SHORTEST;
}

/* To the address's solicited-node group (RFC 4291, section 2.7.1). */
static uint32_t
ask_neighbour(const struct xd_respond_host *host, const uint8_t *address, uint8_t *frame)
{
	static const uint8_t group[] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	uint8_t *ip = frame + ETH, *icmp = frame + ICMP6_AT;
	uint16_t sum;

	memset(frame, 0, ICMP6_AT + NDP_BYTES);
	memcpy(ip + 24, group, sizeof(group));
	memcpy(ip + 24 + sizeof(group), address + sizeof(group), 3);
	frame[0] = frame[1] = 0x33;
	memcpy(frame + 2, ip + 36, 4);
	memcpy(frame + 6, host->mac, 6);
	frame[12] = ETHERTYPE_IPV6 >> 8;
	frame[13] = ETHERTYPE_IPV6 & 0xff;
	ip[0] = 0x60;
	ip[5] = NDP_BYTES;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = NDP_HOPS;
	memcpy(ip + 8, &host->v6[host->nb_v6 > 1], 16);
	icmp[0] = ND_NEIGHBOR_SOLICIT;
	memcpy(icmp + 8, address, 16);
	icmp[24] = ND_OPT_SOURCE_LINKADDR;
	icmp[25] = 1;
	memcpy(icmp + 26, host->mac, 6);
	sum = (uint16_t)~xd_sum(icmp, NDP_BYTES,
		(uint64_t)xd_sum(ip + 8, 32, 0) + htons(NDP_BYTES) + htons(IPPROTO_ICMPV6));
	memcpy(icmp + 2, &sum, sizeof(sum));
	return ICMP6_AT + NDP_BYTES;
}

uint32_t
xd_respond_ask(
	const struct xd_respond_host *host, const struct xd_respond_target *target, uint8_t *frame)
{
	return target->v6 ? ask_neighbour(host, target->address, frame)
			  : ask_arp(host, target->address, frame);
}

static bool
is_arp_reply(const uint8_t *head, const uint8_t *address)
{
	static const uint8_t reply[] = {8, 6, 0, ARPHRD_ETHER, 8, 0, 6, 4, 0, ARPOP_REPLY};

	return !memcmp(head + 12, reply, sizeof(reply)) && !memcmp(head + ETH + 14, address, 4);
}

static bool
is_advertisement(const uint8_t *head, const uint8_t *address)
{
	return head[12] == ETHERTYPE_IPV6 >> 8 && head[13] == (ETHERTYPE_IPV6 & 0xff) &&
	       head[ETH + 6] == IPPROTO_ICMPV6 && head[ETH + 7] == NDP_HOPS &&
	       head[ICMP6_AT] == ND_NEIGHBOR_ADVERT && !memcmp(head + ICMP6_AT + 8, address, 16);
}

bool
xd_respond_is_answer(
	const struct xd_respond_target *target, const uint8_t *frame, uint32_t len, uint8_t *mac)
{
	const uint32_t bytes = target->v6 ? ICMP6_AT + 24 : ARP_BYTES;
	uint8_t head[ICMP6_AT + 24];
	const uint8_t *found = target->v6 ? head + 6 : head + ETH + 8;

	if (len < bytes)
		return false;
	memcpy(head, frame, bytes);
	if (!(target->v6 ? is_advertisement : is_arp_reply)(head, target->address) || found[0] & 1)
		return false;
	memcpy(mac, found, 6);
	return true;
}
