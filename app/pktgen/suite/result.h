/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a suite found: one JSON with a section for each step, in which the engine's own document is.
 * It is written anew after each step, so that whatever ends the suite leaves what there is. A suite
 * that is continued takes the steps from it that are done. results.rst has its members. Control.
 */
#ifndef PKTGEN_SUITE_RESULT_H
#define PKTGEN_SUITE_RESULT_H

#include "suite.h"

struct suite_result {
	json_t *root;
};

/* One in which every step is pending: -ENOMEM. */
int suite_result_init(struct suite_result *r, const struct suite *s, const char *command,
	const char *label, struct xd_error *err);
void suite_result_fini(struct suite_result *r);

/* Reads one, for suite_result_continue or to know of which suite it is (member "file"). As
 * report_load. */
json_t *suite_result_read(const char *path, struct xd_error *err);
/* Takes what an earlier one has of steps that are done and would be run as they were; its start and
 * label, too. How many these are. */
unsigned suite_result_continue(struct suite_result *r, const json_t *earlier);

/* A step's state: "pending", "done", "failed", "interrupted", "skipped". */
const char *suite_result_state(const struct suite_result *r, unsigned step);
/* How a step ended. result: the engine's document, taken; NULL: there is none. reason: NULL or why
 * it is not done. */
void suite_result_set(struct suite_result *r, unsigned step, const char *state, const char *reason,
	double took_s, json_t *result);

/* Writes it; reason: why the suite ends before its last step, or NULL. */
int suite_result_write(
	struct suite_result *r, const char *reason, const char *path, struct xd_error *err);

#endif
