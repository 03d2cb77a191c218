/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of the results when a run has ended. */
#ifndef PKTGEN_RUN_RESULTS_H
#define PKTGEN_RUN_RESULTS_H

#include "options.h"
#include "traffic/result/result.h"

/* How it ended. */
struct run_end {
	int rc; /* 0 or a negative errno, which text explains */
	bool interrupted;
	const char *text;
	bool measured; /* an engine was begun: there is something to write */
};

/* Before anything is measured: whether the files can be written where they are to be. -EINVAL. */
int run_results_check(const struct options *o, struct xd_error *err);

/* Notes the command line and the label. */
void run_results_describe(
	struct xd_results *results, const struct options *o, int argc, char **argv);

/* Says why a run was cut short, writes the files, and looks at the conditions if nothing went wrong
 * so far. The exit status. */
int run_results_finish(
	const struct options *o, struct xd_results *results, const struct run_end *end);

#endif
