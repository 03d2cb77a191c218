/* SPDX-License-Identifier: BSD-3-Clause */
/* memory show. */
#include <stdio.h>

#include "commands.h"
#include "table.h"

static void
bytes_cell(struct table *table, const json_t *object, const char *key)
{
	char text[16];

	table_cell(table, "%s", ctl_bytes(ctl_number(object, key), text));
}

static void
print_sums(const json_t *result)
{
	static const struct {
		const char *key, *label;
	} rows[] = {
		{"page_bytes", "page size"},
		{"eal_bytes", "reserved by the EAL"},
		{"eal_used_bytes", "of that, in use"},
		{"fdb_bytes", "address tables"},
		{"pool_bytes", "packet buffers"},
		{"guest_bytes", "guests' memory mapped"},
	};
	char bytes[16];

	printf("%-24s%s\n", "hugepages",
		json_is_true(json_object_get(result, "hugepages")) ? "yes" : "no");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		printf("%-24s%s\n", rows[i].label,
			ctl_bytes(ctl_number(result, rows[i].key), bytes));
}

/* "512 of 1024 of 2.0 MiB" for each size. */
static void
pages_cell(struct table *table, const json_t *sizes)
{
	char text[160] = "-", bytes[16];
	size_t i, used = 0;
	json_t *size;

	json_array_foreach(sizes, i, size)
	{
		if (used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - used,
				"%s%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " of %s",
				i ? ", " : "", ctl_number(size, "free"), ctl_number(size, "total"),
				ctl_bytes(ctl_number(size, "page_bytes"), bytes));
	}
	table_cell(table, "%s", text);
}

static void
print_nodes(const json_t *nodes)
{
	static const char *const headers[] = {
		">NODE", ">EAL", ">IN USE", ">PEAK", "FREE HUGEPAGES", NULL};
	struct table *table = table_create(headers);
	json_t *node;
	size_t i;

	json_array_foreach(nodes, i, node)
	{
		table_cell(table, "%d", (int)ctl_number(node, "node"));
		bytes_cell(table, node, "eal_bytes");
		bytes_cell(table, node, "eal_used_bytes");
		bytes_cell(table, node, "eal_peak_bytes");
		pages_cell(table, json_object_get(node, "hugepages"));
	}
	putchar('\n');
	table_print(table);
}

static void
print_pools(const json_t *pools)
{
	static const char *const headers[] = {
		"POOL", ">NODE", ">BUFFERS", ">IN USE", ">PEAK", ">SIZE", NULL};
	struct table *table;
	json_t *pool;
	size_t i;

	if (json_array_size(pools) == 0)
		return;
	table = table_create(headers);
	json_array_foreach(pools, i, pool)
	{
		table_cell(table, "%s", ctl_text(pool, "name"));
		table_cell(table, "%d", (int)ctl_number(pool, "node"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(pool, "buffers"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(pool, "in_use"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(pool, "peak"));
		bytes_cell(table, pool, "bytes");
	}
	putchar('\n');
	table_print(table);
}

static void
traffic_cells(struct table *table, const json_t *object)
{
	const json_t *node = json_object_get(object, "node");

	if (json_is_integer(node))
		table_cell(table, "%d", (int)json_integer_value(node));
	else
		table_cell(table, "-");
	bytes_cell(table, object, "bytes");
	bytes_cell(table, object, "crossed_bytes");
	table_cell(table, "%.1f%%", 100 * json_number_value(json_object_get(object, "crossed")));
}

/* What passed, and of that what passed between nodes. */
static void
print_traffic(const json_t *ports, const json_t *workers)
{
	static const char *const headers[] = {
		"FRAMES OF", ">NODE", ">BYTES", ">CROSSED", ">LATELY", NULL};
	struct table *table = table_create(headers);
	json_t *object;
	size_t i;

	json_array_foreach(ports, i, object)
	{
		table_cell(table, "%s", ctl_text(object, "port"));
		traffic_cells(table, object);
	}
	json_array_foreach(workers, i, object)
	{
		table_cell(table, "core %d", (int)ctl_number(object, "core"));
		traffic_cells(table, object);
	}
	putchar('\n');
	table_print(table);
}

void
memory_print(const json_t *result)
{
	print_sums(result);
	print_nodes(json_object_get(result, "nodes"));
	print_pools(json_object_get(result, "pools"));
	print_traffic(json_object_get(result, "ports"), json_object_get(result, "workers"));
}
