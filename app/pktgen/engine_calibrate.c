/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine calibrate, the generator against itself: its options and its help. */
#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/calibrate.h"

static const struct option_row options[] = {
	{"size", "SIZES", take_size, .help = "bytes without FCS (64,1514)", .words = option_sizes},
	{"time", "S", take_time, .help = "of each measurement (1)"},
	OPTION_TRIALS,
	{"core", "N", take_cores, .help = "core to run on (any)"},
	{"cores", "A,B", take_cores, .help = "two: one sends, one receives", .max = 2},
	OPTIONS_RESULTS,
};

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_calibrate_opts opts = {
		.sizes = o->traffic.sizes,
		.time_s = o->time_s,
		.trials = o->trials,
	};

	return xd_calibrate_run(gen, &opts, err);
}

#define MEASUREMENTS 8 /* besides two of each size */

static double
seconds(const struct options *o)
{
	return o->trials * (2 * o->traffic.sizes.n + MEASUREMENTS) * o->time_s;
}

static void
show(struct table *table, const struct xd_row *row)
{
	if (row->timed)
		table_latency_row(table, row);
	else
		table_rate_row(table, row);
}

const struct engine engine_calibrate = {
	.results = &xd_calibrate_engine,
	.summary = "the generator against itself",
	.arguments = "",
	.intro = "The generator against itself, with nothing in between: what it can send and "
		 "receive,\n"
		 "how exactly it keeps a schedule, the shortest time that it can tell.\n",
	.examples = "  crossdock-pktgen calibrate --core 1 --json calibrate.json\n"
		    "  crossdock-pktgen calibrate --cores 0,1\n",
	.options = options,
	.sizes = "64,1514",
	.time_s = 1,
	.makes_ports = true,
	.run = run,
	.seconds = seconds,
	.show = show,
	.report = {.title = "Generator alone", .section = section_floor, .is_alone = true},
};
