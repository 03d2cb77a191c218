/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables, before and after the EAL is up; pools. The EAL itself: test_eal.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "crossdock.h"
#include "memory/hugepages.h"
#include "memory/memory.h"

#define MIB ((size_t)1 << 20)

static void
check_table(size_t bytes, int node)
{
	uint8_t *p = xd_memory_alloc(bytes, node);

	assert_non_null(p);
	assert_int_equal((uintptr_t)p % (bytes >= MIB ? 2 * MIB : 4096), 0);
	for (size_t i = 0; i < bytes; i += 512)
		assert_int_equal(p[i], 0);
	assert_int_equal(p[bytes - 1], 0);
	memset(p, 0xff, bytes);
	xd_memory_free(p, bytes);
}

static void
test_tables(void **state)
{
	const size_t sizes[] = {1, 4096, 4097, MIB - 1, MIB, 2 * MIB, 2 * MIB + 1, 33 * MIB};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_table(sizes[i], XD_NODE_ANY);
		check_table(sizes[i], 0);
		check_table(sizes[i], 63); /* no such node: anywhere */
		check_table(sizes[i], 1000000);
	}
	xd_memory_free(NULL, 5);
}

static unsigned long
mapped_pages(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages;
}

/* What is given back is unmapped, all of it, and nothing around it was. */
static void
check_given_back(void)
{
	const size_t sizes[] = {5000, 3 * MIB, 40 * MIB + 1};

	mapped_pages(); /* stdio's own memory comes first */
	for (unsigned i = 0; i < 3; i++) {
		unsigned long before = mapped_pages();
		uint8_t *p = xd_memory_alloc(sizes[i], XD_NODE_ANY);

		assert_in_range(mapped_pages() - before, sizes[i] / 4096, sizes[i] / 4096 + 512);
		assert_int_equal(msync(p, 4096, MS_ASYNC), 0);
		xd_memory_free(p, sizes[i]);
		assert_int_equal(msync(p, 4096, MS_ASYNC), -1);
		assert_int_equal(mapped_pages(), before);
	}
}

static void
test_tables_are_given_back(void **state)
{
	(void)state;
	check_given_back();
}

static void
test_impossible_tables(void **state)
{
	(void)state;
	assert_null(xd_memory_alloc(0, XD_NODE_ANY));
	assert_int_equal(errno, EINVAL);
	assert_null(xd_memory_alloc(SIZE_MAX, XD_NODE_ANY));
	assert_int_equal(errno, ENOMEM);
	assert_null(xd_memory_alloc(SIZE_MAX / 2, XD_NODE_ANY));
	assert_null(xd_memory_alloc(SIZE_MAX - 2 * MIB, XD_NODE_ANY));
}

static void
test_core_node(void **state)
{
	(void)state;
	assert_in_range(xd_memory_core_node(0) + 1, 0, 64);
	assert_int_equal(xd_memory_core_node(100000), XD_NODE_ANY);
}

static void
test_words_for_too_few_hugepages(void **state)
{
	struct xd_error err = {0};

	(void)state;
	assert_int_equal(xd_hugepages_fail(&err), -ENOMEM);
	assert_non_null(strstr(err.text, "needs 32 MiB of hugepages"));
	assert_true(
		strstr(err.text, "echo ") != NULL || strstr(err.text, "hugetlb.2MB.max") != NULL);
}

static int
start(enum xd_hugepages hugepages, char *const *eal_args, unsigned n, struct xd_error *err)
{
	struct xd_memory_opts opts = {.size = sizeof(opts),
		.hugepages = hugepages,
		.program = "test_memory",
		.eal_args = eal_args,
		.nb_eal_args = n};

	return xd_memory_start(&opts, err);
}

/* Last: from here on this process has an EAL. */
static void
test_pools(void **state)
{
	struct rte_mempool *pool;
	struct rte_mbuf *mbufs[100];
	struct xd_error err = {0};
	uint64_t used;

	(void)state;
	xd_memory_stop(); /* nothing to give back yet */
	assert_int_equal(start(XD_HUGEPAGES_NONE, NULL, 0, &err), 0);
	assert_int_equal(start(XD_HUGEPAGES_NONE, NULL, 0, &err), 0);
	assert_false(xd_memory_hugepages());
	assert_int_equal(xd_memory_page_bytes(), 4096);
	used = xd_memory_eal_used_bytes();
	assert_in_range(used, 1, 16 * MIB);

	pool = xd_pool_create("pool", 100, 2176, 0, &err);
	assert_non_null(pool);
	assert_true(xd_pool_bytes(pool) >= 100 * 2304);
	assert_true(xd_memory_eal_used_bytes() >= used + 100 * 2304);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, mbufs, 100), 0);
	assert_int_equal(rte_pktmbuf_tailroom(mbufs[0]), 2048);
	rte_pktmbuf_free_bulk(mbufs, 100);
	assert_null(xd_pool_create("pool", 100, 2176, 0, &err));
	assert_int_equal(err.code, -EEXIST);
	rte_mempool_free(pool);
	pool = xd_pool_create("one", 1, 2176, XD_NODE_ANY, &err);
	assert_non_null(pool);
	rte_mempool_free(pool);
	assert_int_equal(xd_pool_bytes(NULL), 0);

	assert_null(xd_pool_create("none", 0, 2176, 0, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(xd_pool_create("small", 10, RTE_PKTMBUF_HEADROOM, 0, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(xd_pool_create("wide", 10, 65536, 0, NULL));
	assert_null(xd_pool_create("much", 10000000, 2176, 0, &err));
	assert_int_equal(err.code, -ENOMEM);
	assert_non_null(strstr(err.text, "start it with the EAL option -m"));
	/* Now surely without hugepages. */
	check_table(3 * MIB, 0);
	check_given_back();
	xd_memory_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_tables_are_given_back),
		cmocka_unit_test(test_impossible_tables),
		cmocka_unit_test(test_core_node),
		cmocka_unit_test(test_words_for_too_few_hugepages),
		cmocka_unit_test(test_pools),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
