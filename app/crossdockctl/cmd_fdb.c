/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb: learned addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "commands.h"
#include "table.h"

#define LIMIT      10000 /* addresses shown when nothing is said */
#define PER_ANSWER 10000 /* the most that fdb.show lists at once */

static json_t *
show_params(int argc, char **argv)
{
	json_t *params = json_object(), *value;
	int first = argc > 0 && !strchr(argv[0], '=');
	const char *key;
	uint64_t number;

	if (first && json_object_set_new(params, "bridge", json_string(argv[0]))) {
		ctl_usage("the bridge's name is not UTF-8 text");
		goto err;
	}
	if (command_pairs(params, argc - first, argv + first))
		goto err;
	json_object_foreach(params, key, value)
	{
		if (strcmp(key, "vlan") && strcmp(key, "limit"))
			continue;
		if (xd_number_parse(json_string_value(value), 0, INT32_MAX, &number)) {
			ctl_usage("%s=%s: must be a number", key, json_string_value(value));
			goto err;
		}
		json_object_set_new(params, key, json_integer(number));
	}
	return params;
err:
	json_decref(params);
	return NULL;
}

json_t *
fdb_flush_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s}", "bridge", argv[0]);

	(void)ctl;
	if (!params || (argc > 1 && json_object_set_new(params, "port", json_string(argv[1])))) {
		ctl_usage("a name is not UTF-8 text");
		json_decref(params);
		return NULL;
	}
	return params;
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
	json_t *params = show_params(argc, argv), *result;

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
