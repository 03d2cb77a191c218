/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other end of a test where that is another process's: engines see of it what they need, and
 * whoever runs them has the connection between the two. Both ends run the same rows with the same
 * options, each behind its own port, and go on together from point to point of a row. What the far
 * end found is then put into the near end's row.
 *
 * An end that cannot go on says so; both then hand over what they have, and that row is their last.
 *
 * Control: no thread drives the ports meanwhile, but for `look`, as xd_gen.progress.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_LINK_H
#define XD_TRAFFIC_ENGINE_MESSAGE_LINK_H

#include <stdbool.h>

#include "base/error.h"

struct xd_message_lanes;
struct xd_row;

/* Points of a row, in order; a row need not have all of them. */
enum xd_message_point {
	XD_MESSAGE_READY,     /* the host is there, and answers */
	XD_MESSAGE_CONNECTED, /* connections are made */
	XD_MESSAGE_QUIET,     /* it sends no more, and nothing is left to be sent */
	XD_MESSAGE_ZEROED,    /* nothing is counted yet; the other may send */
	XD_MESSAGE_BEGIN,     /* what is measured begins */
	XD_MESSAGE_END,       /* it is over */
	XD_MESSAGE_DONE,      /* all is sent, or closed */
	XD_MESSAGE_POINTS
};

struct xd_message_link {
	bool far; /* this end waits for the other to begin; the rows are the other's to keep */
	/* Tells the other end that this one has come to a point. -ECONNRESET, -EPROTO. */
	int (*tell)(void *ctx, enum xd_message_point point, struct xd_error *err);
	/* 1: the other has come there, too; 0: not yet. -ECONNRESET, -EPROTO; -ECANCELED: it cannot
	 * go on. */
	int (*told)(void *ctx, enum xd_message_point point, struct xd_error *err);
	/* The far end's row, to the near one. As tell. */
	int (*give)(void *ctx, const struct xd_row *row, struct xd_error *err);
	/* Waits for it, so many seconds. As told, and -ETIMEDOUT. */
	int (*take)(void *ctx, struct xd_row *row, double wait_s, struct xd_error *err);
	/* This end cannot go on. */
	void (*stop)(void *ctx, const char *why);
	/* Takes in what the other end has said by now; where it cannot go on, or this one was
	 * told to stop, xd_gen.cancel is set. */
	void (*look)(void *ctx);
	void *ctx;
};

/* "ready", ... */
const char *xd_message_point_name(enum xd_message_point point);

/* Tells the other end that this one has come to a point, and lets all go on until the other has,
 * too. Without a link, 0. As told and xd_message_lanes_run; -ETIMEDOUT. */
int xd_message_meet(
	struct xd_message_lanes *lanes, enum xd_message_point point, struct xd_error *err);

/* The same of who has no such lanes: run lets all go on for so many seconds. The other end has
 * more_s beside what it always has to come there. */
int xd_message_meet_by(const struct xd_message_link *link, enum xd_message_point point,
	double more_s, int (*run)(void *ctx, double seconds, struct xd_error *err), void *ctx,
	struct xd_error *err);

/* A row is measured, with rc: the far end's figures go to the near end, into whose row merge puts
 * what is the engine's own (NULL: nothing is); what all rows have is put there before. Without a
 * link, rc. */
int xd_message_swap(const struct xd_message_link *link, struct xd_row *row, int rc,
	void (*merge)(struct xd_row *row, const struct xd_row *far), struct xd_error *err);

#endif
