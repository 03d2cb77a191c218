/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtqueue of either kind, device side against driver side, in one piece of memory: for the
 * tests of the device side. */
#ifndef TEST_RING_ENV_H
#define TEST_RING_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "virtqueue/device.h"
#include "virtqueue/driver.h"

#define GUEST_BASE 0x100000000ull
#define USER_BASE  0x7f0000000000ull
#define MEM_BYTES  (8u << 20)
#define BUF_OFFSET (2u << 20)
#define BUF_BYTES  4096
#define HDR        12

struct kind {
	const char *name;
	bool packed, in_order;
};

struct variant {
	uint16_t size;
	bool event_idx, mergeable;
};

struct ring {
	const struct kind *kind;
	uint8_t *mem;
	struct xd_guest_memory guest;
	struct xd_vq_driver driver;
	struct xd_vq vq;
	struct xd_vq_setup setup;
	struct xd_batch batch;
	struct xd_counters counters;
	struct xd_drops drops;
	uint16_t size;
	int call_fd;
};

static inline uint64_t
buf_addr(unsigned i)
{
	return GUEST_BASE + BUF_OFFSET + (uint64_t)i * BUF_BYTES;
}

static inline uint8_t *
buf(struct ring *r, unsigned i)
{
	return r->mem + BUF_OFFSET + (size_t)i * BUF_BYTES;
}

/* Packed rings begin at descriptor 0 with both wrap counters 1. */
static inline uint16_t
first_position(const struct kind *kind)
{
	return kind->packed ? XD_PACKED_WRAP : 0;
}

static inline struct ring *
make_ring(const struct kind *kind, const struct variant *v)
{
	struct ring *r = aligned_alloc(64, (sizeof(*r) + 63) / 64 * 64);
	void *desc, *driver, *device;
	struct xd_error err;

	assert_non_null(r);
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->size = v->size;
	r->mem = aligned_alloc(4096, MEM_BYTES);
	assert_non_null(r->mem);
	memset(r->mem, 0, MEM_BYTES);
	/* Two regions side by side in host memory and far apart for the guest. */
	r->guest.n = 2;
	r->guest.regions[0] = (struct xd_guest_region){.guest_addr = GUEST_BASE,
		.user_addr = USER_BASE,
		.size = MEM_BYTES / 2,
		.host = r->mem};
	r->guest.regions[1] = (struct xd_guest_region){.guest_addr = GUEST_BASE + MEM_BYTES / 2,
		.user_addr = USER_BASE + MEM_BYTES / 2,
		.size = MEM_BYTES / 2,
		.host = r->mem + MEM_BYTES / 2};
	assert_int_equal(xd_vq_driver_init(&r->driver, r->mem, v->size, kind->packed, v->event_idx,
				 kind->in_order),
		0);
	xd_vq_driver_areas(&r->driver, &desc, &driver, &device);
	r->call_fd = eventfd(0, EFD_NONBLOCK);
	r->setup = (struct xd_vq_setup){
		.size = v->size,
		.base = first_position(kind),
		.desc_addr = USER_BASE + (uint64_t)((uint8_t *)desc - r->mem),
		.avail_addr = USER_BASE + (uint64_t)((uint8_t *)driver - r->mem),
		.used_addr = USER_BASE + (uint64_t)((uint8_t *)device - r->mem),
		.packed = kind->packed,
		.in_order = kind->in_order,
		.event_idx = v->event_idx,
		.indirect = true,
		.mergeable = v->mergeable,
		.call_fd = r->call_fd,
		.drops = &r->drops,
	};
	assert_int_equal(xd_vq_setup(&r->vq, &r->guest, &r->setup, &err), 0);
	r->vq.live = true;
	return r;
}

static inline void
free_ring(struct ring *r)
{
	xd_vq_driver_fini(&r->driver);
	close(r->call_fd);
	free(r->mem);
	free(r);
}

static inline uint8_t
pattern(unsigned seed, unsigned i)
{
	return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

/* Header and frame of len bytes in buffer b. */
static inline void
fill(struct ring *r, unsigned b, uint32_t len, unsigned seed)
{
	memset(buf(r, b), 0, HDR);
	for (unsigned i = 0; i < len; i++)
		buf(r, b)[HDR + i] = pattern(seed, i);
}

static inline void
assert_frame(struct xd_frame *f, uint32_t len, unsigned seed)
{
	static uint8_t bytes[XD_FRAME_MAX];

	assert_int_equal(f->len, len);
	xd_frame_gather(f, bytes);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(bytes[i], pattern(seed, i));
}

static inline int
get(struct ring *r, uintptr_t *cookie, uint32_t *len)
{
	void *got = NULL;
	int rc = xd_vq_driver_get(&r->driver, &got, len);

	*cookie = (uintptr_t)got;
	return rc;
}

static inline void
assert_none_returned(struct ring *r)
{
	uintptr_t cookie;
	uint32_t len;

	assert_int_equal(get(r, &cookie, &len), 0);
}

/* A buffer that was only read comes back. */
static inline void
expect_returned(struct ring *r, uintptr_t cookie)
{
	uintptr_t got;
	uint32_t len;

	assert_int_equal(get(r, &got, &len), 1);
	assert_int_equal(got, cookie);
	assert_int_equal(len, 0);
}

/* A frame for the guest: its first bytes in the snapshot, the others in body, in two pieces as a
 * chain may have it. */
static inline void
make_frame(struct xd_frame *f, struct xd_seg *segs, uint8_t *body, uint32_t len, unsigned seed)
{
	memset(f, 0, sizeof(*f));
	f->start = XD_HEADROOM;
	f->len = len;
	f->head_len = (uint8_t)RTE_MIN(len, (uint32_t)XD_HEAD);
	for (unsigned i = 0; i < len; i++) {
		if (i < XD_HEAD)
			f->buf[XD_HEADROOM + i] = pattern(seed, i);
		else
			body[i] = pattern(seed, i);
	}
	if (len > XD_HEAD) {
		uint32_t first = (len - XD_HEAD + 1) / 2;

		segs[0] = (struct xd_seg){body + XD_HEAD, first};
		segs[1] = (struct xd_seg){body + XD_HEAD + first, len - XD_HEAD - first};
		f->segs = segs;
		f->nb_segs = segs[1].len ? 2 : 1;
	}
}

/* A guest that breaks a rule, and which one it is. */
struct bad {
	const char *what;
	enum xd_vq_fault fault;
	void (*break_it)(struct ring *r);
};

/* Each stops a transmit queue, with that fault. */
static inline void
assert_each_stops_the_ring(
	const struct kind *kind, uint16_t size, const struct bad *bads, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct ring *r = make_ring(kind, &(struct variant){size, true, true});

		bads[i].break_it(r);
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 0);
		if (r->vq.fault != bads[i].fault)
			fail_msg("%s: fault %s", bads[i].what, xd_vq_fault_text(r->vq.fault));
		assert_false(r->vq.live);
		free_ring(r);
	}
}

#endif
