/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of crossdockd. */
#ifndef CROSSDOCKD_OPTIONS_H
#define CROSSDOCKD_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config;
	const char *state;   /* or NULL */
	const char *control; /* or NULL */
	const char *unixctl; /* or NULL */
	const char *ovsdb;   /* or NULL */
	bool check;
	char *const *eal_args; /* what follows "--" */
	unsigned nb_eal_args;
};

/* Returns -1 to go on, or the exit status: 0 after --help and --version, 2 for a wrong usage. */
int options_parse(struct options *options, int argc, char **argv);

#endif
