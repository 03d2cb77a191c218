/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "stages.h"

#define STRIDE   2112 /* an odd number of lines, so that buffers use all sets of a cache */
#define RX_BYTES 1526
#define BODY_AT  1024 /* of a frame in two pieces: where the second is in its buffer */

void
stages_set_mac(uint8_t *mac, unsigned port, unsigned flow)
{
	const uint8_t bytes[6] = {0x02, 0x58, (uint8_t)port, (uint8_t)(flow >> 16),
		(uint8_t)(flow >> 8), (uint8_t)flow};

	memcpy(mac, bytes, sizeof(bytes));
}

static void
offer(const struct stages_bench *b, struct xd_vq *vq, uint32_t from, uint32_t n, uint32_t len,
	uint16_t flags)
{
	if (!b->packed) {
		((struct xd_vring_avail *)(uintptr_t)vq->avail)->idx += (uint16_t)n;
		return;
	}
	for (uint32_t i = from; i < from + n; i++) {
		struct xd_packed_desc *d = &vq->ring[i % STAGES_RING];

		d->len = len;
		d->id = (uint16_t)(i % STAGES_RING);
		d->flags = flags |
			   (i / STAGES_RING % 2 ? XD_PACKED_DESC_F_USED : XD_PACKED_DESC_F_AVAIL);
	}
}

void
stages_offer(struct stages_bench *b)
{
	offer(b, &b->tx, b->offered, XD_BATCH, b->tx_bytes, b->tx_flags);
	offer(b, &b->rx, b->rx_offered, b->rx_due, RX_BYTES, XD_VRING_DESC_F_WRITE);
	if (b->watched)
		offer(b, &b->span, b->offered, XD_BATCH, RX_BYTES, XD_VRING_DESC_F_WRITE);
	b->offered += XD_BATCH;
	b->rx_offered += b->rx_due;
}

static uint64_t
buffer_at(uint32_t offset, unsigned i)
{
	return offset + 65536 + (uint64_t)i * STRIDE + 64 - STAGES_HEADER;
}

uint8_t *
stages_frame(struct stages_bench *b, unsigned i)
{
	return b->mem + buffer_at(0, i % STAGES_RING) + STAGES_HEADER;
}

/* A ring at `offset` whose entry i holds buffer i for good; a driver that polls. */
static int
make_ring(struct stages_bench *b, struct xd_vq *vq, uint32_t offset, uint16_t flags)
{
	static struct xd_drops drops;
	struct xd_vq_setup setup = {.size = STAGES_RING,
		.packed = b->packed,
		.base = b->packed ? XD_PACKED_WRAP : 0,
		.desc_addr = offset,
		.avail_addr = offset + 16 * STAGES_RING,
		.used_addr = offset + 16 * STAGES_RING + 4096,
		.indirect = true,
		.drops = &drops,
		.call_fd = -1};
	struct xd_vring_desc *desc = (struct xd_vring_desc *)(void *)(b->mem + offset);
	struct xd_vring_avail *avail =
		(struct xd_vring_avail *)(void *)(b->mem + offset + 16 * STAGES_RING);
	struct xd_error err;

	avail->flags = XD_VRING_AVAIL_F_NO_INTERRUPT;
	avail->idx = b->packed ? XD_PACKED_EVENT_DISABLE : 0; /* the same place */
	for (uint16_t i = 0; i < STAGES_RING; i++) {
		desc[i] = (struct xd_vring_desc){.addr = buffer_at(offset, i)};
		if (b->packed)
			continue;
		desc[i].len = flags ? RX_BYTES : STAGES_HEADER + STAGES_FRAME;
		desc[i].flags = flags;
		avail->ring[i] = i;
	}
	if (xd_vq_setup(vq, &b->guest, &setup, &err) < 0) {
		fprintf(stderr, "stages: %s\n", err.text);
		return -1;
	}
	vq->live = true;
	return 0;
}

int
stages_make_rings(struct stages_bench *b, bool packed, unsigned from, unsigned to, unsigned flows)
{
	b->packed = packed;
	b->rx_due = XD_BATCH;
	b->tx_bytes = STAGES_HEADER + STAGES_FRAME;
	b->mem = xd_memory_alloc(STAGES_MEM_BYTES, XD_NODE_ANY);
	if (!b->mem) {
		fprintf(stderr, "stages: no memory\n");
		return -1;
	}
	b->guest.n = 1;
	b->guest.regions[0] = (struct xd_guest_region){.size = STAGES_MEM_BYTES, .host = b->mem};
	for (unsigned i = 0; i < STAGES_RING; i++) {
		uint8_t *frame = stages_frame(b, i);

		stages_set_mac(frame, to, i % flows);
		stages_set_mac(frame + 6, from, i % flows);
		frame[12] = 0x08;
	}
	if (make_ring(b, &b->tx, 0, 0) < 0)
		return -1;
	if (make_ring(b, &b->rx, STAGES_RX_OFFSET, XD_VRING_DESC_F_WRITE) < 0)
		return -1;
	return make_ring(b, &b->span, STAGES_SPAN_OFFSET, XD_VRING_DESC_F_WRITE);
}

void
stages_make_indirect(struct stages_bench *b, uint32_t first)
{
	struct xd_vring_desc *desc = (struct xd_vring_desc *)(uintptr_t)b->tx.desc;

	for (unsigned i = 0; i < STAGES_RING; i++) {
		const uint64_t at = STAGES_TABLES_OFFSET + i * 64ull;
		struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)(b->mem + at);
		uint8_t *frame = stages_frame(b, i);

		memcpy(frame + BODY_AT, frame + first, STAGES_FRAME - first);
		table[0] = (struct xd_vring_desc){.addr = buffer_at(0, i),
			.len = STAGES_HEADER + first,
			.flags = b->packed ? 0 : XD_VRING_DESC_F_NEXT,
			.next = b->packed ? 0 : 1};
		table[1] = (struct xd_vring_desc){.addr = buffer_at(0, i) + STAGES_HEADER + BODY_AT,
			.len = STAGES_FRAME - first};
		desc[i].addr = at;
		if (b->packed)
			continue;
		desc[i].len = 2 * sizeof(*table);
		desc[i].flags = XD_VRING_DESC_F_INDIRECT;
	}
	b->tx_bytes = 2 * sizeof(*desc);
	b->tx_flags = XD_VRING_DESC_F_INDIRECT;
}
