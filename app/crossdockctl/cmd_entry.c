/* SPDX-License-Identifier: BSD-3-Clause */
/* add, set, del, rename and show of an entry, whatever its noun. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "facts.h"
#include "table.h"

#define MAX_COLUMNS 15 /* of keys, beside the name */

json_t *
name_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = argc > 0 ? json_pack("{s:s}", "name", argv[0]) : json_object();

	(void)ctl;
	if (!params)
		ctl_usage("the name is not UTF-8 text");
	return params;
}

json_t *
rename_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s, s:s}", "name", argv[0], "to", argv[1]);

	(void)ctl;
	(void)argc;
	if (!params)
		ctl_usage("the names are not UTF-8 text");
	return params;
}

json_t *
entry_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = name_params(ctl, argc, argv);

	if (params && strchr(argv[0], '=')) {
		ctl_usage("the name comes first, before %s", argv[0]);
	} else if (params && command_pairs(params, argc - 1, argv + 1) == 0) {
		return params;
	}
	json_decref(params);
	return NULL;
}

/* A column for each key that all entries have. */
static void
print_keys(const struct xd_noun *noun, const json_t *list)
{
	char names[MAX_COLUMNS][32];
	const char *headers[MAX_COLUMNS + 2] = {"NAME"};
	struct table *table;
	json_t *entry;
	size_t i;

	for (unsigned k = 0; k < MAX_COLUMNS && noun->keys[k].name; k++) {
		snprintf(names[k], sizeof(names[k]), "%s%s",
			noun->keys[k].kind == XD_KEY_NUMBER ? ">" : "", noun->keys[k].name);
		for (char *c = names[k]; *c; c++)
			*c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
		headers[k + 1] = names[k];
	}
	table = table_create(headers);
	json_array_foreach(list, i, entry)
	{
		table_cell(table, "%s", ctl_text(entry, "name"));
		for (unsigned k = 0; k < MAX_COLUMNS && noun->keys[k].name; k++) {
			const json_t *value = json_object_get(entry, noun->keys[k].name);
			char text[FACT_CHARS];

			table_cell(table, "%s", value ? fact_text(value, text) : "-");
		}
	}
	table_print(table);
}

int
entry_show_as(struct ctl *ctl, const struct command *command, int argc, char **argv,
	void (*print)(const json_t *list))
{
	json_t *params = name_params(ctl, argc, argv), *list;
	json_t *result = params ? ctl_call(ctl, command->method, params) : NULL;

	if (!result)
		return params ? ctl->status : CTL_USAGE;
	list = json_object_get(result, command->entries->section);
	if (ctl->json)
		command_print_json(result);
	else if (argc > 0 && !ctl->detail)
		facts_print(json_array_get(list, 0));
	else if (print)
		print(list);
	else
		print_keys(command->entries, list);
	json_decref(result);
	return CTL_DONE;
}

int
entry_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	return entry_show_as(ctl, command, argc, argv, NULL);
}
