/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of frames: how they lie in memory, their payload, and checksums that stay right whatever
 * tag is written; and the frames that the generator makes without a template. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_checks.h"
#include "traffic/frames/list_stream.h"
#include "traffic/frames/template.h"

#define HEAD 42 /* Ethernet, IPv4, UDP */

/* A frame of the list as it is sent with that tag. The caller frees it. */
static uint8_t *
sent(const struct xd_frame_list *list, uint32_t i, const struct xd_tag *tag)
{
	const struct xd_list_frame *f = &list->frames[i];
	uint8_t *bytes = malloc(f->len);

	assert_non_null(bytes);
	memcpy(bytes, xd_list_bytes(list, f), f->len);
	xd_list_frame_tag(f, bytes, tag);
	return bytes;
}

static struct xd_tag
any_tag(uint32_t flow, uint32_t i)
{
	return (struct xd_tag){
		.flow = flow,
		.seq = (i * 2654435761u) & XD_TAG_SEQ_MASK,
		.planned_cycles = (i * 0x9e3779b97f4a7c15ull) & XD_TAG_TIME_MASK,
		.late_cycles = i * 31,
	};
}

/* A UDP header and zeroes at `at`, as the list wants them. */
static struct xd_list_frame_opts
udp_at(uint8_t *bytes, uint16_t at, uint32_t len)
{
	memset(bytes, 0xee, len);
	bytes[at] = 0x40;
	bytes[at + 1] = 0x01;
	return (struct xd_list_frame_opts){
		.l4_at = at,
		.csum_at = (uint16_t)(at + 6),
		.pseudo = 0x1234,
		.payload_at = (uint16_t)(at + 8),
	};
}

static void
test_lines(void **state)
{
	static const uint32_t sizes[] = {60, 64, 65, 1514, 1, 128, 9000};
	struct xd_frame_list list;
	uint8_t bytes[9000];
	uint64_t total = 0, lines = 0;

	(void)state;
	xd_frame_list_init(&list, false);
	memset(bytes, 0xaa, sizeof(bytes));
	for (unsigned i = 0; i < 700; i++) {
		uint32_t len = sizes[i % 7];
		struct xd_list_frame_opts opts = {.flow = i % 5, .at_ns = i * 10};

		bytes[0] = (uint8_t)i;
		assert_int_equal(xd_frame_list_add(&list, bytes, len, &opts, NULL), 0);
		total += len;
		lines += (len + 63) / 64;
	}
	assert_int_equal(list.n, 700);
	assert_int_equal(list.nb_flows, 5);
	assert_int_equal(list.max_len, 9000);
	assert_int_equal(list.total_len, total);
	assert_true(list.mean_len == (double)total / 700);
	assert_int_equal(list.span_ns, 6990);
	assert_int_equal(list.used, lines * 64);
	assert_int_equal((uintptr_t)list.bytes % 64, 0);
	for (unsigned i = 0; i < 700; i++) {
		const struct xd_list_frame *f = &list.frames[i];
		const uint8_t *at = xd_list_bytes(&list, f);

		assert_int_equal(f->at % 64, 0);
		assert_int_equal(f->len, sizes[i % 7]);
		assert_int_equal(f->flow, i % 5);
		assert_int_equal(f->at_ns, i * 10);
		assert_int_equal(f->csum_at, 0);
		assert_int_equal(at[0], (uint8_t)i);
		for (uint32_t k = 1; k < f->len; k++)
			assert_int_equal(at[k], 0xaa);
		for (uint32_t k = f->len; k % 64; k++)
			assert_int_equal(at[k], 0);
	}
	xd_frame_list_fini(&list);
	xd_frame_list_fini(&list);
}

static void
test_untagged_checksum(void **state)
{
	struct xd_frame_list list;
	uint8_t bytes[300];

	(void)state;
	xd_frame_list_init(&list, false);
	for (uint32_t len = 60; len < 300; len++) {
		struct xd_list_frame_opts opts = udp_at(bytes, (uint16_t)(30 + len % 2), len);
		const struct xd_list_frame *f;
		const uint8_t *at;

		assert_int_equal(xd_frame_list_add(&list, bytes, len, &opts, NULL), 0);
		f = &list.frames[list.n - 1];
		at = xd_list_bytes(&list, f);
		/* The pseudo header's sum is given as it lies in memory. */
		assert_int_equal(view_sum(at + opts.l4_at, len - opts.l4_at, 0x3412), 0xffff);
		check_countdown(at, len, opts.payload_at, 0);
		assert_int_equal(f->csum_at, 0);
	}
	xd_frame_list_fini(&list);
}

/* Whatever the tag says and wherever it lies, the checksum written with it is right. */
static void
test_tagged_checksum(void **state)
{
	struct xd_frame_list list;
	uint8_t bytes[200];
	unsigned odd = 0;

	(void)state;
	xd_frame_list_init(&list, true);
	for (uint32_t len = 70; len < 200; len++) {
		struct xd_list_frame_opts opts = udp_at(bytes, (uint16_t)(34 + len / 2 % 2), len);

		opts.flow = len;
		assert_int_equal(xd_frame_list_add(&list, bytes, len, &opts, NULL), 0);
		odd += list.frames[list.n - 1].tag_odd;
		for (unsigned i = 0; i < 300; i++) {
			struct xd_tag tag = any_tag(len, i), read;
			uint8_t *at = sent(&list, list.n - 1, &tag);

			assert_int_equal(
				view_sum(at + opts.l4_at, len - opts.l4_at, 0x3412), 0xffff);
			assert_int_not_equal(view16(at + opts.csum_at), 0);
			check_countdown(at, len, opts.payload_at, XD_TAG_BYTES);
			assert_int_equal(list.frames[list.n - 1].payload_at, opts.payload_at);
			assert_true(xd_tag_read(at, len, &read));
			assert_int_equal(read.flow, len);
			assert_int_equal(read.seq, tag.seq);
			assert_int_equal(read.planned_cycles, tag.planned_cycles);
			free(at);
		}
	}
	assert_int_equal(odd, 65);
	xd_frame_list_fini(&list);
}

/* A checksum that comes to zero is written as 0xffff: zero would say that there is none. */
static void
test_zero_checksum(void **state)
{
	struct xd_frame_list list;
	uint8_t bytes[60];
	uint16_t sum;
	struct xd_list_frame_opts opts = udp_at(bytes, 34, sizeof(bytes));

	(void)state;
	xd_frame_list_init(&list, false);
	assert_int_equal(xd_frame_list_add(&list, bytes, sizeof(bytes), &opts, NULL), 0);
	memcpy(&sum, list.bytes + 40, sizeof(sum));
	assert_int_not_equal(sum, 0xffff);
	/* The checksum itself is what the pseudo header lacks to make the sum 0xffff. */
	opts.pseudo = (uint16_t)(0x1234 + sum < 0x10000 ? 0x1234 + sum : 0x1235 + sum);
	assert_int_equal(xd_frame_list_add(&list, bytes, sizeof(bytes), &opts, NULL), 0);
	memcpy(&sum, list.bytes + 64 + 40, sizeof(sum));
	assert_int_equal(sum, 0xffff);
	xd_frame_list_fini(&list);
}

static void
test_refused(void **state)
{
	struct xd_frame_list list;
	struct xd_error err = {0};
	uint8_t bytes[100] = {0};
	struct xd_list_frame_opts opts = {.payload_at = 50};

	(void)state;
	xd_frame_list_init(&list, true);
	assert_int_equal(xd_frame_list_add(&list, bytes, 67, &opts, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no room for 50 of headers and 18 of tag"));
	assert_int_equal(xd_frame_list_add(&list, bytes, 68, &opts, NULL), 0);
	opts.payload_at = 0;
	assert_int_equal(xd_frame_list_add(&list, bytes, 59, &opts, NULL), -EINVAL);
	assert_int_equal(xd_frame_list_add(&list, bytes, 60, &opts, NULL), 0);
	opts.csum_at = 81; /* in the tag */
	assert_int_equal(xd_frame_list_add(&list, bytes, 100, &opts, NULL), -EINVAL);
	opts.csum_at = 80;
	assert_int_equal(xd_frame_list_add(&list, bytes, 100, &opts, NULL), 0);
	opts.csum_at = 0;
	opts.flow = 1u << 24;
	assert_int_equal(xd_frame_list_add(&list, bytes, 100, &opts, NULL), -E2BIG);
	assert_int_equal(list.n, 3);
	xd_frame_list_fini(&list);
	xd_frame_list_init(&list, false);
	assert_int_equal(
		xd_frame_list_add(&list, bytes, 0, &(struct xd_list_frame_opts){0}, NULL), -EINVAL);
	assert_int_equal(xd_frame_list_reserve(&list, (1u << 20) + 1, 64, &err), -E2BIG);
	assert_non_null(strstr(err.text, "at most 1048576"));
	assert_int_equal(xd_frame_list_reserve(&list, 1, (1ull << 30) + 1, &err), -E2BIG);
	assert_non_null(strstr(err.text, "at most 1024 MiB"));
	assert_int_equal(list.n, 0);
	xd_frame_list_fini(&list);
}

/* What the generator makes by itself. */

static const struct xd_size_mix size64 = {.n = 1, .bytes = {64}, .weight = {1}};
static const uint8_t to_1[] = {1};

static void
check_mac(const uint8_t *at, uint8_t port, uint32_t flow)
{
	const uint8_t mac[] = {
		0x02, 0x58, port, (uint8_t)(flow >> 16), (uint8_t)(flow >> 8), (uint8_t)flow};

	assert_memory_equal(at, mac, 6);
}

static void
check_ip(const uint8_t *at, uint8_t port, uint16_t host)
{
	const uint8_t ip[] = {10, port, (uint8_t)(host >> 8), (uint8_t)host};

	assert_memory_equal(at, ip, 4);
}

static void
build(struct xd_frame_list *list, const struct xd_template_build *opts)
{
	struct xd_error err = {0};

	xd_frame_list_init(list, true);
	if (xd_template_build(NULL, opts, list, &err))
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < list->n; i++) {
		struct xd_tag tag = any_tag(list->frames[i].flow, i);
		uint8_t *at = sent(list, i, &tag);

		check_frame(at, list->frames[i].len);
		check_countdown(at, list->frames[i].len, HEAD, XD_TAG_BYTES);
		assert_int_equal(view16(at + 12), 0x0800);
		assert_int_equal(at[23], 17);
		assert_int_equal(view16(at + 36), 9);
		free(at);
	}
}

static void
test_own_macs(void **state)
{
	struct xd_frame_list list;
	struct xd_template_build opts = {.mix = &size64,
		.flows = 300,
		.flow_kind = XD_FLOW_MAC,
		.from = 4,
		.nb_to = 1,
		.to = to_1,
		.first_flow = 70};

	(void)state;
	build(&list, &opts);
	assert_int_equal(list.n, 300);
	assert_int_equal(list.nb_flows, 370);
	for (uint32_t f = 0; f < 300; f++) {
		const uint8_t *at = xd_list_bytes(&list, &list.frames[f]);

		assert_int_equal(list.frames[f].flow, 70 + f);
		assert_int_equal(list.frames[f].payload_at, HEAD);
		check_mac(at, 1, f);
		check_mac(at + 6, 4, f);
		check_ip(at + 26, 4, 1);
		check_ip(at + 30, 1, 1);
		assert_int_equal(view16(at + 34), 0x4000);
	}
	xd_frame_list_fini(&list);
	opts.broadcast = true;
	build(&list, &opts);
	for (uint32_t f = 0; f < 300; f++) {
		const uint8_t *at = xd_list_bytes(&list, &list.frames[f]);

		assert_memory_equal(at, "\xff\xff\xff\xff\xff\xff", 6);
		check_mac(at + 6, 4, f);
	}
	xd_frame_list_fini(&list);
}

static void
test_own_l4(void **state)
{
	struct xd_frame_list list;
	struct xd_template_build opts = {.mix = &size64,
		.flows = 40000,
		.flow_kind = XD_FLOW_L4,
		.from = 0,
		.nb_to = 1,
		.to = to_1};

	(void)state;
	build(&list, &opts);
	assert_int_equal(list.n, 40000);
	for (uint32_t f = 0; f < 40000; f++) {
		const uint8_t *at = xd_list_bytes(&list, &list.frames[f]);

		check_mac(at, 1, 0);
		check_mac(at + 6, 0, 0);
		check_ip(at + 26, 0, (uint16_t)(1 + f / 16384));
		check_ip(at + 30, 1, 1);
		assert_int_equal(view16(at + 34), 0x4000 + f % 16384);
	}
	xd_frame_list_fini(&list);
}

/* The frames are those of the synthetic stream: the same but for the payload and IPv4's
 * identification, which a stream uses to keep checksums constant. */
static void
test_as_stream(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct xd_frame_list list;
		struct xd_stream stream;
		struct xd_stream_opts synthetic = {.size = 64,
			.flows = 20000,
			.flow_kind = kind & 1 ? XD_FLOW_L4 : XD_FLOW_MAC,
			.broadcast = kind & 2,
			.from = 3,
			.to = 1};
		struct xd_template_build opts = {.mix = &size64,
			.flows = 20000,
			.flow_kind = synthetic.flow_kind,
			.broadcast = synthetic.broadcast,
			.from = 3,
			.nb_to = 1,
			.to = to_1};

		build(&list, &opts);
		assert_int_equal(xd_stream_init(&stream, &synthetic, NULL), 0);
		for (uint32_t f = 0; f < 20000; f++) {
			const uint8_t *at = xd_list_bytes(&list, &list.frames[f]);
			uint8_t frame[64] __attribute__((aligned(64)));

			xd_stream_write_any(&stream, frame, XD_TOUCH_FULL);
			assert_memory_equal(at, frame, 18);
			assert_memory_equal(at + 20, frame + 20, 4);
			assert_memory_equal(at + 26, frame + 26, 14);
		}
		xd_stream_fini(&stream);
		xd_frame_list_fini(&list);
	}
}

/* Each flow gets each size as often as the mix says, and frames in a row have the mix, too. */
static void
test_mix(void **state)
{
	static const struct xd_size_mix mix = {
		.n = 3, .bytes = {60, 590, 1514}, .weight = {7, 4, 1}};
	static const uint8_t to[] = {1, 2, 3};
	struct xd_template_build opts = {.mix = &mix,
		.flow_kind = XD_FLOW_MAC,
		.from = 0,
		.nb_to = 3,
		.to = to,
		.first_flow = 5};

	(void)state;
	for (opts.flows = 1; opts.flows < 12; opts.flows += 3) {
		unsigned count[64][3] = {0};
		uint32_t flows = opts.flows * 3;
		struct xd_frame_list list;

		build(&list, &opts);
		assert_int_equal(list.n, flows * 12);
		for (uint32_t i = 0; i < list.n; i++) {
			const struct xd_list_frame *f = &list.frames[i];
			uint32_t d = i % 3;

			assert_int_equal(f->flow, 5 + i % flows);
			check_mac(xd_list_bytes(&list, f), to[d], i % flows / 3);
			check_ip(xd_list_bytes(&list, f) + 30, to[d], 1);
			count[f->flow][f->len == 60 ? 0 : f->len == 590 ? 1 : 2]++;
		}
		for (uint32_t f = 5; f < 5 + flows; f++) {
			assert_int_equal(count[f][0], 7);
			assert_int_equal(count[f][1], 4);
			assert_int_equal(count[f][2], 1);
		}
		assert_true(list.mean_len == (7 * 60 + 4 * 590 + 1514) / 12.0);
		/* No three of the middle size in any six of one pass. */
		for (uint32_t i = 0; flows > 6 && i + 6 < flows; i++) {
			unsigned middle = 0;

			for (uint32_t k = i; k < i + 6; k++)
				middle += list.frames[k].len == 590;
			assert_in_range(middle, 1, 3);
		}
		xd_frame_list_fini(&list);
	}
}

static void
test_build_refused(void **state)
{
	struct xd_size_mix mix = {.n = 1, .bytes = {59}, .weight = {1}};
	struct xd_template_build opts = {
		.mix = &mix, .flows = 1, .from = 0, .nb_to = 1, .to = to_1};
	struct xd_frame_list list;
	struct xd_error err = {0};

	(void)state;
	xd_frame_list_init(&list, true);
	assert_int_equal(xd_template_min(NULL), 60);
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -EINVAL);
	assert_string_equal(err.text, "size 59: frames with these headers have at least 60 bytes: "
				      "42 of headers, 18 of tag");
	mix.bytes[0] = 65550;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -EINVAL);
	assert_non_null(strstr(err.text, "at most 65549 bytes"));
	mix.bytes[0] = 65549;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), 0);
	assert_int_equal(view16(list.bytes + 16), 65535);
	opts.flows = 20000;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -E2BIG);
	mix.bytes[0] = 64;
	mix.weight[0] = UINT32_MAX;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -E2BIG);
	mix.weight[0] = 1;
	opts.flows = 1u << 20;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -E2BIG);
	assert_non_null(strstr(err.text, "at most 1048576"));
	opts.flows = 2;
	opts.first_flow = (1u << 24) - 1;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -E2BIG);
	assert_string_equal(err.text, "flows 16777217: at most 16777216 of all ports together");
	opts.flows = 0;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -EINVAL);
	mix.n = 0;
	assert_int_equal(xd_template_build(NULL, &opts, &list, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no size"));
	assert_int_equal(list.n, 1);
	xd_frame_list_fini(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_untagged_checksum),
		cmocka_unit_test(test_tagged_checksum),
		cmocka_unit_test(test_zero_checksum),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_own_macs),
		cmocka_unit_test(test_own_l4),
		cmocka_unit_test(test_as_stream),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_build_refused),
	};

	return cmocka_run_group_tests_name("frame_list", tests, NULL, NULL);
}
