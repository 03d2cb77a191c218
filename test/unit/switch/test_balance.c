/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules by which queues are given to workers, with figures that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "switch/balance.h"

#define NEW    XD_BALANCE_NONE
#define NOBODY XD_BALANCE_NONE
#define ANY    XD_BALANCE_NODE_ANY
#define PCT    10000u /* millionths in a per cent */

static struct xd_balance_queue queues[1024];

/* Workers 0 to n - 1, on the nodes that the text tells: "0011", "??" where it is not known. */
static struct xd_balance
workers(const char *nodes)
{
	struct xd_balance b = {.queues = queues};

	for (unsigned w = 0; nodes[w]; w++) {
		b.workers[w].here = true;
		b.workers[w].node = nodes[w] == '?' ? ANY : nodes[w] - '0';
	}
	return b;
}

static void
queue(struct xd_balance *b, uint32_t load, int node, uint8_t owner, uint8_t pinned)
{
	b->queues[b->nb_queues++] = (struct xd_balance_queue){load, node, owner, pinned};
}

/* The owners of all queues, as text. */
static const char *
owners(const struct xd_balance *b)
{
	static char text[1025];

	for (unsigned i = 0; i < b->nb_queues; i++)
		text[i] = b->queues[i].owner == NOBODY ? '-' : (char)('0' + b->queues[i].owner);
	text[b->nb_queues] = 0;
	return text;
}

static void
without_workers(void **state)
{
	struct xd_balance b = workers("");

	(void)state;
	queue(&b, 0, ANY, NEW, NOBODY);
	queue(&b, 0, ANY, 3, NOBODY);
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "--");
}

/* As many for each, while nothing is known of them. */
static void
new_queues_are_spread(void **state)
{
	struct xd_balance b = workers("??\?");

	(void)state;
	for (unsigned i = 0; i < 7; i++)
		queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, NOBODY);
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "0120120");
}

/* To the one that has least to do, wherever there are fewest; those that are there stay. */
static void
by_load(void **state)
{
	struct xd_balance b = workers("??");

	(void)state;
	queue(&b, 60 * PCT, ANY, 0, NOBODY);
	queue(&b, 5 * PCT, ANY, 1, NOBODY);
	queue(&b, 5 * PCT, ANY, 1, NOBODY);
	queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, NOBODY);
	queue(&b, 0, ANY, NEW, NOBODY);
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "01111");
	/* A worker that is gone leaves its queues to others. */
	queues[1].owner = 2;
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "01111");
}

static void
round_robin(void **state)
{
	struct xd_balance b = workers("??");

	(void)state;
	b.round_robin = true;
	queue(&b, 90 * PCT, ANY, 0, NOBODY);
	for (unsigned i = 0; i < 3; i++)
		queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, NOBODY);
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "0010");
	queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, NOBODY);
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "00101");
}

static void
near_its_memory(void **state)
{
	struct xd_balance b = workers("011");

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		queue(&b, XD_BALANCE_UNKNOWN, 1, NEW, NOBODY);
	queue(&b, XD_BALANCE_UNKNOWN, 0, NEW, NOBODY);
	queue(&b, XD_BALANCE_UNKNOWN, 7, NEW, NOBODY); /* no worker there: wherever */
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "121200");
	assert_false(xd_balance_is_near(&b, &queues[5], 0));
}

static void
pinned_and_isolated(void **state)
{
	struct xd_balance b = workers("001");

	(void)state;
	b.isolate = true;
	queue(&b, XD_BALANCE_UNKNOWN, 0, NEW, 2); /* also on another node */
	queue(&b, XD_BALANCE_UNKNOWN, 1, NEW, NOBODY);
	queue(&b, XD_BALANCE_UNKNOWN, 1, 2, NOBODY); /* was there before the worker was isolated */
	queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, 9);  /* of that core there is no worker */
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "2010");
	b.isolate = false;
	queues[1].owner = NEW;
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "2210");
	/* All are isolated: the others are polled nonetheless. */
	b.isolate = true;
	queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, 0);
	queue(&b, XD_BALANCE_UNKNOWN, ANY, NEW, 1);
	queues[1].owner = queues[2].owner = NEW;
	xd_balance_assign(&b);
	assert_string_equal(owners(&b), "222001");
}

static void
moves_as_few_as_help(void **state)
{
	struct xd_balance b = workers("??");
	struct xd_balance_result r;

	(void)state;
	queue(&b, 50 * PCT, ANY, 0, NOBODY);
	queue(&b, 30 * PCT, ANY, 0, NOBODY);
	queue(&b, 20 * PCT, ANY, 0, NOBODY);
	queue(&b, 0, ANY, 0, NOBODY);
	queue(&b, 2 * PCT, ANY, 1, NOBODY);
	r = xd_balance_improve(&b, 95 * PCT);
	assert_int_equal(r.nb_moves, 1);
	assert_string_equal(owners(&b), "10001");
	assert_int_equal(r.most, 100 * PCT);
	assert_int_equal(r.most_after, 52 * PCT);
	assert_true(xd_balance_improvement(&r) > 90);
	/* Once more, nothing is left to be done. */
	r = xd_balance_improve(&b, 0);
	assert_int_equal(r.nb_moves, 0);
	assert_int_equal(xd_balance_improvement(&r), 0);
}

static void
nothing_that_does_not_help(void **state)
{
	struct xd_balance b = workers("??");

	(void)state;
	/* One queue alone: moved, it would be the other worker's. */
	queue(&b, 100 * PCT, ANY, 0, NOBODY);
	queue(&b, 0, ANY, 0, NOBODY);
	assert_int_equal(xd_balance_improve(&b, 0).nb_moves, 0);
	/* Nor is what is pinned, nor what is not measured yet. */
	queues[1] = (struct xd_balance_queue){40 * PCT, ANY, 0, 0};
	queue(&b, XD_BALANCE_UNKNOWN, ANY, 0, NOBODY);
	queues[0].pinned = 0;
	assert_int_equal(xd_balance_improve(&b, 0).nb_moves, 0);
	/* Below what is asked for, nothing. */
	queues[0].pinned = queues[1].pinned = NOBODY;
	assert_int_equal(xd_balance_improve(&b, 141 * PCT).nb_moves, 0);
	assert_int_equal(xd_balance_improve(&b, 140 * PCT).nb_moves, 1);
}

/* The busiest has nothing to give; the next has. */
static void
the_next_busiest(void **state)
{
	struct xd_balance b = workers("??\?");

	(void)state;
	queue(&b, 100 * PCT, ANY, 0, NOBODY);
	queue(&b, 49 * PCT, ANY, 1, NOBODY);
	queue(&b, 49 * PCT, ANY, 1, NOBODY);
	assert_int_equal(xd_balance_improve(&b, 95 * PCT).nb_moves, 1);
	assert_string_equal(owners(&b), "021");
}

/* A guest's memory has moved to another node: the queue follows, unless the worker there is full.
 */
static void
follows_its_memory(void **state)
{
	struct xd_balance b = workers("01");

	(void)state;
	queue(&b, 30 * PCT, 1, 0, NOBODY);
	queue(&b, 50 * PCT, 1, 1, NOBODY);
	queue(&b, 30 * PCT, 1, 0, NOBODY);
	queue(&b, 10 * PCT, 1, 0, 0); /* pinned */
	assert_int_equal(xd_balance_improve(&b, 95 * PCT).nb_moves, 1);
	assert_string_equal(owners(&b), "1100");
	/* And is not moved off its node for load. */
	queues[0].load = queues[1].load = 60 * PCT;
	assert_int_equal(xd_balance_improve(&b, 95 * PCT).nb_moves, 0);
}

/* Whatever the loads: no move makes the busiest worker busier, all queues have owners that may have
 * them, and it ends. */
static void
any_loads(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct xd_balance b = workers("00110011");
		struct xd_balance_result r;
		unsigned n = rand_r(&seed) % 300;

		b.isolate = round % 2;
		for (unsigned i = 0; i < n; i++) {
			int node = rand_r(&seed) % 3 - 1;
			uint8_t pinned = rand_r(&seed) % 20 ? NOBODY : rand_r(&seed) % 2;

			queue(&b, rand_r(&seed) % (3 * PCT), node, NEW, pinned);
		}
		xd_balance_assign(&b);
		for (unsigned i = 0; i < n; i++)
			b.queues[i].load = rand_r(&seed) % (6 * PCT);
		r = xd_balance_improve(&b, 0);
		assert_true(r.most_after <= r.most);
		assert_true(r.nb_moves <= XD_BALANCE_MAX_MOVES);
		for (unsigned i = 0; i < n; i++) {
			const struct xd_balance_queue *q = &b.queues[i];

			assert_true(q->owner < 8);
			assert_true(q->pinned == NOBODY || q->owner == q->pinned);
			assert_true(q->pinned != NOBODY || xd_balance_is_near(&b, q, q->owner));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_workers),
		cmocka_unit_test(new_queues_are_spread),
		cmocka_unit_test(by_load),
		cmocka_unit_test(round_robin),
		cmocka_unit_test(near_its_memory),
		cmocka_unit_test(pinned_and_isolated),
		cmocka_unit_test(moves_as_few_as_help),
		cmocka_unit_test(nothing_that_does_not_help),
		cmocka_unit_test(the_next_busiest),
		cmocka_unit_test(follows_its_memory),
		cmocka_unit_test(any_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
