/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts that read a suite's file share: errors at a key, texts, and a step. */
#ifndef PKTGEN_SUITE_FILE_H
#define PKTGEN_SUITE_FILE_H

#include "options.h"
#include "suite.h"

#define SUITE_STEP_KEYS 5 /* that a step has besides options */
#define SUITE_NAMES_MAX (OPTION_ROWS_MAX + SUITE_STEP_KEYS)

/* What is wrong at key.inner of the file; either may be empty. -EINVAL. */
int suite_refuse(const struct suite *s, const char *key, const char *inner, const char *what,
	struct xd_error *err);
/* The same of a key that is not among names. */
int suite_refuse_unknown(const struct suite *s, const char *key, const char *inner,
	const char *const *names, struct xd_error *err);
bool suite_is_among(const char *word, const char *const *names);
/* A text of 1 to max bytes, if it is there. -EINVAL. */
int suite_read_text(const struct suite *s, const char *key, const json_t *keys, const char *name,
	size_t max, const char **text, struct xd_error *err);

/* The keys that a step of this engine may have: its own, then options. */
void suite_step_names(const struct engine *engine, const char **names);
/* -EINVAL when the option is about where a suite runs. */
int suite_check_place(
	const struct suite *s, const char *key, const char *name, struct xd_error *err);
/* Adds the step, of which keys are the file's, or one for each number of ports. -EINVAL. */
int suite_read_step(struct suite *s, unsigned number, json_t *keys, struct xd_error *err);

#endif
