/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections that there are, for people. */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdint.h>

#include "conntrack/conntrack.h"

/* A line for each; with packets and bytes, of the one that began it and of the other, if the table
 * counts them. */
void flows_print(struct xd_ct *ct, bool counters, uint64_t now_ms);

#endif
