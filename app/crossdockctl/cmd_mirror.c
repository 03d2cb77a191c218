/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror show. */
#include <string.h>

#include "commands.h"
#include "facts.h"
#include "table.h"

static void
cell(struct table *table, const json_t *mirror, const char *key)
{
	const json_t *value = json_object_get(mirror, key);
	char text[FACT_CHARS];

	table_cell(table, "%s", value ? fact_text(value, text) : "-");
}

static void
print_mirrors(const json_t *list)
{
	static const char *const headers[] = {"NAME", "BRIDGE", "ALL", "SRC PORT", "DST PORT",
		"VLAN", "OUTPUT PORT", ">OUTPUT VLAN", ">TX FRAMES", ">DROPPED", NULL};
	static const char *const keys[] = {"name", "bridge", "select_all", "select_src_port",
		"select_dst_port", "select_vlan", "output_port", "output_vlan", "tx_frames",
		"dropped"};
	struct table *table = table_create(headers);
	json_t *mirror;
	size_t i;

	json_array_foreach(list, i, mirror)
	{
		for (unsigned k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			cell(table, mirror, keys[k]);
	}
	table_print(table);
}

int
mirror_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	return entry_show_as(ctl, command, argc, argv, print_mirrors);
}
