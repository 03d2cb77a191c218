/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"

#define SENDS    (OF(RATE) | OF(LATENCY) | OF(SEARCH) | OF(PAIRS))
#define MEASURES (SENDS | OF(CALIBRATE))

static const char *const kinds[] = {"virtio:", "dpdk:", "loop:", NULL};
static const char *const sizes[] = {"64", "64,512,1518", "64:1518:*2", "imix", NULL};
static const char *const flow_kinds[] = {"mac", "l4", NULL};
static const char *const directions[] = {"one", "both", NULL};
static const char *const patterns[] = {
	"pairs", "broadcast", "fan-in", "mesh", "reflect", "send", NULL};
static const char *const search_patterns[] = {
	"pairs", "broadcast", "fan-in", "mesh", "reflect", NULL};
static const char *const latency_patterns[] = {"pairs", "reflect", NULL};
static const char *const pairs_patterns[] = {"pairs", "fan-in", NULL};
static const char *const touches[] = {"full", "stamp", "none", NULL};
static const char *const replays[] = {"rate", "own-times", NULL};
static const char *const ways[] = {"round-trip", "one-way", NULL};
static const char *const methods[] = {
	"throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile", NULL};
static const char *const goals[] = {"ndr", "pdr", NULL};
static const char *const max[] = {"max", NULL};

/* In the order of --help. */
static const struct option_row rows[] = {
	{"port", "PORT", SENDS, take_port, "once for each port, see below", kinds, false},

	{"size", "SIZES", OF(RATE) | OF(LATENCY) | OF(PAIRS), take_size,
		"bytes without FCS: 64  64,512,1518  64:1518:*2  64:1518:+64\n"
		"imix  60x7+590x4+1514x1 (64)",
		sizes, false},
	{"size", "SIZES", OF(SEARCH), take_size,
		"bytes without FCS (60, RFC 2544's 64): 60,1514  60:1514:*2  imix", sizes, false},
	{"size", "SIZES", OF(CALIBRATE), take_size, "bytes without FCS (64,1514)", sizes, false},
	{"rfc-sizes", NULL, OF(SEARCH), take_rfc_sizes,
		"those of RFC 2544, 9.1: 64 to 1518 with FCS", NULL, false},
	{"flows", "N", SENDS, take_flows, "flows, in turn (1; of a template, its longest range)",
		NULL, false},
	{"flow-kind", "mac|l4", SENDS, take_flow_kind,
		"flow: a pair of MAC addresses, or IPv4 source and UDP port (mac)", flow_kinds,
		false},
	{"pattern", "WORD", OF(RATE), take_pattern,
		"pairs: 0 to 1, 2 to 3...; broadcast: 0 to all; fan-in: all to 0;\n"
		"mesh: each to each; reflect: each to itself; send: to nobody (pairs)",
		patterns, false},
	{"pattern", "WORD", OF(SEARCH), take_pattern,
		"pairs: 0 to 1, 2 to 3...; broadcast: 0 to all; fan-in: all to 0;\n"
		"mesh: each to each; reflect: each to itself (pairs)",
		search_patterns, false},
	{"pattern", "WORD", OF(LATENCY), take_pattern,
		"pairs, or reflect: one port, and what is behind it sends back", latency_patterns,
		false},
	{"pattern", "WORD", OF(PAIRS), take_pattern, "pairs, or fan-in: all to port 0 (pairs)",
		pairs_patterns, false},
	{"direction", "one|both", OF(RATE) | OF(SEARCH) | OF(PAIRS), take_direction,
		"of pairs: even ports to odd ones, or also back (one)", directions, false},
	{"way", "WORD", OF(LATENCY), take_way, "round-trip, or one-way: needs --rate (round-trip)",
		ways, false},
	{"rate", "RATE", OF(RATE) | OF(PAIRS), take_rate,
		"of each sending port: max  5Mpps  10Gbit (without FCS)  10Gbitl1\n"
		"(with preamble, FCS, gap)  80% (of --line-rate) (max)",
		max, false},
	{"rate", "RATE", OF(LATENCY), take_rate,
		"on a schedule: 100kpps  1Gbit  10Gbitl1  80% (one at a time)", NULL, false},
	{"rate", "RATE", OF(SEARCH), take_rate,
		"highest to try: max  5Mpps  10Gbit  10Gbitl1  80% (max)", max, false},
	{"line-rate", "RATE", SENDS, take_line_rate,
		"what percent are of, such as 10Gbit (with preamble, FCS, gap)", NULL, false},
	{"template", "TEXT", SENDS, take_frames,
		"eth/vlan(id=10)/ipv4(src=10.0.0.1..10.0.0.9)/udp(dport=53)", NULL, false},
	{"template-file", "FILE", SENDS, take_frames, "the same in YAML", NULL, true},
	{"pcap", "FILE", OF(RATE), take_frames, "send its frames, in turn", NULL, true},
	{"replay", "rate|own-times", OF(RATE), take_replay,
		"them at --rate, or when the file has them (rate)", replays, false},
	{"track", NULL, SENDS, take_track, "loss, reordering and duplication of each flow", NULL,
		false},
	{"verify", NULL, SENDS, take_verify, "compare received payloads too", NULL, false},
	{"times", "N", OF(RATE), take_times, "time one frame in N, one way; 0: none (0)", NULL,
		false},
	{"times", "N", OF(LATENCY), take_times, "with --rate: time one frame in N (1)", NULL,
		false},
	{"impair", "[PORT:]WHAT", SENDS, take_impair,
		"make faults in what a port (all) sends:\n"
		"loss=1%,dup=0.1%,reorder=2%,delay_us=50,seed=7",
		NULL, false},

	{"method", "WORD", OF(SEARCH), take_method, "one of those above (mlr)", methods, false},
	{"final", "S", OF(SEARCH), take_seconds,
		"last trial of RFC 2544's, and each of profile's (60)", NULL, false},
	{"trial", "S", OF(SEARCH), take_seconds,
		"earlier ones; frame-loss: each; back-to-back: longest burst\n"
		"(2; frame-loss: as --final)",
		NULL, false},
	{"latency-trial", "S", OF(SEARCH), take_seconds,
		"latency: each of its trials (twice --final)", NULL, false},
	{"settle", "S", OF(SEARCH), take_seconds, "pause after each trial of 60 s searches (7)",
		NULL, false},
	{"resolution", "SHARE", OF(SEARCH), take_resolution,
		"RFC 2544: until bounds are as near (0.5%)", NULL, false},
	{"min", "RATE", OF(SEARCH), take_min, "lower ones are not tried (1kpps)", NULL, false},
	{"repeat", "N", OF(SEARCH), take_repeat, "latency (20), back-to-back (50)", NULL, false},
	{"goal", "SPEC", OF(SEARCH), take_goal,
		"of mlr, again and again: ndr  pdr\n"
		"name=X,loss=0.1%,exceed=50%,initial=1,final=1,sum=21,width=0.5%\n"
		"(ndr and pdr)",
		goals, false},
	{"search-timeout", "S", OF(SEARCH), take_seconds,
		"of the search at each size; then it is partial (none)", NULL, false},
	{"vms", "LIST", OF(PAIRS), take_vms, "ports at once: 2,4,8 or 2:14:+2 (2,4,... all)", NULL,
		false},
	{"latency-rate", "RATE", OF(PAIRS), take_latency_rate,
		"frames of each sender that are timed; 0: none (1kpps)", NULL, false},

	{"count", "N", OF(RATE), take_count,
		"frames of each sending port, such as 1M (as --time holds)", NULL, false},
	{"count", "N", OF(LATENCY), take_count, "frames, such as 100k (as --time holds)", NULL,
		false},
	{"touch", "WORD", SENDS, take_touch,
		"full, stamp, none: bytes written and read of a frame (full)", touches, false},
	{"time", "S", OF(RATE) | OF(LATENCY) | OF(PAIRS), take_time,
		"measured seconds of a trial (2)", NULL, false},
	{"time", "S", OF(CALIBRATE), take_time, "of each measurement (1)", NULL, false},
	{"warmup", "S", OF(RATE) | OF(LATENCY) | OF(PAIRS), take_warmup,
		"seconds before them (0.3)", NULL, false},
	{"trials", "N", OF(RATE) | OF(LATENCY) | OF(PAIRS) | OF(CALIBRATE), take_trials,
		"trials of each size (1)", NULL, false},

	{"core", "N", SENDS, take_cores,
		"core to run on (the last one that no worker of --switch has)", NULL, false},
	{"core", "N", OF(CALIBRATE), take_cores, "core to run on (any)", NULL, false},
	{"cores", "A,B,...", SENDS, take_cores,
		"port 0 on A, 1 on B, ... and round again; different ones", NULL, false},
	{"cores", "A,B", OF(CALIBRATE), take_cores, "two: one sends, one receives", NULL, false},
	{"switch", "SOCKET", SENDS, take_switch,
		"crossdockd's control socket: its cycles go into each row", NULL, true},
	{"placement", "A,B", SENDS, take_placement,
		"how near two cores are, in each row (--core, switch's worker)", NULL, false},
	{"timeout", "S", SENDS, take_timeout, "to wait for the switch at the start (10)", NULL,
		false},

	{"label", "TEXT", MEASURES, take_label, "what this is, for the report", NULL, false},
	{"json", "FILE", MEASURES, take_output, "write every figure there; - is standard output",
		NULL, true},
	{"csv", "FILE", MEASURES, take_output, "the same as a table; not both to -", NULL, true},
	{"fail-if", "COND", MEASURES, take_fail_if,
		"exit with 3 if a row has it: 'loss>0'  'p99_us>20'  'mpps<40'", NULL, false},
	{"quiet", NULL, MEASURES, take_quiet, "no table", NULL, false},
	{"help", NULL, MEASURES, take_help, "this", NULL, false},
	{"version", NULL, MEASURES, take_version, "the version", NULL, false},
	{NULL, NULL, 0, NULL, NULL, NULL, false},
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) <= OPTION_ROWS_MAX, "options.given is too short");

const struct option_row *
option_table(void)
{
	return rows;
}

const struct option_row *
option_find(enum command command, const char *name)
{
	for (const struct option_row *row = rows; row->name; row++)
		if (row->commands & 1u << command && !strcmp(row->name, name))
			return row;
	return NULL;
}

int
option_word(const struct option_row *row, const char *text, struct xd_error *err)
{
	char hint[160];

	for (int i = 0; row->words[i]; i++)
		if (!strcmp(row->words[i], text))
			return i;
	return xd_fail(err, -EINVAL, "--%s: unknown word %s%s", row->name, text,
		xd_suggest_hint(text, row->words, hint, sizeof(hint)));
}
