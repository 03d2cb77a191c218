/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine latency, how long frames take: its options and its help. */
#include <errno.h>

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/latency.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static const char *const patterns[] = {"pairs", "reflect", NULL};
static const char *const ways[] = {"round-trip", "one-way", NULL};

/* options.own is a struct xd_latency_opts, whose way is filled in. */
static int
take_way(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct xd_latency_opts *own = o->own;

	if (i < 0)
		return i;
	own->way = (enum xd_latency_way)i;
	return 0;
}

static const struct option_row options[] = {
	OPTION_PORT,
	OPTION_SIZE,
	OPTIONS_FLOWS,
	{"pattern", "WORD", take_pattern,
		.help = "pairs, or reflect: one port, and what is behind it sends back",
		.words = patterns},
	{"way", "WORD", take_way, .help = "round-trip, or one-way: needs --rate (round-trip)",
		.words = ways},
	{"rate", "RATE", take_rate,
		.help = "on a schedule: 100kpps  1Gbit  10Gbitl1  80% (one at a time)"},
	OPTIONS_TEMPLATE,
	OPTIONS_TRACK,
	{"times", "N", take_times, .help = "with --rate: time one frame in N (1)", .min = 1},
	OPTION_IMPAIR,
	{"count", "N", take_count, .help = "frames, such as 100k (as --time holds)"},
	OPTION_TOUCH,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
check(struct options *o, struct xd_error *err)
{
	const struct xd_latency_opts *own = o->own;

	if (o->nb_ports > 2)
		return xd_fail(err, -EINVAL,
			"latency has two ports, or one and --pattern reflect; %u are given",
			o->nb_ports);
	if (o->traffic.rate.kind != XD_RATE_MAX)
		return 0;
	if (own->way == XD_WAY_ONE)
		return xd_fail(err, -EINVAL,
			"--way one-way needs --rate, such as --rate 100kpps; one frame at a time "
			"makes round trips");
	if (options_given(o, "times"))
		return xd_fail(err, -EINVAL,
			"--times is of use with --rate; one at a time, every frame is timed");
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct xd_latency_opts *own = o->own;
	struct xd_latency_opts opts = {
		.traffic = o->traffic,
		.way = own->way,
		.count = o->count,
		.time_s = o->time_s,
		.warmup_s = o->warmup_s,
		.trials = o->trials,
	};

	return xd_latency_run(gen, &opts, err);
}

const struct engine engine_latency = {
	.results = &xd_latency_engine,
	.summary = "times, one frame at a time or at a rate",
	.arguments = " --port PORT [--port PORT]",
	.intro = "How long frames take: one at a time, from port 0 to port 1 and back; with --rate "
		 "on\n"
		 "a schedule, from when each should have been sent and from when it was.\n",
	.examples = "  crossdock-pktgen latency " AB "\n"
		    "  crossdock-pktgen latency " AB " \\\n"
		    "      --rate 100kpps --switch /run/crossdock/control.sock\n"
		    "  crossdock-pktgen latency " AB " \\\n"
		    "      --way one-way --rate 1Mpps --times 10 --size 64,1514 --fail-if "
		    "'p99_us>20'\n",
	.options = options,
	.own_bytes = sizeof(struct xd_latency_opts),
	.check = check,
	.run = run,
	.show = table_latency_row,
	.report = {.title = "Latency",
		.section = section_latency,
		.has = section_latency_has,
		.figures = report_time_figures,
		.must_be_timed = true},
};
