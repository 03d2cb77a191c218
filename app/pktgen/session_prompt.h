/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a session's commands come from: options, files, a terminal or a pipe; and signals. */
#ifndef PKTGEN_SESSION_PROMPT_H
#define PKTGEN_SESSION_PROMPT_H

#include "options.h"

struct session_prompt_opts {
	unsigned nb_lines, nb_scripts;
	const char *const *lines;   /* carried out first, */
	const char *const *scripts; /* and then these files */
};

/* To the end of the input, "quit", or SIGTERM. -EIO: a command failed that nobody typed on a
 * terminal. -EINVAL: one that an option stands for. */
int session_prompt_run(const struct options *o, struct xd_gen *gen,
	const struct session_prompt_opts *opts, struct xd_error *err);

#endif
