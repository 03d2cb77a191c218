/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host answers, what it leaves alone, and that no frame, however wrong, does harm. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/respond/answer.h"
#include "traffic/frames/sum.h"

#define ROOM 2048

static const uint8_t them[6] = {2, 0, 0, 0, 0, 9};
static struct xd_respond_host host;

/* A frame in memory of just its size, so that a sanitizer sees what goes beyond it. */
struct frame {
	uint32_t len;
	uint8_t *at;
};

static void
put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static struct frame
begin(uint32_t len, unsigned type, const uint8_t *to)
{
	struct frame f = {len, calloc(1, len < XD_RESPOND_ROOM ? XD_RESPOND_ROOM : len)};

	assert_non_null(f.at);
	memcpy(f.at, to ? to : host.mac, 6);
	memcpy(f.at + 6, them, 6);
	put16(f.at + 12, type);
	return f;
}

static void
sum_into(uint8_t *at, const uint8_t *data, uint32_t bytes, uint64_t more)
{
	uint16_t sum;

	memset(at, 0, 2);
	sum = (uint16_t)~xd_sum(data, bytes, more);
	memcpy(at, &sum, sizeof(sum));
}

static uint64_t
pseudo6(const uint8_t *ip, uint32_t bytes)
{
	return (uint64_t)xd_sum(ip + 8, 32, 0) + htons((uint16_t)bytes) + htons(58);
}

static struct frame
echo(uint32_t data)
{
	struct frame f = begin(14 + 28 + data, 0x0800, NULL);
	uint8_t *ip = f.at + 14;

	ip[0] = 0x45;
	put16(ip + 2, 28 + data);
	put16(ip + 6, 0x4000);
	ip[8] = 3;
	ip[9] = 1;
	inet_pton(AF_INET, "10.0.0.9", ip + 12);
	inet_pton(AF_INET, "10.0.0.2", ip + 16);
	sum_into(ip + 10, ip, 20, 0);
	ip[20] = 8;
	put16(ip + 24, 0x1234);
	for (uint32_t i = 0; i < data; i++)
		ip[28 + i] = (uint8_t)(i * 7);
	sum_into(ip + 22, ip + 20, 8 + data, 0);
	return f;
}

static struct frame
icmp6(uint32_t bytes, uint8_t type, const char *to, const uint8_t *mac)
{
	struct frame f = begin(14 + 40 + bytes, 0x86dd, mac);
	uint8_t *ip = f.at + 14;

	ip[0] = 0x60;
	put16(ip + 4, bytes);
	ip[6] = 58;
	ip[7] = 255;
	inet_pton(AF_INET6, "fd00::9", ip + 8);
	inet_pton(AF_INET6, to, ip + 24);
	ip[40] = type;
	return f;
}

static void
finish6(struct frame *f)
{
	uint8_t *ip = f->at + 14;
	uint32_t bytes = f->len - 54;

	sum_into(ip + 42, ip + 40, bytes, pseudo6(ip, bytes));
}

static enum xd_respond_kind
answer(struct frame *f)
{
	return xd_respond_answer(&host, f->at, &f->len, false);
}

static void
assert_to_them(const struct frame *f)
{
	assert_memory_equal(f->at, them, 6);
	assert_memory_equal(f->at + 6, host.mac, 6);
	assert_true(f->len >= XD_RESPOND_SHORTEST);
}

/* ---- Addresses ---- */

static void
test_addresses(void **state)
{
	struct in6_addr own;
	struct xd_error err;
	static const char *const bad[] = {"10.0.0.2/24", "10.0.0", "", "fd00::2,", "224.0.0.1",
		"127.0.0.1", "0.0.0.0", "::", "::1", "ff02::1", "host"};

	(void)state;
	assert_int_equal(xd_respond_host_init(&host, 3, "10.0.0.2,fd00::2,10.0.0.3", &err), 0);
	assert_int_equal(host.nb_v4, 2);
	assert_int_equal(host.nb_v6, 2);
	assert_int_equal(host.mac[2], 3);
	inet_pton(AF_INET6, "fe80::58:3ff:fe00:0", &own);
	assert_memory_equal(&host.v6[0], &own, 16);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xd_respond_host_init(&host, 0, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "such as 10.0.0.2,fd00::2"));
	}
	assert_int_equal(xd_respond_host_init(&host, 0,
				 "1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,"
				 "1.0.0.9,1.0.0.10,1.0.0.11,1.0.0.12,1.0.0.13,1.0.0.14,1.0.0.15,"
				 "1.0.0.16,1.0.0.17",
				 &err),
		-EINVAL);
	assert_non_null(strstr(err.text, "at most 16"));
}

/* ---- Answers ---- */

static struct frame
arp_request(const char *target)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1},
			     all[] = {255, 255, 255, 255, 255, 255};
	struct frame f = begin(60, 0x0806, all);

	memcpy(f.at + 14, head, sizeof(head));
	memcpy(f.at + 22, them, 6);
	inet_pton(AF_INET, "10.0.0.9", f.at + 28);
	inet_pton(AF_INET, target, f.at + 38);
	return f;
}

static void
test_arp(void **state)
{
	struct frame f = arp_request("10.0.0.2");
	uint8_t addresses[8];

	(void)state;
	assert_int_equal(answer(&f), XD_RESPOND_ARP);
	assert_to_them(&f);
	assert_int_equal(f.at[21], 2);
	assert_memory_equal(f.at + 22, host.mac, 6);
	inet_pton(AF_INET, "10.0.0.2", addresses);
	inet_pton(AF_INET, "10.0.0.9", addresses + 4);
	assert_memory_equal(f.at + 28, addresses, 4);
	assert_memory_equal(f.at + 32, them, 6);
	assert_memory_equal(f.at + 38, addresses + 4, 4);
	/* A reply is no request, and others' addresses are others'. */
	memcpy(f.at, host.mac, 6);
	memcpy(f.at + 6, them, 6);
	assert_int_equal(answer(&f), XD_RESPOND_NOT_OURS);
	free(f.at);
	f = arp_request("10.0.0.4");
	assert_int_equal(answer(&f), XD_RESPOND_NOT_OURS);
	free(f.at);
}

static void
test_echo(void **state)
{
	static const uint32_t sizes[] = {0, 1, 17, 18, 19, 56, 1471, 1472, 65000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct frame f = echo(sizes[i]);
		uint8_t *ip = f.at + 14;

		assert_int_equal(answer(&f), XD_RESPOND_ECHO);
		assert_to_them(&f);
		assert_int_equal(f.len, sizes[i] < 18 ? 60 : 42 + sizes[i]);
		assert_int_equal(xd_sum(ip, 20, 0), 0xffff);
		assert_int_equal(xd_sum(ip + 20, 8 + sizes[i], 0), 0xffff);
		assert_int_equal(ip[20], 0);
		assert_int_equal(ip[8], 64);
		assert_int_equal(ip[15], 2);
		assert_int_equal(ip[19], 9);
		assert_int_equal(ip[24], 0x12);
		for (uint32_t k = 0; k < sizes[i]; k++)
			assert_int_equal(ip[28 + k], (uint8_t)(k * 7));
		free(f.at);
	}
}

/* Behind one tag or two, which stay. */
static void
test_tags(void **state)
{
	(void)state;
	for (unsigned tags = 1; tags <= 3; tags++) {
		struct frame plain = echo(56);
		struct frame f = begin(plain.len + 4 * tags, 0x8100, NULL);

		for (unsigned i = 0; i < tags; i++) {
			put16(f.at + 12 + 4 * i, i == 0 && tags > 1 ? 0x88a8 : 0x8100);
			put16(f.at + 14 + 4 * i, 5 + i);
		}
		memcpy(f.at + 12 + 4 * tags, plain.at + 12, plain.len - 12);
		assert_int_equal(answer(&f), tags > 2 ? XD_RESPOND_NOT_OURS : XD_RESPOND_ECHO);
		assert_int_equal(f.at[15], 5);
		free(f.at);
		free(plain.at);
	}
}

static void
test_echo_of_ipv6(void **state)
{
	static const uint32_t sizes[] = {0, 1, 56, 1452};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct frame f = icmp6(8 + sizes[i], 128, "fd00::2", NULL);
		uint8_t *ip = f.at + 14;

		memset(ip + 48, 0xa5, sizes[i]);
		finish6(&f);
		assert_int_equal(answer(&f), XD_RESPOND_ECHO6);
		assert_to_them(&f);
		assert_int_equal(ip[40], 129);
		assert_int_equal(ip[7], 64);
		assert_int_equal(ip[23], 2);
		assert_int_equal(ip[39], 9);
		assert_int_equal(xd_sum(ip + 40, 8 + sizes[i], pseudo6(ip, 8 + sizes[i])), 0xffff);
		free(f.at);
	}
}

static struct frame
solicitation(const char *target, bool probe)
{
	static const uint8_t group_mac[] = {0x33, 0x33, 0xff, 0, 0, 2};
	struct frame f = icmp6(probe ? 24 : 32, 135, "ff02::1:ff00:2", group_mac);
	uint8_t *ip = f.at + 14;

	inet_pton(AF_INET6, target, ip + 48);
	if (probe) {
		memset(ip + 8, 0, 16);
	} else {
		ip[64] = 1;
		ip[65] = 1;
		memcpy(ip + 66, them, 6);
	}
	finish6(&f);
	return f;
}

static void
test_neighbour(void **state)
{
	static const uint8_t all_nodes[] = {0x33, 0x33, 0, 0, 0, 1};

	(void)state;
	for (unsigned probe = 0; probe < 2; probe++) {
		struct frame f = solicitation("fd00::2", probe);
		uint8_t *ip = f.at + 14;

		assert_int_equal(answer(&f), XD_RESPOND_NEIGHBOUR);
		assert_int_equal(f.len, 14 + 40 + 32);
		assert_memory_equal(f.at, probe ? all_nodes : them, 6);
		assert_memory_equal(f.at + 6, host.mac, 6);
		assert_int_equal(ip[40], 136);
		assert_int_equal(ip[7], 255);
		assert_int_equal(ip[44], probe ? 0x20 : 0x60);
		assert_memory_equal(ip + 48, &host.v6[1], 16);
		assert_memory_equal(ip + 8, &host.v6[1], 16);
		assert_int_equal(ip[24], probe ? 0xff : 0xfd);
		assert_memory_equal(ip + 66, host.mac, 6);
		assert_int_equal(xd_sum(ip + 40, 32, pseudo6(ip, 32)), 0xffff);
		free(f.at);
	}
}

static void
test_announcements(void **state)
{
	uint8_t frame[XD_RESPOND_ROOM];

	(void)state;
	assert_int_equal(xd_respond_host_addresses(&host), 3);
	assert_int_equal(xd_respond_announce(&host, 0, frame), 60);
	assert_memory_equal(frame + 28, &host.v4[0], 4);
	assert_memory_equal(frame + 38, &host.v4[0], 4);
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(xd_respond_announce(&host, i, frame), 86);
		assert_memory_equal(frame + 14 + 48, &host.v6[i - 1], 16);
		assert_int_equal(xd_sum(frame + 54, 32, pseudo6(frame + 14, 32)), 0xffff);
	}
}

/* ---- What is not answered ---- */

static void
test_wrong_checksums(void **state)
{
	struct frame f = echo(56);

	(void)state;
	f.at[60] ^= 1;
	assert_int_equal(answer(&f), XD_RESPOND_WRONG);
	/* Unless a device has checked it, or is still to make it. */
	f.at[60] ^= 1;
	f.at[14 + 22] ^= 1;
	assert_int_equal(xd_respond_answer(&host, f.at, &f.len, true), XD_RESPOND_ECHO);
	free(f.at);
	f = echo(56);
	f.at[14 + 10] ^= 1; /* of the IPv4 header */
	assert_int_equal(xd_respond_answer(&host, f.at, &f.len, true), XD_RESPOND_WRONG);
	free(f.at);
	f = icmp6(64, 128, "fd00::2", NULL);
	finish6(&f);
	f.at[100] ^= 1;
	assert_int_equal(answer(&f), XD_RESPOND_WRONG);
	free(f.at);
	f = solicitation("fd00::2", false);
	f.at[14 + 60] ^= 1;
	assert_int_equal(answer(&f), XD_RESPOND_WRONG);
	free(f.at);
}

/* A frame that would be answered, with one byte or two that say something else. */
static void
test_not_ours(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
		enum xd_respond_kind kind;
	} cases[] = {{0, 0x04, XD_RESPOND_NOT_OURS} /* to another host */,
		{0, 0xff, XD_RESPOND_NOT_OURS} /* to all */,
		{6, 0x03, XD_RESPOND_NOT_OURS} /* from a group */,
		{12, 0x88, XD_RESPOND_NOT_OURS} /* EtherType */,
		{14, 0x55, XD_RESPOND_NOT_OURS} /* version */,
		{14, 0x46, XD_RESPOND_NOT_OURS} /* options */,
		{20, 0x20, XD_RESPOND_NOT_OURS} /* more fragments */,
		{21, 0x01, XD_RESPOND_NOT_OURS} /* the second fragment */,
		{23, 17, XD_RESPOND_NOT_OURS} /* UDP */,
		{26, 224, XD_RESPOND_NOT_OURS} /* from a group */,
		{26, 0, XD_RESPOND_NOT_OURS} /* from nobody */,
		{33, 77, XD_RESPOND_NOT_OURS} /* another address */,
		{16, 0x7f, XD_RESPOND_WRONG} /* longer than the frame */};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame f = echo(56);

		f.at[cases[i].at] = cases[i].value;
		sum_into(f.at + 14 + 10, f.at + 14, 20, 0);
		assert_int_equal(answer(&f), cases[i].kind);
		free(f.at);
	}
}

static uint64_t seed = 88172645463325252ull;

static uint32_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Cut off and changed anywhere, in memory that ends where the room for an answer does. */
static void
test_nonsense(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct frame f = i % 3 == 0   ? echo(draw() % 200)
				 : i % 3 == 1 ? solicitation("fd00::2", i & 1)
					      : arp_request("10.0.0.2");

		for (unsigned k = draw() % 4; k > 0; k--)
			f.at[draw() % f.len] = (uint8_t)draw();
		f.len = draw() % 2 ? f.len : draw() % (f.len + 1);
		f.at = realloc(f.at, f.len < XD_RESPOND_ROOM ? XD_RESPOND_ROOM : f.len);
		assert_non_null(f.at);
		xd_respond_answer(&host, f.at, &f.len, i & 1);
		free(f.at);
	}
}

static int
set_up(void **state)
{
	(void)state;
	return xd_respond_host_init(&host, 0, "10.0.0.2,fd00::2", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test_setup(test_arp, set_up),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_echo_of_ipv6),
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_announcements),
		cmocka_unit_test(test_wrong_checksums),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
