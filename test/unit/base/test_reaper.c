/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reaper.h"
#include "../entries.h"

#define BYTES ((size_t)40 << 20) /* more than is unmapped at once */
#define KEPT  20

static bool no_threads; /* can be started */

int __real_xd_thread_start(pthread_t *id, size_t stack_bytes, void *(*run)(void *), void *ctx);
int __wrap_xd_thread_start(pthread_t *id, size_t stack_bytes, void *(*run)(void *), void *ctx);

int
__wrap_xd_thread_start(pthread_t *id, size_t stack_bytes, void *(*run)(void *), void *ctx)
{
	if (__atomic_load_n(&no_threads, __ATOMIC_RELAXED))
		return EAGAIN;
	return __real_xd_thread_start(id, stack_bytes, run, ctx);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool
is_mapped(void *at)
{
	unsigned char there;

	return mincore(at, 4096, &there) == 0;
}

static void
wait_until_idle(struct xd_reaper *r)
{
	struct xd_reaper_waiting w;

	while (w = xd_reaper_waiting(r), w.fds || w.maps)
		usleep(100);
}

static void
closes_and_unmaps(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	struct xd_reaper *r = xd_reaper_create(pool);
	uint8_t *map =
		mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_non_null(r);
	assert_true(fd >= 0 && map != MAP_FAILED);
	xd_reaper_close(r, -1);
	xd_reaper_close(r, fd);
	xd_reaper_unmap(r, map, BYTES);
	wait_until_idle(r);
	assert_false(is_open(fd));
	for (size_t at = 0; at < BYTES; at += BYTES / 8)
		assert_false(is_mapped(map + at));
	xd_reaper_destroy(r);
	xd_reaper_destroy(NULL);
	xd_reaper_pool_destroy(pool);
	xd_reaper_pool_destroy(NULL);
}

static void
what_waits_is_done_after_destroy(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	struct xd_reaper *r = xd_reaper_create(pool);
	int fds[XD_REAPER_MAX / 4];

	(void)state;
	assert_non_null(r);
	for (unsigned i = 0; i < XD_REAPER_MAX / 4; i++) {
		fds[i] = open("/dev/null", O_RDONLY);
		xd_reaper_close(r, fds[i]);
	}
	xd_reaper_destroy(r);
	xd_reaper_pool_destroy(pool);
	for (unsigned i = 0; i < XD_REAPER_MAX / 4; i++) {
		while (is_open(fds[i]))
			usleep(100);
	}
}

/* ---- Peers that keep threads waiting ---- */

/* What a thread is kept with, until it is let go: a pipe that is full, in the place of an eventfd,
 * as nothing says before of its other end that a write will wait. */
struct kept {
	struct xd_reaper *r;
	int ends[2];
};

static void
keep(struct kept *k, struct xd_reaper_pool *pool)
{
	static const char bytes[4096];

	k->r = xd_reaper_create(pool);
	assert_non_null(k->r);
	assert_int_equal(pipe2(k->ends, O_NONBLOCK), 0);
	while (write(k->ends[1], bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(fcntl(k->ends[1], F_SETFL, 0), 0);
	xd_reaper_notify(k->r, k->ends[1]);
}

static void
let_go(struct kept *k)
{
	char bytes[4096];

	while (xd_reaper_waiting(k->r).notifications)
		(void)!read(k->ends[0], bytes, sizeof(bytes));
	xd_reaper_destroy(k->r);
	close(k->ends[0]);
	close(k->ends[1]);
}

/* Hangs if others are not served, without anybody asking, which would help. */
static void
close_one(struct xd_reaper_pool *pool)
{
	struct xd_reaper *r = xd_reaper_create(pool);
	int fd = open("/dev/null", O_RDONLY);

	xd_reaper_close(r, fd);
	while (is_open(fd))
		usleep(100);
	xd_reaper_destroy(r);
}

static void
who_keeps_a_thread_keeps_no_other(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	unsigned before = nb_entries("/proc/self/task");
	struct kept kept[KEPT];

	(void)state;
	for (unsigned i = 0; i < KEPT; i++) {
		keep(&kept[i], pool);
		close_one(pool);
	}
	for (unsigned i = 0; i < KEPT; i++)
		assert_int_equal(xd_reaper_waiting(kept[i].r).notifications, 1);
	/* One for each that is kept, and of those that are not kept one or two. */
	assert_in_range(nb_entries("/proc/self/task") - before, KEPT, KEPT + 2);
	for (unsigned i = 0; i < KEPT; i++)
		let_go(&kept[i]);
	/* Nobody needs them any more. */
	while (nb_entries("/proc/self/task") > before + 1)
		usleep(1000);
	close_one(pool);
	xd_reaper_pool_destroy(pool);
}

static void
without_another_thread_others_wait_for_the_first(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	struct xd_reaper *r = xd_reaper_create(pool);
	struct kept kept;

	(void)state;
	__atomic_store_n(&no_threads, true, __ATOMIC_RELAXED);
	keep(&kept, pool);
	xd_reaper_close(r, open("/dev/null", O_RDONLY));
	usleep(10000);
	assert_int_equal(xd_reaper_waiting(r).fds, 1);
	/* As soon as there can be one, whoever asks has it started. */
	__atomic_store_n(&no_threads, false, __ATOMIC_RELAXED);
	wait_until_idle(r);
	__atomic_store_n(&no_threads, true, __ATOMIC_RELAXED);
	assert_int_equal(xd_reaper_waiting(kept.r).notifications, 1);
	let_go(&kept);
	close_one(pool);
	xd_reaper_destroy(r);
	xd_reaper_pool_destroy(pool);
	assert_null(xd_reaper_pool_create());
	assert_int_equal(errno, EAGAIN);
	__atomic_store_n(&no_threads, false, __ATOMIC_RELAXED);
}

static void
without_one_it_is_done_at_once(void **state)
{
	void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	xd_reaper_close(NULL, fd);
	xd_reaper_unmap(NULL, map, 4096);
	assert_false(is_open(fd));
	assert_false(is_mapped(map));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_and_unmaps),
		cmocka_unit_test(what_waits_is_done_after_destroy),
		cmocka_unit_test(without_one_it_is_done_at_once),
		cmocka_unit_test(who_keeps_a_thread_keeps_no_other),
		cmocka_unit_test(without_another_thread_others_wait_for_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
