/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines to stderr, and news to systemd. A thread of its own writes the lines, at the pace of
 * whoever reads them: nobody who logs waits for that. What it cannot keep up with is left out, and
 * a line says how many they were.
 */
#ifndef CROSSDOCKD_OUTPUT_H
#define CROSSDOCKD_OUTPUT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/log.h"
#include "control/log_ring.h"

struct output {
	struct xd_log_ring *ring;
	bool journal;  /* stderr is the systemd journal, which has times of its own */
	bool ending;   /* the thread is to write what is left, */
	bool given_up; /* and then not even that */
	int wake_fd;
	pthread_t thread;
};

/* To be called after signals were blocked. -ENOMEM and the like. */
int output_init(struct output *output);
/* Writes what is left, for a second or two at most. Idempotent. */
void output_fini(struct output *output);
/* An xd_log_fn; ctx is a struct output. */
void output_log(
	void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line);
/* Why the program ends, on stderr; not said when that takes nothing for a second. */
void output_last_words(const char *text);

/* Tells systemd, by sd_notify(3)'s protocol, when NOTIFY_SOCKET says where. */
void output_notify(const char *state);

#endif
