/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine pairs, many VMs at once: its options and its help. */
#include <errno.h>
#include <string.h>

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/pairs.h"

static const char *const patterns[] = {"pairs", "fan-in", NULL};

static const struct option_row options[] = {
	OPTION_PORT,
	OPTION_SIZE,
	OPTIONS_FLOWS,
	{"pattern", "WORD", take_pattern, .help = "pairs, or fan-in: all to port 0 (pairs)",
		.words = patterns},
	OPTION_DIRECTION,
	OPTION_RATE,
	OPTIONS_TEMPLATE,
	OPTIONS_TRACK,
	OPTION_IMPAIR,
	{"vms", "LIST", take_vms, .help = "ports at once: 2,4,8 or 2:14:+2 (2,4,... all)"},
	{"latency-rate", "RATE", take_latency_rate,
		.help = "frames of each sender that are timed; 0: none (1kpps)"},
	OPTION_TOUCH,
	OPTION_TIME,
	OPTION_WARMUP,
	OPTION_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
check(struct options *o, struct xd_error *err)
{
	for (unsigned i = 0; i < o->nb_vms; i++) {
		if (o->vms[i] > o->nb_ports)
			return xd_fail(err, -EINVAL,
				"--vms %u: %u ports are given; give --port more often", o->vms[i],
				o->nb_ports);
		if (o->vms[i] % 2 && o->traffic.pattern == XD_PATTERN_PAIRS)
			return xd_fail(err, -EINVAL,
				"--vms %u do not make pairs; give even numbers, or --pattern "
				"fan-in",
				o->vms[i]);
	}
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_pairs_opts opts = {
		.traffic = o->traffic,
		.nb_counts = o->nb_vms,
		.latency_pps = o->latency_pps,
		.time_s = o->time_s,
		.warmup_s = o->warmup_s,
		.trials = o->trials,
	};

	memcpy(opts.counts, o->vms, sizeof(opts.counts));
	return xd_pairs_run(gen, &opts, err);
}

const struct engine engine_pairs = {
	.results = &xd_pairs_engine,
	.summary = "many VMs at once: what each pair and all of them get",
	.arguments = " --port PORT --port PORT...",
	.intro = "Many VMs at once, as disjoint pairs: what each pair and all of them get, how "
		 "evenly,\n"
		 "and the times while loaded, beside one pair alone.\n",
	.examples =
		"  crossdock-pktgen pairs --port virtio:/tmp/1.sock --port virtio:/tmp/2.sock \\\n"
		"      --port virtio:/tmp/3.sock --port virtio:/tmp/4.sock --vms 2,4\n"
		"  crossdock-pktgen pairs --port virtio:/tmp/1.sock --port virtio:/tmp/2.sock \\\n"
		"      --port virtio:/tmp/3.sock --pattern fan-in --size 1514\n",
	.options = options,
	.check = check,
	.run = run,
	.show = table_pairs_row,
	.report = {.title = "Pairs",
		.section = section_pairs,
		.figures = report_pairs_figures,
		.draws_no_times = true},
};
