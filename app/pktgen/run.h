/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens the ports, lets an engine run over them, shows and writes what it found. */
#ifndef PKTGEN_RUN_H
#define PKTGEN_RUN_H

#include "options.h"

#define EXIT_USAGE     2
#define EXIT_CONDITION 3 /* a row met a condition of --fail-if */
#define EXIT_INTERRUPT 130

/* The exit status. argv: for the record, and its first word for the EAL. Control. */
int run_main(const struct options *o, int argc, char **argv);

#endif
