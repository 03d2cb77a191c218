/* SPDX-License-Identifier: BSD-3-Clause */
/* Logs: lines go to a function that the application gives; the library prints nothing itself.
 * Levels are per component and may be changed while running. */
#ifndef XD_BASE_LOG_H
#define XD_BASE_LOG_H

#include <stdint.h>

#include "base/api.h"
#include "base/rate.h"

XD_API_BEGIN

/* How much matters: a line is written when its level is at most its component's. */
enum xd_log_level { XD_LOG_ERROR, XD_LOG_WARN, XD_LOG_INFO, XD_LOG_DEBUG, XD_LOG_LEVELS };

/* What a line is about. */
enum xd_log_component {
	XD_LOG_SWITCH,
	XD_LOG_WORKER,
	XD_LOG_BRIDGE,
	XD_LOG_FDB,
	XD_LOG_PORT,
	XD_LOG_VHOST,
	XD_LOG_ETHDEV,
	XD_LOG_MEMORY,
	XD_LOG_CONTROL,
	XD_LOG_COMPONENTS
};

/* Called with one finished line (no newline); from any thread, never once per frame. It must not
 * wait, not for whoever reads the log either: all of the switch's control would wait with it. */
typedef void (*xd_log_fn)(
	void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line);

struct xd_log {
	xd_log_fn emit;                   /* NULL: silent */
	void *ctx;                        /* of emit */
	uint8_t level[XD_LOG_COMPONENTS]; /* written by control, read by all threads */
};

/* Writes a line, as printf has it, unless the component's level leaves it out. log may be NULL.
 * Any thread. */
void xd_log(const struct xd_log *log, enum xd_log_component component, enum xd_log_level level,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* For lines that somebody else causes, as often as they like: one limit for each kind of line about
 * each of them. XD_LOG_AT_ONCE lines come out, then one in XD_LOG_EVERY_S seconds, which says how
 * many like it were left out before. One thread at a time uses a limit; all zeroes to begin with.
 */
#define XD_LOG_AT_ONCE 20
#define XD_LOG_EVERY_S 10

struct xd_log_limit {
	struct xd_rate rate;
	uint32_t left_out;        /* since the last line */
	uint32_t left_out_in_all; /* since the beginning */
};

/* As xd_log, within a limit. Any thread; one at a time for a limit. */
void xd_log_limited(const struct xd_log *log, struct xd_log_limit *limit,
	enum xd_log_component component, enum xd_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Fills in a log of which all components have this level; emit and ctx are borrowed for as long as
 * it is used. Any thread. */
void xd_log_init(struct xd_log *log, xd_log_fn emit, void *ctx, enum xd_log_level level);

/* By enum xd_log_level, ended by NULL. */
extern const char *const xd_log_level_words[];

/* Names for people: "vhost", "info"; static text. Any thread. */
const char *xd_log_component_name(enum xd_log_component component);
const char *xd_log_level_name(enum xd_log_level level);
/* The component, or level, of a name. 0; -EINVAL: there is none. Any thread. */
int xd_log_component_parse(const char *name, enum xd_log_component *component);
int xd_log_level_parse(const char *name, enum xd_log_level *level);

XD_API_END

#endif
