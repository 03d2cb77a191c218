/* SPDX-License-Identifier: BSD-3-Clause */
/* stats: counters and rates. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "table.h"

json_t *
port_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = argc > 0 ? json_pack("{s:s}", "port", argv[0]) : json_object();

	(void)ctl;
	if (!params)
		ctl_usage("the name is not UTF-8 text");
	return params;
}

void
drops_print(const json_t *result)
{
	static const char *const headers[] = {"PORT", "DIRECTION", "REASON", ">COUNT", NULL};
	json_t *drops = json_object_get(result, "drops"), *drop;
	struct table *table;
	size_t i;

	if (json_array_size(drops) == 0) {
		printf("no drops\n");
		return;
	}
	table = table_create(headers);
	json_array_foreach(drops, i, drop)
	{
		table_cell(table, "%s", ctl_text(drop, "port"));
		table_cell(table, "%s", ctl_text(drop, "direction"));
		table_cell(table, "%s", ctl_text(drop, "reason"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(drop, "count"));
	}
	table_print(table);
}

static json_int_t
sum_drops(const json_t *port)
{
	json_int_t sum = 0;
	const char *reason;
	json_t *count;

	json_object_foreach(json_object_get(port, "drops"), reason, count) sum +=
		json_integer_value(count);
	return sum;
}

static void
print_counters(const json_t *result)
{
	static const char *const headers[] = {"PORT", "STATE", ">RX FRAMES", ">RX BYTES",
		">TX FRAMES", ">TX BYTES", ">DROPS", ">NOTIFIED", NULL};
	static const char *const keys[] = {"rx_frames", "rx_bytes", "tx_frames", "tx_bytes", NULL};
	struct table *table = table_create(headers);
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(result, "ports"), i, port)
	{
		table_cell(table, "%s", ctl_text(port, "name"));
		table_cell(table, "%s", ctl_text(port, "state"));
		for (unsigned k = 0; keys[k]; k++)
			table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(port, keys[k]));
		table_cell(table, "%" JSON_INTEGER_FORMAT, sum_drops(port));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(port, "notify_sent"));
	}
	table_print(table);
}

/* The port of that name in a result, or NULL. */
static const json_t *
find_port(const json_t *result, const char *name)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(result, "ports"), i, port)
	{
		if (!strcmp(ctl_text(port, "name"), name))
			return port;
	}
	return NULL;
}

/* What was counted since `before`; a port that was made anew counts from zero. */
static double
since(const json_t *before, const json_t *after, const char *key)
{
	json_int_t then = ctl_number(before, key), now = ctl_number(after, key);

	return now >= then ? now - then : now;
}

/* Rates between two results, as an object of the same shape. */
static json_t *
make_rates(const json_t *before, const json_t *after)
{
	double seconds = (ctl_number(after, "time_ns") - ctl_number(before, "time_ns")) / 1e9;
	json_t *list = json_array(), *port;
	size_t i;

	if (seconds <= 0)
		seconds = 1;
	json_array_foreach(json_object_get(after, "ports"), i, port)
	{
		const json_t *then = find_port(before, ctl_text(port, "name"));
		json_int_t drops = sum_drops(port), drops_then = sum_drops(then);

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "name",
				ctl_text(port, "name"), "state", ctl_text(port, "state"), "rx_pps",
				since(then, port, "rx_frames") / seconds, "rx_bit_s",
				since(then, port, "rx_bytes") * 8 / seconds, "tx_pps",
				since(then, port, "tx_frames") / seconds, "tx_bit_s",
				since(then, port, "tx_bytes") * 8 / seconds, "drops_pps",
				(double)(drops >= drops_then ? drops - drops_then : drops) /
					seconds));
	}
	return json_pack("{s:f, s:o}", "interval_s", seconds, "ports", list);
}

static void
rate_cell(struct table *table, const json_t *port, const char *key, double unit)
{
	table_cell(table, "%.3f", json_number_value(json_object_get(port, key)) / unit);
}

static void
print_rates(const json_t *rates)
{
	static const char *const headers[] = {"PORT", "STATE", ">RX MPPS", ">RX GBIT/S", ">TX MPPS",
		">TX GBIT/S", ">DROPS/S", NULL};
	struct table *table = table_create(headers);
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(rates, "ports"), i, port)
	{
		table_cell(table, "%s", ctl_text(port, "name"));
		table_cell(table, "%s", ctl_text(port, "state"));
		rate_cell(table, port, "rx_pps", 1e6);
		rate_cell(table, port, "rx_bit_s", 1e9);
		rate_cell(table, port, "tx_pps", 1e6);
		rate_cell(table, port, "tx_bit_s", 1e9);
		table_cell(table, "%.0f", json_number_value(json_object_get(port, "drops_pps")));
	}
	table_print(table);
}

int
stats_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	struct timespec pause = {.tv_sec = ctl->interval_s,
		.tv_nsec = (ctl->interval_s - (time_t)ctl->interval_s) * 1e9};
	json_t *params = port_params(ctl, argc, argv), *before, *after, *rates;

	before = params ? ctl_call(ctl, command->method, params) : NULL;
	if (!before)
		return params ? ctl->status : CTL_USAGE;
	if (ctl->interval_s <= 0) {
		if (ctl->json)
			command_print_json(before);
		else
			print_counters(before);
		json_decref(before);
		return CTL_DONE;
	}
	while (nanosleep(&pause, &pause) && errno == EINTR)
		;
	after = ctl_call(ctl, command->method, port_params(ctl, argc, argv));
	if (!after) {
		json_decref(before);
		return ctl->status;
	}
	rates = make_rates(before, after);
	if (ctl->json)
		command_print_json(rates);
	else
		print_rates(rates);
	json_decref(rates);
	json_decref(before);
	json_decref(after);
	return CTL_DONE;
}
