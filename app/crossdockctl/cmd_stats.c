/* SPDX-License-Identifier: BSD-3-Clause */
/* stats: counters and rates. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "table.h"

#define DROPS_INTERVAL_S 1 /* when none is given */

json_t *
port_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = argc > 0 ? json_pack("{s:s}", "port", argv[0]) : json_object();

	(void)ctl;
	if (!params)
		ctl_usage("the name is not UTF-8 text");
	return params;
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
number_cells(struct table *table, const json_t *object, const char *const *keys)
{
	for (; *keys; keys++)
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(object, *keys));
}

static void
print_counters(const json_t *result)
{
	static const char *const headers[] = {"PORT", "STATE", ">RX FRAMES", ">RX BYTES",
		">TX FRAMES", ">TX BYTES", ">DROPS", ">CHECKSUMS", ">SEGMENTED", ">COALESCED",
		">WAITS", ">NOTIFIED", NULL};
	static const char *const before[] = {
		"rx_frames", "rx_bytes", "tx_frames", "tx_bytes", NULL};
	static const char *const after[] = {"software_checksums", "software_segmented", "coalesced",
		"waits", "notify_sent", NULL};
	struct table *table = table_create(headers);
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(result, "ports"), i, port)
	{
		table_cell(table, "%s", ctl_text(port, "name"));
		table_cell(table, "%s", ctl_text(port, "state"));
		number_cells(table, port, before);
		table_cell(table, "%" JSON_INTEGER_FORMAT, sum_drops(port));
		number_cells(table, port, after);
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

static double
seconds_between(const json_t *before, const json_t *after)
{
	double seconds = (ctl_number(after, "time_ns") - ctl_number(before, "time_ns")) / 1e9;

	return seconds > 0 ? seconds : 1;
}

/* Rates between two results, as an object of the same shape. */
static json_t *
make_rates(const json_t *before, const json_t *after)
{
	double seconds = seconds_between(before, after);
	json_t *list = json_array(), *port;
	size_t i;

	json_array_foreach(json_object_get(after, "ports"), i, port)
	{
		const json_t *then = find_port(before, ctl_text(port, "name"));
		json_int_t drops = sum_drops(port), drops_then = sum_drops(then);

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "name",
				ctl_text(port, "name"), "state", ctl_text(port, "state"), "rx_pps",
				since(then, port, "rx_frames") / seconds, "rx_l2_bps",
				since(then, port, "rx_bytes") * 8 / seconds, "tx_pps",
				since(then, port, "tx_frames") / seconds, "tx_l2_bps",
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
		rate_cell(table, port, "rx_l2_bps", 1e9);
		rate_cell(table, port, "tx_pps", 1e6);
		rate_cell(table, port, "tx_l2_bps", 1e9);
		table_cell(table, "%.0f", json_number_value(json_object_get(port, "drops_pps")));
	}
	table_print(table);
}

/* Asks now and, unless the interval is 0, once more after it; *after is NULL when not. Returns the
 * exit status: CTL_DONE, and the results are the caller's. */
static int
ask(struct ctl *ctl, const struct command *command, int argc, char **argv, double interval_s,
	json_t **before, json_t **after)
{
	struct timespec pause = {.tv_sec = (time_t)interval_s,
		.tv_nsec = (long)((interval_s - (time_t)interval_s) * 1e9)};
	json_t *params = port_params(ctl, argc, argv);

	*after = NULL;
	*before = params ? ctl_call(ctl, command->method, params) : NULL;
	if (!*before)
		return params ? ctl->status : CTL_USAGE;
	if (interval_s <= 0)
		return CTL_DONE;
	while (nanosleep(&pause, &pause) && errno == EINTR)
		;
	*after = ctl_call(ctl, command->method, port_params(ctl, argc, argv));
	if (*after)
		return CTL_DONE;
	json_decref(*before);
	return ctl->status;
}

int
stats_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	json_t *before, *after, *rates;
	int status = ask(ctl, command, argc, argv, ctl->interval_s, &before, &after);

	if (status != CTL_DONE)
		return status;
	rates = after ? make_rates(before, after) : NULL;
	if (ctl->json)
		command_print_json(rates ? rates : before);
	else if (rates)
		print_rates(rates);
	else
		print_counters(before);
	json_decref(rates);
	json_decref(before);
	json_decref(after);
	return CTL_DONE;
}

/* ---- Drops ---- */

/* How many of the same kind an earlier result has. */
static json_int_t
count_then(const json_t *before, const json_t *drop)
{
	static const char *const keys[] = {"port", "queue", "reason", NULL};
	json_t *then;
	size_t i;

	json_array_foreach(json_object_get(before, "drops"), i, then)
	{
		unsigned k = 0;

		while (keys[k] &&
			json_equal(json_object_get(then, keys[k]), json_object_get(drop, keys[k])))
			k++;
		if (!keys[k])
			return ctl_number(then, "count");
	}
	return 0;
}

/* Adds "rate", in frames a second, to each entry of the later result. */
static void
add_drop_rates(const json_t *before, json_t *after)
{
	double seconds = seconds_between(before, after);
	json_t *drop;
	size_t i;

	json_array_foreach(json_object_get(after, "drops"), i, drop)
	{
		json_int_t then = count_then(before, drop), now = ctl_number(drop, "count");

		/* A port that was made anew counts from zero. */
		json_object_set_new(drop, "rate",
			json_real((double)(now >= then ? now - then : now) / seconds));
	}
	json_object_set_new(after, "interval_s", json_real(seconds));
}

static void
print_drops(const json_t *result, bool rates)
{
	static const char *const headers[] = {
		"PORT", ">QUEUE", "DIRECTION", "REASON", ">COUNT", ">RATE/S", NULL};
	static const char *const no_rates[] = {
		"PORT", ">QUEUE", "DIRECTION", "REASON", ">COUNT", NULL};
	json_t *drops = json_object_get(result, "drops"), *drop;
	struct table *table;
	size_t i;

	if (json_array_size(drops) == 0) {
		printf("no drops\n");
		return;
	}
	table = table_create(rates ? headers : no_rates);
	json_array_foreach(drops, i, drop)
	{
		table_cell(table, "%s", ctl_text(drop, "port"));
		table_cell(table, "%d", (int)ctl_number(drop, "queue"));
		table_cell(table, "%s", ctl_text(drop, "direction"));
		table_cell(table, "%s", ctl_text(drop, "reason"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(drop, "count"));
		if (rates)
			table_cell(table, "%.0f", json_number_value(json_object_get(drop, "rate")));
	}
	table_print(table);
}

int
stats_drops(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	double interval_s = ctl->interval_s < 0 ? DROPS_INTERVAL_S : ctl->interval_s;
	json_t *before, *after;
	int status = ask(ctl, command, argc, argv, interval_s, &before, &after);

	if (status != CTL_DONE)
		return status;
	if (after)
		add_drop_rates(before, after);
	if (ctl->json)
		command_print_json(after ? after : before);
	else
		print_drops(after ? after : before, after);
	json_decref(before);
	json_decref(after);
	return CTL_DONE;
}
