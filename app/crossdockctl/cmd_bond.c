/* SPDX-License-Identifier: BSD-3-Clause */
/* bond show. */
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
}
