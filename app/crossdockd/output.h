/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines to stderr, and news to systemd. */
#ifndef CROSSDOCKD_OUTPUT_H
#define CROSSDOCKD_OUTPUT_H

#include <stdbool.h>

#include "base/log.h"
#include "control/log_ring.h"

struct output {
	struct xd_log_ring *ring;
	bool journal; /* stderr is the systemd journal, which has times of its own */
};

/* -ENOMEM. */
int output_init(struct output *output);
void output_fini(struct output *output);
/* An xd_log_fn; ctx is a struct output. */
void output_log(
	void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line);

/* Tells systemd, by sd_notify(3)'s protocol, when NOTIFY_SOCKET says where. */
void output_notify(const char *state);

#endif
