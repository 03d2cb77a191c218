/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of crossdock-pktgen: what is understood, what is refused and how it is put, help
 * and completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "traffic/engine/latency.h"
#include "traffic/engine/pairs.h"
#include "traffic/engine/search/search.h"
#include "traffic/frames/template.h"

#define WORDS_MAX 48
#define AB        "--port virtio:/a --port virtio:/b "
#define LOOP      "--port loop:x --port loop:x "

/* A command line, words between spaces. */
struct line {
	char text[512];
	int argc;
	char *argv[WORDS_MAX];
};

static void
split(struct line *line, const char *text)
{
	char *save = NULL;

	snprintf(line->text, sizeof(line->text), "crossdock-pktgen %s", text);
	line->argc = 0;
	for (char *word = strtok_r(line->text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		line->argv[line->argc++] = word;
	line->argv[line->argc] = NULL;
}

/* Parses; the options and the line are the caller's to keep. */
static void
parse(struct options *o, struct line *line, const char *text)
{
	struct xd_error err = {0};

	split(line, text);
	if (options_parse(o, line->argc, line->argv, &err))
		fail_msg("%s: %s", text, err.text);
}

static void
test_defaults(void **state)
{
	const struct xd_search_opts *search;
	struct options o;
	struct line line;

	(void)state;
	parse(&o, &line, "rate " AB);
	assert_int_equal(o.command.kind, COMMAND_ENGINE);
	assert_ptr_equal(o.command.engine, engine_named("rate"));
	assert_int_equal(o.nb_ports, 2);
	assert_string_equal(o.ports[1], "virtio:/b");
	assert_false(o.needs_eal);
	assert_int_equal(o.traffic.sizes.n, 1);
	assert_int_equal(o.traffic.sizes.mix[0].bytes[0], 64);
	assert_int_equal(o.traffic.rate.kind, XD_RATE_MAX);
	assert_int_equal(o.traffic.flows, 1);
	assert_int_equal(o.traffic.every, 0);
	assert_true(o.time_s > 1.99 && o.time_s < 2.01);
	assert_int_equal(o.trials, 1);
	assert_int_equal(o.nb_cores, 0);
	assert_int_equal(o.cores[0], -1);
	assert_int_equal(o.placement[0], -1);
	assert_int_equal(o.timeout_ms, 10000);
	options_fini(&o);

	parse(&o, &line, "search " AB);
	assert_int_equal(o.traffic.sizes.mix[0].bytes[0], 60);
	search = o.own;
	assert_int_equal(search->method, XD_SEARCH_MLR);
	assert_int_equal(search->nb_goals, 2);
	options_fini(&o);

	parse(&o, &line, "calibrate");
	assert_int_equal(o.traffic.sizes.n, 2);
	assert_true(o.time_s > 0.99 && o.time_s < 1.01);
	options_fini(&o);
}

static void
test_traffic(void **state)
{
	struct options o;
	struct line line;

	(void)state;
	parse(&o, &line,
		"rate " AB "--size 64,imix --flows 1k --flow-kind l4 --direction both "
		"--touch stamp --rate 80% --line-rate 10Gbit --track --verify --times 10 "
		"--template eth/vlan(id=5)/ipv4/udp --count 1M --pattern fan-in");
	assert_int_equal(o.traffic.sizes.n, 2);
	assert_int_equal(o.traffic.sizes.mix[1].n, 3);
	assert_int_equal(o.traffic.flows, 1000);
	assert_int_equal(o.traffic.flow_kind, XD_FLOW_L4);
	assert_int_equal(o.traffic.direction, XD_DIRECTION_BOTH);
	assert_int_equal(o.traffic.touch, XD_TOUCH_STAMP);
	assert_int_equal(o.traffic.rate.kind, XD_RATE_PERCENT);
	assert_true(o.traffic.line_rate_bps > 9.9e9 && o.traffic.line_rate_bps < 10.1e9);
	assert_true(o.traffic.track);
	assert_true(o.traffic.verify);
	assert_int_equal(o.traffic.every, 10);
	assert_int_equal(o.traffic.pattern, XD_PATTERN_FAN_IN);
	assert_int_equal(o.count, 1000000);
	assert_non_null(o.traffic.template);
	assert_ptr_equal(o.traffic.template, o.template);
	assert_int_equal(options_longest(&o), 1514);
	options_fini(&o);
	assert_null(o.template);

	parse(&o, &line, "rate --port virtio:/a --pattern reflect");
	assert_int_equal(o.traffic.pattern, XD_PATTERN_REFLECT);
	options_fini(&o);
	parse(&o, &line, "rate " LOOP);
	assert_int_equal(o.nb_ports, 2);
	options_fini(&o);
}

static void
test_impairments_go_to_their_ports(void **state)
{
	struct options o;
	struct line line;

	(void)state;
	parse(&o, &line,
		"rate " AB "--port virtio:/c --impair loss=1% --impair 1:dup=50%,seed=7 "
		"--pattern mesh");
	assert_true(o.traffic.impair[0].loss > 0.009);
	assert_true(o.traffic.impair[1].loss < 0.001);
	assert_true(o.traffic.impair[1].dup > 0.49);
	assert_int_equal(o.traffic.impair[1].seed, 7);
	assert_true(o.traffic.impair[2].loss > 0.009);
	assert_false(xd_impair_any(&o.traffic.impair[3]));
	options_fini(&o);
}

static void
test_engines(void **state)
{
	const struct xd_latency_opts *latency;
	const struct xd_search_opts *search;
	const struct xd_pairs_opts *pairs;
	struct options o;
	struct line line;

	(void)state;
	parse(&o, &line, "latency " AB "--rate 100kpps --way one-way --times 4 --count 10k");
	latency = o.own;
	assert_int_equal(latency->way, XD_WAY_ONE);
	assert_int_equal(o.traffic.every, 4);
	assert_int_equal(o.count, 10000);
	options_fini(&o);
	parse(&o, &line, "latency --port virtio:/a --pattern reflect");
	assert_int_equal(o.nb_ports, 1);
	options_fini(&o);

	parse(&o, &line,
		"search " AB "--method throughput --final 3 --trial 500ms --latency-trial 4 "
		"--settle 0 --resolution 1% --min 5kpps --repeat 3 --search-timeout 1m "
		"--rfc-sizes --goal pdr");
	search = o.own;
	assert_int_equal(search->method, XD_SEARCH_THROUGHPUT);
	assert_true(search->final_s > 2.9 && search->final_s < 3.1);
	assert_true(search->trial_s > 0.49 && search->trial_s < 0.51);
	assert_true(search->latency_s > 3.9);
	assert_true(search->settle_s < 0.1);
	assert_true(search->resolution > 0.0099 && search->resolution < 0.0101);
	assert_true(search->min_pps > 4999 && search->min_pps < 5001);
	assert_int_equal(search->repeat, 3);
	assert_true(search->timeout_s > 59);
	assert_int_equal(o.traffic.sizes.n, 7);
	assert_int_equal(o.traffic.sizes.mix[6].bytes[0], 1514);
	assert_int_equal(search->nb_goals, 1);
	assert_string_equal(search->goals[0].name, "PDR");
	options_fini(&o);

	parse(&o, &line,
		"pairs " AB "--port virtio:/c --port virtio:/d --vms 2:4:+2,2 "
		"--latency-rate 0");
	pairs = o.own;
	assert_int_equal(pairs->nb_counts, 3);
	assert_int_equal(pairs->counts[1], 4);
	assert_int_equal(pairs->counts[2], 2);
	assert_true(pairs->latency_pps < 1);
	options_fini(&o);
}

static void
test_places_and_results(void **state)
{
	struct options o;
	struct line line;

	(void)state;
	parse(&o, &line,
		"rate " AB "--cores 3,1 --placement 0,1 --switch /run/s --timeout 0.5 "
		"--label a --json out.json --csv - --fail-if loss>0 --fail-if mpps<40 --quiet");
	assert_int_equal(o.nb_cores, 2);
	assert_int_equal(o.cores[0], 3);
	assert_int_equal(o.cores[1], 1);
	assert_int_equal(o.placement[1], 1);
	assert_string_equal(o.socket, "/run/s");
	assert_int_equal(o.timeout_ms, 500);
	assert_string_equal(o.label, "a");
	assert_string_equal(o.json, "out.json");
	assert_string_equal(o.csv, "-");
	assert_int_equal(o.nb_fail_if, 2);
	assert_string_equal(o.fail_if[1].figure, "mpps");
	assert_true(o.quiet);
	assert_int_equal(o.nb_eal_args, 0);
	options_fini(&o);

	parse(&o, &line, "rate --port dpdk:net_null0 --port dpdk:net_null1 -- --no-huge -m 64");
	assert_true(o.needs_eal);
	assert_int_equal(o.nb_eal_args, 3);
	assert_string_equal(o.eal_args[0], "--no-huge");
	options_fini(&o);
}

static void
test_words_that_measure_nothing(void **state)
{
	static const struct {
		const char *text;
		enum command_kind command, help_for;
		const char *engine; /* that help is for */
	} cases[] = {
		{"--help", COMMAND_HELP, COMMAND_HELP, NULL},
		{"-h", COMMAND_HELP, COMMAND_HELP, NULL},
		{"help search", COMMAND_HELP, COMMAND_ENGINE, "search"},
		{"pairs --help", COMMAND_HELP, COMMAND_ENGINE, "pairs"},
		{"rate --size 64 -h --bogus", COMMAND_HELP, COMMAND_ENGINE, "rate"},
		{"--version", COMMAND_VERSION, COMMAND_HELP, NULL},
		{"latency --version", COMMAND_VERSION, COMMAND_HELP, NULL},
		{"report --whatever", COMMAND_REPORT, COMMAND_HELP, NULL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct line line;

		parse(&o, &line, cases[i].text);
		assert_int_equal(o.command.kind, cases[i].command);
		assert_int_equal(o.help_for.kind, cases[i].help_for);
		assert_ptr_equal(
			o.help_for.engine, cases[i].engine ? engine_named(cases[i].engine) : NULL);
		options_fini(&o);
	}
}

/* What is wrong, and the whole line that says so. */
static const struct {
	const char *text, *said;
} bad[] = {
	{"", "give a command, such as rate or latency; see crossdock-pktgen --help"},
	{"rat", "unknown command rat; did you mean rate?"},
	{"help serch", "unknown command serch; did you mean search?"},
	{"rate", "give two ports, such as --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"},
	{"rate " AB "--sise 64", "unknown option --sise; did you mean --size?"},
	{"rate " AB "--method mlr", "--method is an option of search, not of rate"},
	{"calibrate --vms 2", "--vms is an option of pairs, not of calibrate"},
	{"rate " AB "stray",
		"stray is no option; ports are given with --port, EAL options behind --"},
	{"rate " AB "--times", "--times needs a value; see crossdock-pktgen rate --help"},
	{"rate " AB "--track=3", "--track takes no value"},
	{"rate " AB "-- --no-huge", "EAL options are of use with dpdk: ports only"},
	{"rate --port dpdk:net_null0 --port dpdk:net_null1 -- --help",
		"--help behind -- is the EAL's, which would print and measure nothing; leave it "
		"out"},
	/* What is sent */
	{"rate " AB "--size abc",
		"--size abc is no number; give bytes, such as 64 or 64,1518 or 64:1518:*2"},
	{"rate " AB "--size 64q", "--size 64q: unknown unit q; valid are: k, K, M"},
	{"rate " AB "--size 10", "--size 10: give 60 to 65549 bytes"},
	{"rate " AB "--rate 5Mpp", "--rate 5Mpp: unknown unit Mpp; did you mean Mpps?"},
	{"rate " AB "--rate 80%",
		"--rate 80%: of what? give --line-rate, such as --line-rate 10Gbit"},
	{"rate " AB "--line-rate 10Gbit",
		"--line-rate is of use with a rate in percent only, such as --rate 80%"},
	{"rate " AB "--pattern mehs", "--pattern: unknown word mehs; did you mean mesh?"},
	{"rate " AB "--pattern unicast",
		"--pattern: unknown word unicast; valid are: pairs, broadcast, fan-in, mesh, "
		"reflect, send"},
	{"latency " AB "--pattern mesh", "--pattern: unknown word mesh; valid are: pairs, reflect"},
	{"rate " AB "--touch ful", "--touch: unknown word ful; did you mean full?"},
	{"rate " AB "--flows 0", "--flows 0: a whole number from 1 to 16777216"},
	{"rate " AB "--template eth/ipv5",
		"--template: unknown header \"ipv5\"; did you mean ipv4?"},
	{"rate " AB "--template eth --template-file x.yaml",
		"--template-file does not go with --template: one of the two"},
	{"rate " AB "--template-file /nonexistent/x.yaml",
		"--template-file /nonexistent/x.yaml: No such file or directory"},
	{"rate " AB "--pcap /nonexistent/x.pcap",
		"--pcap /nonexistent/x.pcap: No such file or directory"},
	{"rate " AB "--pcap x --size 64", "--size does not go with --pcap: the file has the sizes"},
	{"rate " AB "--pcap x --template eth",
		"--template does not go with --pcap: the file has the headers"},
	{"rate " AB "--pcap x --verify",
		"--verify does not go with --pcap: its frames are sent as they are, with no "
		"payload to know again"},
	{"rate " AB "--pcap x --replay own-times --rate 5kpps",
		"--rate does not go with --replay own-times: the file has the times"},
	{"rate " AB "--replay own-times", "--replay is of use with --pcap only"},
	{"rate " AB "--impair lost=1%", "--impair: unknown word \"lost\"; did you mean loss?"},
	{"iperf3 -s --port virtio:/a -Z -C cubic", "--congestion cubic: there is reno alone"},
	{"rate " AB "--impair 5",
		"--impair 5: a port is its number, from 0, and a colon, such as 0:loss=1%"},
	{"rate " AB "--impair 5:loss=1%",
		"--impair 5:...: ports are 0 to 1, in the order of --port"},
	{"rate " AB "--impair loss=1% --impair dup=1%",
		"--impair dup=1%: that port is impaired already; give one list of "
		"faults, such as loss=1%,dup=1%"},
	{"rate " AB "--impair loss=1%,direction=rx",
		"--impair loss=1%,direction=rx: direction is for engines with hosts behind their "
		"ports: tcp, udp and rr"},
	{"tcp " AB "--impair loss=1%,direction=in",
		"--impair: direction=in: give tx, rx or both: what the port sends, receives"},
	/* How long */
	{"rate " AB "--time 0", "--time 0: at least 1ms"},
	{"rate " AB "--warmup -1", "--warmup: time -1: give seconds, such as 2 or 0.3 or 500ms"},
	{"rate " AB "--trials 0", "--trials 0: a whole number from 1 to 1000000"},
	/* Engines */
	{"latency " AB "--rate max",
		"--rate max: give a rate, such as 100kpps, or leave --rate out for one frame at a "
		"time"},
	{"latency " AB "--way one-way",
		"--way one-way needs --rate, such as --rate 100kpps; one frame at a time makes "
		"round trips"},
	{"latency " AB "--times 5",
		"--times is of use with --rate; one at a time, every frame is timed"},
	{"latency --port virtio:/a",
		"give two ports, such as --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock; or "
		"one and --pattern reflect"},
	{"latency " AB "--port virtio:/c",
		"latency has two ports, or one and --pattern reflect; 3 are given"},
	{"search " AB "--method ndr", "--method: unknown word ndr; did you mean mlr?"},
	{"search " AB "--final 0", "--final 0: at least 1ms"},
	{"search " AB "--resolution 5",
		"--resolution 5: give a share, such as 0.5% or 0.005, up to 50%"},
	{"search " AB "--min 1Gbit", "--min 1Gbit: give frames per second, such as 1kpps"},
	{"search " AB "--rfc-sizes --size 64",
		"--rfc-sizes does not go with --size: one of the two"},
	{"pairs " AB "--vms 1", "--vms 1: give 2 to 64, such as 2,4,8 or 2:14:+2"},
	{"pairs " AB "--vms 2:14:+0", "--vms 2:14:+0: give 2 to 64, such as 2,4,8 or 2:14:+2"},
	{"pairs " AB "--vms 2,4", "--vms 4: 2 ports are given; give --port more often"},
	{"pairs " AB "--port virtio:/c --vms 3",
		"--vms 3 do not make pairs; give even numbers, or --pattern fan-in"},
	{"tcp " AB "--messages 1G", "--messages: size 1G: unknown unit G; valid are: k, K, M"},
	{"tcp " AB "--messages 0", "--messages: size 0: give 1 to 134217728 bytes"},
	{"tcp " AB "--messages imix",
		"--messages imix: one size at a time, such as 1,64k or 1:128M:*2"},
	{"tcp " AB "--streams 0", "--streams 0: a whole number from 1 to 100000"},
	{"tcp " AB "--test latence", "--test: unknown word latence; did you mean latency?"},
	{"tcp " AB "--direction revers", "--direction: unknown word revers; did you mean reverse?"},
	{"tcp " AB "--connect 10.0.0.1",
		"--connect goes with one port; of two, the second is connected to"},
	{"tcp --port virtio:/a --connect 10.0.0",
		"--connect 10.0.0: give the address of a host, such as 10.0.0.2 or fd00::2"},
	{"tcp " AB "--port virtio:/c",
		"tcp has one port, or pairs of them: give an even number, not 3"},
	{"tcp " AB "--impair delay_us=5",
		"--impair: delay_us is not for tcp; give loss, dup or reorder"},
	{"tcp " AB "--size 64,1514",
		"--size is the longest frame: one size from 314, such as 1514"},
	{"udp " AB "--messages 129M", "--messages: size 129M: give 1 to 134217728 bytes"},
	{"udp " AB "--messages 1,,2",
		"--messages: size \"\": give bytes, such as 64 or 64,1518 or 64:1518:*2"},
	{"udp " AB "--streams 10001", "--streams 10001: a whole number from 1 to 10000"},
	{"udp " AB "--wait 0", "--wait 0: at least 0.01ms"},
	{"udp " AB "--wait soon", "--wait: time soon: give seconds, such as 2 or 0.3 or 500ms"},
	{"udp " AB "--size 127", "--size is the longest frame: one size from 128, such as 1514"},
	{"udp " AB "--udp-port 0", "--udp-port 0: a whole number from 1 to 65000"},
	{"udp " AB "--tcp-port 1", "--tcp-port is an option of tcp, not of udp"},
	{"udp " AB "--nagle", "--nagle is an option of tcp, not of udp"},
	{"udp " AB "--port virtio:/c",
		"udp has one port, or pairs of them: give an even number, not 3"},
	{"udp " AB "--connect 10.0.0.1",
		"--connect goes with one port; of two, the second is connected to"},
	{"udp " AB "--impair delay_us=5",
		"--impair: delay_us is not for udp; give loss, dup or reorder"},
	{"udp --port virtio:/a --direction both",
		"--direction both needs two ports: what somebody else's end sends is its own "
		"business"},
	{"rr " AB "--test tcp_cx", "--test: unknown word tcp_cx; did you mean tcp_rr?"},
	{"rr " AB "--outstanding 257",
		"--outstanding 257: numbers from 1 to 256, such as 1,16 or 1:256:*2"},
	{"rr " AB "--outstanding imix",
		"--outstanding imix: numbers from 1 to 256, such as 1,16 or 1:256:*2"},
	{"rr " AB "--request 1,2", "--request 1,2: one size, such as 1 or 64k"},
	{"rr " AB "--wait 1us", "--wait 1us: at least 1ms"},
	{"rr " AB "--port virtio:/c",
		"rr has one port, or pairs of them: give an even number, not 3"},
	{"rr --port virtio:/a --test all", "a port that listens does so for one --test"},
	{"respond", "give a port, such as --port virtio:/tmp/a.sock"},
	{"respond --port virtio:/a --address 10.0.0.2/24",
		"--address 10.0.0.2/24: give addresses of a host without prefix length, such as "
		"10.0.0.2,fd00::2"},
	{"respond --port virtio:/a --address 10.0.0.2 --address fd00::2",
		"--address is given 2 times for 1 port; give all of one port as a list, such as "
		"10.0.0.2,fd00::2"},
	{"ping --port virtio:/a", "whom to ping? give --to, such as --to 10.0.0.2"},
	{"ping --port virtio:/a --to 10.0.0.2",
		"there is no IPv4 address to ping 10.0.0.2 from: give one of its network, such as "
		"--address 10.0.0.1"},
	{"ping --port virtio:/a --to 10.0.0.256",
		"10.0.0.256: give the address of a host, such as 10.0.0.2 or fd00::2"},
	{"ping --port virtio:/a --to 224.0.0.1",
		"224.0.0.1: give the address of a host, such as 10.0.0.2 or fd00::2"},
	{"ping --port virtio:/a --to ff02::1",
		"ff02::1: give the address of a host, such as 10.0.0.2 or fd00::2"},
	{"ping --port virtio:/a --to ::1 --size 98",
		"::1: give the address of a host, such as 10.0.0.2 or fd00::2"},
	{"ping --port virtio:/a --to fe80::1 --size imix",
		"--size imix: ping has no mixes of sizes"},
	{"ping " AB "--port virtio:/c --to fe80::1",
		"ping has one port, or two: the host behind the second is pinged; 3 are "
		"given"},
	{"ping " AB "--cores 0,1", "--cores: one core drives both ports of ping; give --core N"},
	{"ping --port virtio:/a --to fe80::1 --interval 1us", "--interval 1us: at least 0.01ms"},
	{"ping --port virtio:/a --to fe80::1 --interval 10us --wait 10",
		"--wait 10 is more than 32768 times --interval 1e-05, and sequence numbers end: "
		"wait less"},
	{"rate " AB "--address 10.0.0.2",
		"--address is an option of tcp, udp, rr, iperf3, respond, ping, not of rate"},
	/* Ports, cores, results */
	{"rate --port vrtio:x",
		"--port vrtio:x: unknown kind vrtio; did you mean virtio? (virtio:PATH, "
		"dpdk:DEVARGS, loop:NAME)"},
	{"rate --port virtio:x,paked=on",
		"--port: virtio port: unknown option paked; did you mean packed?"},
	{"rate " AB "--port virtio:/a,packed=on", "--port virtio:/a,packed=on is given twice"},
	{"rate " LOOP "--port loop:x",
		"--port loop:x is given three times; two of a name are each other's peer"},
	{"rate " AB "--core x", "--core x: give the number of a core, such as 1"},
	{"rate " AB "--cores 0,0", "--cores 0,0: core 0 is there twice; give different ones"},
	{"rate " AB "--cores 0,1,2",
		"--cores: 3 cores for 2 ports; give as many as there are ports at most"},
	{"rate " AB "--core 0 --cores 0,1", "--cores does not go with --core: one of the two"},
	{"calibrate --cores 0,1,2", "--cores 0,1,2: give up to 2 cores, such as 0,1"},
	{"rate " AB "--placement 1", "--placement 1: give two cores, such as 0,1"},
	{"rate " AB "--json - --csv -",
		"--json and --csv both write to standard output; give one of them another file"},
	{"rate " AB "--json x --csv x",
		"--json and --csv both write to x; give one of them another file"},
	{"rate " AB "--json=", "--json \"\": give the name of a file, or - for standard output"},
	{"rate " AB "--fail-if los>0",
		"--fail-if los>0: unknown figure \"los\"; did you mean loss?"},
};

static void
test_refusals(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xd_error err = {0};
		struct options o;
		struct line line;

		split(&line, bad[i].text);
		if (!options_parse(&o, line.argc, line.argv, &err)) {
			print_error("taken: %s\n", bad[i].text);
			wrong++;
		} else if (strcmp(err.text, bad[i].said)) {
			print_error("%s\n  said     %s\n  expected %s\n", bad[i].text, err.text,
				bad[i].said);
			wrong++;
		}
		options_fini(&o);
	}
	assert_int_equal(wrong, 0);
}

/* The text that something printed; the caller frees it. */
static char *
help_text(const char *name)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	struct command command;

	assert_non_null(out);
	assert_true(command_named(name, &command));
	options_help(&command, out);
	fclose(out);
	return text;
}

static void
test_help_fits_a_screen_and_names_every_option(void **state)
{
	(void)state;
	for (unsigned c = 0; command_name(c); c++) {
		char *text = help_text(command_name(c));
		unsigned lines = 0;

		for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
			assert_in_range(strcspn(at, "\n"), 0, 100);
			lines++;
		}
		assert_in_range(lines, 15, 80);
		assert_null(strstr(text, "(null)"));
		assert_non_null(strstr(text, "crossdock-pktgen"));
		free(text);
	}
	for (unsigned c = 0; engines[c]; c++) {
		char *text = help_text(engines[c]->results->name), dashed[32];
		static const char *const all[] = {"size", "json", "csv", "label", "fail-if"};
		unsigned n = sizeof(all) / sizeof(all[0]);

		if (engines[c]->opens_ports || engines[c] == engine_named("iperf3") ||
			engines[c] == engine_named("server"))
			n = engines[c]->main ? 0 : 1; /* it has no rows; or no frames */
		for (unsigned i = 0; i < n; i++) {
			snprintf(dashed, sizeof(dashed), "\n  --%s ", all[i]);
			assert_non_null(strstr(text, dashed));
		}
		free(text);
	}
}

static void
test_completion(void **state)
{
	static const struct {
		const char *text;
		const char *offered;
	} cases[] = {
		{"ra", "rate\n"},
		{"help se", "search\nserver\nsession\n"},
		{"rate --pat", "--pattern\n"},
		{"rate --method ", ""},
		{"rate --pattern me", "mesh\n"},
		{"latency --pattern ", "pairs\nreflect\n"},
		{"rate --pattern=fa", "fan-in\n"},
		{"rate --port v", "virtio:\n"},
		{"rate --port virtio:/x", "<file>\n"},
		{"rate --json ", "<file>\n"},
		{"rate -- --no", ""},
		{"session --fwd mac", "mac\nmacswap\n"},
		{"session --script ", "<file>\n"},
		{"report ", "<file>\n"},
		{"nonsense --p", ""},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL, empty[] = "";
		struct line line;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		split(&line, cases[i].text);
		if (cases[i].text[strlen(cases[i].text) - 1] == ' ')
			line.argv[line.argc++] = empty;
		options_complete(line.argc - 1, line.argv + 1, out);
		fclose(out);
		if (strcmp(cases[i].text, "rate --method "))
			assert_string_equal(text, cases[i].offered);
		else
			assert_null(strstr(text, "mlr"));
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_impairments_go_to_their_ports),
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_places_and_results),
		cmocka_unit_test(test_words_that_measure_nothing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_help_fits_a_screen_and_names_every_option),
		cmocka_unit_test(test_completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
