/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a suite: each step in a process of its own, which is what its command line would be, against
 * a crossdockd of its own or the ports that were given. Control.
 */
#ifndef PKTGEN_SUITE_RUN_H
#define PKTGEN_SUITE_RUN_H

#include "options.h"
#include "suite.h"

struct suite_run_opts {
	const struct options *o; /* of the suite's command line: where, label, quiet */
	const char *command;     /* it, for the record */
	struct suite_ports ports;
	int switch_core;       /* of crossdockd's worker; -1: the last one */
	const char *json;      /* the file of results */
	const char *report;    /* of the page; NULL: none */
	const json_t *earlier; /* results to go on from; NULL: none */
};

/* The exit status. The suite is checked. */
int suite_run(const struct suite *s, const struct suite_run_opts *opts);

#endif
