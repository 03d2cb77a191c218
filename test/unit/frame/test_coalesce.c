/* SPDX-License-Identifier: BSD-3-Clause */
/* Which segments become one frame, rule by rule; and that what comes of segmenting it are they. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame/coalesce.h"
#include "tcp_stream.h"

#define ALL UINT8_MAX

struct fixture {
	struct sample samples[XD_BATCH];
	struct xd_frame *frames[XD_BATCH];
	struct xd_coalesced c;
	struct xd_segmenter segmenter;
};

static const struct stream plain = {.n = 4, .payload = {100}};

static void
make(struct fixture *fx, const struct stream *t)
{
	make_stream(t, fx->samples, fx->frames);
}

/* ---- What came of it ---- */

static void
ignore(uint8_t *data, const struct xd_coalesce_rules *rules, const struct sample *s)
{
	/* An identification that stays says nothing, so segments of the whole may have others. */
	if (data[s->l3] == 0x45 && (data[s->l3 + 6] & 0x40)) {
		xd_put16(data + s->l3 + 4, 0);
		xd_put16(data + s->l3 + 10, 0);
	}
	if (rules->pushed) {
		data[s->l4 + 13] &= (uint8_t)~PSH;
		xd_put16(data + s->l4 + 16, 0);
	}
}

/* The segments of a whole are the frames that it was made of. */
static void
check_whole(struct fixture *fx, struct xd_frame *whole, uint16_t first, uint16_t n,
	const struct xd_coalesce_rules *rules)
{
	static uint8_t got[FRAME_MAX], want[FRAME_MAX];
	uint32_t len = whole->head_len;

	for (unsigned i = 0; i < whole->nb_segs; i++)
		len += whole->segs[i].len;
	assert_int_equal(len, whole->len);
	assert_true(whole->dirty);
	assert_int_equal(whole->in_port, 3);
	assert_null(whole->mbuf);
	assert_int_equal(xd_segment_begin(&fx->segmenter, whole), 0);
	assert_int_equal(fx->segmenter.nb_segments, n);
	for (uint16_t i = first; i < first + n; i++) {
		struct xd_frame *segment = xd_segment_next(&fx->segmenter);
		struct xd_frame original = *fx->frames[i];

		assert_non_null(segment);
		if (original.offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			assert_int_equal(xd_frame_finish_checksum(&original), 0);
		assert_int_equal(segment->len, original.len);
		xd_frame_gather(segment, got);
		xd_frame_gather(&original, want);
		ignore(got, rules, &fx->samples[i]);
		ignore(want, rules, &fx->samples[i]);
		assert_memory_equal(got, want, original.len);
	}
	assert_null(xd_segment_next(&fx->segmenter));
}

/* expected: how many frames each of what comes is made of, "2,1,1". */
static void
check(struct fixture *fx, uint16_t n, const struct xd_coalesce_rules *rules, const char *expected)
{
	char text[128] = "";
	size_t used = 0;

	memset(&fx->c, 0xa5, sizeof(fx->c));
	xd_coalesce(&fx->c, fx->frames, n, rules);
	for (uint16_t i = 0, at = 0; i < fx->c.n; i++) {
		const uint16_t next = i + 1 < fx->c.n ? fx->c.first[i + 1] : n;

		assert_int_equal(fx->c.first[i], at);
		if (next - at == 1)
			assert_ptr_equal(fx->c.frames[i], fx->frames[at]);
		else
			check_whole(fx, fx->c.frames[i], at, next - at, rules);
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%u", i ? "," : "", next - at);
		at = next;
	}
	if (expected)
		assert_string_equal(text, expected);
}

static const struct xd_coalesce_rules usual = {.max_frame = UINT16_MAX, .takes = ALL};

/* ---- The rules ---- */

/* The third of four segments has another byte. */
static const struct {
	const char *what, *expected;
	struct flip flip;
	int family; /* 0: both */
} differences[] = {
	{"nothing", "4", {0, L2, 0, 0, false}, 0},
	{"destination address", "2,1,1", {2, L2, 5, 1, false}, 0},
	{"source address", "2,1,1", {2, L2, 11, 1, false}, 0},
	{"version", "2,1,1", {2, L3, 0, 0x10, false}, 0},
	{"IPv4's header length", "2,1,1", {2, L3, 0, 1, false}, 4},
	{"DSCP", "2,1,1", {2, L3, 1, 0x04, false}, 4},
	{"ECN: CE", "2,1,1", {2, L3, 1, 0x01, false}, 4},
	{"length", "2,1,1", {2, L3, 3, 1, false}, 4},
	{"identification", "2,1,1", {2, L3, 5, 0x40, false}, 4},
	{"DF", "2,1,1", {2, L3, 6, 0x40, false}, 4},
	{"more fragments", "2,1,1", {2, L3, 6, 0x20, false}, 4},
	{"reserved flag", "2,1,1", {2, L3, 6, 0x80, false}, 4},
	{"fragment offset", "2,1,1", {2, L3, 7, 1, false}, 4},
	{"TTL", "2,1,1", {2, L3, 8, 1, false}, 4},
	{"protocol", "2,1,1", {2, L3, 9, 1, false}, 4},
	{"IPv4's checksum", "2,1,1", {2, L3, 10, 1, true}, 4},
	{"IPv4's checksum of the first", "1,3", {0, L3, 11, 1, true}, 4},
	{"source", "2,1,1", {2, L3, 12, 1, false}, 4},
	{"destination", "2,1,1", {2, L3, 19, 1, false}, 4},
	{"traffic class", "2,1,1", {2, L3, 0, 1, false}, 6},
	{"ECN of IPv6", "2,1,1", {2, L3, 1, 0x10, false}, 6},
	{"flow label", "2,1,1", {2, L3, 3, 1, false}, 6},
	{"length of IPv6", "2,1,1", {2, L3, 5, 1, false}, 6},
	{"next header", "2,1,1", {2, L3, 6, 1, false}, 6},
	{"hop limit", "2,1,1", {2, L3, 7, 1, false}, 6},
	{"source of IPv6", "2,1,1", {2, L3, 8, 1, false}, 6},
	{"destination of IPv6", "2,1,1", {2, L3, 39, 1, false}, 6},
	{"source port", "2,1,1", {2, L4, 0, 1, false}, 0},
	{"destination port", "2,1,1", {2, L4, 3, 1, false}, 0},
	{"sequence number", "2,1,1", {2, L4, 7, 1, false}, 0},
	{"sequence number's high byte", "2,1,1", {2, L4, 4, 0x80, false}, 0},
	{"acknowledgement", "2,1,1", {2, L4, 11, 1, false}, 0},
	{"data offset", "2,1,1", {2, L4, 12, 0x10, false}, 0},
	{"reserved bits", "2,1,1", {2, L4, 12, 1, false}, 0},
	{"FIN", "3,1", {2, L4, 13, FIN, false}, 0},
	{"SYN", "2,1,1", {2, L4, 13, SYN, false}, 0},
	{"RST", "2,1,1", {2, L4, 13, RST, false}, 0},
	{"PSH", "3,1", {2, L4, 13, PSH, false}, 0},
	{"PSH and FIN", "3,1", {2, L4, 13, PSH | FIN, false}, 0},
	{"no ACK", "2,1,1", {2, L4, 13, ACK, false}, 0},
	{"URG", "2,1,1", {2, L4, 13, URG, false}, 0},
	{"ECE", "2,1,1", {2, L4, 13, ECE, false}, 0},
	{"CWR", "2,1,1", {2, L4, 13, CWR, false}, 0},
	{"window", "2,1,1", {2, L4, 15, 1, false}, 0},
	{"urgent pointer", "2,1,1", {2, L4, 19, 1, false}, 0},
	{"option", "2,1,1", {2, L4, 20 + OPTIONS - 1, 1, false}, 0},
	{"PSH of the first", "1,3", {0, L4, 13, PSH, false}, 0},
	{"FIN of the first", "1,3", {0, L4, 13, FIN, false}, 0},
	{"CWR of the first", "1,3", {0, L4, 13, CWR, false}, 0},
	{"PSH of the last", "4", {3, L4, 13, PSH, false}, 0},
};

static void
test_differences(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < RTE_DIM(differences); i++) {
		for (unsigned k = 0; k < 2 * 3 * 3; k++) {
			struct stream t = plain;

			t.ipv6 = k % 2;
			t.tags = (uint8_t)(k / 2 % 3);
			t.checksum = k / 6;
			t.flip[0] = differences[i].flip;
			if (differences[i].family && (differences[i].family == 6) != t.ipv6)
				continue;
			if (k < 2)
				print_message("a difference in %s\n", differences[i].what);
			make(fx, &t);
			check(fx, t.n, &usual, differences[i].expected);
		}
	}
}

static const struct {
	const char *expected;
	struct stream stream;
	struct xd_coalesce_rules rules;
} cases[] = {
#define USUAL .max_frame = UINT16_MAX, .takes = ALL
	/* sizes: the first one's, until a shorter one */
	{"3,1", {.n = 4, .payload = {100, 100, 60, 100}}, {USUAL}},
	{"2,2", {.n = 4, .payload = {100, 100, 120, 100}}, {USUAL}},
	{"2,2", {.n = 4, .payload = {100, 99, 100, 99}}, {USUAL}},
	{"4", {.n = 4, .payload = {XD_GSO_SIZE_MIN}}, {USUAL}},
	{"1,1,1,1", {.n = 4, .payload = {XD_GSO_SIZE_MIN - 1}}, {USUAL}},
	{"2", {.n = 2, .payload = {8, 1}}, {USUAL}},
	{"1,1", {.n = 2, .payload = {0}}, {USUAL}},
	{"1", {.n = 1, .payload = {100}}, {USUAL}},
	{"32", {.n = 32, .payload = {1448}}, {USUAL}},
	{"7,7,7,7,4", {.n = 32, .payload = {9000}}, {USUAL}},
	{"4,1", {.n = 5, .payload = {1448}, .pieces = 60}, {USUAL}},
	{"1,1", {.n = 2, .payload = {1448}, .pieces = 200}, {USUAL}},
	/* numbers that wrap */
	{"4", {.n = 4, .payload = {100}, .seq = 0xffffff38, .id = 0xfffe}, {USUAL}},
	/* identification */
	{"4", {.n = 4, .payload = {100}, .id_step = UINT16_MAX}, {USUAL}},
	{"4", {.n = 4, .payload = {100}, .fragment = 0x4000}, {USUAL}},
	{"1,1,1,1", {.n = 4, .payload = {100}, .fragment = 0x4000, .id_step = UINT16_MAX}, {USUAL}},
	{"1,1,1,1", {.n = 4, .payload = {100}, .id_step = 1}, {USUAL}},
	{"1,1", {.n = 2, .payload = {100}, .fragment = 0x2000}, {USUAL}},
	/* flags of all */
	{"4", {.n = 4, .payload = {100}, .flags = ECE}, {USUAL}},
	{"1,1", {.n = 2, .payload = {100}, .flags = CWR}, {USUAL}},
	{"1,1", {.n = 2, .payload = {100}, .flags = URG}, {USUAL}},
	{"1,1", {.n = 2, .payload = {100}, .flags = ACK}, {USUAL}},
	{"1,1,1", {.n = 3, .payload = {100}, .flags = PSH}, {USUAL}},
	{"3", {.n = 3, .payload = {100}, .flags = PSH}, {USUAL, .pushed = true}},
	{"1,1", {.n = 2, .payload = {100}, .flags = FIN}, {USUAL, .pushed = true}},
	/* what is behind the length that IP tells */
	{"1,1", {.n = 2, .payload = {100}, .padding = 4}, {USUAL}},
	/* checksums that somebody has to look at: only where nobody has */
	{"1,3", {.n = 4, .payload = {100}, .checksum = SUMMED, .flip = {{0, L4, 40, 1, true}}},
		{USUAL}},
	{"2,1,1", {.n = 4, .payload = {100}, .checksum = SUMMED, .flip = {{2, L4, 40, 1, true}}},
		{USUAL}},
	{"2,1,1",
		{.n = 4,
			.payload = {1448},
			.checksum = SUMMED,
			.ipv6 = true,
			.flip = {{2, L4, 200, 1, true}}},
		{USUAL}},
	/* what is no TCP */
	{"1,1", {.n = 2, .payload = {100}, .udp = true}, {USUAL}},
	{"1,1", {.n = 2, .payload = {100}, .udp = true, .ipv6 = true}, {USUAL}},
	/* what the receiver takes */
	{"1,1", {.n = 2, .payload = {100}}, {.max_frame = UINT16_MAX}},
	{"1,1", {.n = 2, .payload = {100}},
		{.max_frame = UINT16_MAX, .takes = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6}},
	{"2", {.n = 2, .payload = {100}},
		{.max_frame = UINT16_MAX, .takes = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4}},
	{"1,1", {.n = 2, .payload = {100}, .ipv6 = true},
		{.max_frame = UINT16_MAX, .takes = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4}},
	{"2", {.n = 2, .payload = {100}, .ipv6 = true},
		{.max_frame = UINT16_MAX, .takes = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6}},
	{"1,1", {.n = 2, .payload = {100}},
		{.max_frame = UINT16_MAX, .takes = XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6}},
	/* 54 and 12 bytes of headers */
	{"2", {.n = 2, .payload = {100}}, {.max_frame = 166, .takes = ALL}},
	{"1,1", {.n = 2, .payload = {100}}, {.max_frame = 165, .takes = ALL}},
};

static void
test_cases(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		print_message("case %u: %s\n", i, cases[i].expected);
		make(fx, &cases[i].stream);
		check(fx, cases[i].stream.n, &cases[i].rules, cases[i].expected);
	}
}

/* PSH of any segment is the whole's. */
static void
test_pushed(void **state)
{
	struct fixture *fx = *state;
	const struct xd_coalesce_rules rules = {
		.max_frame = UINT16_MAX, .takes = ALL, .pushed = true};
	struct stream t = plain;

	t.flip[0] = (struct flip){1, L4, 13, PSH, false};
	make(fx, &t);
	check(fx, t.n, &rules, "4");
	assert_int_equal(xd_frame_data(fx->c.frames[0])[fx->samples[0].l4 + 13], ACK | PSH);
}

/* Frames that have been given offloads which are none of these. */
static void
test_other_offloads(void **state)
{
	struct fixture *fx = *state;

	make(fx, &plain);
	fx->frames[1]->offload.csum_offset = 6;
	check(fx, 4, &usual, NULL);
	assert_int_equal(fx->c.n, 3);
	assert_int_equal(fx->c.first[2], 2);
	make(fx, &plain);
	fx->frames[1]->offload.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	fx->frames[1]->offload.gso_size = 60;
	xd_coalesce(&fx->c, fx->frames, 4, &usual);
	assert_int_equal(fx->c.n, 3);
	assert_ptr_equal(fx->c.frames[1], fx->frames[1]);
}

/* Of a frame whose tag the bridge has popped or pushed. */
static void
test_moved(void **state)
{
	struct fixture *fx = *state;
	struct stream t = plain;

	for (unsigned push = 0; push < 2; push++) {
		t.tags = 1;
		make(fx, &t);
		for (uint16_t i = 0; i < t.n; i++) {
			struct xd_frame *f = fx->frames[i];
			uint8_t addresses[12];

			memcpy(addresses, xd_frame_data(f), 12);
			memcpy(push ? xd_frame_push(f, 4) : xd_frame_pop(f, 4), addresses, 12);
			if (push)
				memcpy(xd_frame_data(f) + 12, "\x81\x00\x00\x14", 4);
			fx->samples[i].l3 += push ? 4 : -4;
			fx->samples[i].l4 += push ? 4 : -4;
		}
		check(fx, t.n, &usual, "4");
	}
}

/* Any mixture of streams and faults: what comes is what went, in order. */
static void
test_random(void **state)
{
	struct fixture *fx = *state;
	unsigned merged = 0;

	srandom(7);
	for (unsigned round = 0; round < 3000; round++) {
		struct xd_coalesce_rules rules = usual;
		struct stream t = plain;

		t.ipv6 = random() % 2;
		t.tags = (uint8_t)(random() % 3);
		t.checksum = (enum checksum)(random() % 3);
		t.id_step = random() % 2 ? UINT16_MAX : 0;
		t.fragment = random() % 4 ? 0 : 0x4000;
		t.flags = random() % 4 ? 0 : PSH;
		t.seq = (uint32_t)random() << 1;
		t.pieces = (unsigned)random() % 4;
		t.n = (uint16_t)(1 + random() % XD_BATCH);
		rules.pushed = random() % 2;
		for (uint16_t i = 0; i < t.n; i++)
			t.payload[i] = (uint16_t)(random() % 8 ? 1448 : 1 + random() % 1448);
		for (unsigned i = 0; i < RTE_DIM(t.flip); i++)
			t.flip[i] = (struct flip){(uint8_t)(random() % XD_BATCH),
				(uint8_t)(random() % 3), (uint8_t)(random() % 14),
				(uint8_t)(1u << random() % 8),
				t.checksum == SUMMED && random() % 2};
		make(fx, &t);
		check(fx, t.n, &rules, NULL);
		merged += t.n - fx->c.n;
	}
	assert_true(merged > 10000);
}

static int
set_up(void **state)
{
	*state = aligned_alloc(64, RTE_ALIGN(sizeof(struct fixture), 64));
	return *state ? 0 : -1;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_pushed),
		cmocka_unit_test(test_other_offloads),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
