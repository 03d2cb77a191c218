/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of each search (search.h). They know of no ports, only of a bench on which a load can
 * be tried, so that tests can put a made-up switch on it.
 *
 * Loads are frames per second of each sending port. A load that the generator could not offer
 * (void) says nothing of the switch: no rule takes it for a loss, and none goes on above it.
 *
 * A rule returns 0 when it came to its end, or what the bench returned when a load could not be
 * tried (-EINTR, -ETIME, -EPIPE, ...); what it found until then is in its `found` either way.
 * One thread; nothing is kept between calls.
 */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_RULES_H
#define XD_TRAFFIC_ENGINE_SEARCH_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/engine/search/search.h"

struct xd_search_load {
	double pps; /* 0: as many as go */
	double time_s;
	uint64_t frames; /* of each sending port, then no more; 0: as many as the time holds */
};

struct xd_search_outcome {
	double loss_ratio;    /* of what was to be sent; 0 only when nothing was missing */
	double forwarded_pps; /* the load's share that arrived */
	bool is_void;
	unsigned trial; /* its number, from 1 */
};

struct xd_search_bench {
	/* 0, also for a void outcome, or a negative errno: nothing more can be tried. */
	int (*run)(void *ctx, const struct xd_search_load *load, struct xd_search_outcome *out);
	/* How long the search will go on, with the trial that comes next, in seconds of trials. */
	void (*left)(void *ctx, double seconds, unsigned trials);
	void *ctx;
};

static inline int
xd_search_try(const struct xd_search_bench *bench, double pps, double time_s,
	struct xd_search_outcome *out)
{
	struct xd_search_load load = {.pps = pps, .time_s = time_s};

	return bench->run(bench->ctx, &load, out);
}

/* RFC 2544, section 26.1. Earlier trials may be short, the last one is not (section 24). */
struct xd_throughput_rule {
	double max_pps, min_pps; /* over 0 */
	double resolution;       /* relative */
	double trial_s, final_s;
};

struct xd_throughput_found {
	double found_pps; /* the highest load without loss; 0: none */
	double upper_pps; /* the lowest with loss above it; 0: none */
	double void_pps;  /* the lowest that could not be offered; 0: none */
	double trial_s;   /* of the trial at found_pps */
	unsigned trial;   /* its number; 0: none */
};

int xd_search_throughput(const struct xd_search_bench *bench, const struct xd_throughput_rule *rule,
	struct xd_throughput_found *found);

/* RFC 2544, section 26.3: from the maximum down by a tenth of it, until two loads in a row lost
 * nothing. */
#define XD_LOSS_POINTS 10

struct xd_loss_point {
	double pps, loss_ratio;
	unsigned percent;
	unsigned trial;
};

struct xd_loss_found {
	unsigned n;
	struct xd_loss_point points[XD_LOSS_POINTS]; /* void ones are not among them */
	double void_pps;
	bool below_min; /* ended because the next load is under min_pps */
};

int xd_search_frame_loss(const struct xd_search_bench *bench, double max_pps, double min_pps,
	double trial_s, struct xd_loss_found *found);

/* RFC 2544, section 26.4, with RFC 9004: the longest burst without loss, sought `repeat` times. */
struct xd_burst_rule {
	double pps;            /* within a burst; 0: as fast as they go */
	double rate_pps;       /* the maximum theoretical frame rate of RFC 9004, section 5.4 */
	double throughput_pps; /* by section 26.1 of RFC 2544 */
	double limit_s;        /* the longest burst that is tried */
	double resolution;     /* relative, but at least a frame */
	unsigned repeat;
};

struct xd_burst_found {
	unsigned repeats;    /* that were finished, without void bursts */
	double mean, stddev; /* frames; of the sample, with n - 1 */
	uint64_t min, max;
	double corrected; /* frames: the corrected time of RFC 9004, section 5.4, times the rate */
	uint64_t limit;
	bool at_limit;  /* a burst as long as the limit lost nothing */
	unsigned trial; /* the last one without loss */
};

int xd_search_burst(const struct xd_search_bench *bench, const struct xd_burst_rule *rule,
	struct xd_burst_found *found);

/* RFC 2544, section 26.2: the same load again and again. Void trials are not among `trials`, which
 * has room for `repeat`. */
struct xd_repeat_rule {
	double pps, trial_s;
	unsigned repeat;
};

struct xd_repeat_found {
	unsigned n;
	unsigned voids;
	unsigned *trials;
};

int xd_search_latency(const struct xd_search_bench *bench, const struct xd_repeat_rule *rule,
	struct xd_repeat_found *found);

/* One trial at each share of the rate without loss. */
#define XD_PROFILE_POINTS  4
#define XD_PROFILE_LOW_PPS 1000.0 /* "0 %": one frame a millisecond, alone on its way */

struct xd_profile_point {
	unsigned percent;
	double pps, loss_ratio;
	unsigned trial;
};

struct xd_profile_found {
	unsigned n; /* void ones are none */
	struct xd_profile_point points[XD_PROFILE_POINTS];
};

int xd_search_profile(const struct xd_search_bench *bench, double found_pps, double trial_s,
	struct xd_profile_found *found);

/* RFC 9971. */
enum xd_mlr_class { XD_MLR_UNDECIDED, XD_MLR_LOWER, XD_MLR_UPPER };

struct xd_mlr_trial {
	double time_s, loss_ratio;
	unsigned number;
};

/* Load Classification of one load by its n trials, in any order: appendix A. */
enum xd_mlr_class xd_mlr_classify(
	const struct xd_search_goal *goal, const struct xd_mlr_trial *trials, unsigned n);
/* Conditional Throughput of a load: appendix B. Without full-length trials 0. */
double xd_mlr_throughput(const struct xd_search_goal *goal, double pps,
	const struct xd_mlr_trial *trials, unsigned n);

struct xd_mlr_rule {
	double max_pps, min_pps; /* Max Load and Min Load; min over 0 */
	unsigned nb_goals;
	const struct xd_search_goal *goals;
};

struct xd_mlr_result {
	double throughput_pps; /* Conditional Throughput; 0: no lower bound */
	double lower_pps;      /* Relevant Lower Bound; 0: none */
	double upper_pps;      /* Relevant Upper Bound; 0: none */
	double trial_s;        /* of that trial */
	unsigned trial;        /* the last full-length one at the lower bound; 0: none */
	bool regular;          /* both bounds are there, as near to each other as the goal has it */
	bool coarse;           /* cut short, and a bound is one of fewer or shorter trials */
};

struct xd_mlr_found {
	struct xd_mlr_result goals[XD_SEARCH_GOALS_MAX]; /* in the order of the rule's */
	double void_pps;
};

/* Also -ENOMEM. */
int xd_search_mlr(const struct xd_search_bench *bench, const struct xd_mlr_rule *rule,
	struct xd_mlr_found *found);

#endif
