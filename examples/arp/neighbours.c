/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP for hooks. */
#include "neighbours.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "frame/edit.h"

#define ARP_AT    14
#define ARP_BYTES 28
#define ARP_END   (ARP_AT + ARP_BYTES)
#define ETHER_MAX 1514

/* Ethernet, IPv4, and the lengths of their addresses; then what is said. */
struct arp {
	uint8_t kinds[6];
	uint16_t what;
	uint8_t from_mac[6], from[4], to_mac[6], to[4];
};

enum { ASKS = 1, ANSWERS = 2 };
static const uint8_t kinds[6] = {0, 1, 0x08, 0x00, 6, 4};

bool
side_read(struct side *side, const char *text)
{
	char addr[32], more;
	struct in_addr in;
	unsigned bits;

	if (sscanf(text, "%31[0-9.]/%2u%c", addr, &bits, &more) != 2 || bits < 16 || bits > 30 ||
		inet_pton(AF_INET, addr, &in) != 1)
		return false;
	side->addr = ntohl(in.s_addr);
	side->mask = ~0u << (32 - bits);
	memcpy(side->mac, (const uint8_t[]){0x02, 0}, 2);
	memcpy(side->mac + 2, &in, 4);
	return true;
}

static uint32_t
read_addr(const uint8_t *at)
{
	uint32_t addr;

	memcpy(&addr, at, 4);
	return ntohl(addr);
}

static void
learn(struct side *side, uint32_t addr, const uint8_t mac[6], uint16_t port)
{
	uint64_t place = port;

	memcpy((uint8_t *)&place + 2, mac, 6);
	__atomic_store_n(&side->neighbours[addr % NEIGHBOURS], place, __ATOMIC_RELAXED);
}

/* The whole frame, but for padding behind it. */
static void
write_arp(struct xd_frame *f, const struct side *side, uint16_t what, const uint8_t to_mac[6],
	uint32_t to)
{
	uint8_t *d = xd_frame_edit(f, 0, ARP_END);
	const uint32_t from = htonl(side->addr);
	struct arp arp = {.what = htons(what)};

	to = htonl(to);
	memcpy(arp.kinds, kinds, sizeof(kinds));
	memcpy(arp.from_mac, side->mac, 6);
	memcpy(arp.from, &from, 4);
	memcpy(arp.to, &to, 4);
	if (what == ANSWERS)
		memcpy(arp.to_mac, to_mac, 6);
	memcpy(d, to_mac, 6);
	memcpy(d + 6, side->mac, 6);
	memcpy(d + 12, (const uint8_t[]){0x08, 0x06}, 2);
	memcpy(d + ARP_AT, &arp, sizeof(arp));
	f->offload.word = 0;
}

bool
neighbours_arp(struct side *side, struct xd_frame *f, uint16_t port)
{
	struct arp arp;
	uint32_t from;

	if (f->head_len < ARP_END)
		return false;
	memcpy(&arp, xd_frame_data(f) + ARP_AT, sizeof(arp));
	from = read_addr(arp.from);
	/* Who claims to be us, or of another network, is not believed. */
	if ((from ^ side->addr) & side->mask || from == side->addr || arp.from_mac[0] & 1)
		return false;
	if (read_addr(arp.to) != side->addr)
		return false;
	learn(side, from, arp.from_mac, port);
	if (ntohs(arp.what) != ASKS)
		return false;
	write_arp(f, side, ANSWERS, arp.from_mac, from);
	return true;
}

bool
neighbours_ask(const struct side *side, uint32_t addr, struct xd_burst *b, uint16_t i)
{
	static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct xd_frame *f = b->frames[i];

	if (f->head_len < ARP_END || f->len > ETHER_MAX)
		return false;
	write_arp(f, side, ASKS, everybody, addr);
	/* A flood leaves out the port that the frame came by. */
	if (f->vlan == side->vlan)
		xd_burst_copy(b, i, b->port);
	f->vlan = side->vlan;
	xd_burst_send(b, i, XD_DST_FLOOD);
	return true;
}
