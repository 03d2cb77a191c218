/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parser finds in frames written down byte for byte, and in every shorter part of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "frame/headers.h"

#define ETHERNET "020000000001020000000002"
#define IPV4_SRC "0a000001"
#define IPV4_DST "0a000002"
#define IPV6_SRC "fd000000000000000000000000000001"
#define IPV6_DST "fd000000000000000000000000000002"

/* IPv4 without options: length and identification matter to nobody here. */
#define IPV4(fragment, proto)                                                                      \
	"0800"                                                                                     \
	"450000280001" fragment "40" proto "0000" IPV4_SRC IPV4_DST
#define IPV6(proto)                                                                                \
	"86dd"                                                                                     \
	"600000000030" proto "40" IPV6_SRC IPV6_DST
#define TCP  "04d20050000000010000000050100400abcd0000"
#define UDP  "04d2003500080000"
#define SCTP "04d2005000000001abcd0000"
#define ICMP "0800abcd00010001"
#define ARP  "0001080006040001020000000002" IPV4_SRC "000000000000" IPV4_DST

/* A frame of the bytes written in hex, all of which lie in the snapshot. */
static void
make(struct xd_frame *f, const char *hex)
{
	uint32_t n = 0;

	memset(f, 0xee, sizeof(*f));
	for (; hex[2 * n]; n++) {
		const char byte[3] = {hex[2 * n], hex[2 * n + 1]};

		assert_true(n < XD_HEAD);
		f->buf[XD_HEADROOM + n] = (uint8_t)strtoul(byte, NULL, 16);
	}
	xd_frame_init(f, n, (uint8_t)n, 0);
}

static struct xd_headers
parse(const char *hex)
{
	struct xd_frame f;
	struct xd_headers h;

	memset(&h, 0xee, sizeof(h));
	make(&f, hex);
	xd_headers_parse(&f, &h);
	return h;
}

/* Without the last `cut` bytes. */
static struct xd_headers
parse_cut(const char *hex, unsigned cut)
{
	char *part = strdup(hex);
	struct xd_headers h;

	part[strlen(hex) - 2 * cut] = 0;
	h = parse(part);
	free(part);
	return h;
}

struct expected {
	const char *name;
	const char *hex;
	uint8_t end, l3_kind, l4_kind, proto;
	uint16_t l3, l4, payload; /* 0: not set */
};

static const struct expected cases[] = {
	{"ARP", ETHERNET "0806" ARP, XD_HEADERS_WHOLE, XD_L3_ARP, 0, 0, 14, 0, 0},
	{"RARP", ETHERNET "8035" ARP, XD_HEADERS_WHOLE, 0, 0, 0, 14, 0, 0},
	{"ARP for something else", ETHERNET "0806000108000602" ARP, XD_HEADERS_BAD, 0, 0, 0, 14, 0,
		0},
	{"802.3 length", ETHERNET "0026424203", XD_HEADERS_WHOLE, 0, 0, 0, 14, 0, 0},
	{"TCP", ETHERNET IPV4("4000", "06") TCP, XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_TCP, 6, 14, 34,
		54},
	{"TCP with options",
		ETHERNET IPV4("4000", "06") "04d200500000000100000000601004000000000002"
					    "0405b4",
		XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_TCP, 6, 14, 34, 58},
	{"TCP that is too short",
		ETHERNET IPV4("4000", "06") "04d2005000000001000000004010040000000000",
		XD_HEADERS_BAD, XD_L3_IPV4, 0, 6, 14, 34, 0},
	{"UDP", ETHERNET IPV4("0000", "11") UDP, XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_UDP, 17, 14,
		34, 42},
	{"SCTP", ETHERNET IPV4("0000", "84") SCTP, XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_SCTP, 132,
		14, 34, 46},
	{"ICMP", ETHERNET IPV4("0000", "01") ICMP, XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_ICMP, 1, 14,
		34, 42},
	{"ICMPv6 over IPv4", ETHERNET IPV4("0000", "3a") ICMP, XD_HEADERS_WHOLE, XD_L3_IPV4, 0, 58,
		14, 34, 0},
	{"OSPF", ETHERNET IPV4("0000", "59") ICMP, XD_HEADERS_WHOLE, XD_L3_IPV4, 0, 89, 14, 34, 0},
	{"IPv4 options", ETHERNET "0800462c00280001000040110000" IPV4_SRC IPV4_DST "94040000" UDP,
		XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_UDP, 17, 14, 38, 46},
	{"IPv4 header of 16 bytes", ETHERNET "08004400002800010000401100000a0000010a000002" UDP,
		XD_HEADERS_BAD, 0, 0, 0, 14, 0, 0},
	{"IPv4 that says 5", ETHERNET "08005500002800010000401100000a0000010a000002" UDP,
		XD_HEADERS_BAD, 0, 0, 0, 14, 0, 0},
	{"IPv6 TCP", ETHERNET IPV6("06") TCP, XD_HEADERS_WHOLE, XD_L3_IPV6, XD_L4_TCP, 6, 14, 54,
		74},
	{"ICMPv6", ETHERNET IPV6("3a") "8000abcd", XD_HEADERS_WHOLE, XD_L3_IPV6, XD_L4_ICMPV6, 58,
		14, 54, 58},
	{"ICMP over IPv6", ETHERNET IPV6("01") ICMP, XD_HEADERS_WHOLE, XD_L3_IPV6, 0, 1, 14, 54, 0},
	{"hop-by-hop, destination options",
		ETHERNET IPV6("00") "3c00000000000000"
				    "1101000000000000"
				    "0000000000000000" UDP,
		XD_HEADERS_WHOLE, XD_L3_IPV6, XD_L4_UDP, 17, 14, 78, 86},
	{"routing", ETHERNET IPV6("2b") "0600040000000000" TCP, XD_HEADERS_WHOLE, XD_L3_IPV6,
		XD_L4_TCP, 6, 14, 62, 82},
	{"authentication is not passed", ETHERNET IPV6("33") "0604000000000000" TCP,
		XD_HEADERS_WHOLE, XD_L3_IPV6, 0, 51, 14, 54, 0},
	{"no next header", ETHERNET IPV6("3b"), XD_HEADERS_WHOLE, XD_L3_IPV6, 0, 59, 14, 54, 0},
	{"IPv6 that says 4",
		ETHERNET "86dd400000000030"
			 "1140" IPV6_SRC IPV6_DST UDP,
		XD_HEADERS_BAD, 0, 0, 0, 14, 0, 0},
	{"tag", ETHERNET "8100a00a" IPV4("0000", "11") UDP, XD_HEADERS_WHOLE, XD_L3_IPV4, XD_L4_UDP,
		17, 18, 38, 46},
	{"two tags", ETHERNET "88a8a00a81000014" IPV6("11") UDP, XD_HEADERS_WHOLE, XD_L3_IPV6,
		XD_L4_UDP, 17, 22, 62, 70},
	{"three tags", ETHERNET "88a8a00a8100001481000015" IPV6("11") UDP, XD_HEADERS_WHOLE, 0, 0,
		0, 22, 0, 0},
};

static void
test_found(void **state)
{
	(void)state;
	for (const struct expected *e = cases; e < cases + sizeof(cases) / sizeof(*cases); e++) {
		struct xd_headers h = parse(e->hex);

		if (h.end != e->end || h.l3_kind != e->l3_kind || h.l4_kind != e->l4_kind ||
			h.proto != e->proto || h.l3 != e->l3 || h.l4 != e->l4 ||
			h.payload != e->payload || h.fragment || h.fragment_offset)
			fail_msg("%s: end %u l3 %u l4 %u proto %u at %u, %u, %u", e->name, h.end,
				h.l3_kind, h.l4_kind, h.proto, h.l3, h.l4, h.payload);
	}
}

static void
test_tags(void **state)
{
	struct xd_headers h = parse(ETHERNET "88a8a00a81000014" IPV6("11") UDP);

	(void)state;
	assert_int_equal(h.nb_tags, 2);
	assert_int_equal(h.tci[0], 0xa00a);
	assert_int_equal(h.tci[1], 0x0014);
	assert_int_equal(h.type, 0x86dd);
	h = parse(ETHERNET "0800");
	assert_int_equal(h.nb_tags, 0);
}

/* One tag that the switch pushed does not count as the sender's, and one that it popped does. */
static void
test_tags_of_the_switch(void **state)
{
	struct xd_headers h;
	struct xd_frame f;
	uint8_t *data;

	(void)state;
	make(&f, ETHERNET "88a8a00a81000014" IPV4("0000", "11") UDP);
	data = xd_frame_push(&f, 4);
	memmove(data, data + 4, 12);
	memcpy(data + 12, "\x81\x00\x00\x0a", 4);
	xd_headers_parse(&f, &h);
	assert_int_equal(h.l4_kind, XD_L4_UDP);
	assert_int_equal(h.l3, 26);

	make(&f, ETHERNET "88a8a00a8100001481000015" IPV4("0000", "11") UDP);
	data = xd_frame_data(&f);
	memmove(data + 4, data, 12);
	xd_frame_pop(&f, 4);
	xd_headers_parse(&f, &h);
	assert_int_equal(h.l3_kind, XD_L3_NONE);
}

static void
test_fragments(void **state)
{
	static const struct {
		const char *hex;
		bool fragment;
		uint16_t offset;
		uint8_t l4_kind;
	} fragments[] = {
		{ETHERNET IPV4("2000", "11") UDP, true, 0, XD_L4_UDP},      /* the first */
		{ETHERNET IPV4("2001", "11") UDP, true, 8, XD_L4_NONE},     /* one between */
		{ETHERNET IPV4("1fff", "11") UDP, true, 65528, XD_L4_NONE}, /* the last */
		{ETHERNET IPV4("c000", "11") UDP, false, 0, XD_L4_UDP},     /* reserved and DF */
		{ETHERNET IPV6("2c") "1100000100000001" UDP, true, 0, XD_L4_UDP},
		{ETHERNET IPV6("2c") "1100000900000001" UDP, true, 8, XD_L4_NONE},
		{ETHERNET IPV6("2c") "1100fff800000001" UDP, true, 65528, XD_L4_NONE},
		{ETHERNET IPV6("2c") "1100000000000001" UDP, false, 0, XD_L4_UDP}, /* RFC 6946 */
		/* Bytes of payload that look like an extension header. */
		{ETHERNET IPV6("2c") "3c00000900000001"
				     "1100000000000000" UDP,
			true, 8, XD_L4_NONE},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(fragments) / sizeof(*fragments); i++) {
		struct xd_headers h = parse(fragments[i].hex);

		assert_int_equal(h.end, XD_HEADERS_WHOLE);
		assert_int_equal(h.fragment, fragments[i].fragment);
		assert_int_equal(h.fragment_offset, fragments[i].offset);
		assert_int_equal(h.l4_kind, fragments[i].l4_kind);
		assert_int_equal(xd_headers_is_segment(&h), !fragments[i].fragment);
	}
}

/* Of every case, every shorter part: nothing is found that does not lie in it whole. */
static void
test_cut_anywhere(void **state)
{
	(void)state;
	for (const struct expected *e = cases; e < cases + sizeof(cases) / sizeof(*cases); e++) {
		uint16_t bytes = (uint16_t)(strlen(e->hex) / 2);

		for (uint16_t left = XD_FRAME_MIN; left < bytes; left++) {
			struct xd_headers h = parse_cut(e->hex, bytes - left);

			assert_true(h.l3 <= left && h.l4 <= left && h.payload <= left);
			if (h.l4_kind != XD_L4_NONE)
				assert_true(h.payload == e->payload && h.l4 == e->l4);
			else if (e->l4_kind != XD_L4_NONE)
				assert_true(h.l3_kind == XD_L3_NONE || h.end == XD_HEADERS_CUT);
			if (e->payload && left >= e->payload)
				assert_int_equal(h.l4_kind, e->l4_kind);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tags_of_the_switch),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
