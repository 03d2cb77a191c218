/* SPDX-License-Identifier: BSD-3-Clause */
/* What only a packed ring can say: virtio 1.2, 2.8. */
#include <unistd.h>

#include "hostile.h"

#define NEXT_ XD_VRING_DESC_F_NEXT

/* The good buffer, in one descriptor, with flags of the caller's; nothing is counted. */
static void
put(struct hostile *h, unsigned at, uint16_t flags)
{
	struct xd_packed_desc *d = &packed_desc(h, TX)[at];

	d->addr = put_frame(h, FRAME);
	d->len = HDR + FRAME;
	d->id = (uint16_t)at;
	__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
}

/* Every descriptor says that another follows. */
static void
endless_chain(struct hostile *h)
{
	for (unsigned i = RING_SIZE; i-- > 0;)
		put(h, i, XD_PACKED_DESC_F_AVAIL | NEXT_);
	kick(h, TX);
}

/* A chain that goes on into descriptors which were never made available: whatever they hold. */
static void
chain_into_nothing(struct hostile *h)
{
	put(h, 0, XD_PACKED_DESC_F_AVAIL | NEXT_);
	kick(h, TX);
}

static void
wild_ids(struct hostile *h)
{
	for (unsigned i = 0; i < RING_SIZE; i++) {
		put(h, i, 0);
		packed_desc(h, TX)[i].id = UINT16_MAX;
	}
	for (unsigned i = RING_SIZE; i-- > 0;)
		packed_desc(h, TX)[i].flags = XD_PACKED_DESC_F_AVAIL;
	kick(h, TX);
}

/* Flags of the other lap, and of both at once: not available. */
static void
wrong_lap(struct hostile *h)
{
	for (unsigned i = 0; i < RING_SIZE; i++)
		put(h, i, XD_PACKED_DESC_F_USED);
	kick(h, TX);
	usleep(50000);
	for (unsigned i = 0; i < RING_SIZE; i++)
		put(h, i, XD_PACKED_DESC_F_USED | XD_PACKED_DESC_F_AVAIL);
	kick(h, TX);
}

/* Descriptors that are available again the moment they are used, on whatever lap: work without
 * end, of which a turn takes its share. */
static void
wrap_flutter(struct hostile *h)
{
	uint64_t until_ms = now_ms() + 300;

	for (unsigned i = 0; i < RING_SIZE; i++)
		put(h, i, XD_PACKED_DESC_F_AVAIL);
	for (unsigned n = 0; n % 64 || now_ms() < until_ms; n++) {
		struct xd_packed_desc *d = &packed_desc(h, TX)[n % RING_SIZE];
		uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_RELAXED);

		/* The device writes the flags of an empty buffer when it is done. */
		__atomic_store_n(&d->flags,
			flags & XD_PACKED_DESC_F_AVAIL ? XD_PACKED_DESC_F_USED
						       : XD_PACKED_DESC_F_AVAIL,
			__ATOMIC_RELEASE);
		if (n % 256 == 0)
			kick(h, TX);
	}
}

/* What the device is to tell, and when: any value will do, none may hurt. */
static void
wild_events(struct hostile *h)
{
	static const uint16_t flags[] = {0, 1, 2, 3, 0xfffc, 0xffff};
	struct xd_packed_event *event =
		(struct xd_packed_event *)(void *)ring_part(h, TX, DRIVER_OFFSET);

	for (unsigned i = 0; i < 60; i++) {
		event->off_wrap = (uint16_t)(i * 1111 + 0x7f00);
		__atomic_store_n(&event->flags, flags[i % 6], __ATOMIC_RELEASE);
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

/* The device's own area is not read back. */
static void
device_area_scribbled(struct hostile *h)
{
	struct xd_packed_event *event =
		(struct xd_packed_event *)(void *)ring_part(h, TX, DEVICE_OFFSET);

	for (unsigned i = 0; i < 50; i++) {
		event->off_wrap = event->flags = 0xffff;
		send_frame(h, FRAME);
		expect_back(h, TX);
	}
}

/* Good chains of three on a ring of 256, so that one in every few laps lies across the end. */
static void
chain_across_end(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);

	for (unsigned i = 0; i < 300; i++) {
		offer(h, TX,
			(struct piece[]){{at, HDR, 0}, {at + HDR, 20, 0}, {at + HDR + 20, 40, 0}},
			3);
		kick(h, TX);
		expect_back(h, TX);
	}
}

/* Flags that mean nothing in an indirect table, among others NEXT. */
static void
indirect_flags(struct hostile *h)
{
	uint64_t at = put_frame(h, FRAME);
	struct piece table = indirect(h,
		(struct piece[]){{at, HDR, 0x8080 | NEXT_}, {at + HDR, FRAME, 0x7ff8 | NEXT_}}, 2);

	offer(h, TX, &table, 1);
	kick(h, TX);
}

const struct attack attacks_packed[] = {
	{"endless-chain", RINGS, PACKED, FAULT, endless_chain},
	{"chain-into-nothing", RINGS, PACKED, FAULT, chain_into_nothing},
	{"wild-ids", RINGS, PACKED, HARMLESS, wild_ids},
	{"wrong-lap", RINGS, PACKED, HARMLESS, wrong_lap},
	{"wrap-flutter", RINGS, PACKED, EITHER, wrap_flutter},
	{"wild-events", RINGS, PACKED, HARMLESS, wild_events},
	{"device-area-scribbled", RINGS, PACKED, HARMLESS, device_area_scribbled},
	{"chain-across-end", RINGS, PACKED, HARMLESS, chain_across_end},
	{"indirect-flags", RINGS, PACKED, EITHER, indirect_flags},
	{0},
};
