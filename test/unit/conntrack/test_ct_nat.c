/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation: what goes out under another address, what comes back to whom it belongs, and all
 * checksums on the way. */
#include "ct_frames.h"

#include <errno.h>

static struct host
in_family(bool ipv6, uint32_t addr, uint16_t port)
{
	return ipv6 ? host6(addr, port) : host4(addr, port);
}

static struct xd_ct_range
range_of(struct host first, struct host last)
{
	struct xd_ct_range r = {.min_port = first.port, .max_port = last.port};

	memcpy(r.min, first.addr, sizeof(r.min));
	memcpy(r.max, last.addr, sizeof(r.max));
	return r;
}

/* Who a frame says that it is from, and for. */
static struct host
from_of(struct packet *k)
{
	struct xd_ct_tuple t;
	struct host h = {{0}, 0};

	xd_headers_parse(&k->f, &k->h);
	xd_ct_packet_init(&k->p, &k->f, &k->h, 0);
	xd_ct_packet_tuple(&k->p, &t);
	memcpy(h.addr, t.src, 16);
	h.port = __builtin_bswap16(t.src_port);
	return h;
}

static struct host
to_of(struct packet *k)
{
	struct xd_ct_tuple t;
	struct host h = {{0}, 0};

	from_of(k);
	xd_ct_packet_tuple(&k->p, &t);
	memcpy(h.addr, t.dst, 16);
	h.port = __builtin_bswap16(t.dst_port);
	return h;
}

static void
assert_host(struct host is, struct host want)
{
	assert_memory_equal(is.addr, want.addr, 16);
	assert_int_equal(is.port, want.port);
}

/* Tracks, commits what is new, translates; 0 or commit's error. */
static int
pass(struct xd_ct *ct, struct packet *k, const struct xd_ct_range *src,
	const struct xd_ct_range *dst)
{
	int rc = 0;

	assert_true(is_right(k));
	track(ct, k, 0, T0);
	if (k->p.state == XD_CT_NEW && !k->p.known)
		rc = xd_ct_commit(ct, 0, &k->p, &(struct xd_ct_commit){.src = src, .dst = dst}, T0);
	if (rc)
		return rc;
	assert_int_equal(xd_ct_translate(&k->p, &k->f, &k->h), 0);
	assert_true(is_right(k));
	return 0;
}

static void
make(struct packet *k, bool ipv6, uint8_t proto, struct host from, struct host to, bool answer)
{
	if (proto == P_UDP)
		make_udp(k, ipv6, from, to);
	else if (proto == P_TCP)
		make_tcp(k, ipv6, from, to, answer ? SYN | ACK : SYN, answer ? 5000 : 1000,
			answer ? 1001 : 0, 1000, 7, 0);
	else
		make_query(k, ipv6, from, to,
			ipv6     ? (answer ? 129 : 128)
			: answer ? 0
				 : 8,
			from.port);
}

/* There and back. of ICMP both ports are the identifier. */
static void
check_masquerade(bool ipv6, uint8_t proto)
{
	const bool icmp = proto == P_ICMP;
	const struct host a = in_family(ipv6, 0x0a000005, 3000);
	const struct host b = in_family(ipv6, 0xc0000207, icmp ? 3000 : 80);
	const struct host out = in_family(ipv6, 0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct host nat = out, back = b;
	struct xd_ct *ct = make_table(1000);
	struct packet k;

	nat.port = a.port;
	make(&k, ipv6, proto, a, b, false);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	assert_host(from_of(&k), nat);
	assert_host(to_of(&k), b);
	make(&k, ipv6, proto, back, nat, true);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_ESTABLISHED);
	assert_true(k.p.reply);
	assert_host(from_of(&k), b);
	assert_host(to_of(&k), a);
	/* Another host with the same port has another one outside. */
	make(&k, ipv6, proto, in_family(ipv6, 0x0a000006, 3000), b, false);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	nat = from_of(&k);
	assert_memory_equal(nat.addr, out.addr, 16);
	assert_int_not_equal(nat.port, 3000);
	if (proto == P_UDP)
		assert_int_equal(nat.port % 2, 0);
	back.port = icmp ? nat.port : 80;
	make(&k, ipv6, proto, back, nat, true);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_host(to_of(&k), in_family(ipv6, 0x0a000006, 3000));
	/* The first is not disturbed. */
	make(&k, ipv6, proto, a, b, false);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	assert_int_equal(from_of(&k).port, 3000);
	xd_ct_destroy(ct);
}

static void
test_masquerade(void **state)
{
	static const uint8_t protos[] = {P_UDP, P_TCP, P_ICMP};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		check_masquerade(false, protos[i]);
		check_masquerade(true, protos[i]);
	}
}

/* One host's port is the same outside for all whom it speaks to, and ends with the last of them. */
static void
test_mappings(void **state)
{
	const struct host out = host4(0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(1000);
	struct xd_ct_range inside;
	struct packet k;
	uint16_t port;

	(void)state;
	make_udp(&k, false, host4(1, 5000), host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	make_udp(&k, false, host4(2, 5000), host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	port = from_of(&k).port;
	for (uint16_t i = 0; i < 50; i++) {
		make_udp(&k, false, host4(2, 5000), host4(100u + i, (uint16_t)(53 + i)));
		assert_int_equal(pass(ct, &k, &range, NULL), 0);
		assert_int_equal(from_of(&k).port, port);
	}
	/* A stranger finds the host by it, if he is let. */
	make_udp(&k, false, host4(77, 7), host4(0xcb007101, port));
	track(ct, &k, 0, T0);
	assert_int_equal(xd_ct_inside(ct, 0, &k.p, T0, &inside), 0);
	assert_memory_equal(inside.min, host4(2, 0).addr, 4);
	assert_int_equal(inside.min_port, 5000);
	make_udp(&k, false, host4(77, 7), host4(0xcb007101, (uint16_t)(port + 1)));
	track(ct, &k, 0, T0);
	assert_int_equal(xd_ct_inside(ct, 0, &k.p, T0, &inside), -ENOENT);
	assert_int_equal(connections(ct), 52 + 2);
	assert_int_equal(xd_ct_zone_count(ct, 0), 52);
	assert_int_equal(xd_ct_flush(ct, NULL), 52);
	assert_int_equal(connections(ct), 0);
	assert_int_equal(xd_ct_zone_count(ct, 0), 0);
	xd_ct_destroy(ct);
}

/* Of UDP an even port stays even, and an odd one odd: RFC 4787, REQ-4. */
static void
test_parity(void **state)
{
	const struct host out = host4(0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(1000);
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 60; i++) {
		const uint16_t port = (uint16_t)(3000 + i % 2);

		make_udp(&k, false, host4(i, port), host4(99, 53));
		assert_int_equal(pass(ct, &k, &range, NULL), 0);
		assert_int_equal(from_of(&k).port % 2, port % 2);
	}
	xd_ct_destroy(ct);
}

/* Mappings stay in the wheel for longer than it goes round. */
static void
test_mapping_stays(void **state)
{
	const struct host out = host4(0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(1000);
	struct packet k;

	(void)state;
	make_udp(&k, false, host4(1, 5000), host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	for (uint64_t t = 0; t < 10000; t++) {
		xd_ct_expire(ct, 0, 100, T0 + t * 1000);
		if (t % 60 == 0)
			xd_ct_track(ct, 0, &k.p, 1, T0 + t * 1000);
	}
	assert_int_equal(connections(ct), 2);
	for (uint64_t t = 10000; t < 10400; t++)
		xd_ct_expire(ct, 0, 100, T0 + t * 1000);
	assert_int_equal(connections(ct), 0);
	xd_ct_destroy(ct);
}

/* For longer than 31 bits of milliseconds. */
static void
test_mapping_stays_for_weeks(void **state)
{
	const struct host out = host4(0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(1000);
	struct packet k, other;
	uint64_t now = T0;
	uint16_t port;

	(void)state;
	assert_int_equal(xd_ct_set_timeout(ct, XD_CT_TIMEOUT_UDP, 2000000), 0);
	make_udp(&k, false, host4(2, 5000), host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	make_udp(&k, false, host4(1, 5000), host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	port = from_of(&k).port;
	make_udp(&k, false, host4(1, 5000), host4(99, 53));
	for (unsigned i = 0; i < 4000; i++) {
		now += 1000000;
		while (xd_ct_expire(ct, 0, 100, now))
			;
		track(ct, &k, 0, now);
	}
	make_udp(&other, false, host4(1, 5000), host4(98, 53));
	track(ct, &other, 0, now);
	assert_int_equal(
		xd_ct_commit(ct, 0, &other.p, &(struct xd_ct_commit){.src = &range}, now), 0);
	assert_int_equal(xd_ct_translate(&other.p, &other.f, &other.h), 0);
	assert_int_equal(from_of(&other).port, port);
	xd_ct_destroy(ct);
}

/* Every port of a range is somebody's, no port is two's, and then there are none. */
static void
test_exhausted(void **state)
{
	const struct xd_ct_range range = range_of(host4(0xcb007101, 2000), host4(0xcb007101, 2099));
	struct xd_ct *ct = make_table(1000);
	struct xd_ct_stats stats;
	bool used[100] = {false};
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		make_tcp(&k, false, host4(i, 7), host4(99, 80), SYN, 1, 0, 1000, -1, 0);
		assert_int_equal(pass(ct, &k, &range, NULL), 0);
		assert_in_range(from_of(&k).port, 2000, 2099);
		assert_false(used[from_of(&k).port - 2000]);
		used[from_of(&k).port - 2000] = true;
	}
	make_tcp(&k, false, host4(500, 7), host4(99, 80), SYN, 1, 0, 1000, -1, 0);
	assert_int_equal(pass(ct, &k, &range, NULL), -EADDRINUSE);
	xd_ct_stats(ct, &stats);
	assert_int_equal(stats.exhausted, 1);
	assert_int_equal(stats.connections, 200);
	assert_int_equal(xd_ct_zone_count(ct, 0), 100);
	/* Other protocols have ports of their own. */
	make_udp(&k, false, host4(500, 7), host4(99, 80));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	xd_ct_destroy(ct);
}

/* Several addresses: a host has one of them for all it does. */
static void
test_pool(void **state)
{
	const struct xd_ct_range range = range_of(host4(0xcb007100, 0), host4(0xcb007107, 0));
	struct xd_ct *ct = make_table(10000);
	unsigned used = 0;
	struct packet k;

	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		struct host first = {{0}, 0};

		for (uint16_t j = 0; j < 4; j++) {
			make_udp(&k, false, host4(i, (uint16_t)(4000 + j)), host4(99, 53));
			assert_int_equal(pass(ct, &k, &range, NULL), 0);
			if (j == 0)
				first = from_of(&k);
			assert_memory_equal(from_of(&k).addr, first.addr, 4);
		}
		assert_memory_equal(first.addr, range.min, 3);
		assert_in_range(first.addr[3], 0, 7);
		used |= 1u << first.addr[3];
	}
	assert_int_equal(used, 0xff);
	xd_ct_destroy(ct);
}

static void
check_destination(bool ipv6)
{
	const struct host client = in_family(ipv6, 0xc0000209, 4000);
	const struct host service = in_family(ipv6, 0xcb007101, 80);
	const struct host server = in_family(ipv6, 0x0a000007, 8080);
	const struct xd_ct_range range = range_of(server, server);
	struct xd_ct *ct = make_table(100);
	struct packet k;

	make_tcp(&k, ipv6, client, service, SYN, 1000, 0, 1000, 7, 0);
	assert_int_equal(pass(ct, &k, NULL, &range), 0);
	assert_host(from_of(&k), client);
	assert_host(to_of(&k), server);
	make_tcp(&k, ipv6, server, client, SYN | ACK, 7000, 1001, 1000, 7, 0);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_ESTABLISHED);
	assert_host(from_of(&k), service);
	assert_host(to_of(&k), client);
	/* Who speaks to the server itself from the same port would be the same connection there. */
	make_tcp(&k, ipv6, client, server, SYN, 1000, 0, 1000, 7, 0);
	track(ct, &k, 0, T0);
	assert_int_equal(xd_ct_commit(ct, 0, &k.p, NULL, T0), 0);
	make_tcp(&k, ipv6, in_family(ipv6, 0xc000020a, 1), server, SYN, 1000, 0, 1000, 7, 0);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	make_tcp(&k, ipv6, in_family(ipv6, 0xc000020a, 1), service, SYN, 1000, 0, 1000, 7, 0);
	assert_int_equal(pass(ct, &k, NULL, &range), -EADDRINUSE);
	xd_ct_destroy(ct);
}

static void
test_destination(void **state)
{
	(void)state;
	check_destination(false);
	check_destination(true);
}

/* Two hosts behind one address reach each other by it: RFC 4787, REQ-9. */
static void
test_hairpin(void **state)
{
	const struct host a = host4(1, 5000), b = host4(2, 6000), out = host4(0xcb007101, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(100);
	struct host nat_a, nat_b;
	struct xd_ct_range inside;
	struct packet k;

	(void)state;
	make_udp(&k, false, b, host4(99, 53));
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	nat_b = from_of(&k);
	make_udp(&k, false, a, nat_b);
	track(ct, &k, 0, T0);
	assert_int_equal(k.p.state, XD_CT_NEW);
	assert_int_equal(xd_ct_inside(ct, 0, &k.p, T0, &inside), 0);
	assert_int_equal(pass(ct, &k, &range, &inside), 0);
	nat_a = from_of(&k);
	assert_memory_equal(nat_a.addr, out.addr, 16);
	assert_host(to_of(&k), b);
	make_udp(&k, false, b, nat_a);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_ESTABLISHED);
	assert_host(from_of(&k), nat_b);
	assert_host(to_of(&k), a);
	xd_ct_destroy(ct);
}

/* An error from outside about what went out translated: RFC 5508, REQ-4. */
static void
check_error(bool ipv6, bool from_server)
{
	const struct host a = in_family(ipv6, 0x0a000005, 3000),
			  b = in_family(ipv6, 0xc0000207, 53);
	const struct host out = in_family(ipv6, 0xcb007101, 0);
	const struct host router = from_server ? b : in_family(ipv6, 0xc0000201, 0);
	const struct xd_ct_range range = range_of(out, out);
	struct xd_ct *ct = make_table(100);
	struct host nat;
	struct packet k;
	const uint8_t *ip = k.f.buf + XD_HEADROOM + L3;

	make_udp(&k, ipv6, in_family(ipv6, 0x0a000004, 3000), b);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	make_udp(&k, ipv6, a, b);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	nat = from_of(&k);
	assert_int_not_equal(nat.port, a.port);
	make_error(&k, ipv6, router, nat, b);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_RELATED);
	assert_memory_equal(ip + (ipv6 ? 8 : 12), router.addr, ipv6 ? 16 : 4);
	assert_memory_equal(ip + (ipv6 ? 24 : 16), a.addr, ipv6 ? 16 : 4);
	/* The tuple of an error is that of the packet inside, turned round. */
	assert_host(to_of(&k), a);
	assert_host(from_of(&k), b);
	xd_ct_destroy(ct);
}

/* An error from inside, about what came to a server that has another address outside. */
static void
test_error_of_server(void **state)
{
	const struct host client = host4(0xc0000209, 4000), service = host4(0xcb007101, 53);
	const struct host server = host4(0x0a000007, 5353);
	const struct xd_ct_range range = range_of(server, server);
	struct xd_ct *ct = make_table(100);
	struct packet k;

	(void)state;
	make_udp(&k, false, client, service);
	assert_int_equal(pass(ct, &k, NULL, &range), 0);
	make_error(&k, false, server, client, server);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_RELATED);
	assert_memory_equal(k.f.buf + XD_HEADROOM + L3 + 12, service.addr, 4);
	assert_host(from_of(&k), service);
	assert_host(to_of(&k), client);
	/* From a router inside, it comes from that, and is about a packet to the service. */
	make_error(&k, false, host4(0x0a000001, 0), client, server);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_memory_equal(k.f.buf + XD_HEADROOM + L3 + 12, host4(0x0a000001, 0).addr, 4);
	assert_host(from_of(&k), service);
	xd_ct_destroy(ct);
}

static void
test_errors(void **state)
{
	(void)state;
	check_error(false, false);
	check_error(false, true);
	check_error(true, false);
	check_error(true, true);
}

/* A translation to what it is already: both tuples are one, turned round. */
static void
test_to_itself(void **state)
{
	const struct host a = host4(5, 3000), b = host4(9, 53);
	const struct xd_ct_range range = range_of(host4(5, 0), host4(5, 0));
	struct xd_ct *ct = make_table(100);
	struct packet k;

	(void)state;
	make_udp(&k, false, a, b);
	assert_int_equal(pass(ct, &k, &range, NULL), 0);
	assert_host(from_of(&k), a);
	make_udp(&k, false, b, a);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_int_equal(k.p.state, XD_CT_ESTABLISHED);
	assert_host(to_of(&k), a);
	make_udp(&k, false, a, b);
	assert_int_equal(pass(ct, &k, NULL, NULL), 0);
	assert_false(k.p.reply);
	xd_ct_destroy(ct);
}

static void
test_wrong_ranges(void **state)
{
	const struct xd_ct_range wrong[] = {
		range_of(host4(2, 0), host4(1, 0)),
		range_of(host4(1, 200), host4(1, 100)),
		range_of(host4(1, 0), host4(1, 100)),
	};
	struct xd_ct *ct = make_table(100);
	struct packet k;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make_udp(&k, false, host4(7, 7), host4(9, 9));
		assert_int_equal(pass(ct, &k, &wrong[i], NULL), -EINVAL);
		assert_int_equal(pass(ct, &k, NULL, &wrong[i]), -EINVAL);
	}
	assert_int_equal(connections(ct), 0);
	xd_ct_destroy(ct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masquerade),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_parity),
		cmocka_unit_test(test_mapping_stays),
		cmocka_unit_test(test_mapping_stays_for_weeks),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_destination),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_error_of_server),
		cmocka_unit_test(test_to_itself),
		cmocka_unit_test(test_wrong_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
