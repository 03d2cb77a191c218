/* SPDX-License-Identifier: BSD-3-Clause */
/* Trials over loop ports: what is sent is what is found, whatever is done to it on the way. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include "traffic/engine/latency.h"
#include "traffic/engine/rate.h"
#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/lane.h"
#include "traffic/trial/trial.h"

struct bench {
	struct xd_gen gen;
	struct xd_traffic_opts traffic;
	struct xd_trial_load load;
	struct xd_row row;
	struct xd_error err;
};

static void
set_size(struct xd_traffic_opts *t, uint32_t bytes)
{
	t->sizes = (struct xd_sizes){
		.n = 1,
		.mix = {{.n = 1, .bytes = {bytes}, .weight = {1}}},
	};
}

/* Ports 0 and 1 are connected, 2 and 3, ... */
static struct bench *
begin(unsigned nb_ports)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct xd_gen_port_opts opts = {.frame_bytes = 1518, .node = -1};

	assert_non_null(b);
	b->gen.tsc_hz = xd_tsc_calibrate();
	b->gen.nb_cores = 1;
	for (unsigned i = 0; i < XD_GEN_CORES_MAX; i++)
		b->gen.cores[i] = -1;
	b->gen.placement[0] = b->gen.placement[1] = -1;
	for (unsigned i = 0; i < nb_ports; i++) {
		char name[16];

		snprintf(name, sizeof(name), "loop:%c", 'a' + (int)i / 2);
		opts.others = b->gen.ports;
		opts.nb_others = i;
		b->gen.ports[i] = xd_gen_port_open(name, &opts, &b->err);
		if (!b->gen.ports[i])
			fail_msg("%s", b->err.text);
		b->gen.nb_ports++;
	}
	b->traffic.flows = 1;
	set_size(&b->traffic, 64);
	b->load = (struct xd_trial_load){.time_s = 10, .frames = 20000, .what = "measuring"};
	return b;
}

static void
end(struct bench *b)
{
	for (unsigned i = b->gen.nb_ports; i-- > 0;)
		xd_gen_port_close(b->gen.ports[i]);
	free(b);
}

static void
run(struct bench *b)
{
	struct xd_trial *t = xd_trial_create(&b->gen, &b->traffic, 0, 0, &b->err);

	if (!t)
		fail_msg("%s", b->err.text);
	if (xd_trial_run(t, &b->load, &b->row, &b->err))
		fail_msg("%s", b->err.text);
	xd_trial_destroy(t);
}

/* Every frame asked for was sent, and came. */
static void
assert_all_came(const struct bench *b, unsigned senders)
{
	const struct xd_rate_figures *r = &b->row.rate;

	assert_int_equal(r->sent_frames, senders * b->load.frames);
	assert_int_equal(r->received_frames, r->sent_frames);
	assert_int_equal(r->lost_frames, 0);
	for (unsigned i = 0; i < r->nb_ports; i++)
		assert_int_equal(r->ports[i].foreign_frames, 0);
}

static void
test_synthetic_stream(void **state)
{
	static const enum xd_touch touches[] = {XD_TOUCH_FULL, XD_TOUCH_STAMP, XD_TOUCH_NONE};
	struct bench *b = begin(2);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned flows = 1; flows <= 1000; flows *= 1000)
			for (unsigned kind = 0; kind < 2; kind++) {
				b->traffic.touch = touches[i];
				b->traffic.flows = flows;
				b->traffic.flow_kind = kind ? XD_FLOW_L4 : XD_FLOW_MAC;
				run(b);
				assert_all_came(b, 1);
				assert_false(b->row.tracked);
				assert_false(b->row.timed);
				assert_false(b->row.paced);
			}
	end(b);
}

static void
test_tracked(void **state)
{
	struct bench *b = begin(4);

	(void)state;
	b->traffic.track = b->traffic.verify = true;
	b->traffic.direction = XD_DIRECTION_BOTH;
	b->traffic.flows = 7;
	for (unsigned size = 60; size < 1518; size += 181) {
		set_size(&b->traffic, size);
		run(b);
		assert_all_came(b, 4);
		assert_true(b->row.tracked);
		assert_int_equal(b->row.flow_figures.flows, 4 * 7);
		assert_int_equal(b->row.flow_figures.lost, 0);
		assert_int_equal(b->row.flow_figures.reordered, 0);
		assert_int_equal(b->row.flow_figures.duplicated, 0);
		assert_int_equal(b->row.flow_figures.wrong_payload, 0);
	}
	end(b);
}

static void
test_mix(void **state)
{
	struct bench *b = begin(2);

	(void)state;
	assert_int_equal(xd_sizes_parse("imix", 60, 9216, &b->traffic.sizes, &b->err), 0);
	b->load.frames = 12 * 1000;
	b->traffic.verify = true;
	run(b);
	assert_all_came(b, 1);
	assert_string_equal(b->row.mix, "imix");
	assert_int_equal(b->row.size, 358); /* (7 * 60 + 4 * 590 + 1514) / 12, rounded */
	assert_true(fabs(b->row.rate.l2_bps - b->row.rate.pps * 8 * 4294 / 12) < 1);
	end(b);
}

static void
test_faults_are_found(void **state)
{
	struct bench *b = begin(2);
	const struct xd_flow_figures *f = &b->row.flow_figures;

	(void)state;
	b->load.frames = 200000;
	b->traffic.track = true;
	b->traffic.flows = 10;
	b->traffic.impair[0] =
		(struct xd_impair){.loss = 0.01, .dup = 0.005, .reorder = 0, .seed = 3};
	run(b);
	assert_true(f->impaired_lost > 1500 && f->impaired_lost < 2500);
	assert_true(f->impaired_dup > 700 && f->impaired_dup < 1300);
	assert_int_equal(f->lost, f->impaired_lost);
	assert_int_equal(f->duplicated, f->impaired_dup);
	assert_int_equal(f->reordered, 0);
	assert_int_equal(f->flows_with_loss, 10);
	assert_int_equal(b->row.rate.lost_frames, f->lost);
	/* Two frames that follow each other are swapped: with one flow each of it is seen. */
	b->traffic.flows = 1;
	b->traffic.impair[0] = (struct xd_impair){.reorder = 0.01, .seed = 4};
	run(b);
	assert_true(f->impaired_reordered > 1500 && f->impaired_reordered < 2500);
	/* The last one of all may have been held back. */
	assert_true(f->impaired_reordered - f->reordered <= 1);
	assert_true(f->lost <= 1);
	assert_int_equal(f->duplicated, 0);
	end(b);
}

static void
test_patterns(void **state)
{
	struct bench *b = begin(4);

	(void)state;
	/* Loops take what is sent to their peer only; mesh and fan-in name others too. */
	b->gen.nb_ports = 2;
	b->traffic.track = true;
	b->traffic.pattern = XD_PATTERN_FAN_IN;
	run(b);
	assert_int_equal(b->row.rate.ports[0].sent_frames, 0);
	assert_all_came(b, 1);
	b->traffic.pattern = XD_PATTERN_MESH;
	run(b);
	assert_all_came(b, 2);
	b->traffic.pattern = XD_PATTERN_BROADCAST;
	run(b);
	assert_all_came(b, 1);
	b->gen.nb_ports = 4;
	end(b);
}

static void
test_refused(void **state)
{
	struct bench *b = begin(4);

	(void)state;
	b->gen.nb_ports = 3;
	assert_null(xd_trial_create(&b->gen, &b->traffic, 0, 0, &b->err));
	assert_non_null(strstr(b->err.text, "3 ports"));
	b->gen.nb_ports = 1;
	assert_null(xd_trial_create(&b->gen, &b->traffic, 0, 0, &b->err));
	assert_non_null(strstr(b->err.text, "reflect"));
	b->gen.nb_ports = 4;
	b->traffic.touch = XD_TOUCH_NONE;
	b->traffic.track = true;
	assert_null(xd_trial_create(&b->gen, &b->traffic, 0, 2, &b->err));
	assert_non_null(strstr(b->err.text, "stamp"));
	b->traffic.touch = XD_TOUCH_FULL;
	set_size(&b->traffic, 9000);
	assert_null(xd_trial_create(&b->gen, &b->traffic, 0, 2, &b->err));
	assert_non_null(strstr(b->err.text, "loop:a"));
	assert_non_null(strstr(b->err.text, "MTU"));
	set_size(&b->traffic, 64);
	assert_int_equal(xd_impair_parse("loss=1%", &b->traffic.impair[0], &b->err), 0);
	end(b);
}

static void
test_schedule(void **state)
{
	struct bench *b = begin(2);
	const struct xd_pacing_figures *p = &b->row.pacing;

	(void)state;
	b->load = (struct xd_trial_load){.pps = 50000, .time_s = 0.2, .what = "measuring"};
	for (unsigned list = 0; list < 2; list++) {
		b->traffic.every = list ? 1 : 0;
		run(b);
		assert_true(b->row.paced);
		assert_true(b->row.rate.asked_pps == 50000);
		/* A schedule may be missed on a loaded machine, and must never be exceeded; nor
		 * does such a machine look at the clock in time. */
		assert_in_range(b->row.rate.sent_frames, 1, 2 + (uint64_t)(50000 * b->row.time_s));
		assert_int_equal(p->lateness.count, b->row.rate.sent_frames);
		assert_in_range(p->max_burst, 1, 32);
		assert_int_equal(b->row.timed, list);
		if (!list)
			continue;
		assert_int_equal(p->skipped_frames, 0);
		assert_int_equal(b->row.latency.count, b->row.rate.received_frames);
		/* What was late for the plan took longer from it. */
		assert_true(b->row.latency.planned.max_ns >= b->row.latency.actual.min_ns);
		assert_true(
			b->row.latency.planned.mean_ns * 1.002 >= b->row.latency.actual.mean_ns);
		assert_int_equal(b->row.latency.way, XD_TIMES_ONE_WAY);
	}
	end(b);
}

static void
test_one_in_so_many(void **state)
{
	struct bench *b = begin(2);

	(void)state;
	b->traffic.every = 100;
	run(b);
	assert_all_came(b, 1);
	assert_int_equal(b->row.latency.count, b->load.frames / 100);
	end(b);
}

static void
test_delay(void **state)
{
	struct bench *b = begin(2);

	(void)state;
	b->traffic.every = 1;
	b->traffic.impair[0].delay_us = 700;
	b->load = (struct xd_trial_load){.pps = 20000, .time_s = 0.1, .what = "measuring"};
	run(b);
	/* From the plan; a trial in which the generator itself fell behind says nothing. */
	if (!b->row.is_void)
		assert_true(b->row.latency.planned.min_ns >= 699000);
	assert_int_equal(b->row.rate.lost_frames, 0);
	end(b);
}

/* As long as it is asked to, though there is nobody who could be sending. */
static void
test_lane_that_only_receives(void **state)
{
	struct bench *b = begin(2);
	struct xd_lane lane = {
		.gen = &b->gen,
		.core = -1,
		.nb_ports = 1,
		.ports = {b->gen.ports[0]},
		.cycles = (uint64_t)(0.01 * b->gen.tsc_hz),
	};

	(void)state;
	assert_int_equal(xd_lanes_run(&lane, 1, &b->err), 0);
	assert_true(lane.elapsed_cycles >= lane.cycles);
	end(b);
}

static void
test_round_trips(void **state)
{
	struct bench *b = begin(2);

	(void)state;
	b->traffic.every = 1;
	b->traffic.echo = true;
	b->traffic.flows = 5;
	b->load = (struct xd_trial_load){.pps = 20000, .time_s = 0.1, .what = "measuring"};
	run(b);
	assert_int_equal(b->row.latency.way, XD_TIMES_ROUND_TRIP);
	assert_int_equal(b->row.rate.lost_frames, 0);
	assert_true(b->row.rate.sent_frames > 0);
	assert_int_equal(b->row.latency.count, b->row.rate.sent_frames);
	assert_int_equal(b->row.rate.ports[1].received_frames, b->row.rate.sent_frames);
	assert_int_equal(b->row.rate.ports[1].sent_frames, b->row.rate.sent_frames);
	end(b);
}

static void
test_template(void **state)
{
	struct bench *b = begin(2);
	struct xd_template *t = xd_template_parse(
		"eth/vlan(id=7)/ipv6(src=fd00::1..fd00::9)/tcp(dport=80)", &b->err);

	(void)state;
	assert_non_null(t);
	b->traffic.template = t;
	b->traffic.flows = 9;
	set_size(&b->traffic, 200);
	run(b);
	assert_all_came(b, 1);
	assert_int_equal(b->row.flow_figures.flows, 9);
	assert_string_equal(b->row.template_text, xd_template_text(t));
	xd_template_destroy(t);
	end(b);
}

/* Three frames, 2 ms and 3 ms apart. */
static struct xd_capture *
capture(struct xd_error *err)
{
	char path[] = "/tmp/crossdock-test-XXXXXX";
	int fd = mkstemp(path);
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper;
	struct xd_capture *c;

	assert_true(fd >= 0);
	close(fd);
	dumper = pcap_dump_open(pcap, path);
	assert_non_null(dumper);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t frame[200] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
		struct pcap_pkthdr h = {.caplen = 100 + i, .len = 100 + i};

		h.ts.tv_usec = (suseconds_t)(i == 2 ? 5000 : i * 2000);
		pcap_dump((u_char *)dumper, &h, frame);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	c = xd_capture_load(path, err);
	unlink(path);
	return c;
}

static void
test_capture(void **state)
{
	struct bench *b = begin(2);
	struct xd_capture *c = capture(&b->err);

	(void)state;
	assert_non_null(c);
	b->traffic.capture = c;
	b->load.frames = 3000;
	run(b);
	assert_all_came(b, 1);
	assert_int_equal(b->row.size, 101);
	/* At their own times: 5 ms, then the mean gap of 2.5 ms. */
	b->traffic.replay = XD_REPLAY_OWN_TIMES;
	b->load = (struct xd_trial_load){.time_s = 0.1, .what = "measuring"};
	run(b);
	assert_true(b->row.paced);
	assert_in_range(b->row.rate.sent_frames, 2, 3 * (1 + b->row.time_s / 0.0075));
	assert_int_equal(b->row.rate.lost_frames, 0);
	xd_capture_destroy(c);
	end(b);
}

static void
test_again_and_again(void **state)
{
	struct bench *b = begin(2);
	struct xd_trial *t;

	(void)state;
	b->traffic.track = true;
	t = xd_trial_create(&b->gen, &b->traffic, 0, 0, &b->err);
	assert_non_null(t);
	for (unsigned i = 0; i < 3; i++) {
		b->load.warmup_s = i ? 0.01 : 0;
		assert_int_equal(xd_trial_run(t, &b->load, &b->row, &b->err), 0);
		assert_all_came(b, 1);
		assert_int_equal(b->row.flow_figures.reordered, 0);
		assert_int_equal(b->row.flow_figures.duplicated, 0);
	}
	xd_trial_destroy(t);
	end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_synthetic_stream),
		cmocka_unit_test(test_tracked),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_faults_are_found),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_one_in_so_many),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_lane_that_only_receives),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
