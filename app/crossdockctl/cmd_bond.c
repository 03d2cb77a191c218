/* SPDX-License-Identifier: BSD-3-Clause */
/* bond show, bond set-active. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "table.h"

static void
member_row(struct table *table, const json_t *bond, const json_t *member)
{
	table_cell(table, "%s", ctl_text(bond, "name"));
	table_cell(table, "%s", ctl_text(bond, "bond_mode"));
	table_cell(table, "%s", ctl_text(member, "name"));
	table_cell(table, "%s", ctl_text(member, "state"));
	table_cell(table, "%s", json_is_true(json_object_get(member, "active")) ? "yes" : "no");
	table_cell(table, "%.0f%%", 100 * (double)ctl_number(member, "buckets") / 256);
}

/* "activity,collecting" */
static void
state_cell(struct table *table, const json_t *side)
{
	char text[160] = "";
	json_t *word;
	size_t i;

	json_array_foreach(json_object_get(side, "state"), i, word)
	{
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "," : "",
			json_string_value(word));
	}
	table_cell(table, "%s", text[0] ? text : "-");
}

/* What one end of a member's link says of itself. */
static void
side_row(struct table *table, const json_t *bond, const json_t *member, const char *end)
{
	const json_t *lacp = json_object_get(member, "lacp"), *side = json_object_get(lacp, end);

	table_cell(table, "%s", ctl_text(bond, "name"));
	table_cell(table, "%s", ctl_text(member, "name"));
	table_cell(table, "%s%s", ctl_text(lacp, "status"),
		json_is_true(json_object_get(lacp, "attached")) ? ", attached" : "");
	table_cell(table, "%s", end);
	table_cell(table, "%s", ctl_text(side, "system_id"));
	table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(side, "key"));
	table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(side, "port_id"));
	state_cell(table, side);
}

static void
print_lacp(const json_t *bonds)
{
	static const char *const headers[] = {
		"BOND", "MEMBER", "LACP", "END", "SYSTEM", ">KEY", ">PORT", "STATE", NULL};
	struct table *table = NULL;
	json_t *bond, *member;
	size_t i, m;

	json_array_foreach(bonds, i, bond)
	{
		json_array_foreach(json_object_get(bond, "members"), m, member)
		{
			if (!json_object_get(member, "lacp"))
				continue;
			if (!table)
				table = table_create(headers);
			side_row(table, bond, member, "actor");
			side_row(table, bond, member, "partner");
		}
	}
	if (!table)
		return;
	printf("\n");
	table_print(table);
}

void
bond_print(const json_t *result)
{
	static const char *const headers[] = {
		"BOND", "MODE", "MEMBER", "STATE", "ACTIVE", ">HASH SHARE", NULL};
	struct table *table = table_create(headers);
	json_t *bond, *member;
	size_t i, m;

	json_array_foreach(json_object_get(result, "bonds"), i, bond)
	{
		json_array_foreach(json_object_get(bond, "members"), m, member)
			member_row(table, bond, member);
	}
	table_print(table);
	print_lacp(json_object_get(result, "bonds"));
}

json_t *
bond_active_params(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s, s:s}", "name", argv[0], "member", argv[1]);

	(void)ctl;
	(void)argc;
	if (!params)
		ctl_usage("a name is not UTF-8 text");
	return params;
}
