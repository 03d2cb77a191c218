/* SPDX-License-Identifier: BSD-3-Clause */
/* The FDB's size: that it follows what is in it, and that nothing is lost meanwhile. */
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

#define AGEING_S 10
#define FIRST    (XD_GROWING_FIRST / sizeof(struct xd_fdb_bucket)) /* buckets there from the start */
#define FIXED    (sizeof(struct xd_fdb) + XD_GROWING_FIRST) /* bytes, beside buckets, at most */
#ifdef __SANITIZE_THREAD__
#define NB_ROUNDS 2u
#else
#define NB_ROUNDS 20u
#endif

static struct xd_fdb *
make(uint32_t mac_limit)
{
	struct xd_fdb_opts opts = {
		.mac_limit = mac_limit, .ageing_s = AGEING_S, .node = XD_NODE_ANY};
	struct xd_fdb *fdb = xd_fdb_create(&opts, NULL);

	assert_non_null(fdb);
	return fdb;
}

static void
learn_some(struct xd_fdb *fdb, uint32_t from, uint32_t to, uint16_t port, uint32_t now_s)
{
	for (uint32_t i = from; i < to; i++)
		learn(fdb, key_of(i, 0), port, now_s);
}

/* How many of a row of addresses are behind a port, by a look-up of each. */
static uint32_t
found(const struct xd_fdb *fdb, uint32_t from, uint32_t to, uint16_t port)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to; i++)
		n += lookup(fdb, key_of(i, 0)) == port;
	return n;
}

static bool
count_record(void *ctx, const struct xd_fdb_record *record)
{
	(void)record;
	++*(uint32_t *)ctx;
	return true;
}

/* Each address is in the table once, and the count is right. */
static void
check_count(const struct xd_fdb *fdb, uint32_t n)
{
	uint32_t walked = 0;

	xd_fdb_foreach(fdb, 0, count_record, &walked);
	assert_int_equal(walked, n);
	assert_int_equal(xd_fdb_count(fdb), n);
}

static bool
is_doubling(const struct xd_fdb *fdb)
{
	return (fdb->size & (fdb->size - 1)) != 0;
}

/* Learns from an address on until a doubling is half done; returns the first that is not learned.
 */
static uint32_t
learn_into_doubling(struct xd_fdb *fdb, uint32_t from, uint16_t port)
{
	uint32_t i = from;

	while (i < 1u << 20 && !(is_doubling(fdb) && fdb->size >= (fdb->mask + 1) * 3 / 2))
		learn(fdb, key_of(i++, 0), port, 0);
	assert_true(is_doubling(fdb));
	return i;
}

/* After every address, all are looked up: at each size, and between sizes. */
static void
grows_with_every_address_in_place(void **state)
{
	struct xd_fdb *fdb = make(65536);
	uint32_t between = 0;

	(void)state;
	assert_true(xd_fdb_bytes(fdb) <= FIXED + 4096);
	for (uint32_t n = 0; n < 2000; n++) {
		learn(fdb, key_of(n, 0), n % 7, 0);
		between += is_doubling(fdb);
		for (uint32_t i = 0; i <= n; i++) {
			if (lookup(fdb, key_of(i, 0)) != i % 7)
				fail_msg("address %u is not found behind %u others, %u buckets", i,
					n, fdb->size);
		}
	}
	assert_true(between > 100);
	check_count(fdb, 2000);
	assert_int_equal(xd_fdb_not_learned(fdb), 0);
	assert_in_range(fdb->size, 1024, 2048);
	xd_fdb_destroy(fdb);
}

/* A million: at most 40 bytes for each; then but a few. */
static void
follows_what_it_holds(void **state)
{
	const uint32_t many = 1000000, few = 100;
	struct xd_fdb *fdb = make(1 << 24);

	(void)state;
	have_memory_at_once(fdb);
	learn_some(fdb, 0, many, 3, 0);
	assert_int_equal(found(fdb, 0, many, 3), many);
	assert_int_equal(xd_fdb_not_learned(fdb), 0);
	assert_true(xd_fdb_bytes(fdb) <= 40ull * many);
	learn_some(fdb, 0, few, 3, AGEING_S);
	assert_int_equal(xd_fdb_age(fdb, AGEING_S + 1), many - few);
	assert_int_equal(found(fdb, 0, few, 3), few);
	check_count(fdb, few);
	assert_true(fdb->size <= 512);
	assert_true(xd_fdb_bytes(fdb) <= FIXED + (64u << 10));
	/* And again. */
	learn_some(fdb, 0, many / 2, 4, AGEING_S + 2);
	assert_int_equal(found(fdb, 0, many / 2, 4), many / 2);
	check_count(fdb, many / 2);
	xd_fdb_flush(fdb);
	assert_int_equal(fdb->size, XD_FDB_BUCKETS_MIN);
	check_count(fdb, 0);
	xd_fdb_destroy(fdb);
}

static void
flushed_while_growing(void **state)
{
	struct xd_fdb *fdb = make(65536);
	uint32_t n, end;

	(void)state;
	learn_some(fdb, 0, 900, 1, 0);
	n = learn_into_doubling(fdb, 900, 2);
	xd_fdb_flush_port(fdb, 1);
	assert_int_equal(found(fdb, 0, 900, XD_PORT_NONE), 900);
	assert_int_equal(found(fdb, 900, n, 2), n - 900);
	/* Learned anew, while what the flush left is still about. */
	learn_some(fdb, 0, 900, 3, 0);
	assert_int_equal(found(fdb, 0, 900, 3), 900);
	assert_int_equal(found(fdb, 900, n, 2), n - 900);
	check_count(fdb, n);
	end = learn_into_doubling(fdb, n, 2);
	xd_fdb_flush(fdb);
	check_count(fdb, 0);
	assert_int_equal(found(fdb, 0, end, XD_PORT_NONE), end);
	learn_some(fdb, 0, 900, 4, 0);
	assert_int_equal(found(fdb, 0, 900, 4), 900);
	xd_fdb_destroy(fdb);
}

static void
aged_and_changed_while_growing(void **state)
{
	struct xd_fdb *fdb = make(65536);
	const uint64_t fixed = key_of(0xfffff0, 0);
	uint32_t n;

	(void)state;
	assert_int_equal(xd_fdb_add_static(fdb, fixed, 9, NULL), 0);
	learn_some(fdb, 0, 900, 1, 0);
	n = learn_into_doubling(fdb, 900, 1);
	/* Moves, refreshes, forgetting. */
	learn_some(fdb, 0, 10, 2, 1);
	learn_some(fdb, 50, 100, 1, AGEING_S);
	assert_true(xd_fdb_forget(fdb, key_of(100, 0)));
	assert_true(is_doubling(fdb));
	assert_int_equal(found(fdb, 0, 10, 2), 10);
	assert_int_equal(found(fdb, 10, n, 1), n - 11);
	check_count(fdb, n);
	/* Ageing leaves no doubling half done. */
	assert_int_equal(xd_fdb_age(fdb, 0), 0);
	assert_false(is_doubling(fdb));
	assert_int_equal(found(fdb, 10, n, 1), n - 11);
	n = learn_into_doubling(fdb, n, 1);
	assert_int_equal(xd_fdb_age(fdb, AGEING_S + 1), n - 61);
	assert_int_equal(found(fdb, 0, 10, 2), 10);
	assert_int_equal(found(fdb, 50, n, 1), 50);
	assert_int_equal(lookup(fdb, fixed), 9);
	check_count(fdb, 61);
	xd_fdb_destroy(fdb);
}

static void
limits_while_growing(void **state)
{
	struct xd_fdb *fdb = make(3000);
	uint32_t n;

	(void)state;
	xd_fdb_set_port_limit(fdb, 1, 300);
	n = learn_into_doubling(fdb, 0, 2);
	learn_some(fdb, 10000, 11000, 1, 0);
	assert_int_equal(found(fdb, 10000, 11000, 1), 300);
	assert_int_equal(found(fdb, 0, n, 2), n);
	learn_some(fdb, 20000, 30000, 2, 0);
	assert_int_equal(xd_fdb_count(fdb), 3000);
	assert_int_equal(found(fdb, 10000, 11000, 1), 300);
	check_count(fdb, 3000);
	xd_fdb_destroy(fdb);
}

static void
count_call(void *calls)
{
	++*(unsigned *)calls;
}

/* Control comes late, or has none: the table is fuller, and nothing that was learned is lost. */
static void
without_memory(void **state)
{
	struct xd_fdb *fdb = make(1 << 20);
	const uint32_t half = FIRST * XD_FDB_WAYS / 2, more = half + half / 2;
	unsigned calls = 0;

	(void)state;
	fdb->call = count_call;
	fdb->call_ctx = &calls;
	learn_some(fdb, 0, half, 1, 0);
	assert_int_equal(calls, 0);
	learn_some(fdb, half, more, 1, 0);
	assert_int_equal(calls, 1);
	assert_int_equal(fdb->size, FIRST);
	assert_int_equal(found(fdb, 0, more, 1), xd_fdb_count(fdb));
	assert_int_equal(xd_fdb_count(fdb) + xd_fdb_not_learned(fdb), more);
	assert_true(xd_fdb_count(fdb) >= more - 10);
	xd_fdb_prepare(fdb);
	learn_some(fdb, more, more + 100, 1, 0);
	assert_true(fdb->size > FIRST);
	/* By ageing, too. */
	xd_fdb_age(fdb, 0);
	assert_int_equal(fdb->size, 2 * FIRST);
	learn_some(fdb, 0, 2 * more, 1, 0);
	assert_int_equal(found(fdb, 0, 2 * more, 1), 2 * more);
	assert_int_equal(calls, 2);
	/* What was asked for and is not needed any more is not taken. */
	xd_fdb_flush(fdb);
	xd_fdb_prepare(fdb);
	assert_int_equal(fdb->ready, FIRST);
	xd_fdb_destroy(fdb);
}

static void
copied_into_a_table_of_another_size(void **state)
{
	struct xd_fdb *src = make(1 << 20), *dst = make(1 << 19);
	uint32_t n;

	(void)state;
	have_memory_at_once(src);
	n = learn_into_doubling(src, 0, 5);
	xd_fdb_copy(dst, src);
	assert_int_equal(found(dst, 0, n, 5), n);
	learn_some(src, 0, 200000, 5, 0);
	xd_fdb_copy(dst, src);
	assert_int_equal(found(dst, 0, 200000, 5), 200000);
	assert_int_equal(xd_fdb_not_learned(dst), 0);
	xd_fdb_destroy(src);
	xd_fdb_destroy(dst);
}

static bool
is_in(const struct xd_fdb_bucket *bucket, uint64_t key)
{
	return xd_fdb_find_in(bucket, key) != 0;
}

static bool
has_room(const struct xd_fdb_bucket *bucket)
{
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		if (bucket->entries[i].key == 0)
			return true;
	}
	return false;
}

/* Of a row of addresses, those in their second buckets, and of these the ones whose first has room.
 */
static uint32_t
away(const struct xd_fdb *fdb, uint32_t n, uint32_t *needlessly)
{
	uint32_t sum = 0;

	*needlessly = 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t key = key_of(i, 0), hash = xd_fdb_hash(fdb, key);
		const struct xd_fdb_bucket *first = xd_fdb_first_of(fdb, hash, fdb->size);

		if (is_in(first, key))
			continue;
		assert_true(is_in(xd_fdb_second_of(fdb, hash, fdb->size), key));
		sum++;
		*needlessly += has_room(first);
	}
	return sum;
}

/* What was put into its second bucket comes to its first one when it is seen again. */
static void
come_home_when_seen_again(void **state)
{
	struct xd_fdb *fdb = make(65536);
	uint32_t n = 30000, before, now, needlessly, now_s = 1;

	(void)state;
	learn_some(fdb, 0, n, 1, 0);
	before = away(fdb, n, &needlessly);
	assert_in_range(needlessly, 1, before);
	/* Where one has left, there is room for another. */
	for (now = before; needlessly && now_s < 20; now_s++) {
		learn_some(fdb, 0, n, 1, now_s);
		now = away(fdb, n, &needlessly);
	}
	assert_int_equal(needlessly, 0);
	assert_true(now < before);
	assert_int_equal(found(fdb, 0, n, 1), n);
	check_count(fdb, n);
	assert_int_equal(xd_fdb_age(fdb, now_s - 1 + AGEING_S), 0);
	xd_fdb_destroy(fdb);
}

/* ---- Threads ---- */

#define KNOWN     1000u  /* addresses that stay, of port 1 */
#define MANY      40000u /* that come and go, of port 2 */
#define NEWCOMERS (20000 * NB_ROUNDS)

struct race {
	struct xd_fdb *fdb;
	uint32_t known; /* addresses that are there all the time, of port 1 */
	pthread_t reader;
	bool stop;
	uint64_t rounds, missed, wrong;
};

/* Whether a look-up that ends now, begun when the table's `moving` was this, may miss: entries have
 * moved in each of its looks. However long it was kept from running, few need not be found. */
static bool
may_miss(const struct xd_fdb *fdb, uint32_t moving)
{
	return __atomic_load_n(&fdb->moving, __ATOMIC_ACQUIRE) - moving >= XD_FDB_LOOKS;
}

/* Addresses that are in the table all the time are found all the time. */
static void *
look_up(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		for (uint32_t i = 0; i < race->known; i++) {
			uint32_t moving = __atomic_load_n(&race->fdb->moving, __ATOMIC_ACQUIRE);
			uint16_t port = lookup(race->fdb, key_of(i, 0));

			race->missed += port == XD_PORT_NONE && !may_miss(race->fdb, moving);
			race->wrong += port != XD_PORT_NONE && port != 1;
		}
		__atomic_fetch_add(&race->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void
begin_race(struct race *race)
{
	learn_some(race->fdb, 0, race->known, 1, 0);
	assert_int_equal(pthread_create(&race->reader, NULL, look_up, race), 0);
	while (__atomic_load_n(&race->rounds, __ATOMIC_RELAXED) == 0)
		sched_yield();
}

static void
end_race(struct race *race)
{
	__atomic_store_n(&race->stop, true, __ATOMIC_RELAXED);
	pthread_join(race->reader, NULL);
	assert_int_equal(race->wrong, 0);
	assert_int_equal(race->missed, 0);
	xd_fdb_destroy(race->fdb);
}

/* Refreshes them, and learns others. */
static void *
learn_half(void *arg)
{
	struct race *race = arg;

	for (uint32_t i = 0; i < MANY; i += 2) {
		learn(race->fdb, key_of(KNOWN + i, 0), 2, 0);
		learn(race->fdb, key_of(i / 2 % KNOWN, 0), 1, 1 + i / 2 / KNOWN % 5);
	}
	return NULL;
}

static void
threads_look_up_while_it_grows_and_shrinks(void **state)
{
	struct xd_fdb *fdb = make(65536);
	struct race race = {.fdb = fdb, .known = KNOWN};
	pthread_t learner;

	(void)state;
	begin_race(&race);
	for (uint32_t round = 0; round < NB_ROUNDS; round++) {
		assert_int_equal(pthread_create(&learner, NULL, learn_half, &race), 0);
		for (uint32_t i = 1; i < MANY; i += 2)
			learn(fdb, key_of(KNOWN + i, 0), 2, 0);
		pthread_join(learner, NULL);
		assert_int_equal(found(fdb, KNOWN, KNOWN + MANY, 2), MANY);
		check_count(fdb, KNOWN + MANY);
		xd_fdb_flush_port(fdb, 2);
		xd_fdb_age(fdb, 0);
		check_count(fdb, KNOWN);
		assert_true(fdb->size <= 4096);
	}
	end_race(&race);
}

/* Four doublings and back, again and again. */
static void
threads_look_up_while_buckets_are_split_and_joined(void **state)
{
	struct xd_fdb *fdb = make(65536);
	struct race race = {.fdb = fdb, .known = KNOWN};

	(void)state;
	begin_race(&race);
	for (uint32_t round = 0; round < 10 * NB_ROUNDS; round++) {
		/* As if there were many more. */
		__atomic_fetch_add(&fdb->count, MANY, __ATOMIC_RELAXED);
		xd_fdb_fit(fdb);
		assert_int_equal(fdb->size, 32768);
		__atomic_fetch_sub(&fdb->count, MANY, __ATOMIC_RELAXED);
		xd_fdb_fit(fdb);
		assert_int_equal(fdb->size, 2048);
	}
	check_count(fdb, KNOWN);
	end_race(&race);
}

/* In a table without memory for more, so full that every few addresses displace one or two. */
static void
threads_look_up_while_others_are_displaced(void **state)
{
	const uint32_t places = XD_FDB_BUCKETS_MIN * XD_FDB_WAYS, few = places / 4;
	struct xd_fdb *fdb = make(65536);
	struct race race = {.fdb = fdb, .known = places * 5 / 8};
	uint32_t moving;

	(void)state;
	fdb->ready = fdb->size;
	begin_race(&race);
	moving = fdb->moving;
	for (uint32_t i = 0; i < NEWCOMERS; i++) {
		learn(fdb, key_of(KNOWN + i, 0), 2, 0);
		if (i >= few)
			xd_fdb_forget(fdb, key_of(KNOWN + i - few, 0));
	}
	assert_true(fdb->moving - moving > NEWCOMERS / 10);
	end_race(&race);
}

#define STRIPE (XD_FDB_STRIPES - 1) /* of the address that comes */

struct newcomer {
	struct xd_fdb *fdb;
	uint64_t key;
	bool done;
};

static void *
learn_newcomer(void *arg)
{
	struct newcomer *n = arg;

	learn(n->fdb, n->key, 2, 0);
	__atomic_store_n(&n->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static uint32_t
stripe_of(uint64_t hash)
{
	return (uint32_t)__builtin_ctzll(xd_fdb_stripe_bit(hash));
}

/* The first address from one on of that stripe, or of any other. */
static uint32_t
address_of(const struct xd_fdb *fdb, uint32_t i, bool same)
{
	while ((stripe_of(xd_fdb_hash(fdb, key_of(i, 0))) == STRIPE) != same)
		i++;
	return i;
}

static bool
is_full(const struct xd_fdb_bucket *bucket)
{
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		if (xd_fdb_load(&bucket->entries[i]).key == 0)
			return false;
	}
	return true;
}

/* There is room for an address, but whoever waits for its stripe has locked all others, so that
 * nothing can be moved for it just now. */
static void
finds_room_when_others_lock_it(void **state)
{
	struct newcomer n = {.fdb = make(65536)};
	const uint32_t i = address_of(n.fdb, 0, true);
	pthread_t thread;
	uint64_t hash;

	(void)state;
	n.key = key_of(i, 0);
	hash = xd_fdb_hash(n.fdb, n.key);
	for (uint32_t k = address_of(n.fdb, i + 1, false);
		!is_full(xd_fdb_first_of(n.fdb, hash, n.fdb->size)) ||
		!is_full(xd_fdb_second_of(n.fdb, hash, n.fdb->size));
		k = address_of(n.fdb, k + 1, false)) {
		const uint64_t other = xd_fdb_hash(n.fdb, key_of(k, 0));
		const struct xd_fdb_bucket *first = xd_fdb_first_of(n.fdb, other, n.fdb->size);

		if (first == xd_fdb_first_of(n.fdb, hash, n.fdb->size) ||
			first == xd_fdb_second_of(n.fdb, hash, n.fdb->size))
			learn(n.fdb, key_of(k, 0), 1, 0);
	}
	assert_true(xd_fdb_has_room(n.fdb));
	for (unsigned k = 0; k < STRIPE; k++)
		xd_fdb_lock(&n.fdb->stripes[k]);
	assert_int_equal(pthread_create(&thread, NULL, learn_newcomer, &n), 0);
	/* It waits, or has given up. */
	for (unsigned k = 0; k < 10 && !__atomic_load_n(&n.done, __ATOMIC_ACQUIRE); k++)
		sched_yield();
	for (unsigned k = 0; k < STRIPE; k++)
		xd_fdb_unlock(&n.fdb->stripes[k]);
	pthread_join(thread, NULL);
	assert_int_equal(lookup(n.fdb, n.key), 2);
	assert_int_equal(xd_fdb_not_learned(n.fdb), 0);
	xd_fdb_destroy(n.fdb);
}

/* Puts an address from its first into its second bucket, as if it had been displaced. */
static void
send_away(struct xd_fdb *fdb, uint64_t key)
{
	const uint64_t hash = xd_fdb_hash(fdb, key);
	struct xd_fdb_bucket *first = xd_fdb_first_of(fdb, hash, fdb->size);
	struct xd_fdb_bucket *second = xd_fdb_second_of(fdb, hash, fdb->size);

	xd_fdb_lock(xd_fdb_stripe(fdb, hash));
	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		struct xd_fdb_entry e = xd_fdb_load(&first->entries[i]);

		if (e.key != key)
			continue;
		for (unsigned k = 0; k < XD_FDB_WAYS; k++) {
			if (xd_fdb_cas(&second->entries[k], xd_fdb_empty, e)) {
				xd_fdb_note_moving(fdb);
				xd_fdb_cas(&first->entries[i], e, xd_fdb_empty);
				break;
			}
		}
	}
	xd_fdb_unlock(xd_fdb_stripe(fdb, hash));
}

/* Addresses go to their second bucket and come home, each once a round, while somebody looks. */
static void
threads_look_up_while_addresses_come_home(void **state)
{
	struct race race = {.fdb = make(65536), .known = KNOWN};
	uint32_t needlessly;

	(void)state;
	begin_race(&race);
	for (uint32_t round = 1; round <= 50 * NB_ROUNDS; round++) {
		for (uint32_t i = 0; i < KNOWN; i++)
			send_away(race.fdb, key_of(i, 0));
		learn_some(race.fdb, 0, KNOWN, 1, round);
		assert_true(away(race.fdb, KNOWN, &needlessly) < KNOWN / 10);
	}
	check_count(race.fdb, KNOWN);
	end_race(&race);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_with_every_address_in_place),
		cmocka_unit_test(follows_what_it_holds),
		cmocka_unit_test(flushed_while_growing),
		cmocka_unit_test(aged_and_changed_while_growing),
		cmocka_unit_test(limits_while_growing),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(copied_into_a_table_of_another_size),
		cmocka_unit_test(come_home_when_seen_again),
		cmocka_unit_test(threads_look_up_while_it_grows_and_shrinks),
		cmocka_unit_test(threads_look_up_while_buckets_are_split_and_joined),
		cmocka_unit_test(threads_look_up_while_others_are_displaced),
		cmocka_unit_test(finds_room_when_others_lock_it),
		cmocka_unit_test(threads_look_up_while_addresses_come_home),
	};

	return cmocka_run_group_tests_name("fdb_size", tests, NULL, NULL);
}
