/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's log lines, told to the application's log instead of its terminal. */
#ifndef XD_MEMORY_EAL_LOG_H
#define XD_MEMORY_EAL_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

struct xd_eal_log {
	const struct xd_log *log;
	bool starting;     /* the EAL is coming up: errors are the caller's to tell */
	char problem[256]; /* the first error line, or empty */
	FILE *stream;
};

/* From here on DPDK logs to log, which lives until the close. NULL: no memory. */
struct xd_eal_log *xd_eal_log_open(const struct xd_log *log);
void xd_eal_log_close(struct xd_eal_log *eal_log); /* NULL is fine */

#endif
