/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of an iperf3 control connection whose peer says anything: what it keeps and what it says
 * is bounded, and it comes to an end.
 *
 *     byte 0     bit 0: it is the server
 *     the rest   steps: what (modulo 8), and what belongs to it: of bytes that arrive, how many
 *                (16 bits) and which
 */
#include <stdlib.h>

#include "fuzz.h"
#include "traffic/engine/iperf3/control.h"

#define IN_MAX  (1u << 20) /* bytes that it keeps at most */
#define OUT_MAX 65536u     /* that it says */

struct fuzzed {
	struct xd_iperf3_control control;
	uint64_t received, now_us;
};

static void
check(const struct xd_iperf3_control *c)
{
	MUST(c->step <= XD_IPERF3_STEP_OVER);
	MUST(c->in.room <= IN_MAX && c->out.len <= OUT_MAX && c->out.len <= c->out.room);
	MUST(c->read <= c->in.room);
	MUST(c->test.streams <= XD_IPERF3_STREAMS_MAX);
	MUST(c->test.block_bytes <= XD_IPERF3_BLOCK_MAX);
	MUST(c->peer.n <= 2 * XD_IPERF3_STREAMS_MAX);
	MUST(!c->err.code || c->step == XD_IPERF3_STEP_OVER || c->err.code < 0);
}

static void
go_on(struct fuzzed *f)
{
	enum xd_iperf3_event event = XD_IPERF3_CREATE;

	for (unsigned n = 0; event != XD_IPERF3_NOTHING && event != XD_IPERF3_FAILED; n++) {
		MUST(n < 100);
		event = xd_iperf3_control_next(&f->control, f->received, f->now_us);
		check(&f->control);
		if (event == XD_IPERF3_FAILED)
			MUST(f->control.err.code < 0 && f->control.err.text[0]);
	}
}

static void
arrive(struct fuzzed *f, struct input *in)
{
	const uint32_t n = take_u16(in);
	uint8_t *bytes = malloc(n + 1);

	MUST(bytes != NULL);
	take(in, bytes, n);
	if (n)
		xd_iperf3_control_take(&f->control, f->received, bytes, n);
	f->received += n;
	free(bytes);
	go_on(f);
}

/* A piece with a gap before it, which is not in order yet. */
static void
arrive_early(struct fuzzed *f, struct input *in)
{
	uint8_t bytes[64];
	const uint64_t gap = (uint64_t)take_u16(in) << (take_u8(in) % 48);

	take(in, bytes, sizeof(bytes));
	xd_iperf3_control_take(&f->control, f->received + gap, bytes, sizeof(bytes));
	go_on(f);
}

static void
figures(struct fuzzed *f)
{
	if (f->control.step != XD_IPERF3_STEP_FIGURES)
		return;
	f->control.own.n = 2;
	f->control.own.streams[0].id = 1;
	f->control.own.streams[1].id = 3;
	xd_iperf3_control_figures(&f->control, f->now_us);
}

static void
step(struct fuzzed *f, struct input *in)
{
	switch (take_u8(in) % 8) {
	case 1:
		if (f->control.server && f->control.step == XD_IPERF3_STEP_STREAMS)
			xd_iperf3_control_start(&f->control, f->now_us);
		break;
	case 2:
		if (!f->control.server && f->control.step == XD_IPERF3_STEP_RUNNING)
			xd_iperf3_control_end(&f->control, f->now_us);
		break;
	case 3:
		figures(f);
		break;
	case 4:
		f->now_us += (uint64_t)take_u16(in) * 1000;
		xd_iperf3_control_late(&f->control, f->now_us);
		break;
	case 5:
		xd_iperf3_control_closed(&f->control, "closed");
		break;
	case 6:
		arrive_early(f, in);
		break;
	case 7:
		if (take_u8(in) == 7)
			xd_iperf3_control_quit(&f->control);
		break;
	default:
		arrive(f, in);
	}
	go_on(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzzed f;
	struct input in = {data, size};

	memset(&f, 0, sizeof(f));
	memset(f.control.cookie, 'a', XD_IPERF3_COOKIE - 1);
	f.control.test = (struct xd_iperf3_test){
		.streams = 2, .time_s = 10, .block_bytes = 1000, .version = "3.12"};
	xd_iperf3_control_init(&f.control, take_u8(&in) & 1, 10, 0);
	for (unsigned i = 0; in.left && i < 500; i++)
		step(&f, &in);
	xd_iperf3_control_fini(&f.control);
	return 0;
}
