/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hostile.h"

#define PATIENCE_MS 30000

struct xd_vring_desc *
split_desc(struct hostile *h, unsigned ring)
{
	return (struct xd_vring_desc *)(void *)ring_part(h, ring, DESC_OFFSET);
}

struct xd_vring_avail *
split_avail(struct hostile *h, unsigned ring)
{
	return (struct xd_vring_avail *)(void *)ring_part(h, ring, DRIVER_OFFSET);
}

struct xd_vring_used *
split_used(struct hostile *h, unsigned ring)
{
	return (struct xd_vring_used *)(void *)ring_part(h, ring, DEVICE_OFFSET);
}

struct xd_packed_desc *
packed_desc(struct hostile *h, unsigned ring)
{
	return (struct xd_packed_desc *)(void *)ring_part(h, ring, DESC_OFFSET);
}

/* ---- Coming up ---- */

void
ring_addr(struct hostile *h, unsigned ring, uint64_t desc, uint64_t driver, uint64_t device)
{
	struct xd_vu_vring_addr addr = {
		.index = ring, .desc = desc, .avail = driver, .used = device};

	say(h, XD_VU_SET_VRING_ADDR, &addr, sizeof(addr), -1);
}

void
ring_kick_call(struct hostile *h, unsigned ring)
{
	struct ring *r = &h->rings[ring];

	r->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	say_u64(h, XD_VU_SET_VRING_CALL, ring, r->call);
	say_u64(h, XD_VU_SET_VRING_KICK, ring, r->kick);
}

void
ring_up(struct hostile *h, unsigned ring)
{
	struct ring *r = &h->rings[ring];
	uint64_t at = h->user + RING_OFFSET(ring);

	if (r->size == 0)
		r->size = RING_SIZE;
	r->next = 0;
	r->wrap = true;
	r->offered = false;
	memset(ring_part(h, ring, 0), 0, 0x10000);
	if (ring == RX) {
		struct piece buffers[RING_SIZE];

		for (unsigned i = 0; i < RING_SIZE; i++)
			buffers[i] =
				(struct piece){HIGH + i * RX_ROOM, RX_ROOM, XD_VRING_DESC_F_WRITE};
		fill_rx(h, buffers, r->size < RING_SIZE ? r->size : RING_SIZE);
	}
	say_state(h, XD_VU_SET_VRING_NUM, ring, r->size);
	say_state(h, XD_VU_SET_VRING_BASE, ring, h->packed ? 0x80008000 : 0);
	ring_addr(h, ring, at + DESC_OFFSET, at + DRIVER_OFFSET, at + DEVICE_OFFSET);
	ring_kick_call(h, ring);
}

void
rings_up(struct hostile *h)
{
	ring_up(h, RX);
	ring_up(h, TX);
	say_state(h, XD_VU_SET_VRING_ENABLE, RX, 1);
	say_state(h, XD_VU_SET_VRING_ENABLE, TX, 1);
	expect_alive(h);
}

/* Every buffer a descriptor of its own, as many as the ring has. */
void
fill_rx(struct hostile *h, const struct piece *buffers, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		offer(h, RX, &buffers[i], 1);
}

/* ---- Making buffers available ---- */

static void
offer_split(struct hostile *h, unsigned ring, const struct piece *pieces, unsigned n)
{
	struct ring *r = &h->rings[ring];
	struct xd_vring_desc *desc = split_desc(h, ring);
	struct xd_vring_avail *avail = split_avail(h, ring);
	/* Receive buffers have a descriptor each; what is sent is waited for before the next. */
	uint16_t head = ring == RX ? r->next % r->size : 0;

	for (unsigned i = 0; i < n; i++) {
		bool last = i == n - 1;

		desc[(head + i) % r->size] = (struct xd_vring_desc){
			.addr = pieces[i].addr,
			.len = pieces[i].len,
			.flags = (uint16_t)(pieces[i].flags | (last ? 0 : XD_VRING_DESC_F_NEXT)),
			.next = last ? 0 : (uint16_t)((head + i + 1) % r->size),
		};
	}
	avail->ring[r->next % r->size] = head;
	r->next++;
	__atomic_store_n(&avail->idx, r->next, __ATOMIC_RELEASE);
}

static void
offer_packed(struct hostile *h, unsigned ring, const struct piece *pieces, unsigned n)
{
	struct ring *r = &h->rings[ring];
	struct xd_packed_desc *desc = packed_desc(h, ring);
	uint16_t first = r->next, first_flags = 0;

	r->last = r->next;
	r->last_wrap = r->wrap;
	r->offered = true;
	for (unsigned i = 0; i < n; i++) {
		struct xd_packed_desc *d = &desc[r->next];
		uint16_t flags =
			(uint16_t)(pieces[i].flags | (i < n - 1 ? XD_VRING_DESC_F_NEXT : 0));

		flags |= r->wrap ? XD_PACKED_DESC_F_AVAIL : XD_PACKED_DESC_F_USED;
		d->addr = pieces[i].addr;
		d->len = pieces[i].len;
		d->id = first;
		/* The first descriptor's flags show all of them: last. */
		if (i == 0)
			first_flags = flags;
		else
			__atomic_store_n(&d->flags, flags, __ATOMIC_RELAXED);
		if (++r->next == r->size) {
			r->next = 0;
			r->wrap = !r->wrap;
		}
	}
	__atomic_store_n(&desc[first].flags, first_flags, __ATOMIC_RELEASE);
}

void
offer(struct hostile *h, unsigned ring, const struct piece *pieces, unsigned n)
{
	if (h->packed)
		offer_packed(h, ring, pieces, n);
	else
		offer_split(h, ring, pieces, n);
}

struct piece
indirect(struct hostile *h, const struct piece *pieces, unsigned n)
{
	uint8_t *table = h->memory + TABLE_OFFSET;

	for (unsigned i = 0; i < n; i++) {
		uint16_t next = h->packed || i == n - 1 ? 0 : XD_VRING_DESC_F_NEXT;
		struct xd_vring_desc d = {
			.addr = pieces[i].addr,
			.len = pieces[i].len,
			.flags = pieces[i].flags | next,
			.next = (uint16_t)(next ? i + 1 : 0),
		};
		struct xd_packed_desc p = {
			.addr = d.addr, .len = d.len, .id = 0, .flags = pieces[i].flags};

		if (h->packed)
			memcpy(table + i * sizeof(p), &p, sizeof(p));
		else
			memcpy(table + i * sizeof(d), &d, sizeof(d));
	}
	return (struct piece){LOW + TABLE_OFFSET, n * 16, XD_VRING_DESC_F_INDIRECT};
}

void
kick(struct hostile *h, unsigned ring)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	eventfd_write(h->rings[ring].kick, 1);
}

/* ---- What the device gives back ---- */

bool
all_back(struct hostile *h, unsigned ring)
{
	const struct ring *r = &h->rings[ring];

	if (!h->packed)
		return __atomic_load_n(&split_used(h, ring)->idx, __ATOMIC_ACQUIRE) == r->next;
	/* Buffers come back in order, and the first descriptor of each says so. */
	return !r->offered ||
	       xd_packed_is_used(
		       __atomic_load_n(&packed_desc(h, ring)[r->last].flags, __ATOMIC_ACQUIRE),
		       r->last_wrap);
}

void
expect_back(struct hostile *h, unsigned ring)
{
	uint64_t until_ms = now_ms() + PATIENCE_MS;

	while (!all_back(h, ring)) {
		if (now_ms() > until_ms)
			die("the switch did not give the buffers back");
		usleep(100);
	}
}

void
refill_rx(struct hostile *h)
{
	struct ring *r = &h->rings[RX];

	if (!h->packed) {
		r->next = (uint16_t)(__atomic_load_n(&split_used(h, RX)->idx, __ATOMIC_ACQUIRE) +
				     r->size);
		__atomic_store_n(&split_avail(h, RX)->idx, r->next, __ATOMIC_RELEASE);
		return;
	}
	for (unsigned i = 0; i < r->size; i++) {
		struct xd_packed_desc *d = &packed_desc(h, RX)[r->next];
		struct piece buffer = {HIGH + r->next * RX_ROOM, RX_ROOM, XD_VRING_DESC_F_WRITE};

		if (!xd_packed_is_used(__atomic_load_n(&d->flags, __ATOMIC_ACQUIRE), !r->wrap))
			return;
		offer(h, RX, &buffer, 1);
	}
}

/* ---- Frames ---- */

uint64_t
put_frame(struct hostile *h, uint32_t bytes)
{
	static const uint8_t ethernet[] = {
		0x02, 0x51, 0x4b, 0, 0, 1, 0x02, 0x66, 0x66, 0, 0, 1, 0x88, 0xb5};
	uint8_t *at = h->memory + FRAME_OFFSET;

	memset(at, 0, HDR + bytes);
	memcpy(at + HDR, ethernet, bytes < sizeof(ethernet) ? bytes : sizeof(ethernet));
	return LOW + FRAME_OFFSET;
}

void
send_frame(struct hostile *h, uint32_t bytes)
{
	struct piece piece = {put_frame(h, bytes), HDR + bytes, 0};

	offer(h, TX, &piece, 1);
	kick(h, TX);
}
