/* SPDX-License-Identifier: BSD-3-Clause */
/* nic list: the host's network cards, from sysfs. A daemon that runs is asked which are its. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "nic/nic.h"
#include "table.h"

#define ROOT "" /* the machine's own */

/* The name of the port that has the card, or NULL: of devargs "0000:03:00.0,key=value", whose
 * domain may be missing. */
static const char *
port_of(const json_t *ports, const char *address)
{
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port)
	{
		const char *devargs = ctl_text(port, "devargs");
		size_t len = strcspn(devargs, ",");
		const char *short_address = strchr(address, ':') + 1;

		if ((len == strlen(address) && !strncasecmp(devargs, address, len)) ||
			(!strncmp(address, "0000:", 5) && len == strlen(short_address) &&
				!strncasecmp(devargs, short_address, len)))
			return ctl_text(port, "name");
	}
	return NULL;
}

static json_t *
text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *
number_or_null(int number)
{
	return number >= 0 ? json_integer(number) : json_null();
}

static const char *
link_name(const struct xd_nic *nic)
{
	return nic->link == XD_NIC_LINK_UP ? "up" : nic->link == XD_NIC_LINK_DOWN ? "down" : NULL;
}

static json_t *
nic_json(const struct xd_nic *nic, const json_t *ports)
{
	json_t *json = json_object(), *interfaces = json_array();
	struct xd_nic_use use;
	char id[8];

	xd_nic_use(ROOT, nic, &use);
	json_object_set_new(json, "address", json_string(nic->address));
	for (unsigned i = 0; i < nic->nb_interfaces; i++)
		json_array_append_new(interfaces, json_string(nic->interfaces[i]));
	json_object_set_new(json, "interfaces", interfaces);
	json_object_set_new(json, "vendor", text_or_null(nic->vendor));
	json_object_set_new(json, "device", text_or_null(nic->device));
	snprintf(id, sizeof(id), "%04x", nic->vendor_id);
	json_object_set_new(json, "vendor_id", json_string(id));
	snprintf(id, sizeof(id), "%04x", nic->device_id);
	json_object_set_new(json, "device_id", json_string(id));
	json_object_set_new(json, "driver", text_or_null(nic->driver));
	json_object_set_new(json, "numa_node", number_or_null(nic->node));
	json_object_set_new(json, "iommu_group", number_or_null(nic->iommu_group));
	json_object_set_new(json, "link", text_or_null(link_name(nic)));
	json_object_set_new(json, "speed_mbit_s", number_or_null(nic->speed_mbit_s));
	json_object_set_new(json, "mac", text_or_null(nic->mac));
	json_object_set_new(json, "default_route", json_boolean(nic->default_route));
	json_object_set_new(json, "port", text_or_null(port_of(ports, nic->address)));
	json_object_set_new(json, "usable", json_boolean(use.state == XD_NIC_READY));
	json_object_set_new(json, "command", text_or_null(use.command));
	json_object_set_new(json, "note", text_or_null(use.note));
	return json;
}

/* ---- For people ---- */

/* A value of any kind, "-" when there is none. */
static void
cell(struct table *table, const json_t *nic, const char *key)
{
	const json_t *value = json_object_get(nic, key);

	if (json_is_integer(value))
		table_cell(table, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		table_cell(table, "%s", json_is_string(value) ? json_string_value(value) : "-");
}

static void
speed_cell(struct table *table, const json_t *nic)
{
	json_int_t speed = ctl_number(nic, "speed_mbit_s");

	if (speed >= 1000)
		table_cell(table, "%g Gbit/s", (double)speed / 1000);
	else if (speed)
		table_cell(table, "%d Mbit/s", (int)speed);
	else
		table_cell(table, "-");
}

static void
print_table(const json_t *nics)
{
	static const char *const headers[] = {"ADDRESS", "INTERFACE", "DRIVER", ">NODE", ">IOMMU",
		"LINK", ">SPEED", "MAC", "PORT", "CARD", NULL};
	struct table *table = table_create(headers);
	json_t *nic;
	size_t i;

	json_array_foreach(nics, i, nic)
	{
		const json_t *interface = json_array_get(json_object_get(nic, "interfaces"), 0);
		const char *vendor = ctl_text(nic, "vendor"), *device = ctl_text(nic, "device");

		cell(table, nic, "address");
		table_cell(table, "%s", interface ? json_string_value(interface) : "-");
		cell(table, nic, "driver");
		cell(table, nic, "numa_node");
		cell(table, nic, "iommu_group");
		cell(table, nic, "link");
		speed_cell(table, nic);
		cell(table, nic, "mac");
		cell(table, nic, "port");
		table_cell(table, "%s%s%s", vendor[0] ? vendor : ctl_text(nic, "vendor_id"),
			device[0] ? " " : ":", device[0] ? device : ctl_text(nic, "device_id"));
	}
	table_print(table);
}

/* What to type for each, below the table. */
static void
print_uses(const json_t *nics)
{
	json_t *nic;
	size_t i;

	json_array_foreach(nics, i, nic)
	{
		const char *command = ctl_text(nic, "command"), *note = ctl_text(nic, "note");

		printf("%s%s: ", i ? "" : "\n", ctl_text(nic, "address"));
		if (json_is_true(json_object_get(nic, "usable")))
			printf("ready%s%s\n", note[0] ? "; " : "", note);
		else if (!command[0])
			printf("%s\n", note);
		else
			printf("%s%s%s\n", command, note[0] ? "\n    " : "", note);
	}
}

int
nic_list(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	struct xd_error err = {0};
	struct xd_nic *nics = NULL;
	json_t *list, *result, *running;
	int n = xd_nic_list(ROOT, &nics, &err);

	(void)command;
	(void)argc;
	(void)argv;
	if (n < 0)
		return ctl_usage("%s", err.text);
	running = ctl_ask(ctl, "port.show");
	list = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(list, nic_json(&nics[i], json_object_get(running, "ports")));
	free(nics);
	json_decref(running);
	result = json_pack("{s:o}", "nics", list);
	if (ctl->json) {
		command_print_json(result);
	} else if (n == 0) {
		puts("There are no network cards on PCI.");
	} else {
		print_table(list);
		print_uses(list);
	}
	json_decref(result);
	return CTL_DONE;
}
