/* SPDX-License-Identifier: BSD-3-Clause */
/* What only a split ring can say: virtio 1.2, 2.7. */
#include <string.h>
#include <unistd.h>

#include "hostile.h"

/* A good buffer at descriptor 0, not yet made available. */
static struct xd_vring_desc *
good(struct hostile *h)
{
	struct xd_vring_desc *desc = split_desc(h, TX);

	desc[0] = (struct xd_vring_desc){put_frame(h, FRAME), HDR + FRAME, 0, 0};
	return desc;
}

static void
show(struct hostile *h, uint16_t head)
{
	struct ring *r = &h->rings[TX];
	struct xd_vring_avail *avail = split_avail(h, TX);

	avail->ring[r->next++ % r->size] = head;
	__atomic_store_n(&avail->idx, r->next, __ATOMIC_RELEASE);
	kick(h, TX);
}

static void
bad_head(struct hostile *h)
{
	good(h);
	show(h, RING_SIZE);
}

static void
far_head(struct hostile *h)
{
	good(h);
	show(h, UINT16_MAX);
}

static void
bad_next(struct hostile *h)
{
	struct xd_vring_desc *desc = good(h);

	desc[0].flags = XD_VRING_DESC_F_NEXT;
	desc[0].next = RING_SIZE;
	show(h, 0);
}

static void
self_loop(struct hostile *h)
{
	good(h)[0].flags = XD_VRING_DESC_F_NEXT;
	show(h, 0);
}

static void
loop(struct hostile *h)
{
	struct xd_vring_desc *desc = good(h);

	for (unsigned i = 0; i < RING_SIZE; i++) {
		desc[i] = desc[0];
		desc[i].flags = XD_VRING_DESC_F_NEXT;
		desc[i].next = (uint16_t)((i + 1) % RING_SIZE);
	}
	show(h, 0);
}

static void
indirect_loop(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);
	struct piece table = indirect(h, (struct piece[]){{at, HDR, 0}, {at, FRAME, 0}}, 2);
	struct xd_vring_desc *entries = (struct xd_vring_desc *)(void *)(h->memory + TABLE_OFFSET);

	entries[1].flags = XD_VRING_DESC_F_NEXT;
	entries[1].next = 0;
	offer(h, TX, &table, 1);
	kick(h, TX);
}

static void
indirect_next(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);
	struct piece table = indirect(h, (struct piece[]){{at, HDR, 0}, {at, FRAME, 0}}, 2);
	struct xd_vring_desc *entries = (struct xd_vring_desc *)(void *)(h->memory + TABLE_OFFSET);

	entries[0].next = 2;
	offer(h, TX, &table, 1);
	kick(h, TX);
}

static void
jump(struct hostile *h, unsigned ring, uint16_t by)
{
	good(h);
	__atomic_store_n(
		&split_avail(h, ring)->idx, (uint16_t)(h->rings[ring].next + by), __ATOMIC_RELEASE);
	kick(h, ring);
}

static void
avail_jump(struct hostile *h)
{
	jump(h, TX, RING_SIZE + 1);
}

static void
avail_far(struct hostile *h)
{
	jump(h, TX, 0x8000);
}

static void
avail_back(struct hostile *h)
{
	jump(h, TX, UINT16_MAX);
}

static void
rx_avail_jump(struct hostile *h)
{
	jump(h, RX, RING_SIZE + 1); /* some may have been used by now */
}

static void
rx_bad_heads(struct hostile *h)
{
	for (unsigned i = 0; i < RING_SIZE; i++)
		split_avail(h, RX)->ring[i] = (uint16_t)(RING_SIZE + i);
}

/* The index goes back and forth, so that what was seen to be there no longer is. */
static void
avail_flutter(struct hostile *h)
{
	struct xd_vring_avail *avail = split_avail(h, TX);
	uint64_t until_ms = now_ms() + 200;

	good(h);
	memset(avail->ring, 0, RING_SIZE * sizeof(avail->ring[0]));
	while (now_ms() < until_ms) {
		uint16_t used = __atomic_load_n(&split_used(h, TX)->idx, __ATOMIC_ACQUIRE);

		__atomic_store_n(&avail->idx, (uint16_t)(used + RING_SIZE), __ATOMIC_RELEASE);
		__atomic_store_n(&avail->idx, used, __ATOMIC_RELEASE);
		kick(h, TX);
	}
}

/* The same buffer many times over: as if it were as many. */
static void
same_head(struct hostile *h)
{
	struct xd_vring_avail *avail = split_avail(h, TX);
	struct ring *r = &h->rings[TX];

	good(h);
	memset(avail->ring, 0, RING_SIZE * sizeof(avail->ring[0]));
	for (unsigned i = 0; i < 100; i++) {
		r->next += RING_SIZE;
		__atomic_store_n(&avail->idx, r->next, __ATOMIC_RELEASE);
		kick(h, TX);
		expect_back(h, TX);
	}
}

/* The receive buffers are all one: frames are written over each other. */
static void
rx_same_head(struct hostile *h)
{
	memset(split_avail(h, RX)->ring, 0, RING_SIZE * sizeof(uint16_t));
}

/* The used ring is the device's: what a guest writes there is not looked at. */
static void
used_scribbled(struct hostile *h)
{
	for (unsigned i = 0; i < 50; i++) {
		memset(split_used(h, TX), 0xff, 6 + 8 * RING_SIZE);
		send_frame(h, FRAME);
		usleep(1000);
	}
}

const struct attack attacks_split[] = {
	{"bad-head", RINGS_ANY, 0, FAULT, bad_head},
	{"far-head", RINGS_ANY, 0, FAULT, far_head},
	{"bad-next", RINGS_ANY, 0, FAULT, bad_next},
	{"self-loop", RINGS_ANY, 0, FAULT, self_loop},
	{"loop", RINGS_ANY, 0, FAULT, loop},
	{"indirect-loop", RINGS_ANY, 0, FAULT, indirect_loop},
	{"indirect-next", RINGS_ANY, 0, FAULT, indirect_next},
	{"avail-jump", RINGS_ANY, 0, FAULT, avail_jump},
	{"avail-far", RINGS_ANY, 0, FAULT, avail_far},
	{"avail-back", RINGS_ANY, 0, FAULT, avail_back},
	{"avail-flutter", RINGS_ANY, 0, EITHER, avail_flutter},
	{"rx-avail-jump", RINGS_ANY, 0, FAULT, rx_avail_jump},
	{"rx-bad-heads", RINGS_ANY, 0, FAULT, rx_bad_heads},
	{"same-head", RINGS_ANY, 0, HARMLESS, same_head},
	{"rx-same-head", RINGS_ANY, 0, HARMLESS, rx_same_head},
	{"used-scribbled", RINGS_ANY, 0, HARMLESS, used_scribbled},
	{0},
};
