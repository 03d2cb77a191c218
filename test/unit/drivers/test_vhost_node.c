/* SPDX-License-Identifier: BSD-3-Clause */
/* The node of a guest's memory on a made-up machine with two: a guest that is moved from one to the
 * other, gives memory back, and takes it again. None of its pages is touched. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_common.h>

#include "drivers/vhost/vhost.h"
#include "memory/nodes.h"

#define MIB    (1ull << 20)
#define PAGE   4096
#define LOOKS  2000
#define CHUNKS 64 /* of the guest's memory: each of its own node */

static struct xd_vu_state guest;
static int node_of[CHUNKS]; /* or -ENOENT: given back */
static bool seen[CHUNKS];
static unsigned nb_asked;

const struct xd_vu_state *__wrap_xd_vu_backend_state(const struct xd_vu_backend *be);
long __wrap_move_pages(
	int pid, unsigned long count, void **pages, const int *nodes, int *status, int flags);

const struct xd_vu_state *
__wrap_xd_vu_backend_state(const struct xd_vu_backend *be)
{
	(void)be;
	return &guest;
}

/* Which part of the guest's memory an address lies in, all regions laid end to end. */
static unsigned
chunk_of(const void *page)
{
	const uint8_t *at = page;
	uint64_t place = 0, bytes = 0;
	bool found = false;

	assert_int_equal((uintptr_t)page % PAGE, 0);
	for (unsigned i = 0; i < guest.memory.n; i++)
		bytes += guest.memory.regions[i].size;
	for (unsigned i = 0; i < guest.memory.n && !found; i++) {
		const uint8_t *host = guest.memory.regions[i].host;

		found = at >= host && at < host + guest.memory.regions[i].size;
		place += found ? (uint64_t)(at - host) : guest.memory.regions[i].size;
	}
	assert_true(found);
	return (unsigned)(place * CHUNKS / bytes);
}

long
__wrap_move_pages(
	int pid, unsigned long count, void **pages, const int *nodes, int *status, int flags)
{
	assert_int_equal(pid, 0);
	assert_int_equal(flags, 0);
	assert_null(nodes); /* to be told, not to have them moved */
	for (unsigned long i = 0; i < count; i++) {
		unsigned chunk = chunk_of(pages[i]);

		status[i] = node_of[chunk];
		seen[chunk] = true;
	}
	nb_asked += (unsigned)count;
	return 0;
}

static void
lies_on(unsigned from, unsigned to, int node)
{
	for (unsigned i = from; i < to; i++)
		node_of[i] = node;
}

/* As control looks once a second. */
static int
look(struct xd_vhost_port *p)
{
	p->port.node = xd_vhost_driver.node(&p->port);
	return p->port.node;
}

/* Two regions, as QEMU has them below and above 4 GiB, at addresses where nothing is. */
static struct xd_vhost_port *
start(void)
{
	struct xd_vhost_port *p = aligned_alloc(64, RTE_ALIGN(sizeof(*p), 64));

	assert_non_null(p);
	memset(p, 0, sizeof(*p));
	p->port.node = -1;
	memset(&guest, 0, sizeof(guest));
	memset(seen, 0, sizeof(seen));
	nb_asked = 0;
	guest.memory.n = 2;
	guest.memory.regions[0].host = (uint8_t *)(uintptr_t)0x100000000000;
	guest.memory.regions[0].size = 3072 * MIB;
	guest.memory.regions[1].host = (uint8_t *)(uintptr_t)0x300000000000;
	guest.memory.regions[1].size = 5120 * MIB;
	lies_on(0, CHUNKS, 0);
	return p;
}

static void
a_guest_that_is_moved_is_followed(void **state)
{
	struct xd_vhost_port *p = start();

	(void)state;
	assert_int_equal(look(p), 0);
	lies_on(0, CHUNKS, 1);
	assert_int_equal(look(p), 1);
	lies_on(0, CHUNKS, 0);
	assert_int_equal(look(p), 0);
	assert_int_equal(nb_asked, 3 * XD_NODE_SAMPLES);
	free(p);
}

static void
what_is_given_back_does_not_count(void **state)
{
	struct xd_vhost_port *p = start();

	(void)state;
	lies_on(0, CHUNKS, -ENOENT);
	assert_int_equal(look(p), -1); /* not booted yet */
	lies_on(0, CHUNKS, 1);
	assert_int_equal(look(p), 1);
	/* A balloon takes half of it, then all but nothing. */
	lies_on(0, CHUNKS / 2, -ENOENT);
	assert_int_equal(look(p), 1);
	lies_on(0, CHUNKS, -ENOENT);
	assert_int_equal(look(p), 1);
	/* What it gets when it is let go lies elsewhere. */
	lies_on(0, CHUNKS, 0);
	assert_int_equal(look(p), 0);
	free(p);
}

/* On its way, or on both: it stays where it was said to be. */
static void
a_guest_on_both_nodes_stays(void **state)
{
	struct xd_vhost_port *p = start();

	(void)state;
	assert_int_equal(look(p), 0);
	for (unsigned i = 0; i < CHUNKS; i += 2)
		node_of[i] = 1;
	for (unsigned i = 0; i < 20; i++)
		look(p);
	lies_on(0, CHUNKS, 1);
	assert_int_equal(look(p), 1);
	free(p);
}

static void
all_of_its_memory_is_looked_at(void **state)
{
	struct xd_vhost_port *p = start();

	(void)state;
	for (unsigned i = 0; i < LOOKS; i++)
		look(p);
	for (unsigned i = 0; i < CHUNKS; i++)
		assert_true(seen[i]);
	/* It has gone. */
	guest.memory.n = 0;
	assert_int_equal(look(p), -1);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_is_moved_is_followed),
		cmocka_unit_test(what_is_given_back_does_not_count),
		cmocka_unit_test(a_guest_on_both_nodes_stays),
		cmocka_unit_test(all_of_its_memory_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
