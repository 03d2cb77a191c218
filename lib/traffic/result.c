/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <rte_version.h>

#include "crossdock.h"
#include "traffic/result.h"

const char *
xd_touch_name(enum xd_touch touch)
{
	static const char *const names[] = {"full", "stamp", "none"};

	return names[touch];
}

const char *
xd_flow_kind_name(enum xd_flow_kind kind)
{
	return kind == XD_FLOW_MAC ? "mac" : "l4";
}

const char *
xd_pattern_name(enum xd_pattern pattern)
{
	return pattern == XD_PATTERN_UNICAST ? "unicast" : "broadcast";
}

const char *
xd_direction_name(enum xd_direction direction)
{
	return direction == XD_DIRECTION_ONE ? "one" : "both";
}

const char *
xd_bottleneck_name(enum xd_bottleneck bottleneck)
{
	static const char *const names[] = {"switch", "generator", "asked"};

	return names[bottleneck];
}

const char *
xd_engine_name(enum xd_engine engine)
{
	return engine == XD_ENGINE_RATE ? "rate" : "latency";
}

/* The value of the first line of a /proc file that begins with key; empty without one. */
static void
read_line(const char *path, const char *key, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[256];

	value[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)))
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, size, "%s", colon);
		break;
	}
	if (file)
		fclose(file);
}

void
xd_results_init(struct xd_results *results, double tsc_hz)
{
	struct utsname name;
	char free_pages[32];

	memset(results, 0, sizeof(*results));
	results->tsc_hz = tsc_hz;
	read_line("/proc/cpuinfo", "model name", results->cpu, sizeof(results->cpu));
	if (uname(&name) == 0)
		snprintf(results->kernel, sizeof(results->kernel), "%s %s", name.sysname,
			name.release);
	snprintf(results->dpdk, sizeof(results->dpdk), "%s", rte_version());
	snprintf(results->version, sizeof(results->version), "%s", xd_version());
	read_line("/proc/meminfo", "HugePages_Free", free_pages, sizeof(free_pages));
	results->hugepages = strtoul(free_pages, NULL, 10) > 0;
}

void
xd_results_fini(struct xd_results *results)
{
	free(results->rows);
	memset(results, 0, sizeof(*results));
}

int
xd_results_add(struct xd_results *results, const struct xd_row *row)
{
	if (results->n == results->room) {
		unsigned room = results->room ? 2 * results->room : 16;
		struct xd_row *rows = realloc(results->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		results->rows = rows;
		results->room = room;
	}
	results->rows[results->n++] = *row;
	results->partial |= row->partial;
	return 0;
}
