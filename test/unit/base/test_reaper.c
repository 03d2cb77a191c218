/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reaper.h"

#define BYTES ((size_t)40 << 20) /* more than is unmapped at once */

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
	struct xd_reaper *r = xd_reaper_create();
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
}

static void
what_waits_is_done_after_destroy(void **state)
{
	struct xd_reaper *r = xd_reaper_create();
	int fds[XD_REAPER_MAX / 4];

	(void)state;
	assert_non_null(r);
	for (unsigned i = 0; i < XD_REAPER_MAX / 4; i++) {
		fds[i] = open("/dev/null", O_RDONLY);
		xd_reaper_close(r, fds[i]);
	}
	xd_reaper_destroy(r);
	for (unsigned i = 0; i < XD_REAPER_MAX / 4; i++) {
		while (is_open(fds[i]))
			usleep(100);
	}
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
