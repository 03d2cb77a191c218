/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of crossdock-pktgen.
 *
 * Every option is a row of its engine's list (option_table.h, engine.h), which getopt, --help and
 * the completion are made from. options_parse.c goes through argv; what a row's text means is in
 * options_traffic.c, options_message.c, options_host.c, options_place.c and options_time.c, or with
 * the engine that alone has it; what does not go together in options_check.c.
 */
#ifndef PKTGEN_OPTIONS_H
#define PKTGEN_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "engine.h"
#include "traffic/engine/message/link.h"
#include "traffic/engine/message/message.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/result/fail_if.h"
#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

#define OPTION_ROWS_MAX  80
#define OPTIONS_TOLD_MAX 128

struct table_suite;

enum command_kind {
	COMMAND_ENGINE,
	COMMAND_REPORT, /* from here on they measure nothing */
	COMMAND_HELP,
	COMMAND_VERSION,
};

struct command {
	enum command_kind kind;
	const struct engine *engine; /* COMMAND_ENGINE; else NULL */
};

/* Of engines with a host behind each port. */
struct host_options {
	unsigned nb_addresses;
	const char *addresses[XD_GEN_PORTS_MAX]; /* by port of both ends; NULL: made up */
	bool v6;                                 /* of those that are made up */
	bool has_peer;                           /* one port: somebody else's end */
	/* The first is that; of two ends, what each port's other half has. */
	struct xd_respond_target peers[XD_GEN_PORTS_MAX];
	uint16_t port;   /* that is connected to, or listened on */
	uint32_t window; /* bytes; 0: as the engine likes */
};

/* What was asked for, with defaults where nothing was. Strings are argv's. */
struct options {
	struct command command;
	struct command help_for; /* COMMAND_HELP itself: of the program */
	bool given[OPTION_ROWS_MAX];

	unsigned nb_ports;
	const char *ports[XD_GEN_PORTS_MAX];
	bool needs_eal;

	struct xd_traffic_opts traffic;
	struct host_options host;
	struct xd_message_opts message; /* of engines that send messages: option_message */
	struct xd_impair impair_all;    /* of every port that has none of its own */
	const char *template_text, *template_path, *capture_path;
	struct xd_template *template; /* ours; traffic points to them */
	struct xd_capture *capture;

	double time_s, warmup_s;
	double interval_s, wait_s; /* between requests; until one without an answer is lost */
	unsigned trials;
	uint64_t count;
	unsigned timeout_ms;
	void *own; /* the engine's own, of its own_bytes; NULL: it has none */

	unsigned nb_cores; /* given */
	int cores[XD_GEN_CORES_MAX];
	unsigned nb_nodes;           /* given: NUMA */
	int nodes[XD_GEN_PORTS_MAX]; /* of port i: i % nb_nodes */
	int placement[2];            /* -1: not given */
	const char *socket;          /* of the switch; NULL: it is not asked */

	const char *label, *json, *csv; /* NULL: none; files: "-" is standard output */
	unsigned nb_fail_if;
	struct xd_fail_if fail_if[XD_FAIL_IF_MAX];
	bool quiet;

	const char *peer; /* where the server of the other end is; NULL: there is none */
	/* To the other end, of which this is one half; set when it is run. */
	const struct xd_message_link *link;
	unsigned nb_told; /* that the other end is told, as they were given */
	struct {
		const char *name, *text;
	} told[OPTIONS_TOLD_MAX];

	const char *operand;             /* the engine's, or NULL */
	const struct table_suite *suite; /* that this is a step of; NULL: of none */

	char **eal_args; /* what follows "--" */
	unsigned nb_eal_args;
};

/* -EINVAL, or what reading a file gave, with one line that says what is wrong. Of COMMAND_REPORT
 * nothing but the word is looked at. options_fini in any case. */
int options_parse(struct options *o, int argc, char **argv, struct xd_error *err);
void options_fini(struct options *o);

/* The same without a command line: defaults of an engine, then one option after the other that both
 * ends of a test know (struct option_row), then options_check. -EINVAL, -ENOMEM. */
int options_begin(struct options *o, const struct engine *engine, struct xd_error *err);
int options_add(struct options *o, const char *name, const char *text, struct xd_error *err);

/* What does not go together, and what only the whole tells: -EINVAL. Loads template and capture. */
int options_check(struct options *o, struct xd_error *err);
/* Longest frame to be sent, bytes without FCS. */
uint32_t options_longest(const struct options *o);

/* "rate", ..., "report", "help", "version", in this order; NULL after the last. */
const char *command_name(unsigned i);
/* False: there is no such command. */
bool command_named(const char *name, struct command *command);

/* Prints the text of --help. */
void options_help(const struct command *command, FILE *out);

/* What could come next, a line each, for the shell: words are those behind the program's name, the
 * last one being typed. "<file>" stands for the names of files. */
void options_complete(int nb_words, char **words, FILE *out);

#endif
