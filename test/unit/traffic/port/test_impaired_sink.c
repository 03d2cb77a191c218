/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults in what is received: which frames the sink behind sees, how often, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/port/impaired_sink.h"

#define FRAMES 20000
#define LEN    100

struct seen {
	struct xd_impaired_sink s;
	unsigned n, ends;
	uint32_t number[2 * FRAMES];
	uint64_t now;
};

static void
see(void *ctx, const struct xd_arrival *frame)
{
	struct seen *seen = ctx;

	assert_int_equal(frame->len, LEN);
	assert_int_equal(frame->header.gso_size, frame->data[LEN - 1]);
	assert_true(frame->now >= seen->now); /* time does not go back */
	seen->now = frame->now;
	memcpy(&seen->number[seen->n++], frame->data, 4);
}

static void
see_end(void *ctx)
{
	struct seen *seen = ctx;

	seen->ends++;
}

/* Frames with their numbers, all in the same place. */
static void
send_all(struct seen *seen, const struct xd_impair *impair)
{
	static uint8_t data[LEN];
	struct xd_arrival frame = {.data = data, .len = LEN, .gathered = true};

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(
		xd_impaired_sink_init(&seen->s, impair, (struct xd_sink){see, seen, see_end}, NULL),
		0);
	for (uint32_t i = 0; i < FRAMES; i++) {
		memcpy(data, &i, 4);
		data[LEN - 1] = (uint8_t)i;
		frame.header.gso_size = (uint8_t)i;
		frame.now = i;
		seen->s.sink.take(seen->s.sink.ctx, &frame);
	}
	seen->s.sink.end(seen->s.sink.ctx);
	assert_int_equal(seen->ends, 1);
}

static void
test_loss(void **state)
{
	static struct seen seen;

	(void)state;
	send_all(&seen, &(struct xd_impair){.loss = 0.1});
	assert_in_range(seen.s.lost, FRAMES / 12, FRAMES / 8);
	assert_int_equal(seen.n, FRAMES - seen.s.lost);
	for (unsigned i = 1; i < seen.n; i++)
		assert_true(seen.number[i] > seen.number[i - 1]);
	xd_impaired_sink_fini(&seen.s);
	send_all(&seen, &(struct xd_impair){.loss = 1});
	assert_int_equal(seen.n, 0);
	xd_impaired_sink_fini(&seen.s);
}

static void
test_twice(void **state)
{
	static struct seen seen;
	unsigned twice = 0;

	(void)state;
	send_all(&seen, &(struct xd_impair){.dup = 0.05});
	assert_in_range(seen.s.duplicated, FRAMES / 25, FRAMES / 16);
	assert_int_equal(seen.n, FRAMES + seen.s.duplicated);
	for (unsigned i = 1; i < seen.n; i++)
		twice += seen.number[i] == seen.number[i - 1];
	assert_int_equal(twice, seen.s.duplicated);
	xd_impaired_sink_fini(&seen.s);
}

static void
test_late(void **state)
{
	static struct seen seen;
	unsigned late = 0;

	(void)state;
	send_all(&seen, &(struct xd_impair){.reorder = 0.05});
	assert_in_range(seen.s.reordered, FRAMES / 25, FRAMES / 16);
	assert_int_equal(seen.n + seen.s.held, FRAMES);
	for (unsigned i = 1; i < seen.n; i++) {
		late += seen.number[i] < seen.number[i - 1];
		assert_true(seen.number[i] + 1 >= seen.number[i - 1]); /* behind the next one */
	}
	assert_int_equal(late + seen.s.held, seen.s.reordered);
	xd_impaired_sink_fini(&seen.s);
}

/* Nothing comes to overtake it: it is shown all the same. */
static void
test_held_last(void **state)
{
	static struct seen seen;

	(void)state;
	send_all(&seen, &(struct xd_impair){.reorder = 1});
	assert_int_equal(seen.s.reordered, FRAMES / 2);
	assert_false(seen.s.held);
	xd_impaired_sink_fini(&seen.s);
	for (uint64_t seed = 0; !seen.s.held; seed++)
		send_all(&seen, &(struct xd_impair){.reorder = 0.5, .seed = seed});
	assert_int_equal(seen.n, FRAMES - 1);
	for (unsigned i = 0; i < 2 * XD_IMPAIRED_SINK_LOOKS; i++)
		xd_impaired_sink_look(&seen.s);
	assert_int_equal(seen.n, FRAMES);
	assert_int_equal(seen.number[FRAMES - 1], FRAMES - 1);
	xd_impaired_sink_fini(&seen.s);
}

/* What is sent and what is received have other faults, of one seed. */
static void
test_seeds(void **state)
{
	const struct xd_impair impair = {.seed = 7}, other = {.seed = 8};

	(void)state;
	assert_true(xd_impair_begin(&impair) != xd_impair_begin_rx(&impair));
	assert_true(xd_impair_begin_rx(&impair) == xd_impair_begin_rx(&impair));
	assert_true(xd_impair_begin_rx(&impair) != xd_impair_begin_rx(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_held_last),
		cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
