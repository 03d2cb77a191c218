/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine pairs, many VMs at once: its options and its help. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/pairs.h"

static const char *const patterns[] = {"pairs", "fan-in", NULL};

/* options.own is a struct xd_pairs_opts, whose counts and latency_pps are filled in. */
static void
defaults(struct options *o)
{
	struct xd_pairs_opts *own = o->own;

	own->latency_pps = 1000;
}

static int
take_latency_rate(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_pairs_opts *own = o->own;

	if (!strcmp(text, "0")) {
		own->latency_pps = 0;
		return 0;
	}
	return option_pps(row, text, &own->latency_pps, err);
}

static int
refuse_vms(const char *text, struct xd_error *err)
{
	return xd_fail(err, -EINVAL, "--vms %s: give 2 to %u, such as 2,4,8 or 2:14:+2", text,
		XD_GEN_PORTS_MAX);
}

static int
add_vms(struct xd_pairs_opts *own, const char *text, uint64_t n, struct xd_error *err)
{
	if (own->nb_counts == XD_GEN_PORTS_MAX)
		return xd_fail(
			err, -EINVAL, "--vms %s: at most %u numbers", text, XD_GEN_PORTS_MAX);
	own->counts[own->nb_counts++] = (unsigned)n;
	return 0;
}

/* A number, and what follows it. */
static bool
number(const char **text, uint64_t min, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*n = strtoull(*text, &end, 10);
	*text = end;
	return *n >= min && *n <= XD_GEN_PORTS_MAX;
}

static int
take_vms(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t first, last, step;
	struct xd_pairs_opts *own = o->own;
	const char *at = text;
	int rc = 0;

	(void)row;
	own->nb_counts = 0;
	for (;; at++) {
		if (!number(&at, 2, &first))
			return refuse_vms(text, err);
		last = first;
		step = 1;
		if (*at == ':') {
			at++;
			if (!number(&at, first, &last) || strncmp(at, ":+", 2))
				return refuse_vms(text, err);
			at += 2;
			if (!number(&at, 1, &step))
				return refuse_vms(text, err);
		}
		for (; first <= last && !rc; first += step)
			rc = add_vms(own, text, first, err);
		if (rc || *at == '\0')
			return rc;
		if (*at != ',')
			return refuse_vms(text, err);
	}
}

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
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
check(struct options *o, struct xd_error *err)
{
	const struct xd_pairs_opts *own = o->own;

	for (unsigned i = 0; i < own->nb_counts; i++) {
		if (own->counts[i] > o->nb_ports)
			return xd_fail(err, -EINVAL,
				"--vms %u: %u ports are given; give --port more often",
				own->counts[i], o->nb_ports);
		if (own->counts[i] % 2 && o->traffic.pattern == XD_PATTERN_PAIRS)
			return xd_fail(err, -EINVAL,
				"--vms %u do not make pairs; give even numbers, or --pattern "
				"fan-in",
				own->counts[i]);
	}
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_pairs_opts opts = *(const struct xd_pairs_opts *)o->own;

	opts.traffic = o->traffic;
	opts.time_s = o->time_s;
	opts.warmup_s = o->warmup_s;
	opts.trials = o->trials;
	return xd_pairs_run(gen, &opts, err);
}

/* Of each size and trial: round trips while there is no load, then a trial for each count. */
static double
seconds(const struct options *o)
{
	const struct xd_pairs_opts *own = o->own;
	unsigned counts = own->nb_counts ? own->nb_counts : o->nb_ports / 2;
	double one_s = o->warmup_s + o->time_s + EXPECT_TRIAL_S;

	return o->traffic.sizes.n * o->trials * (1 + (1 + counts) * one_s);
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
	.own_bytes = sizeof(struct xd_pairs_opts),
	.defaults = defaults,
	.check = check,
	.run = run,
	.seconds = seconds,
	.show = table_pairs_row,
	.report = {.title = "Pairs",
		.section = section_pairs,
		.figures = report_pairs_figures,
		.draws_no_times = true},
};
