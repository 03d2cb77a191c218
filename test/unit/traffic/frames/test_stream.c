/* SPDX-License-Identifier: BSD-3-Clause */
/* The synthetic stream: frames that are valid, and flows that are told apart. */
#include <arpa/inet.h>
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

#include "traffic/frames/stream.h"

/* The checksum of RFC 1071 over bytes as they are, computed the slow way. */
static uint32_t
add_words(const uint8_t *data, uint32_t bytes, uint32_t sum)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static uint16_t
finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Headers that fit the size, and checksums that hold. */
static void
assert_valid(const uint8_t *frame, uint32_t size)
{
	const uint8_t *ip = frame + 14, *udp = frame + 34;
	uint32_t sum = add_words(ip + 12, 8, 17 + size - 34);

	assert_int_equal(frame[12] << 8 | frame[13], 0x0800);
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[2] << 8 | ip[3], size - 14);
	assert_int_equal(ip[9], 17);
	assert_int_equal(finish(add_words(ip, 20, 0)), 0xffff);
	assert_int_equal(udp[4] << 8 | udp[5], size - 34);
	assert_int_not_equal(udp[6] << 8 | udp[7], 0);
	assert_int_equal(finish(add_words(udp, size - 34, sum)), 0xffff);
	assert_true(xd_stream_is_ours(frame));
}

/* The same of a frame whose checksum is left to the device: what the header asks for makes it
 * valid, and the header fits. */
static void
assert_unfinished(const struct xd_stream *s, uint8_t *frame)
{
	const uint8_t *h = s->header;
	unsigned start = h[6] | (unsigned)h[7] << 8, offset = h[8] | (unsigned)h[9] << 8;
	const uint8_t *ip = frame + 14, *tcp = frame + 34;
	uint16_t sum;

	assert_int_equal(h[0], 1); /* VIRTIO_NET_HDR_F_NEEDS_CSUM */
	assert_int_equal(start, 34);
	assert_int_equal(offset, s->tcp ? 16 : 6);
	/* Over everything from csum_start on, with what stands in the checksum's place. */
	sum = (uint16_t)~finish(add_words(frame + start, s->size - start, 0));
	if (sum == 0 && !s->tcp)
		sum = 0xffff; /* RFC 768: zero says that there is none */
	frame[start + offset] = (uint8_t)(sum >> 8);
	frame[start + offset + 1] = (uint8_t)sum;
	if (!s->tcp) {
		assert_valid(frame, s->size);
		return;
	}
	assert_int_equal(ip[2] << 8 | ip[3], s->size - 14);
	assert_int_equal(ip[9], 6);
	assert_int_equal(finish(add_words(ip, 20, 0)), 0xffff);
	assert_int_equal(tcp[12], 0x50);
	assert_int_equal(
		finish(add_words(tcp, s->size - 34, add_words(ip + 12, 8, 6 + s->size - 34))),
		0xffff);
	assert_true(xd_stream_is_ours(frame));
}

static void
test_unfinished_frames(void **state)
{
	static const uint32_t sizes[] = {
		60, 61, 63, 64, 65, 127, 128, 129, 1500, 1514, 1515, 9018, 65535, 65536, 65549};
	uint8_t *frame = malloc(65536 + 128);
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned kind = 0; kind < 8; kind++) {
			struct xd_stream_opts opts = {
				.size = sizes[i],
				.flows = kind % 4 == 0 ? 1 : 100000,
				.flow_kind = kind % 4 == 1 ? XD_FLOW_MAC : XD_FLOW_L4,
				.broadcast = kind % 4 == 3,
				.from = 3,
				.to = 2,
				.offload = {.csum = true, .tso = kind >= 4, .mss = 1460},
			};
			bool cut = kind >= 4 && sizes[i] > 1514;
			struct xd_stream s;

			assert_int_equal(xd_stream_init(&s, &opts, &err), 0);
			assert_int_equal(s.header[1], cut ? 1 : 0); /* GSO_TCPV4 */
			assert_int_equal(s.header[4] | s.header[5] << 8, cut ? 1460 : 0);
			assert_int_equal(s.header[2], cut ? 54 : 0);
			for (unsigned n = 0; n < 40; n++) {
				s.next = opts.flows > 1 ? n * 2503 % opts.flows : 0;
				xd_stream_write_any(&s, frame, XD_TOUCH_FULL);
				assert_unfinished(&s, frame);
			}
			xd_stream_fini(&s);
		}
	free(frame);
}

static uint64_t
mac(const uint8_t *at)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++)
		value = value << 8 | at[i];
	return value;
}

static void
test_frames_are_valid(void **state)
{
	static const uint32_t sizes[] = {
		60, 61, 63, 64, 65, 127, 128, 129, 1500, 1518, 9018, 65535};
	uint8_t *frame = malloc(65536 + 64);
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned kind = 0; kind < 6; kind++) {
			struct xd_stream_opts opts = {
				.size = sizes[i],
				.flows = kind % 3 == 0 ? 1 : 100000,
				.flow_kind = kind % 3 == 1 ? XD_FLOW_MAC : XD_FLOW_L4,
				.broadcast = kind >= 3,
				.from = 3,
				.to = 2,
			};
			struct xd_stream s;

			assert_int_equal(xd_stream_init(&s, &opts, &err), 0);
			for (unsigned n = 0; n < 40; n++) {
				memset(frame, 0xee, 65536 + 64);
				s.next = opts.flows > 1 ? n * 2503 % opts.flows : 0;
				xd_stream_write_any(&s, frame, XD_TOUCH_FULL);
				assert_valid(frame, sizes[i]);
				/* Not beyond the last whole line. */
				assert_int_equal(frame[xd_lines(sizes[i]) * 64], 0xee);
				if (kind >= 3)
					assert_true(mac(frame) == 0xffffffffffff);
				assert_int_equal(frame[6] & 1, 0);
			}
			xd_stream_fini(&s);
		}
	free(frame);
}

static void
test_mac_flows(void **state)
{
	struct xd_stream_opts opts = {.size = 64, .flows = 1000000, .from = 1, .to = 0};
	struct xd_stream s;
	uint8_t frame[64];
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_stream_init(&s, &opts, &err), 0);
	for (uint64_t n = 0; n < 1000003; n++) {
		uint64_t f = n % 1000000;

		xd_stream_write_any(&s, frame, XD_TOUCH_STAMP);
		if (mac(frame) != 0x025800000000 + f || mac(frame + 6) != 0x025801000000 + f)
			fail_msg("frame %u: %012llx to %012llx", (unsigned)n,
				(unsigned long long)mac(frame + 6), (unsigned long long)mac(frame));
	}
	xd_stream_fini(&s);
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
check_l4_flows(struct xd_stream_offload offload)
{
	enum { FLOWS = 100000 };
	struct xd_stream_opts opts = {.size = 64,
		.flows = FLOWS,
		.flow_kind = XD_FLOW_L4,
		.from = 0,
		.to = 1,
		.offload = offload};
	uint64_t *seen = calloc(FLOWS, sizeof(*seen));
	struct xd_stream s;
	uint8_t frame[64];
	struct xd_error err;

	assert_non_null(seen);
	assert_int_equal(xd_stream_init(&s, &opts, &err), 0);
	for (unsigned n = 0; n < FLOWS; n++) {
		xd_stream_write_any(&s, frame, XD_TOUCH_FULL);
		if (offload.csum)
			assert_unfinished(&s, frame);
		else
			assert_valid(frame, 64);
		assert_true(mac(frame) == 0x025801000000 && mac(frame + 6) == 0x025800000000);
		seen[n] = mac(frame + 26) << 16 | (uint64_t)(frame[34] << 8 | frame[35]);
	}
	qsort(seen, FLOWS, sizeof(*seen), compare_u64);
	for (unsigned n = 1; n < FLOWS; n++)
		assert_true(seen[n] != seen[n - 1]);
	xd_stream_fini(&s);
	free(seen);
}

static void
test_l4_flows(void **state)
{
	(void)state;
	check_l4_flows((struct xd_stream_offload){0});
	check_l4_flows((struct xd_stream_offload){.csum = true});
	check_l4_flows((struct xd_stream_offload){.csum = true, .tso = true, .mss = 1460});
}

static void
test_touch(void **state)
{
	struct xd_stream_opts opts = {.size = 200, .flows = 10, .from = 0, .to = 1};
	uint8_t frame[256], before[256];
	struct xd_stream s;
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_stream_init(&s, &opts, &err), 0);
	memset(frame, 0xee, sizeof(frame));
	memcpy(before, frame, sizeof(frame));
	xd_stream_write_any(&s, frame, XD_TOUCH_NONE);
	assert_memory_equal(frame, before, sizeof(frame));
	xd_stream_write_any(&s, frame, XD_TOUCH_STAMP);
	assert_memory_not_equal(frame, before, 64);
	assert_memory_equal(frame + 64, before + 64, sizeof(frame) - 64);
	xd_stream_write_any(&s, frame, XD_TOUCH_FULL);
	assert_valid(frame, 200);
	xd_stream_fini(&s);
}

static void
test_bad_streams(void **state)
{
	struct xd_stream s;
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_stream_init(&s, &(struct xd_stream_opts){.size = 59, .flows = 1}, &err),
		-EINVAL);
	assert_int_equal(
		xd_stream_init(&s, &(struct xd_stream_opts){.size = 65550, .flows = 1}, &err),
		-EINVAL);
	assert_int_equal(xd_stream_init(&s, &(struct xd_stream_opts){.size = 64}, &err), -EINVAL);
	assert_int_equal(
		xd_stream_init(&s,
			&(struct xd_stream_opts){.size = 64, .flows = XD_STREAM_FLOWS_MAX + 1},
			&err),
		-EINVAL);
	xd_stream_fini(&s);
}

/* The exclusive or of lines, whatever their number, depends on every byte. */
static void
test_lines_read(void **state)
{
	static uint8_t data[64 * 24] __attribute__((aligned(64)));

	(void)state;
	for (unsigned n = 1; n <= 24; n++)
		for (unsigned i = 0; i < 64 * n; i++) {
			xd_line sum;
			uint64_t any = 0;

			data[i] = 1;
			sum = xd_lines_read(data, n);
			for (unsigned k = 0; k < 8; k++)
				any |= sum[k];
			assert_true(any != 0);
			data[i] = 0;
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_valid),
		cmocka_unit_test(test_unfinished_frames),
		cmocka_unit_test(test_mac_flows),
		cmocka_unit_test(test_l4_flows),
		cmocka_unit_test(test_touch),
		cmocka_unit_test(test_bad_streams),
		cmocka_unit_test(test_lines_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
