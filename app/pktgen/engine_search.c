/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine search, the highest rate that a switch can take: its options and its help. */
#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static const char *const patterns[] = {"pairs", "broadcast", "fan-in", "mesh", "reflect", NULL};
static const char *const methods[] = {
	"throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile", NULL};
static const char *const goals[] = {"ndr", "pdr", NULL};

static const struct option_row options[] = {
	OPTION_PORT,
	{"size", "SIZES", take_size,
		.help = "bytes without FCS (60, RFC 2544's 64): 60,1514  60:1514:*2  imix",
		.words = option_sizes},
	{"rfc-sizes", NULL, take_rfc_sizes, .help = "those of RFC 2544, 9.1: 64 to 1518 with FCS"},
	OPTIONS_FLOWS,
	{"pattern", "WORD", take_pattern,
		.help = "pairs: 0 to 1, 2 to 3...; broadcast: 0 to all; fan-in: all to 0;\n"
			"mesh: each to each; reflect: each to itself (pairs)",
		.words = patterns},
	OPTION_DIRECTION,
	{"rate", "RATE", take_rate,
		.help = "highest to try: max  5Mpps  10Gbit  10Gbitl1  80% (max)",
		.words = option_max},
	OPTIONS_TEMPLATE,
	OPTIONS_TRACK,
	OPTION_IMPAIR,
	{"method", "WORD", take_method, .help = "one of those above (mlr)", .words = methods},
	{"final", "S", take_seconds,
		.help = "last trial of RFC 2544's, and each of profile's (60)"},
	{"trial", "S", take_seconds,
		.help = "earlier ones; frame-loss: each; back-to-back: longest burst\n"
			"(2; frame-loss: as --final)"},
	{"latency-trial", "S", take_seconds, .help = "latency: each of its trials (twice --final)"},
	{"settle", "S", take_seconds, .help = "pause after each trial of 60 s searches (7)"},
	{"resolution", "SHARE", take_resolution,
		.help = "RFC 2544: until bounds are as near (0.5%)"},
	{"min", "RATE", take_min, .help = "lower ones are not tried (1kpps)"},
	{"repeat", "N", take_repeat, .help = "latency (20), back-to-back (50)"},
	{"goal", "SPEC", take_goal,
		.help = "of mlr, again and again: ndr  pdr\n"
			"name=X,loss=0.1%,exceed=50%,initial=1,final=1,sum=21,width=0.5%\n"
			"(ndr and pdr)",
		.words = goals},
	{"search-timeout", "S", take_seconds,
		.help = "of the search at each size; then it is partial (none)"},
	OPTION_TOUCH,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_search_opts opts = o->search;

	opts.traffic = o->traffic;
	return xd_search_run(gen, &opts, err);
}

const struct engine engine_search = {
	.results = &xd_search_engine,
	.summary = "the highest rate that it can take: RFC 2544, RFC 9971 (MLRsearch)",
	.arguments = " --port PORT --port PORT",
	.intro = "The highest rate that a switch can take.\n\n"
		 "Methods\n"
		 "  throughput    RFC 2544, 26.1: the highest rate without loss\n"
		 "  latency       26.2: times at that rate\n"
		 "  frame-loss    26.3: loss from the highest rate downwards\n"
		 "  back-to-back  26.4 and RFC 9004: the longest burst without loss\n"
		 "  mlr           RFC 9971: the rate of each goal, such as NDR and PDR\n"
		 "  profile       times at 0, 10, 50 and 90 % of the rate without loss\n",
	.examples = "  crossdock-pktgen search " AB "\n"
		    "  crossdock-pktgen search " AB " \\\n"
		    "      --method throughput --rfc-sizes --json rfc2544.json\n"
		    "  crossdock-pktgen search " AB " \\\n"
		    "      --method throughput --final 2 --trial 0.5 --rate 5Mpps\n",
	.options = options,
	.sizes = "60",
	.run = run,
	.show = table_search_row,
	.report = {.title = "Searches",
		.section = section_search,
		.figures = report_search_figures,
		.draws_no_times = true},
};
