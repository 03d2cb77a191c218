/* SPDX-License-Identifier: BSD-3-Clause */
/* The FDB: what it learns, forgets and refuses, and that threads do not break it. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fdb/fdb_private.h"
#include "fdb_keys.h"
#include "memory/memory.h"
#include "port/port.h"

#define NB_RACERS 2
#define NB_RACED  2048u /* addresses that the racing threads share */
#define PORT_A    10
#define PORT_B    13
#ifdef __SANITIZE_THREAD__
#define NB_ROUNDS 40u
#else
#define NB_ROUNDS 400u
#endif

static struct xd_fdb *
make(uint32_t mac_limit, uint32_t ageing_s, uint32_t port_limit)
{
	struct xd_fdb_opts opts = {
		.mac_limit = mac_limit, .ageing_s = ageing_s, .node = XD_NODE_ANY};
	struct xd_error err = {0};
	struct xd_fdb *fdb = xd_fdb_create(&opts, &err);

	if (fdb == NULL)
		fail_msg("%s", err.text);
	for (uint16_t port = 0; port < XD_MAX_PORTS; port++)
		xd_fdb_set_port_limit(fdb, port, port_limit);
	return fdb;
}

static void
test_key(void **state)
{
	uint8_t a[] = {2, 0, 0, 0, 0, 1, 0xaa, 0xbb};
	uint8_t b[] = {2, 0, 0, 0, 0, 1, 0xcc, 0xdd};

	(void)state;
	assert_int_equal(xd_fdb_key(a, 7), xd_fdb_key(b, 7));
	assert_int_not_equal(xd_fdb_key(a, 7), xd_fdb_key(a, 8));
	assert_int_not_equal(xd_fdb_key(a, 0), 0);
	assert_int_equal(xd_fdb_key(a, 0xfff) >> 60, 0);
}

static void
test_learn_and_look_up(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);

	(void)state;
	assert_int_equal(lookup(fdb, key_of(1, 0)), XD_PORT_NONE);
	learn(fdb, key_of(1, 0), 0, 0);
	learn(fdb, key_of(2, 0), XD_MAX_PORTS - 1, 0);
	assert_int_equal(lookup(fdb, key_of(1, 0)), 0);
	assert_int_equal(lookup(fdb, key_of(2, 0)), XD_MAX_PORTS - 1);
	assert_int_equal(lookup(fdb, key_of(3, 0)), XD_PORT_NONE);
	assert_int_equal(xd_fdb_count(fdb), 2);
	assert_int_equal(xd_fdb_count_port(fdb, 0), 1);
	learn(fdb, key_of(1, 0), 0, 1);
	assert_int_equal(xd_fdb_count(fdb), 2);
	assert_int_equal(xd_fdb_moves(fdb), 0);
	xd_fdb_destroy(fdb);
}

static void
test_impossible_learning(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);

	(void)state;
	xd_fdb_learn_slow(fdb, 0, xd_fdb_hash(fdb, 0), 1, 0);
	xd_fdb_learn_slow(fdb, key_of(1, 0), xd_fdb_hash(fdb, key_of(1, 0)), XD_MAX_PORTS, 0);
	assert_int_equal(xd_fdb_count(fdb), 0);
	assert_int_equal(lookup(fdb, 0), XD_PORT_NONE);
	xd_fdb_destroy(fdb);
}

static void
test_vlans_are_separate(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);

	(void)state;
	learn(fdb, key_of(1, 10), 1, 0);
	learn(fdb, key_of(1, 20), 2, 0);
	assert_int_equal(lookup(fdb, key_of(1, 10)), 1);
	assert_int_equal(lookup(fdb, key_of(1, 20)), 2);
	assert_int_equal(lookup(fdb, key_of(1, 0)), XD_PORT_NONE);
	assert_int_equal(xd_fdb_count(fdb), 2);
	xd_fdb_destroy(fdb);
}

static void
test_move(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);

	(void)state;
	learn(fdb, key_of(1, 0), 1, 0);
	learn(fdb, key_of(1, 0), 2, 0); /* within the same second */
	assert_int_equal(lookup(fdb, key_of(1, 0)), 2);
	assert_int_equal(xd_fdb_moves(fdb), 1);
	assert_int_equal(xd_fdb_count(fdb), 1);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 0);
	assert_int_equal(xd_fdb_count_port(fdb, 2), 1);
	xd_fdb_destroy(fdb);
}

static void
test_ageing(void **state)
{
	struct xd_fdb *fdb = make(1024, 10, 0);

	(void)state;
	learn(fdb, key_of(1, 0), 1, 100);
	learn(fdb, key_of(2, 0), 1, 100);
	learn(fdb, key_of(2, 0), 1, 105);
	/* A worker whose clock is a second behind makes nothing older. */
	learn(fdb, key_of(2, 0), 1, 104);
	xd_fdb_learn_slow(fdb, key_of(2, 0), xd_fdb_hash(fdb, key_of(2, 0)), 1, 104);
	assert_int_equal(xd_fdb_age(fdb, 110), 0);
	assert_int_equal(xd_fdb_age(fdb, 111), 1);
	assert_int_equal(lookup(fdb, key_of(1, 0)), XD_PORT_NONE);
	assert_int_equal(lookup(fdb, key_of(2, 0)), 1);
	assert_int_equal(xd_fdb_count(fdb), 1);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 1);
	assert_int_equal(xd_fdb_age(fdb, 115), 0);
	xd_fdb_set_ageing(fdb, 5);
	assert_int_equal(xd_fdb_age(fdb, 111), 1);
	assert_int_equal(xd_fdb_count(fdb), 0);
	xd_fdb_destroy(fdb);
}

static void
test_flush_port(void **state)
{
	struct xd_fdb *fdb = make(1024, 10, 0);

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		learn(fdb, key_of(i, 0), i % 2, 0);
	xd_fdb_flush_port(fdb, 1);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(lookup(fdb, key_of(i, 0)), i % 2 ? XD_PORT_NONE : 0);
	assert_int_equal(xd_fdb_count(fdb), 50);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 0);
	/* Learned again where they were, also by another port. */
	learn(fdb, key_of(1, 0), 1, 0);
	learn(fdb, key_of(3, 0), 0, 0);
	assert_int_equal(lookup(fdb, key_of(1, 0)), 1);
	assert_int_equal(lookup(fdb, key_of(3, 0)), 0);
	assert_int_equal(xd_fdb_count(fdb), 52);
	assert_int_equal(xd_fdb_moves(fdb), 0);
	/* Sweeping what the flush left changes no count. */
	assert_int_equal(xd_fdb_age(fdb, 0), 0);
	assert_int_equal(xd_fdb_count(fdb), 52);
	xd_fdb_flush(fdb);
	assert_int_equal(xd_fdb_count(fdb), 0);
	assert_int_equal(lookup(fdb, key_of(0, 0)), XD_PORT_NONE);
	xd_fdb_flush_port(fdb, XD_PORT_NONE); /* no such port: nothing */
	xd_fdb_destroy(fdb);
}

/* Numbers of generations are used again after 65535 flushes: what is stale stays so, and what was
 * never learned is not taken for port 0. */
static void
test_generations_come_round(void **state)
{
	struct xd_fdb *fdb = make(128, 10, 0);

	(void)state;
	learn(fdb, key_of(100, 0), 6, 0);
	for (uint32_t round = 0; round < 3; round++) {
		learn(fdb, key_of(round, 0), 0, 0);
		for (uint32_t i = 0; i < 65536; i++) {
			xd_fdb_flush_port(fdb, 0);
			if (lookup(fdb, key_of(round, 0)) != XD_PORT_NONE ||
				lookup(fdb, key_of(50, 0)) != XD_PORT_NONE)
				fail_msg("alive again after %u flushes", i + 1);
		}
		assert_int_equal(xd_fdb_count_port(fdb, 0), 0);
		assert_int_equal(lookup(fdb, key_of(100, 0)), 6);
	}
	learn(fdb, key_of(1, 0), 5, 0);
	for (uint32_t i = 0; i < 65536; i++) {
		learn(fdb, key_of(2, 0), 5, 0);
		xd_fdb_flush(fdb);
		if (lookup(fdb, key_of(1, 0)) != XD_PORT_NONE || xd_fdb_count(fdb) != 0)
			fail_msg("alive again after %u flushes", i + 1);
	}
	xd_fdb_destroy(fdb);
}

static void
test_forget(void **state)
{
	struct xd_fdb *fdb = make(128, 10, 0);

	(void)state;
	learn(fdb, key_of(1, 0), 5, 0);
	assert_true(xd_fdb_forget(fdb, key_of(1, 0)));
	assert_false(xd_fdb_forget(fdb, key_of(1, 0)));
	assert_false(xd_fdb_forget(fdb, 0));
	assert_int_equal(lookup(fdb, key_of(1, 0)), XD_PORT_NONE);
	assert_int_equal(xd_fdb_count(fdb), 0);
	xd_fdb_destroy(fdb);
}

static void
test_mac_limit(void **state)
{
	struct xd_fdb *fdb = make(100, 10, 0);

	(void)state;
	for (uint32_t i = 0; i < 150; i++)
		learn(fdb, key_of(i, 0), 1, 0);
	assert_int_equal(xd_fdb_count(fdb), 100);
	assert_int_equal(xd_fdb_not_learned(fdb), 50);
	for (uint32_t i = 0; i < 150; i++)
		assert_int_equal(lookup(fdb, key_of(i, 0)), i < 100 ? 1 : XD_PORT_NONE);
	/* At the limit, known addresses still move and are still refreshed. */
	learn(fdb, key_of(7, 0), 2, 0);
	assert_int_equal(lookup(fdb, key_of(7, 0)), 2);
	learn(fdb, key_of(8, 0), 1, 9);
	assert_int_equal(xd_fdb_age(fdb, 11), 99);
	assert_int_equal(lookup(fdb, key_of(8, 0)), 1);
	learn(fdb, key_of(149, 0), 1, 11);
	assert_int_equal(lookup(fdb, key_of(149, 0)), 1);
	xd_fdb_destroy(fdb);
}

/* One port has taken all there is; the others come after it. */
static void
test_full_table_is_shared(void **state)
{
	enum { LIMIT = 4096, FEW = 10, HOG = 1, GUEST = 2, SECOND = 3 };
	struct xd_fdb *fdb = make(LIMIT, 300, 0);

	(void)state;
	for (uint32_t i = 0; i < FEW; i++)
		learn(fdb, key_of(1000000 + i, 0), GUEST, 0);
	for (uint32_t i = 0; i < 2 * LIMIT; i++)
		learn(fdb, key_of(i, 0), HOG, i / 100);
	assert_int_equal(xd_fdb_count_port(fdb, HOG), LIMIT - FEW);
	/* Those who were there are there still, and new ones are learned. */
	for (uint32_t i = 0; i < FEW; i++)
		learn(fdb, key_of(2000000 + i, 0), SECOND, 100);
	for (uint32_t i = 0; i < FEW; i++) {
		assert_int_equal(lookup(fdb, key_of(1000000 + i, 0)), GUEST);
		assert_int_equal(lookup(fdb, key_of(2000000 + i, 0)), SECOND);
	}
	assert_int_equal(xd_fdb_count(fdb), LIMIT);
	assert_int_equal(xd_fdb_not_learned_port(fdb, SECOND), 0);
	/* Who has the most gets no more, */
	for (uint32_t i = 0; i < LIMIT; i++)
		learn(fdb, key_of(3000000 + i, 0), HOG, 100);
	assert_int_equal(xd_fdb_count_port(fdb, SECOND), FEW);
	assert_int_equal(xd_fdb_count_port(fdb, HOG), LIMIT - 2 * FEW);
	/* and two that want all have half each, and then leave each other alone. */
	for (uint32_t i = 0; i < 2 * LIMIT; i++)
		learn(fdb, key_of(4000000 + i, 0), SECOND, 100);
	assert_in_range(xd_fdb_count_port(fdb, SECOND), LIMIT / 2 - 50, LIMIT / 2);
	assert_in_range(xd_fdb_count_port(fdb, HOG), LIMIT / 2 - FEW, LIMIT / 2 + 50);
	for (uint32_t i = 0; i < FEW; i++)
		assert_int_equal(lookup(fdb, key_of(1000000 + i, 0)), GUEST);
	xd_fdb_destroy(fdb);
}

/* Of the port that has to give, what was not seen for longest goes. */
static void
test_idle_addresses_go_first(void **state)
{
	struct xd_fdb *fdb = make(128, 300, 0);
	unsigned idle = 0, busy = 0;

	(void)state;
	for (uint32_t i = 0; i < 128; i++)
		learn(fdb, key_of(i, 0), 1, i % 2 ? 0 : 100);
	for (uint32_t i = 0; i < 32; i++)
		learn(fdb, key_of(1000 + i, 0), 2, 100);
	for (uint32_t i = 0; i < 128; i++)
		*(i % 2 ? &idle : &busy) += lookup(fdb, key_of(i, 0)) == 1;
	assert_int_equal(busy + idle, 96);
	/* Which ones are looked at is chance. */
	assert_true(busy >= 58);
	xd_fdb_destroy(fdb);
}

static void
test_port_limit(void **state)
{
	struct xd_fdb *fdb = make(100, 10, 10);

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		learn(fdb, key_of(i, 0), 1, 0);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 10);
	assert_int_equal(xd_fdb_not_learned(fdb), 40);
	learn(fdb, key_of(1000, 0), 2, 0);
	assert_int_equal(lookup(fdb, key_of(1000, 0)), 2);
	/* It moves to a port that is full: known nowhere, so that it is flooded. */
	learn(fdb, key_of(1000, 0), 1, 0);
	assert_int_equal(lookup(fdb, key_of(1000, 0)), XD_PORT_NONE);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 10);
	assert_int_equal(xd_fdb_count_port(fdb, 2), 0);
	assert_int_equal(xd_fdb_count(fdb), 10);
	xd_fdb_set_port_limit(fdb, 1, 0);
	learn(fdb, key_of(1000, 0), 1, 0);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 11);
	xd_fdb_destroy(fdb);
}

static void
test_limits_of_ports(void **state)
{
	struct xd_fdb *fdb = make(100, 10, 0);

	(void)state;
	xd_fdb_set_port_limit(fdb, 1, 8);
	xd_fdb_set_port_limit(fdb, XD_PORT_NONE, 1); /* no such port: nothing */
	for (uint32_t i = 0; i < 20; i++) {
		learn(fdb, key_of(i, 0), 1, 0);
		learn(fdb, key_of(100 + i, 0), 2, 0);
	}
	assert_int_equal(xd_fdb_count_port(fdb, 1), 8);
	assert_int_equal(xd_fdb_count_port(fdb, 2), 20);
	assert_int_equal(xd_fdb_not_learned_port(fdb, 1), 12);
	assert_int_equal(xd_fdb_not_learned_port(fdb, 2), 0);
	/* A lower limit takes nothing away, but what ages makes no room above it. */
	xd_fdb_set_port_limit(fdb, 1, 2);
	assert_int_equal(lookup(fdb, key_of(7, 0)), 1);
	learn(fdb, key_of(0, 0), 1, 11);
	learn(fdb, key_of(1, 0), 1, 11);
	learn(fdb, key_of(2, 0), 1, 11);
	assert_int_equal(xd_fdb_age(fdb, 11), 25);
	learn(fdb, key_of(20, 0), 1, 11);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 3);
	assert_int_equal(xd_fdb_not_learned_port(fdb, 1), 13);
	/* Another port of that number begins anew; the table's own figure stays. */
	xd_fdb_remove_port(fdb, 1);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 0);
	assert_int_equal(xd_fdb_not_learned_port(fdb, 1), 0);
	assert_int_equal(xd_fdb_not_learned(fdb), 13);
	for (uint32_t i = 0; i < 20; i++)
		learn(fdb, key_of(i, 0), 1, 11);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 20);
	xd_fdb_destroy(fdb);
}

/* ---- Moves ---- */

enum { OWNER = 1, THIEF = 2, OTHER = 3 };

/* The address goes to and fro as often as it is followed. */
static void
quarrel(struct xd_fdb *fdb, uint64_t key, uint16_t a, uint16_t b, uint32_t now_s)
{
	learn(fdb, key, a, now_s);
	for (unsigned i = 0; i < XD_FDB_MOVES_MAX; i++) {
		uint16_t port = i % 2 ? a : b;

		learn(fdb, key, port, now_s);
		assert_int_equal(lookup(fdb, key), port);
	}
}

static void
test_migration(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);

	(void)state;
	/* Every 10 s to another host and back: followed at once by each frame. */
	for (uint32_t i = 0; i < 20; i++) {
		learn(fdb, key_of(1, 0), OWNER, 10 * i);
		assert_int_equal(lookup(fdb, key_of(1, 0)), OWNER);
		learn(fdb, key_of(1, 0), OTHER, 10 * i + 5);
		assert_int_equal(lookup(fdb, key_of(1, 0)), OTHER);
	}
	assert_int_equal(xd_fdb_moves(fdb), 39);
	assert_int_equal(xd_fdb_damped(fdb), 0);
	xd_fdb_destroy(fdb);
}

static void
test_thief(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);
	uint64_t key = key_of(1, 7);
	uint32_t now_s = 100;

	(void)state;
	for (unsigned i = 0; i < 3; i++, now_s += XD_FDB_HOLD_S) {
		quarrel(fdb, key, OWNER, THIEF, now_s);
		/* The owner's next frame gets the address for good. */
		learn(fdb, key, OWNER, now_s);
		for (unsigned j = 0; j < 100; j++) {
			learn(fdb, key, THIEF, now_s + j % XD_FDB_HOLD_S);
			assert_int_equal(lookup(fdb, key), OWNER);
		}
		learn(fdb, key, OWNER, now_s + XD_FDB_HOLD_S - 1);
		assert_int_equal(xd_fdb_damped(fdb), 100 * (i + 1));
		assert_int_equal(xd_fdb_damped_port(fdb, THIEF), 100 * (i + 1));
		assert_int_equal(xd_fdb_damped_port(fdb, OWNER), 0);
		assert_int_equal(xd_fdb_moves(fdb), (XD_FDB_MOVES_MAX + 1) * (i + 1));
	}
	/* Other addresses and VLANs are not concerned. */
	quarrel(fdb, key, OWNER, THIEF, now_s);
	learn(fdb, key, OWNER, now_s);
	learn(fdb, key_of(1, 8), OWNER, now_s);
	learn(fdb, key_of(1, 8), THIEF, now_s);
	assert_int_equal(lookup(fdb, key_of(1, 8)), THIEF);
	/* Afterwards it may move. */
	learn(fdb, key, OTHER, now_s + XD_FDB_HOLD_S);
	assert_int_equal(lookup(fdb, key), OTHER);
	xd_fdb_destroy(fdb);
}

/* It goes where it was even when a third port makes the move too many. */
static void
test_held_at_home(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);
	uint64_t key = key_of(1, 0);

	(void)state;
	quarrel(fdb, key, OWNER, THIEF, 0);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OWNER);
	assert_int_equal(xd_fdb_damped_port(fdb, OTHER), 1);
	assert_int_equal(xd_fdb_count_port(fdb, OWNER), 1);
	assert_int_equal(xd_fdb_count_port(fdb, THIEF), 0);
	assert_int_equal(xd_fdb_count_port(fdb, OTHER), 0);
	xd_fdb_destroy(fdb);
}

/* A guest migrates, and then somebody is after its address: it is not held where it was. */
static void
test_thief_after_migration(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);
	uint64_t key = key_of(1, 0);

	(void)state;
	learn(fdb, key, OTHER, 0);
	learn(fdb, key, OWNER, 1);
	learn(fdb, key, THIEF, 1);
	learn(fdb, key, OWNER, 1);
	learn(fdb, key, THIEF, 1);
	assert_int_equal(lookup(fdb, key), OWNER);
	learn(fdb, key, THIEF, XD_FDB_HOLD_S);
	assert_int_equal(lookup(fdb, key), OWNER);
	xd_fdb_destroy(fdb);
}

static void
hold(struct xd_fdb *fdb, uint64_t key)
{
	quarrel(fdb, key, OWNER, THIEF, 0);
	learn(fdb, key, OWNER, 0);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OWNER);
}

static void
test_claims_are_released(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);
	uint64_t key = key_of(1, 0);

	(void)state;
	hold(fdb, key);
	xd_fdb_release_port(fdb, OTHER);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OWNER);
	xd_fdb_release_port(fdb, XD_PORT_NONE - 1); /* no such port: nothing */
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OWNER);
	/* The port is down. */
	xd_fdb_release_port(fdb, OWNER);
	assert_int_equal(lookup(fdb, key), OWNER);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OTHER);

	xd_fdb_flush(fdb);
	hold(fdb, key);
	xd_fdb_flush_port(fdb, OWNER);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OTHER);

	xd_fdb_flush(fdb);
	hold(fdb, key);
	xd_fdb_flush(fdb);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OTHER);

	xd_fdb_flush(fdb);
	hold(fdb, key);
	xd_fdb_forget(fdb, key);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OTHER);

	xd_fdb_flush(fdb);
	hold(fdb, key);
	xd_fdb_remove_port(fdb, THIEF);
	learn(fdb, key, OTHER, 0);
	assert_int_equal(lookup(fdb, key), OTHER);
	assert_int_equal(xd_fdb_damped(fdb), 7);
	xd_fdb_destroy(fdb);
}

/* A thief that may learn nothing more cannot have others' addresses forgotten again and again. */
static void
test_thief_at_its_limit(void **state)
{
	struct xd_fdb *fdb = make(1024, 300, 0);
	uint64_t key = key_of(1, 0);

	(void)state;
	xd_fdb_set_port_limit(fdb, THIEF, 1);
	learn(fdb, key_of(2, 0), THIEF, 0);
	for (unsigned i = 0; i < XD_FDB_MOVES_MAX; i++) {
		learn(fdb, key, OWNER, 0);
		assert_int_equal(lookup(fdb, key), OWNER);
		learn(fdb, key, THIEF, 0);
		assert_int_equal(lookup(fdb, key), XD_PORT_NONE);
	}
	learn(fdb, key, OWNER, 0);
	for (unsigned i = 0; i < 10; i++)
		learn(fdb, key, THIEF, 0);
	assert_int_equal(lookup(fdb, key), OWNER);
	assert_int_equal(xd_fdb_damped(fdb), 10);
	assert_int_equal(xd_fdb_not_learned(fdb), XD_FDB_MOVES_MAX);
	/* Nor does it come in while the owner's address is not known. */
	xd_fdb_set_port_limit(fdb, THIEF, 0);
	assert_int_equal(xd_fdb_age(fdb, 301), 2);
	learn(fdb, key, THIEF, XD_FDB_HOLD_S - 1);
	assert_int_equal(lookup(fdb, key), XD_PORT_NONE);
	learn(fdb, key, THIEF, XD_FDB_HOLD_S);
	assert_int_equal(lookup(fdb, key), THIEF);
	xd_fdb_destroy(fdb);
}

/* More quarrels than are remembered: those that are keep their places, others are followed. */
static void
test_many_thefts(void **state)
{
	struct xd_fdb *fdb = make(128, 300, 0);
	uint64_t keys[XD_FDB_WAYS + 1];
	unsigned found = 0;

	(void)state;
	for (uint32_t i = 0; found <= XD_FDB_WAYS; i++) {
		if (xd_fdb_hash(fdb, key_of(i, 0)) >> (64 - fdb->moved_bits) == 5)
			keys[found++] = key_of(i, 0);
	}
	for (unsigned i = 0; i < XD_FDB_WAYS; i++)
		hold(fdb, keys[i]);
	for (unsigned i = 0; i < 10; i++) {
		uint16_t port = i % 2 ? OWNER : THIEF;

		learn(fdb, keys[XD_FDB_WAYS], port, 0);
		assert_int_equal(lookup(fdb, keys[XD_FDB_WAYS]), port);
	}
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		learn(fdb, keys[i], THIEF, 0);
		assert_int_equal(lookup(fdb, keys[i]), OWNER);
	}
	xd_fdb_destroy(fdb);
}

/* An uplink fails, and all that was behind it comes by another one: followed, however many; and
 * what is held stays so. */
static void
test_fail_over(void **state)
{
	const uint32_t n = 60000;
	struct xd_fdb *fdb = make(65536, 300, 0);
	uint64_t held = key_of(0xffffff, 0);
	uint32_t wrong = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		learn(fdb, key_of(i, 0), 7, 0);
	hold(fdb, held);
	for (uint16_t round = 0; round < XD_FDB_MOVES_MAX; round++) {
		uint16_t port = round % 2 ? 7 : 8;

		for (uint32_t i = 0; i < n; i++)
			learn(fdb, key_of(i, 0), port, 0);
		for (uint32_t i = 0; i < n; i++)
			wrong += lookup(fdb, key_of(i, 0)) != port;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(xd_fdb_damped(fdb), 1);
	learn(fdb, held, THIEF, 0);
	assert_int_equal(lookup(fdb, held), OWNER);
	xd_fdb_destroy(fdb);
}

/* Keys of one bucket, more than two buckets hold: places of forgotten ones are used again. */
static unsigned
collect_colliding(const struct xd_fdb *fdb, uint64_t *keys, unsigned n)
{
	unsigned found = 0;
	uint64_t hash0 = xd_fdb_hash(fdb, key_of(0, 0));

	for (uint32_t i = 0; i < 1u << 24 && found < n; i++) {
		uint64_t hash = xd_fdb_hash(fdb, key_of(i, 0));

		if (xd_fdb_first_of(fdb, hash, fdb->size) ==
				xd_fdb_first_of(fdb, hash0, fdb->size) &&
			xd_fdb_second_of(fdb, hash, fdb->size) ==
				xd_fdb_second_of(fdb, hash0, fdb->size))
			keys[found++] = key_of(i, 0);
	}
	return found;
}

static void
test_full_buckets(void **state)
{
	struct xd_fdb *fdb = make(128, 10, 0);
	uint64_t keys[12];

	(void)state;
	assert_int_equal(collect_colliding(fdb, keys, 12), 12);
	for (unsigned i = 0; i < 9; i++)
		learn(fdb, keys[i], 1, i == 3 ? 0 : 5);
	/* Eight places; the ninth has none and pushes nobody out. */
	assert_int_equal(xd_fdb_count(fdb), 8);
	assert_int_equal(xd_fdb_not_learned(fdb), 1);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(lookup(fdb, keys[i]), i < 8 ? 1 : XD_PORT_NONE);
	/* What has expired makes room without a sweep. */
	learn(fdb, keys[9], 2, 11);
	assert_int_equal(lookup(fdb, keys[9]), 2);
	assert_int_equal(lookup(fdb, keys[3]), XD_PORT_NONE);
	assert_int_equal(xd_fdb_count(fdb), 8);
	assert_int_equal(xd_fdb_count_port(fdb, 1), 7);
	/* So does what was flushed. */
	xd_fdb_flush_port(fdb, 1);
	learn(fdb, keys[10], 3, 11);
	assert_int_equal(lookup(fdb, keys[10]), 3);
	assert_int_equal(lookup(fdb, keys[9]), 2);
	assert_int_equal(xd_fdb_count(fdb), 2);
	xd_fdb_destroy(fdb);
}

/* Learns n keys whose buckets are these; *at: where to go on looking for such keys. */
static void
learn_between(struct xd_fdb *fdb, uint32_t first, uint32_t second, unsigned n, uint32_t *at)
{
	for (; n && *at < 1u << 24; ++*at) {
		uint64_t hash = xd_fdb_hash(fdb, key_of(*at, 0));

		if (xd_fdb_first_of(fdb, hash, fdb->size) == &fdb->buckets[first] &&
			xd_fdb_second_of(fdb, hash, fdb->size) == &fdb->buckets[second]) {
			learn(fdb, key_of(*at, 0), 1, 0);
			assert_int_equal(lookup(fdb, key_of(*at, 0)), 1);
			n--;
		}
	}
	assert_int_equal(n, 0);
}

/* Both buckets of a new key are full, and so are those to which their entries could go: one
 * of those is moved first. Nothing is lost. */
static void
test_two_displacements(void **state)
{
	struct xd_fdb *fdb = make(128, 300, 0);
	uint32_t at = 0;

	(void)state;
	learn_between(fdb, 1, 4, XD_FDB_WAYS, &at);
	learn_between(fdb, 2, 3, XD_FDB_WAYS, &at);
	learn_between(fdb, 4, 5, XD_FDB_WAYS, &at);
	learn_between(fdb, 3, 6, XD_FDB_WAYS, &at);
	learn_between(fdb, 1, 2, 1, &at);
	assert_int_equal(xd_fdb_count(fdb), 4 * XD_FDB_WAYS + 1);
	for (uint32_t i = 0, found = 0; i < at; i++) {
		found += lookup(fdb, key_of(i, 0)) == 1;
		assert_true(i + 1 < at || found == 4 * XD_FDB_WAYS + 1);
	}
	xd_fdb_destroy(fdb);
}

struct seen {
	uint32_t n;
	uint32_t wrong;
	const struct xd_fdb *fdb;
};

static bool
check_record(void *ctx, const struct xd_fdb_record *record)
{
	struct seen *seen = ctx;
	uint8_t mac[8] = {0};

	memcpy(mac, record->mac, sizeof(record->mac));
	seen->n++;
	seen->wrong += lookup(seen->fdb, xd_fdb_key(mac, record->vlan)) != record->port;
	return true;
}

static void
fill_and_check(uint32_t mac_limit, uint32_t n, bool sequential, uint64_t max_bytes)
{
	struct xd_fdb *fdb = make(mac_limit, 300, 0);
	uint64_t *keys = calloc(n, sizeof(*keys));
	uint64_t random = 0x243f6a8885a308d3;
	uint32_t missing = 0;

	assert_non_null(keys);
	have_memory_at_once(fdb);
	for (uint32_t i = 0; i < n; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		keys[i] = sequential ? key_of(i, 0) : (random >> 16 & ~1ull) | 2;
		learn(fdb, keys[i], (uint16_t)(i % XD_MAX_PORTS), 1);
	}
	for (uint32_t i = 0; i < n; i++)
		missing += lookup(fdb, keys[i]) != i % XD_MAX_PORTS;
	assert_int_equal(missing, 0);
	assert_int_equal(xd_fdb_count(fdb), n);
	assert_int_equal(xd_fdb_not_learned(fdb), 0);
	assert_true(xd_fdb_bytes(fdb) <= max_bytes);
	free(keys);
	xd_fdb_destroy(fdb);
}

static void
test_capacity(void **state)
{
	(void)state;
	fill_and_check(65536, 65536, false, 3u << 20);
	fill_and_check(65536, 65536, true, 3u << 20);
	fill_and_check(65536, 100, true, 1u << 20);
	fill_and_check(1 << 24, 1000000, false, 40000000);
	fill_and_check(1048576, 1048576, false, 40000000);
	fill_and_check(1048576, 1048576, true, 40000000);
	fill_and_check(1, 1, false, 64u << 10);
}

static void
test_create_refuses(void **state)
{
	struct xd_fdb_opts opts = {.mac_limit = 0, .ageing_s = 1, .node = XD_NODE_ANY};
	struct xd_error err = {0};

	(void)state;
	assert_null(xd_fdb_create(&opts, &err));
	assert_int_equal(err.code, -EINVAL);
	opts.mac_limit = (1u << 24) + 1;
	assert_null(xd_fdb_create(&opts, NULL));
	opts.mac_limit = 1;
	opts.ageing_s = 0;
	assert_null(xd_fdb_create(&opts, &err));
	xd_fdb_destroy(NULL);
}

static bool
stop_at_three(void *ctx, const struct xd_fdb_record *record)
{
	unsigned *n = ctx;

	(void)record;
	return ++*n < 3;
}

static bool
check_one(void *ctx, const struct xd_fdb_record *record)
{
	const uint8_t mac[] = {2, 0, 0, 0x12, 0x34, 0x56};

	(void)ctx;
	assert_memory_equal(record->mac, mac, sizeof(mac));
	assert_int_equal(record->vlan, 4094);
	assert_int_equal(record->port, 9);
	assert_int_equal(record->age_s, 23);
	return true;
}

static void
test_foreach_and_copy(void **state)
{
	struct xd_fdb *small = make(256, 300, 0), *big = make(100000, 300, 0);
	struct seen seen = {.fdb = big};
	unsigned n = 0;

	(void)state;
	learn(big, key_of(0x123456, 4094), 9, 100);
	xd_fdb_foreach(big, 123, check_one, NULL);
	xd_fdb_flush(big);

	xd_fdb_flush_port(small, 3); /* generations of the two tables differ */
	for (uint32_t i = 0; i < 256; i++)
		learn(small, key_of(i, 0), (uint16_t)(i % 4), i);
	xd_fdb_flush_port(small, 2);
	xd_fdb_copy(big, small);
	assert_int_equal(xd_fdb_count(big), 192);
	xd_fdb_foreach(big, 0, check_record, &seen);
	assert_int_equal(seen.n, 192);
	assert_int_equal(seen.wrong, 0);
	xd_fdb_foreach(big, 0, stop_at_three, &n);
	assert_int_equal(n, 3);
	/* Times are copied too. */
	assert_int_equal(xd_fdb_age(big, 401), 76); /* of 0 to 100, those left after the flush */
	xd_fdb_destroy(small);
	xd_fdb_destroy(big);
}

/* ---- Threads ---- */

/* Two learners and control go through their rounds together: at a gate, nobody goes on before all
 * are there. */
struct gate {
	unsigned nb_in;
	unsigned turn;
};

struct race {
	struct xd_fdb *fdb;
	struct gate gate;
	bool finished;
	bool reversed; /* the second learner goes through the addresses backwards */
	uint64_t wrong;
};

struct racer {
	struct race *race;
	uint16_t port;
	pthread_t thread;
};

static void
gate_pass(struct gate *gate)
{
	unsigned turn = __atomic_load_n(&gate->turn, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&gate->nb_in, 1, __ATOMIC_ACQ_REL) == NB_RACERS + 1) {
		__atomic_store_n(&gate->nb_in, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&gate->turn, turn + 1, __ATOMIC_RELEASE);
		return;
	}
	for (unsigned i = 0; __atomic_load_n(&gate->turn, __ATOMIC_ACQUIRE) == turn; i++) {
		if (i > 10000)
			sched_yield();
	}
}

/* Learns every address, and refreshes it a second later, while the other learner does the same. */
static void *
race_learn(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	bool backwards = race->reversed && racer->port == PORT_B;

	for (uint32_t round = 0; round < NB_ROUNDS; round++) {
		gate_pass(&race->gate);
		for (uint32_t i = 0; i < NB_RACED; i++) {
			uint64_t key = key_of(backwards ? NB_RACED - 1 - i : i, 0);

			learn(race->fdb, key, racer->port, 2 * round);
			learn(race->fdb, key, racer->port, 2 * round + 1);
		}
		gate_pass(&race->gate);
	}
	return NULL;
}

/* Every address may be behind a port of a learner's or nowhere; those never learned, nowhere. */
static void *
race_read(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->finished, __ATOMIC_RELAXED)) {
		for (uint32_t n = 0; n < NB_RACED; n++) {
			uint16_t port = lookup(race->fdb, key_of(n, 0));

			race->wrong += port != XD_PORT_NONE && port != PORT_A && port != PORT_B;
			race->wrong += lookup(race->fdb, key_of(n + NB_RACED, 0)) != XD_PORT_NONE;
		}
	}
	return NULL;
}

static bool
count_key(void *ctx, const struct xd_fdb_record *record)
{
	uint32_t *times = ctx;
	uint32_t n =
		(uint32_t)record->mac[3] << 16 | (uint32_t)record->mac[4] << 8 | record->mac[5];

	assert_true(n < NB_RACED);
	assert_true(record->port == PORT_A || record->port == PORT_B);
	times[n]++;
	times[NB_RACED + (record->port == PORT_B)]++;
	return true;
}

/* Each address at most once, and the counts equal to a recount; returns how many there are. */
static uint32_t
recount(const struct xd_fdb *fdb)
{
	uint32_t times[NB_RACED + 2] = {0};
	uint32_t total = 0;

	xd_fdb_foreach(fdb, 0, count_key, times);
	for (uint32_t n = 0; n < NB_RACED; n++) {
		if (times[n] > 1)
			fail_msg("address %u is in the table %u times", n, times[n]);
		total += times[n];
	}
	assert_int_equal(times[NB_RACED], xd_fdb_count_port(fdb, PORT_A));
	assert_int_equal(times[NB_RACED + 1], xd_fdb_count_port(fdb, PORT_B));
	assert_int_equal(total, xd_fdb_count(fdb));
	return total;
}

/* meanwhile runs while the learners do; between runs after each round, when all is still. */
static void
run_race(struct xd_fdb *fdb, bool reversed, void (*meanwhile)(struct xd_fdb *, uint32_t round),
	void (*between)(struct xd_fdb *, uint32_t round))
{
	struct race race = {.fdb = fdb, .reversed = reversed};
	struct racer racers[NB_RACERS];
	pthread_t reader;

	for (unsigned i = 0; i < NB_RACERS; i++) {
		racers[i] = (struct racer){.race = &race, .port = i == 0 ? PORT_A : PORT_B};
		assert_int_equal(
			pthread_create(&racers[i].thread, NULL, race_learn, &racers[i]), 0);
	}
	if (reversed)
		assert_int_equal(pthread_create(&reader, NULL, race_read, &race), 0);
	for (uint32_t round = 0; round < NB_ROUNDS; round++) {
		gate_pass(&race.gate);
		if (meanwhile != NULL)
			meanwhile(fdb, round);
		gate_pass(&race.gate);
		between(fdb, round);
	}
	__atomic_store_n(&race.finished, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < NB_RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	if (reversed)
		pthread_join(reader, NULL);
	assert_int_equal(race.wrong, 0);
}

/* Nothing is lost; every other round begins with an empty table, so that all are inserted. */
static void
expect_all_then_flush(struct xd_fdb *fdb, uint32_t round)
{
	assert_int_equal(recount(fdb), NB_RACED);
	for (uint32_t n = 0; n < NB_RACED; n++)
		assert_int_not_equal(lookup(fdb, key_of(n, 0)), XD_PORT_NONE);
	if (round % 2 == 1)
		xd_fdb_flush(fdb);
}

static void
test_threads_learn_and_move(void **state)
{
	/* Beyond what is learned: at the limit, an address that one is about to insert may be
	 * refused to the other. */
	struct xd_fdb *fdb = make(2 * NB_RACED, 300, 0);

	(void)state;
	run_race(fdb, false, NULL, expect_all_then_flush);
	assert_int_equal(xd_fdb_not_learned(fdb), 0);
	assert_true(xd_fdb_moves(fdb) > 0);
	xd_fdb_destroy(fdb);
}

static void
expect_fewer_than_places(struct xd_fdb *fdb, uint32_t round)
{
	assert_in_range(recount(fdb), 128, 256);
	if (round % 16 == 15)
		xd_fdb_flush(fdb);
}

/* A table of 64 buckets and many more addresses than it takes: every place is fought for, by
 * displacement and by replacing what has expired, while somebody reads. */
static void
test_threads_in_a_full_table(void **state)
{
	struct xd_fdb *fdb = make(128, 1, 0);

	(void)state;
	fdb->mac_limit = NB_RACED; /* no limit but the places */
	run_race(fdb, true, NULL, expect_fewer_than_places);
	assert_true(xd_fdb_not_learned(fdb) > 0);
	xd_fdb_destroy(fdb);
}

static void
expect_most_then_flush(struct xd_fdb *fdb, uint32_t round)
{
	(void)round;
	assert_in_range(recount(fdb), NB_RACED * 3 / 4, NB_RACED);
	xd_fdb_flush(fdb);
}

/* As many addresses as places, inserted anew in each round: addresses are displaced by one learner
 * while the other moves and refreshes them. */
static void
test_threads_displace(void **state)
{
	struct xd_fdb *fdb = make(NB_RACED / 2, 300, 0);

	(void)state;
	assert_int_equal(fdb->most * XD_FDB_WAYS, NB_RACED);
	fdb->mac_limit = 2 * NB_RACED;
	run_race(fdb, false, NULL, expect_most_then_flush);
	xd_fdb_destroy(fdb);
}

static void
flush_and_age(struct xd_fdb *fdb, uint32_t round)
{
	for (uint32_t i = 0; i < 20; i++) {
		xd_fdb_flush_port(fdb, i % 2 ? PORT_A : PORT_B);
		xd_fdb_age(fdb, 2 * round);
		xd_fdb_forget(fdb, key_of(i, 0));
		if (i == 10)
			xd_fdb_flush(fdb);
	}
}

static void
expect_counts(struct xd_fdb *fdb, uint32_t round)
{
	(void)round;
	recount(fdb);
}

static void
test_threads_while_flushing(void **state)
{
	struct xd_fdb *fdb = make(NB_RACED, 1, NB_RACED / 2);

	(void)state;
	run_race(fdb, false, flush_and_age, expect_counts);
	xd_fdb_age(fdb, 10 * NB_ROUNDS);
	assert_int_equal(recount(fdb), 0);
	xd_fdb_destroy(fdb);
}

/* Two workers, each of which says that the address is behind its port, until it is held. */
static void *
claim(void *arg)
{
	struct racer *racer = arg;
	struct xd_fdb *fdb = racer->race->fdb;

	while (xd_fdb_damped_port(fdb, PORT_B) < 1000)
		learn(fdb, key_of(1, 0), racer->port, 0);
	return NULL;
}

static void
test_threads_quarrel(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		struct xd_fdb *fdb = make(1024, 300, 0);
		struct race race = {.fdb = fdb};
		struct racer owner = {.race = &race, .port = PORT_A};
		struct racer thief = {.race = &race, .port = PORT_B};

		learn(fdb, key_of(1, 0), PORT_A, 0);
		assert_int_equal(pthread_create(&owner.thread, NULL, claim, &owner), 0);
		assert_int_equal(pthread_create(&thief.thread, NULL, claim, &thief), 0);
		pthread_join(owner.thread, NULL);
		pthread_join(thief.thread, NULL);
		assert_int_equal(lookup(fdb, key_of(1, 0)), PORT_A);
		assert_int_equal(xd_fdb_moves(fdb), XD_FDB_MOVES_MAX + 1);
		assert_int_equal(xd_fdb_damped_port(fdb, PORT_A), 0);
		assert_int_equal(xd_fdb_count_port(fdb, PORT_A), 1);
		assert_int_equal(xd_fdb_count_port(fdb, PORT_B), 0);
		xd_fdb_destroy(fdb);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_learn_and_look_up),
		cmocka_unit_test(test_impossible_learning),
		cmocka_unit_test(test_vlans_are_separate),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_ageing),
		cmocka_unit_test(test_flush_port),
		cmocka_unit_test(test_generations_come_round),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_mac_limit),
		cmocka_unit_test(test_full_table_is_shared),
		cmocka_unit_test(test_idle_addresses_go_first),
		cmocka_unit_test(test_port_limit),
		cmocka_unit_test(test_limits_of_ports),
		cmocka_unit_test(test_migration),
		cmocka_unit_test(test_thief),
		cmocka_unit_test(test_held_at_home),
		cmocka_unit_test(test_thief_after_migration),
		cmocka_unit_test(test_claims_are_released),
		cmocka_unit_test(test_thief_at_its_limit),
		cmocka_unit_test(test_many_thefts),
		cmocka_unit_test(test_fail_over),
		cmocka_unit_test(test_full_buckets),
		cmocka_unit_test(test_two_displacements),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_create_refuses),
		cmocka_unit_test(test_foreach_and_copy),
		cmocka_unit_test(test_threads_learn_and_move),
		cmocka_unit_test(test_threads_in_a_full_table),
		cmocka_unit_test(test_threads_displace),
		cmocka_unit_test(test_threads_while_flushing),
		cmocka_unit_test(test_threads_quarrel),
	};

	return cmocka_run_group_tests_name("fdb", tests, NULL, NULL);
}
