/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of either kind in memory that the input fills, and a device that does with it what the
 * input says:
 *
 *     options, size      a byte each, see ring_setup(); bit 7 of size: a receive queue, which is
 * only written to, else a transmit queue descriptors, driver area, buffers each two bytes of
 * length, and so many bytes steps              a byte each: what to do in bits 0 to 2, and a number
 * for it, see step()
 *
 * Memory is two regions in allocations of their own, so that one byte beyond either is found.
 */
#ifndef TEST_FUZZ_RING_H
#define TEST_FUZZ_RING_H

#include <stdbool.h>

#include "frame/offload.h"
#include "fuzz.h"
#include "virtqueue/device.h"

#define LOW_BYTES   0x8000u /* rings and buffers at guest address 0: any 16-bit number is near it */
#define HIGH_BASE   0x9000u
#define HIGH_BYTES  0x1000u
#define USER_BASE   0x100000u
#define DRIVER_AT   0x1000u
#define DEVICE_AT   0x1800u
#define BUFFERS_AT  0x4000u
#define STEPS_MAX   64
#define FRAMES_SENT 4

struct rig {
	struct xd_guest_memory memory;
	struct xd_drops drops;
	struct xd_counters counters;
	struct xd_vq vq;
	bool receive; /* the guest's receive queue */
	struct xd_batch batch;
	struct xd_frame frames[FRAMES_SENT];
	struct xd_seg segs[FRAMES_SENT];
	uint8_t log_bits[16];
	struct xd_dirty_log log;
	uint16_t record_idx;
	uint64_t record_position;
	uint16_t record_intent[XD_VQ_INTENT];
	uint8_t body[4096];
	uint8_t scratch[XD_FRAME_MAX];
};

static struct xd_guest_region
region(uint64_t guest, uint64_t user, size_t bytes)
{
	uint8_t *host = aligned_alloc(64, bytes);

	MUST(host != NULL);
	memset(host, 0, bytes);
	return (struct xd_guest_region){
		.guest_addr = guest, .user_addr = user, .size = bytes, .host = host};
}

/* Options: a bit each of what was negotiated. */
static bool
ring_setup(struct rig *rig, struct input *in, bool packed)
{
	static const uint16_t sizes[] = {
		1, 2, 4, 8, 16, 32, 64, 128, 3, 5, 7, 100, 0, 65535, 32768};
	uint8_t options = take_u8(in), size = take_u8(in);
	struct xd_error err;
	struct xd_vq_setup setup = {
		.size = sizes[(size & 0x7f) % 15],
		.desc_addr = USER_BASE,
		.avail_addr = USER_BASE + DRIVER_AT,
		.used_addr = USER_BASE + DEVICE_AT,
		.packed = packed,
		.base = packed ? XD_PACKED_WRAP : 0,
		.event_idx = options & 1,
		.indirect = options & 2,
		.mergeable = options & 4,
		.in_order = options & 8,
		.offloads = options & 16 ? 0x3f : 0,
		.call_fd = -1,
		.drops = &rig->drops,
	};

	if (options & 32) {
		setup.log = &rig->log;
		setup.log_ring = true;
		setup.log_used_addr = take_u16(in);
		rig->log = (struct xd_dirty_log){
			.bits = rig->log_bits, .nb_pages = 8 * sizeof(rig->log_bits)};
	}
	if (options & 64) {
		setup.record.used_idx = packed ? NULL : &rig->record_idx;
		setup.record.position = packed ? &rig->record_position : NULL;
		setup.record.intent = packed ? rig->record_intent : NULL;
	}
	if (options & 128) { /* and from anywhere */
		setup.base = take_u16(in);
		setup.desc_addr = USER_BASE + take_u16(in);
		setup.avail_addr = USER_BASE + take_u16(in);
		setup.used_addr = USER_BASE + take_u16(in);
	}
	if (xd_vq_setup(&rig->vq, &rig->memory, &setup, &err))
		return false;
	rig->vq.live = true;
	rig->receive = size & 0x80;
	return true;
}

static void
do_dequeue(struct rig *rig, unsigned keep)
{
	uint16_t n = xd_vq_dequeue(&rig->vq, &rig->batch);

	MUST(n == rig->batch.n && n <= XD_BATCH);
	MUST(rig->batch.nb_done <= XD_BATCH && rig->batch.nb_segs <= XD_BATCH_SEGS);
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = &rig->batch.frames[i];

		MUST(f->len >= XD_FRAME_MIN && f->len <= XD_FRAME_MAX);
		xd_frame_gather(f, rig->scratch);
		if (f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && !f->offload.gso_type)
			xd_frame_finish_checksum(f);
	}
	if (keep < n)
		xd_vq_rewind(&rig->vq, &rig->batch, (uint16_t)keep);
	xd_vq_release(&rig->vq, &rig->batch);
}

/* Frames of these lengths, as a neighbour's port would bring them. */
static void
do_enqueue(struct rig *rig, unsigned what)
{
	static const uint32_t lengths[] = {60, 14, 128, 129, 1514, 4000, 300, 64};
	struct xd_frame *ptrs[FRAMES_SENT];
	uint16_t n = (uint16_t)(1 + what % FRAMES_SENT);

	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = &rig->frames[i];
		uint32_t len = lengths[(what + i) % 8];
		uint8_t head = (uint8_t)(len < XD_HEAD ? len : XD_HEAD);

		memset(f->buf, 0x5a, sizeof(f->buf));
		xd_frame_init(f, len, head, len > XD_HEAD);
		rig->segs[i] = (struct xd_seg){rig->body, len - head};
		f->segs = &rig->segs[i];
		ptrs[i] = f;
	}
	MUST(xd_vq_enqueue(&rig->vq, ptrs, n, what & 16 ? 1518 : 65535, &rig->counters) <= n);
}

static void
step(struct rig *rig, struct input *in)
{
	uint8_t op = take_u8(in), number = op >> 3;
	uint16_t at;

	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		if (rig->receive)
			do_enqueue(rig, number);
		else
			do_dequeue(rig, number & 16 ? number & 15 : XD_BATCH);
		break;
	case 3: /* the guest writes */
		at = take_u16(in) % LOW_BYTES;
		take(in, rig->memory.regions[0].host + at,
			number < LOW_BYTES - at ? number : LOW_BYTES - at);
		break;
	case 4:
		if (rig->receive)
			MUST(xd_vq_room(&rig->vq, number, &rig->counters) <= number);
		break;
	case 5:
		if (number & 1)
			xd_vq_arm(&rig->vq);
		else
			xd_vq_disarm(&rig->vq);
		break;
	case 6:
		if (rig->receive)
			xd_vq_notify_enqueued(&rig->vq, &rig->counters, NULL);
		else
			xd_vq_notify_released(&rig->vq, &rig->counters, NULL);
		break;
	default: /* the guest makes what it has made available once more */
		at = (uint16_t)(number ? number : 1);
		*(uint16_t *)(void *)(rig->memory.regions[0].host + DRIVER_AT + 2) += at;
	}
}

/* So many bytes of the input, as its next two say. */
static void
fill(struct input *in, uint8_t *to, uint16_t max)
{
	uint16_t n = take_u16(in);

	take(in, to, n < max ? n : max);
}

static int
fuzz_ring(const uint8_t *data, size_t size, bool packed)
{
	struct input in = {data, size};
	struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) / 64 * 64);
	uint8_t *low;

	MUST(rig != NULL);
	memset(rig, 0, sizeof(*rig));
	rig->memory.n = 2;
	rig->memory.regions[0] = region(0, USER_BASE, LOW_BYTES);
	rig->memory.regions[1] = region(HIGH_BASE, USER_BASE + HIGH_BASE, HIGH_BYTES);
	low = rig->memory.regions[0].host;
	if (ring_setup(rig, &in, packed)) {
		fill(&in, low, DRIVER_AT);
		fill(&in, low + DRIVER_AT, DEVICE_AT - DRIVER_AT);
		fill(&in, low + BUFFERS_AT, LOW_BYTES - BUFFERS_AT);
		for (unsigned i = 0; i < STEPS_MAX && in.left && rig->vq.live; i++)
			step(rig, &in);
	}
	free(rig->memory.regions[0].host);
	free(rig->memory.regions[1].host);
	free(rig);
	return 0;
}

#endif
