/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes to eventfds that a peer keeps from ending: each test hangs if nothing ends them. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/event_fd.h"
#include "base/guard.h"
#include "base/reaper.h"

#define FULL (UINT64_MAX - 1)

static uint64_t
count_of(int fd)
{
	uint64_t count = 0;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	(void)!read(fd, &count, sizeof(count));
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	return count;
}

static void
writes(void **state)
{
	struct xd_guard *g = xd_guard_create(2);
	struct xd_guard_slot *slot = xd_guard_slot(g, 1);
	int fd = eventfd(0, 0);

	(void)state;
	assert_non_null(g);
	for (unsigned i = 0; i < 1000; i++)
		xd_guard_write(slot, fd);
	assert_int_equal(count_of(fd), 1000);
	xd_guard_write(xd_guard_slot(NULL, 0), fd);
	assert_int_equal(count_of(fd), 1);
	close(fd);
	xd_guard_destroy(g);
	xd_guard_destroy(NULL);
}

static void
full_one_is_emptied(void **state)
{
	struct xd_guard *g = xd_guard_create(4);
	int fd = eventfd(0, 0);

	(void)state;
	/* The second finds a guard that sleeps. */
	for (unsigned i = 0; i < 2; i++) {
		eventfd_write(fd, FULL);
		xd_guard_write(xd_guard_slot(g, 3), fd);
		assert_int_equal(count_of(fd), 1);
		usleep(1200 * 1000);
	}
	close(fd);
	xd_guard_destroy(g);
}

struct peer {
	int fd;
	bool stop;
};

/* Leaves no gap but between two calls. */
static void *
fill(void *arg)
{
	struct peer *p = arg;
	uint64_t count;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		if (!xd_event_fd_is_full(p->fd)) {
			eventfd_write(p->fd, 1);
			(void)!read(p->fd, &count, sizeof(count));
			eventfd_write(p->fd, FULL);
		}
	}
	return NULL;
}

static void *
drain(void *arg)
{
	struct peer *p = arg;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		xd_event_fd_drain(p->fd);
		usleep(1000);
	}
	return NULL;
}

static void
one_that_is_filled_again_is_emptied_again(void **state)
{
	struct xd_guard *g = xd_guard_create(1);
	struct peer p = {.fd = eventfd(0, 0)}, end = {.fd = p.fd};
	pthread_t peer, help;

	(void)state;
	assert_int_equal(pthread_create(&peer, NULL, fill, &p), 0);
	for (unsigned i = 0; i < 20; i++)
		xd_guard_write(xd_guard_slot(g, 0), p.fd);
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&help, NULL, drain, &end), 0);
	pthread_join(peer, NULL);
	__atomic_store_n(&end.stop, true, __ATOMIC_RELAXED);
	pthread_join(help, NULL);
	xd_guard_destroy(g);
	close(p.fd);
}

/* ---- By a reaper ---- */

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
reaper_writes_before_it_closes(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	struct xd_reaper *r = xd_reaper_create(pool);
	int fd = eventfd(0, 0), handed = dup(fd);

	(void)state;
	xd_reaper_notify(r, -1);
	xd_reaper_notify(r, handed);
	xd_reaper_close(r, handed);
	while (is_open(handed))
		usleep(100);
	assert_int_equal(count_of(fd), 1);
	/* What is full says already what is to be said. */
	eventfd_write(fd, FULL);
	handed = dup(fd);
	xd_reaper_notify(r, handed);
	xd_reaper_close(r, handed);
	while (is_open(handed))
		usleep(100);
	assert_true(count_of(fd) == FULL);
	xd_reaper_destroy(r);
	xd_reaper_pool_destroy(pool);
	close(fd);
}

static void
reaper_is_let_go(void **state)
{
	struct xd_reaper_pool *pool = xd_reaper_pool_create();
	struct xd_reaper *r = xd_reaper_create(pool);
	struct peer p = {.fd = eventfd(0, 0)};
	int handed = dup(p.fd);
	pthread_t peer;

	(void)state;
	assert_int_equal(pthread_create(&peer, NULL, fill, &p), 0);
	for (unsigned i = 0; i < 20000; i++)
		xd_reaper_notify(r, handed);
	xd_reaper_close(r, handed);
	while (is_open(handed)) {
		xd_reaper_unblock(r);
		usleep(100);
	}
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	while (pthread_tryjoin_np(peer, NULL)) {
		xd_event_fd_drain(p.fd);
		usleep(100);
	}
	xd_reaper_destroy(r);
	xd_reaper_pool_destroy(pool);
	close(p.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(full_one_is_emptied),
		cmocka_unit_test(one_that_is_filled_again_is_emptied_again),
		cmocka_unit_test(reaper_writes_before_it_closes),
		cmocka_unit_test(reaper_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
