/* SPDX-License-Identifier: BSD-3-Clause */
/* The EAL, brought up as a program wants it. */
#ifndef PKTGEN_RUN_EAL_H
#define PKTGEN_RUN_EAL_H

#include "base/error.h"

/* The EAL's warnings go to standard error. Errors as xd_memory_start, with what was given. */
int run_eal_start(const char *program, char *const *args, unsigned nb_args, struct xd_error *err);

#endif
