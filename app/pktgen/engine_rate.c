/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine rate, frames and bits per second that get through: its options and its help. */
#include <errno.h>

#include "option_table.h"
#include "report/section.h"
#include "table_parts.h"
#include "traffic/engine/rate.h"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static const char *const patterns[] = {
	"pairs", "broadcast", "fan-in", "mesh", "reflect", "send", NULL};
static const char *const replays[] = {"rate", "own-times", NULL};

static const struct option_row options[] = {
	OPTION_PORT,
	OPTION_PEER,
	OPTION_SIZE,
	OPTIONS_FLOWS,
	{"pattern", "WORD", take_pattern,
		.help = "pairs: 0 to 1, 2 to 3...; broadcast: 0 to all; fan-in: all to 0;\n"
			"mesh: each to each; reflect: each to itself; send: to nobody (pairs)",
		.words = patterns},
	OPTION_DIRECTION,
	OPTION_RATE,
	OPTIONS_TEMPLATE,
	{"pcap", "FILE", take_frames, .help = "send its frames, in turn", .file = true},
	{"replay", "rate|own-times", take_replay,
		.help = "them at --rate, or when the file has them (rate)", .words = replays},
	OPTIONS_TRACK,
	{"times", "N", take_times, .help = "time one frame in N, one way; 0: none (0)"},
	OPTION_IMPAIR,
	{"count", "N", take_count, .both = true,
		.help = "frames of each sending port, such as 1M (as --time holds)"},
	OPTION_TOUCH,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

/* What only one process that has both ends can do. */
static const struct {
	const char *option, *why;
} of_one[] = {
	{"pattern", "each port sends to its other half"},
	{"pcap", "the server has not the file; give --template, a text"},
	{"template-file", "the server has not the file; give --template, a text"},
	{"track", "what became of each flow only both ends know together"},
	{"verify", "what became of each flow only both ends know together"},
	{"times", "the ends' clocks may differ; ping and rr have round trips"},
	{"impair", "frames are counted when they are sent"},
};

static int
check(struct options *o, struct xd_error *err)
{
	if (!o->peer && !o->link)
		return 0;
	if (options_ends(o) > XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "--peer: at most %u ports at each end, not %u",
			XD_GEN_PORTS_MAX / 2, o->nb_ports);
	for (unsigned i = 0; i < sizeof(of_one) / sizeof(of_one[0]); i++)
		if (options_given(o, of_one[i].option))
			return xd_fail(err, -EINVAL, "--%s does not go with --peer: %s",
				of_one[i].option, of_one[i].why);
	return 0;
}

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_rate_opts opts = {
		.traffic = o->traffic,
		.time_s = o->time_s,
		.warmup_s = o->warmup_s,
		.count = o->count,
		.trials = o->trials,
		.link = o->link,
	};

	if (o->link)
		opts.traffic.half = o->link->far ? XD_HALF_FAR : XD_HALF_NEAR;
	return xd_rate_run(gen, &opts, err);
}

const struct engine engine_rate = {
	.results = &xd_rate_engine,
	.summary = "frames and bits per second that get through",
	.arguments = " --port PORT --port PORT",
	.intro = "Frames and bits per second that get through, counted where they arrive. With "
		 "--peer\n"
		 "they arrive at the ports of a server, each at that of the same place, and go "
		 "back\n"
		 "from there with --direction both.\n",
	.examples = "  crossdock-pktgen rate " AB " \\\n"
		    "      --size 64:1518:*2 --flows 1000 --json out.json\n"
		    "  crossdock-pktgen rate " AB " \\\n"
		    "      --size imix --rate 1Mpps --track --fail-if 'loss>0'\n"
		    "  crossdock-pktgen rate " AB " \\\n"
		    "      --pcap traffic.pcap --replay own-times\n"
		    "  crossdock-pktgen rate --port dpdk:net_virtio_user0,path=/tmp/a.sock \\\n"
		    "      --port dpdk:net_virtio_user1,path=/tmp/b.sock -- "
		    "--single-file-segments\n",
	.options = options,
	.check = check,
	.run = run,
	.show = table_rate_row,
	.report = {.title = "Rate", .section = section_rate},
};
