/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of a search's results. */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_RESULT_H
#define XD_TRAFFIC_ENGINE_SEARCH_RESULT_H

#include "traffic/engine/search/bench.h"

struct xd_search_result {
	unsigned trial; /* whose row the result's begins as; 0: the last one */
	double found_pps, lower_pps, upper_pps, loss_ratio, trial_s;
	char goal[16];
	char name[64];
	char missing[XD_RESULT_TEXT]; /* of this result; what the options leave out is added */
	struct xd_burst_found burst;  /* back-to-back */
	const struct xd_repeat_found *repeats; /* latency: averaged over them; or NULL */
};

/* Makes the row and hands it over. rc: why the search ended, 0 when it came to its end. */
int xd_search_result_row(struct xd_search_run *run, const struct xd_search_result *result, int rc);

#endif
