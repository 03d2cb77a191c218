/* SPDX-License-Identifier: BSD-3-Clause */
/* What results know of searches. */
#include <string.h>

#include "traffic/engine/search/search.h"

#define FIGURE(kind, field, ...)                                                                   \
	{                                                                                          \
#field, kind, .offset = offsetof(struct xd_row, search.field),                     \
			      .size = sizeof(((struct xd_row *)0)->search.field), __VA_ARGS__      \
	}
#define OR_NULL     .or_null = true
#define ONLY_OF(fn) .has = fn

/* A trial is not the search that it belongs to. */
static bool
is_result(const struct xd_row *row)
{
	return !row->search.is_trial;
}

/* Bursts of one length deviate by 0. */
static bool
is_repeated(const struct xd_row *row)
{
	return is_result(row) && row->search.burst_frames;
}

static bool
is_incomplete(const struct xd_row *row)
{
	return is_result(row) && !row->search.complete;
}

/* A search that found no rate found 0; others do not look for one. */
static bool
get_found_mpps(const struct xd_row *row, double *value)
{
	const struct xd_search_figures *f = &row->search;

	*value = f->found_pps / 1e6;
	return f->found_pps > 0 ||
	       (strcmp(f->method, "frame-loss") && strcmp(f->method, "back-to-back"));
}

static const struct xd_figure figures[] = {
	FIGURE(XD_FIGURE_FLAG, is_trial),
	FIGURE(XD_FIGURE_TEXT, method),
	FIGURE(XD_FIGURE_TEXT, goal, OR_NULL),
	FIGURE(XD_FIGURE_REAL, found_pps, OR_NULL),
	FIGURE(XD_FIGURE_REAL, lower_pps, OR_NULL),
	FIGURE(XD_FIGURE_REAL, upper_pps, OR_NULL),
	FIGURE(XD_FIGURE_REAL, loss_ratio),
	FIGURE(XD_FIGURE_REAL, trial_s),
	FIGURE(XD_FIGURE_COUNT, burst_frames, OR_NULL),
	FIGURE(XD_FIGURE_COUNT, burst_min_frames, OR_NULL, ONLY_OF(is_repeated)),
	FIGURE(XD_FIGURE_COUNT, burst_max_frames, OR_NULL, ONLY_OF(is_repeated)),
	FIGURE(XD_FIGURE_REAL, burst_stddev_frames, ONLY_OF(is_repeated)),
	FIGURE(XD_FIGURE_REAL, corrected_burst_frames, OR_NULL),
	FIGURE(XD_FIGURE_UNSIGNED, repeats, OR_NULL, ONLY_OF(is_result)),
	FIGURE(XD_FIGURE_UNSIGNED, trials, OR_NULL, ONLY_OF(is_result)),
	FIGURE(XD_FIGURE_REAL, total_s, OR_NULL, ONLY_OF(is_result)),
	FIGURE(XD_FIGURE_FLAG, complete, ONLY_OF(is_result)),
	FIGURE(XD_FIGURE_TEXT, missing, OR_NULL, ONLY_OF(is_incomplete)),
	{0},
};

const struct xd_engine xd_search_engine = {
	.name = "search",
	.section = "search",
	.figures = figures,
	.conditions =
		(const struct xd_condition_figure[]){{"found_mpps", get_found_mpps}, {NULL, NULL}},
};
