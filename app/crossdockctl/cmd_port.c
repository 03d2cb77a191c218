/* SPDX-License-Identifier: BSD-3-Clause */
/* port show, bridge show. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "base/ranges.h"
#include "table.h"

static void
print_label(const char *label)
{
	printf("%-20s ", label);
}

/* Numbers as ranges, words as they are. */
static void
print_list(const json_t *list)
{
	char text[XD_RANGES_TEXT];
	struct xd_ranges ranges = {0};
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_int_t number = json_integer_value(item);

		if (json_is_string(item))
			printf("%s%s", i ? " " : "", json_string_value(item));
		else if (number >= 0 && number < XD_RANGES_MAX)
			ranges.bits[number / 64] |= 1ull << (number % 64);
	}
	xd_ranges_print(&ranges, text);
	fputs(text, stdout);
}

/* A value for people: lists as above, objects as "key 1, key 2". */
static void
print_value(const json_t *value)
{
	const char *key;
	json_t *item;
	int n = 0;

	switch (json_typeof(value)) {
	case JSON_STRING:
		printf("%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_ARRAY:
		print_list(value);
		break;
	case JSON_OBJECT:
		json_object_foreach((json_t *)value, key, item) printf("%s%s %" JSON_INTEGER_FORMAT,
			n++ ? ", " : "", key, json_integer_value(item));
		if (!n)
			printf("none");
		break;
	default:
		printf("%s", json_is_true(value) ? "yes" : "no");
	}
}

/* One line for each queue that dropped anything. */
static void
print_queue_drops(const json_t *queues)
{
	json_t *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		char label[32];

		snprintf(label, sizeof(label), "drops_queue_%d", (int)ctl_number(queue, "queue"));
		print_label(label);
		print_value(json_object_get(queue, "drops"));
		putchar('\n');
	}
}

/* All facts, one per line. */
static void
print_facts(const json_t *object)
{
	json_t *driver = json_object_get(object, "driver"), *value;
	json_t *queues = json_object_get(object, "queue_drops");
	const char *key;

	json_object_foreach((json_t *)object, key, value)
	{
		char label[64];

		if (value == driver || !strcmp(key, "detail"))
			continue;
		if (value == queues) {
			print_queue_drops(queues);
			continue;
		}
		/* What was asked for, where the driver tells what became of it. */
		snprintf(label, sizeof(label), "%s%s", key,
			json_object_get(driver, key) ? " (set)" : "");
		print_label(label);
		print_value(value);
		putchar('\n');
	}
	json_object_foreach(driver, key, value)
	{
		print_label(key);
		print_value(value);
		putchar('\n');
	}
}

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

/* "10", "10,20-30 tagged", "10 + 20,30 tagged", "all". */
static void
vlan_cell(struct table *table, const json_t *port)
{
	json_t *vlan = json_object_get(port, "vlan"), *vlans = json_object_get(port, "vlans");
	struct xd_ranges ranges = {0};
	char text[XD_RANGES_TEXT];
	json_t *item;
	size_t i;

	if (!vlan && !vlans) {
		table_cell(table, "all");
		return;
	}
	if (!vlans) {
		table_cell(table, "%d", (int)json_integer_value(vlan));
		return;
	}
	json_array_foreach(vlans, i, item) ranges.bits[json_integer_value(item) / 64 % 64] |=
		1ull << (json_integer_value(item) % 64);
	xd_ranges_print(&ranges, text);
	if (vlan)
		table_cell(table, "%d+%.40s", (int)json_integer_value(vlan), text);
	else
		table_cell(table, "%.40s", text);
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

/* Shows the list that the method answers with: as a table, or one entry wholly. */
static int
show(struct ctl *ctl, const struct command *command, int argc, char **argv, const char *key,
	void (*print)(const json_t *list))
{
	json_t *params = name_params(ctl, argc, argv);
	json_t *result = params ? ctl_call(ctl, command->method, params) : NULL;

	if (!result)
		return params ? ctl->status : CTL_USAGE;
	if (ctl->json)
		command_print_json(result);
	else if (argc > 0 && !ctl->detail)
		print_facts(json_array_get(json_object_get(result, key), 0));
	else
		print(json_object_get(result, key));
	json_decref(result);
	return CTL_DONE;
}

int
port_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	return show(ctl, command, argc, argv, "ports", ctl->detail ? print_details : print_ports);
}

int
bridge_show(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	return show(ctl, command, argc, argv, "bridges", print_bridges);
}
