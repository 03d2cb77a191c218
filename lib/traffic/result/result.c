/* SPDX-License-Identifier: BSD-3-Clause */
/* Results kept: rows added, values as words, and what the whole run has in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <rte_version.h>

#include "crossdock.h"
#include "memory/memory.h"
#include "traffic/host/numa.h"
#include "traffic/result/result.h"

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
	static const char *const names[] = {
		"pairs", "broadcast", "fan-in", "mesh", "reflect", "send"};

	return names[pattern];
}

const char *
xd_direction_name(enum xd_direction direction)
{
	return direction == XD_DIRECTION_ONE ? "one" : "both";
}

const char *
xd_bottleneck_name(enum xd_bottleneck bottleneck)
{
	static const char *const names[] = {"asked", "switch-core", "ring-full", "ring-empty",
		"generator", "generator-send", "generator-receive"};

	return names[bottleneck];
}

bool
xd_row_is_rated(const struct xd_row *row)
{
	return row->rate.nb_ports > 0 || row->timed == row->paced;
}

const char *
xd_times_way_name(enum xd_times_way way)
{
	return way == XD_TIMES_ROUND_TRIP ? "round-trip" : "one-way";
}

static void
add_word(char *all, size_t size, const char *one)
{
	if (one && all[0] && strcmp(all, one))
		snprintf(all, size, "mixed");
	else if (one)
		snprintf(all, size, "%s", one);
}

void
xd_rings_add(struct xd_rings_figures *rings, const struct xd_gen_port *port)
{
	if (!port->rings)
		return;
	rings->tso |= port->offload.tso;
	if (!rings->rings[0])
		rings->ring_size = port->ring_size;
	else if (rings->ring_size != port->ring_size)
		rings->ring_size = 0;
	add_word(rings->rings, sizeof(rings->rings), port->rings);
	add_word(rings->ids, sizeof(rings->ids), port->ids);
}

const char *
xd_rings_text(const struct xd_rings_figures *rings, char *text, size_t size)
{
	char entries[24] = "";

	if (rings->ring_size)
		snprintf(entries, sizeof(entries), " of %u", rings->ring_size);
	snprintf(text, size, "%s%s%s%s%s%s", rings->rings, rings->rings[0] ? " rings" : "", entries,
		rings->ids[0] ? ", ids " : "", rings->ids, rings->tso ? ", TSO" : "");
	return text;
}

/* A node that is not there yet. */
static void
add_node(char *all, size_t size, int node)
{
	char one[12];
	size_t used = strlen(all), len;

	if (node == XD_NUMA_UNKNOWN || !strcmp(all, "several"))
		return;
	if (node == XD_NUMA_SEVERAL) {
		snprintf(all, size, "several");
		return;
	}
	len = (size_t)snprintf(one, sizeof(one), "%d", node);
	for (const char *at = all; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
		if (strcspn(at, ",") == len && !strncmp(at, one, len))
			return;
	if (used + len + 2 <= size)
		snprintf(all + used, size - used, "%s%s", used ? "," : "", one);
}

void
xd_numa_add(struct xd_numa_figures *numa, const struct xd_gen_port *port, int core)
{
	int node = core >= 0 ? xd_memory_core_node((unsigned)core) : XD_NUMA_UNKNOWN;

	add_node(numa->memory, sizeof(numa->memory), port->memory_node);
	add_node(numa->core, sizeof(numa->core), node);
	add_node(numa->guest, sizeof(numa->guest), port->guest_node);
	numa->remote |=
		node >= 0 && port->memory_node != XD_NUMA_UNKNOWN && port->memory_node != node;
}

const char *
xd_numa_text(const struct xd_numa_figures *numa, char *text, size_t size)
{
	snprintf(text, size, "%s/%s/%s", numa->memory[0] ? numa->memory : "-",
		numa->core[0] ? numa->core : "-", numa->guest[0] ? numa->guest : "-");
	return text;
}

void
xd_times_of(struct xd_times *times, const struct xd_histogram *h)
{
	*times = (struct xd_times){
		.count = xd_histogram_count(h),
		.min_ns = (double)xd_histogram_min(h),
		.mean_ns = xd_histogram_mean(h),
		.p50_ns = (double)xd_histogram_percentile(h, 50),
		.p95_ns = (double)xd_histogram_percentile(h, 95),
		.p99_ns = (double)xd_histogram_percentile(h, 99),
		.p99_9_ns = (double)xd_histogram_percentile(h, 99.9),
		.p99_99_ns = (double)xd_histogram_percentile(h, 99.99),
		.max_ns = (double)xd_histogram_max(h),
	};
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

/* Now, as RFC 3339 has it. */
static void
write_time(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
xd_results_init(struct xd_results *results, double tsc_hz)
{
	struct utsname name;
	char free_pages[32];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	memset(results, 0, sizeof(*results));
	results->tsc_hz = tsc_hz;
	results->cpus = cpus > 0 ? (unsigned)cpus : 0;
	results->numa_nodes = xd_numa_nodes();
	write_time(results->started, sizeof(results->started));
	read_line("/proc/cpuinfo", "model name", results->cpu, sizeof(results->cpu));
	if (uname(&name) == 0) {
		snprintf(results->kernel, sizeof(results->kernel), "%s %s", name.sysname,
			name.release);
		snprintf(results->host, sizeof(results->host), "%.63s", name.nodename);
	}
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
