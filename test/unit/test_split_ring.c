/* SPDX-License-Identifier: BSD-3-Clause */
/* The split ring, device side against driver side, in one piece of memory. */
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
#include "virtqueue/split_driver.h"

#define GUEST_BASE 0x100000000ull
#define USER_BASE  0x7f0000000000ull
#define MEM_BYTES  (8u << 20)
#define BUF_OFFSET (2u << 20)
#define BUF_BYTES  4096
#define HDR        12

struct ring {
	uint8_t *mem;
	struct xd_guest_memory guest;
	struct xd_split_driver driver;
	struct xd_vq vq;
	struct xd_batch batch;
	struct xd_counters counters;
	struct xd_drops drops;
	uint16_t size;
	int call_fd;
};

struct variant {
	uint16_t size;
	bool event_idx, mergeable;
};

static uint64_t
buf_addr(unsigned i)
{
	return GUEST_BASE + BUF_OFFSET + (uint64_t)i * BUF_BYTES;
}

static uint8_t *
buf(struct ring *r, unsigned i)
{
	return r->mem + BUF_OFFSET + (size_t)i * BUF_BYTES;
}

static struct ring *
make_ring(const struct variant *v)
{
	struct ring *r = aligned_alloc(64, (sizeof(*r) + 63) / 64 * 64);
	struct xd_error err;
	struct xd_vq_setup setup = {
		.size = v->size,
		.event_idx = v->event_idx,
		.indirect = true,
		.mergeable = v->mergeable,
		.drops = &r->drops,
	};

	memset(r, 0, sizeof(*r));
	r->size = v->size;
	r->mem = aligned_alloc(4096, MEM_BYTES);
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
	assert_int_equal(xd_split_driver_init(&r->driver, r->mem, v->size, v->event_idx), 0);
	r->call_fd = eventfd(0, EFD_NONBLOCK);
	setup.call_fd = r->call_fd;
	setup.desc_addr = USER_BASE + (uint64_t)((uint8_t *)r->driver.desc - r->mem);
	setup.avail_addr = USER_BASE + (uint64_t)((uint8_t *)r->driver.avail - r->mem);
	setup.used_addr = USER_BASE + (uint64_t)((uint8_t *)r->driver.used - r->mem);
	assert_int_equal(xd_vq_setup(&r->vq, &r->guest, &setup, &err), 0);
	r->vq.live = true;
	return r;
}

static void
free_ring(struct ring *r)
{
	xd_split_driver_fini(&r->driver);
	close(r->call_fd);
	free(r->mem);
	free(r);
}

static int
setup(void **state)
{
	*state = make_ring(&(struct variant){64, true, true});
	return 0;
}

static int
teardown(void **state)
{
	free_ring(*state);
	return 0;
}

static uint8_t
pattern(unsigned seed, unsigned i)
{
	return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

/* Cuts header and frame of `len` bytes, laid out in buffer b, at the given sizes. */
static unsigned
cut(uint64_t addr, uint32_t len, const uint32_t *sizes, unsigned n, struct xd_split_piece *pieces)
{
	unsigned i = 0;

	for (; len; i++) {
		uint32_t part = i < n && sizes[i] < len ? sizes[i] : len;

		pieces[i] = (struct xd_split_piece){addr, part, false};
		addr += part;
		len -= part;
	}
	return i;
}

static void
fill(struct ring *r, unsigned b, uint32_t len, unsigned seed)
{
	memset(buf(r, b), 0, HDR);
	for (unsigned i = 0; i < len; i++)
		buf(r, b)[HDR + i] = pattern(seed, i);
}

static void
assert_frame(struct xd_frame *f, uint32_t len, unsigned seed)
{
	static uint8_t bytes[XD_FRAME_MAX];

	assert_int_equal(f->len, len);
	xd_frame_gather(f, bytes);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(bytes[i], pattern(seed, i));
}

static void
expect_returned(struct ring *r, uintptr_t cookie)
{
	void *got;
	uint32_t len;

	assert_int_equal(xd_split_driver_get(&r->driver, &got, &len), 1);
	assert_int_equal((uintptr_t)got, cookie);
	assert_int_equal(len, 0);
}

/* ---- The guest transmits ---- */

static const uint32_t shapes[][5] = {
	{0},               /* one descriptor */
	{12},              /* header apart */
	{12, 14},          /* and the Ethernet header */
	{1, 1, 10, 1, 13}, /* header and frame in crumbs */
	{5, 7, 60, 64, 4}, /* the snapshot ends within a piece */
	{14, 126, 1},      /* and on the border of one */
	{140},
};

static const uint32_t lengths[] = {
	14, 15, 52, 60, 63, 64, 65, 100, 127, 128, 129, 191, 192, 193, 256, 1500, 1514, 4000};

static void
every_shape_is_read(void **state)
{
	struct ring *r = *state;
	unsigned seed = 0;

	for (unsigned s = 0; s < RTE_DIM(shapes); s++) {
		for (unsigned l = 0; l < RTE_DIM(lengths); l++) {
			struct xd_split_piece pieces[16];
			unsigned nb_cuts = 0, n;

			while (nb_cuts < 5 && shapes[s][nb_cuts])
				nb_cuts++;
			seed++;
			fill(r, 0, lengths[l], seed);
			n = cut(buf_addr(0), HDR + lengths[l], shapes[s], nb_cuts, pieces);
			assert_int_equal(
				xd_split_driver_add(&r->driver, pieces, n, (void *)(uintptr_t)seed),
				0);
			xd_split_driver_publish(&r->driver);
			assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
			assert_frame(&r->batch.frames[0], lengths[l], seed);
			/* Looked at, not yet given back. */
			assert_int_equal(
				xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 0);
			xd_vq_release(&r->vq, &r->batch);
			expect_returned(r, seed);
		}
	}
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

static void
every_shape_is_read_indirect(void **state)
{
	struct ring *r = *state;
	struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)buf(r, 8);
	struct xd_split_piece pieces[16];

	for (unsigned s = 0; s < RTE_DIM(shapes); s++) {
		unsigned nb_cuts = 0, n;

		while (nb_cuts < 5 && shapes[s][nb_cuts])
			nb_cuts++;
		fill(r, 0, 1500, s);
		n = cut(buf_addr(0), HDR + 1500, shapes[s], nb_cuts, pieces);
		assert_int_equal(xd_split_driver_add_indirect(
					 &r->driver, pieces, n, table, buf_addr(8), (void *)7),
			0);
		xd_split_driver_publish(&r->driver);
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
		assert_frame(&r->batch.frames[0], 1500, s);
		xd_vq_release(&r->vq, &r->batch);
		expect_returned(r, 7);
	}
}

static void
a_buffer_across_two_regions(void **state)
{
	struct ring *r = *state;
	uint32_t offset = MEM_BYTES / 2 - 100;
	struct xd_split_piece piece = {GUEST_BASE + offset, HDR + 1000, false};

	for (unsigned i = 0; i < 1000; i++)
		r->mem[offset + HDR + i] = pattern(3, i);
	xd_split_driver_add(&r->driver, &piece, 1, (void *)1);
	xd_split_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
	assert_frame(&r->batch.frames[0], 1000, 3);
	assert_true(r->batch.frames[0].nb_segs >= 1);
}

static void
the_ring_wraps_many_times(void **state)
{
	struct ring *r = *state;
	uintptr_t sent = 0, seen = 0;

	/* Past 65536 entries, in uneven steps, so that indices wrap and bursts straddle the end. */
	while (seen < 70000) {
		unsigned step = 1 + sent % 37;
		struct xd_split_piece piece = {0, HDR + 60, false};

		for (unsigned i = 0; i < step && r->driver.nb_free; i++) {
			unsigned b = sent % r->size;

			fill(r, b, 60, (unsigned)sent);
			piece.addr = buf_addr(b);
			assert_int_equal(
				xd_split_driver_add(&r->driver, &piece, 1, (void *)sent), 0);
			sent++;
		}
		xd_split_driver_publish(&r->driver);
		xd_vq_dequeue(&r->vq, &r->batch);
		for (unsigned i = 0; i < r->batch.n; i++)
			assert_frame(&r->batch.frames[i], 60, (unsigned)(seen + i));
		xd_vq_release(&r->vq, &r->batch);
		for (unsigned i = 0; i < r->batch.n; i++)
			expect_returned(r, seen++);
	}
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

static void
a_turn_is_bounded(void **state)
{
	struct ring *r = *state;
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	for (unsigned i = 0; i < r->size; i++)
		xd_split_driver_add(&r->driver, &piece, 1, NULL);
	xd_split_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), XD_BATCH);
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), XD_BATCH);
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 0);
}

/* Many descriptors a frame: the batch has places for XD_BATCH_SEGS, and what is over waits. */
static void
a_turn_is_bounded_in_segments(void **unused)
{
	struct ring *r = make_ring(&(struct variant){1024, false, true});
	struct xd_split_piece pieces[40];
	unsigned total = 0;

	(void)unused;
	for (unsigned i = 0; i < 40; i++)
		pieces[i] = (struct xd_split_piece){buf_addr(0) + i * 100, 100, false};
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(xd_split_driver_add(&r->driver, pieces, 40, NULL), 0);
	xd_split_driver_publish(&r->driver);
	for (unsigned turns = 0; total < 20; turns++) {
		assert_true(turns < 20);
		total += xd_vq_dequeue(&r->vq, &r->batch);
		assert_true(r->batch.n > 0);
		assert_true(r->batch.nb_segs <= XD_BATCH_SEGS);
		for (unsigned i = 0; i < r->batch.n; i++)
			assert_int_equal(r->batch.frames[i].len, 4000 - HDR);
		xd_vq_release(&r->vq, &r->batch);
	}
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

static void
what_is_no_frame_is_given_back(void **unused)
{
	struct ring *r = make_ring(&(struct variant){1024, false, true});
	struct xd_split_piece runt = {buf_addr(0), HDR + 13, false};
	struct xd_split_piece nothing = {buf_addr(0), HDR, false};
	struct xd_split_piece giant[20];
	static struct xd_split_piece crumbs[600];

	(void)unused;
	for (unsigned i = 0; i < 20; i++)
		giant[i] = (struct xd_split_piece){buf_addr(0), 4000, false};
	for (unsigned i = 0; i < 600; i++)
		crumbs[i] = (struct xd_split_piece){buf_addr(0) + i, 1, false};
	xd_split_driver_add(&r->driver, &runt, 1, (void *)1);
	xd_split_driver_add(&r->driver, &nothing, 1, (void *)2);
	xd_split_driver_add(&r->driver, giant, 20, (void *)3);
	xd_split_driver_add(&r->driver, crumbs, 600, (void *)4);
	xd_split_driver_publish(&r->driver);
	xd_vq_dequeue(&r->vq, &r->batch);
	assert_int_equal(r->batch.n, 0);
	assert_true(r->batch.nb_done > 0);
	xd_vq_release(&r->vq, &r->batch);
	while (xd_vq_dequeue(&r->vq, &r->batch), r->batch.nb_done)
		xd_vq_release(&r->vq, &r->batch);
	expect_returned(r, 1);
	expect_returned(r, 2);
	expect_returned(r, 3);
	expect_returned(r, 4);
	assert_int_equal(r->drops.n[XD_DROP_RUNT], 2);
	assert_int_equal(r->drops.n[XD_DROP_TOO_LONG], 2);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

/* ---- The guest receives ---- */

static void
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
		/* In two pieces, as a guest's chain may have it. */
		uint32_t first = (len - XD_HEAD + 1) / 2;

		segs[0] = (struct xd_seg){body + XD_HEAD, first};
		segs[1] = (struct xd_seg){body + XD_HEAD + first, len - XD_HEAD - first};
		f->segs = segs;
		f->nb_segs = segs[1].len ? 2 : 1;
	}
}

/* Offers buffer b in pieces of the given sizes; the last has what is left of `bytes`. */
static void
offer(struct ring *r, unsigned b, uint32_t bytes, const uint32_t *sizes, unsigned n)
{
	struct xd_split_piece pieces[16];
	unsigned count;

	memset(buf(r, b), 0xee, BUF_BYTES);
	count = cut(buf_addr(b), bytes, sizes, n, pieces);
	for (unsigned i = 0; i < count; i++)
		pieces[i].write = true;
	assert_int_equal(xd_split_driver_add(&r->driver, pieces, count, (void *)(uintptr_t)b), 0);
	xd_split_driver_publish(&r->driver);
}

static void
assert_received(struct ring *r, unsigned b, uint32_t len, unsigned seed)
{
	static const uint8_t header[HDR] = {[10] = 1};
	void *cookie;
	uint32_t used;

	assert_int_equal(xd_split_driver_get(&r->driver, &cookie, &used), 1);
	assert_int_equal((uintptr_t)cookie, b);
	assert_int_equal(used, HDR + len);
	assert_memory_equal(buf(r, b), header, HDR);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(buf(r, b)[HDR + i], pattern(seed, i));
	/* Not a byte more: what follows would be somebody else's. */
	assert_int_equal(buf(r, b)[HDR + len], 0xee);
}

static void
every_shape_is_written(void **state)
{
	static uint8_t body[8192];
	struct ring *r = *state;
	unsigned seed = 0;

	for (unsigned s = 0; s < RTE_DIM(shapes); s++) {
		for (unsigned l = 0; l < RTE_DIM(lengths); l++) {
			struct xd_frame f, *frames[] = {&f};
			struct xd_seg segs[2];
			unsigned nb_cuts = 0;

			while (nb_cuts < 5 && shapes[s][nb_cuts])
				nb_cuts++;
			make_frame(&f, segs, body, lengths[l], ++seed);
			offer(r, seed % 8, BUF_BYTES - 4, shapes[s], nb_cuts);
			assert_int_equal(
				xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
			assert_received(r, seed % 8, lengths[l], seed);
		}
	}
	assert_int_equal(r->counters.tx_frames, seed);
}

static void
a_short_frame_leaves_nothing_of_a_longer_one(void **state)
{
	static uint8_t body[2048];
	struct ring *r = *state;
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];

	memset(&f, 0x77, sizeof(f));
	offer(r, 0, BUF_BYTES, NULL, 0);
	make_frame(&f, segs, body, 60, 1);
	memset(f.buf + XD_HEADROOM + 60, 0x77, XD_HEAD - 60);
	xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters);
	assert_received(r, 0, 60, 1);
}

static void
a_pushed_tag_is_written(void **state)
{
	static uint8_t body[2048];
	struct ring *r = *state;
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];
	uint8_t *data;

	for (uint32_t len = 60; len <= 1500; len += 72) {
		make_frame(&f, segs, body, len, 5);
		data = xd_frame_push(&f, 4);
		memset(data, 0x11, 4);
		offer(r, 1, BUF_BYTES, NULL, 0);
		assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
		assert_int_equal(xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
		assert_int_equal(buf(r, 1)[HDR + 3], 0x11);
		for (unsigned i = 0; i < len; i++)
			assert_int_equal(buf(r, 1)[HDR + 4 + i], pattern(5, i));
		assert_int_equal(buf(r, 1)[HDR + 4 + len], 0xee);
	}
}

static void
a_frame_takes_several_buffers(void **state)
{
	static uint8_t body[16384];
	struct ring *r = *state;
	struct xd_frame small, big, *frames[] = {&small, &big, &small};
	struct xd_seg small_segs[2], segs[2];
	uint32_t at = 0;

	make_frame(&small, small_segs, body, 100, 1);
	make_frame(&big, segs, body, 9000, 2);
	for (unsigned b = 0; b < 12; b++)
		offer(r, b, 1526, NULL, 0);
	assert_int_equal(xd_vq_enqueue(&r->vq, frames, 3, UINT16_MAX, &r->counters), 3);
	assert_received(r, 0, 100, 1);
	assert_int_equal(buf(r, 1)[10], 6); /* num_buffers: 9012 bytes in pieces of 1526 */
	for (unsigned b = 1; b <= 6; b++) {
		void *cookie;
		uint32_t used, begin = b == 1 ? HDR : 0;

		assert_int_equal(xd_split_driver_get(&r->driver, &cookie, &used), 1);
		assert_int_equal((uintptr_t)cookie, b);
		for (unsigned i = begin; i < used; i++)
			assert_int_equal(buf(r, b)[i], pattern(2, at++));
	}
	assert_int_equal(at, 9000);
	assert_received(r, 7, 100, 1);
}

static void
a_frame_too_many_for_the_buffers_waits(void **state)
{
	static uint8_t body[16384];
	struct ring *r = *state;
	struct xd_frame big, small, *frames[] = {&big}, *smalls[] = {&small, &small, &small};
	struct xd_seg segs[2], small_segs[2];

	make_frame(&big, segs, body, 9000, 2);
	make_frame(&small, small_segs, body, 60, 3);
	for (unsigned b = 0; b < 2; b++)
		offer(r, b, 1526, NULL, 0);
	assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 0);
	assert_int_equal(xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 0);
	/* The buffers are still there for what fits. */
	assert_int_equal(xd_vq_enqueue(&r->vq, smalls, 3, UINT16_MAX, &r->counters), 2);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

static void
without_mergeable_buffers_what_does_not_fit_is_dropped(void **unused)
{
	static uint8_t body[16384];
	struct ring *r = make_ring(&(struct variant){64, false, false});
	struct xd_frame big, small, *frames[] = {&big, &small};
	struct xd_seg segs[2], small_segs[2];

	(void)unused;
	make_frame(&big, segs, body, 3000, 2);
	make_frame(&small, small_segs, body, 60, 3);
	offer(r, 0, 1526, NULL, 0);
	assert_int_equal(xd_vq_enqueue(&r->vq, frames, 2, UINT16_MAX, &r->counters), 2);
	assert_int_equal(r->drops.n[XD_DROP_MTU], 1);
	assert_int_equal(xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

static void
the_mtu_holds(void **state)
{
	static uint8_t body[16384];
	struct ring *r = *state;
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];

	make_frame(&f, segs, body, 1519, 2);
	offer(r, 0, BUF_BYTES, NULL, 0);
	assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, 1518, &r->counters), 1);
	assert_int_equal(r->drops.n[XD_DROP_MTU], 1);
	assert_int_equal(r->counters.tx_frames, 0);
	assert_int_equal(xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 0);
}

/* ---- Notifications ---- */

static uint64_t
interrupts(struct ring *r)
{
	uint64_t count = 0;

	return read(r->call_fd, &count, sizeof(count)) < 0 ? 0 : count;
}

static void
turn(struct ring *r)
{
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	xd_split_driver_add(&r->driver, &piece, 1, NULL);
	xd_split_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
	xd_vq_release(&r->vq, &r->batch);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_vq_notify_released(&r->vq, &r->counters);
	assert_int_equal(xd_split_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
}

static void
interrupts_as_asked(void **unused)
{
	(void)unused;
	for (int event_idx = 0; event_idx < 2; event_idx++) {
		struct ring *r = make_ring(&(struct variant){64, event_idx, true});

		assert_false(xd_split_driver_interrupts_on(&r->driver));
		turn(r);
		assert_int_equal(interrupts(r), 1);
		/* Nothing happened since: nothing is told. */
		xd_vq_notify_released(&r->vq, &r->counters);
		assert_int_equal(interrupts(r), 0);
		xd_split_driver_interrupts_off(&r->driver);
		for (unsigned i = 0; i < 1000; i++)
			turn(r);
		assert_int_equal(interrupts(r), 0);
		assert_int_equal(r->counters.notify_suppressed, 1000);
		assert_false(xd_split_driver_interrupts_on(&r->driver));
		turn(r);
		assert_int_equal(interrupts(r), 1);
		free_ring(r);
	}
}

static void
kicks_as_asked(void **unused)
{
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	(void)unused;
	for (int event_idx = 0; event_idx < 2; event_idx++) {
		struct ring *r = make_ring(&(struct variant){64, event_idx, true});

		assert_false(xd_vq_arm(&r->vq));
		xd_split_driver_add(&r->driver, &piece, 1, NULL);
		assert_true(xd_split_driver_publish(&r->driver));
		/* Came before it was armed again. */
		assert_true(xd_vq_arm(&r->vq));
		xd_vq_disarm(&r->vq);
		xd_vq_dequeue(&r->vq, &r->batch);
		xd_vq_release(&r->vq, &r->batch);
		for (unsigned i = 0; i < 40; i++)
			xd_split_driver_add(&r->driver, &piece, 1, NULL);
		/* Polling: no kicks. */
		if (!event_idx)
			assert_false(xd_split_driver_publish(&r->driver));
		free_ring(r);
	}
}

/* ---- Guests that break the rules ---- */

struct bad {
	const char *what;
	enum xd_vq_fault fault;
	void (*break_it)(struct ring *r);
};

static void
publish_raw(struct ring *r, uint16_t head)
{
	r->driver.avail->ring[r->driver.avail->idx & r->driver.mask] = head;
	r->driver.avail->idx++;
}

static void
set_desc(struct ring *r, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	r->driver.desc[i] = (struct xd_vring_desc){addr, len, flags, next};
}

static void
bad_jump(struct ring *r)
{
	r->driver.avail->idx += 65;
}

static void
bad_jump_back(struct ring *r)
{
	r->driver.avail->idx--;
}

static void
bad_head(struct ring *r)
{
	publish_raw(r, 64);
}

static void
bad_next(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 100, XD_VRING_DESC_F_NEXT, 64);
	publish_raw(r, 0);
}

static void
bad_loop(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 100, XD_VRING_DESC_F_NEXT, 1);
	set_desc(r, 1, buf_addr(0), 100, XD_VRING_DESC_F_NEXT, 0);
	publish_raw(r, 0);
}

static void
bad_address(struct ring *r)
{
	set_desc(r, 0, GUEST_BASE - 1, 100, 0, 0);
	publish_raw(r, 0);
}

static void
bad_address_end(struct ring *r)
{
	set_desc(r, 0, GUEST_BASE + MEM_BYTES - 50, 100, 0, 0);
	publish_raw(r, 0);
}

static void
bad_address_wraps(struct ring *r)
{
	set_desc(r, 0, UINT64_MAX - 10, 100, 0, 0);
	publish_raw(r, 0);
}

static void
bad_length(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), UINT32_MAX, 0, 0);
	publish_raw(r, 0);
}

static void
bad_direction(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 100, XD_VRING_DESC_F_WRITE, 0);
	publish_raw(r, 0);
}

static void
bad_empty(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 12, XD_VRING_DESC_F_NEXT, 1);
	set_desc(r, 1, buf_addr(0), 0, 0, 0);
	publish_raw(r, 0);
}

static void
bad_no_header(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 11, 0, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_length(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 17, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_empty(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 0, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_nested(struct ring *r)
{
	struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)buf(r, 0);

	table[0] = (struct xd_vring_desc){buf_addr(0), 32, XD_VRING_DESC_F_INDIRECT, 0};
	set_desc(r, 0, buf_addr(0), 32, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_loop(struct ring *r)
{
	struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)buf(r, 0);

	table[0] = (struct xd_vring_desc){buf_addr(1), 32, XD_VRING_DESC_F_NEXT, 0};
	set_desc(r, 0, buf_addr(0), 16, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_next(struct ring *r)
{
	struct xd_vring_desc *table = (struct xd_vring_desc *)(void *)buf(r, 0);

	table[0] = (struct xd_vring_desc){buf_addr(1), 32, XD_VRING_DESC_F_NEXT, 1};
	set_desc(r, 0, buf_addr(0), 16, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_address(struct ring *r)
{
	set_desc(r, 0, GUEST_BASE + MEM_BYTES - 16, 32, XD_VRING_DESC_F_INDIRECT, 0);
	publish_raw(r, 0);
}

static void
bad_indirect_chained(struct ring *r)
{
	set_desc(r, 0, buf_addr(0), 16, XD_VRING_DESC_F_INDIRECT | XD_VRING_DESC_F_NEXT, 1);
	publish_raw(r, 0);
}

static const struct bad bads[] = {
	{"jump", XD_VQ_AVAIL_JUMP, bad_jump},
	{"jump back", XD_VQ_AVAIL_JUMP, bad_jump_back},
	{"head", XD_VQ_BAD_INDEX, bad_head},
	{"next", XD_VQ_BAD_INDEX, bad_next},
	{"loop", XD_VQ_LOOP, bad_loop},
	{"address", XD_VQ_BAD_ADDRESS, bad_address},
	{"address at the end", XD_VQ_BAD_ADDRESS, bad_address_end},
	{"address that wraps", XD_VQ_BAD_ADDRESS, bad_address_wraps},
	{"length", XD_VQ_BAD_ADDRESS, bad_length},
	{"direction", XD_VQ_BAD_DIRECTION, bad_direction},
	{"empty descriptor", XD_VQ_EMPTY_DESC, bad_empty},
	{"no header", XD_VQ_SHORT_BUFFER, bad_no_header},
	{"indirect length", XD_VQ_BAD_INDIRECT, bad_indirect_length},
	{"indirect empty", XD_VQ_BAD_INDIRECT, bad_indirect_empty},
	{"indirect nested", XD_VQ_BAD_INDIRECT, bad_indirect_nested},
	{"indirect loop", XD_VQ_LOOP, bad_indirect_loop},
	{"indirect next", XD_VQ_LOOP, bad_indirect_next},
	{"indirect address", XD_VQ_BAD_ADDRESS, bad_indirect_address},
	{"indirect chained", XD_VQ_BAD_INDIRECT, bad_indirect_chained},
};

static void
broken_rules_stop_the_ring(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < RTE_DIM(bads); i++) {
		struct ring *r = make_ring(&(struct variant){64, true, true});

		bads[i].break_it(r);
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 0);
		if (r->vq.fault != bads[i].fault)
			fail_msg("%s: fault %s", bads[i].what, xd_vq_fault_text(r->vq.fault));
		assert_false(r->vq.live);
		free_ring(r);
	}
}

/* The same on a receive queue: nothing is written where it should not be. */
static void
broken_rules_stop_the_receive_ring(void **unused)
{
	static uint8_t body[16384];
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];

	(void)unused;
	/* Longer than what a loop can hold: the guest's own buffers are its own to overwrite. */
	make_frame(&f, segs, body, 9000, 1);
	for (unsigned i = 0; i < RTE_DIM(bads); i++) {
		struct ring *r = make_ring(&(struct variant){64, true, true});

		/* Of a buffer too long for the memory, what lies within it may be used. */
		if (bads[i].break_it == bad_length) {
			free_ring(r);
			continue;
		}
		bads[i].break_it(r);
		for (unsigned d = 0; d < 64; d++) {
			if (!(r->driver.desc[d].flags & XD_VRING_DESC_F_INDIRECT))
				r->driver.desc[d].flags ^= XD_VRING_DESC_F_WRITE;
		}
		if (bads[i].fault == XD_VQ_LOOP && strstr(bads[i].what, "indirect"))
			((struct xd_vring_desc *)(void *)buf(r, 0))[0].flags |=
				XD_VRING_DESC_F_WRITE;
		if (xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters) != 0)
			fail_msg("%s: a frame was put", bads[i].what);
		if (r->vq.fault != bads[i].fault)
			fail_msg("%s: fault %s", bads[i].what, xd_vq_fault_text(r->vq.fault));
		assert_int_equal(r->driver.used->idx, 0);
		free_ring(r);
	}
}

static void
good_frames_before_a_fault_pass(void **state)
{
	struct ring *r = *state;
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	for (unsigned i = 0; i < 3; i++)
		xd_split_driver_add(&r->driver, &piece, 1, NULL);
	xd_split_driver_publish(&r->driver);
	publish_raw(r, 1000);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 3);
	assert_int_equal(r->vq.fault, XD_VQ_BAD_INDEX);
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(r->driver.used->idx, 3);
}

static void
bad_rings_are_not_set_up(void **state)
{
	struct ring *r = *state;
	struct xd_error err;
	struct xd_vq vq;
	const struct xd_vq_setup good = {.size = 64,
		.desc_addr = USER_BASE,
		.avail_addr = USER_BASE + 4096,
		.used_addr = USER_BASE + 8192,
		.drops = &r->drops,
		.call_fd = -1};
	struct xd_vq_setup s;

	assert_int_equal(xd_vq_setup(&vq, &r->guest, &good, &err), 0);
	s = good, s.size = 0;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.size = 3;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.size = 65535;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.desc_addr += 8;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.used_addr += 2;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.avail_addr += 1;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.desc_addr = USER_BASE + MEM_BYTES - 16;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	/* Across two regions that only happen to be neighbours here. */
	s = good, s.desc_addr = USER_BASE + MEM_BYTES / 2 - 16;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.avail_addr = 0;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	assert_true(err.text[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_shape_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(every_shape_is_read_indirect, setup, teardown),
		cmocka_unit_test_setup_teardown(a_buffer_across_two_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(the_ring_wraps_many_times, setup, teardown),
		cmocka_unit_test_setup_teardown(a_turn_is_bounded, setup, teardown),
		cmocka_unit_test(a_turn_is_bounded_in_segments),
		cmocka_unit_test(what_is_no_frame_is_given_back),
		cmocka_unit_test_setup_teardown(every_shape_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_frame_leaves_nothing_of_a_longer_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pushed_tag_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_takes_several_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_frame_too_many_for_the_buffers_waits, setup, teardown),
		cmocka_unit_test(without_mergeable_buffers_what_does_not_fit_is_dropped),
		cmocka_unit_test_setup_teardown(the_mtu_holds, setup, teardown),
		cmocka_unit_test(interrupts_as_asked),
		cmocka_unit_test(kicks_as_asked),
		cmocka_unit_test(broken_rules_stop_the_ring),
		cmocka_unit_test(broken_rules_stop_the_receive_ring),
		cmocka_unit_test_setup_teardown(good_frames_before_a_fault_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_rings_are_not_set_up, setup, teardown),
	};

	return cmocka_run_group_tests_name("split ring", tests, NULL, NULL);
}
