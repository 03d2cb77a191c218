/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Searches for the rate that a switch can take.
 *
 *   throughput    RFC 2544, section 26.1: the highest rate without loss
 *   latency       26.2: at that rate
 *   frame-loss    26.3: loss from 100 % of the maximum downwards
 *   back-to-back  26.4 as RFC 9004 has it: the longest burst without loss
 *   mlr           RFC 9971 (MLRsearch): conditional throughput for each goal, such as NDR and PDR
 *   profile       latency at 0, 10, 50 and 90 % of the rate without loss
 *
 * The rules of each are in a file of their own and know of nothing but a function that tries a
 * load, so that they are tested against switches that are made up.
 */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_SEARCH_H
#define XD_TRAFFIC_ENGINE_SEARCH_SEARCH_H

#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_search_engine;

enum xd_search_method {
	XD_SEARCH_THROUGHPUT,
	XD_SEARCH_LATENCY,
	XD_SEARCH_FRAME_LOSS,
	XD_SEARCH_BACK_TO_BACK,
	XD_SEARCH_MLR,
	XD_SEARCH_PROFILE,
};

#define XD_SEARCH_GOALS_MAX 8

/* A goal of MLRsearch, RFC 9971 section 4 ("Search Goal" and its attributes). Shares are 0 to 1. */
struct xd_search_goal {
	char name[16];          /* "NDR" */
	double loss_ratio;      /* Goal Loss Ratio */
	double exceed_ratio;    /* Goal Exceed Ratio */
	double initial_trial_s; /* Goal Initial Trial Duration */
	double final_trial_s;   /* Goal Final Trial Duration */
	double duration_sum_s;  /* Goal Duration Sum */
	double width;           /* Goal Width, relative */
};

struct xd_search_opts {
	struct xd_traffic_opts traffic; /* of its rate: the highest to try; max: what the generator
					 * can send, found by a first trial */
	enum xd_search_method method;
	double final_s;   /* last trial of RFC 2544's, and each of profile's: 60 */
	double trial_s;   /* earlier ones; frame-loss: each; back-to-back: the longest burst. 0: 2,
			   * but frame-loss as final_s */
	double latency_s; /* latency: each of its trials; 0: twice final_s */
	double settle_s; /* nothing is sent for so long after each trial: 7 (RFC 2544, section 23: 2
			  * and 5), after a burst 2 of them (RFC 9004, section 5.2); not in mlr, nor
			  * when the longest trial is under 60 s */
	double resolution; /* stop when bounds are as near, relative: 0.005 */
	double min_pps;    /* of each sending port; lower ones are not searched */
	unsigned repeat;   /* latency, back-to-back; 0: 20 and 50 */
	unsigned nb_goals; /* mlr; 0: NDR and PDR */
	struct xd_search_goal goals[XD_SEARCH_GOALS_MAX];
	double timeout_s; /* of the search at each size: no trial is begun that would end later,
			   * and its rows are partial; 0: none */
};

/* RFC 2544 as written (fcs sizes are the caller's business), and NDR and PDR with 1 s trials, a sum
 * of 21 s, width 0.5 % and exceed ratio 0.5. Leaves method and traffic as they are. */
void xd_search_defaults(struct xd_search_opts *opts);

/* "throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile". */
const char *xd_search_method_name(enum xd_search_method method);
/* -EINVAL names the nearest. */
int xd_search_method_parse(const char *text, enum xd_search_method *method, struct xd_error *err);

/* "ndr", "pdr", or "name=X,loss=0.1%,exceed=50%,initial=1,final=1,sum=21,width=0.5%", where what is
 * not named is as in NDR. -EINVAL. */
int xd_search_goal_parse(const char *text, struct xd_search_goal *goal, struct xd_error *err);

/* A row for each size and result (throughput, latency, back-to-back: one; mlr: one a goal;
 * frame-loss and profile: one a load), and before them those of its trials (row->search.is_trial).
 * The rates and times of a result's row are those of its last trial at the rate found; latency's
 * are averaged over its repeats.
 *
 * latency and profile time every frame in all their trials, also in those that seek the rate.
 *
 * With rate XD_RATE_MAX, a trial as fast as it goes finds the highest load to try: what the
 * generator sent, and a tenth more where it had to wait for the switch.
 *
 * -EINVAL: options that go together with no search; else errors as xd_rate_run. Rows that an error
 * cut short are partial; running into timeout_s is no error. Control. */
int xd_search_run(struct xd_gen *gen, const struct xd_search_opts *opts, struct xd_error *err);

#endif
