/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb/: addresses, learned and static. */
#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "base/number.h"
#include "unixctl/commands.h"

#define SHOW_MAX 65536 /* addresses in one answer, which is one string of JSON */

struct numbers {
	struct xd_port_info *ports; /* by name */
	unsigned *number;           /* of each */
	unsigned n;
};

static int
by_name(const void *a, const void *b)
{
	const struct xd_port_info *x = a, *y = b;

	return strcmp(x->config.name, y->config.name);
}

static int
is_named(const void *name, const void *port)
{
	return strcmp(name, ((const struct xd_port_info *)port)->config.name);
}

/* "LOCAL", or a number. */
static void
print_port(FILE *out, const struct numbers *numbers, const char *name)
{
	const struct xd_port_info *port =
		bsearch(name, numbers->ports, numbers->n, sizeof(*numbers->ports), is_named);

	unsigned number = port ? numbers->number[port - numbers->ports] : 0;

	if (!port)
		fprintf(out, "%5s", "?");
	else if (number == XD_UNIXCTL_LOCAL)
		fprintf(out, "%5s", "LOCAL");
	else
		fprintf(out, "%5u", number);
}

static void
print_entries(struct xd_unixctl_call *call, const struct numbers *numbers,
	const struct xd_fdb_info *entries, unsigned n)
{
	fprintf(call->out, " port  VLAN  MAC                Age\n");
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *m = entries[i].mac;
		unsigned vlan = entries[i].vlan == XD_VLAN_NONE ? 0 : entries[i].vlan;

		print_port(call->out, numbers, entries[i].port);
		fprintf(call->out, "  %4u  %02x:%02x:%02x:%02x:%02x:%02x  ", vlan, m[0], m[1], m[2],
			m[3], m[4], m[5]);
		if (entries[i].is_static)
			fprintf(call->out, "static\n");
		else
			fprintf(call->out, "%3u\n", entries[i].age_s);
	}
}

/* False: no memory, and it was said. */
static bool
numbers_of(struct xd_unixctl_call *call, struct numbers *numbers)
{
	numbers->ports = xd_unixctl_ports(call, &numbers->n);
	if (!numbers->ports)
		return false;
	numbers->number = calloc(numbers->n + 1, sizeof(*numbers->number));
	if (!numbers->number)
		return xd_unixctl_refuse(call, "no memory");
	qsort(numbers->ports, numbers->n, sizeof(*numbers->ports), by_name);
	for (unsigned i = 0; i < numbers->n; i++)
		numbers->number[i] = xd_unixctl_port_number(call, &numbers->ports[i]);
	return true;
}

bool
xd_unixctl_fdb_show(struct xd_unixctl_call *call)
{
	struct numbers numbers = {0};
	struct xd_fdb_info *entries;
	uint32_t place = 0;
	bool ok;
	int n;

	if (!xd_unixctl_has_bridge(call, call->args[0]))
		return false;
	entries = calloc(SHOW_MAX, sizeof(*entries));
	if (!entries)
		return xd_unixctl_refuse(call, "no memory");
	ok = numbers_of(call, &numbers);
	n = ok ? xd_switch_fdb_part(call->sw, call->args[0], &place, entries, SHOW_MAX, NULL) : 0;
	if (ok)
		print_entries(call, &numbers, entries, n > 0 ? (unsigned)n : 0);
	free(entries);
	free(numbers.number);
	free(numbers.ports);
	return ok;
}

static bool
flush(struct xd_unixctl_call *call, const char *bridge)
{
	struct xd_error err;

	return xd_switch_fdb_flush(call->sw, bridge, NULL, &err) == 0 ||
	       xd_unixctl_refuse(call, "%s", err.text);
}

bool
xd_unixctl_fdb_flush(struct xd_unixctl_call *call)
{
	const struct xd_config *config = xd_unixctl_config(call);
	bool ok = true;

	if (call->nb_args)
		ok = xd_unixctl_has_bridge(call, call->args[0]) && flush(call, call->args[0]);
	for (unsigned i = 0; ok && !call->nb_args && i < xd_config_nb_bridges(config); i++)
		ok = flush(call, xd_config_bridges(config)[i].name);
	if (ok)
		fprintf(call->out, "table successfully flushed\n");
	return ok;
}

bool
xd_unixctl_fdb_stats_show(struct xd_unixctl_call *call)
{
	unsigned n = xd_switch_bridges(call->sw, NULL, 0), i = 0;
	struct xd_bridge_info *info = calloc(n + 1, sizeof(*info));

	if (!info)
		return xd_unixctl_refuse(call, "no memory");
	if (xd_switch_bridges(call->sw, info, n) < n)
		n = 0;
	while (i < n && strcmp(info[i].config.name, call->args[0]))
		i++;
	if (i < n)
		fprintf(call->out,
			"Statistics for bridge \"%s\":\n"
			"  Current/maximum MAC entries in the table: %u/%u\n"
			"  Current static MAC entries in the table : %u\n"
			"  Total number of learned MAC entries     : %u\n"
			"  Total number of expired MAC entries     : 0\n"
			"  Total number of evicted MAC entries     : %llu\n"
			"  Total number of port moved MAC entries  : %llu\n",
			call->args[0], info[i].nb_macs, info[i].config.mac_limit, info[i].nb_static,
			info[i].nb_macs - info[i].nb_static,
			(unsigned long long)info[i].not_learned, (unsigned long long)info[i].moves);
	free(info);
	return i < n || xd_unixctl_refuse(call, "no such bridge");
}

static bool
read_address(struct xd_unixctl_call *call, const char *vlan_text, const char *mac_text,
	uint16_t *vlan, uint8_t mac[6])
{
	uint64_t number;

	if (xd_number_parse(vlan_text, 0, XD_VLAN_MAX, &number))
		return xd_unixctl_refuse(call, "bad VLAN: %.40s is not 0 to 4094", vlan_text);
	*vlan = (uint16_t)number;
	return xd_mac_parse(mac_text, mac) || xd_unixctl_refuse(call, "bad MAC address");
}

bool
xd_unixctl_fdb_add(struct xd_unixctl_call *call)
{
	struct xd_error err;
	uint16_t vlan = 0;
	uint8_t mac[6];

	if (!xd_unixctl_has_bridge(call, call->args[0]) ||
		!read_address(call, call->args[2], call->args[3], &vlan, mac))
		return false;
	return xd_switch_fdb_add(call->sw, call->args[0], mac, vlan, call->args[1], &err) == 0 ||
	       xd_unixctl_refuse(call, "%s%s%s", err.key, err.key[0] ? ": " : "", err.text);
}

bool
xd_unixctl_fdb_del(struct xd_unixctl_call *call)
{
	struct xd_error err;
	uint16_t vlan = 0;
	uint8_t mac[6];

	if (!xd_unixctl_has_bridge(call, call->args[0]) ||
		!read_address(call, call->args[1], call->args[2], &vlan, mac))
		return false;
	return xd_switch_fdb_del(call->sw, call->args[0], mac, vlan, &err) == 0 ||
	       xd_unixctl_refuse(call, "could not find static mac entry");
}
