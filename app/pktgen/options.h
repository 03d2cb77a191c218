/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of crossdock-pktgen. */
#ifndef PKTGEN_OPTIONS_H
#define PKTGEN_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "traffic/gen.h"
#include "traffic/latency.h"
#include "traffic/rate.h"

enum command { COMMAND_RATE, COMMAND_LATENCY, COMMAND_HELP, COMMAND_VERSION };

struct options {
	enum command command;
	enum command help_for; /* COMMAND_HELP itself: of the program */
	unsigned nb_ports;
	const char *ports[XD_GEN_PORTS_MAX];
	bool needs_eal;
	struct xd_rate_opts rate;
	struct xd_latency_opts latency;
	const char *json;   /* NULL: none; "-": standard output */
	const char *socket; /* of the switch; NULL: it is not asked */
	unsigned nb_cores;  /* given */
	int cores[XD_GEN_CORES_MAX];
	int placement[2]; /* -1: not given */
	unsigned timeout_ms;
	char **eal_args; /* what follows "--" */
	unsigned nb_eal_args;
};

/* -EINVAL with one line that says what is wrong. Strings stay argv's. */
int options_parse(struct options *o, int argc, char **argv, struct xd_error *err);

/* The text of --help. */
const char *options_help(enum command command);

#endif
