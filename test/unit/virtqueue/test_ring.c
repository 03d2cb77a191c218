/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds for every kind of ring: split and packed, in any order and in order. */
#include <stdio.h>

#include "vhost_user/inflight.h"
#include "ring_env.h"

static const struct kind kinds[] = {
	{"split", false, false},
	{"split in order", false, true},
	{"packed", true, false},
	{"packed in order", true, true},
};

static const struct kind *
kind_of(void **state)
{
	return ((struct ring *)*state)->kind;
}

static int
setup(void **state)
{
	const struct kind *kind = *state;

	/* A packed ring need not have a power of two. */
	*state = make_ring(kind, &(struct variant){kind->packed ? 61 : 64, true, true});
	return 0;
}

static int
teardown(void **state)
{
	free_ring(*state);
	return 0;
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
				xd_vq_driver_add(&r->driver, pieces, n, (void *)(uintptr_t)seed),
				0);
			xd_vq_driver_publish(&r->driver);
			assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
			assert_frame(&r->batch.frames[0], lengths[l], seed);
			/* Looked at, not yet given back. */
			assert_none_returned(r);
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
		assert_int_equal(xd_vq_driver_add_indirect(
					 &r->driver, pieces, n, table, buf_addr(8), (void *)7),
			0);
		xd_vq_driver_publish(&r->driver);
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
	xd_vq_driver_add(&r->driver, &piece, 1, (void *)1);
	xd_vq_driver_publish(&r->driver);
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

		for (unsigned i = 0; i < step && xd_vq_driver_free(&r->driver); i++) {
			unsigned b = sent % r->size;

			fill(r, b, 60, (unsigned)sent);
			piece.addr = buf_addr(b);
			assert_int_equal(xd_vq_driver_add(&r->driver, &piece, 1, (void *)sent), 0);
			sent++;
		}
		xd_vq_driver_publish(&r->driver);
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
		xd_vq_driver_add(&r->driver, &piece, 1, NULL);
	xd_vq_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), XD_BATCH);
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), RTE_MIN(r->size - XD_BATCH, XD_BATCH));
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 0);
}

/* Many descriptors a frame: the batch has places for XD_BATCH_SEGS, and what is over waits. */
static void
a_turn_is_bounded_in_segments(void **state)
{
	struct ring *r = make_ring(kind_of(state), &(struct variant){1024, false, true});
	struct xd_split_piece pieces[40];
	unsigned total = 0;

	for (unsigned i = 0; i < 40; i++)
		pieces[i] = (struct xd_split_piece){buf_addr(0) + i * 100, 100, false};
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(xd_vq_driver_add(&r->driver, pieces, 40, NULL), 0);
	xd_vq_driver_publish(&r->driver);
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
what_is_no_frame_is_given_back(void **state)
{
	struct ring *r = make_ring(kind_of(state), &(struct variant){1024, false, true});
	struct xd_split_piece runt = {buf_addr(0), HDR + 13, false};
	struct xd_split_piece nothing = {buf_addr(0), HDR, false};
	struct xd_split_piece giant[20];
	static struct xd_split_piece crumbs[600];

	for (unsigned i = 0; i < 20; i++)
		giant[i] = (struct xd_split_piece){buf_addr(0), 4000, false};
	for (unsigned i = 0; i < 600; i++)
		crumbs[i] = (struct xd_split_piece){buf_addr(0) + i, 1, false};
	xd_vq_driver_add(&r->driver, &runt, 1, (void *)1);
	xd_vq_driver_add(&r->driver, &nothing, 1, (void *)2);
	xd_vq_driver_add(&r->driver, giant, 20, (void *)3);
	xd_vq_driver_add(&r->driver, crumbs, 600, (void *)4);
	xd_vq_driver_publish(&r->driver);
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

/* One byte in each of n descriptors. */
static const struct xd_split_piece *
crumbs_of(unsigned n, bool write)
{
	static struct xd_split_piece crumbs[1000];

	assert_true(n <= RTE_DIM(crumbs));
	for (unsigned i = 0; i < n; i++)
		crumbs[i] = (struct xd_split_piece){buf_addr(0) + i, 1, write};
	return crumbs;
}

/* Makes n buffers of 1000 descriptors available, out of one table, which only a device reads. */
static void
offer_crumb_tables(struct ring *r, unsigned n, bool write)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(xd_vq_driver_add_indirect(&r->driver, crumbs_of(1000, write), 1000,
					 buf(r, 8), buf_addr(8), (void *)(uintptr_t)i),
			0);
	xd_vq_driver_publish(&r->driver);
}

/* What brings no frame takes time as well. */
static void
a_turn_is_bounded_in_descriptors_walked(void **state)
{
	struct ring *r = make_ring(kind_of(state), &(struct variant){1024, false, true});
	unsigned turns = 0;

	offer_crumb_tables(r, 20, false);
	for (; xd_vq_dequeue(&r->vq, &r->batch), r->batch.nb_done; turns++) {
		assert_int_equal(r->batch.n, 0);
		assert_true(r->batch.nb_done <= 2);
		xd_vq_release(&r->vq, &r->batch);
	}
	assert_true(turns >= 10);
	assert_int_equal(r->drops.n[XD_DROP_TOO_LONG], 20);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

/* Chains of a packed ring are read to their end before they are walked: those too. */
static void
a_turn_is_bounded_in_descriptors_found(void **state)
{
	struct ring *r = make_ring(kind_of(state), &(struct variant){2048, false, true});

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(xd_vq_driver_add(&r->driver, crumbs_of(600, false), 600, NULL), 0);
	xd_vq_driver_publish(&r->driver);
	while (xd_vq_dequeue(&r->vq, &r->batch), r->batch.nb_done) {
		assert_true(r->batch.nb_done <= 2);
		assert_true(!r->kind->packed || r->vq.ahead.n <= 1);
		xd_vq_release(&r->vq, &r->batch);
	}
	assert_int_equal(r->drops.n[XD_DROP_TOO_LONG], 3);
	free_ring(r);
}

/* ---- The guest receives ---- */

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
	assert_int_equal(xd_vq_driver_add(&r->driver, pieces, count, (void *)(uintptr_t)b), 0);
	xd_vq_driver_publish(&r->driver);
}

static void
assert_received(struct ring *r, unsigned b, uint32_t len, unsigned seed)
{
	static const uint8_t header[HDR] = {[10] = 1};
	void *cookie;
	uint32_t used;

	assert_int_equal(xd_vq_driver_get(&r->driver, &cookie, &used), 1);
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

/* Header and frame go out in few stores, and which these are depends on both. */
static void
every_head_is_written_at_every_place(void **state)
{
	static uint8_t body[2048];
	struct ring *r = *state;

	for (unsigned place = 0; place < 64; place++) {
		for (uint32_t len = 14; len <= 160; len++) {
			struct xd_split_piece piece = {
				buf_addr(0) + place, HDR + len, .write = true};
			struct xd_frame f, *frames[] = {&f};
			struct xd_seg segs[2];
			uint32_t used;
			void *cookie;

			make_frame(&f, segs, body, len, place + len);
			/* One without headroom, too. */
			if (len % 2 == 0) {
				memmove(f.buf, f.buf + XD_HEADROOM, f.head_len);
				f.start = 0;
			}
			memset(buf(r, 0), 0xee, 512);
			xd_vq_driver_add(&r->driver, &piece, 1, &piece);
			xd_vq_driver_publish(&r->driver);
			assert_int_equal(
				xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
			assert_int_equal(xd_vq_driver_get(&r->driver, &cookie, &used), 1);
			assert_int_equal(used, HDR + len);
			for (unsigned i = 0; i < place; i++)
				assert_int_equal(buf(r, 0)[i], 0xee);
			for (unsigned i = 0; i < HDR; i++)
				assert_int_equal(buf(r, 0)[place + i], i == 10);
			for (unsigned i = 0; i < len; i++)
				assert_int_equal(
					buf(r, 0)[place + HDR + i], pattern(place + len, i));
			assert_int_equal(buf(r, 0)[place + HDR + len], 0xee);
		}
	}
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
		assert_int_equal(xd_vq_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
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

		assert_int_equal(xd_vq_driver_get(&r->driver, &cookie, &used), 1);
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
	assert_none_returned(r);
	/* The buffers are still there for what fits. */
	assert_int_equal(xd_vq_enqueue(&r->vq, smalls, 3, UINT16_MAX, &r->counters), 2);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

static void
without_mergeable_buffers_what_does_not_fit_is_dropped(void **state)
{
	static uint8_t body[16384];
	struct ring *r = make_ring(kind_of(state), &(struct variant){64, false, false});
	struct xd_frame big, small, *frames[] = {&big, &small};
	struct xd_seg segs[2], small_segs[2];

	make_frame(&big, segs, body, 3000, 2);
	make_frame(&small, small_segs, body, 60, 3);
	offer(r, 0, 1526, NULL, 0);
	assert_int_equal(xd_vq_enqueue(&r->vq, frames, 2, UINT16_MAX, &r->counters), 2);
	assert_int_equal(r->drops.n[XD_DROP_OVER_MTU], 1);
	assert_int_equal(xd_vq_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
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
	assert_int_equal(r->drops.n[XD_DROP_OVER_MTU], 1);
	assert_int_equal(r->counters.tx_frames, 0);
	assert_none_returned(r);
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

	xd_vq_driver_add(&r->driver, &piece, 1, NULL);
	xd_vq_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
	xd_vq_release(&r->vq, &r->batch);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_vq_notify_released(&r->vq, &r->counters, NULL);
	assert_int_equal(xd_vq_driver_get(&r->driver, &(void *){0}, &(uint32_t){0}), 1);
}

static void
interrupts_as_asked(void **state)
{
	for (int event_idx = 0; event_idx < 2; event_idx++) {
		struct ring *r = make_ring(kind_of(state), &(struct variant){64, event_idx, true});

		assert_false(xd_vq_driver_interrupts_on(&r->driver));
		turn(r);
		assert_int_equal(interrupts(r), 1);
		/* Nothing happened since: nothing is told. */
		xd_vq_notify_released(&r->vq, &r->counters, NULL);
		assert_int_equal(interrupts(r), 0);
		xd_vq_driver_interrupts_off(&r->driver);
		for (unsigned i = 0; i < 1000; i++)
			turn(r);
		assert_int_equal(interrupts(r), 0);
		assert_int_equal(r->counters.notify_suppressed, 1000);
		assert_false(xd_vq_driver_interrupts_on(&r->driver));
		turn(r);
		assert_int_equal(interrupts(r), 1);
		free_ring(r);
	}
}

static void
kicks_as_asked(void **state)
{
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	for (int event_idx = 0; event_idx < 2; event_idx++) {
		struct ring *r = make_ring(kind_of(state), &(struct variant){64, event_idx, true});

		assert_false(xd_vq_arm(&r->vq));
		xd_vq_driver_add(&r->driver, &piece, 1, NULL);
		assert_true(xd_vq_driver_publish(&r->driver));
		/* Came before it was armed again. */
		assert_true(xd_vq_arm(&r->vq));
		xd_vq_disarm(&r->vq);
		xd_vq_dequeue(&r->vq, &r->batch);
		xd_vq_release(&r->vq, &r->batch);
		for (unsigned i = 0; i < 40; i++)
			xd_vq_driver_add(&r->driver, &piece, 1, NULL);
		/* Polling: no kicks. */
		if (!event_idx)
			assert_false(xd_vq_driver_publish(&r->driver));
		free_ring(r);
	}
}

/* ---- Positions ---- */

/* Sends n frames of 60 bytes, of seeds from `seed` on. */
static void
send_frames(struct ring *r, unsigned n, unsigned seed)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned b = (seed + i) % 64;
		struct xd_split_piece piece = {buf_addr(b), HDR + 60, false};

		fill(r, b, 60, seed + i);
		assert_int_equal(
			xd_vq_driver_add(&r->driver, &piece, 1, (void *)(uintptr_t)(seed + i)), 0);
	}
	xd_vq_driver_publish(&r->driver);
}

/* Frames that a turn rewinds are there in the next, and only those before them are given back: also
 * when what lies behind them has been read ahead. */
static void
what_is_rewound_comes_again(void **state)
{
	struct ring *r = *state;
	struct xd_split_piece runt = {buf_addr(63), HDR + 5, false};
	unsigned seed = 1, random = 1;

	for (unsigned round = 0; round < 500; round++) {
		unsigned n = 1 + round % 50, seen = 0;

		/* It brings no frame, and is done with however far the ring is rewound. */
		assert_int_equal(xd_vq_driver_add(&r->driver, &runt, 1, (void *)0), 0);
		send_frames(r, n, seed);
		for (unsigned turn = 0; seen < n; turn++) {
			uint16_t got = xd_vq_dequeue(&r->vq, &r->batch), keep;

			assert_true(turn < 100);
			assert_true(got > 0);
			for (unsigned i = 0; i < got; i++)
				assert_frame(&r->batch.frames[i], 60, seed + seen + i);
			keep = (uint16_t)(rand_r(&random) % (got + 1u));
			if (keep < got)
				xd_vq_rewind(&r->vq, &r->batch, keep);
			assert_int_equal(r->batch.n, keep);
			xd_vq_release(&r->vq, &r->batch);
			if (turn == 0)
				expect_returned(r, 0);
			for (unsigned i = 0; i < keep; i++)
				expect_returned(r, seed + seen + i);
			assert_none_returned(r);
			seen += keep;
		}
		seed += n;
	}
	assert_true(r->drops.n[XD_DROP_RUNT] >= 500);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

static void
room_is_what_the_guest_offers(void **state)
{
	static uint8_t body[2048];
	struct ring *r = *state;
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];

	make_frame(&f, segs, body, 60, 1);
	for (unsigned round = 0; round < 100; round++) {
		assert_int_equal(xd_vq_room(&r->vq, 8, &r->counters), 0);
		for (unsigned b = 0; b < 5; b++)
			offer(r, b, BUF_BYTES, NULL, 0);
		assert_int_equal(xd_vq_room(&r->vq, 3, &r->counters), 3);
		assert_int_equal(xd_vq_room(&r->vq, 8, &r->counters), 5);
		assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
		assert_int_equal(xd_vq_room(&r->vq, 8, &r->counters), 4);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(
				xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
		assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 0);
		for (unsigned b = 0; b < 5; b++)
			assert_received(r, b, 60, 1);
	}
}

/* The queue is set up anew at any point of a turn, as after a restart: what was taken and not given
 * back is taken again, and nothing is given back twice. */
static void
a_new_device_goes_on(void **state)
{
	const bool packed = kind_of(state)->packed;
	uint16_t noted = 0, intent[XD_VQ_INTENT] = {0};
	struct xd_packed_position position = {.used_wrap = 1};
	struct ring *r = *state;
	unsigned sent = 0, seen = 0;
	struct xd_error err;

	r->setup.record = (struct xd_vq_record){
		.used_idx = packed ? NULL : &noted,
		.position = packed ? (uint64_t *)(void *)&position : NULL,
		.intent = packed ? intent : NULL,
	};
	for (unsigned round = 0; round < 2000; round++) {
		unsigned room = r->size - (sent - seen), n = round % 23;

		r->setup.base = packed ? (uint16_t)(position.used_idx |
						    (position.used_wrap ? XD_PACKED_WRAP : 0))
				       : noted;
		assert_int_equal(xd_vq_setup(&r->vq, &r->guest, &r->setup, &err), 0);
		r->vq.live = true;
		n = n < room ? n : room;
		send_frames(r, n, sent);
		sent += n;
		for (unsigned turns = round % 3; turns; turns--) {
			uint16_t got = xd_vq_dequeue(&r->vq, &r->batch);

			for (unsigned i = 0; i < got; i++)
				assert_frame(&r->batch.frames[i], 60, seen + i);
			if (turns == 1 && round % 2)
				break; /* it dies with them */
			xd_vq_release(&r->vq, &r->batch);
			for (; got; got--)
				expect_returned(r, seen++);
		}
		assert_none_returned(r);
	}
	assert_true(seen > 5000);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
}

/* Small rings wrap within a turn. */
static void
small_rings(void **state)
{
	static uint8_t body[2048];
	struct xd_frame f, *frames[] = {&f, &f, &f, &f, &f};
	struct xd_seg segs[2];

	make_frame(&f, segs, body, 60, 1);
	for (uint16_t size = 1; size <= 17; size++) {
		struct ring *r;

		if (!kind_of(state)->packed && (size & (size - 1)))
			continue;
		r = make_ring(kind_of(state), &(struct variant){size, size % 2, size % 3});
		for (unsigned i = 0; i < 200; i++) {
			uint16_t n = (uint16_t)RTE_MIN(size, 5);

			for (unsigned b = 0; b < n; b++)
				offer(r, b, BUF_BYTES, NULL, 0);
			assert_int_equal(
				xd_vq_enqueue(&r->vq, frames, 5, UINT16_MAX, &r->counters), n);
			for (unsigned b = 0; b < n; b++)
				assert_received(r, b, 60, 1);
		}
		free_ring(r);
		r = make_ring(kind_of(state), &(struct variant){size, size % 2, size % 3});
		for (unsigned i = 0; i < 200; i++) {
			send_frames(r, size, i);
			assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), size);
			for (unsigned k = 0; k < size; k++)
				assert_frame(&r->batch.frames[k], 60, i + k);
			xd_vq_release(&r->vq, &r->batch);
			for (unsigned k = 0; k < size; k++)
				expect_returned(r, i + k);
		}
		assert_int_equal(r->vq.fault, XD_VQ_OK);
		free_ring(r);
	}
}

static void
bad_rings_are_not_set_up(void **state)
{
	struct ring *r = *state;
	const struct xd_vq_setup good = r->setup;
	struct xd_error err;
	struct xd_vq vq = {0};
	struct xd_vq_setup s;

	assert_int_equal(xd_vq_setup(&vq, &r->guest, &good, &err), 0);
	s = good, s.size = 0;
	assert_true(xd_vq_setup(&vq, &r->guest, &s, &err) < 0);
	s = good, s.size = 3;
	assert_int_equal(xd_vq_setup(&vq, &r->guest, &s, &err) == 0, r->kind->packed);
	s = good, s.size = 32769;
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
	s = good,
	s.base = (uint16_t)(XD_PACKED_WRAP | r->size); /* of a packed ring: beyond its end */
	assert_int_equal(xd_vq_setup(&vq, &r->guest, &s, &err) < 0, r->kind->packed);
	assert_true(err.text[0]);
}

/* Whoever sends pays for how the receiver's buffers are cut, and holds its lock: so little. */
static void
a_call_is_bounded_in_descriptors_filled(void **state)
{
	struct ring *r = make_ring(kind_of(state), &(struct variant){1024, false, true});
	struct xd_frame frames[XD_BATCH], *list[XD_BATCH];
	static uint8_t body[600];
	struct xd_seg segs[2];

	offer_crumb_tables(r, XD_BATCH, true);
	for (unsigned i = 0; i < XD_BATCH; i++) {
		make_frame(&frames[i], segs, body, 600, 1);
		list[i] = &frames[i];
	}
	/* 612 descriptors a frame. */
	assert_int_equal(xd_vq_enqueue(&r->vq, list, XD_BATCH, UINT16_MAX, &r->counters), XD_BATCH);
	assert_int_equal(r->counters.tx_frames, 3);
	assert_int_equal(r->drops.n[XD_DROP_SCATTERED], XD_BATCH - 3);
	/* The next call begins anew. */
	assert_int_equal(xd_vq_enqueue(&r->vq, list, 1, UINT16_MAX, &r->counters), 1);
	assert_int_equal(r->counters.tx_frames, 4);
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} cases[] = {
	{"every_shape_is_read", every_shape_is_read},
	{"every_shape_is_read_indirect", every_shape_is_read_indirect},
	{"a_buffer_across_two_regions", a_buffer_across_two_regions},
	{"the_ring_wraps_many_times", the_ring_wraps_many_times},
	{"a_turn_is_bounded", a_turn_is_bounded},
	{"a_turn_is_bounded_in_segments", a_turn_is_bounded_in_segments},
	{"a_turn_is_bounded_in_descriptors_walked", a_turn_is_bounded_in_descriptors_walked},
	{"a_turn_is_bounded_in_descriptors_found", a_turn_is_bounded_in_descriptors_found},
	{"a_call_is_bounded_in_descriptors_filled", a_call_is_bounded_in_descriptors_filled},
	{"what_is_no_frame_is_given_back", what_is_no_frame_is_given_back},
	{"every_shape_is_written", every_shape_is_written},
	{"every_head_is_written_at_every_place", every_head_is_written_at_every_place},
	{"a_short_frame_leaves_nothing_of_a_longer_one",
		a_short_frame_leaves_nothing_of_a_longer_one},
	{"a_pushed_tag_is_written", a_pushed_tag_is_written},
	{"a_frame_takes_several_buffers", a_frame_takes_several_buffers},
	{"a_frame_too_many_for_the_buffers_waits", a_frame_too_many_for_the_buffers_waits},
	{"without_mergeable_buffers_what_does_not_fit_is_dropped",
		without_mergeable_buffers_what_does_not_fit_is_dropped},
	{"the_mtu_holds", the_mtu_holds},
	{"interrupts_as_asked", interrupts_as_asked},
	{"kicks_as_asked", kicks_as_asked},
	{"what_is_rewound_comes_again", what_is_rewound_comes_again},
	{"room_is_what_the_guest_offers", room_is_what_the_guest_offers},
	{"a_new_device_goes_on", a_new_device_goes_on},
	{"small_rings", small_rings},
	{"bad_rings_are_not_set_up", bad_rings_are_not_set_up},
};

/* Each case on each kind of ring. */
int
main(void)
{
	static struct CMUnitTest tests[RTE_DIM(cases) * RTE_DIM(kinds)];
	static char names[RTE_DIM(tests)][96];

	for (unsigned i = 0; i < RTE_DIM(tests); i++) {
		const struct kind *kind = &kinds[i / RTE_DIM(cases)];

		snprintf(names[i], sizeof(names[i]), "%s: %s", kind->name,
			cases[i % RTE_DIM(cases)].name);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = cases[i % RTE_DIM(cases)].function,
			.setup_func = setup,
			.teardown_func = teardown,
			.initial_state = (void *)(uintptr_t)kind,
		};
	}
	return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}
