/* SPDX-License-Identifier: BSD-3-Clause */
/* Static addresses of the FDB: what they outlast, what they give way to, and that threads which
 * learn the same addresses change nothing of that. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fdb_keys.h"
#include "memory/memory.h"
#include "port/port.h"

#define FOREVER 1000000000u /* seconds */

static struct xd_fdb *
make(uint32_t mac_limit)
{
	struct xd_fdb_opts opts = {.mac_limit = mac_limit, .ageing_s = 10, .node = XD_NODE_ANY};
	struct xd_fdb *fdb = xd_fdb_create(&opts, NULL);

	assert_non_null(fdb);
	return fdb;
}

static void
add(struct xd_fdb *fdb, uint64_t key, uint16_t port)
{
	assert_int_equal(xd_fdb_add_static(fdb, key, port, NULL), 0);
}

static bool
count_record(void *ctx, const struct xd_fdb_record *record)
{
	unsigned *n = ctx;

	if (record->is_static) {
		assert_int_equal(record->age_s, 0);
		++*n;
	}
	return true;
}

/* Figures, the list and what a walk finds agree. */
static void
check_counts(const struct xd_fdb *fdb, unsigned statics, unsigned all)
{
	unsigned n = 0;

	xd_fdb_foreach(fdb, 5, count_record, &n);
	assert_int_equal(n, statics);
	assert_int_equal(xd_fdb_count_static(fdb), statics);
	assert_int_equal(xd_fdb_count(fdb), all);
}

static void
neither_age_nor_move(void **state)
{
	struct xd_fdb *fdb = make(128);
	const uint64_t key = key_of(1, 7);

	(void)state;
	add(fdb, key, 5);
	for (uint32_t now_s = 0; now_s < 100; now_s++) {
		learn(fdb, key, 6, now_s);
		learn(fdb, key, 5, now_s);
		assert_int_equal(lookup(fdb, key), 5);
	}
	assert_int_equal(xd_fdb_damped_port(fdb, 6), 100);
	assert_int_equal(xd_fdb_damped_port(fdb, 5), 0);
	assert_int_equal(xd_fdb_moves(fdb), 0);
	assert_int_equal(xd_fdb_age(fdb, FOREVER), 0);
	assert_int_equal(lookup(fdb, key), 5);
	/* It is in one VLAN. */
	assert_int_equal(lookup(fdb, key_of(1, 8)), XD_PORT_NONE);
	check_counts(fdb, 1, 1);
	xd_fdb_destroy(fdb);
}

static void
replace_what_was_known(void **state)
{
	struct xd_fdb *fdb = make(128);
	const uint64_t key = key_of(1, 0);

	(void)state;
	/* Learned elsewhere, and held there. */
	for (uint32_t i = 0; i < 2 * XD_FDB_MOVES_MAX + 2; i++)
		learn(fdb, key, 3 + i % 2, 1);
	assert_true(xd_fdb_damped(fdb) > 0);
	add(fdb, key, 5);
	assert_int_equal(lookup(fdb, key), 5);
	assert_int_equal(xd_fdb_count_port(fdb, 3) + xd_fdb_count_port(fdb, 4), 0);
	/* Another port's static one. */
	add(fdb, key, 6);
	assert_int_equal(lookup(fdb, key), 6);
	assert_int_equal(xd_fdb_count_port(fdb, 5), 0);
	assert_int_equal(xd_fdb_count_port(fdb, 6), 1);
	check_counts(fdb, 1, 1);
	/* Gone, it is learned like others. */
	assert_true(xd_fdb_del_static(fdb, key, false));
	assert_false(xd_fdb_del_static(fdb, key, false));
	learn(fdb, key, 4, 2);
	assert_int_equal(lookup(fdb, key), 4);
	assert_false(xd_fdb_del_static(fdb, key, true));
	assert_int_equal(lookup(fdb, key), 4);
	check_counts(fdb, 0, 1);
	xd_fdb_destroy(fdb);
}

static void
outlast_a_flush(void **state)
{
	struct xd_fdb *fdb = make(1024);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		add(fdb, key_of(i, 0), (uint16_t)(i % 4));
		learn(fdb, key_of(1000 + i, 0), (uint16_t)(i % 4), 1);
	}
	xd_fdb_flush_port(fdb, 1);
	check_counts(fdb, 100, 175);
	xd_fdb_flush(fdb);
	check_counts(fdb, 100, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(lookup(fdb, key_of(i, 0)), i % 4);
	/* Through all generations, and back to the first. */
	for (uint32_t i = 0; i < UINT16_MAX + 2; i++)
		xd_fdb_flush_port(fdb, 2);
	check_counts(fdb, 100, 100);
	xd_fdb_forget_port(fdb, 2);
	check_counts(fdb, 75, 75);
	xd_fdb_flush_static(fdb, 3);
	check_counts(fdb, 50, 50);
	xd_fdb_remove_port(fdb, 0);
	check_counts(fdb, 25, 25);
	assert_int_equal(xd_fdb_not_learned(fdb), 0);
	xd_fdb_flush_static(fdb, XD_PORT_NONE);
	check_counts(fdb, 0, 0);
	xd_fdb_destroy(fdb);
}

static void
of_one_vlan_or_of_all(void **state)
{
	struct xd_fdb *fdb = make(128);

	(void)state;
	for (uint16_t vlan = 0; vlan < 4; vlan++) {
		add(fdb, key_of(1, vlan), 1);
		add(fdb, key_of(2, vlan), 1);
	}
	assert_true(xd_fdb_del_static(fdb, key_of(1, 2), false));
	assert_int_equal(lookup(fdb, key_of(1, 2)), XD_PORT_NONE);
	check_counts(fdb, 7, 7);
	assert_true(xd_fdb_del_static(fdb, key_of(1, 2), true));
	check_counts(fdb, 4, 4);
	assert_int_equal(lookup(fdb, key_of(2, 3)), 1);
	xd_fdb_destroy(fdb);
}

/* Of a port at its limit too: those that were learned there give way. */
static void
in_a_full_table(void **state)
{
	struct xd_fdb *fdb = make(100);
	struct xd_error err;
	uint32_t n = 0;

	(void)state;
	xd_fdb_set_port_limit(fdb, 1, 100);
	for (uint32_t i = 0; i < 200; i++)
		learn(fdb, key_of(1000 + i, 0), 1, 1);
	assert_int_equal(xd_fdb_count(fdb), 100);
	while (n < 100 && xd_fdb_add_static(fdb, key_of(n, 0), 1, &err) == 0)
		n++;
	assert_int_equal(n, 100);
	check_counts(fdb, 100, 100);
	assert_int_equal(xd_fdb_add_static(fdb, key_of(n, 0), 2, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "mac_limit"));
	check_counts(fdb, 100, 100);
	/* Nor does one give way to what is learned. */
	learn(fdb, key_of(5000, 0), 2, 1);
	assert_int_equal(lookup(fdb, key_of(5000, 0)), XD_PORT_NONE);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(lookup(fdb, key_of(i, 0)), 1);
	xd_fdb_destroy(fdb);
}

static void
so_many_and_no_more(void **state)
{
	struct xd_fdb *fdb = make(2 * XD_FDB_STATICS), *more = make(4 * XD_FDB_STATICS);
	struct xd_error err;

	(void)state;
	for (uint32_t i = 0; i < XD_FDB_STATICS; i++)
		add(fdb, key_of(i, 0), (uint16_t)(i % 8));
	assert_int_equal(xd_fdb_add_static(fdb, key_of(XD_FDB_STATICS, 0), 1, &err), -E2BIG);
	/* One that is there may still go elsewhere. */
	add(fdb, key_of(0, 0), 9);
	learn(fdb, key_of(XD_FDB_STATICS, 0), 9, 1);
	xd_fdb_copy(more, fdb);
	check_counts(more, XD_FDB_STATICS, XD_FDB_STATICS + 1);
	for (uint32_t i = 1; i < XD_FDB_STATICS; i++)
		assert_int_equal(lookup(more, key_of(i, 0)), i % 8);
	assert_int_equal(lookup(more, key_of(0, 0)), 9);
	xd_fdb_destroy(fdb);
	xd_fdb_destroy(more);
}

/* ---- Threads ---- */

#define RACED  64u
#define ROUNDS 200u

struct racer {
	struct xd_fdb *fdb;
	bool stop;
};

static void *
race(void *arg)
{
	struct racer *r = arg;

	for (uint32_t i = 0; !__atomic_load_n(&r->stop, __ATOMIC_RELAXED); i++)
		learn(r->fdb, key_of(i % (2 * RACED), 0), (uint16_t)(2 + i % 3), i / 1000);
	return NULL;
}

/* Every other address is static, while all of them are learned elsewhere. */
static void
race_with_learning(void **state)
{
	struct racer r = {.fdb = make(RACED + RACED / 2)};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, race, &r), 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < RACED; i++)
			add(r.fdb, key_of(2 * i, 0), 1);
		xd_fdb_flush_port(r.fdb, round % 4);
		for (uint32_t i = 0; i < RACED; i++)
			assert_int_equal(lookup(r.fdb, key_of(2 * i, 0)), 1);
		xd_fdb_age(r.fdb, round);
		if (round % 2)
			xd_fdb_flush_static(r.fdb, XD_PORT_NONE);
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	xd_fdb_flush_static(r.fdb, XD_PORT_NONE);
	xd_fdb_flush(r.fdb);
	check_counts(r.fdb, 0, 0);
	xd_fdb_destroy(r.fdb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neither_age_nor_move),
		cmocka_unit_test(replace_what_was_known),
		cmocka_unit_test(outlast_a_flush),
		cmocka_unit_test(of_one_vlan_or_of_all),
		cmocka_unit_test(in_a_full_table),
		cmocka_unit_test(so_many_and_no_more),
		cmocka_unit_test(race_with_learning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
