/* SPDX-License-Identifier: BSD-3-Clause */
/* The EAL, brought up without what it prints by itself. */
#ifndef PKTGEN_RUN_EAL_H
#define PKTGEN_RUN_EAL_H

#include "base/error.h"
#include "base/log.h"

/* log: initialized here, to be kept for as long as the EAL is up; warnings go to standard error.
 * Errors as xd_memory_start, with what was given. */
int run_eal_start(struct xd_log *log, const char *program, char *const *args, unsigned nb_args,
	struct xd_error *err);

#endif
