/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engines as people meet them: what to type, what --help says, what is run, how its rows look
 * on the screen and in a report. Each is one row of a table (engines.c), and a file of its own
 * (engine_NAME.c). What results know of it is in result/engine.h; what it does, in lib/traffic.
 */
#ifndef PKTGEN_ENGINE_H
#define PKTGEN_ENGINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "traffic/result/result.h"

struct option_row;
struct options;
struct report_figure;
struct report_page;
struct report_set;
struct table;
struct xd_gen;

/* Its part of a report. */
struct engine_report {
	const char *title; /* of the section, whose anchor is the engine's name; NULL: the name */
	/* NULL: a table of its own figures, where it has some. Writes nothing without rows. */
	void (*section)(struct report_page *page);
	bool (*has)(const struct report_set *set); /* whether it does; NULL: there are such rows */
	/* By which rows are compared in the summary; how many. NULL: by frames per second,
	 * or, of those without a section, by nothing. */
	unsigned (*figures)(const struct xd_row *row, const struct report_figure **figures);
	/* Its rows begin with xd_message_figures: they are messages over this ("tcp"), and have
	 * charts and tables of theirs in place of a section. NULL: they do not. */
	const char *protocol;
	bool is_alone;       /* its rows are of the generator alone, and no switch's */
	bool must_be_timed;  /* a row without times is an error in the file */
	bool draws_no_times; /* they are in charts of its own */
};

struct engine {
	const struct xd_engine *results;
	/* Help: a line for the list of commands, what stands between the command and its options,
	 * what it does, and examples. */
	const char *summary, *arguments, *intro, *examples;
	const struct option_row *options; /* in the order of --help */
	const char *sizes;                /* unless --size says others; NULL: 64 */
	double time_s;                    /* unless --time does; 0: 2 */
	bool makes_ports;                 /* by itself: it has no --port, and needs no EAL */
	bool takes_one_port;              /* is enough */
	bool opens_ports; /* by itself, and others than --port says: that may be left out */
	bool hosts;       /* behind its ports: faults may be made in what they receive (--impair) */
	const char *operand; /* what may stand among its options, once; NULL: nothing does */
	void (*offer)(const char *begun, FILE *out); /* names for it, a line each; or NULL */
	size_t own_bytes; /* options of its own, at options.own, zeroed; 0: none */
	void (*defaults)(struct options *o); /* of these, where zero is none; or NULL */
	int (*check)(struct options *o, struct xd_error *err); /* what does not go
								* together; or NULL */
	int (*run)(const struct options *o, struct xd_gen *gen, struct xd_error *err);
	/* Seconds that it takes, about; NULL: a trial for each size and message. */
	double (*seconds)(const struct options *o);
	/* In place of opening ports and run: the exit status. */
	int (*main)(const struct options *o, int argc, char **argv);
	/* NULL: the figures of its own, under their heads. */
	void (*show)(struct table *table, const struct xd_row *row);
	struct engine_report report;
};

#define ENGINES_MAX 31

/* All, in the order of --help and of the report's sections; ends with NULL. */
extern const struct engine *const engines[];
/* What results know of them; ends with NULL. */
void engines_results(const struct xd_engine *list[ENGINES_MAX + 1]);
/* NULL: no such engine. */
const struct engine *engine_named(const char *name);
const struct engine *engine_of(const struct xd_row *row);

#endif
