/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

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

void
xd_log(const struct xd_log *log, enum xd_log_component component, enum xd_log_level level,
	const char *fmt, ...)
{
	char line[512];
	va_list args;

	if (!log || !log->emit || __atomic_load_n(&log->level[component], __ATOMIC_RELAXED) < level)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	log->emit(log->ctx, level, component, line);
}

const char *
xd_log_component_name(enum xd_log_component component)
{
	return component_names[component];
}

const char *
xd_log_level_name(enum xd_log_level level)
{
	return xd_log_level_words[level];
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
