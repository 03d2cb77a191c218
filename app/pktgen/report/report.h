/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crossdock-pktgen report: result files in, one page out.
 *
 * The page is a single HTML file with its charts and styles inside: no script, nothing fetched. It
 * goes this way: load.c reads a file into struct xd_results; set.c lays rows of one
 * kind side by side; sample.c has the statistics; page.c puts the sections together,
 * each of which is in a file of its own; chart.c has gnuplot draw.
 */
#ifndef PKTGEN_REPORT_H
#define PKTGEN_REPORT_H

/* The command: argv[0] is "report". The exit status: 0; 1: a file, gnuplot; 2: the command line. */
int report_main(int argc, char **argv);

#endif
