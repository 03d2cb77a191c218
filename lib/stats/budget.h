/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a port may take of one worker's time, and what it took.
 *
 * A call for a port (receiving from it, transmitting to it, notifying it) that takes longer than
 * its slow_us takes time that was others'. What is over is the port's debt, of which
 * XD_BUDGET_SHARE of all time is forgiven. A debt above XD_BUDGET_BURST_US has the port rest: until
 * it has come down to that, the worker neither takes frames from the port nor gives it any. So
 * whatever a guest does with its memory, its rings and its descriptors, it has no more of a
 * worker's time than its calls' usual share, that part of all time, and a burst; and a port that
 * was slow for a reason that went away is served again by itself.
 *
 * Times are in cycles of a clock that the caller has; nothing here reads one. All calls: the
 * worker whose budget it is; control reads the figures.
 */
#ifndef XD_STATS_BUDGET_H
#define XD_STATS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"

XD_API_BEGIN

/* slow_us of a port: by default no call takes so long unless something is wrong. */
#define XD_BUDGET_CALL_US     1000
#define XD_BUDGET_CALL_MIN_US 100
#define XD_BUDGET_CALL_MAX_US 1000000

#define XD_BUDGET_BURST_US 10000     /* that may be over before a port rests */
#define XD_BUDGET_SHARE    200       /* one part in so many of the time is forgiven */
#define XD_BUDGET_REST_US  600000000 /* that a port rests at most */

/* What a worker calls a port for. */
enum xd_budget_call { XD_BUDGET_RECEIVE, XD_BUDGET_TRANSMIT, XD_BUDGET_NOTIFY, XD_BUDGET_CALLS };

struct xd_budget {
	uint64_t debt;      /* at, */
	uint64_t debt_tsc;  /* this time */
	uint64_t until_tsc; /* the port rests until then; 0: it does not. Read by control, as are */
	uint64_t nb_slow[XD_BUDGET_CALLS]; /* calls that were too long, */
	uint64_t longest[XD_BUDGET_CALLS]; /* and the longest of them */
	uint64_t nb_rests;
	uint64_t copy_until_tsc; /* what it sends is taken into the worker's memory until then */
} __attribute__((aligned(64)));

/* The numbers above in cycles; call is by default, a port may have another. */
struct xd_budget_limits {
	uint64_t call, burst, rest; /* of a call; of debt; that a port rests */
};

/* For a clock of so many cycles a second. Any thread. */
struct xd_budget_limits xd_budget_limits(uint64_t tsc_hz);

/* Of a call's time, returns what the call itself took, in cycles as all of these. elapsed: since
 * the thread's times were last looked at, which was before the call; ran: the processor time that
 * the thread had of this. What is missing it was kept waiting by others (preempted, or its virtual
 * CPU was) unless it went to sleep itself (blocked), which only the call can have done. Of that,
 * others' is what it waited for a core in vain (delayed). */
uint64_t xd_budget_own(
	uint64_t took, uint64_t elapsed, uint64_t ran, uint64_t delayed, bool blocked);

/* A call ended that took longer than limits->call. True: the port rests from now on. */
bool xd_budget_charge(struct xd_budget *b, const struct xd_budget_limits *limits,
	enum xd_budget_call call, uint64_t now, uint64_t took);

/* sum: the figures of one worker's added to it, and the later end of a rest. Any thread. */
void xd_budget_add(struct xd_budget *sum, const struct xd_budget *b);

/* "receive" and the like, static text. Any thread. */
const char *xd_budget_call_name(enum xd_budget_call call);

XD_API_END

#endif
