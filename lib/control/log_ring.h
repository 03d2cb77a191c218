/* SPDX-License-Identifier: BSD-3-Clause */
/* The last lines of the log, for `log show`. Any thread. */
#ifndef XD_CONTROL_LOG_RING_H
#define XD_CONTROL_LOG_RING_H

#include <jansson.h>

#include "base/log.h"

#define XD_LOG_RING_LINES 256

struct xd_log_ring;

struct xd_log_ring *xd_log_ring_create(void);       /* NULL: no memory */
void xd_log_ring_destroy(struct xd_log_ring *ring); /* NULL is fine */
void xd_log_ring_add(struct xd_log_ring *ring, enum xd_log_level level,
	enum xd_log_component component, const char *line);
/* The newest n lines, oldest first: [{"time", "level", "component", "line"}]. */
json_t *xd_log_ring_to_json(struct xd_log_ring *ring, unsigned n);

/* The time of day as "2026-01-31 23:59:59.123". */
void xd_log_time(char text[32]);

#endif
