/* SPDX-License-Identifier: BSD-3-Clause */
/* Guests that break the rules of a split ring; what all kinds have in common is in test_ring.c. */
#include "ring_env.h"

static const struct kind kind = {"split", false, false};

static int
setup(void **state)
{
	*state = make_ring(&kind, &(struct variant){64, true, true});
	return 0;
}

static int
teardown(void **state)
{
	free_ring(*state);
	return 0;
}

static void
publish_raw(struct ring *r, uint16_t head)
{
	r->driver.split.avail->ring[r->driver.split.avail->idx & r->driver.split.mask] = head;
	r->driver.split.avail->idx++;
}

static void
set_desc(struct ring *r, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	r->driver.split.desc[i] = (struct xd_vring_desc){addr, len, flags, next};
}

static void
bad_jump(struct ring *r)
{
	r->driver.split.avail->idx += 65;
}

static void
bad_jump_back(struct ring *r)
{
	r->driver.split.avail->idx--;
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
	set_desc(r, 0, GUEST_BASE + MEM_BYTES - 30000, 60000, 0, 0);
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
	assert_each_stops_the_ring(&kind, 64, bads, RTE_DIM(bads));
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
		struct ring *r = make_ring(&kind, &(struct variant){64, true, true});

		/* Of a buffer too long for the memory, what lies within it may be used. */
		if (bads[i].break_it == bad_length) {
			free_ring(r);
			continue;
		}
		bads[i].break_it(r);
		for (unsigned d = 0; d < 64; d++) {
			if (!(r->driver.split.desc[d].flags & XD_VRING_DESC_F_INDIRECT))
				r->driver.split.desc[d].flags ^= XD_VRING_DESC_F_WRITE;
		}
		if (bads[i].fault == XD_VQ_LOOP && strstr(bads[i].what, "indirect"))
			((struct xd_vring_desc *)(void *)buf(r, 0))[0].flags |=
				XD_VRING_DESC_F_WRITE;
		if (xd_vq_enqueue(&r->vq, frames, 1, UINT16_MAX, &r->counters) != 0)
			fail_msg("%s: a frame was put", bads[i].what);
		if (r->vq.fault != bads[i].fault)
			fail_msg("%s: fault %s", bads[i].what, xd_vq_fault_text(r->vq.fault));
		assert_int_equal(r->driver.split.used->idx, 0);
		free_ring(r);
	}
}

static void
good_frames_before_a_fault_pass(void **state)
{
	struct ring *r = *state;
	struct xd_split_piece piece = {buf_addr(0), HDR + 60, false};

	for (unsigned i = 0; i < 3; i++)
		xd_vq_driver_add(&r->driver, &piece, 1, NULL);
	xd_vq_driver_publish(&r->driver);
	publish_raw(r, 1000);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 3);
	assert_int_equal(r->vq.fault, XD_VQ_BAD_INDEX);
	xd_vq_release(&r->vq, &r->batch);
	assert_int_equal(r->driver.split.used->idx, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_rules_stop_the_ring),
		cmocka_unit_test(broken_rules_stop_the_receive_ring),
		cmocka_unit_test_setup_teardown(good_frames_before_a_fault_pass, setup, teardown),
	};

	return cmocka_run_group_tests_name("split ring", tests, NULL, NULL);
}
