/* SPDX-License-Identifier: BSD-3-Clause */
/* What an attacker in a guest would try with its rings. */
#include <errno.h>
#include <string.h>

#include "guest_port.h"

#define LEN 60

/* A fresh descriptor at 0 of the transmit ring that says: header and frame, in one. */
static struct xd_vring_desc *
whole(struct guest *g)
{
	struct xd_vring_desc *desc = g->rings[GUEST_TX].desc;

	memset(g->tx_area, 0, GUEST_HEADER + LEN);
	desc[0] = (struct xd_vring_desc){
		.addr = guest_addr(g, g->tx_area), .len = GUEST_HEADER + LEN};
	return desc;
}

/* The same in an indirect table; returns the table. */
static struct xd_vring_desc *
whole_indirect(struct guest *g)
{
	struct xd_vring_desc *desc = whole(g);
	struct xd_vring_desc *table = (struct xd_vring_desc *)(g->tx_area + 4096);

	memset(table, 0, 16 * sizeof(*table));
	table[0] = desc[0];
	desc[0] = (struct xd_vring_desc){.addr = guest_addr(g, table),
		.len = sizeof(*table),
		.flags = XD_VRING_DESC_F_INDIRECT};
	return table;
}

/* Publishes `head` on the transmit ring as it is. */
static void
publish(struct guest *g, uint16_t head)
{
	struct xd_split_driver *tx = &g->rings[GUEST_TX];

	tx->avail->ring[tx->avail_idx++ & tx->mask] = head;
	__atomic_store_n(&tx->avail->idx, tx->avail_idx, __ATOMIC_RELEASE);
	tx->published = tx->avail_idx;
}

static void
bad_head(struct guest *g)
{
	whole(g);
	publish(g, (uint16_t)(g->options.size + 7));
}

static void
bad_next(struct guest *g)
{
	struct xd_vring_desc *desc = whole(g);

	desc[0].flags = XD_VRING_DESC_F_NEXT;
	desc[0].next = (uint16_t)g->options.size;
	publish(g, 0);
}

static void
loop(struct guest *g)
{
	struct xd_vring_desc *desc = whole(g);

	desc[1] = desc[0];
	desc[0].flags = desc[1].flags = XD_VRING_DESC_F_NEXT;
	desc[0].next = 1;
	publish(g, 0);
}

static void
address_outside(struct guest *g)
{
	whole(g)[0].addr = GUEST_BASE + g->bytes + 4096;
	publish(g, 0);
}

static void
address_across_end(struct guest *g)
{
	whole(g)[0].addr = GUEST_BASE + g->bytes - 32;
	publish(g, 0);
}

static void
address_wraps(struct guest *g)
{
	struct xd_vring_desc *desc = whole(g);

	desc[0].addr = UINT64_MAX - 15;
	desc[0].len = UINT32_MAX;
	publish(g, 0);
}

static void
avail_jump(struct guest *g)
{
	struct xd_split_driver *tx = &g->rings[GUEST_TX];

	whole(g);
	__atomic_store_n(
		&tx->avail->idx, (uint16_t)(tx->avail_idx + g->options.size + 1), __ATOMIC_RELEASE);
}

static void
empty_descriptor(struct guest *g)
{
	whole(g)[0].len = 0;
	publish(g, 0);
}

static void
short_header(struct guest *g)
{
	whole(g)[0].len = GUEST_HEADER - 1;
	publish(g, 0);
}

static void
writable(struct guest *g)
{
	whole(g)[0].flags = XD_VRING_DESC_F_WRITE;
	publish(g, 0);
}

static void
indirect_odd(struct guest *g)
{
	whole_indirect(g);
	g->rings[GUEST_TX].desc[0].len = sizeof(struct xd_vring_desc) + 1;
	publish(g, 0);
}

static void
indirect_empty(struct guest *g)
{
	whole_indirect(g);
	g->rings[GUEST_TX].desc[0].len = 0;
	publish(g, 0);
}

static void
indirect_huge(struct guest *g)
{
	whole_indirect(g);
	g->rings[GUEST_TX].desc[0].len = UINT32_MAX & ~15u;
	publish(g, 0);
}

static void
indirect_outside(struct guest *g)
{
	whole_indirect(g);
	g->rings[GUEST_TX].desc[0].addr = GUEST_BASE - 64;
	publish(g, 0);
}

static void
indirect_nested(struct guest *g)
{
	struct xd_vring_desc *table = whole_indirect(g);

	table[0].flags = XD_VRING_DESC_F_INDIRECT;
	publish(g, 0);
}

static void
indirect_loop(struct guest *g)
{
	struct xd_vring_desc *table = whole_indirect(g);

	table[1] = table[0];
	table[0].flags = table[1].flags = XD_VRING_DESC_F_NEXT;
	table[0].next = 1;
	g->rings[GUEST_TX].desc[0].len = 2 * sizeof(*table);
	publish(g, 0);
}

/* ---- The receive ring: seen when a frame is to be put into it ---- */

static void
rx_bad_head(struct guest *g)
{
	for (unsigned i = 0; i < g->options.size; i++)
		g->rings[GUEST_RX].avail->ring[i] = (uint16_t)(g->options.size + i);
}

static void
rx_address_outside(struct guest *g)
{
	for (unsigned i = 0; i < g->options.size; i++)
		g->rings[GUEST_RX].desc[i].addr = GUEST_BASE + g->bytes;
}

static void
rx_read_only(struct guest *g)
{
	for (unsigned i = 0; i < g->options.size; i++)
		g->rings[GUEST_RX].desc[i].flags = 0;
}

static void
rx_empty_descriptor(struct guest *g)
{
	for (unsigned i = 0; i < g->options.size; i++)
		g->rings[GUEST_RX].desc[i].len = 0;
}

static void
rx_avail_jump(struct guest *g)
{
	struct xd_split_driver *rx = &g->rings[GUEST_RX];

	__atomic_store_n(
		&rx->avail->idx, (uint16_t)(rx->avail_idx + g->options.size + 1), __ATOMIC_RELEASE);
}

static const struct {
	const char *name;
	void (*damage)(struct guest *g);
} ways[] = {
	{"bad-head", bad_head},
	{"bad-next", bad_next},
	{"loop", loop},
	{"address-outside", address_outside},
	{"address-across-end", address_across_end},
	{"address-wraps", address_wraps},
	{"avail-jump", avail_jump},
	{"empty-descriptor", empty_descriptor},
	{"short-header", short_header},
	{"writable", writable},
	{"indirect-odd", indirect_odd},
	{"indirect-empty", indirect_empty},
	{"indirect-huge", indirect_huge},
	{"indirect-outside", indirect_outside},
	{"indirect-nested", indirect_nested},
	{"indirect-loop", indirect_loop},
	{"rx-bad-head", rx_bad_head},
	{"rx-address-outside", rx_address_outside},
	{"rx-read-only", rx_read_only},
	{"rx-empty-descriptor", rx_empty_descriptor},
	{"rx-avail-jump", rx_avail_jump},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

int
guest_corrupt(struct guest *g, const char *kind)
{
	for (unsigned i = 0; i < WAYS; i++) {
		if (strcmp(ways[i].name, kind))
			continue;
		ways[i].damage(g);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		guest_kick(g, GUEST_TX);
		guest_kick(g, GUEST_RX);
		return 0;
	}
	return -ENOENT;
}

const char *
guest_corrupt_kind(unsigned i)
{
	return i < WAYS ? ways[i].name : NULL;
}
