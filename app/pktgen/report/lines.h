/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of a set, as its files are loaded. */
#ifndef PKTGEN_REPORT_LINES_H
#define PKTGEN_REPORT_LINES_H

#include "set.h"

/* Puts the rows of a file, which is one of set->files and has its system, into lines. -ENOMEM. */
int report_lines_add(struct report_set *set, unsigned file);
/* After all files: decides which trials count, and sorts. */
void report_lines_arrange(struct report_set *set);
void report_lines_destroy(struct report_line *lines, unsigned n);

#endif
