/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantities, streams, port names and results of the generator. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/placement.h"
#include "traffic/port.h"
#include "traffic/result.h"
#include "traffic/stream.h"
#include "traffic/tsc.h"
#include "traffic/units.h"

/* ---- Quantities ---- */

static void
assert_sizes(const char *text, const uint32_t *want, unsigned n)
{
	struct xd_sizes sizes;
	struct xd_error err;

	assert_int_equal(xd_units_sizes(text, 60, 65535, &sizes, &err), 0);
	assert_int_equal(sizes.n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sizes.bytes[i], want[i]);
}

static void
test_sizes(void **state)
{
	(void)state;
	assert_sizes("64", (uint32_t[]){64}, 1);
	assert_sizes("64,128,1518", (uint32_t[]){64, 128, 1518}, 3);
	assert_sizes("64:1024:*2", (uint32_t[]){64, 128, 256, 512, 1024}, 5);
	assert_sizes("64:1518:*2", (uint32_t[]){64, 128, 256, 512, 1024, 1518}, 6);
	assert_sizes("64:256:+64", (uint32_t[]){64, 128, 192, 256}, 4);
	assert_sizes("64:200:+64", (uint32_t[]){64, 128, 192, 200}, 4);
	assert_sizes("64:64:*2", (uint32_t[]){64}, 1);
	assert_sizes("60,1k,64:128:*2", (uint32_t[]){60, 1024, 64, 128}, 4);
	assert_sizes("60:65535:*3", (uint32_t[]){60, 180, 540, 1620, 4860, 14580, 43740, 65535}, 8);
}

static void
test_bad_sizes(void **state)
{
	/* What is wrong, and what the line must say. */
	static const char *const cases[][2] = {{"", "size"}, {"64,", "size"}, {"59", "60 to 65535"},
		{"65536", "60 to 65535"}, {"0x40", "0x40"}, {"-64", "-64"}, {"sixty", "sixty"},
		{"64q", "q"}, {"64:128", "FIRST:LAST"}, {"64:128:2", "FIRST:LAST"},
		{"64:128:*1", "up"}, {"64:128:+0", "up"}, {"128:64:*2", "up"}, {"64:128:*", "up"},
		{"64:128:+-1", "up"}, {"60:65535:+1", "more than 256"}, {"64.5", "60 to 65535"},
		{"64:", "FIRST:LAST"}, {"1e999", "1e999"}};
	struct xd_sizes sizes;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(xd_units_sizes(cases[i][0], 60, 65535, &sizes, &err), -EINVAL);
		if (!strstr(err.text, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.text);
		assert_null(strchr(err.text, '\n'));
	}
}

static void
test_rates(void **state)
{
	static const struct {
		const char *text;
		enum xd_rate_kind kind;
		double value;
	} good[] = {{"max", XD_RATE_MAX, 0}, {"5Mpps", XD_RATE_PPS, 5e6},
		{"100kpps", XD_RATE_PPS, 1e5}, {"1pps", XD_RATE_PPS, 1},
		{"10Gbit", XD_RATE_BPS, 1e10}, {"2.5Gbit", XD_RATE_BPS, 2.5e9},
		{"64000bit", XD_RATE_BPS, 64000}, {"10Gbps", XD_RATE_BPS, 1e10}};
	struct xd_rate_limit rate;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(xd_units_rate(good[i].text, &rate, &err), 0);
		assert_int_equal(rate.kind, good[i].kind);
		assert_true(fabs(rate.value - good[i].value) < 1e-3);
	}
	xd_units_rate("10Gbit", &rate, &err);
	assert_true(fabs(xd_rate_limit_pps(&rate, 1250) - 1e6) < 1e-3);
	xd_units_rate("5Mpps", &rate, &err);
	assert_true(xd_rate_limit_pps(&rate, 1250) == 5e6);
	xd_units_rate("max", &rate, &err);
	assert_true(xd_rate_limit_pps(&rate, 64) == 0);

	assert_int_equal(xd_units_rate("10Gpbs", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Gpbs"));
	assert_int_equal(xd_units_rate("10Mbits", &rate, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Mbit?"));
	assert_int_equal(xd_units_rate("10", &rate, &err), -EINVAL);
	assert_int_equal(xd_units_rate("fast", &rate, &err), -EINVAL);
	assert_int_equal(xd_units_rate("0pps", &rate, &err), -EINVAL);
	assert_int_equal(xd_units_rate("", &rate, &err), -EINVAL);
}

static void
test_times_and_counts(void **state)
{
	struct xd_error err;
	uint64_t count;
	double s;

	(void)state;
	assert_int_equal(xd_units_seconds("2", &s, &err), 0);
	assert_true(s == 2);
	assert_int_equal(xd_units_seconds("0.3s", &s, &err), 0);
	assert_true(fabs(s - 0.3) < 1e-9);
	assert_int_equal(xd_units_seconds("500ms", &s, &err), 0);
	assert_true(fabs(s - 0.5) < 1e-9);
	assert_int_equal(xd_units_seconds("1m", &s, &err), 0);
	assert_true(s == 60);
	assert_int_equal(xd_units_seconds("2 s", &s, &err), -EINVAL);
	assert_int_equal(xd_units_seconds("-1", &s, &err), -EINVAL);
	assert_int_equal(xd_units_seconds("25h", &s, &err), -EINVAL);

	assert_int_equal(xd_units_count("1000", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1000);
	assert_int_equal(xd_units_count("1M", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1000000);
	assert_int_equal(xd_units_count("1.5k", 1, 1000000, &count, &err), 0);
	assert_int_equal(count, 1500);
	assert_int_equal(xd_units_count("0", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("11", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("1.5", 1, 10, &count, &err), -EINVAL);
	assert_int_equal(xd_units_count("ten", 1, 10, &count, &err), -EINVAL);
}

/* ---- Streams ---- */

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
				.pattern =
					kind % 4 == 3 ? XD_PATTERN_BROADCAST : XD_PATTERN_UNICAST,
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
				.pattern = kind < 3 ? XD_PATTERN_UNICAST : XD_PATTERN_BROADCAST,
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

/* ---- Port names ---- */

static void
test_port_names(void **state)
{
	static const char *const good[] = {"virtio:/tmp/a.sock", "virtio:/tmp/a.sock,server",
		"virtio:a,size=256,queues=2,mrg=on,event_idx=off",
		"virtio:a,packed=on,in_order=on,csum=on,irq=on",
		"virtio:a,server,tso=on,mss=8960,poll=on"};
	static const char *const bad[][2] = {{"/tmp/a.sock", "virtio:PATH"},
		{"virtoi:/tmp/a.sock", "virtio"}, {"virtio:", "socket"},
		{"virtio:a,sever", "server"}, {"virtio:a,size=100", "power of two"},
		{"virtio:a,size=65536", "power of two"}, {"virtio:a,queues=0", "1 to"},
		{"virtio:a,mrg=yes", "on or off"}, {"virtio:a,mgr=on", "mrg"},
		{"virtio:a,size", "size="}, {"virtio:a,packed", "packed=on"},
		{"virtio:a,paked=on", "packed"}, {"virtio:a,tso=yes", "on or off"},
		{"virtio:a,tso=on,mss=47", "48 to"}, {"virtio:a,tso=on,mss=65496", "to 65495"},
		{"virtio:a,mss=1460", "tso=on"}, {"virtio:a,irq=1", "on or off"},
		{"virtio:a,poll=maybe", "on or off"}, {"dpdk:", "device"},
		{"dpkd:net_null0", "dpdk"}};
	char longest[256] = "virtio:";
	struct xd_error err;
	bool needs_eal;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		needs_eal = true;
		assert_int_equal(xd_gen_port_check(good[i], &needs_eal, &err), 0);
		assert_false(needs_eal);
	}
	assert_int_equal(xd_gen_port_check("dpdk:net_null0", &needs_eal, &err), 0);
	assert_true(needs_eal);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xd_gen_port_check(bad[i][0], &needs_eal, &err), -EINVAL);
		if (!strstr(err.text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], err.text);
	}
	memset(longest + 7, 'x', 107);
	assert_int_equal(xd_gen_port_check(longest, &needs_eal, &err), 0);
	longest[7 + 107] = 'x'; /* sockaddr_un holds 107 and a NUL */
	assert_int_equal(xd_gen_port_check(longest, &needs_eal, &err), -EINVAL);
}

/* ---- Results ---- */

static struct xd_row
rate_row(void)
{
	return (struct xd_row){
		.engine = XD_ENGINE_RATE,
		.trial = 2,
		.size = 64,
		.flows = 1000,
		.flow_kind = XD_FLOW_L4,
		.direction = XD_DIRECTION_BOTH,
		.touch = XD_TOUCH_STAMP,
		.time_s = 2,
		.placement_before_ns = 120,
		.placement_after_ns = 475,
		.steal_s = 0.25,
		.cpu_s = 4,
		.dut = {.known = true,
			.frames = 100,
			.busy_cycles = 4550,
			.busy_cycles_per_frame = 45.5,
			.busy_share = 0.75},
		.rate = {.sent_frames = 110,
			.received_frames = 100,
			.lost_frames = 10,
			.sent_pps = 55,
			.pps = 50,
			.l2_bps = 25600,
			.l1_bps = 35200,
			.bottleneck = XD_BOTTLENECK_GENERATOR,
			.nb_ports = 2,
			.ports = {{.sent_frames = 110}, {.received_frames = 100}}},
	};
}

static void
assert_text(json_t *o, const char *key, const char *want)
{
	assert_string_equal(json_string_value(json_object_get(o, key)), want);
}

static double
number(json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	assert_true(json_is_number(value));
	return json_number_value(value);
}

static json_t *
load_results(const struct xd_results *results)
{
	char *text = xd_results_json(results);
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	free(text);
	return root;
}

static void
test_rate_json(void **state)
{
	struct xd_row row = rate_row();
	struct xd_results results;
	json_t *root, *o;

	(void)state;
	xd_results_init(&results, 2.6e9);
	snprintf(results.command, sizeof(results.command), "crossdock-pktgen rate \"x\"");
	assert_int_equal(xd_results_add(&results, &row), 0);
	row.placement_before_ns = 0;
	row.dut.known = false;
	row.rate.asked_pps = 60;
	row.partial = true;
	assert_int_equal(xd_results_add(&results, &row), 0);
	root = load_results(&results);
	assert_text(root, "schema", "crossdock-pktgen/1");
	assert_text(root, "command", "crossdock-pktgen rate \"x\"");
	assert_true(json_is_true(json_object_get(root, "partial")));
	o = json_object_get(root, "environment");
	assert_true(strlen(json_string_value(json_object_get(o, "kernel"))) > 0);
	assert_true(strstr(json_string_value(json_object_get(o, "dpdk")), "DPDK") != NULL);
	assert_true(json_is_boolean(json_object_get(o, "hugepages")));

	o = json_array_get(json_object_get(root, "rows"), 0);
	assert_text(o, "engine", "rate");
	assert_text(o, "flow_kind", "l4");
	assert_text(o, "direction", "both");
	assert_text(o, "pattern", "unicast");
	assert_text(o, "touch", "stamp");
	assert_text(o, "bottleneck", "generator");
	assert_true(json_is_null(json_object_get(o, "asked_pps")));
	assert_true(number(o, "size") == 64 && number(o, "flows") == 1000);
	assert_true(number(o, "sent_frames") == 110 && number(o, "received_frames") == 100);
	assert_true(number(o, "lost_frames") == 10 && number(o, "time_s") == 2);
	assert_true(number(o, "pps") == 50 && number(o, "l2_bps") == 25600);
	assert_true(number(o, "l1_bps") == 35200 && number(o, "steal_s") == 0.25);
	assert_int_equal(json_array_size(json_object_get(o, "per_port")), 2);
	assert_text(json_object_get(o, "placement"), "class", "mixed");
	assert_true(number(json_object_get(o, "placement"), "before_ns") == 120);
	assert_true(number(json_object_get(o, "switch"), "busy_cycles_per_frame") == 45.5);
	assert_null(json_object_get(o, "partial"));

	o = json_array_get(json_object_get(root, "rows"), 1);
	assert_true(number(o, "asked_pps") == 60);
	assert_true(json_is_null(json_object_get(o, "switch")));
	assert_text(json_object_get(o, "placement"), "class", "unknown");
	assert_true(json_is_true(json_object_get(o, "partial")));
	json_decref(root);
	xd_results_fini(&results);
}

static void
test_latency_json(void **state)
{
	struct xd_row row = {
		.engine = XD_ENGINE_LATENCY,
		.size = 64,
		.latency = {.count = 7,
			.lost = 1,
			.min_ns = 1,
			.mean_ns = 2,
			.p50_ns = 3,
			.p95_ns = 4,
			.p99_ns = 5,
			.p99_9_ns = 6,
			.p99_99_ns = 7,
			.max_ns = 8,
			.half_mean_ns = 1},
	};
	static const char *const keys[] = {
		"min", "mean", "p50", "p95", "p99", "p99_9", "p99_99", "max"};
	struct xd_results results;
	json_t *root, *o;

	(void)state;
	xd_results_init(&results, 1e9);
	assert_int_equal(xd_results_add(&results, &row), 0);
	root = load_results(&results);
	o = json_array_get(json_object_get(root, "rows"), 0);
	assert_text(o, "engine", "latency");
	assert_true(number(o, "count") == 7 && number(o, "lost") == 1);
	assert_true(number(o, "half_mean_ns") == 1);
	for (unsigned i = 0; i < 8; i++)
		assert_true(number(json_object_get(o, "rtt_ns"), keys[i]) == i + 1);
	json_decref(root);
	xd_results_fini(&results);
}

static void
test_write_results(void **state)
{
	char path[] = "/tmp/test_traffic_XXXXXX";
	struct xd_row row = rate_row();
	struct xd_results results;
	struct xd_error err;
	json_t *root;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	xd_results_init(&results, 1e9);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(xd_results_add(&results, &row), 0);
	assert_int_equal(xd_results_write(&results, path, &err), 0);
	root = json_load_file(path, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(root, "rows")), 100);
	json_decref(root);
	unlink(path);
	assert_int_equal(xd_results_write(&results, "/nowhere/x.json", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/x.json"));
	xd_results_fini(&results);
}

static void
test_placement_classes(void **state)
{
	(void)state;
	assert_string_equal(xd_placement_class(120, 199), "near");
	assert_string_equal(xd_placement_class(200, 475), "far");
	assert_string_equal(xd_placement_class(120, 475), "mixed");
	assert_string_equal(xd_placement_class(475, 120), "mixed");
	assert_string_equal(xd_placement_class(0, 120), "unknown");
	assert_true(xd_placement_ns(0, 0, 1e9) == 0); /* one core has no distance */
	assert_true(xd_placement_ns(-1, 0, 1e9) == 0);
	assert_true(xd_placement_ns(0, 100000, 1e9) == 0);
}

static void
test_tsc(void **state)
{
	double hz = xd_tsc_calibrate();

	(void)state;
	assert_true(hz > 1e8 && hz < 1e11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_times_and_counts),
		cmocka_unit_test(test_frames_are_valid),
		cmocka_unit_test(test_unfinished_frames),
		cmocka_unit_test(test_mac_flows),
		cmocka_unit_test(test_l4_flows),
		cmocka_unit_test(test_touch),
		cmocka_unit_test(test_bad_streams),
		cmocka_unit_test(test_lines_read),
		cmocka_unit_test(test_port_names),
		cmocka_unit_test(test_rate_json),
		cmocka_unit_test(test_latency_json),
		cmocka_unit_test(test_write_results),
		cmocka_unit_test(test_placement_classes),
		cmocka_unit_test(test_tsc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
