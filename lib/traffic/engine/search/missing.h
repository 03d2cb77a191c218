/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search left out of the standard that it follows. */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_MISSING_H
#define XD_TRAFFIC_ENGINE_SEARCH_MISSING_H

#include "traffic/engine/search/search.h"

/* Adds what the options leave out: RFC 2544 has trials of full length, repeats, waits, and the
 * sizes of section 9.1. missing: XD_RESULT_TEXT bytes. */
void xd_search_missing(const struct xd_search_opts *opts, char *missing);

/* One more thing, behind "; ". What does not fit as a whole is "...". */
void xd_search_missing_add(char *missing, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The durations and repeats that the options come to, in seconds. */
double xd_search_early_s(const struct xd_search_opts *opts);   /* trials that are not final */
double xd_search_burst_s(const struct xd_search_opts *opts);   /* the longest */
double xd_search_full_s(const struct xd_search_opts *opts);    /* those that decide */
double xd_search_latency_s(const struct xd_search_opts *opts); /* of 26.2 */
unsigned xd_search_repeats(const struct xd_search_opts *opts);
/* After each trial. */
double xd_search_settle_s(const struct xd_search_opts *opts);

#endif
