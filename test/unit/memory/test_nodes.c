/* SPDX-License-Identifier: BSD-3-Clause */
/* Where memory lies, on a machine that is made up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/nodes.h"

static int made_up[XD_NODE_SAMPLES]; /* what the pages are on */
static bool refused;

static long
ask(int pid, unsigned long count, void **pages, const int *nodes, int *status, int flags)
{
	assert_int_equal(pid, 0);
	assert_null(nodes); /* else they would be moved */
	assert_int_equal(flags, 0);
	for (unsigned long i = 0; i < count; i++) {
		assert_ptr_equal(pages[i], (void *)(4096 * (i + 1)));
		status[i] = made_up[i];
	}
	return refused ? -1 : 0;
}

/* The text has a node for each page; "." for one that is nowhere yet. */
static int
node_of(const char *text, int otherwise)
{
	void *pages[XD_NODE_SAMPLES];
	unsigned n = 0;

	for (; text[n]; n++) {
		made_up[n] = text[n] == '.' ? -ENOENT : text[n] - '0';
		pages[n] = (void *)(4096 * (n + 1ul));
	}
	return xd_memory_pages_node(pages, n, otherwise, ask);
}

static void
node_of_most_pages(void **state)
{
	(void)state;
	assert_int_equal(node_of("1111111111111111", 5), 1);
	assert_int_equal(node_of("0000000000000000", 5), 0);
	assert_int_equal(node_of("1", 5), 1);
	assert_int_equal(node_of("....1...........", 5), 1);
	/* Three of four, wherever they are; else it stays what it was. */
	assert_int_equal(node_of("0101011111111111", 5), 1);
	assert_int_equal(node_of("0101010111111111", 5), 1);
	assert_int_equal(node_of("0101010101111111", 5), 5);
	assert_int_equal(node_of("0101010101010101", 5), 5);
	assert_int_equal(node_of("................", 5), 5);
	assert_int_equal(node_of("", 5), 5);
	refused = true;
	assert_int_equal(node_of("1111", 5), 5);
	refused = false;
}

/* The system's answer, for memory of this process: touched, and not. */
static void
pages_of_this_process(void **state)
{
	uint8_t *map =
		mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *first = map, *second = map + 4096;
	int node;

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	map[0] = 1;
	node = xd_memory_pages_node(&first, 1, 77, NULL);
	assert_true(node == 77 || node < (int)xd_memory_nodes());
	assert_int_equal(xd_memory_pages_node(&second, 1, 77, NULL), 77);
	munmap(map, 2 * 4096);
}

static void
write_number(const char *dir, const char *name, unsigned number)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%u\n", number);
	fclose(file);
}

static void
pages_of_a_node(void **state)
{
	char dir[] = "/tmp/xdnodesXXXXXX", command[128], at[128];
	struct xd_node_pages pages[2];

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(xd_memory_node_pages(dir, 1, pages), 0);
	snprintf(command, sizeof(command),
		"mkdir -p %s/node1/hugepages/hugepages-2048kB "
		"%s/node1/hugepages/hugepages-1048576kB",
		dir, dir);
	assert_int_equal(system(command), 0);
	snprintf(at, sizeof(at), "%s/node1/hugepages/hugepages-1048576kB", dir);
	write_number(at, "nr_hugepages", 3);
	write_number(at, "free_hugepages", 2);
	assert_int_equal(xd_memory_node_pages(dir, 1, pages), 1);
	assert_int_equal(pages[0].page_bytes, 1u << 30);
	assert_int_equal(pages[0].total, 3);
	assert_int_equal(pages[0].free, 2);
	snprintf(at, sizeof(at), "%s/node1/hugepages/hugepages-2048kB", dir);
	write_number(at, "nr_hugepages", 512);
	write_number(at, "free_hugepages", 0);
	assert_int_equal(xd_memory_node_pages(dir, 1, pages), 2);
	assert_int_equal(pages[0].page_bytes, 2u << 20);
	assert_int_equal(pages[0].free, 0);
	assert_int_equal(xd_memory_node_pages(dir, 0, pages), 0);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_of_most_pages),
		cmocka_unit_test(pages_of_this_process),
		cmocka_unit_test(pages_of_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
