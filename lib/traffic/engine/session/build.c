/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame that modes which make frames begin with: Ethernet, IPv4 and UDP to the discard port. */
#include <netinet/in.h>

#include "base/bytes.h"
#include "traffic/engine/session/stream.h"
#include "traffic/frames/sum.h"

#define ETH     14
#define IP      20
#define UDP     8
#define DISCARD 9

void
xd_forward_build(uint8_t *frame, uint32_t len, const uint8_t peer[6], const uint8_t mac[6])
{
	static const uint8_t from_to[8] = {198, 18, 0, 1, 198, 18, 0, 2};
	uint8_t *ip = frame + ETH, *udp = ip + IP;
	uint16_t sum;

	memset(frame, 0, len);
	memcpy(frame, peer, 6);
	memcpy(frame + 6, mac, 6);
	xd_put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	xd_put16(ip + 2, len - ETH);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, from_to, sizeof(from_to));
	sum = (uint16_t)~xd_sum(ip, IP, 0);
	memcpy(ip + 10, &sum, sizeof(sum));
	xd_put16(udp, DISCARD);
	xd_put16(udp + 2, DISCARD);
	xd_put16(udp + 4, len - ETH - IP);
}
