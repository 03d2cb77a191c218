/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "option_table.h"

#define PORTS                                                                                      \
	"Ports\n"                                                                                  \
	"  virtio:PATH[,OPTION...]  the guest side of a vhost-user socket the switch listens on\n" \
	"    server           listen instead, and the switch connects\n"                           \
	"    size=N queues=N  ring entries (1024; 256 with tso=on), queue pairs (1)\n"             \
	"    mrg= event_idx= packed= in_order= irq=  on or off (off): ring features, and\n"        \
	"                     whether it waits for interrupts as a guest does\n"                   \
	"    csum=on|off      leave checksums to the switch or the receiver (off)\n"               \
	"    tso=on|off mss=N send unsegmented TCP, to 64 KiB a frame (off, 1460)\n"               \
	"  dpdk:DEVARGS         a DPDK device: net_virtio_user0,path=PATH  net_tap0,iface=x\n"     \
	"                       0000:03:00.0; EAL options follow --\n"                             \
	"  loop:NAME            two of a name are each other's peer, with nothing in between\n"

/* What a command does, and what to type. */
struct text {
	const char *arguments; /* between the command and its options */
	const char *intro;
	const char *examples;
};

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static const struct text texts[] = {
	[COMMAND_RATE] = {" --port PORT --port PORT",
		"Frames and bits per second that get through, counted where they arrive.\n",
		"  crossdock-pktgen rate " AB " \\\n"
		"      --size 64:1518:*2 --flows 1000 --json out.json\n"
		"  crossdock-pktgen rate " AB " \\\n"
		"      --size imix --rate 1Mpps --track --fail-if 'loss>0'\n"
		"  crossdock-pktgen rate " AB " \\\n"
		"      --pcap traffic.pcap --replay own-times\n"
		"  crossdock-pktgen rate --port dpdk:net_virtio_user0,path=/tmp/a.sock \\\n"
		"      --port dpdk:net_virtio_user1,path=/tmp/b.sock -- --single-file-segments\n"},
	[COMMAND_LATENCY] = {" --port PORT [--port PORT]",
		"How long frames take: one at a time, from port 0 to port 1 and back; with --rate "
		"on\n"
		"a schedule, from when each should have been sent and from when it was.\n",
		"  crossdock-pktgen latency " AB "\n"
		"  crossdock-pktgen latency " AB " \\\n"
		"      --rate 100kpps --switch /run/crossdock/control.sock\n"
		"  crossdock-pktgen latency " AB " \\\n"
		"      --way one-way --rate 1Mpps --times 10 --size 64,1514 --fail-if "
		"'p99_us>20'\n"},
	[COMMAND_SEARCH] = {" --port PORT --port PORT",
		"The highest rate that a switch can take.\n\n"
		"Methods\n"
		"  throughput    RFC 2544, 26.1: the highest rate without loss\n"
		"  latency       26.2: times at that rate\n"
		"  frame-loss    26.3: loss from the highest rate downwards\n"
		"  back-to-back  26.4 and RFC 9004: the longest burst without loss\n"
		"  mlr           RFC 9971: the rate of each goal, such as NDR and PDR\n"
		"  profile       times at 0, 10, 50 and 90 % of the rate without loss\n",
		"  crossdock-pktgen search " AB "\n"
		"  crossdock-pktgen search " AB " \\\n"
		"      --method throughput --rfc-sizes --json rfc2544.json\n"
		"  crossdock-pktgen search " AB " \\\n"
		"      --method throughput --final 2 --trial 0.5 --rate 5Mpps\n"},
	[COMMAND_PAIRS] = {" --port PORT --port PORT...",
		"Many VMs at once, as disjoint pairs: what each pair and all of them get, how "
		"evenly,\n"
		"and the times while loaded, beside one pair alone.\n",
		"  crossdock-pktgen pairs --port virtio:/tmp/1.sock --port virtio:/tmp/2.sock \\\n"
		"      --port virtio:/tmp/3.sock --port virtio:/tmp/4.sock --vms 2,4\n"
		"  crossdock-pktgen pairs --port virtio:/tmp/1.sock --port virtio:/tmp/2.sock \\\n"
		"      --port virtio:/tmp/3.sock --pattern fan-in --size 1514\n"},
	[COMMAND_CALIBRATE] = {"",
		"The generator against itself, with nothing in between: what it can send and "
		"receive,\n"
		"how exactly it keeps a schedule, the shortest time that it can tell.\n",
		"  crossdock-pktgen calibrate --core 1 --json calibrate.json\n"
		"  crossdock-pktgen calibrate --cores 0,1\n"},
};

static const char general[] =
	"Usage: crossdock-pktgen COMMAND [OPTION...]\n"
	"\n"
	"Measures an Ethernet switch, a NIC or any path between: sends frames into some ports and\n"
	"counts them at others.\n"
	"\n"
	"Commands\n"
	"  rate       frames and bits per second that get through\n"
	"  latency    times, one frame at a time or at a rate\n"
	"  search     the highest rate that it can take: RFC 2544, RFC 9971 (MLRsearch)\n"
	"  pairs      many VMs at once: what each pair and all of them get\n"
	"  calibrate  the generator against itself\n"
	"  report     one page of result files: crossdock-pktgen report A.json... -o report.html\n"
	"  help       this, or with a command what that one takes\n"
	"  version    the version\n"
	"\n" PORTS "\n"
	"Examples\n"
	"  crossdock-pktgen rate " AB "\n"
	"  crossdock-pktgen latency " AB "\n"
	"\n"
	"crossdock-pktgen COMMAND --help tells the options of each.\n";

/* "  --name ARGUMENT   help", and the lines that follow it. */
static void
print_option(const struct option_row *row, FILE *out)
{
	int used = fprintf(out, "  --%s%s%s", row->name, row->argument ? " " : "",
		row->argument ? row->argument : "");
	const char *line = row->help;

	fprintf(out, "%*s", used < 25 ? 25 - used : 1, "");
	for (;;) {
		int len = (int)strcspn(line, "\n");

		fprintf(out, "%.*s\n", len, line);
		if (line[len] == '\0')
			return;
		line += len + 1;
		fprintf(out, "%25s", "");
	}
}

void
options_help(enum command command, FILE *out)
{
	const struct text *text;

	if (command >= COMMAND_REPORT) {
		fputs(general, out);
		return;
	}
	text = &texts[command];
	fprintf(out, "Usage: crossdock-pktgen %s%s [OPTION...]%s\n\n%s\n", command_name(command),
		text->arguments, command == COMMAND_CALIBRATE ? "" : " [-- EAL OPTIONS]",
		text->intro);
	for (const struct option_row *row = option_table(); row->name; row++)
		if (row->commands & 1u << command)
			print_option(row, out);
	if (command != COMMAND_CALIBRATE)
		fputs("\n" PORTS, out);
	fprintf(out, "\nExamples\n%s", text->examples);
}
