/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of connections: both directions, families, zones, timeouts, filters. */
#include "ct_frames.h"

#include <errno.h>

static void
check_udp(bool ipv6, struct host a, struct host b)
{
	struct xd_ct *ct = make_table(1000);
	struct packet k;

	make_udp(&k, ipv6, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_NEW);
	/* What nobody has accepted is not remembered. */
	assert_int_equal(state_of(ct, &k, T0), XD_CT_NEW);
	assert_false(k.p.known);
	assert_int_equal(connections(ct), 0);
	commit(ct, &k, T0);
	assert_int_equal(connections(ct), 1);
	make_udp(&k, ipv6, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_NEW);
	assert_true(k.p.known && !k.p.reply && !k.p.translate);
	make_udp(&k, ipv6, b, a);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_ESTABLISHED);
	assert_true(k.p.known && k.p.reply);
	make_udp(&k, ipv6, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_ESTABLISHED);
	assert_false(k.p.reply);
	/* Others are others: port, address, protocol, zone. */
	b.port++;
	make_udp(&k, ipv6, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_NEW);
	assert_false(k.p.known);
	b.port--;
	a.addr[3]++;
	make_udp(&k, ipv6, a, b);
	assert_false((track(ct, &k, 0, T0), k.p.known));
	a.addr[3]--;
	make_udp(&k, ipv6, a, b);
	assert_false((track(ct, &k, 7, T0), k.p.known));
	make_tcp(&k, ipv6, a, b, SYN, 1, 0, 1000, -1, 0);
	assert_false((track(ct, &k, 0, T0), k.p.known));
	xd_ct_destroy(ct);
}

static void
test_directions(void **state)
{
	const struct host a = host4(0x0a000001, 1000), b = host4(0x0a000002, 53);

	(void)state;
	check_udp(false, a, b);
	check_udp(false, b, a);
	check_udp(false, a, host4(0x0a000001, 53));
	check_udp(true, host6(1, 1000), host6(2, 53));
	check_udp(true, host6(2, 53), host6(1, 1000));
	check_udp(true, host6(1, 53), host6(1, 1000));
}

static void
test_queries(void **state)
{
	static const uint8_t pairs[][3] = {
		{0, 8, 0}, {0, 13, 14}, {0, 15, 16}, {0, 17, 18}, {1, 128, 129}};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		const bool ipv6 = pairs[i][0];
		const struct host a = ipv6 ? host6(9, 0) : host4(9, 0);
		const struct host b = ipv6 ? host6(5, 0) : host4(5, 0);
		struct xd_ct *ct = make_table(100);
		struct packet k;

		/* An answer to nothing. */
		make_query(&k, ipv6, b, a, pairs[i][2], 77);
		assert_int_equal(state_of(ct, &k, T0), XD_CT_INVALID);
		make_query(&k, ipv6, a, b, pairs[i][1], 77);
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
		/* The other side asks under the same identifier. */
		make_query(&k, ipv6, b, a, pairs[i][1], 77);
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
		make_query(&k, ipv6, b, a, pairs[i][2], 77);
		assert_int_equal(state_of(ct, &k, T0), XD_CT_ESTABLISHED);
		assert_true(k.p.reply);
		make_query(&k, ipv6, b, a, pairs[i][2], 78);
		assert_int_equal(state_of(ct, &k, T0), XD_CT_INVALID);
		assert_int_equal(connections(ct), 2);
		xd_ct_destroy(ct);
	}
}

static void
check_error(bool ipv6)
{
	const struct host a = ipv6 ? host6(9, 4000) : host4(9, 4000);
	const struct host b = ipv6 ? host6(5, 53) : host4(5, 53);
	const struct host router = ipv6 ? host6(99, 0) : host4(99, 0);
	struct xd_ct *ct = make_table(100);
	struct packet k;

	make_error(&k, ipv6, router, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_INVALID);
	make_udp(&k, ipv6, a, b);
	track(ct, &k, 0, T0);
	commit(ct, &k, T0);
	make_error(&k, ipv6, router, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_RELATED);
	assert_true(k.p.reply && k.p.known);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), -EINVAL);
	/* About a datagram that the other side has sent. */
	make_error(&k, ipv6, router, b, a);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_RELATED);
	assert_false(k.p.reply);
	/* It answers nothing. */
	make_udp(&k, ipv6, a, b);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_NEW);
	/* Sent to somebody whose packet it is not. */
	make_error(&k, ipv6, router, a, b);
	k.f.buf[XD_HEADROOM + L3 + (ipv6 ? 39 : 19)] ^= 1;
	assert_int_equal(state_of(ct, &k, T0), XD_CT_INVALID);
	xd_ct_destroy(ct);
}

static void
test_errors(void **state)
{
	(void)state;
	check_error(false);
	check_error(true);
}

static void
test_untracked(void **state)
{
	const struct host a = host6(9, 0), b = host6(5, 0);
	struct xd_ct *ct = make_table(100);
	struct packet k;

	(void)state;
	/* Neighbour discovery. */
	make_query(&k, true, a, b, 135, 0);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_UNTRACKED);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), -EINVAL);
	/* ARP, and an IP packet that is longer than its frame. */
	make_udp(&k, false, host4(1, 1), host4(2, 2));
	xd_put16(k.f.buf + XD_HEADROOM + 12, 0x0806);
	xd_headers_parse(&k.f, &k.h);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_UNTRACKED);
	make_udp(&k, false, host4(1, 1), host4(2, 2));
	k.f.len--;
	assert_int_equal(state_of(ct, &k, T0), XD_CT_INVALID);
	/* A later fragment. */
	make_udp(&k, false, host4(1, 1), host4(2, 2));
	k.f.buf[XD_HEADROOM + L3 + 7] = 8;
	xd_headers_parse(&k.f, &k.h);
	assert_int_equal(state_of(ct, &k, T0), XD_CT_FRAGMENT);
	xd_ct_destroy(ct);
}

/* For each, how long it is remembered; the slack is a second, and the wheel's another. */
static void
check_timeout(struct xd_ct *ct, struct packet *k, uint64_t at_ms, uint32_t timeout_s)
{
	const uint64_t end = at_ms + 1000ull * timeout_s;
	struct packet probe = *k;

	xd_ct_expire(ct, 0, 1000, end - 1);
	assert_int_equal(connections(ct), 1);
	track(ct, &probe, 0, end + 2100);
	assert_false(probe.p.known);
	for (uint64_t t = at_ms; t < end + 3100; t += 500)
		xd_ct_expire(ct, 0, 1000, t);
	assert_int_equal(connections(ct), 0);
}

static void
test_timeouts(void **state)
{
	const struct host a = host4(9, 4000), b = host4(5, 53);
	struct packet k, r;

	(void)state;
	for (unsigned packets = 1; packets <= 3; packets++) {
		struct xd_ct *ct = make_table(100);

		make_udp(&k, false, a, b);
		make_udp(&r, false, b, a);
		track(ct, &k, 0, T0);
		commit(ct, &k, T0);
		if (packets >= 2)
			track(ct, &r, 0, T0 + 10);
		if (packets >= 3)
			track(ct, &k, 0, T0 + 20);
		assert_int_equal(xd_ct_set_timeout(ct, XD_CT_TIMEOUT_UDP, 0), -EINVAL);
		check_timeout(ct, &k, T0, packets == 1 ? 120 : packets == 2 ? 180 : 300);
		xd_ct_destroy(ct);
	}
}

/* A wheel that goes round several times, time that leaps, and one that wraps 32 bits of ms. */
static void
test_long_timeouts(void **state)
{
	static const uint64_t starts[] = {0, T0, UINT32_MAX - 5000ull, (1ull << 40) - 77};
	const struct host a = host4(9, 4000), b = host4(5, 53);
	struct packet k;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct xd_ct *ct = make_table(100);

		assert_int_equal(xd_ct_set_timeout(ct, XD_CT_TIMEOUT_UDP, 2000000), 0);
		make_udp(&k, false, a, b);
		track(ct, &k, 0, starts[i]);
		commit(ct, &k, starts[i]);
		for (uint64_t t = 0; t < 1999999; t += 1000)
			xd_ct_expire(ct, 0, 1000, starts[i] + t * 1000);
		assert_int_equal(connections(ct), 1);
		xd_ct_expire(ct, 0, 1000, starts[i] + 4000000000ull);
		xd_ct_expire(ct, 0, 1000, starts[i] + 4000001000ull);
		assert_int_equal(connections(ct), 0);
		xd_ct_destroy(ct);
	}
}

static bool
keep(void *ctx, const struct xd_ct_record *record)
{
	*(struct xd_ct_record *)ctx = *record;
	return true;
}

static void
test_mark_and_label(void **state)
{
	const struct host a = host4(9, 4000), b = host4(5, 53);
	static const uint8_t label[XD_CT_LABEL] = "a label", other[XD_CT_LABEL] = "another";
	struct xd_ct_commit c = {.mark = 0x1234};
	struct xd_ct *ct = make_table(100);
	uint8_t got[XD_CT_LABEL];
	struct xd_ct_record r;
	struct packet k;

	(void)state;
	memcpy(c.label, label, sizeof(label));
	make_udp(&k, false, a, b);
	track(ct, &k, 0, T0);
	assert_int_equal(xd_ct_set_mark(ct, 0, &k.p, 1), -ENOENT);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, &c, T0), 0);
	make_udp(&k, false, b, a);
	track(ct, &k, 0, T0);
	assert_int_equal(k.p.mark, 0x1234);
	assert_int_equal(xd_ct_label(ct, 0, &k.p, got), 0);
	assert_memory_equal(got, label, sizeof(got));
	assert_int_equal(xd_ct_set_mark(ct, 0, &k.p, 77), 0);
	assert_int_equal(xd_ct_set_label(ct, 0, &k.p, other), 0);
	make_udp(&k, false, a, b);
	track(ct, &k, 0, T0);
	assert_int_equal(k.p.mark, 77);
	assert_int_equal(xd_ct_snapshot(ct, NULL, T0, keep, &r), 1);
	assert_int_equal(r.mark, 77);
	assert_memory_equal(r.label, other, sizeof(other));
	assert_true(r.answered && !r.translated);
	assert_memory_equal(r.original.src, a.addr, 4);
	assert_memory_equal(r.reply.src, b.addr, 4);
	assert_int_equal(r.original.src_port, __builtin_bswap16(4000));
	assert_int_equal(xd_ct_flush(ct, NULL), 1);
	assert_int_equal(xd_ct_set_mark(ct, 0, &k.p, 1), -ENOENT);
	xd_ct_destroy(ct);
}

static bool
count(void *ctx, const struct xd_ct_record *record)
{
	(void)record;
	++*(uint32_t *)ctx;
	return true;
}

static bool
only_one(void *ctx, const struct xd_ct_record *record)
{
	(void)ctx;
	(void)record;
	return false;
}

static void
check_filter(struct xd_ct *ct, struct xd_ct_filter filter, uint32_t n)
{
	uint32_t told = 0;

	assert_int_equal(xd_ct_snapshot(ct, &filter, T0, count, &told), n);
	assert_int_equal(told, n);
}

static void
test_filters(void **state)
{
	struct xd_ct *ct = make_table(1000);
	uint8_t addr[16];
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		const bool ipv6 = i % 3 == 0;
		const struct host from = ipv6 ? host6(i, 5000) : host4(i, 5000);
		const struct host to = ipv6 ? host6(99, 80) : host4(99, 80);

		if (i % 2)
			make_udp(&k, ipv6, from, to);
		else
			make_tcp(&k, ipv6, from, to, SYN, 1, 0, 1000, -1, 0);
		track(ct, &k, (uint16_t)(i % 5), T0);
		assert_int_equal(xd_ct_commit(ct, 0, &k.p,
					 &(struct xd_ct_commit){.mark = i & 3 ? i << 8 : 0}, T0),
			0);
	}
	check_filter(ct, (struct xd_ct_filter){0}, 30);
	check_filter(ct, (struct xd_ct_filter){.zone = &(uint16_t){2}}, 6);
	check_filter(ct, (struct xd_ct_filter){.proto = P_TCP}, 15);
	check_filter(ct, (struct xd_ct_filter){.port = 80}, 30);
	check_filter(ct, (struct xd_ct_filter){.port = 81}, 0);
	check_filter(ct, (struct xd_ct_filter){.mark = 0x500, .mark_mask = 0xff00}, 1);
	check_filter(ct, (struct xd_ct_filter){.mark = 0, .mark_mask = 0xff00}, 8);
	memcpy(addr, host4(4, 0).addr, 16);
	check_filter(ct, (struct xd_ct_filter){.addr = addr}, 1);
	check_filter(ct, (struct xd_ct_filter){.addr = addr, .port = 5000}, 1);
	check_filter(ct, (struct xd_ct_filter){.addr = addr, .port = 80}, 0);
	memcpy(addr, host6(99, 0).addr, 16);
	check_filter(ct, (struct xd_ct_filter){.addr = addr, .ipv6 = true}, 10);
	assert_int_equal(xd_ct_snapshot(ct, NULL, T0, only_one, NULL), 1);
	assert_int_equal(xd_ct_flush(ct, &(struct xd_ct_filter){.proto = P_TCP}), 15);
	check_filter(ct, (struct xd_ct_filter){.proto = P_TCP}, 0);
	check_filter(ct, (struct xd_ct_filter){.proto = P_UDP}, 15);
	xd_ct_destroy(ct);
}

static void
test_wrong_options(void **state)
{
	static const struct {
		struct xd_ct_opts opts;
		const char *says;
	} wrong[] = {
		{{.size = sizeof(struct xd_ct_opts)}, "max_connections 0"},
		{{.size = sizeof(struct xd_ct_opts), .max_connections = 1u << 26},
			"max_connections"},
		{{.max_connections = 5}, "the size of the tracker's options is 0"},
		{{.size = sizeof(struct xd_ct_opts), .max_connections = 5, .timeout_s = {2000001}},
			"timeout 2000001"},
	};
	struct xd_ct_opts shorter = {
		.size = offsetof(struct xd_ct_opts, timeout_s), .max_connections = 5, .node = -1};
	struct xd_error err;
	struct xd_ct *ct;

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_null(xd_ct_create(&wrong[i].opts, &err));
		assert_int_equal(err.code, -EINVAL);
		assert_non_null(strstr(err.text, wrong[i].says));
	}
	ct = xd_ct_create(&shorter, &err);
	assert_non_null(ct);
	xd_ct_destroy(ct);
	xd_ct_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_untracked),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_long_timeouts),
		cmocka_unit_test(test_mark_and_label),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_wrong_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
