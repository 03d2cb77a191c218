/* SPDX-License-Identifier: BSD-3-Clause */
/* --help, of the program and of a command, from the engines' rows and those of their options. */
#include <string.h>

#include "option_table.h"

#define PORTS                                                                                      \
	"Ports\n"                                                                                  \
	"  virtio:PATH[,OPTION...]  the guest side of a vhost-user socket the switch listens on\n" \
	"    server           listen instead, and the switch connects\n"                           \
	"    rings=guest|static  as a guest's driver has them (guest), or offered again and\n"     \
	"                     again; ids=lifo|fifo: as Linux takes them or as DPDK (lifo)\n"       \
	"    size=N queues=N  ring entries (256; static 1024), queue pairs (1)\n"                  \
	"    mrg= event_idx= packed= in_order= irq=  on or off (off; mrg on with guest rings):\n"  \
	"                     ring features, and whether it waits for interrupts\n"                \
	"    csum=on|off      leave checksums to the switch or the receiver (off)\n"               \
	"    tso=on|off mss=N send unsegmented TCP, to 64 KiB a frame (off, 1460)\n"               \
	"  dpdk:DEVARGS         a DPDK device: net_virtio_user0,path=PATH  net_tap0,iface=x\n"     \
	"                       0000:03:00.0; EAL options follow --\n"                             \
	"  loop:NAME            two of a name are each other's peer, with nothing in between\n"

#define AB "--port virtio:/tmp/a.sock --port virtio:/tmp/b.sock"

static void
print_general(FILE *out)
{
	fputs("Usage: crossdock-pktgen COMMAND [OPTION...]\n"
	      "\n"
	      "Measures an Ethernet switch, a NIC or any path between: sends frames into some\n"
	      "ports and counts them at others.\n"
	      "\n"
	      "Commands\n",
		out);
	for (unsigned i = 0; engines[i]; i++)
		fprintf(out, "  %-10s %s\n", engines[i]->results->name, engines[i]->summary);
	fputs("  report     one page of result files: crossdock-pktgen report A.json... -o "
	      "report.html\n"
	      "  help       this, or with a command what that one takes\n"
	      "  version    the version\n"
	      "\n" PORTS "\n"
	      "Examples\n"
	      "  crossdock-pktgen rate " AB "\n"
	      "  crossdock-pktgen latency " AB "\n"
	      "\n"
	      "crossdock-pktgen COMMAND --help tells the options of each.\n",
		out);
}

/* "  --name ARGUMENT   help" or "  -n, --name ARGUMENT", and the lines that follow it. */
static void
print_option(const struct option_row *row, FILE *out)
{
	const char *line = row->help;
	int used = 0;

	if (row->letter)
		used = fprintf(out, "  -%c,", row->letter);
	used += fprintf(out, "%s--%s%s%s", used ? " " : "  ", row->name,
		row->argument && !option_is_optional(row) ? " " : "",
		row->argument ? row->argument : "");
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
options_help(const struct command *command, FILE *out)
{
	const struct engine *engine = command->engine;

	if (!engine) {
		print_general(out);
		return;
	}
	fprintf(out, "Usage: crossdock-pktgen %s%s [OPTION...]%s\n\n%s\n", engine->results->name,
		engine->arguments, engine->makes_ports ? "" : " [-- EAL OPTIONS]", engine->intro);
	for (const struct option_row *row = engine->options; row->name; row++)
		print_option(row, out);
	if (!engine->makes_ports)
		fputs("\n" PORTS, out);
	fprintf(out, "\nExamples\n%s", engine->examples);
}
