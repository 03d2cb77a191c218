/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a run takes, from its options: for those who wait for several. */
#ifndef PKTGEN_EXPECT_H
#define PKTGEN_EXPECT_H

#include "options.h"

#define EXPECT_TRIAL_S 0.5 /* of a trial, besides what it measures: learning, draining, looking */

/* Seconds, about. */
double expect_seconds(const struct options *o);

#endif
