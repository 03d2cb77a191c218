/* SPDX-License-Identifier: BSD-3-Clause */
/* worker show, worker balance. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "table.h"

/* ---- show ---- */

static bool
is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static double
real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void
print_worker(struct table *table, const json_t *worker)
{
	double busy = ctl_number(worker, "busy_cycles"),
	       asleep = ctl_number(worker, "sleep_cycles");
	double awake = busy + ctl_number(worker, "idle_cycles"), all = awake + asleep;
	double frames = ctl_number(worker, "frames"), turns = ctl_number(worker, "turns");

	table_cell(table, "%d", (int)ctl_number(worker, "core"));
	table_cell(table, "%d", (int)ctl_number(worker, "node"));
	table_cell(table, "%s%s%s", is_true(worker, "sleeping") ? "sleeps" : "runs",
		is_true(worker, "isolated") ? " (isolated)" : "",
		is_true(worker, "own") ? "" : " (application)");
	table_cell(table, "%.1f%%", 100 * real(worker, "load"));
	table_cell(table, "%.1f%%", all > 0 ? 100 * busy / all : 0);
	table_cell(table, "%.1f%%", all > 0 ? 100 * asleep / all : 0);
	table_cell(table, "%.0f", frames);
	table_cell(table, "%.0f", frames > 0 ? busy / frames : 0);
	table_cell(table, "%.1f", turns > 0 ? frames / turns : 0);
	table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(worker, "rounds"));
	table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(worker, "sleeps"));
}

/* Why a queue is where it is, if that is not for its load. */
static void
placed_cell(struct table *table, const json_t *worker, const json_t *queue)
{
	if (json_is_integer(json_object_get(queue, "missing_core")))
		table_cell(table, "affinity: core %d has no worker",
			(int)ctl_number(queue, "missing_core"));
	else if (is_true(queue, "far"))
		table_cell(table, "%sfar: memory on node %d, core on node %d",
			is_true(queue, "pinned") ? "pinned, " : "", (int)ctl_number(queue, "node"),
			(int)ctl_number(worker, "node"));
	else
		table_cell(table, "%s", is_true(queue, "pinned") ? "pinned" : "");
}

static void
print_queues(const json_t *workers)
{
	static const char *const headers[] = {">CORE", "PORT", ">QUEUE", ">LOAD", "", NULL};
	struct table *table = table_create(headers);
	json_t *worker, *queue;
	size_t i, k;

	json_array_foreach(workers, i, worker)
	{
		json_array_foreach(json_object_get(worker, "queues"), k, queue)
		{
			table_cell(table, "%d", (int)ctl_number(worker, "core"));
			table_cell(table, "%s", ctl_text(queue, "port"));
			table_cell(table, "%d", (int)ctl_number(queue, "queue"));
			table_cell(table, "%.1f%%", 100 * real(queue, "load"));
			placed_cell(table, worker, queue);
		}
	}
	table_print(table);
}

/* Those of a program that embeds the switch; crossdockd has none. */
static void
print_hooks(const json_t *hooks)
{
	static const char *const headers[] = {"HOOK", "POINT", ">PORTS", ">FRAMES", ">DROPS",
		">MOVED", ">SENT", ">COPIED", ">LEFT", ">KEPT", ">WRONG", ">CYCLES/FRAME", NULL};
	static const char *const counts[] = {
		"ports", "frames", "drops", "moved", "redirected", "copied", "left", "kept", "bad"};
	struct table *table;
	json_t *hook;
	size_t i;

	if (json_array_size(hooks) == 0)
		return;
	table = table_create(headers);
	json_array_foreach(hooks, i, hook)
	{
		double frames = ctl_number(hook, "frames");

		table_cell(table, "%s", ctl_text(hook, "name"));
		table_cell(table, "%s", ctl_text(hook, "point"));
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
			table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(hook, counts[c]));
		table_cell(table, "%.1f", frames > 0 ? ctl_number(hook, "cycles") / frames : 0);
	}
	putchar('\n');
	table_print(table);
}

void
worker_print(const json_t *result)
{
	static const char *const headers[] = {">CORE", ">NODE", "STATE", ">LOAD", ">BUSY",
		">ASLEEP", ">FRAMES", ">CYCLES/FRAME", ">FRAMES/TURN", ">ROUNDS", ">SLEEPS", NULL};
	json_t *workers = json_object_get(result, "workers"), *worker;
	struct table *table = table_create(headers);
	size_t i;

	json_array_foreach(workers, i, worker) print_worker(table, worker);
	table_print(table);
	putchar('\n');
	print_queues(workers);
	print_hooks(json_object_get(result, "hooks"));
}

/* ---- balance ---- */

json_t *
balance_params(struct ctl *ctl, int argc, char **argv)
{
	/* As an option in the shell's line, as a word at the prompt. */
	if (argc && strcmp(argv[0], "--dry-run")) {
		ctl_usage("worker balance: there is no \"%s\", only --dry-run", argv[0]);
		return NULL;
	}
	return json_pack("{s:b}", "dry_run", ctl->dry_run || argc);
}

void
balance_print(const json_t *result)
{
	static const char *const headers[] = {
		"PORT", ">QUEUE", ">LOAD", ">FROM CORE", ">TO CORE", NULL};
	json_t *moves = json_object_get(result, "moves"), *move;
	struct table *table;
	size_t i;

	if (json_array_size(moves) == 0) {
		printf("nothing to move: the busiest worker has a load of %.1f%%, and no queue "
		       "that "
		       "another had better\n",
			100 * real(result, "most_load"));
		return;
	}
	table = table_create(headers);
	json_array_foreach(moves, i, move)
	{
		table_cell(table, "%s", ctl_text(move, "port"));
		table_cell(table, "%d", (int)ctl_number(move, "queue"));
		table_cell(table, "%.1f%%", 100 * real(move, "load"));
		table_cell(table, "%d", (int)ctl_number(move, "from_core"));
		table_cell(table, "%d", (int)ctl_number(move, "to_core"));
	}
	table_print(table);
	printf("%s: busiest worker %.1f%%, then %.1f%%; variance of loads %d%% smaller\n",
		is_true(result, "moved") ? "moved" : "not moved", 100 * real(result, "most_load"),
		100 * real(result, "most_load_after"), (int)ctl_number(result, "gain_percent"));
}
