/* SPDX-License-Identifier: BSD-3-Clause */
/* Templates: their text and YAML, the frames that come of them, and what is said of wrong ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame_checks.h"
#include "traffic/frames/list_stream.h"
#include "traffic/frames/template.h"

#define BYTES_MAX 9216

static const uint8_t to_1[] = {1};

/* A list of frames of one size, and one of them as it is sent. */
struct made {
	struct xd_template *t;
	struct xd_size_mix mix;
	struct xd_template_build build;
	struct xd_frame_list list;
	uint8_t bytes[BYTES_MAX];
};

static struct xd_template *
parse(const char *text)
{
	struct xd_error err = {0};
	struct xd_template *t = xd_template_parse(text, &err);

	if (!t)
		fail_msg("%s: %s", text, err.text);
	return t;
}

/* Frames of `size` bytes; 0: as short as they can be. */
static void
make(struct made *m, const char *text, uint32_t size, uint32_t flows, enum xd_flow_kind kind)
{
	struct xd_error err = {0};

	memset(m, 0, sizeof(*m));
	m->t = parse(text);
	m->mix.n = 1;
	m->mix.bytes[0] = size ? size : xd_template_min(m->t);
	m->mix.weight[0] = 1;
	m->build = (struct xd_template_build){.mix = &m->mix,
		.flows = flows,
		.flow_kind = kind,
		.from = 0,
		.nb_to = 1,
		.to = to_1};
	xd_frame_list_init(&m->list, true);
	if (xd_template_build(m->t, &m->build, &m->list, &err))
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(m->list.n, flows);
}

static void
unmake(struct made *m)
{
	xd_frame_list_fini(&m->list);
	xd_template_destroy(m->t);
}

/* Frame i with its tag, looked at as a receiver does. Valid until the next. */
static const uint8_t *
frame(struct made *m, uint32_t i)
{
	const struct xd_list_frame *f = &m->list.frames[i];
	struct xd_tag tag = {.flow = f->flow,
		.seq = i * 77,
		.planned_cycles = i * 0x123456789abull & XD_TAG_TIME_MASK,
		.late_cycles = i * 5};
	struct frame_view v;

	memcpy(m->bytes, xd_list_bytes(&m->list, f), f->len);
	xd_list_frame_tag(f, m->bytes, &tag);
	check_frame(m->bytes, f->len);
	v = view_frame(m->bytes, f->len);
	assert_int_equal(f->payload_at, v.payload);
	if (v.payload < f->len)
		check_countdown(m->bytes, f->len, v.payload, XD_TAG_BYTES);
	return m->bytes;
}

/* Every order of headers that makes sense, of even and odd sizes, with many tags: each frame is as
 * a receiver wants it. */
static void
test_all_orders(void **state)
{
	static const char *const l2[] = {"eth", "eth/vlan(id=10)", "eth/svlan(id=10)",
		"eth/vlan/vlan(id=3)", "eth/svlan(id=100)/vlan(id=10)", "eth/svlan/svlan"};
	static const char *const l3[] = {"/ipv4", "/ipv6"};
	static const char *const l4[] = {"", "/udp", "/tcp", "/icmp"};
	static const uint16_t types[] = {0x0800, 0x86dd};
	static const uint8_t protos[2][4] = {{253, 17, 6, 1}, {253, 17, 6, 58}};
	static const uint16_t first[2][4] = {
		{0, 0x4000, 0x4000, 0x0800}, {0, 0x4000, 0x4000, 0x8000}};
	static const uint8_t tags[] = {0, 1, 1, 2, 2, 2};
	static const uint8_t l4_bytes[] = {0, 8, 20, 8};

	(void)state;
	for (unsigned n = 0; n < 6 * 2 * 4; n++) {
		unsigned a = n / 8, b = n / 4 % 2, c = n % 4;
		uint32_t min = 14 + 4 * tags[a] + (b ? 40 : 20) + l4_bytes[c] + 18;
		char text[128];
		struct made m;

		snprintf(text, sizeof(text), "%s%s%s", l2[a], l3[b], l4[c]);
		min = min < 60 ? 60 : min;
		for (uint32_t size = min; size < min + 5; size++) {
			make(&m, text, size, 50, XD_FLOW_MAC);
			assert_int_equal(xd_template_min(m.t), min);
			assert_string_equal(xd_template_text(m.t), text);
			for (uint32_t i = 0; i < 50; i++) {
				const uint8_t *at = frame(&m, i);
				struct frame_view v = view_frame(at, size);

				assert_int_equal(v.type, types[b]);
				assert_int_equal(v.proto, protos[b][c]);
				assert_int_equal(v.nb_tags, tags[a]);
				assert_int_equal(at[5], i);
				assert_int_equal(at[11], i);
				if (c > 0)
					assert_int_equal(view16(at + v.l4), first[b][c]);
			}
			unmake(&m);
		}
	}
}

static void
test_tags(void **state)
{
	struct made m;
	struct frame_view v;

	(void)state;
	make(&m, "eth/svlan(id=0xabc,pcp=5,dei=1)/vlan(id=100..4000+1300,pcp=3)/ipv4/udp", 100, 6,
		XD_FLOW_MAC);
	for (uint32_t i = 0; i < 6; i++) {
		v = view_frame(frame(&m, i), 100);
		assert_int_equal(v.nb_tags, 2);
		assert_int_equal(v.tpids[0], 0x88a8);
		assert_int_equal(v.tpids[1], 0x8100);
		assert_int_equal(v.tags[0], 0xbabc);
		assert_int_equal(v.tags[1], 0x6000 | (100 + i % 4 * 1300));
		assert_int_equal(v.l3, 22);
	}
	unmake(&m);
	make(&m, "eth(type=0x0806)/vlan(id=7)", 0, 1, XD_FLOW_MAC);
	v = view_frame(frame(&m, 0), 60);
	assert_int_equal(v.type, 0x0806);
	assert_int_equal(v.tags[0], 7);
	assert_int_equal(m.list.frames[0].csum_at, 0);
	check_countdown(m.bytes, 60, 18, 18);
	unmake(&m);
	make(&m, "eth", 0, 1, XD_FLOW_MAC);
	assert_int_equal(view16(frame(&m, 0) + 12), 0x88b5);
	unmake(&m);
}

static void
test_ipv4_fields(void **state)
{
	struct made m;
	const uint8_t *at;

	(void)state;
	make(&m,
		"eth(src=02:00:00:00:00:fe..02:00:00:00:01:03+2,dst=00:11:22:33:44:55)"
		"/ipv4(src=10.0.0.250..10.0.1.4,dst=192.168.0.9,tos=0xb8,ttl=3,id=65535)"
		"/udp(sport=1000..1002,dport=53)",
		77, 33, XD_FLOW_MAC);
	for (uint32_t i = 0; i < 33; i++) {
		at = frame(&m, i);
		assert_memory_equal(at, "\x00\x11\x22\x33\x44\x55", 6);
		assert_memory_equal(at + 6, "\x02\x00\x00\x00", 4);
		assert_int_equal(view16(at + 10), 0xfe + i % 3 * 2);
		assert_int_equal(at[15], 0xb8);
		assert_int_equal(view16(at + 18), 65535);
		assert_int_equal(view16(at + 20), 0x4000);
		assert_int_equal(at[22], 3);
		assert_int_equal(view16(at + 26), 10 << 8);
		assert_int_equal(view16(at + 28), 250 + i % 11);
		assert_memory_equal(at + 30, "\xc0\xa8\x00\x09", 4);
		assert_int_equal(view16(at + 34), 1000 + i % 3);
		assert_int_equal(view16(at + 36), 53);
	}
	assert_int_equal(xd_template_flows(m.t), 11);
	unmake(&m);
	make(&m, "eth/ipv4(proto=50)", 0, 1, XD_FLOW_MAC);
	at = frame(&m, 0);
	assert_int_equal(at[23], 50);
	check_countdown(at, 60, 34, 18);
	assert_int_equal(xd_template_flows(m.t), 1);
	unmake(&m);
}

static void
test_ipv6_fields(void **state)
{
	static const uint8_t own[] = {0xfd, 0x58, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
	struct made m;
	const uint8_t *at;

	(void)state;
	make(&m,
		"eth/ipv6(src=2001:db8::ffff:fffe..2001:db8::1:0:5,tc=0x2e,hop=2,flow=0xabcde)/udp",
		99, 16, XD_FLOW_MAC);
	for (uint32_t i = 0; i < 16; i++) {
		uint64_t low = 0xfffffffeull + i % 8;

		at = frame(&m, i);
		assert_memory_equal(at + 14, "\x62\xea\xbc\xde", 4);
		assert_int_equal(at[21], 2);
		assert_memory_equal(at + 22, "\x20\x01\x0d\xb8\0\0\0\0\0\0", 10);
		assert_int_equal(view16(at + 32), low >> 32);
		assert_int_equal(view16(at + 34), low >> 16 & 0xffff);
		assert_int_equal(view16(at + 36), low & 0xffff);
		assert_memory_equal(at + 38, own, 16);
	}
	unmake(&m);
}

static void
test_tcp_icmp_fields(void **state)
{
	struct made m;
	const uint8_t *at;

	(void)state;
	make(&m, "eth/ipv4/tcp(sport=5,dport=80,seq=0xfffffff0,ack=3,flags=syn+ack,window=512)", 0,
		1, XD_FLOW_MAC);
	at = frame(&m, 0) + 34;
	assert_memory_equal(
		at, "\x00\x05\x00\x50\xff\xff\xff\xf0\x00\x00\x00\x03\x50\x12\x02\x00", 16);
	assert_string_equal(xd_template_text(m.t),
		"eth/ipv4/tcp(sport=5,dport=80,seq=4294967280,ack=3,flags=syn+ack,window=512)");
	unmake(&m);
	make(&m, "eth/ipv4/icmp(type=13,code=2,id=515,seq=1..3)", 0, 3, XD_FLOW_MAC);
	at = frame(&m, 2) + 34;
	assert_memory_equal(at, "\x0d\x02", 2);
	assert_memory_equal(at + 4, "\x02\x03\x00\x03", 4);
	unmake(&m);
}

/* Without a range, flows vary as the generator's own do, in what the template leaves free. */
static void
test_own_flows(void **state)
{
	struct made m;

	(void)state;
	make(&m, "eth(dst=00:11:22:33:44:55)/vlan/ipv4(src=1.2.3.4)/udp(sport=7)", 0, 9,
		XD_FLOW_MAC);
	for (uint32_t i = 0; i < 9; i++) {
		const uint8_t *at = frame(&m, i);

		assert_memory_equal(at, "\x00\x11\x22\x33\x44\x55\x02\x58\x00\x00\x00", 11);
		assert_int_equal(at[11], i);
	}
	unmake(&m);
	make(&m, "eth/ipv6/tcp", 0, 20000, XD_FLOW_L4);
	for (uint32_t i = 0; i < 20000; i += 999) {
		const uint8_t *at = frame(&m, i);

		assert_int_equal(view16(at + 10), 0);
		assert_int_equal(view16(at + 36), 1 + i / 16384);
		assert_int_equal(view16(at + 54), 0x4000 + i % 16384);
	}
	unmake(&m);
	make(&m, "eth/ipv4(src=1.2.3.4)/udp", 0, 16384, XD_FLOW_L4);
	assert_int_equal(view16(frame(&m, 16383) + 34), 0x7fff);
	unmake(&m);
	make(&m, "eth/ipv4/icmp", 0, 65534, XD_FLOW_L4);
	assert_int_equal(view16(frame(&m, 65533) + 28), 65534);
	unmake(&m);
	/* A range is all that varies. */
	make(&m, "eth/ipv4/udp(dport=1..5)", 0, 5, XD_FLOW_MAC);
	assert_int_equal(view16(frame(&m, 4) + 10), 0);
	assert_int_equal(view16(frame(&m, 4) + 36), 5);
	unmake(&m);
}

static void
check_build_error(const char *text, uint32_t size, uint32_t flows, enum xd_flow_kind kind,
	const char *expected)
{
	struct xd_template *t = parse(text);
	struct xd_size_mix mix = {.n = 1, .bytes = {size}, .weight = {1}};
	struct xd_template_build build = {
		.mix = &mix, .flows = flows, .flow_kind = kind, .from = 0, .nb_to = 1, .to = to_1};
	struct xd_frame_list list;
	struct xd_error err = {0};

	xd_frame_list_init(&list, true);
	assert_int_equal(xd_template_build(t, &build, &list, &err), -EINVAL);
	assert_string_equal(err.text, expected);
	assert_int_equal(list.n, 0);
	xd_frame_list_fini(&list);
	xd_template_destroy(t);
}

static void
test_build_refused(void **state)
{
	static const char pinned[] = "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)/ipv4/udp";

	(void)state;
	check_build_error("eth/vlan/ipv6/udp", 83, 1, XD_FLOW_MAC,
		"size 83: frames with these headers have at least 84 bytes: 66 of headers, 18 of "
		"tag");
	check_build_error("eth/vlan/ipv4/udp", 65554, 1, XD_FLOW_MAC,
		"size 65554: frames with these headers have at most 65553 bytes");
	check_build_error("eth/ipv6/udp", 65590, 1, XD_FLOW_MAC,
		"size 65590: frames with these headers have at most 65589 bytes");
	check_build_error(pinned, 64, 2, XD_FLOW_MAC,
		"flows 2: the template fixes eth src and dst; give one of them a range, such as "
		"src=A..B, or leave it out, or vary flows with --flow-kind l4");
	check_build_error("eth/ipv4(src=1.1.1.1)/udp(sport=1)", 64, 2, XD_FLOW_L4,
		"flows 2: the template fixes ipv4 src and udp sport; give one of them a range, "
		"such as src=A..B, or leave it out");
	check_build_error("eth/ipv4(src=1.1.1.1)/icmp", 64, 2, XD_FLOW_L4,
		"flows 2: the template fixes ipv4 src; give it a range, such as src=A..B, or leave "
		"it out");
	check_build_error("eth/ipv4(src=1.1.1.1)/udp", 64, 16385, XD_FLOW_L4,
		"flows 16385: at most 16384 while the template fixes ipv4 src; give it a range, "
		"such as src=A..B, or leave it out");
	check_build_error("eth/ipv4/icmp", 64, 65535, XD_FLOW_L4,
		"flows 65535: at most 65534 by IPv4 source alone; give a field a range, such as "
		"src=A..B");
	check_build_error("eth/vlan", 64, 2, XD_FLOW_L4,
		"flows 2 by l4: the template has no ipv4 or ipv6; add one, or say --flow-kind mac");
}

/* The longest packets that layer 3 can say. */
static void
test_longest(void **state)
{
	static const char *const texts[] = {"eth/vlan/ipv4/udp", "eth/vlan/ipv6/tcp"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct xd_template *t = parse(texts[i]);
		struct xd_size_mix mix = {.n = 1, .bytes = {i ? 65593 : 65553}, .weight = {1}};
		struct xd_template_build build = {.mix = &mix, .flows = 1, .nb_to = 1, .to = to_1};
		struct xd_tag tag = {.seq = 5};
		struct xd_frame_list list;
		uint8_t *bytes = malloc(mix.bytes[0]);

		assert_non_null(bytes);
		xd_frame_list_init(&list, true);
		assert_int_equal(xd_template_build(t, &build, &list, NULL), 0);
		memcpy(bytes, list.bytes, mix.bytes[0]);
		xd_list_frame_tag(&list.frames[0], bytes, &tag);
		check_frame(bytes, mix.bytes[0]);
		assert_int_equal(view16(bytes + 18 + (i ? 4 : 2)), 65535);
		free(bytes);
		xd_frame_list_fini(&list);
		xd_template_destroy(t);
	}
}

/* The shortest text that says the same. */
static void
test_text(void **state)
{
	static const char *const pairs[][2] = {
		{"eth()/ipv4/udp()", "eth/ipv4/udp"},
		{"eth/vlan(id=0x0a,pcp=0)/ipv4(ttl=64)/udp(dport=9)", "eth/vlan(id=10)/ipv4/udp"},
		{"eth(src=02:AB:00:00:00:01..02:AB:00:00:00:01)", "eth(src=02:ab:00:00:00:01)"},
		{"eth(type=2054)", "eth(type=0x0806)"},
		{"eth/ipv4(src=10.0.0.1..10.0.0.10+4)", "eth/ipv4(src=10.0.0.1..10.0.0.9+4)"},
		{"eth/ipv4(id=1..5+1,tos=1..5+9)", "eth/ipv4(tos=1,id=1..5)"},
		{"eth/ipv6(src=2001:0db8:0::0001,dst=::..ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff)",
			"eth/ipv6(src=2001:db8::1,dst=::..::ffff:ffff:ffff:fffe)"},
		{"eth/ipv4/tcp(flags=0x10)", "eth/ipv4/tcp"},
		{"eth/ipv4/tcp(flags=ack+fin)", "eth/ipv4/tcp(flags=fin+ack)"},
		{"eth/ipv4/tcp(flags=0)", "eth/ipv4/tcp(flags=0)"},
		{"eth/ipv4/udp(sport=16384)", "eth/ipv4/udp(sport=16384)"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct xd_template *t = parse(pairs[i][0]), *again;

		assert_string_equal(xd_template_text(t), pairs[i][1]);
		again = parse(xd_template_text(t));
		assert_string_equal(xd_template_text(again), pairs[i][1]);
		xd_template_destroy(again);
		xd_template_destroy(t);
	}
	xd_template_destroy(NULL);
}

static void
test_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"", "template: is empty; give headers, such as eth/ipv4/udp(dport=53)"},
		{"eth/ipv5", "template: unknown header \"ipv5\"; did you mean ipv4?"},
		{"eth/zzz", "template: unknown header \"zzz\"; valid are: eth, vlan, svlan, ipv4, "
			    "ipv6, udp, tcp, icmp"},
		{"eth/", "template: unknown header \"\"; valid are: eth, vlan, svlan, ipv4, ipv6, "
			 "udp, tcp, icmp"},
		{"ipv4/udp", "template: begins with ipv4; put eth before it"},
		{"eth/udp", "template: udp behind eth; put ipv4 or ipv6 between"},
		{"eth/vlan/vlan/vlan", "template: has a third tag; at most two"},
		{"eth/vlan/svlan", "template: svlan behind vlan; the service tag is the outer one: "
				   "svlan/vlan"},
		{"eth/ipv4/vlan", "template: vlan cannot stand behind ipv4; the order is eth, "
				  "vlan, ipv4 or ipv6, udp, tcp or icmp"},
		{"eth/ipv4/ipv6", "template: ipv6 cannot stand behind ipv4; the order is eth, "
				  "vlan, ipv4 or ipv6, udp, tcp or icmp"},
		{"eth/ipv4/udp/tcp", "template: tcp cannot stand behind udp; the order is eth, "
				     "vlan, ipv4 or ipv6, udp, tcp or icmp"},
		{"eth/ipv4(sr=1.1.1.1)", "template: ipv4 has no field \"sr\"; did you mean src?"},
		{"eth/ipv4(ttl)", "template: ipv4: \"ttl\" has no value; fields are name=value, as "
				  "in ipv4(src=...)"},
		{"eth/ipv4(ttl=)", "template: ipv4 ttl has no value; give one after ="},
		{"eth/ipv4(ttl=256)", "template: ipv4 ttl=256: give a number from 0 to 255"},
		{"eth/ipv4(ttl=-1)", "template: ipv4 ttl=-1: give a number from 0 to 255"},
		{"eth/ipv4(ttl=5x)", "template: ipv4 ttl=5x: give a number from 0 to 255"},
		{"eth/ipv4(ttl=1,ttl=2)", "template: ipv4 ttl is given twice"},
		{"eth/ipv4(ttl=1", "template: the ( of ipv4 is not closed; add )"},
		{"eth/ipv4(ttl=1/udp)", "template: the ( of ipv4 is not closed; add )"},
		{"eth/ipv4(ttl=1)udp", "template: \"udp\" behind ipv4(...); headers are separated "
				       "by /"},
		{"eth/vlan(id=4096)", "template: vlan id=4096: give a number from 0 to 4095"},
		{"eth/ipv6(flow=0x100000)",
			"template: ipv6 flow=0x100000: give a number from 0 to 1048575"},
		{"eth/ipv4/tcp(seq=4294967296)",
			"template: tcp seq=4294967296: give a number from 0 to 4294967295"},
		{"eth(src=02:00:00:00:00)", "template: eth src=02:00:00:00:00: give a MAC address, "
					    "such as 02:00:00:00:00:01"},
		{"eth(src=02:00:00:00:00:0g)", "template: eth src=02:00:00:00:00:0g: give a MAC "
					       "address, such as 02:00:00:00:00:01"},
		{"eth(type=0x10000)", "template: eth type=0x10000: give a number from 0 to 0xffff"},
		{"eth/ipv4(src=10.0.0)", "template: ipv4 src=10.0.0: give an IPv4 address, such as "
					 "10.0.0.1"},
		{"eth/ipv6(src=10.0.0.1)",
			"template: ipv6 src=10.0.0.1: give an IPv6 address, such "
			"as 2001:db8::1"},
		{"eth/ipv4(src=10.0.0.9..10.0.0.1)", "template: ipv4 src=10.0.0.9..10.0.0.1 goes "
						     "down; give the smaller one first"},
		{"eth/ipv4(src=10.0.0.1..10.0.0.9+0)",
			"template: ipv4 src: step \"0\": give a number of at least 1, as in "
			"10.0.0.1..10.0.0.9+2"},
		{"eth/ipv4(ttl=1..)", "template: ipv4 ttl=: give a number from 0 to 255"},
		{"eth/ipv4(ttl=1..2..3)", "template: ipv4 ttl=2..3: give a number from 0 to 255"},
		{"eth/ipv4(proto=17)/udp",
			"template: ipv4 proto follows from udp; leave out one of "
			"them"},
		{"eth(type=0x0800)/ipv4", "template: eth type follows from ipv4; leave out one of "
					  "them"},
		{"eth/ipv4/tcp(flags=sym)", "template: tcp flags: unknown flag \"sym\"; did you "
					    "mean syn?"},
		{"eth/ipv4/tcp(flags=256)", "template: tcp flags=256: give a number from 0 to 255"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct xd_error err = {0};

		if (xd_template_parse(wrong[i][0], &err))
			fail_msg("%s is accepted", wrong[i][0]);
		assert_int_equal(err.code, -EINVAL);
		assert_string_equal(err.text, wrong[i][1]);
	}
}

/* A file of that text; NULL: it is refused, with `expected` behind the file's name. */
static void
check_file(const char *text, size_t len, const char *expected, bool good)
{
	char path[] = "/tmp/xd-template-XXXXXX";
	int fd = mkstemp(path);
	struct xd_error err = {0};
	struct xd_template *t;

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	t = xd_template_load(path, &err);
	unlink(path);
	if (good) {
		if (!t)
			fail_msg("%s", err.text);
		assert_string_equal(xd_template_text(t), expected);
		xd_template_destroy(t);
		return;
	}
	assert_null(t);
	assert_int_equal(err.code, -EINVAL);
	assert_memory_equal(err.text, path, strlen(path));
	assert_string_equal(err.text + strlen(path), expected);
}

static void
test_yaml(void **state)
{
	static const char *const good[][2] = {
		{"headers:\n"
		 "  - eth: {src: 02:00:00:00:00:01}\n"
		 "  - svlan: {id: 100}\n"
		 "  - vlan:\n"
		 "      id: 10..12\n"
		 "      pcp: 3\n"
		 "  - ipv6: {src: 2001:db8::1..2001:db8::ff+2, dst: \"fd58::1\"}\n"
		 "  - udp: {dport: 53}\n",
			"eth(src=02:00:00:00:00:01)/svlan(id=100)/vlan(id=10..12,pcp=3)"
			"/ipv6(src=2001:db8::1..2001:db8::ff+2,dst=fd58::1)/udp(dport=53)"},
		{"headers: [eth, ipv4: , tcp: {flags: syn+ack}]\n", "eth/ipv4/tcp(flags=syn+ack)"},
		{"# a text\ntemplate: eth/ipv4(src=10.0.0.1..10.0.0.9)/udp\n",
			"eth/ipv4(src=10.0.0.1..10.0.0.9)/udp"},
		{"template: \"eth/ipv6(src=::1)/icmp\"\n", "eth/ipv6(src=::1)/icmp"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++)
		check_file(good[i][0], strlen(good[i][0]), good[i][1], true);
}

static void
test_yaml_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"", ": is empty; give headers: or template:"},
		{"# nothing\n", ": is empty; give headers: or template:"},
		{"- eth\n", ":1: begin with headers: (a list) or template: (a text)"},
		{"eth/ipv4\n", ":1: begin with headers: (a list) or template: (a text)"},
		{"\nheader: [eth]\n", ":2: unknown key \"header\"; did you mean headers?"},
		{"headers: [eth]\ntemplate: eth\n",
			":2: a second key; a file has either headers: or template:"},
		{"headers: eth\n", ":1: headers: is a list; begin each header with \"- \""},
		{"template: [eth]\n", ":1: template: is a text, such as eth/ipv4/udp(dport=53)"},
		{"template:\n  eth/ipv7\n",
			":2: template: unknown header \"ipv7\"; did you mean ipv4?"},
		{"headers:\n  - eth\n  - ipv7\n",
			":3: template: unknown header \"ipv7\"; did you mean ipv4?"},
		{"headers:\n  - eth\n  - ipv4:\n      src: 10.0.0.1\n      tll: 3\n",
			":5: template: ipv4 has no field \"tll\"; did you mean ttl?"},
		{"headers:\n  - eth\n  - ipv4:\n      src: 10.0.0.300\n",
			":4: template: ipv4 src=10.0.0.300: give an IPv4 address, such as "
			"10.0.0.1"},
		{"headers:\n  - eth\n  - ipv4:\n    src: 10.0.0.1\n",
			":4: a second header in one item; begin each with \"- \", and put fields "
			"below it, further in"},
		{"headers:\n  - eth\n  - udp: 53\n",
			":3: template: udp behind eth; put ipv4 or ipv6 between"},
		{"headers:\n  - eth: 53\n", ":2: a header's fields are a map, such as "
					    "{src: 10.0.0.1, dst: 10.0.0.2}"},
		{"headers:\n  - eth: {src: [1]}\n", ":2: a field has one name and one value"},
		{"headers:\n  - {}\n", ":2: an empty header; give one, such as udp"},
		{"headers:\n  - [eth]\n",
			":2: a header is a name, such as udp or {udp: {dport: 53}}"},
		{"headers: []\n", ":1: template: is empty; give headers, such as "
				  "eth/ipv4/udp(dport=53)"},
		{"headers:\n  - eth\n---\nheaders: [eth]\n",
			":3: a second document; give one template a file"},
		{"headers: [eth\nfoo: ]\n}\n", ":2: did not find expected ',' or ']'"},
		{"headers:\n\t- eth\n", ":2: found character that cannot start any token"},
		{"template: \xff\xfe\n", ": byte 10: invalid leading UTF-8 octet"},
	};
	struct xd_error err = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_file(wrong[i][0], strlen(wrong[i][0]), wrong[i][1], false);
	check_file("template: \"eth\\0\"\n", 17,
		":1: template: is a text, such as eth/ipv4/udp(dport=53)", false);
	assert_null(xd_template_load("/nowhere/template.yaml", &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "/nowhere/template.yaml: No such file or directory");
	assert_null(xd_template_load("/tmp", &err));
	assert_string_equal(err.text, "/tmp: Is a directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_orders),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_ipv4_fields),
		cmocka_unit_test(test_ipv6_fields),
		cmocka_unit_test(test_tcp_icmp_fields),
		cmocka_unit_test(test_own_flows),
		cmocka_unit_test(test_build_refused),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_yaml_refused),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
