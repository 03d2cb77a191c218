/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that a loop goes by: the monotonic clock's, until somebody moves it on. A test that
 * waits for minutes of back-off has them pass at once.
 */
#ifndef XD_BASE_LOOP_TIME_H
#define XD_BASE_LOOP_TIME_H

#include "base/loop.h"

/* Nanoseconds. With the loop's lock held, or on its thread. */
uint64_t xd_loop_now_ns(const struct xd_loop *loop);
/* Has so much time pass: what is due by then runs with the next xd_loop_run_once. With the lock
 * held. */
void xd_loop_skip(struct xd_loop *loop, uint32_t ms);

#endif
