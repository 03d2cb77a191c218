/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection over which JSON objects go, one a line. The other end may send anything: a line has
 * a longest length, and nothing waits without an end. Control. */
#ifndef PKTGEN_PEER_LINE_H
#define PKTGEN_PEER_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PEER_LINE_MAX 65536u /* bytes, with its end */

struct peer_line {
	int fd; /* a stream socket; closed by peer_line_fini */
	size_t used;
	char in[PEER_LINE_MAX];
};

/* Takes the descriptor over, which must not block from here on. */
void peer_line_init(struct peer_line *line, int fd);
void peer_line_fini(struct peer_line *line);

/* The next object, without waiting: 1, and it is the caller's to release; 0: there is none yet.
 * -ECONNRESET: the other end has closed; -EPROTO: too long a line, or no object. */
int peer_line_read(struct peer_line *line, json_t **object, struct xd_error *err);
/* Waits for it, so many seconds at most, or until *cancel, which may be NULL. As before but never
 * 0, and -ETIMEDOUT, -EINTR. */
int peer_line_wait(struct peer_line *line, double seconds, const volatile bool *cancel,
	json_t **object, struct xd_error *err);
/* Sends an object, which is released. -ECONNRESET: the other end does not take it; -ENOMEM. */
int peer_line_write(struct peer_line *line, json_t *object, struct xd_error *err);

#endif
