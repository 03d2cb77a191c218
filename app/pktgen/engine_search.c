/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine search, the highest rate that a switch can take: its options and its help. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/search/search.h"
#include "traffic/frames/units.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static const char *const patterns[] = {"pairs", "broadcast", "fan-in", "mesh", "reflect", NULL};
static const char *const methods[] = {
	"throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile", NULL};
static const char *const goals[] = {"ndr", "pdr", NULL};

/* options.own is a struct xd_search_opts, but for its traffic. */
static void
defaults(struct options *o)
{
	struct xd_search_opts *s = o->own;

	s->method = XD_SEARCH_MLR;
	xd_search_defaults(s);
}

static int
take_method(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);
	struct xd_search_opts *s = o->own;

	if (i < 0)
		return i;
	s->method = (enum xd_search_method)i;
	return 0;
}

/* The times of a search. */
static int
take_seconds(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = o->own;
	const struct {
		const char *name;
		double *seconds;
	} times[] = {{"final", &s->final_s}, {"trial", &s->trial_s},
		{"latency-trial", &s->latency_s}, {"settle", &s->settle_s},
		{"search-timeout", &s->timeout_s}};
	unsigned i = 0;
	int rc;

	while (strcmp(times[i].name, row->name))
		i++;
	rc = xd_units_seconds(text, times[i].seconds, err);
	if (!rc && *times[i].seconds < 0.001 && strcmp(row->name, "settle"))
		rc = xd_fail(err, -EINVAL, "--%s %s: at least 1ms", row->name, text);
	return rc;
}

/* "0.5%" or "0.005" */
static int
take_resolution(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = o->own;
	char *end;
	double share = strtod(text, &end);

	(void)row;
	if (*end == '%') {
		share /= 100;
		end++;
	}
	if (!isdigit((unsigned char)text[0]) || *end || !(share >= 1e-6 && share <= 0.5))
		return xd_fail(err, -EINVAL,
			"--resolution %s: give a share, such as 0.5%% or 0.005, up to 50%%", text);
	s->resolution = share;
	return 0;
}

static int
take_min(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = o->own;

	return option_pps(row, text, &s->min_pps, err);
}

static int
take_repeat(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = o->own;
	uint64_t n;
	int rc = xd_units_count(text, 1, 100000, &n, err);

	(void)row;
	if (!rc)
		s->repeat = (unsigned)n;
	return rc;
}

/* The first one takes the place of the defaults. */
static int
take_goal(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = o->own;
	int rc;

	if (!options_given(o, row->name))
		s->nb_goals = 0;
	if (s->nb_goals == XD_SEARCH_GOALS_MAX)
		return xd_fail(err, -EINVAL, "at most %u goals", XD_SEARCH_GOALS_MAX);
	rc = xd_search_goal_parse(text, &s->goals[s->nb_goals], err);
	if (!rc)
		s->nb_goals++;
	return rc;
}

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
	struct xd_search_opts opts = *(const struct xd_search_opts *)o->own;

	opts.traffic = o->traffic;
	return xd_search_run(gen, &opts, err);
}

#define STEPS     10  /* of a search by halves to 0.5 %, */
#define LAST      1.5 /* and how often its last trial is needed */
#define MLR       1.3 /* times the sum of a goal's durations */
#define LOSS_RUNS 10
#define LOADS     4

/* Of one size, without pauses: how many trials there are, only the search knows. */
static double
size_seconds(const struct xd_search_opts *s)
{
	double trial_s = s->trial_s > 0 ? s->trial_s : 2, sum = 0;
	double rate_s = STEPS * trial_s + LAST * s->final_s;

	switch (s->method) {
	case XD_SEARCH_THROUGHPUT:
		return rate_s;
	case XD_SEARCH_LATENCY:
		return rate_s + (s->repeat ? s->repeat : 20) *
					(s->latency_s > 0 ? s->latency_s : 2 * s->final_s);
	case XD_SEARCH_FRAME_LOSS:
		return LOSS_RUNS * (s->trial_s > 0 ? s->trial_s : s->final_s);
	case XD_SEARCH_BACK_TO_BACK:
		return rate_s + (s->repeat ? s->repeat : 50) * trial_s;
	case XD_SEARCH_PROFILE:
		return rate_s + LOADS * s->final_s;
	case XD_SEARCH_MLR:
		break;
	}
	for (unsigned i = 0; i < s->nb_goals; i++)
		sum += MLR * s->goals[i].duration_sum_s;
	return sum;
}

static double
seconds(const struct options *o)
{
	const struct xd_search_opts *s = o->own;
	double one_s = size_seconds(s);

	if (s->final_s >= 60 && s->method != XD_SEARCH_MLR)
		one_s += STEPS * s->settle_s;
	if (s->timeout_s > 0 && s->timeout_s < one_s)
		one_s = s->timeout_s;
	return o->traffic.sizes.n * one_s;
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
	.own_bytes = sizeof(struct xd_search_opts),
	.defaults = defaults,
	.sizes = "60",
	.run = run,
	.seconds = seconds,
	.show = table_search_row,
	.report = {.title = "Searches",
		.section = section_search,
		.figures = report_search_figures,
		.draws_no_times = true},
};
