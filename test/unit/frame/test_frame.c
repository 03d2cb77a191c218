/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames: pushing and pulling headers, tags, gathering, copying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/vlan.h"
#include "frame/copy.h"
#include "frame/frame.h"

#define LEN 1000u

static uint8_t
byte_at(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

struct fixture {
	struct xd_frame frame;
	struct xd_seg segs[3];
	uint8_t rest[LEN];
};

/* A frame of LEN bytes: a head, and three pieces of which one is empty. */
static int
setup(void **state)
{
	struct fixture *fx = aligned_alloc(64, (sizeof(*fx) + 63) / 64 * 64);
	struct xd_frame *f = &fx->frame;

	memset(fx, 0x55, sizeof(*fx));
	f->start = XD_HEADROOM;
	f->len = LEN;
	f->head_len = XD_HEAD;
	f->nb_segs = 3;
	f->segs = fx->segs;
	f->dirty = false;
	f->tagged = false;
	for (uint32_t i = 0; i < XD_HEAD; i++)
		f->buf[XD_HEADROOM + i] = byte_at(i);
	for (uint32_t i = XD_HEAD; i < LEN; i++)
		fx->rest[i] = byte_at(i);
	fx->segs[0] = (struct xd_seg){fx->rest + XD_HEAD, 1};
	fx->segs[1] = (struct xd_seg){fx->rest + XD_HEAD + 1, 0};
	fx->segs[2] = (struct xd_seg){fx->rest + XD_HEAD + 1, LEN - XD_HEAD - 1};
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
test_gather(void **state)
{
	struct fixture *fx = *state;
	uint8_t all[LEN + 1];

	memset(all, 0xaa, sizeof(all));
	xd_frame_gather(&fx->frame, all);
	for (uint32_t i = 0; i < LEN; i++)
		assert_int_equal(all[i], byte_at(i));
	assert_int_equal(all[LEN], 0xaa);
}

static void
test_gather_without_segments(void **state)
{
	struct fixture *fx = *state;
	uint8_t all[61];

	fx->frame.len = fx->frame.head_len = 60;
	fx->frame.nb_segs = 0;
	fx->frame.segs = NULL;
	memset(all, 0xaa, sizeof(all));
	xd_frame_gather(&fx->frame, all);
	assert_memory_equal(all, fx->frame.buf + XD_HEADROOM, 60);
	assert_int_equal(all[60], 0xaa);
}

static void
test_push_and_pop(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *f = &fx->frame;
	uint8_t all[LEN + XD_HEADROOM];
	uint8_t *header;

	header = xd_frame_push(f, 8);
	assert_ptr_equal(header, f->buf + XD_HEADROOM - 8);
	assert_ptr_equal(header, xd_frame_data(f));
	memset(header, 0xee, 8);
	assert_int_equal(f->len, LEN + 8);
	assert_int_equal(f->head_len, XD_HEAD + 8);
	assert_true(f->dirty);
	xd_frame_gather(f, all);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(all[i], 0xee);
	for (uint32_t i = 0; i < LEN; i++)
		assert_int_equal(all[8 + i], byte_at(i));

	f->dirty = false;
	assert_ptr_equal(xd_frame_pop(f, 8), f->buf + XD_HEADROOM);
	assert_int_equal(f->len, LEN);
	assert_int_equal(f->head_len, XD_HEAD);
	assert_true(f->dirty);
	xd_frame_pop(f, 14);
	xd_frame_gather(f, all);
	for (uint32_t i = 14; i < LEN; i++)
		assert_int_equal(all[i - 14], byte_at(i));
}

/* All of the headroom can be used, and not a byte more. */
static void
test_headroom_ends(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *f = &fx->frame;

	assert_null(xd_frame_push(f, XD_HEADROOM + 1));
	assert_int_equal(f->len, LEN);
	assert_int_equal(f->head_len, XD_HEAD);
	assert_false(f->dirty);
	assert_ptr_equal(xd_frame_push(f, XD_HEADROOM), f->buf);
	assert_int_equal(f->head_len, XD_HEADROOM + XD_HEAD);
	assert_null(xd_frame_push(f, 1));
}

static void
test_tag_is_pushed_and_popped(void **state)
{
	struct fixture *fx = *state;
	struct xd_frame *f = &fx->frame;
	uint8_t all[LEN + 4];

	assert_false(xd_vlan_is_tagged(xd_frame_data(f)));
	f->vlan = 0xabc;
	f->priority = 0;
	f->service = false;
	xd_vlan_form(f, false);
	assert_false(f->dirty);
	xd_vlan_form(f, true);
	assert_true(f->tagged);
	assert_true(f->dirty);
	assert_int_equal(f->len, LEN + 4);
	xd_frame_gather(f, all);
	assert_true(xd_vlan_is_tagged(all));
	assert_int_equal(xd_vlan_tci(all), 0xabc);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(all[i], byte_at(i));
	for (uint32_t i = 12; i < LEN; i++)
		assert_int_equal(all[i + 4], byte_at(i));

	/* Another VLAN keeps the priority. */
	xd_frame_data(f)[14] |= 0xe0;
	xd_vlan_set_vid(f, 0x123);
	assert_int_equal(xd_vlan_tci(xd_frame_data(f)), 0xe123);

	xd_vlan_form(f, false);
	assert_false(f->tagged);
	xd_frame_gather(f, all);
	assert_int_equal(f->len, LEN);
	for (uint32_t i = 0; i < LEN; i++)
		assert_int_equal(all[i], byte_at(i));

	/* And so does the next tag. */
	xd_vlan_retag(f, 0x456);
	assert_int_equal(xd_vlan_tci(xd_frame_data(f)), 0xe456);
	xd_vlan_retag(f, 0x457);
	assert_int_equal(xd_vlan_tci(xd_frame_data(f)), 0xe457);
	xd_vlan_retag(f, 0);
	assert_false(f->tagged);
}

/* Exactly n bytes are read and written, from any address to any other. */
static void
test_copy_short(void **state)
{
	uint8_t to[2 + XD_HEAD];

	(void)state;
	for (uint32_t n = 1; n <= XD_HEAD; n++) {
		uint8_t *from = malloc(n); /* of its own, so that a sanitizer sees its end */

		assert_non_null(from);
		for (uint32_t i = 0; i < n; i++)
			from[i] = byte_at(i + n);
		memset(to, 0xaa, sizeof(to));
		xd_copy_short(to + 1, from, n);
		assert_int_equal(to[0], 0xaa);
		assert_int_equal(to[1 + n], 0xaa);
		assert_memory_equal(to + 1, from, n);
		free(from);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gather),
		TEST(test_gather_without_segments),
		TEST(test_push_and_pop),
		TEST(test_headroom_ends),
		TEST(test_tag_is_pushed_and_popped),
		cmocka_unit_test(test_copy_short),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
