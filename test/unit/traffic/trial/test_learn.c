/* SPDX-License-Identifier: BSD-3-Clause */
/* The learning pass beside a switch that stands still for a while: what comes late was not lost,
 * and why nothing comes is not told too early. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/learn.h"

#define STALL_NS (300 * 1000 * 1000ull)
#define FRAMES   1000

/* Two loop ports, of which the second is handed what has come only when the switch between them is
 * not away. */
struct bench {
	struct xd_gen_port_ops ops;          /* the second port's */
	const struct xd_gen_port_ops *under; /* as a loop port has them */
	struct xd_gen gen;
	struct xd_stream_opts stream;
	struct xd_learn learn;
	struct xd_learned learned;
	struct xd_error err;
	uint64_t stall_at;   /* frames until it is away */
	uint64_t stalled_at; /* ns; 0: not yet */
	uint32_t longest;    /* bytes that get through */
	uint64_t lose;       /* frames that do not */
};

static bool
too_long(const struct bench *b)
{
	return xd_stream_max_len(&b->gen.ports[0]->stream) > b->longest;
}

static bool
away(struct bench *b, const struct xd_gen_port *port)
{
	if (port->received.frames < b->stall_at || too_long(b))
		return false;
	if (!b->stalled_at)
		b->stalled_at = xd_clock_ns();
	return xd_clock_ns() - b->stalled_at < STALL_NS;
}

static uint16_t
receive(struct xd_gen_port *port, uint16_t n)
{
	struct bench *b =
		(struct bench *)((char *)(uintptr_t)port->ops - offsetof(struct bench, ops));
	uint64_t before = port->received.frames;
	uint16_t came;

	if (away(b, port))
		return 0;
	came = b->under->receive(port, n);
	if (too_long(b))
		port->received.frames = before;
	if (b->lose && port->received.frames > FRAMES / 2) {
		port->received.frames -= b->lose;
		b->lose = 0;
	}
	return came;
}

static struct bench *
begin(uint32_t bytes)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct xd_gen_port_opts opts = {.frame_bytes = 9000, .node = -1};

	assert_non_null(b);
	b->gen.tsc_hz = xd_tsc_calibrate();
	for (; b->gen.nb_ports < 2; b->gen.nb_ports++) {
		opts.others = b->gen.ports;
		opts.nb_others = b->gen.nb_ports;
		b->gen.ports[b->gen.nb_ports] = xd_gen_port_open("loop:a", &opts, &b->err);
		if (!b->gen.ports[b->gen.nb_ports])
			fail_msg("%s", b->err.text);
	}
	b->under = b->gen.ports[1]->ops;
	b->ops = *b->under;
	b->ops.receive = receive;
	b->gen.ports[1]->ops = &b->ops;
	b->stream = (struct xd_stream_opts){.size = bytes, .flows = FRAMES, .to = 1};
	b->learn = (struct xd_learn){
		.to = 1,
		.load = {.stream = &b->stream, .touch = XD_TOUCH_FULL},
		.size = bytes,
		.frames = FRAMES,
	};
	b->longest = UINT32_MAX;
	return b;
}

static void
end(struct bench *b)
{
	b->gen.ports[1]->ops = b->under;
	xd_gen_port_close(b->gen.ports[1]);
	xd_gen_port_close(b->gen.ports[0]);
	free(b);
}

static void
learn(struct bench *b)
{
	if (xd_learn(&b->gen, &b->learn, &b->learned, &b->err))
		fail_msg("%s", b->err.text);
	assert_int_equal(b->learned.frames, FRAMES);
}

static void
test_late_is_not_lost(void **state)
{
	struct bench *b = begin(64);

	(void)state;
	b->stall_at = FRAMES / 2;
	learn(b);
	assert_true(b->stalled_at > 0);
	assert_int_equal(b->learned.lost, 0);
	end(b);
}

static void
test_lost(void **state)
{
	struct bench *b = begin(64);

	(void)state;
	b->stall_at = UINT64_MAX;
	b->lose = 3;
	learn(b);
	assert_int_equal(b->learned.lost, 3);
	end(b);
}

/* More frames than a ring holds, and nobody takes them for a while. */
static void
test_teaching_waits(void **state)
{
	struct bench *b = begin(64);
	struct xd_gen_load load = {.stream = &b->stream, .touch = XD_TOUCH_FULL};
	struct xd_gen_expect expect = {.kind = XD_RECEIVE_OURS, .size = 64};

	(void)state;
	assert_int_equal(xd_gen_port_load(b->gen.ports[0], &load, &b->err), 0);
	xd_gen_port_expect(b->gen.ports[1], &expect);
	b->stall_at = 100;
	assert_int_equal(xd_teach(&b->gen, 0, 100 * FRAMES, &b->err), 0);
	assert_true(b->stalled_at > 0);
	assert_int_equal(b->gen.ports[0]->sent, 100 * FRAMES);
	end(b);
}

/* Frames that are too long never come, and the short one that tells so comes late. */
static void
test_why_nothing_comes(void **state)
{
	struct bench *b = begin(2000);

	(void)state;
	b->longest = 1514;
	assert_int_equal(xd_learn(&b->gen, &b->learn, &b->learned, &b->err), -EHOSTUNREACH);
	assert_non_null(strstr(b->err.text, "need an MTU of 1986"));
	end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_is_not_lost),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_teaching_waits),
		cmocka_unit_test(test_why_nothing_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
