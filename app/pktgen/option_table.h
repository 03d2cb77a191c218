/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options in rows: what each is called, what reads its text, what --help says, what completion
 * offers. Each engine has a list of them; those that several engines have are defined here.
 */
#ifndef PKTGEN_OPTION_TABLE_H
#define PKTGEN_OPTION_TABLE_H

#include "options.h"

struct option_row;
struct xd_message_hosts;

/* Takes the option's text into the options. An error's text need not name the option. */
typedef int (*option_take)(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err);

/* One option of an engine, whose list ends with a row without a name. A row's place there is its
 * place in options.given. */
struct option_row {
	const char *name;
	const char *argument; /* as help has it; NULL: it takes none; "[=...": it may be left out */
	option_take take;
	const char *help;         /* lines, the default in parentheses */
	const char *const *words; /* that it can be, ended by NULL; or that completion offers */
	bool file;                /* it is the name of one */
	unsigned min, max;        /* of a number, or of how many; 0: the option's own */
	char letter;              /* -X is the same; 0: it has none */
	bool both;                /* both ends of a test with --peer know it */
};

/* Whether its argument may be left out. */
static inline bool
option_is_optional(const struct option_row *row)
{
	return row->argument && row->argument[0] == '[' && row->argument[1] == '=';
}

/* The row of that name which the engine has, or NULL. */
const struct option_row *option_find(const struct engine *engine, const char *name);

/* ---- Rows that several engines have, to be put into their lists ---- */

#define OPTION_PORT                                                                                \
	{                                                                                          \
		"port", "PORT", take_port, .help = "once for each port, see below",                \
					   .words = option_kinds                                   \
	}
#define OPTION_SIZE                                                                                \
	{                                                                                          \
		"size", "SIZES", take_size,                                                        \
			.both = true,                                                              \
			.help = "bytes without FCS: 64  64,512,1518  64:1518:*2  64:1518:+64\n"    \
				"imix  60x7+590x4+1514x1 (64)",                                    \
			.words = option_sizes                                                      \
	}
#define OPTIONS_FLOWS                                                                              \
	{"flows", "N", take_flows, .both = true,                                                   \
		.help = "flows, in turn (1; of a template, its longest range)"},                   \
	{                                                                                          \
		"flow-kind", "mac|l4", take_flow_kind,                                             \
			.both = true,                                                              \
			.help = "flow: a pair of MAC addresses, or IPv4 source and UDP port "      \
				"(mac)",                                                           \
			.words = option_flow_kinds                                                 \
	}
#define OPTION_DIRECTION                                                                           \
	{                                                                                          \
		"direction", "one|both", take_direction,                                           \
			.both = true,                                                              \
			.help = "of pairs: even ports to odd ones, or also back (one)",            \
			.words = option_directions                                                 \
	}
#define OPTION_RATE                                                                                \
	{                                                                                          \
		"rate", "RATE", take_rate,                                                         \
			.both = true,                                                              \
			.help = "of each sending port: max  5Mpps  10Gbit (without FCS)  "         \
				"10Gbitl1\n"                                                       \
				"(with preamble, FCS, gap)  80% (of --line-rate) (max)",           \
			.words = option_max                                                        \
	}
#define OPTIONS_TEMPLATE                                                                           \
	{"line-rate", "RATE", take_line_rate, .both = true,                                        \
		.help = "what percent are of, such as 10Gbit (with preamble, FCS, gap)"},          \
		{"template", "TEXT", take_frames, .both = true,                                    \
			.help = "eth/vlan(id=10)/ipv4(src=10.0.0.1..10.0.0.9)/udp(dport=53)"},     \
	{                                                                                          \
		"template-file", "FILE", take_frames, .help = "the same in YAML", .file = true     \
	}
#define OPTIONS_TRACK                                                                              \
	{"track", NULL, take_track, .help = "loss, reordering and duplication of each flow"},      \
	{                                                                                          \
		"verify", NULL, take_verify, .help = "compare received payloads too"               \
	}
#define OPTION_IMPAIR                                                                              \
	{                                                                                          \
		"impair", "[PORT:]WHAT", take_impair,                                              \
			.both = true,                                                              \
			.help = "make faults in what a port (all) sends:\n"                        \
				"loss=1%,dup=0.1%,reorder=2%,delay_us=50,seed=7\n"                 \
				"of hosts (tcp, udp, rr) also direction=rx or both: receives"      \
	}
#define OPTION_TOUCH                                                                               \
	{                                                                                          \
		"touch", "WORD", take_touch,                                                       \
			.both = true,                                                              \
			.help = "full, stamp, none: bytes written and read of a frame (full)",     \
			.words = option_touches                                                    \
	}
#define OPTION_TIME                                                                                \
	{                                                                                          \
		"time", "S", take_time, .both = true, .help = "measured seconds of a trial (2)"    \
	}
#define OPTION_WARMUP                                                                              \
	{                                                                                          \
		"warmup", "S", take_warmup, .both = true, .help = "seconds before them (0.3)"      \
	}
/* Its default is the engine's: options.wait_s. */
#define OPTION_WAIT(what)                                                                          \
	{                                                                                          \
		"wait", "S", take_wait, .both = true, .help = what                                 \
	}
#define OPTION_TRIALS                                                                              \
	{                                                                                          \
		"trials", "N", take_trials, .both = true, .help = "trials of each size (1)"        \
	}
#define OPTIONS_TRIALS OPTION_TIME, OPTION_WARMUP, OPTION_TRIALS
#define OPTIONS_PLACE                                                                              \
	{"core", "N", take_cores,                                                                  \
		.help = "core to run on (the last one that no worker of --switch has)"},           \
		{"cores", "A,B,...", take_cores,                                                   \
			.help = "port 0 on A, 1 on B, ... and round again; different ones"},       \
		{"numa", "A,B,...", take_numa,                                                     \
			.help = "memory of port 0 on NUMA node A, 1 on B, ... (its core's)"},      \
		{"switch", "SOCKET", take_switch,                                                  \
			.help = "crossdockd's control socket: its cycles go into each row",        \
			.file = true},                                                             \
		{"placement", "A,B", take_placement,                                               \
			.help = "how near two cores are, in each row (--core, switch's worker)"},  \
	{                                                                                          \
		"timeout", "S", take_timeout, .help = "to wait for the switch at the start (10)"   \
	}
/* Every engine has these, and they end its list. */
#define OPTIONS_RESULTS                                                                            \
	{"label", "TEXT", take_label, .help = "what this is, for the report"},                     \
		{"json", "FILE", take_output,                                                      \
			.help = "write every figure there; - is standard output", .file = true},   \
		{"csv", "FILE", take_output, .help = "the same as a table; not both to -",         \
			.file = true},                                                             \
		{"fail-if", "COND", take_fail_if,                                                  \
			.help = "exit with 3 if a row has it: 'loss>0'  'p99_us>20'  'mpps<40'"},  \
		{"quiet", NULL, take_quiet, .help = "no table"},                                   \
		{"help", NULL, take_help, .help = "this"},                                         \
		{"version", NULL, take_version, .help = "the version"},                            \
	{                                                                                          \
		NULL                                                                               \
	}

/* Engines that send messages have these; see option_message_defaults. */
#define OPTIONS_MESSAGE(usual)                                                                     \
	{"messages", "SIZES", take_messages, .both = true,                                         \
		.help = "bytes: 1  64k  1,1k,1M  1:128M:*2 (" usual ")",                           \
		.words = option_messages},                                                         \
		{"test", "WORD", take_message_test, .both = true,                                  \
			.help = "bandwidth; latency: one message, then its answer; all "           \
				"(bandwidth)",                                                     \
			.words = option_tests},                                                    \
	{                                                                                          \
		"direction", "WORD", take_message_way,                                             \
			.both = true,                                                              \
			.help = "forward: even ports send to odd ones; reverse; both (forward)",   \
			.words = option_ways                                                       \
	}
#define OPTION_STREAMS(most, what)                                                                 \
	{                                                                                          \
		"streams", "N", take_streams, .both = true, .help = what, .max = most              \
	}
#define OPTION_COMPARE                                                                             \
	{                                                                                          \
		"verify", NULL, take_compare,                                                      \
			.both = true, .help = "compare each byte received with what was sent"      \
	}
/* Engines with a host behind each port have these; options.host is theirs. */
#define OPTIONS_ADDRESS                                                                            \
	{"family", "WORD", take_family, .both = true,                                              \
		.help = "ipv4 or ipv6, of addresses not given (ipv4)", .words = option_families},  \
	{                                                                                          \
		"address", "LIST", take_address,                                                   \
			.both = true,                                                              \
			.help = "of a port, in the order of --port (198.18.0.N or 2001:2::N, N "   \
				"from 1)"                                                          \
	}
#define OPTION_CONNECT                                                                             \
	{                                                                                          \
		"connect", "ADDRESS", take_connect,                                                \
			.help = "with one port: somebody else's end, which listens"                \
	}
/* Engines that can be one half of a test, whose other half is a server's. */
#define OPTION_PEER                                                                                \
	{                                                                                          \
		"peer", "ADDRESS[:PORT]", take_peer,                                               \
			.help = "the other ports, as many, are those of crossdock-pktgen server "  \
				"there (port\n5210)"                                               \
	}
/* Engines over TCP have these, too. */
#define OPTIONS_TCP                                                                                \
	{"window", "SIZE", take_window, .both = true,                                              \
		.help = "bytes that a connection receives at once (1M)"},                          \
	{                                                                                          \
		"size", "SIZE", take_size,                                                         \
			.both = true,                                                              \
			.help = "longest frame on the wire, bytes without FCS (1514); it gives "   \
				"the MSS"                                                          \
	}
#define OPTION_TCP_FRAME_MIN 314 /* bytes: an MSS of 200 over IPv6, and a bit */

/* Their words. */
extern const char *const option_kinds[];
extern const char *const option_sizes[];
extern const char *const option_flow_kinds[];
extern const char *const option_directions[];
extern const char *const option_max[];
extern const char *const option_touches[];
extern const char *const option_messages[];
extern const char *const option_tests[];
extern const char *const option_ways[];
extern const char *const option_families[];

/* Ports of both ends. */
static inline unsigned
options_ends(const struct options *o)
{
	return (o->peer || o->link ? 2 : 1) * o->nb_ports;
}

/* Whether an option of this name was given. */
bool options_given(const struct options *o, const char *name);

/* One of the row's words: its place among them, or -EINVAL with the nearest. */
int option_word(const struct option_row *row, const char *text, struct xd_error *err);

/* The number of a core. -EINVAL. */
int option_core(const struct option_row *row, const char *text, int *core, struct xd_error *err);

/* Frames per second, for options to which bits mean nothing. -EINVAL. */
int option_pps(const struct option_row *row, const char *text, double *pps, struct xd_error *err);

/* What engines with OPTIONS_MESSAGE begin with, messages of the usual size; what does not go
 * together of what hosts behind one port or pairs of them were asked to send, -EINVAL; and all that
 * was asked for. */
void option_message_defaults(struct options *o, const char *usual);
int option_message_check(struct options *o, struct xd_error *err);
struct xd_message_opts option_message(const struct options *o);
/* Whether one port listens until it is interrupted: message->time_s is set then. */
bool option_until_stopped(const struct options *o, struct xd_message_opts *message);

/* What does not go together of hosts' addresses; whether --size is the longest frame, of least
 * bytes or more. -EINVAL. */
int option_host_check(struct options *o, struct xd_error *err);
int option_frame_check(const struct options *o, uint32_t least, struct xd_error *err);
/* What was asked for of hosts with OPTIONS_TCP, OPTIONS_ADDRESS, OPTION_CONNECT, OPTION_IMPAIR,
 * OPTION_STREAMS and OPTION_COMPARE. */
struct xd_message_hosts option_hosts(const struct options *o);

/* Puts the option before an error's text, unless it is there: "rate x: ..." and "x: ..." of --rate
 * become "--rate x: ...". Returns the error's code. */
int option_blame(const char *name, const char *text, struct xd_error *err);

/* options_traffic.c */
int take_size(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_rfc_sizes(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_flows(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_flow_kind(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_direction(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_pattern(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_touch(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_rate(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_line_rate(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_frames(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_replay(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_track(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_verify(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_times(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_impair(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_time.c */
int take_time(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_warmup(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_trials(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_count(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_pause(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_wait(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_timeout(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_message.c */
int take_messages(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_message_test(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_message_way(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_streams(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_compare(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_host.c */
int take_family(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_address(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_peer(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_connect(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_window(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_host_port(struct options *, const struct option_row *, const char *, struct xd_error *);

/* options_place.c */
int take_port(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_cores(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_numa(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_placement(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_switch(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_label(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_output(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_fail_if(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_quiet(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_help(struct options *, const struct option_row *, const char *, struct xd_error *);
int take_version(struct options *, const struct option_row *, const char *, struct xd_error *);

#endif
