/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of engine session, a prompt in the manner of testpmd: its options and its help. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "session_prompt.h"
#include "traffic/engine/session/mode.h"

#define LINES_MAX  32
#define LINE_BYTES 160

/* Commands that options stand for, in their order; and the start, after all of them. */
struct own {
	unsigned nb_lines;
	char lines[LINES_MAX][LINE_BYTES];
	const char *start;
	unsigned nb_scripts;
	const char *scripts[LINES_MAX];
};

/* Options of testpmd's that are commands of a session's. */
static const struct {
	const char *option, *before;
} lines[] = {
	{"forward-mode", "set fwd "},
	{"fwd", "set fwd "},
	{"burst", "set burst "},
	{"nb-cores", "set nbcore "},
	{"nb-ports", "set nbport "},
	{"port-topology", "set port-topology "},
	{"portlist", "set portlist "},
	{"txpkts", "set txpkts "},
	{"eth-peer", "set eth-peer "},
};

static int
take_line(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;
	char *line = own->lines[own->nb_lines], *comma;
	size_t before;

	if (own->nb_lines == LINES_MAX)
		return xd_fail(err, -EINVAL,
			"more than %d such options; --script has room for more", LINES_MAX);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(lines[i].option, row->name))
			continue;
		before = strlen(lines[i].before);
		if (text[0] == '\0' || text[strcspn(text, " \t\n#")] ||
			snprintf(line, LINE_BYTES, "%s%s", lines[i].before, text) >= LINE_BYTES)
			return xd_fail(err, -EINVAL, "%s: give one short word", text);
		comma = strchr(line + before, ',');
		if (comma && !strcmp(row->name, "eth-peer")) /* N,MAC */
			*comma = ' ';
		own->nb_lines++;
	}
	return 0;
}

static int
take_script(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)row;
	if (own->nb_scripts == LINES_MAX)
		return xd_fail(err, -EINVAL, "at most %d scripts", LINES_MAX);
	own->scripts[own->nb_scripts++] = text;
	return 0;
}

static int
take_start(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct own *own = o->own;

	(void)text;
	(void)err;
	if (!strcmp(row->name, "tx-first"))
		own->start = "start tx_first";
	else if (!own->start)
		own->start = "start";
	return 0;
}

/* testpmd needs to be told, a session is. */
static int
take_nothing(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)o;
	(void)row;
	(void)text;
	(void)err;
	return 0;
}

static const char *const modes[] = {
	"io", "mac", "macswap", "rxonly", "txonly", "icmpecho", "flowgen", NULL};
static const char *const topologies[] = {"paired", "chained", "loop", NULL};

static const struct option_row options[] = {
	OPTION_PORT,
	{"script", "FILE", take_script, .help = "carry out the commands of a file first",
		.file = true},
	{"cmdline-file", "FILE", take_script, .help = "the same", .file = true},
	{"forward-mode", "MODE", take_line,
		.help = "as set fwd: io mac macswap rxonly txonly ... (io)", .words = modes},
	{"fwd", "MODE", take_line, .help = "the same", .words = modes},
	{"burst", "N", take_line, .help = "frames moved at once, to 64 (32)"},
	{"nb-cores", "N", take_line, .help = "cores that forward (those of --cores; 1)"},
	{"nb-ports", "N", take_line, .help = "the first so many ports take part (all)"},
	{"portlist", "LIST", take_line, .help = "ports that take part, in order: 0,1 (all)"},
	{"port-topology", "WORD", take_line,
		.help = "paired: 0 to 1 and back; chained: 0 to 1 to 2; loop (paired)",
		.words = topologies},
	{"txpkts", "LENGTHS", take_line, .help = "bytes of frames that are made (64)"},
	{"eth-peer", "N,MAC", take_line,
		.help = "to whom port N's frames go, of mac, txonly, flowgen\n"
			"(02:00:00:00:00:0N)"},
	{"auto-start", NULL, take_start, .help = "start forwarding"},
	{"tx-first", NULL, take_start, .help = "the same, and each port sends a burst first"},
	{"interactive", NULL, take_nothing, .help = "nothing: a session always is"},
	{"size", "SIZE", take_size, .help = "longest frame, bytes without FCS (1514)"},
	{"core", "N", take_cores, .help = "core to forward on (any)"},
	{"cores", "A,B,...", take_cores, .help = "the same of several; set nbcore uses fewer"},
	{"timeout", "S", take_timeout, .help = "to wait for a port's peer (10)"},
	{"help", NULL, take_help, .help = "this"},
	{"version", NULL, take_version, .help = "the version"},
	{NULL},
};

static int
run(const struct options *o, struct xd_gen *gen, struct xd_error *err)
{
	const struct own *own = o->own;
	const char *first[2 * LINES_MAX + 1];
	struct session_prompt_opts opts = {
		.lines = first, .scripts = own->scripts, .nb_scripts = own->nb_scripts};

	for (unsigned i = 0; i < own->nb_lines; i++)
		first[opts.nb_lines++] = own->lines[i];
	if (own->start)
		first[opts.nb_lines++] = own->start;
	return session_prompt_run(o, gen, &opts, err);
}

static const struct xd_engine results = {.name = "session"};

const struct engine engine_session = {
	.results = &results,
	.summary = "a prompt in the manner of testpmd: forward frames between ports",
	.arguments = " [--port PORT...]",
	.intro = "A prompt in the manner of DPDK's testpmd: forwards frames between its ports, as "
		 "set\n"
		 "fwd says, and shows what it counted. Commands come from the terminal, a pipe or "
		 "a\n"
		 "file; help lists them. Of a pipe or a file the exit status is 1 when one "
		 "failed.\n",
	.examples =
		"  crossdock-pktgen session --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock\n"
		"  crossdock-pktgen session --port dpdk:0000:00:04.0 --port dpdk:0000:00:05.0 \\\n"
		"      --fwd macswap --auto-start\n"
		"  printf 'start\\nsleep 10\\nstop\\n' | crossdock-pktgen session --port ...\n",
	.options = options,
	.sizes = "1514",
	.opens_ports = true,
	.own_bytes = sizeof(struct own),
	.run = run,
};
