/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker polls which receive queue: rules that know neither ports nor threads, only figures.
 *
 * A queue belongs to a worker on the NUMA node of its memory, where there is one. A pinned queue
 * belongs to its worker and nobody else's; with `isolate`, a worker with pinned queues gets no
 * others. What is left is a matter of load: a new queue goes to the worker that has least, and from
 * one that has too much queues are moved, as few as help.
 *
 * Loads are millionths of one worker's time. Plain functions on what is passed in: any thread.
 */
#ifndef XD_SWITCH_BALANCE_H
#define XD_SWITCH_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

#define XD_BALANCE_NONE      0xff       /* no worker */
#define XD_BALANCE_UNKNOWN   UINT32_MAX /* load of a queue that was not measured yet */
#define XD_BALANCE_NODE_ANY  (-1)       /* a node that nobody knows */
#define XD_BALANCE_MAX_MOVES 64         /* of one plan */
#define XD_BALANCE_FULL      950000     /* a worker takes no queue for its node's sake above this */
#define XD_BALANCE_LEAST     10000      /* by which a move lowers the larger of two loads */

struct xd_balance_worker {
	bool here; /* there is one of this number */
	int node;
	/* The rules': */
	bool isolated;
	unsigned nb_queues;
	uint64_t load;
};

struct xd_balance_queue {
	uint32_t load;
	int node;       /* of its memory */
	uint8_t owner;  /* number of a worker, or XD_BALANCE_NONE */
	uint8_t pinned; /* likewise */
};

struct xd_balance {
	struct xd_balance_worker workers[XD_MAX_WORKERS];
	struct xd_balance_queue *queues;
	unsigned nb_queues;
	bool isolate;
	bool round_robin; /* new queues go to one worker after the other, whatever their load */
	unsigned turn;    /* with it: the number that comes next; kept by the caller */
};

/* Gives each queue that has no owner one, and those that may not stay where they are another.
 * Without workers none has an owner. */
void xd_balance_assign(struct xd_balance *b);

struct xd_balance_result {
	unsigned nb_moves;
	uint32_t most, most_after; /* load of the busiest worker */
	uint64_t variance,
		variance_after; /* of workers that may have any queue, in millionths squared */
};

/* Moves queues, all of which have owners: those that are far from their memory near to it, then
 * from workers whose load is `above` or more to others. */
struct xd_balance_result xd_balance_improve(struct xd_balance *b, uint32_t above);

/* How much smaller the variance becomes, in per cent. */
unsigned xd_balance_improvement(const struct xd_balance_result *result);

/* Whether the worker is on the queue's node, as far as is known. */
bool xd_balance_is_near(const struct xd_balance *b, const struct xd_balance_queue *q, unsigned w);

#endif
