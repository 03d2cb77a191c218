/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last lines of the log: for `log show`, and for whoever writes them out at the pace of its
 * reader. Adding a line waits for nothing and nobody, neither a reader nor another thread that adds
 * one; a reader that is too slow finds the oldest lines gone and their number counted.
 */
#ifndef XD_CONTROL_LOG_RING_H
#define XD_CONTROL_LOG_RING_H

#include <jansson.h>
#include <stdbool.h>

#include "base/log.h"

#define XD_LOG_RING_LINES 1024

struct xd_log_ring;

struct xd_log_line {
	int64_t time_ns; /* of day: since 1970 */
	enum xd_log_level level;
	enum xd_log_component component;
	char text[512];
};

struct xd_log_ring *xd_log_ring_create(void);       /* NULL: no memory */
void xd_log_ring_destroy(struct xd_log_ring *ring); /* NULL is fine */
/* Any thread; see above. */
void xd_log_ring_add(struct xd_log_ring *ring, enum xd_log_level level,
	enum xd_log_component component, const char *line);
/* One thread: the next line, from *position (0 at first) on. *missed gets how many before it are
 * gone. False: there is none now. */
bool xd_log_ring_read(
	struct xd_log_ring *ring, uint64_t *position, struct xd_log_line *line, uint64_t *missed);
/* That same thread: so many lines were missed, to be told by `log show`. */
void xd_log_ring_count_missed(struct xd_log_ring *ring, uint64_t missed);

/* Any thread, as are the others below. */
uint64_t xd_log_ring_missed(const struct xd_log_ring *ring);
/* The newest n lines, oldest first: [{"time", "level", "component", "line"}]. */
json_t *xd_log_ring_to_json(const struct xd_log_ring *ring, unsigned n);
/* The time of day as "2026-01-31 23:59:59.123". */
void xd_log_time(char text[32], int64_t time_ns);

#endif
