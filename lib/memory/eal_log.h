/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's log lines, told to the application's log instead of its terminal.
 *
 * While the EAL starts it also prints: its options on stdout when one of them is wrong, reasons on
 * stderr. The library prints nothing, so until xd_eal_log_started both streams lead here.
 */
#ifndef XD_MEMORY_EAL_LOG_H
#define XD_MEMORY_EAL_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

struct xd_eal_log;

/* Where some of DPDK's text comes from. */
struct xd_eal_stream {
	struct xd_eal_log *eal_log;
	FILE *stream;
	FILE *application; /* the application's, while this one is in its place */
};

struct xd_eal_log {
	struct xd_log log; /* a copy: the application's own need not stay */
	bool starting;     /* the EAL is coming up: errors are the caller's to tell */
	char problem[256]; /* the first error line, or empty */
	struct xd_eal_stream lines;
	struct xd_eal_stream out, errors; /* in place of stdout and stderr while starting */
};

/* From here on DPDK's log lines go to log, which may be NULL, and so does what is printed. NULL: no
 * memory. The thread that starts the EAL, while no other one prints. */
struct xd_eal_log *xd_eal_log_open(const struct xd_log *log);
/* The EAL is up, or is not: what is printed goes to the terminal again. */
void xd_eal_log_started(struct xd_eal_log *eal_log);
void xd_eal_log_close(struct xd_eal_log *eal_log); /* NULL is fine */

#endif
