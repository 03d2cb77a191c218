/* SPDX-License-Identifier: BSD-3-Clause */
/* Pauses between trials: apart from the rest, so that tests can put a clock of theirs here. */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_WAIT_H
#define XD_TRAFFIC_ENGINE_SEARCH_WAIT_H

#include "traffic/trial/gen.h"

/* Sleeps. -EINTR when cancelled. */
int xd_search_wait(const struct xd_gen *gen, double seconds);

#endif
