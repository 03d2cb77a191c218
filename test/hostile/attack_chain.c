/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers that no driver would make, on either kind of ring. */
#include <string.h>

#include "hostile.h"

#define WRITE_  XD_VRING_DESC_F_WRITE
#define HIGHEST (HIGH + REGION)

/* One buffer of one piece on the transmit ring. */
static void
tx(struct hostile *h, uint64_t addr, uint32_t len, uint16_t flags)
{
	put_frame(h, FRAME);
	offer(h, TX, &(struct piece){addr, len, flags}, 1);
	kick(h, TX);
}

/* Header and frame, then one more piece. */
static void
tx_behind(struct hostile *h, uint64_t addr, uint32_t len, uint16_t flags)
{
	uint64_t at = put_frame(h, FRAME);

	offer(h, TX, (struct piece[]){{at, HDR, 0}, {at + HDR, FRAME, 0}, {addr, len, flags}}, 3);
	kick(h, TX);
}

#define TX_CASE(name, ...)                                                                         \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		tx(h, __VA_ARGS__);                                                                \
	}
#define BEHIND_CASE(name, ...)                                                                     \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		tx_behind(h, __VA_ARGS__);                                                         \
	}

TX_CASE(outside, SPARSE / 2, HDR + FRAME, 0)
TX_CASE(below, LOW - 8, HDR + FRAME, 0)
TX_CASE(zero_address, 0, HDR + FRAME, 0)
TX_CASE(across_end, HIGHEST - 32, HDR + FRAME, 0)
TX_CASE(in_gap, LOW + REGION, HDR + FRAME, 0)
TX_CASE(across_gap, LOW + REGION - 40, GAP + 80, 0)
TX_CASE(wraps_64, UINT64_MAX - 15, UINT32_MAX, 0)
TX_CASE(zero_length, LOW + FRAME_OFFSET, 0, 0)
TX_CASE(short_header, LOW + FRAME_OFFSET, HDR - 1, 0)
TX_CASE(only_header, LOW + FRAME_OFFSET, HDR, 0)
TX_CASE(runt, LOW + FRAME_OFFSET, HDR + 13, 0)
TX_CASE(longest, SPARSE, UINT32_MAX, 0)
TX_CASE(writable, LOW + FRAME_OFFSET, HDR + FRAME, WRITE_)
BEHIND_CASE(behind_outside, SPARSE / 2, 100, 0)
BEHIND_CASE(behind_across_gap, LOW + REGION - 40, 80, 0)
BEHIND_CASE(behind_wraps, UINT64_MAX, UINT32_MAX, 0)
BEHIND_CASE(behind_zero, LOW + FRAME_OFFSET, 0, 0)
BEHIND_CASE(behind_writable, LOW + FRAME_OFFSET, 100, WRITE_)

/* Lengths whose sum is 0 modulo 2^32, then one more byte. */
static void
wraps_32(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);

	offer(h, TX,
		(struct piece[]){{at, HDR, 0}, {at + HDR, FRAME, 0}, {SPARSE, 0x80000000, 0},
			{SPARSE, 0x80000000 - FRAME, 0}, {at, 100, 0}},
		5);
	kick(h, TX);
	expect_back(h, TX);
}

static void
header_in_crumbs(struct hostile *h)
{
	struct piece pieces[HDR + 3];
	uint64_t at = put_frame(h, FRAME);

	for (unsigned i = 0; i < HDR + 2; i++)
		pieces[i] = (struct piece){at + i, 1, 0};
	pieces[HDR + 2] = (struct piece){at + HDR + 2, FRAME - 2, 0};
	for (unsigned i = 0; i < 50; i++) {
		offer(h, TX, pieces, HDR + 3);
		kick(h, TX);
		expect_back(h, TX);
	}
}

/* A byte in each of as many descriptors as there are. */
static void
crumbs(struct hostile *h)
{
	struct piece pieces[RING_SIZE];
	uint64_t at = put_frame(h, 1000);

	for (unsigned i = 0; i < RING_SIZE; i++)
		pieces[i] = (struct piece){at + i, 1, 0};
	for (unsigned i = 0; i < 50; i++) {
		offer(h, TX, pieces, RING_SIZE);
		kick(h, TX);
		expect_back(h, TX);
	}
}

/* ---- Indirect tables ---- */

/* The usual buffer, by way of a table: a good one, for the caller to spoil. */
static struct piece
good_table(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);

	return indirect(h, (struct piece[]){{at, HDR, 0}, {at + HDR, FRAME, 0}}, 2);
}

static void
tx_table(struct hostile *h, struct piece table)
{
	offer(h, TX, &table, 1);
	kick(h, TX);
}

#define TABLE_CASE(name, change)                                                                   \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		struct piece table = good_table(h);                                                \
                                                                                                   \
		change;                                                                            \
		tx_table(h, table);                                                                \
	}

TABLE_CASE(indirect_odd, table.len = 33)
TABLE_CASE(indirect_short, table.len = 15)
TABLE_CASE(indirect_empty, table.len = 0)
TABLE_CASE(indirect_huge, table.len = UINT32_MAX & ~15u)
TABLE_CASE(indirect_sparse, (table.addr = SPARSE, table.len = 0x80000000))
TABLE_CASE(indirect_outside, table.addr = LOW - 16)
TABLE_CASE(indirect_across_gap, table.addr = LOW + REGION - 16)
TABLE_CASE(indirect_wraps, table.addr = UINT64_MAX - 15)
TABLE_CASE(indirect_unaligned,
	(memmove(h->memory + TABLE_OFFSET + 1, h->memory + TABLE_OFFSET, 32), table.addr++))
TABLE_CASE(indirect_on_ring, table.addr = LOW + RING_OFFSET(TX))

static void
indirect_nested(struct hostile *h)
{
	tx_table(h, indirect(h, (struct piece[]){{LOW + TABLE_OFFSET, 32, 4}}, 1));
}

/* In a chain with others: none may stand before or behind it but in a chain of its own. */
static void
indirect_in_chain(struct hostile *h)
{
	struct piece table = good_table(h);

	offer(h, TX, (struct piece[]){table, {LOW + FRAME_OFFSET, FRAME, 0}}, 2);
	kick(h, TX);
}

static void
indirect_longer_than_ring(struct hostile *h)
{
	struct piece pieces[2 * RING_SIZE];
	uint64_t at = put_frame(h, FRAME);

	for (unsigned i = 0; i < 2 * RING_SIZE; i++)
		pieces[i] = (struct piece){at + i % FRAME, 1, 0};
	tx_table(h, indirect(h, pieces, 2 * RING_SIZE));
}

static void
indirect_not_negotiated(struct hostile *h)
{
	h->without = 1ull << XD_VIRTIO_RING_F_INDIRECT_DESC;
	hostile_reconnect(h, RINGS);
	tx_table(h, good_table(h));
}

/* ---- The receive ring: seen when the switch has a frame for this guest ---- */

/* Every buffer that is there becomes this. */
static void
rx(struct hostile *h, uint64_t addr, uint32_t len, uint16_t flags)
{
	for (unsigned i = 0; i < RING_SIZE; i++) {
		if (h->packed) {
			struct xd_packed_desc *d = &packed_desc(h, RX)[i];

			d->addr = addr;
			d->len = len;
			__atomic_store_n(
				&d->flags, flags | XD_PACKED_DESC_F_AVAIL, __ATOMIC_RELEASE);
		} else {
			split_desc(h, RX)[i] = (struct xd_vring_desc){
				addr, len, flags, (uint16_t)((i + 1) % RING_SIZE)};
		}
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#define RX_CASE(name, ...)                                                                         \
	static void name(struct hostile *h)                                                        \
	{                                                                                          \
		rx(h, __VA_ARGS__);                                                                \
	}

RX_CASE(rx_outside, SPARSE / 2, RX_ROOM, WRITE_)
RX_CASE(rx_in_gap, LOW + REGION, RX_ROOM, WRITE_)
RX_CASE(rx_across_end, HIGHEST - 16, RX_ROOM, WRITE_)
RX_CASE(rx_wraps, UINT64_MAX - 15, UINT32_MAX, WRITE_)
RX_CASE(rx_read_only, HIGH, RX_ROOM, 0)
RX_CASE(rx_zero_length, HIGH, 0, WRITE_)
RX_CASE(rx_short_header, HIGH, HDR - 1, WRITE_)
RX_CASE(rx_one_byte, HIGH, 1, WRITE_)
RX_CASE(rx_only_header, HIGH, HDR, WRITE_)
RX_CASE(rx_header_and_one, HIGH, HDR + 1, WRITE_)
RX_CASE(rx_longest, SPARSE + SPARSE_BYTES - 0x80000000, 0x80000000, WRITE_)
RX_CASE(rx_indirect_odd, LOW + TABLE_OFFSET, 17, XD_VRING_DESC_F_INDIRECT)
RX_CASE(rx_on_ring, LOW + RING_OFFSET(RX), RX_ROOM, WRITE_)

static void
rx_loop(struct hostile *h)
{
	rx(h, HIGH, 1, WRITE_ | XD_VRING_DESC_F_NEXT);
}

const struct attack attacks_chain[] = {
	{"outside", RINGS, BOTH, FAULT, outside},
	{"below", RINGS, BOTH, FAULT, below},
	{"zero-address", RINGS, BOTH, FAULT, zero_address},
	{"across-end", RINGS, BOTH, FAULT, across_end},
	{"in-gap", RINGS, BOTH, FAULT, in_gap},
	{"across-gap", RINGS, BOTH, FAULT, across_gap},
	{"wraps-64", RINGS, BOTH, FAULT, wraps_64},
	{"wraps-32", RINGS, BOTH, DROPPED, wraps_32},
	{"longest", RINGS, BOTH, DROPPED, longest},
	{"zero-length", RINGS, BOTH, FAULT, zero_length},
	{"short-header", RINGS, BOTH, FAULT, short_header},
	{"only-header", RINGS, BOTH, DROPPED, only_header},
	{"runt", RINGS, BOTH, DROPPED, runt},
	{"writable", RINGS, BOTH, FAULT, writable},
	{"behind-outside", RINGS, BOTH, FAULT, behind_outside},
	{"behind-across-gap", RINGS, BOTH, FAULT, behind_across_gap},
	{"behind-wraps", RINGS, BOTH, FAULT, behind_wraps},
	{"behind-zero", RINGS, BOTH, FAULT, behind_zero},
	{"behind-writable", RINGS, BOTH, FAULT, behind_writable},
	{"header-in-crumbs", RINGS, BOTH, HARMLESS, header_in_crumbs},
	{"crumbs", RINGS, BOTH, HARMLESS, crumbs},
	{"indirect-odd", RINGS, BOTH, FAULT, indirect_odd},
	{"indirect-short", RINGS, BOTH, FAULT, indirect_short},
	{"indirect-empty", RINGS, BOTH, FAULT, indirect_empty},
	{"indirect-huge", RINGS, BOTH, FAULT, indirect_huge},
	{"indirect-sparse", RINGS, BOTH, FAULT, indirect_sparse},
	{"indirect-outside", RINGS, BOTH, FAULT, indirect_outside},
	{"indirect-across-gap", RINGS, BOTH, FAULT, indirect_across_gap},
	{"indirect-wraps", RINGS, BOTH, FAULT, indirect_wraps},
	{"indirect-unaligned", RINGS, BOTH, FAULT, indirect_unaligned},
	{"indirect-on-ring", RINGS, BOTH, FAULT, indirect_on_ring},
	{"indirect-nested", RINGS, BOTH, FAULT, indirect_nested},
	{"indirect-in-chain", RINGS, BOTH, FAULT, indirect_in_chain},
	{"indirect-longer-than-ring", RINGS, BOTH, FAULT, indirect_longer_than_ring},
	{"indirect-not-negotiated", CONNECTED, BOTH, FAULT, indirect_not_negotiated},
	{"rx-outside", RINGS, BOTH, FAULT, rx_outside},
	{"rx-in-gap", RINGS, BOTH, FAULT, rx_in_gap},
	{"rx-across-end", RINGS, BOTH, FAULT, rx_across_end},
	{"rx-wraps", RINGS, BOTH, FAULT, rx_wraps},
	{"rx-read-only", RINGS, BOTH, FAULT, rx_read_only},
	{"rx-zero-length", RINGS, BOTH, FAULT, rx_zero_length},
	{"rx-short-header", RINGS, BOTH, FAULT, rx_short_header},
	{"rx-one-byte", RINGS, BOTH, FAULT, rx_one_byte},
	{"rx-only-header", RINGS, BOTH, HARMLESS, rx_only_header},
	{"rx-header-and-one", RINGS, BOTH, HARMLESS, rx_header_and_one},
	{"rx-longest", RINGS, BOTH, HARMLESS, rx_longest},
	{"rx-indirect-odd", RINGS, BOTH, FAULT, rx_indirect_odd},
	{"rx-on-ring", RINGS, BOTH, EITHER, rx_on_ring},
	{"rx-loop", RINGS, SPLIT, FAULT, rx_loop},
	/* A buffer used while the ring is rewritten is where a packed chain ends. */
	{"rx-loop", RINGS, PACKED, EITHER, rx_loop},
	{0},
};
