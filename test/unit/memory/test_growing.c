/* SPDX-License-Identifier: BSD-3-Clause */
/* A table that grows where it lies: what is ready, what it reads as, what is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "memory/growing.h"
#include "memory/memory.h"

#define PAGE ((size_t)4096)

static bool
reads_as(const uint8_t *p, size_t bytes, uint8_t byte)
{
	for (size_t i = 0; i < bytes; i += 64) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

static size_t
resident(const struct xd_growing *g)
{
	unsigned char pages[4 * XD_GROWING_FIRST / PAGE];
	size_t n = 0;

	assert_true(g->most <= sizeof(pages) * PAGE);
	assert_int_equal(mincore(g->base, g->most, pages), 0);
	for (size_t i = 0; i < g->most / PAGE; i++)
		n += pages[i] & 1;
	return n * PAGE;
}

static void
grows_and_is_cut(void **state)
{
	struct xd_growing g;

	(void)state;
	assert_true(xd_growing_init(&g, 4 * XD_GROWING_FIRST, XD_NODE_ANY));
	assert_int_equal((uintptr_t)g.base % XD_GROWING_FIRST, 0);
	assert_int_equal(g.ready, XD_GROWING_FIRST);
	/* Pages come as they are touched. */
	g.base[0] = 1;
	assert_in_range(resident(&g), PAGE, 16 * PAGE);
	memset(g.base, 1, g.ready);
	assert_true(xd_growing_extend(&g, 2 * XD_GROWING_FIRST));
	assert_int_equal(g.ready, 2 * XD_GROWING_FIRST);
	assert_true(xd_growing_extend(&g, 4 * XD_GROWING_FIRST));
	assert_int_equal(resident(&g), 4 * XD_GROWING_FIRST);
	/* What was there is where it was; what came is empty. */
	assert_true(reads_as(g.base, XD_GROWING_FIRST, 1));
	assert_true(reads_as(g.base + XD_GROWING_FIRST, 3 * XD_GROWING_FIRST, 0));
	memset(g.base, 2, g.ready);
	assert_false(xd_growing_extend(&g, 5 * XD_GROWING_FIRST));
	assert_int_equal(g.ready, 4 * XD_GROWING_FIRST);
	xd_growing_cut(&g, 3 * XD_GROWING_FIRST);
	assert_int_equal(g.ready, 3 * XD_GROWING_FIRST);
	assert_int_equal(resident(&g), 3 * XD_GROWING_FIRST);
	xd_growing_cut(&g, PAGE);
	assert_int_equal(g.ready, XD_GROWING_FIRST);
	assert_int_equal(resident(&g), PAGE);
	assert_true(reads_as(g.base, PAGE, 2));
	/* Who still reads there finds zeroes, */
	assert_true(reads_as(g.base + PAGE, 4 * XD_GROWING_FIRST - PAGE, 0));
	/* and it can be had again. */
	assert_true(xd_growing_extend(&g, 4 * XD_GROWING_FIRST));
	memset(g.base, 3, g.ready);
	xd_growing_fini(&g);
	xd_growing_fini(&g);
}

static void
small_ones_and_impossible_ones(void **state)
{
	struct xd_growing g;

	(void)state;
	assert_true(xd_growing_init(&g, PAGE, 0));
	assert_int_equal(g.ready, PAGE);
	memset(g.base, 1, PAGE);
	assert_false(xd_growing_extend(&g, XD_GROWING_FIRST));
	xd_growing_cut(&g, PAGE);
	assert_true(reads_as(g.base, PAGE, 1));
	xd_growing_fini(&g);
	assert_false(xd_growing_init(&g, (size_t)1 << 50, XD_NODE_ANY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_is_cut),
		cmocka_unit_test(small_ones_and_impossible_ones),
	};

	return cmocka_run_group_tests_name("growing", tests, NULL, NULL);
}
