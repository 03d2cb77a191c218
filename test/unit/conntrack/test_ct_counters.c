/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets and bytes of connections. */
#include "ct_frames.h"

#include <pthread.h>

static struct xd_ct *
make_counting(uint32_t max, bool counters)
{
	const struct xd_ct_opts opts = {
		.size = sizeof(opts), .max_connections = max, .node = -1, .counters = counters};
	struct xd_error err;
	struct xd_ct *ct = xd_ct_create(&opts, &err);

	assert_non_null(ct);
	return ct;
}

static bool
take(void *ctx, const struct xd_ct_record *record)
{
	*(struct xd_ct_record *)ctx = *record;
	return false;
}

/* Of the one connection that there is. */
static void
check(struct xd_ct *ct, uint64_t packets, uint64_t bytes, uint64_t back, uint64_t bytes_back)
{
	struct xd_ct_record r;

	assert_int_equal(xd_ct_snapshot(ct, NULL, T0, take, &r), 1);
	assert_int_equal(r.packets[0], packets);
	assert_int_equal(r.bytes[0], bytes);
	assert_int_equal(r.packets[1], back);
	assert_int_equal(r.bytes[1], bytes_back);
}

static void
count_one(struct xd_ct *ct, const struct packet *k)
{
	xd_ct_count(ct, 0, &k->p, 1);
}

static void
check_both_ways(bool ipv6)
{
	struct xd_ct *ct = make_counting(100, true);
	const struct host a = ipv6 ? host6(1, 1000) : host4(1, 1000);
	const struct host b = ipv6 ? host6(2, 53) : host4(2, 53);
	struct packet k;
	uint32_t len;

	make_udp(&k, ipv6, a, b);
	len = k.f.len;
	track(ct, &k, 0, T0);
	/* Nobody has said that it belongs to something. */
	count_one(ct, &k);
	commit(ct, &k, T0);
	check(ct, 0, 0, 0, 0);
	count_one(ct, &k);
	check(ct, 1, len, 0, 0);
	/* Judged twice, it is counted when it goes. */
	make_udp(&k, ipv6, b, a);
	track(ct, &k, 0, T0);
	track(ct, &k, 0, T0);
	count_one(ct, &k);
	check(ct, 1, len, 1, len);
	/* An error about one of its frames is none of them. */
	make_error(&k, ipv6, ipv6 ? host6(9, 0) : host4(9, 0), a, b);
	track(ct, &k, 0, T0);
	assert_int_equal(k.p.state, XD_CT_RELATED);
	count_one(ct, &k);
	check(ct, 1, len, 1, len);
	xd_ct_destroy(ct);
}

static void
test_both_ways(void **state)
{
	(void)state;
	check_both_ways(false);
	check_both_ways(true);
}

/* A burst of two connections in turns and in rows; some of it has not gone. */
static void
test_burst(void **state)
{
	struct xd_ct *ct = make_counting(100, true);
	struct xd_ct_packet p[XD_BATCH];
	uint8_t addr[16];
	struct packet k;
	struct xd_ct_record r;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		make_udp(&k, false, host4(i, 1), host4(7, 7));
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
	}
	for (uint32_t i = 0; i < XD_BATCH; i++) {
		make_udp(&k, false, host4(i < 8 ? i % 2 : i / 8 % 2, 1), host4(7, 7));
		xd_ct_packet_init(&p[i], &k.f, &k.h, 0);
	}
	xd_ct_track(ct, 0, p, XD_BATCH, T0);
	xd_ct_count(ct, 0, p, 0x7fffffff);
	for (uint32_t i = 0; i < 2; i++) {
		memcpy(addr, host4(i, 0).addr, 16);
		xd_ct_snapshot(ct, &(struct xd_ct_filter){.addr = addr}, T0, take, &r);
		assert_int_equal(r.packets[0], i ? 4 + 8 + 7 : 4 + 8);
		assert_int_equal(r.bytes[0], r.packets[0] * k.f.len);
	}
	xd_ct_destroy(ct);
}

/* A record that is used anew begins at nothing, and what belongs to the one before counts for
 * nobody. */
static void
test_reuse(void **state)
{
	struct xd_ct *ct = make_counting(1, true);
	struct packet old, k;

	(void)state;
	make_udp(&old, false, host4(1, 1), host4(7, 7));
	track(ct, &old, 0, T0);
	commit(ct, &old, T0);
	count_one(ct, &old);
	for (uint32_t n = 2; n < 3000; n++) {
		assert_int_equal(xd_ct_flush(ct, NULL), 1);
		count_one(ct, &old);
		make_udp(&k, false, host4(n, 1), host4(7, 7));
		track(ct, &k, 0, T0);
		while (xd_ct_commit(ct, 0, &k.p, NULL, T0))
			xd_ct_expire(ct, 0, 10, T0);
		count_one(ct, &old);
		check(ct, 0, 0, 0, 0);
		count_one(ct, &k);
		check(ct, 1, k.f.len, 0, 0);
	}
	xd_ct_destroy(ct);
}

/* A table without takes no memory for them, and none of its calls minds. */
static void
test_none(void **state)
{
	struct xd_ct *with = make_counting(1000, true), *without = make_counting(1000, false);
	struct xd_ct_stats a, b;
	struct packet k;

	(void)state;
	xd_ct_stats(with, &a);
	xd_ct_stats(without, &b);
	assert_true(a.bytes >= b.bytes + 32 * 1000);
	make_udp(&k, false, host4(1, 1), host4(7, 7));
	track(without, &k, 0, T0);
	commit(without, &k, T0);
	count_one(without, &k);
	check(without, 0, 0, 0, 0);
	xd_ct_destroy(with);
	xd_ct_destroy(without);
}

struct counter {
	struct xd_ct *ct;
	unsigned worker;
};

#define THREADS 4
#define ROUNDS  20000

static void *
work(void *arg)
{
	const struct counter *c = arg;
	struct packet k;

	make_udp(&k, false, host4(1, 1), host4(7, 7));
	for (unsigned i = 0; i < ROUNDS; i++) {
		xd_ct_packet_init(&k.p, &k.f, &k.h, 0);
		xd_ct_track(c->ct, c->worker, &k.p, 1, T0);
		xd_ct_count(c->ct, c->worker, &k.p, 1);
	}
	return NULL;
}

/* Several workers' packets of one connection are all there. */
static void
test_threads(void **state)
{
	struct counter c[THREADS];
	pthread_t thread[THREADS];
	struct xd_ct *ct = make_counting(10, true);
	struct packet k;

	(void)state;
	make_udp(&k, false, host4(1, 1), host4(7, 7));
	track(ct, &k, 0, T0);
	commit(ct, &k, T0);
	for (unsigned i = 0; i < THREADS; i++) {
		c[i] = (struct counter){ct, i};
		assert_int_equal(pthread_create(&thread[i], NULL, work, &c[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	check(ct, THREADS * ROUNDS, (uint64_t)THREADS * ROUNDS * k.f.len, 0, 0);
	xd_ct_destroy(ct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
