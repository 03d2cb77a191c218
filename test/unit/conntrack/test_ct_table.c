/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of connections when it is full, flooded and shared by workers. */
#include "ct_frames.h"

#include <errno.h>
#include <pthread.h>

static bool
count(void *ctx, const struct xd_ct_record *record)
{
	(void)record;
	++*(uint32_t *)ctx;
	return true;
}

/* What is used again and again is a few records, each kept until no call can see it. */
static void
test_reuse(void **state)
{
	struct xd_ct *ct = make_table(100);
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		make_udp(&k, false, host4(i, 1), host4(7, 7));
		track(ct, &k, 0, T0 + i);
		commit(ct, &k, T0 + i);
		if (i % 50 == 49)
			assert_int_equal(xd_ct_flush(ct, NULL), 50);
	}
	assert_int_equal(connections(ct), 0);
	xd_ct_destroy(ct);
}

struct turnover {
	struct xd_ct *ct;
	uint32_t n;
};

/* Ends what there is and begins anew, until no record is free: a snapshot is a call that may see
 * them. */
static bool
turn_over(void *ctx, const struct xd_ct_record *record)
{
	struct turnover *t = ctx;
	struct packet k;

	(void)record;
	for (t->n = 0; t->n < 5000; t->n++) {
		const uint64_t now = T0 + 200000ull * (t->n + 1);

		while (xd_ct_expire(t->ct, 0, 10, now))
			;
		make_udp(&k, false, host4(t->n, 1), host4(7, 7));
		track(t->ct, &k, 0, now);
		if (xd_ct_commit(t->ct, 0, &k.p, NULL, now))
			break;
	}
	return false;
}

/* While a call may see records that have ended, none of them is used anew. */
static void
test_grace_period(void **state)
{
	struct turnover t = {.ct = make_table(1)};
	struct packet k;

	(void)state;
	make_udp(&k, false, host4(1, 1), host4(7, 7));
	track(t.ct, &k, 0, T0);
	commit(t.ct, &k, T0);
	assert_int_equal(xd_ct_snapshot(t.ct, NULL, T0, turn_over, &t), 1);
	assert_in_range(t.n, 1, 2000);
	/* Afterwards all of them are. */
	turn_over(&t, NULL);
	assert_int_equal(t.n, 5000);
	xd_ct_destroy(t.ct);
}

/* A table takes all that it says, and each is found. */
static void
check_full(uint32_t max)
{
	struct xd_ct *ct = make_table(max);
	struct xd_ct_stats stats;
	struct packet k;

	for (uint32_t i = 0; i < max; i++) {
		make_udp(&k, false, host4(i, 1), host4(0xffffffff, 7));
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
		/* Two questions and an answer: it is worth keeping. */
		make_udp(&k, false, host4(0xffffffff, 7), host4(i, 1));
		track(ct, &k, 0, T0);
		make_udp(&k, false, host4(i, 1), host4(0xffffffff, 7));
		track(ct, &k, 0, T0);
	}
	for (uint32_t i = 0; i < max; i++) {
		make_udp(&k, false, host4(0xffffffff, 7), host4(i, 1));
		assert_int_equal(state_of(ct, &k, T0), XD_CT_ESTABLISHED);
	}
	make_udp(&k, false, host4(max, 1), host4(0xffffffff, 7));
	track(ct, &k, 0, T0);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), -ENOSPC);
	xd_ct_stats(ct, &stats);
	assert_int_equal(stats.full, 1);
	assert_int_equal(stats.connections, max);
	assert_int_equal(stats.evicted, 0);
	xd_ct_destroy(ct);
}

static void
test_full(void **state)
{
	(void)state;
	check_full(1);
	check_full(77);
	check_full(65536);
}

/* A flood of what nobody answers takes nothing from what was answered. */
static void
test_flood(void **state)
{
	struct xd_ct *ct = make_table(1000);
	struct xd_ct_stats stats;
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		make_udp(&k, false, host4(i, 1), host4(9, 7));
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
		make_udp(&k, false, host4(9, 7), host4(i, 1));
		track(ct, &k, 0, T0);
		make_udp(&k, false, host4(i, 1), host4(9, 7));
		track(ct, &k, 0, T0);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		make_udp(&k, false, host4(0x0b000000 + i, 1), host4(9, 7));
		track(ct, &k, 0, T0);
		xd_ct_commit(ct, i % 3, &k.p, NULL, T0);
	}
	for (uint32_t i = 0; i < 500; i++) {
		make_udp(&k, false, host4(9, 7), host4(i, 1));
		assert_int_equal(state_of(ct, &k, T0), XD_CT_ESTABLISHED);
	}
	xd_ct_stats(ct, &stats);
	assert_true(stats.connections <= 1000);
	assert_true(stats.evicted > 18000);
	xd_ct_destroy(ct);
}

static void
test_zone_limit(void **state)
{
	struct xd_ct *ct = make_table(1000);
	struct xd_ct_stats stats;
	struct packet k;

	(void)state;
	xd_ct_set_zone_limit(ct, 3, 10);
	for (uint32_t i = 0; i < 20; i++) {
		make_udp(&k, false, host4(i, 1), host4(9, 7));
		track(ct, &k, 3, T0);
		assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), i < 10 ? 0 : -EDQUOT);
		track(ct, &k, 4, T0);
		assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), 0);
	}
	assert_int_equal(xd_ct_zone_count(ct, 3), 10);
	assert_int_equal(xd_ct_zone_count(ct, 4), 20);
	xd_ct_stats(ct, &stats);
	assert_int_equal(stats.limited, 10);
	assert_int_equal(xd_ct_flush(ct, &(struct xd_ct_filter){.zone = &(uint16_t){3}}), 10);
	assert_int_equal(xd_ct_zone_count(ct, 3), 0);
	make_udp(&k, false, host4(50, 1), host4(9, 7));
	track(ct, &k, 3, T0);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), 0);
	xd_ct_destroy(ct);
}

/* Workers that have the same connections, in both directions, while others end and control looks.
 */
#define THREADS 3
#define FLOWS   64

struct shared {
	struct xd_ct *ct;
	uint32_t rounds;
	unsigned worker;
	uint32_t established;
};

static const struct xd_ct_range outside = {
	.min = {203, 0, 113, 1}, .max = {203, 0, 113, 1}, .min_port = 2000, .max_port = 2040};

/* Every other flow is translated, and shares fewer ports than there are flows. */
static void *
work(void *arg)
{
	struct shared *s = arg;
	const struct xd_ct_commit plain = {0}, translated = {.src = &outside};
	struct packet k[2];

	for (uint32_t i = 0; i < s->rounds; i++) {
		const uint32_t flow = (i * 7 + s->worker) % FLOWS;
		const uint64_t now = T0 + i / 8;
		struct host a = host4(flow, 1), b = host4(99, 2);

		make_udp(&k[0], false, s->worker & 1 ? a : b, s->worker & 1 ? b : a);
		make_tcp(&k[1], true, host6(flow, 1), host6(99, 2), SYN, 1000, 0, 100, -1, 0);
		for (unsigned j = 0; j < 2; j++) {
			xd_ct_packet_init(&k[j].p, &k[j].f, &k[j].h, 0);
			xd_ct_track(s->ct, s->worker, &k[j].p, 1, now);
			if (k[j].p.state == XD_CT_NEW && !k[j].p.known)
				xd_ct_commit(s->ct, s->worker, &k[j].p,
					flow % 2 ? &plain : &translated, now);
			s->established += k[j].p.state == XD_CT_ESTABLISHED;
		}
		if (i % 64 == 0)
			xd_ct_expire(s->ct, s->worker, 16, now);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct xd_ct *ct = make_table(2 * FLOWS);
	struct shared s[THREADS];
	pthread_t thread[THREADS];
	uint32_t established = 0, told = 0;

	(void)state;
	assert_int_equal(xd_ct_set_timeout(ct, XD_CT_TIMEOUT_TCP_SYN_SENT, 1), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		s[i] = (struct shared){.ct = ct, .rounds = 40000, .worker = i};
		assert_int_equal(pthread_create(&thread[i], NULL, work, &s[i]), 0);
	}
	for (unsigned i = 0; i < 50; i++) {
		xd_ct_snapshot(ct, NULL, T0, count, &told);
		xd_ct_flush(ct, &(struct xd_ct_filter){.proto = P_UDP});
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		established += s[i].established;
	}
	/* No tuple is there twice. */
	told = 0;
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		uint8_t addr[16];

		memcpy(addr, host4(flow, 0).addr, 16);
		assert_true(xd_ct_snapshot(ct, &(struct xd_ct_filter){.addr = addr, .proto = P_UDP},
				    T0, count, &told) <= 1);
	}
	assert_true(established > 0);
	xd_ct_flush(ct, NULL);
	assert_int_equal(connections(ct), 0);
	assert_int_equal(xd_ct_zone_count(ct, 0), 0);
	xd_ct_destroy(ct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_grace_period),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_zone_limit),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
