/* SPDX-License-Identifier: BSD-3-Clause */
/* other_config:pmd-rxq-affinity of an Interface: cores of its receive queues. */
#include <stdio.h>
#include <string.h>

#include "base/ranges.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define NO_CORE UINT16_MAX

/* "0:3,1:7", queue and core, in any order. False: it is not of that form. */
static bool
read_affinity(const char *text, uint16_t cores[XD_PORT_QUEUES])
{
	unsigned queue, core;
	int used;

	for (; text[0]; text += used) {
		text += strspn(text, ", ");
		if (sscanf(text, "%u:%u%n", &queue, &core, &used) != 2 || core >= XD_RANGES_MAX ||
			queue >= XD_PORT_QUEUES)
			return false;
		cores[queue] = (uint16_t)core;
	}
	return true;
}

/* Queues that are not named go where there is room, and those behind the first of them too. */
void
xd_ovsdb_affinity(
	const struct xd_ovsdb_place *place, const json_t *row, struct xd_port_config *port)
{
	static const char from[] = "other_config:pmd-rxq-affinity";
	const char *text =
		xd_ovsdb_map_find(json_object_get(row, "other_config"), "pmd-rxq-affinity");
	uint16_t cores[XD_PORT_QUEUES];
	unsigned n = 0;

	for (unsigned q = 0; q < XD_PORT_QUEUES; q++)
		cores[q] = NO_CORE;
	if (text && !read_affinity(text, cores)) {
		xd_ovsdb_remark(place, from, "a list of QUEUE:CORE, such as 0:2,1:3");
		return;
	}
	for (; n < XD_PORT_QUEUES && cores[n] != NO_CORE; n++)
		port->affinity[n] = cores[n];
	port->nb_affinity = n;
	while (n < XD_PORT_QUEUES && cores[n] == NO_CORE)
		n++;
	if (n < XD_PORT_QUEUES)
		xd_ovsdb_remark(place, from,
			"queues are pinned from 0 on without a gap: those behind it are not");
}
