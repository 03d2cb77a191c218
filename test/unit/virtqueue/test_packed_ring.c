/* SPDX-License-Identifier: BSD-3-Clause */
/* What only packed rings have: guests that break their rules, wrap counters, descriptor events.
 * What holds for every kind: test_ring.c. */
#include "ring_env.h"

#define NEXT     XD_VRING_DESC_F_NEXT
#define WRITE    XD_VRING_DESC_F_WRITE
#define INDIRECT XD_VRING_DESC_F_INDIRECT

static const struct kind kind = {"packed", true, false};

static struct xd_packed_desc *
desc(struct ring *r, unsigned i)
{
	return &r->driver.ring.ring[i];
}

/* ---- Guests that break the rules ---- */

/* Descriptor i, available in the first lap. */
static void
set(struct ring *r, unsigned i, uint64_t addr, uint32_t len, uint16_t flags)
{
	*desc(r, i) = (struct xd_packed_desc){
		addr, len, (uint16_t)i, (uint16_t)(flags | XD_PACKED_DESC_F_AVAIL)};
}

static void
bad_loop(struct ring *r)
{
	for (unsigned i = 0; i < r->size; i++)
		set(r, i, buf_addr(0), 100, NEXT);
}

static void
bad_address(struct ring *r)
{
	set(r, 0, GUEST_BASE - 1, 100, 0);
}

static void
bad_address_end(struct ring *r)
{
	set(r, 0, GUEST_BASE + MEM_BYTES - 50, 100, 0);
}

static void
bad_address_wraps(struct ring *r)
{
	set(r, 0, UINT64_MAX - 10, 100, 0);
}

static void
bad_length(struct ring *r)
{
	set(r, 0, GUEST_BASE + MEM_BYTES - 30000, 60000, 0);
}

static void
bad_direction(struct ring *r)
{
	set(r, 0, buf_addr(0), 100, WRITE);
}

static void
bad_direction_behind(struct ring *r)
{
	set(r, 0, buf_addr(0), 100, NEXT);
	set(r, 1, buf_addr(1), 100, WRITE);
}

static void
bad_empty(struct ring *r)
{
	set(r, 0, buf_addr(0), 12, NEXT);
	set(r, 1, buf_addr(0), 0, 0);
}

static void
bad_no_header(struct ring *r)
{
	set(r, 0, buf_addr(0), 11, 0);
}

static void
bad_no_header_in_pieces(struct ring *r)
{
	set(r, 0, buf_addr(0), 5, NEXT);
	set(r, 1, buf_addr(0), 6, 0);
}

static void
bad_indirect_length(struct ring *r)
{
	set(r, 0, buf_addr(0), 17, INDIRECT);
}

static void
bad_indirect_empty(struct ring *r)
{
	set(r, 0, buf_addr(0), 0, INDIRECT);
}

static void
bad_indirect_nested(struct ring *r)
{
	struct xd_packed_desc *table = (struct xd_packed_desc *)(void *)buf(r, 0);

	table[0] = (struct xd_packed_desc){buf_addr(0), 32, 0, INDIRECT};
	set(r, 0, buf_addr(0), 32, INDIRECT);
}

/* A table longer than the ring. */
static void
bad_indirect_long(struct ring *r)
{
	struct xd_packed_desc *table = (struct xd_packed_desc *)(void *)buf(r, 0);

	for (unsigned i = 0; i < 62; i++)
		table[i] = (struct xd_packed_desc){buf_addr(1), 32, 0, 0};
	set(r, 0, buf_addr(0), 62 * 16, INDIRECT);
}

static void
bad_indirect_address(struct ring *r)
{
	set(r, 0, GUEST_BASE + MEM_BYTES - 16, 32, INDIRECT);
}

static void
bad_indirect_chained(struct ring *r)
{
	set(r, 0, buf_addr(0), 16, INDIRECT | NEXT);
	set(r, 1, buf_addr(1), 16, 0);
}

static const struct bad bads[] = {
	{"loop", XD_VQ_LOOP, bad_loop},
	{"address", XD_VQ_BAD_ADDRESS, bad_address},
	{"address at the end", XD_VQ_BAD_ADDRESS, bad_address_end},
	{"address that wraps", XD_VQ_BAD_ADDRESS, bad_address_wraps},
	{"length", XD_VQ_BAD_ADDRESS, bad_length},
	{"direction", XD_VQ_BAD_DIRECTION, bad_direction},
	{"direction behind", XD_VQ_BAD_DIRECTION, bad_direction_behind},
	{"empty descriptor", XD_VQ_EMPTY_DESC, bad_empty},
	{"no header", XD_VQ_SHORT_BUFFER, bad_no_header},
	{"no header, in pieces", XD_VQ_SHORT_BUFFER, bad_no_header_in_pieces},
	{"indirect length", XD_VQ_BAD_INDIRECT, bad_indirect_length},
	{"indirect empty", XD_VQ_BAD_INDIRECT, bad_indirect_empty},
	{"indirect nested", XD_VQ_BAD_INDIRECT, bad_indirect_nested},
	{"indirect long", XD_VQ_LOOP, bad_indirect_long},
	{"indirect address", XD_VQ_BAD_ADDRESS, bad_indirect_address},
	{"indirect chained", XD_VQ_BAD_INDIRECT, bad_indirect_chained},
};

static void
broken_rules_stop_the_ring(void **unused)
{
	(void)unused;
	assert_each_stops_the_ring(&kind, 61, bads, RTE_DIM(bads));
}

/* The same on a receive queue: no descriptor is given back. */
static void
broken_rules_stop_the_receive_ring(void **unused)
{
	static uint8_t body[65536];
	struct xd_frame f, *frames[] = {&f};
	struct xd_seg segs[2];

	(void)unused;
	/* Longer than all that is offered. */
	make_frame(&f, segs, body, 60000, 1);
	for (unsigned i = 0; i < RTE_DIM(bads); i++) {
		struct ring *r = make_ring(&kind, &(struct variant){61, true, true});
		struct xd_packed_desc *table = (struct xd_packed_desc *)(void *)buf(r, 0);

		/* Of a buffer too long for the memory, what lies within it may be used. */
		if (bads[i].break_it == bad_length) {
			free_ring(r);
			continue;
		}
		bads[i].break_it(r);
		for (unsigned d = 0; d < r->size; d++)
			if (!(desc(r, d)->flags & INDIRECT))
				desc(r, d)->flags ^= WRITE;
		if (bads[i].break_it == bad_indirect_long)
			for (unsigned d = 0; d < 62; d++)
				table[d].flags = WRITE;
		if (xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters) != 0)
			fail_msg("%s: a frame was put", bads[i].what);
		if (r->vq.fault != bads[i].fault)
			fail_msg("%s: fault %s", bads[i].what, xd_vq_fault_text(r->vq.fault));
		for (unsigned d = 0; d < r->size; d++)
			assert_false(xd_packed_is_used(desc(r, d)->flags, true));
		free_ring(r);
	}
}

static void
good_frames_before_a_fault_pass(void **unused)
{
	struct ring *r = make_ring(&kind, &(struct variant){61, true, true});

	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		set(r, i, buf_addr(0), HDR + 60, 0);
	set(r, 3, 0, HDR + 60, 0);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 3);
	assert_int_equal(r->vq.fault, XD_VQ_BAD_ADDRESS);
	xd_vq_release(&r->vq, &r->batch);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(xd_packed_is_used(desc(r, i)->flags, true), i < 3);
	free_ring(r);
}

/* Ids mean something to the guest alone: any is given back as it came, even one beyond the ring. */
static void
ids_are_the_guests_own(void **unused)
{
	static const uint16_t ids[] = {0, 60, 61, 32768, 65535, 7, 7};
	struct ring *r = make_ring(&kind, &(struct variant){61, true, true});

	(void)unused;
	for (unsigned i = 0; i < RTE_DIM(ids); i++) {
		set(r, i, buf_addr(0), HDR + 60, 0);
		desc(r, i)->id = ids[i];
	}
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), RTE_DIM(ids));
	xd_vq_release(&r->vq, &r->batch);
	for (unsigned i = 0; i < RTE_DIM(ids); i++) {
		assert_true(xd_packed_is_used(desc(r, i)->flags, true));
		assert_int_equal(desc(r, i)->id, ids[i]);
	}
	free_ring(r);
}

/* Flags that say neither available nor used, or available for the other lap, are nothing. */
static void
what_is_not_available_is_not_taken(void **unused)
{
	static const uint16_t flags[] = {
		0, XD_PACKED_DESC_F_USED, XD_PACKED_DESC_F_AVAIL | XD_PACKED_DESC_F_USED};
	struct ring *r = make_ring(&kind, &(struct variant){61, true, true});

	(void)unused;
	for (unsigned i = 0; i < RTE_DIM(flags); i++) {
		set(r, 0, buf_addr(0), HDR + 60, 0);
		desc(r, 0)->flags = flags[i];
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 0);
		assert_int_equal(r->batch.nb_done, 0);
		assert_false(xd_vq_arm(&r->vq));
		xd_vq_disarm(&r->vq);
	}
	assert_int_equal(r->vq.fault, XD_VQ_OK);
	free_ring(r);
}

/* ---- Notifications ---- */

static uint64_t
interrupts(struct ring *r)
{
	uint64_t count = 0;

	return read(r->call_fd, &count, sizeof(count)) < 0 ? 0 : count;
}

static void
offer_some(struct ring *r, unsigned n)
{
	struct xd_split_piece piece = {buf_addr(0), BUF_BYTES, true};

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(xd_vq_driver_add(&r->driver, &piece, 1, NULL), 0);
	xd_vq_driver_publish(&r->driver);
}

static void
put_some(struct ring *r, unsigned n)
{
	struct xd_frame f, *frames[] = {&f};
	uintptr_t cookie;
	uint32_t len;

	make_frame(&f, NULL, NULL, 60, 1);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters), 1);
		assert_int_equal(get(r, &cookie, &len), 1);
	}
}

/* The guest asks for an interrupt at each descriptor in turn, whatever is used at once. */
static void
descriptor_events(void **unused)
{
	static const uint16_t sizes[] = {16, 17, 61, 64};

	(void)unused;
	for (unsigned s = 0; s < RTE_DIM(sizes); s++) {
		const uint16_t size = sizes[s];
		struct ring *r = make_ring(&kind, &(struct variant){size, true, true});

		for (unsigned i = 0; i < 3000; i++) {
			unsigned n = 1 + i % size, ahead = i * 7 % size;
			uint16_t pos = r->driver.ring.used_pos, index = pos & 0x7fff;

			pos = index + ahead < size ? (uint16_t)(pos + ahead)
						   : (uint16_t)(((pos & 0x8000) ^ 0x8000) |
								(index + ahead - size));
			*r->driver.ring.driver_event =
				(struct xd_packed_event){pos, XD_PACKED_EVENT_DESC};
			offer_some(r, n);
			put_some(r, n);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			xd_vq_notify_enqueued(&r->vq, &r->counters, NULL);
			if (interrupts(r) != (ahead < n))
				fail_msg("size %u: %u used, event %u ahead", size, n, ahead);
		}
		free_ring(r);
	}
}

/* A guest that takes its buffers back and offers them again meanwhile: more is used between two
 * looks at its wish than the ring holds, and it is told all the same. */
static void
a_lap_and_more_is_told(void **unused)
{
	(void)unused;
	for (unsigned extra = 0; extra <= 16; extra++)
		for (unsigned laps = 1; laps <= 3; laps++) {
			struct ring *r = make_ring(&kind, &(struct variant){16, true, true});

			for (unsigned i = 0; i < laps * 16 + extra; i += 8) {
				unsigned n = RTE_MIN(8u, laps * 16 + extra - i);

				if (i == 0)
					xd_vq_driver_interrupts_on(&r->driver);
				offer_some(r, n);
				put_some(r, n);
			}
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			xd_vq_notify_enqueued(&r->vq, &r->counters, NULL);
			if (interrupts(r) != 1)
				fail_msg("%u laps and %u: not told", laps, extra);
			free_ring(r);
		}
}

/* A guest makes buffers of a short ring available again while they are read ahead, so that a batch
 * of them is laps of it: as if so read, because no guest can be made to be that fast. */
static void
laps_read_ahead(void **unused)
{
	(void)unused;
	for (uint16_t size = 1; size <= XD_BATCH; size++) {
		struct ring *r = make_ring(&kind, &(struct variant){size, true, true});
		struct xd_vq_ahead *a = &r->vq.ahead;
		uint16_t pos = r->vq.last_avail;

		for (uint16_t i = 0; i < XD_BATCH; i++) {
			a->id[i] = i % size;
			a->descs[i] = 1;
			a->data[i] = buf(r, 0) + HDR;
			a->len[i] = 64;
			pos = xd_packed_add(pos, 1, size);
		}
		a->n = XD_BATCH;
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), XD_BATCH);
		assert_int_equal(r->vq.last_avail, pos);
		free_ring(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_rules_stop_the_ring),
		cmocka_unit_test(broken_rules_stop_the_receive_ring),
		cmocka_unit_test(good_frames_before_a_fault_pass),
		cmocka_unit_test(ids_are_the_guests_own),
		cmocka_unit_test(what_is_not_available_is_not_taken),
		cmocka_unit_test(descriptor_events),
		cmocka_unit_test(a_lap_and_more_is_told),
		cmocka_unit_test(laps_read_ahead),
	};

	return cmocka_run_group_tests_name("packed ring", tests, NULL, NULL);
}
