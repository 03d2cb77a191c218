/* SPDX-License-Identifier: BSD-3-Clause */
/* Schedules, and streams of a list's frames: their numbers, times and checksums, faults that are
 * made on purpose, and frames that are sent back. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_checks.h"
#include "traffic/frames/list_stream.h"
#include "traffic/frames/template.h"

#define TSC_HZ 2.5e9
#define MANY   1000000

/* ---- Schedules ---- */

/* At no time since the start are there more or fewer frames than the rate says, and each is due
 * when it is planned. */
static void
test_no_drift(void **state)
{
	static const double rates[] = {100e3, 1e6, 9.999e6, 10e6, 14.88e6};
	static const double hours[] = {0, 1e-3, 0.1, 1, 7, 29};

	(void)state;
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (unsigned h = 0; h < sizeof(hours) / sizeof(hours[0]); h++) {
			struct xd_schedule s = {
				.interval = TSC_HZ / rates[i], .start = 0x123456789aull};
			uint64_t k = (uint64_t)(hours[h] * 3600 * rates[i]);
			uint64_t at = xd_schedule_planned(&s, k);
			double want = (double)k / rates[i] * TSC_HZ;

			assert_true(fabs((double)(at - s.start) - want) <= 2);
			assert_int_equal(xd_schedule_due(&s, k, at - 2, 32), 0);
			assert_int_equal(xd_schedule_due(&s, k, at + 2, 32), 1);
			/* A second later, a second's worth; of no burst more than was asked for. */
			at += (uint64_t)TSC_HZ;
			assert_int_equal(xd_schedule_due(&s, k, at + 2, 32), 32);
			assert_int_equal(
				xd_schedule_due(&s, k + (uint64_t)rates[i], at + 2, 32), 1);
			assert_int_equal(
				xd_schedule_due(&s, k + (uint64_t)rates[i] + 1, at + 2, 32), 0);
		}
}

/* Frames taken as they become due, by a clock that is looked at now and then: all are sent, none
 * before its time. */
static void
test_due_follows_planned(void **state)
{
	struct xd_schedule s = {.interval = 250.3, .start = 1000};
	uint64_t k = 0, now = 0;

	(void)state;
	assert_int_equal(xd_schedule_due(&s, 0, 999, 32), 0);
	while (now < 100000000) {
		uint16_t n = xd_schedule_due(&s, k, now, 32);

		for (uint16_t i = 0; i < n; i++)
			assert_true(xd_schedule_planned(&s, k + i) <= now + 1);
		if (n < 32)
			assert_true(xd_schedule_planned(&s, k + n) + 1 > now);
		k += n;
		now += 1 + now * 7919 % 3000;
	}
	assert_true(fabs((double)k - (100000000 - 1000) / 250.3) < 40);
}

/* Frames of a backlog are counted as if each was looked at, however many there are. */
static void
test_overdue(void **state)
{
	struct xd_schedule s = {.interval = 250.3, .start = 1000, .passed = 2};
	uint64_t times[] = {0, 1, 1, 1, 7, 20}, many;
	struct xd_list_frame frames[6];
	struct xd_frame_list list = {.frames = frames, .n = 6};

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		frames[i] = (struct xd_list_frame){.at_ns = times[i]};
	for (unsigned kind = 0; kind < 2; kind++) {
		assert_int_equal(xd_schedule_overdue(&s, 0, 900), 0);
		for (uint64_t time = 1000; time < 5000; time++)
			for (uint64_t k = 0; k < 4; k++) {
				for (many = 0; xd_schedule_planned(&s, k + many) < time; many++)
					;
				assert_int_equal(xd_schedule_overdue(&s, k, time), many);
			}
		s = (struct xd_schedule){.list = &list,
			.cycles_per_ns = 2.1,
			.round = 50,
			.start = 1000,
			.passed = 2};
	}
	/* Six frames a cycle, for a day: found at once. */
	s = (struct xd_schedule){.list = &list, .cycles_per_ns = 0.01, .round = 1};
	assert_int_equal(xd_schedule_overdue(&s, 0, 1ull << 48), 6ull << 48);
}

static void
test_passed(void **state)
{
	struct xd_schedule s = {.interval = 100, .start = 5000, .passed = 7};

	(void)state;
	assert_int_equal(xd_schedule_planned(&s, 3), 6000);
	assert_int_equal(xd_schedule_due(&s, 3, 5999, 8), 0);
	assert_int_equal(xd_schedule_due(&s, 3, 6000, 8), 1);
	assert_int_equal(xd_schedule_due(&s, 3, 6300, 8), 4);
}

static void
test_unpaced(void **state)
{
	struct xd_schedule s = {.start = 5000};

	(void)state;
	assert_false(xd_schedule_paced(&s));
	assert_int_equal(xd_schedule_due(&s, 0, 4999, 64), 0);
	assert_int_equal(xd_schedule_due(&s, 12345, 5000, 64), 64);
}

/* A capture's own times, round after round. */
static void
test_own_times(void **state)
{
	static const uint64_t at_ns[] = {0, 100, 100, 5000};
	struct xd_frame_list list;
	uint8_t frame[60] = {0};
	struct xd_schedule s = {.list = &list, .cycles_per_ns = 2, .round = 20000, .start = 1000};

	(void)state;
	xd_frame_list_init(&list, false);
	for (unsigned i = 0; i < 4; i++) {
		struct xd_list_frame_opts opts = {.at_ns = at_ns[i]};

		assert_int_equal(xd_frame_list_add(&list, frame, 60, &opts, NULL), 0);
	}
	assert_true(xd_schedule_paced(&s));
	for (uint64_t k = 0; k < 40; k++)
		assert_int_equal(
			xd_schedule_planned(&s, k), 1000 + k / 4 * 20000 + 2 * at_ns[k % 4]);
	assert_int_equal(xd_schedule_due(&s, 0, 999, 8), 0);
	assert_int_equal(xd_schedule_due(&s, 0, 1000, 8), 1);
	assert_int_equal(xd_schedule_due(&s, 1, 1199, 8), 0);
	assert_int_equal(xd_schedule_due(&s, 1, 1200, 8), 2);
	assert_int_equal(xd_schedule_due(&s, 1, 1000000, 8), 8);
	assert_int_equal(xd_schedule_due(&s, 3, 21000, 8), 2);
	s.passed = 3;
	assert_int_equal(xd_schedule_planned(&s, 0), 11000);
	assert_int_equal(xd_schedule_planned(&s, 1), 21000);
	xd_frame_list_fini(&list);
}

/* ---- Streams ---- */

struct env {
	struct xd_frame_list list;
	struct xd_list_stream *stream;
	struct xd_schedule schedule;
	uint8_t frame[2048];
	struct xd_tag tag; /* of the frame written last */
};

static void
env_make(struct env *e, const struct xd_size_mix *mix, uint32_t flows, uint32_t first_flow)
{
	static const uint8_t to[] = {1};
	struct xd_template_build build = {
		.mix = mix, .flows = flows, .nb_to = 1, .to = to, .first_flow = first_flow};
	struct xd_error err;

	memset(e, 0, sizeof(*e));
	xd_frame_list_init(&e->list, true);
	assert_int_equal(xd_template_build(NULL, &build, &e->list, &err), 0);
}

static void
env_stream(struct env *e, const struct xd_impair *impair, struct xd_echo *echo)
{
	struct xd_list_stream_opts opts = {.list = &e->list, .impair = impair, .echo = echo};

	xd_list_stream_destroy(e->stream);
	e->stream = xd_list_stream_create(&opts);
	assert_non_null(e->stream);
}

static void
env_fini(struct env *e)
{
	xd_list_stream_destroy(e->stream);
	xd_frame_list_fini(&e->list);
}

static uint32_t
next(struct env *e)
{
	uint32_t len = xd_list_stream_write(e->stream, &e->schedule, e->frame, true);

	assert_true(xd_tag_read(e->frame, len, &e->tag));
	return len;
}

static const struct xd_size_mix small = {.n = 1, .bytes = {60}, .weight = {1}};

static const struct xd_size_mix imix = {.n = 3, .bytes = {61, 590, 1514}, .weight = {7, 4, 1}};

/* Frames in turn, each flow numbered by itself, everything right as soon as it is tagged. */
static void
test_turn(void **state)
{
	struct env e;
	uint32_t seq[10] = {0};

	(void)state;
	env_make(&e, &imix, 10, 100);
	env_stream(&e, NULL, NULL);
	for (uint32_t i = 0; i < 5 * e.list.n; i++) {
		const struct xd_list_frame *f = &e.list.frames[i % e.list.n];
		uint32_t len;

		e.stream->now = 1000ull * i;
		len = next(&e);
		assert_int_equal(len, f->len);
		assert_int_equal(e.tag.flow, f->flow);
		assert_in_range(e.tag.flow, 100, 109);
		assert_int_equal(e.tag.seq, seq[e.tag.flow - 100]++);
		assert_int_equal(e.tag.planned_cycles, 1000ull * i);
		assert_int_equal(e.tag.late_cycles, 0);
		check_frame(e.frame, len);
		check_countdown(e.frame, len, 42, XD_TAG_BYTES);
	}
	env_fini(&e);
}

/* A number goes round its circle; the frame's checksum is right whatever the tag says. */
static void
test_numbers_wrap(void **state)
{
	struct env e;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, NULL, NULL);
	e.stream->flow_made[0] = (1u << 24) - 3;
	for (uint32_t i = 0; i < 6; i++) {
		e.stream->now = i * 0x9e3779b97f4a7c15ull;
		check_frame(e.frame, next(&e));
		assert_int_equal(e.tag.seq, ((1u << 24) - 3 + i) & 0xffffff);
	}
	env_fini(&e);
}

static void
test_checksums(void **state)
{
	struct env e;

	(void)state;
	env_make(&e, &imix, 1000, 0); /* odd lengths, too */
	env_stream(&e, NULL, NULL);
	for (uint32_t i = 0; i < 100000; i++) {
		e.stream->now += 0x9e3779b97f4a7c15ull;
		check_frame(e.frame, next(&e));
	}
	env_fini(&e);
}

/* Only the first line and the tag: what else is there stays. */
static void
test_stamp(void **state)
{
	struct env e;
	uint32_t len;

	(void)state;
	env_make(&e, &(struct xd_size_mix){.n = 1, .bytes = {300}, .weight = {1}}, 1, 0);
	env_stream(&e, NULL, NULL);
	memset(e.frame, 0xee, sizeof(e.frame));
	len = xd_list_stream_write(e.stream, &e.schedule, e.frame, false);
	assert_int_equal(len, 300);
	for (uint32_t i = 64; i < 300 - XD_TAG_BYTES; i++)
		assert_int_equal(e.frame[i], 0xee);
	assert_true(xd_tag_read(e.frame, len, &e.tag));
	next(&e);
	check_frame(e.frame, len);
	xd_list_stream_write(e.stream, &e.schedule, e.frame, false);
	check_frame(e.frame, len);
	env_fini(&e);
}

/* What was planned, and how late it is. */
static void
test_times(void **state)
{
	struct env e;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, NULL, NULL);
	e.schedule = (struct xd_schedule){.interval = 250, .start = 10000};
	e.stream->now = 10100;
	next(&e);
	assert_int_equal(e.tag.planned_cycles, 10000);
	assert_int_equal(e.tag.late_cycles, 100);
	e.stream->now = 12000; /* a burst of what is due */
	for (uint32_t i = 1; i < 9; i++) {
		next(&e);
		assert_int_equal(e.tag.planned_cycles, 10000 + 250 * i);
		assert_int_equal(e.tag.late_cycles, 2000 - 250 * i);
	}
	e.schedule.passed = 10;
	e.stream->now = 20000;
	next(&e);
	assert_int_equal(e.tag.planned_cycles, 10000 + 250 * 19);
	env_fini(&e);
}

/* ---- Faults ---- */

/* What became of each frame: by sequence number of the only flow. */
struct fate {
	uint8_t *times;  /* sent */
	uint32_t *place; /* of the first */
	uint32_t sent;
};

static struct fate
run(struct env *e, uint32_t writes)
{
	struct fate f = {.times = calloc(3 * writes, 1), .place = calloc(3 * writes, 4)};

	assert_true(f.times && f.place);
	for (f.sent = 0; f.sent < writes; f.sent++) {
		next(e);
		assert_true(e->tag.seq < 3 * writes);
		if (f.times[e->tag.seq]++ == 0)
			f.place[e->tag.seq] = f.sent;
	}
	return f;
}

static void
fate_fini(struct fate *f)
{
	free(f->times);
	free(f->place);
}

static void
assert_share(uint64_t n, double share, uint64_t of)
{
	double want = share * (double)of;

	/* Five standard deviations. */
	assert_true(fabs((double)n - want) <= 5 * sqrt(want * (1 - share)) + 1);
}

static void
test_loss(void **state)
{
	struct xd_impair impair = {.loss = 0.01, .seed = 7};
	struct env e;
	struct fate f;
	uint32_t made, lost = 0, before = 0;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	f = run(&e, MANY);
	made = (uint32_t)e.stream->flow_made[0];
	assert_int_equal(e.stream->made, made);
	for (uint32_t i = 0; i < made; i++) {
		lost += f.times[i] == 0;
		assert_true(f.times[i] <= 1);
		if (f.times[i])
			assert_true(i == 0 || f.place[i] >= before);
		before = f.times[i] ? f.place[i] : before;
	}
	assert_int_equal(e.stream->lost, lost);
	assert_int_equal(made, MANY + lost);
	assert_share(lost, impair.loss, made);
	assert_int_equal(e.stream->duplicated, 0);
	assert_int_equal(e.stream->reordered, 0);
	/* What the schedule had to send is what was sent and what was lost. */
	assert_int_equal(xd_list_stream_offered(e.stream, MANY), made);
	fate_fini(&f);
	env_fini(&e);
}

static void
test_dup(void **state)
{
	struct xd_impair impair = {.dup = 0.02, .seed = 7};
	struct env e;
	struct fate f;
	uint32_t made, twice = 0;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	f = run(&e, MANY);
	made = (uint32_t)e.stream->flow_made[0];
	for (uint32_t i = 0; i < made; i++) {
		assert_in_range(f.times[i], 1, 2);
		twice += f.times[i] == 2;
		/* The second right behind the first. */
		if (i + 1 < made)
			assert_int_equal(f.place[i + 1] - f.place[i], f.times[i]);
	}
	assert_int_equal(e.stream->duplicated, twice);
	assert_int_equal(made + twice, MANY);
	assert_share(twice, impair.dup, made);
	assert_int_equal(xd_list_stream_offered(e.stream, MANY), made);
	fate_fini(&f);
	env_fini(&e);
}

static void
test_reorder(void **state)
{
	struct xd_impair impair = {.reorder = 0.05, .seed = 9};
	struct env e;
	struct fate f;
	uint32_t made, behind = 0;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	f = run(&e, MANY);
	made = (uint32_t)e.stream->flow_made[0];
	for (uint32_t i = 0; i + 3 < made; i++) { /* the last may be held still */
		assert_int_equal(f.times[i], 1);
		if (f.place[i] < f.place[i + 1])
			continue;
		assert_int_equal(f.place[i], f.place[i + 1] + 1); /* right behind its follower */
		assert_true(f.place[i + 2] > f.place[i]);
		behind++;
	}
	assert_in_range(e.stream->reordered, behind, behind + 1);
	assert_share(behind, impair.reorder, made);
	fate_fini(&f);
	env_fini(&e);
}

/* All at once: what was made was sent, lost or is held, and each duplicate is sent twice. */
static void
test_all_faults(void **state)
{
	struct xd_impair impair = {.loss = 0.1, .dup = 0.1, .reorder = 0.1, .seed = 3};
	struct env e;
	struct fate f;
	uint32_t made, lost = 0, twice = 0;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	f = run(&e, MANY);
	made = (uint32_t)e.stream->flow_made[0];
	for (uint32_t i = 0; i < made; i++) {
		assert_true(f.times[i] <= 2);
		lost += f.times[i] == 0;
		twice += f.times[i] == 2;
	}
	assert_int_equal(lost, e.stream->lost + e.stream->held);
	assert_int_equal(twice, e.stream->duplicated);
	assert_int_equal(made + twice - lost, MANY);
	/* Each its share, whatever the others do. */
	assert_share(lost, impair.loss, made);
	assert_share(twice, impair.dup, made - lost);
	assert_share(e.stream->reordered, impair.reorder, made - lost);
	fate_fini(&f);
	env_fini(&e);
}

static void
test_seeds(void **state)
{
	struct xd_impair impair = {.loss = 0.3, .dup = 0.3, .reorder = 0.3, .seed = 1};
	struct env a, b;
	unsigned differ = 0;

	(void)state;
	env_make(&a, &small, 1, 0);
	env_make(&b, &small, 1, 0);
	env_stream(&a, &impair, NULL);
	env_stream(&b, &impair, NULL);
	for (unsigned i = 0; i < 10000; i++) {
		next(&a);
		next(&b);
		assert_int_equal(a.tag.seq, b.tag.seq);
	}
	impair.seed = 2;
	env_stream(&a, &impair, NULL);
	impair.seed = 0; /* is a seed, too */
	env_stream(&b, &impair, NULL);
	for (unsigned i = 0; i < 10000; i++) {
		next(&a);
		next(&b);
		differ += a.tag.seq != b.tag.seq;
	}
	assert_true(differ > 1000);
	assert_true(b.stream->lost > 1000);
	env_fini(&a);
	env_fini(&b);
}

/* Nearly all lost: a frame comes out of it all the same. */
static void
test_all_lost(void **state)
{
	struct xd_impair impair = {.loss = 1};
	struct env e;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	for (unsigned i = 0; i < 10; i++)
		check_frame(e.frame, next(&e));
	assert_true(e.stream->lost > 10);
	env_fini(&e);
}

/* A frame in the place of one that was lost, or is held back, is early by the schedule. It says
 * that it was planned for when it is sent: times from the future would be read as 30 hours. */
static void
test_early(void **state)
{
	struct xd_impair impair = {.loss = 0.2, .reorder = 0.2, .dup = 0.1, .seed = 5};
	struct env e;
	uint64_t sent = 0;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, &impair, NULL);
	e.schedule = (struct xd_schedule){.interval = 250, .start = 10000};
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t k = xd_list_stream_offered(e.stream, sent);
		uint64_t planned = xd_schedule_planned(&e.schedule, k);
		bool before = e.stream->again || e.stream->held; /* numbered some turns ago */

		e.stream->now = planned + 20;
		assert_true(xd_schedule_due(&e.schedule, k, e.stream->now, 1));
		next(&e);
		sent++;
		assert_true(e.tag.planned_cycles + e.tag.late_cycles <= e.stream->now);
		if (!before)
			assert_int_equal(e.tag.planned_cycles + e.tag.late_cycles, e.stream->now);
	}
	env_fini(&e);
}

static void
test_begin(void **state)
{
	struct xd_impair impair = {.loss = 0.2, .reorder = 0.9, .dup = 0.5, .seed = 5};
	struct env e;
	uint64_t made;

	(void)state;
	env_make(&e, &small, 2, 0);
	env_stream(&e, &impair, NULL);
	for (unsigned i = 0; i < 1000 || !e.stream->held; i++)
		next(&e);
	made = e.stream->flow_made[0];
	e.stream->impair = (struct xd_impair){0}; /* and what is under way is forgotten */
	xd_list_stream_begin(e.stream);
	assert_int_equal(xd_list_stream_offered(e.stream, 0), 0);
	next(&e);
	assert_int_equal(e.tag.flow, 0);
	assert_int_equal(e.tag.seq, made);
	assert_int_equal(e.stream->made, 1);
	env_fini(&e);
}

/* ---- Frames that are sent back ---- */

static void
test_echo_fifo(void **state)
{
	struct xd_echo *echo = xd_echo_create(8);
	struct xd_tag tag = {0};
	struct env e;

	(void)state;
	assert_non_null(echo);
	env_make(&e, &imix, 10, 100);
	env_stream(&e, NULL, echo);
	echo->head = echo->tail = UINT32_MAX - 20; /* round the circle */
	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 5; i++) {
			tag = (struct xd_tag){.flow = 100 + (round + i) % 10,
				.seq = round * 5 + i,
				.planned_cycles = 1000 + i,
				.late_cycles = i};
			xd_echo_put(echo, &tag);
		}
		for (uint32_t i = 0; i < 5; i++) {
			uint32_t len = next(&e);

			assert_int_equal(e.tag.flow, 100 + (round + i) % 10);
			assert_int_equal(e.tag.seq, round * 5 + i);
			assert_int_equal(e.tag.planned_cycles, 1000 + i);
			assert_int_equal(e.tag.late_cycles, i);
			check_frame(e.frame, len);
		}
		assert_int_equal(echo->head, echo->tail);
	}
	assert_int_equal(e.stream->made, 0); /* none of its own */
	assert_int_equal(echo->overflows, 0);
	env_fini(&e);
	xd_echo_destroy(echo);
}

static void
test_echo_full(void **state)
{
	struct xd_echo *echo = xd_echo_create(8);
	struct env e;

	(void)state;
	env_make(&e, &small, 1, 0);
	env_stream(&e, NULL, echo);
	for (uint32_t i = 0; i < 11; i++)
		xd_echo_put(echo, &(struct xd_tag){.seq = i});
	assert_int_equal(echo->overflows, 3);
	for (uint32_t i = 0; i < 8; i++) {
		next(&e);
		assert_int_equal(e.tag.seq, i);
	}
	/* A flow that is none of the list's is sent as some frame of it. */
	xd_echo_put(echo, &(struct xd_tag){.flow = 0xffffff, .seq = 77});
	check_frame(e.frame, next(&e));
	assert_int_equal(e.tag.seq, 77);
	env_fini(&e);
	xd_echo_destroy(echo);
	xd_echo_destroy(NULL);
	xd_list_stream_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overdue),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_due_follows_planned),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_unpaced),
		cmocka_unit_test(test_own_times),
		cmocka_unit_test(test_turn),
		cmocka_unit_test(test_numbers_wrap),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_dup),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_all_lost),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_echo_fifo),
		cmocka_unit_test(test_echo_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
