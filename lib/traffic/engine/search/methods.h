/* SPDX-License-Identifier: BSD-3-Clause */
/* From the name of a method to its rules: the one call that search.c makes for each size. */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_METHODS_H
#define XD_TRAFFIC_ENGINE_SEARCH_METHODS_H

#include "traffic/engine/search/bench.h"

/* Searches as run->opts->method has it and hands the rows of the results over. Errors as
 * xd_search_run's, and -ETIME (run->timed_out): it was ended by opts->timeout_s. */
int xd_search_run_method(struct xd_search_run *run);

#endif
