/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb: addresses, learned and static. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "commands.h"
#include "table.h"

#define LIMIT      10000 /* addresses shown when nothing is said */
#define PER_ANSWER 10000 /* the most that fdb.show lists at once */

/* vlan=10 as a number. */
static int
read_number(json_t *params, const char *key)
{
	const char *text = json_string_value(json_object_get(params, key));
	uint64_t number;

	if (!text)
		return 0;
	if (xd_number_parse(text, 0, INT32_MAX, &number))
		return ctl_usage("%s=%s: must be a number", key, text);
	return json_object_set_new(params, key, json_integer(number));
}

/* static=yes as true. */
static int
read_yes(json_t *params, const char *key)
{
	const char *text = json_string_value(json_object_get(params, key));

	if (!text)
		return 0;
	if (strcmp(text, "yes") && strcmp(text, "no"))
		return ctl_usage("%s=%s: must be yes or no", key, text);
	return json_object_set_new(params, key, json_boolean(!strcmp(text, "yes")));
}

/* Arguments by their place, by names, as far as there are any, and KEY=VALUE behind them. */
static json_t *
read_params(int argc, char **argv, const char *const *names)
{
	json_t *params = json_object();
	int i = 0;

	for (; i < argc && *names && !strchr(argv[i], '='); i++, names++) {
		if (json_object_set_new(params, *names, json_string(argv[i])) == 0)
			continue;
		ctl_usage("the %s is not UTF-8 text", *names);
		goto err;
	}
	if (command_pairs(params, argc - i, argv + i) || read_number(params, "vlan") ||
		read_number(params, "limit") || read_yes(params, "static"))
		goto err;
	return params;
err:
	json_decref(params);
	return NULL;
}

json_t *
fdb_flush_params(struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return read_params(argc, argv, (const char *const[]){"bridge", "port", NULL});
}

json_t *
fdb_add_params(struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return read_params(argc, argv, (const char *const[]){"bridge", "mac", "port", NULL});
}

json_t *
fdb_del_params(struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	return read_params(argc, argv, (const char *const[]){"bridge", "mac", NULL});
}

static void
print(const json_t *result)
{
	static const char *const headers[] = {"BRIDGE", ">VLAN", "MAC", "PORT", ">AGE", NULL};
	json_t *entries = json_object_get(result, "entries"), *entry;
	struct table *table = table_create(headers);
	json_int_t total = ctl_number(result, "total");
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		table_cell(table, "%s", ctl_text(entry, "bridge"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(entry, "vlan"));
		table_cell(table, "%s", ctl_text(entry, "mac"));
		table_cell(table, "%s", ctl_text(entry, "port"));
		if (json_is_true(json_object_get(entry, "static")))
			table_cell(table, "static");
		else
			table_cell(table, "%" JSON_INTEGER_FORMAT " s", ctl_number(entry, "age_s"));
	}
	table_print(table);
	if (total > (json_int_t)json_array_size(entries))
		fprintf(stderr, "%zu of %" JSON_INTEGER_FORMAT " shown: limit=N shows more\n",
			json_array_size(entries), total);
}

/* Adds the entries of a further answer, and its cursor. */
static void
join(json_t *result, const json_t *further)
{
	json_array_extend(json_object_get(result, "entries"), json_object_get(further, "entries"));
	json_object_set(result, "next", json_object_get(further, "next"));
}

/* Asks until all that is wanted is there; an answer has only so many. Takes params. */
static json_t *
ask_on(struct ctl *ctl, const char *method, json_t *params)
{
	json_int_t wanted = json_object_get(params, "limit") ? ctl_number(params, "limit") : LIMIT;
	json_t *result = NULL, *further;

	for (;;) {
		json_int_t got = json_array_size(json_object_get(result, "entries"));

		json_object_set_new(params, "limit",
			json_integer(wanted - got < PER_ANSWER ? wanted - got : PER_ANSWER));
		further = ctl_call(ctl, method, json_deep_copy(params));
		if (!further || !result) {
			json_decref(further ? NULL : result);
			result = further;
		} else {
			join(result, further);
			json_decref(further);
		}
		got = json_array_size(json_object_get(result, "entries"));
		if (!result || got >= wanted || !json_is_string(json_object_get(result, "next")))
			break;
		json_object_set(params, "cursor", json_object_get(result, "next"));
	}
	json_decref(params);
	return result;
}

int
fdb_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	json_t *params = read_params(argc, argv, (const char *const[]){"bridge", NULL}), *result;

	if (!params)
		return CTL_USAGE;
	result = ask_on(ctl, command->method, params);
	if (!result)
		return ctl->status;
	if (ctl->json)
		command_print_json(result);
	else
		print(result);
	json_decref(result);
	return CTL_DONE;
}
