/* SPDX-License-Identifier: BSD-3-Clause */
/* What the contract of a stage promises: frames taken out between two stages, and frames put on
 * their way to a port in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"

#define PORT 3

static struct xd_turn *
make_turn(uint16_t n)
{
	struct xd_turn *turn = aligned_alloc(64, (sizeof(*turn) + 63) / 64 * 64);
	struct xd_batch *batch = aligned_alloc(64, (sizeof(*batch) + 63) / 64 * 64);

	memset(turn, 0, sizeof(*turn));
	memset(batch, 0, sizeof(*batch));
	turn->batch = batch;
	turn->n = batch->n = n;
	for (uint16_t i = 0; i < n; i++)
		turn->frames[i] = &batch->frames[i];
	return turn;
}

static void
free_turn(struct xd_turn *turn)
{
	free(turn->batch);
	free(turn);
}

/* ---- Filter ---- */

/* Frame i was input with the addresses of number key[i], and is a repeat where the one before has
 * the same. What input wrote into src and dst of repeats is noise. */
static void
look_up(struct xd_turn *turn, const uint8_t *key)
{
	for (uint16_t i = 0; i < turn->n; i++) {
		bool repeat = i && key[i] == key[i - 1];

		turn->repeats |= (uint32_t)repeat << i;
		turn->src[i].key = repeat ? 0xbad : 100u + key[i];
		turn->dst[i].key = repeat ? 0xbad : 200u + key[i];
	}
}

/* Every frame that is left has the look-ups that it had, directly or of the one that it repeats. */
static void
check_filtered(const struct xd_turn *turn, const uint8_t *key, uint32_t drop, uint16_t n)
{
	uint16_t left = 0, looked = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (drop >> i & 1)
			continue;
		assert_ptr_equal(turn->frames[left], &turn->batch->frames[i]);
		if (!(turn->repeats >> left & 1))
			looked = left;
		assert_int_equal(turn->src[looked].key, 100u + key[i]);
		assert_int_equal(turn->dst[looked].key, 200u + key[i]);
		left++;
	}
	assert_int_equal(turn->n, left);
	assert_false(turn->repeats & 1);
	assert_int_equal((uint64_t)turn->repeats >> left, 0);
	assert_int_equal(turn->nb_lost, n - left);
	for (uint16_t i = 0; i < turn->nb_lost; i++) {
		assert_true(drop >> turn->lost[i].frame & 1);
		assert_int_equal(turn->lost[i].reason, XD_DROP_MAC_NOT_ALLOWED);
	}
}

static void
test_filter(void **state)
{
	static const uint8_t key[6] = {1, 1, 1, 2, 2, 1};

	(void)state;
	/* All that can be dropped of three runs, the first of one among it. */
	for (uint32_t drop = 0; drop < 1u << sizeof(key); drop++) {
		struct xd_turn *turn = make_turn(sizeof(key));

		look_up(turn, key);
		xd_turn_filter(turn, drop, XD_DROP_MAC_NOT_ALLOWED);
		check_filtered(turn, key, drop, sizeof(key));
		free_turn(turn);
	}
}

static void
test_filter_full_turn(void **state)
{
	uint8_t key[XD_BATCH];
	struct xd_turn *turn;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		uint32_t drop = (uint32_t)rand() ^ (uint32_t)rand() << 16;

		for (unsigned i = 0; i < XD_BATCH; i++)
			key[i] = (uint8_t)(i && rand() % 2 ? key[i - 1] : rand() % 4);
		turn = make_turn(XD_BATCH);
		look_up(turn, key);
		xd_turn_filter(turn, drop, XD_DROP_MAC_NOT_ALLOWED);
		check_filtered(turn, key, drop, XD_BATCH);
		free_turn(turn);
	}
}

/* A second filter sees what the first has left. */
static void
test_filter_twice(void **state)
{
	static const uint8_t key[4] = {1, 1, 2, 2};
	struct xd_turn *turn = make_turn(sizeof(key));

	(void)state;
	look_up(turn, key);
	xd_turn_filter(turn, 0x1, XD_DROP_MAC_NOT_ALLOWED); /* frame 0 */
	xd_turn_filter(turn, 0x2, XD_DROP_MAC_NOT_ALLOWED); /* frame 2, the second now */
	check_filtered(turn, key, 0x5, sizeof(key));
	free_turn(turn);
}

/* ---- Send ---- */

/* Sends the frames whose bits are set. */
static void
send(struct xd_turn *turn, uint32_t which)
{
	struct xd_frame *frames[XD_BATCH];
	uint16_t n = 0;

	for (uint32_t i = 0; i < XD_BATCH; i++) {
		if (which >> i & 1)
			frames[n++] = &turn->batch->frames[i];
	}
	xd_turn_send(turn, PORT, frames, n);
}

static void
check_sent(const struct xd_turn *turn, uint32_t which)
{
	const struct xd_output *out = &turn->outputs[PORT];
	uint16_t n = 0;

	for (uint32_t i = 0; i < XD_BATCH; i++) {
		if (which >> i & 1)
			assert_ptr_equal(out->frames[n++], &turn->batch->frames[i]);
	}
	assert_int_equal(out->n, n);
	assert_int_equal(turn->nb_busy, which != 0);
	if (which)
		assert_int_equal(turn->busy[0], PORT);
}

static void
test_send_in_any_order(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		struct xd_turn *turn = make_turn(XD_BATCH);
		uint32_t sent = 0;

		for (unsigned i = 0; i < 4; i++) {
			uint32_t some = (uint32_t)rand() & (uint32_t)rand() << rand() % 16;

			send(turn, some);
			sent |= some;
			check_sent(turn, sent);
		}
		send(turn, UINT32_MAX);
		check_sent(turn, UINT32_MAX);
		free_turn(turn);
	}
}

/* A port gets a frame or its clone, whichever came first. */
static void
test_send_a_clone(void **state)
{
	struct xd_turn *turn = make_turn(3);
	struct xd_frame *clone = &turn->clones[0];

	(void)state;
	turn->nb_clones = 1;
	turn->origin[0] = 1;
	send(turn, 0x5);
	xd_turn_send(turn, PORT, &clone, 1);
	send(turn, 0x7);
	assert_int_equal(turn->outputs[PORT].n, 3);
	assert_ptr_equal(turn->outputs[PORT].frames[1], clone);
	free_turn(turn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_full_turn),
		cmocka_unit_test(test_filter_twice),
		cmocka_unit_test(test_send_in_any_order),
		cmocka_unit_test(test_send_a_clone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
