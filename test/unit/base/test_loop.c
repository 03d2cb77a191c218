/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop_time.h"

#define FOREVER_MS 60000 /* far longer than any step of a test that works */

static struct xd_loop *
loop_of(void **state)
{
	return *state;
}

static int
setup(void **state)
{
	*state = xd_loop_create();
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	xd_loop_destroy(*state);
	return 0;
}

/* An eventfd and a watch on it. */
struct source {
	struct xd_loop *loop;
	struct xd_watch *watch;
	int fd;
	unsigned called;
	uint32_t events;
	struct source *victim; /* removed by the callback */
};

static void
on_source(void *ctx, uint32_t events)
{
	struct source *s = ctx;
	uint64_t count;

	s->called++;
	s->events = events;
	assert_int_equal(read(s->fd, &count, sizeof(count)), sizeof(count));
	if (s->victim) {
		xd_loop_remove(s->victim->watch);
		s->victim->watch = NULL;
		s->victim = NULL;
	}
}

static void
source_open(struct source *s, struct xd_loop *loop)
{
	*s = (struct source){.loop = loop};
	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(s->fd >= 0);
	s->watch = xd_loop_add(loop, s->fd, EPOLLIN, on_source, s);
	assert_non_null(s->watch);
}

static void
source_fire(struct source *s)
{
	uint64_t one = 1;

	assert_int_equal(write(s->fd, &one, sizeof(one)), sizeof(one));
}

static void
source_close(struct source *s)
{
	xd_loop_remove(s->watch);
	close(s->fd);
}

static void
watch_is_called_while_it_is_there(void **state)
{
	struct source s;

	source_open(&s, loop_of(state));
	xd_loop_run_once(s.loop, 0);
	assert_int_equal(s.called, 0);
	source_fire(&s);
	xd_loop_run_once(s.loop, FOREVER_MS);
	assert_int_equal(s.called, 1);
	assert_int_equal(s.events, EPOLLIN);
	xd_loop_modify(s.watch, 0);
	source_fire(&s);
	xd_loop_run_once(s.loop, 0);
	assert_int_equal(s.called, 1);
	xd_loop_modify(s.watch, EPOLLIN);
	xd_loop_run_once(s.loop, FOREVER_MS);
	assert_int_equal(s.called, 2);
	source_close(&s);
	xd_loop_run_once(s.loop, 0);
	assert_int_equal(s.called, 2);
}

static void
watch_that_removes_itself_is_not_called_again(void **state)
{
	struct source s;

	source_open(&s, loop_of(state));
	s.victim = &s;
	source_fire(&s);
	xd_loop_run_once(s.loop, FOREVER_MS);
	source_fire(&s);
	xd_loop_run_once(s.loop, 0);
	assert_int_equal(s.called, 1);
	assert_null(s.watch);
	close(s.fd);
}

/* Both are in one batch; whichever comes first removes the other. */
static void
watch_removed_within_its_batch_is_not_called(void **state)
{
	struct source a, b;

	source_open(&a, loop_of(state));
	source_open(&b, loop_of(state));
	a.victim = &b;
	b.victim = &a;
	source_fire(&a);
	source_fire(&b);
	xd_loop_run_once(a.loop, FOREVER_MS);
	xd_loop_run_once(a.loop, 0);
	assert_int_equal(a.called + b.called, 1);
	source_close(&a);
	source_close(&b);
}

static void *
run_once_thread(void *ctx)
{
	xd_loop_run_once(ctx, FOREVER_MS);
	return NULL;
}

/* The other thread has fetched its batch (or is about to) when the watch goes. */
static void
watch_removed_by_another_thread_is_not_called(void **state)
{
	struct source s;
	pthread_t thread;

	source_open(&s, loop_of(state));
	xd_loop_lock(s.loop);
	source_fire(&s);
	assert_int_equal(pthread_create(&thread, NULL, run_once_thread, s.loop), 0);
	usleep(20000); /* time to get there; the test holds without, but says less */
	source_close(&s);
	xd_loop_unlock(s.loop);
	xd_loop_wake(s.loop);
	pthread_join(thread, NULL);
	assert_int_equal(s.called, 0);
}

static void
wake_ends_a_wait(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_once_thread, *state), 0);
	xd_loop_wake(*state);
	xd_loop_wake(*state);
	pthread_join(thread, NULL);
}

struct tick {
	struct xd_timer *timer;
	unsigned called;
	bool cancel; /* its own timer, from the callback */
	unsigned *order;
	unsigned place;
};

static void
on_tick(void *ctx)
{
	struct tick *t = ctx;

	t->called++;
	if (t->order)
		t->place = ++*t->order;
	if (t->cancel) {
		xd_loop_timer_cancel(t->timer);
		t->timer = NULL;
	}
}

static void
run_until(struct xd_loop *loop, const unsigned *called, unsigned n)
{
	uint64_t until_ns = xd_clock_ns() + 20 * XD_NS_PER_S;

	while (*called < n && xd_clock_ns() < until_ns)
		xd_loop_run_once(loop, FOREVER_MS);
	assert_true(*called >= n);
}

static void
timers_run_in_order_of_time(void **state)
{
	unsigned order = 0;
	struct tick t[3] = {{.order = &order}, {.order = &order}, {.order = &order}};

	uint64_t start_ns;

	do { /* again if we were not given the processor in between */
		for (unsigned i = 0; i < 3; i++)
			xd_loop_timer_cancel(t[i].timer);
		start_ns = xd_clock_ns();
		t[0].timer = xd_loop_timer(*state, 30, 0, on_tick, &t[0]);
		t[1].timer = xd_loop_timer(*state, 1, 0, on_tick, &t[1]);
		t[2].timer = xd_loop_timer(*state, 10, 0, on_tick, &t[2]);
	} while (xd_clock_ns() - start_ns > 5 * 1000000ull);
	run_until(*state, &order, 3);
	assert_int_equal(t[1].place, 1);
	assert_int_equal(t[2].place, 2);
	assert_int_equal(t[0].place, 3);
	for (unsigned i = 0; i < 3; i++)
		xd_loop_timer_cancel(t[i].timer);
}

static void
timer_never_runs_early(void **state)
{
	uint64_t start_ns = xd_clock_ns();
	struct tick t = {0};

	t.timer = xd_loop_timer(*state, 20, 0, on_tick, &t);
	run_until(*state, &t.called, 1);
	assert_true(xd_clock_ns() - start_ns >= 20 * 1000000ull);
	/* One shot: the struct stays until cancelled, and is never called again. */
	xd_loop_run_once(*state, 5);
	assert_int_equal(t.called, 1);
	xd_loop_timer_cancel(t.timer);
}

/* With the time that is skipped, what is due by then, and nothing later; clocks go on from there.
 */
static void
time_may_be_skipped(void **state)
{
	struct tick soon = {0}, late = {0}, later = {0};
	uint64_t before = xd_loop_now_ns(*state);

	soon.timer = xd_loop_timer(*state, FOREVER_MS, 0, on_tick, &soon);
	late.timer = xd_loop_timer(*state, 3 * FOREVER_MS, 0, on_tick, &late);
	xd_loop_skip(*state, 2 * FOREVER_MS);
	run_until(*state, &soon.called, 1);
	assert_int_equal(late.called, 0);
	assert_true(xd_loop_now_ns(*state) - before >= 2 * FOREVER_MS * 1000000ull);
	later.timer = xd_loop_timer(*state, 5, 0, on_tick, &later);
	run_until(*state, &later.called, 1);
	assert_int_equal(late.called, 0);
	/* More than the clock has counted yet. */
	xd_loop_skip(*state, UINT32_MAX);
	run_until(*state, &late.called, 1);
	xd_loop_timer_cancel(soon.timer);
	xd_loop_timer_cancel(late.timer);
	xd_loop_timer_cancel(later.timer);
}

static void
cancelled_timer_does_not_run(void **state)
{
	struct tick a = {0}, b = {0};

	a.timer = xd_loop_timer(*state, 1, 0, on_tick, &a);
	b.timer = xd_loop_timer(*state, 2, 0, on_tick, &b);
	xd_loop_timer_cancel(a.timer);
	xd_loop_timer_cancel(NULL);
	run_until(*state, &b.called, 1);
	assert_int_equal(a.called, 0);
}

static void
periodic_timer_repeats_until_cancelled(void **state)
{
	struct tick t = {0};

	t.timer = xd_loop_timer(*state, 0, 1, on_tick, &t);
	run_until(*state, &t.called, 3);
	t.cancel = true;
	t.called = 0;
	run_until(*state, &t.called, 1);
	xd_loop_run_once(*state, 5);
	assert_int_equal(t.called, 1);
}

#define MANY 101

/* Whatever the order in which they are added and cancelled. */
static void
many_timers_run_in_order_of_time(void **state)
{
	struct tick t[MANY] = {0};
	unsigned order = 0, left = 0;

	for (unsigned i = 0; i < MANY; i++) {
		t[i].order = &order;
		t[i].timer =
			xd_loop_timer(*state, FOREVER_MS * (1 + i * 37 % MANY), 0, on_tick, &t[i]);
	}
	for (unsigned i = 0; i < MANY; i += 3) {
		xd_loop_timer_cancel(t[i].timer);
		t[i].timer = NULL;
	}
	xd_loop_skip(*state, (MANY + 1) * FOREVER_MS);
	xd_loop_run_once(*state, FOREVER_MS);
	for (unsigned after = 0; after < MANY; after++) {
		unsigned i = after * 71 % MANY; /* 37 * 71 is 1 modulo 101 */

		assert_int_equal(t[i].called, i % 3 != 0);
		if (t[i].called)
			assert_int_equal(t[i].place, ++left);
		xd_loop_timer_cancel(t[i].timer);
	}
}

/* The last of the heap comes into the place of the cancelled one, below a timer that is later. */
static void
cancelled_timer_leaves_the_others_in_order(void **state)
{
	static const uint32_t after[] = {6, 7, 5, 4, 3, 2, 1};
	struct tick t[7] = {0};
	unsigned order = 0;

	for (unsigned i = 0; i < 7; i++) {
		t[i].order = &order;
		t[i].timer = xd_loop_timer(*state, after[i] * FOREVER_MS, 0, on_tick, &t[i]);
	}
	xd_loop_timer_cancel(t[1].timer);
	t[1].timer = NULL;
	xd_loop_skip(*state, 8 * FOREVER_MS);
	xd_loop_run_once(*state, FOREVER_MS);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(t[i].place, i == 1 ? 0 : after[i]);
		xd_loop_timer_cancel(t[i].timer);
	}
}

static void
skip_to_a_multiple(struct xd_loop *loop, uint32_t ms)
{
	xd_loop_skip(loop, ms - (uint32_t)(xd_loop_now_ns(loop) / 1000000 % ms));
}

/* However many there are and whenever they were added: one wake in a period. */
static void
timers_with_the_same_period_run_together(void **state)
{
	struct tick t[MANY] = {0};

	skip_to_a_multiple(*state, FOREVER_MS);
	for (unsigned i = 0; i < MANY; i++)
		t[i].timer = xd_loop_timer(*state, 10 * i, FOREVER_MS, on_tick, &t[i]);
	xd_loop_skip(*state, 10 * MANY);
	xd_loop_run_once(*state, FOREVER_MS);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(t[i].called, 1);
	skip_to_a_multiple(*state, FOREVER_MS);
	xd_loop_run_once(*state, FOREVER_MS);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(t[i].called, 2);
		xd_loop_timer_cancel(t[i].timer);
	}
}

static void
one_shot_may_cancel_itself(void **state)
{
	struct tick t = {.cancel = true};

	t.timer = xd_loop_timer(*state, 0, 0, on_tick, &t);
	run_until(*state, &t.called, 1);
	assert_null(t.timer);
}

/* A wait without limit must see a timer that is added, and one that comes before the others. */
static void
timer_of_another_thread_ends_a_wait(void **state)
{
	struct tick late = {0}, soon = {0};
	pthread_t thread;

	late.timer = xd_loop_timer(*state, FOREVER_MS, 0, on_tick, &late);
	assert_int_equal(pthread_create(&thread, NULL, run_once_thread, *state), 0);
	usleep(10000);
	xd_loop_lock(*state);
	soon.timer = xd_loop_timer(*state, 1, 0, on_tick, &soon);
	xd_loop_unlock(*state);
	pthread_join(thread, NULL);
	run_until(*state, &soon.called, 1);
	assert_int_equal(late.called, 0);
}

/* The address sanitizer's build tells whether all of it is freed. */
static void
destroy_frees_what_is_left(void **state)
{
	struct xd_loop *loop = xd_loop_create();
	struct tick t = {0};
	struct source s;

	(void)state;
	assert_non_null(loop);
	source_open(&s, loop);
	xd_loop_timer(loop, 0, 0, on_tick, &t);
	xd_loop_timer(loop, FOREVER_MS, 0, on_tick, &t);
	xd_loop_timer_cancel(xd_loop_timer(loop, FOREVER_MS, 0, on_tick, &t));
	run_until(loop, &t.called, 1);
	xd_loop_destroy(loop);
	xd_loop_destroy(NULL);
	close(s.fd);
}

static void
add_reports_a_bad_descriptor(void **state)
{
	assert_null(xd_loop_add(*state, -1, EPOLLIN, on_source, NULL));
	xd_loop_remove(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(watch_is_called_while_it_is_there),
		TEST(watch_that_removes_itself_is_not_called_again),
		TEST(watch_removed_within_its_batch_is_not_called),
		TEST(watch_removed_by_another_thread_is_not_called),
		TEST(wake_ends_a_wait),
		TEST(timers_run_in_order_of_time),
		TEST(many_timers_run_in_order_of_time),
		TEST(cancelled_timer_leaves_the_others_in_order),
		TEST(timers_with_the_same_period_run_together),
		TEST(timer_never_runs_early),
		TEST(time_may_be_skipped),
		TEST(cancelled_timer_does_not_run),
		TEST(periodic_timer_repeats_until_cancelled),
		TEST(one_shot_may_cancel_itself),
		TEST(timer_of_another_thread_ends_a_wait),
		TEST(destroy_frees_what_is_left),
		TEST(add_reports_a_bad_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
