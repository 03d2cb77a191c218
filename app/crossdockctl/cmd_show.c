/* SPDX-License-Identifier: BSD-3-Clause */
/* log, daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

/* ---- log ---- */

json_t *
log_set_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = argc > 1 ? json_pack("{s:s, s:s}", "component", argv[0], "level", argv[1])
				  : json_pack("{s:s}", "level", argv[0]);

	(void)ctl;
	if (!params)
		ctl_usage("a word is not UTF-8 text");
	return params;
}

void
log_print(const json_t *result)
{
	json_t *line, *level;
	const char *component;
	size_t i;

	json_array_foreach(json_object_get(result, "lines"), i, line)
		printf("%s %-5s %s: %s\n", ctl_text(line, "time"), ctl_text(line, "level"),
			ctl_text(line, "component"), ctl_text(line, "line"));
	if (ctl_number(result, "left_out"))
		printf("left out of the log file, which was not read fast enough: "
		       "%" JSON_INTEGER_FORMAT " lines\n",
			ctl_number(result, "left_out"));
	printf("levels:");
	json_object_foreach(json_object_get(result, "levels"), component, level)
		printf(" %s=%s", component, json_string_value(level));
	putchar('\n');
}

/* ---- daemon ---- */

void
status_print(const json_t *result)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)result, key, value)
	{
		if (json_is_string(value))
			printf("%-10s %s\n", key, json_string_value(value));
		else if (json_is_integer(value))
			printf("%-10s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
		else
			printf("%-10s none\n", key);
	}
}
