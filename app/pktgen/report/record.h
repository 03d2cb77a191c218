/* SPDX-License-Identifier: BSD-3-Clause */
/* One JSON object of a result file, whose members are taken with a check. The first error is kept,
 * with the file, the row and the member's name; what is taken after it is zero. */
#ifndef PKTGEN_REPORT_RECORD_H
#define PKTGEN_REPORT_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct record {
	const char *file;
	size_t row;    /* from 1; 0: of the file as a whole */
	char path[64]; /* of the object in it, "latency.actual."; or empty */
	json_t *object;
	struct xd_error *err;
	int rc; /* 0, or the first error */
};

enum record_need { RECORD_MUST, RECORD_OR_NULL };

/* Kinds of words: the enumerations of result.h. */
enum record_words {
	RECORD_ENGINE,
	RECORD_FLOW_KIND,
	RECORD_DIRECTION,
	RECORD_PATTERN,
	RECORD_TOUCH,
	RECORD_BOTTLENECK,
	RECORD_WAY,
};

/* A finite number; 0 for null, or none, where that may be. */
double record_number(struct record *r, const char *key, enum record_need need);
/* A whole number, not negative. */
uint64_t record_count(struct record *r, const char *key);
/* True or false; false for none. */
bool record_flag(struct record *r, const char *key);
/* Text, cut to size; empty for null or none. */
void record_text(struct record *r, const char *key, char *text, size_t size);
/* The enumeration's value for a word that must be there. */
int record_word(struct record *r, const char *key, enum record_words words);
/* Whether there is such a member that is not null. */
bool record_has(const struct record *r, const char *key);

/* Begins an object inside another: false when it is null or not there, which is an error unless
 * may_be_null. After use its error goes to the outer one with record_leave. */
bool record_enter(struct record *outer, json_t *object, const char *key, bool may_be_null,
	struct record *inner);
void record_leave(struct record *outer, const struct record *inner);

#endif
