/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: levels by component, and lines handed to the application's function. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/one_line.h"

#define LINE_BYTES 512

static const char *const component_names[XD_LOG_COMPONENTS] = {
	"switch", "worker", "bridge", "fdb", "port", "vhost", "ethdev", "memory", "control"};

const char *const xd_log_level_words[XD_LOG_LEVELS + 1] = {"error", "warn", "info", "debug", NULL};

void
xd_log_init(struct xd_log *log, xd_log_fn emit, void *ctx, enum xd_log_level level)
{
	log->emit = emit;
	log->ctx = ctx;
	memset(log->level, level, sizeof(log->level));
}

static bool
wanted(const struct xd_log *log, enum xd_log_component component, enum xd_log_level level)
{
	return log && log->emit &&
	       __atomic_load_n(&log->level[component], __ATOMIC_RELAXED) >= level;
}

void
xd_log(const struct xd_log *log, enum xd_log_component component, enum xd_log_level level,
	const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	if (!wanted(log, component, level))
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	xd_one_line(line);
	log->emit(log->ctx, level, component, line);
}

void
xd_log_limited(const struct xd_log *log, struct xd_log_limit *limit,
	enum xd_log_component component, enum xd_log_level level, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	size_t n;

	if (!wanted(log, component, level))
		return;
	if (!xd_rate_take(
		    &limit->rate, xd_clock_ns(), XD_LOG_AT_ONCE, XD_LOG_EVERY_S * XD_NS_PER_S)) {
		limit->left_out++;
		limit->left_out_in_all++;
		return;
	}
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	n = strlen(line);
	if (limit->left_out)
		snprintf(line + n, sizeof(line) - n, " (%u lines like this were left out before)",
			limit->left_out);
	limit->left_out = 0;
	log->emit(log->ctx, level, component, line);
}

const char *
xd_log_component_name(enum xd_log_component component)
{
	return (unsigned)component < XD_LOG_COMPONENTS ? component_names[component] : "unknown";
}

const char *
xd_log_level_name(enum xd_log_level level)
{
	return (unsigned)level < XD_LOG_LEVELS ? xd_log_level_words[level] : "unknown";
}

int
xd_log_component_parse(const char *name, enum xd_log_component *component)
{
	for (int i = 0; i < XD_LOG_COMPONENTS; i++) {
		if (!strcmp(name, component_names[i])) {
			*component = i;
			return 0;
		}
	}
	return -EINVAL;
}

int
xd_log_level_parse(const char *name, enum xd_log_level *level)
{
	for (int i = 0; i < XD_LOG_LEVELS; i++) {
		if (!strcmp(name, xd_log_level_words[i])) {
			*level = i;
			return 0;
		}
	}
	return -EINVAL;
}
