/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions on results, for people's CI: "loss>0", "p99_us>20", "mpps<40". */
#ifndef XD_TRAFFIC_RESULT_FAIL_IF_H
#define XD_TRAFFIC_RESULT_FAIL_IF_H

#include "traffic/result/result.h"

#define XD_FAIL_IF_MAX 32

struct xd_fail_if {
	char text[64];
	char figure[32];
	char relation[3]; /* > >= < <= == != */
	double value;
};

/* Figures: loss (frames), loss_percent, pps, mpps, l2_gbps, l1_gbps, sent_pps, cycles (of the
 * switch, a frame), p50_us p95_us p99_us p99_9_us p99_99_us max_us mean_us (from the planned time
 * if there is one, else the actual), reordered, duplicated, wrong_payload, void, partial, steal_s,
 * and those of the engines, a list that ends with NULL. Also suffixes as in sizes and rates: k M G,
 * %. -EINVAL with the nearest valid word. */
int xd_fail_if_parse(const char *text, const struct xd_engine *const *engines,
	struct xd_fail_if *condition, struct xd_error *err);

/* The first row that meets a condition: its index, with a line in text that says so; -1: none does.
 * Void rows count only for "void"; a row without the figure does not meet it, and when no row has
 * it, -2 with a line that says so. */
int xd_fail_if_meet(const struct xd_fail_if *conditions, unsigned n,
	const struct xd_results *results, char *text, size_t size);

#endif
