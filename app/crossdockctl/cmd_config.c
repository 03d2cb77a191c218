/* SPDX-License-Identifier: BSD-3-Clause */
/* config, and what changes the configuration: bridge and port add, set, del. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "control/read_file.h"

json_t *
config_params(struct ctl *ctl, int argc, char **argv)
{
	struct xd_error err;
	json_t *params;
	size_t len;
	char *text = xd_read_file(argv[0], XD_READ_WAIT, &len, &err);

	(void)argc;
	if (!text) {
		ctl_usage("%s", err.text);
		return NULL;
	}
	params = json_pack("{s:s#}", "yaml", text, (int)len);
	free(text);
	if (!params)
		ctl_usage("%s is not UTF-8 text", argv[0]);
	ctl->file = strcmp(argv[0], "-") ? argv[0] : "standard input";
	return params;
}

void
config_print_show(const json_t *result)
{
	fputs(ctl_text(result, "yaml"), stdout);
}

void
config_print_check(const json_t *result)
{
	int bridges = ctl_number(result, "bridges"), ports = ctl_number(result, "ports");
	int workers = ctl_number(result, "workers");

	printf("valid: %d bridge%s, %d port%s, %d worker%s\n", bridges, bridges == 1 ? "" : "s",
		ports, ports == 1 ? "" : "s", workers, workers == 1 ? "" : "s");
}

void
config_print_diff(const json_t *result)
{
	json_t *changes = json_object_get(result, "changes"), *change;
	size_t i;

	if (json_array_size(changes) == 0)
		printf("no difference\n");
	json_array_foreach(changes, i, change)
	{
		const char *op = ctl_text(change, "op"), *key = ctl_text(change, "key");

		if (!strcmp(op, "add"))
			printf("+ %s %s\n", key, ctl_text(change, "to"));
		else if (!strcmp(op, "del"))
			printf("- %s\n", key);
		else
			printf("~ %s %s -> %s\n", key, ctl_text(change, "from"),
				ctl_text(change, "to"));
	}
}

void
config_print_changed(const json_t *result)
{
	config_print_diff(result);
	if (json_object_get(result, "note"))
		fprintf(stderr, "note: %s\n", ctl_text(result, "note"));
}
