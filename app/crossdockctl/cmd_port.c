/* SPDX-License-Identifier: BSD-3-Clause */
/* port show, bridge show. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "base/ranges.h"
#include "table.h"

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

/* "10", "10,20-30", "10+20,30", "all"; and the mode, where it is said: "10 dot1q-tunnel". */
static void
vlan_cell(struct table *table, const json_t *port)
{
	const json_t *vlan = json_object_get(port, "vlan"), *vlans = json_object_get(port, "vlans");
	const char *mode = ctl_text(port, "vlan_mode");
	struct xd_ranges ranges = {0};
	char native[8] = "", list[XD_RANGES_TEXT] = "";
	const json_t *item;
	size_t i;

	if (vlan)
		snprintf(native, sizeof(native), "%d", (int)json_integer_value(vlan));
	json_array_foreach(vlans, i, item) ranges.bits[json_integer_value(item) / 64 % 64] |=
		1ull << (json_integer_value(item) % 64);
	if (vlans)
		xd_ranges_print(&ranges, list);
	else if (!vlan)
		strcpy(list, "all");
	table_cell(table, "%s%s%.40s%s%s", native, vlan && vlans ? "+" : "", list,
		mode[0] ? " " : "", mode);
}

/* A figure of a limit; "-": there is none. */
static void
limit_cell(struct table *table, const json_t *limit, const char *key)
{
	if (json_object_get(limit, key))
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(limit, key));
	else
		table_cell(table, "-");
}

/* Rates, bursts and drops of ports that are limited; nothing when none is. */
static void
print_limits(const json_t *ports)
{
	static const char *const headers[] = {"NAME", "LIMIT", ">BIT/S", ">BURST BYTES",
		">FRAMES/S", ">BURST FRAMES", ">DROPPED", NULL};
	static const char *const keys[] = {
		"bit_s", "burst_bytes", "pps", "burst_frames", "dropped", NULL};
	struct table *table = NULL;
	json_t *port, *limit;
	size_t i, l;

	json_array_foreach(ports, i, port)
	{
		json_array_foreach(json_object_get(port, "limits"), l, limit)
		{
			if (!table)
				table = table_create(headers);
			table_cell(table, "%s", ctl_text(port, "name"));
			table_cell(table, "%s", ctl_text(limit, "reason"));
			for (unsigned k = 0; keys[k]; k++)
				limit_cell(table, limit, keys[k]);
		}
	}
	if (!table)
		return;
	printf("\n");
	table_print(table);
}

static void
print_ports(const json_t *ports)
{
	static const char *const headers[] = {
		"NAME", "TYPE", "BRIDGE", "STATE", "VLAN", ">RX", ">TX", ">DROPS", NULL};
	struct table *table = table_create(headers);
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port)
	{
		table_cell(table, "%s", ctl_text(port, "name"));
		table_cell(table, "%s", ctl_text(port, "type"));
		table_cell(table, "%s", ctl_text(port, "bridge"));
		table_cell(table, "%s", ctl_text(port, "state"));
		vlan_cell(table, port);
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(port, "rx_frames"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(port, "tx_frames"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, sum_drops(port));
	}
	table_print(table);
	print_limits(ports);
}

/* By kind and size; "-" for ports that do not count so. */
static void
print_details(const json_t *ports)
{
	static const char *const headers[] = {"NAME", ">UNICAST", ">MULTICAST", ">BROADCAST", ">64",
		">65-127", ">128-255", ">256-511", ">512-1023", ">1024-1518", ">1519-", NULL};
	static const char *const keys[] = {"rx_unicast", "rx_multicast", "rx_broadcast", "rx_64",
		"rx_65_to_127", "rx_128_to_255", "rx_256_to_511", "rx_512_to_1023",
		"rx_1024_to_1518", "rx_1519_to_max", NULL};
	struct table *table = table_create(headers);
	const char *without = NULL;
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port)
	{
		json_t *detail = json_object_get(port, "detail");

		table_cell(table, "%s", ctl_text(port, "name"));
		for (unsigned k = 0; keys[k]; k++) {
			if (detail)
				table_cell(table, "%" JSON_INTEGER_FORMAT,
					ctl_number(detail, keys[k]));
			else
				table_cell(table, "-");
		}
		if (!detail && !without)
			without = ctl_text(port, "name");
	}
	table_print(table);
	if (without)
		printf("Ports with - do not count so: crossdockctl port set %s counters=detailed\n",
			without);
}

/* What the devices behind the ports count themselves. */
static void
print_xstats(const json_t *ports)
{
	static const char *const headers[] = {"PORT", "COUNTER", ">VALUE", NULL};
	struct table *table = table_create(headers);
	json_t *port, *value;
	const char *name;
	size_t i;

	json_array_foreach(ports, i, port)
	{
		json_object_foreach(json_object_get(port, "xstats"), name, value)
		{
			table_cell(table, "%s", ctl_text(port, "name"));
			table_cell(table, "%s", name);
			table_cell(table, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		}
	}
	table_print(table);
}

static int
show_xstats(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	json_t *params = name_params(ctl, argc, argv), *result;

	if (!params)
		return CTL_USAGE;
	json_object_set_new(params, "xstats", json_true());
	result = ctl_call(ctl, command->method, params);
	if (!result)
		return ctl->status;
	if (ctl->json)
		command_print_json(result);
	else
		print_xstats(json_object_get(result, "ports"));
	json_decref(result);
	return CTL_DONE;
}

static void
print_bridges(const json_t *bridges)
{
	static const char *const headers[] = {"NAME", ">PORTS", ">MACS", ">LIMIT", ">AGEING",
		">MOVES", ">DAMPED", ">NOT LEARNED", ">FDB", NULL};
	struct table *table = table_create(headers);
	json_t *bridge;
	char bytes[16];
	size_t i;

	json_array_foreach(bridges, i, bridge)
	{
		table_cell(table, "%s", ctl_text(bridge, "name"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "ports"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "macs"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "mac_limit"));
		table_cell(table, "%" JSON_INTEGER_FORMAT " s", ctl_number(bridge, "ageing_s"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "moves"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "damped"));
		table_cell(table, "%" JSON_INTEGER_FORMAT, ctl_number(bridge, "not_learned"));
		table_cell(table, "%s", ctl_bytes(ctl_number(bridge, "fdb_bytes"), bytes));
	}
	table_print(table);
}

int
port_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	if (ctl->xstats)
		return show_xstats(ctl, command, argc, argv);
	return entry_show_as(ctl, command, argc, argv, ctl->detail ? print_details : print_ports);
}

int
bridge_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	return entry_show_as(ctl, command, argc, argv, print_bridges);
}
