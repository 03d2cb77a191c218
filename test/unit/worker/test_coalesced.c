/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmits to a port with `coalesce`: what its driver is given, what is counted, and what becomes
 * of segments when there is no room for all of them as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../frame/tcp_stream.h"
#include "one_worker.h"

#define TAKES (XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4)
#define SIZE  1000

struct fake {
	struct xd_port port; /* first */
	uint8_t takes;
	unsigned room; /* buffers of SIZE bytes of payload */
	unsigned nb_calls, nb_got;
	unsigned got[2 * XD_BATCH]; /* segments that each frame is of */
};

struct world {
	struct fake fake;
	struct xd_driver driver;
	struct xd_plan_port out;
	struct rte_rcu_qsbr *qsbr;
	struct xd_worker *worker;
	struct sample samples[XD_BATCH];
	struct xd_frame *frames[XD_BATCH];
};

static uint16_t
fake_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct fake *p = (struct fake *)port;

	(void)worker;
	p->nb_calls++;
	for (uint16_t i = 0; i < n; i++) {
		const unsigned segments = (frames[i]->len + SIZE - 1 - 66) / SIZE;

		assert_int_equal(frames[i]->offload.gso_size, segments > 1 ? SIZE : 0);
		if (segments > p->room)
			return i;
		p->room -= segments;
		p->got[p->nb_got++] = segments;
	}
	return n;
}

static uint8_t
fake_takes(struct xd_port *port, unsigned worker)
{
	(void)worker;
	return ((struct fake *)port)->takes;
}

static int
set_up(void **state)
{
	static struct xd_worker_env env = {.tsc_hz = 1000000000};
	const size_t bytes = RTE_ALIGN(sizeof(struct world), 64);
	struct world *w = aligned_alloc(64, bytes);

	memset(w, 0, bytes);
	w->driver = (struct xd_driver){.type = "fake", .tx = fake_tx, .takes = fake_takes};
	w->fake.port.driver = &w->driver;
	w->fake.port.max_frame = 1518;
	w->fake.takes = TAKES;
	w->fake.room = 1000;
	w->out = (struct xd_plan_port){
		.port = &w->fake.port, .driver = &w->driver, .coalesces = true};
	w->out.config.coalesce = XD_COALESCE_ON;
	w->worker = create_one_worker(&env, &w->qsbr);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	xd_worker_destroy(w->worker);
	free(w->qsbr);
	free(w);
	return 0;
}

/* n segments of one connection, of which the driver gets as many frames as are expected. */
static uint16_t
send(struct world *w, uint16_t n, unsigned expected)
{
	const struct stream stream = {.n = n, .payload = {SIZE}};
	uint16_t done;

	make_stream(&stream, w->samples, w->frames);
	w->fake.nb_got = w->fake.nb_calls = 0;
	done = xd_worker_tx(w->worker, &w->out, w->frames, n);
	assert_int_equal(w->fake.nb_got, expected);
	return done;
}

static uint64_t
coalesced(const struct world *w)
{
	return w->fake.port.counters[0].coalesced;
}

static void
test_one_for_many(void **state)
{
	struct world *w = *state;

	assert_int_equal(send(w, 32, 1), 32);
	assert_int_equal(w->fake.nb_calls, 1);
	assert_int_equal(w->fake.got[0], 32);
	assert_int_equal(coalesced(w), 31);
	assert_int_equal(send(w, 1, 1), 1);
	assert_int_equal(coalesced(w), 31);
}

static void
test_off(void **state)
{
	struct world *w = *state;

	w->out.coalesces = false;
	assert_int_equal(send(w, 32, 32), 32);
	w->out.coalesces = true;
	w->fake.takes = 0;
	assert_int_equal(send(w, 32, 32), 32);
	w->fake.takes = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6;
	assert_int_equal(send(w, 32, 32), 32);
	assert_int_equal(coalesced(w), 0);
}

/* Too few buffers for all of them: as many go as would have gone one by one. */
static void
test_little_room(void **state)
{
	struct world *w = *state;

	w->fake.room = 5;
	assert_int_equal(send(w, 8, 5), 5);
	assert_int_equal(w->fake.nb_calls, 2);
	assert_int_equal(coalesced(w), 0);
	w->fake.room = 0;
	assert_int_equal(send(w, 8, 0), 0);
	w->fake.room = 8;
	assert_int_equal(send(w, 8, 1), 8);
	assert_int_equal(coalesced(w), 7);
}

/* Of two runs, the second finds no room. */
static void
test_room_for_the_first(void **state)
{
	const struct stream stream = {
		.n = 7, .payload = {SIZE, SIZE, SIZE - 1, SIZE, SIZE, SIZE, SIZE}};
	struct world *w = *state;

	w->fake.room = 5;
	make_stream(&stream, w->samples, w->frames);
	assert_int_equal(xd_worker_tx(w->worker, &w->out, w->frames, 7), 5);
	assert_int_equal(w->fake.nb_got, 3);
	assert_int_equal(w->fake.got[0], 3);
	assert_int_equal(coalesced(w), 2);
}

/* The same while the worker times each call. */
static void
test_wary(void **state)
{
	struct world *w = *state;

	w->worker->wary = true;
	assert_int_equal(send(w, 32, 1), 32);
	assert_int_equal(coalesced(w), 31);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_for_many),
		TEST(test_off),
		TEST(test_little_room),
		TEST(test_room_for_the_first),
		TEST(test_wary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
