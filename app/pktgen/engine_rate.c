/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine rate, frames and bits per second that get through: its options and its help. */
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
	{"count", "N", take_count,
		.help = "frames of each sending port, such as 1M (as --time holds)"},
	OPTION_TOUCH,
	OPTIONS_TRIALS,
	OPTIONS_PLACE,
	OPTIONS_RESULTS,
};

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	struct xd_rate_opts opts = {
		.traffic = o->traffic,
		.time_s = o->time_s,
		.warmup_s = o->warmup_s,
		.count = o->count,
		.trials = o->trials,
	};

	return xd_rate_run(gen, &opts, err);
}

const struct engine engine_rate = {
	.results = &xd_rate_engine,
	.summary = "frames and bits per second that get through",
	.arguments = " --port PORT --port PORT",
	.intro = "Frames and bits per second that get through, counted where they arrive.\n",
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
	.run = run,
	.show = table_rate_row,
	.report = {.title = "Rate", .section = section_rate},
};
