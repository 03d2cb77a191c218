/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenFlow's numbers of ports: `ofport` and `ofport_request` of ovs-vswitchd.conf.db(5). A port
 * keeps its number as long as it can, over restarts too: the database remembers it. */
#include <stdint.h>
#include <string.h>

#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define LAST_GIVEN   32767
#define LAST_ASKABLE 65279 /* OFPP_MAX of OpenFlow 1.0 is one more */

/* Which numbers of a bridge are taken: a bit for each. */
struct taken {
	uint64_t bits[(XD_OVSDB_LOCAL + 64) / 64];
};

static bool
take(struct taken *taken, json_int_t number)
{
	uint64_t *bits, bit;

	if (number < 1 || number > XD_OVSDB_LOCAL)
		return false;
	bits = &taken->bits[number / 64];
	bit = 1ull << (number % 64);
	if (*bits & bit)
		return false;
	*bits |= bit;
	return true;
}

/* Ports that are there and have a number: all but bonds. */
static bool
is_numbered(const struct xd_ovsdb_port *port, const struct xd_ovsdb_bridge *bridge)
{
	return port->bridge == bridge && port->of.seen && !port->is_bond;
}

static json_int_t
asked_for(const struct xd_ovsdb_port *port)
{
	json_int_t number = xd_ovsdb_integer(json_object_get(port->of.row, "ofport_request"), 0);

	return number > LAST_ASKABLE ? 0 : number;
}

/* The number that it has, or had before the switch was started. */
static json_int_t
before(const struct xd_ovsdb_port *port)
{
	if (port->ofport > 0)
		return port->ofport;
	return xd_ovsdb_integer(json_object_get(port->of.row, "ofport"), 0);
}

static int
next_free(struct xd_ovsdb_bridge *bridge, struct taken *taken)
{
	for (unsigned tries = 0; tries < LAST_GIVEN; tries++) {
		bridge->last_ofport = bridge->last_ofport % LAST_GIVEN + 1;
		if (take(taken, bridge->last_ofport))
			return bridge->last_ofport;
	}
	return XD_OVSDB_FAILED;
}

static void
number_bridge(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge)
{
	struct taken taken = {0};
	struct xd_ovsdb_port *port;
	bool done[XD_MAX_PORTS] = {false};

	/* Who asks goes before who has one, and who has one before who needs one. */
	for (unsigned round = 0; round < 3; round++) {
		unsigned i = 0;

		TAILQ_FOREACH(port, &o->ports, link)
		{
			json_int_t number = round == 0 && port->is_local ? XD_OVSDB_LOCAL
					    : round == 0                 ? asked_for(port)
					    : round == 1                 ? before(port)
									 : 0;

			if (!is_numbered(port, bridge))
				continue;
			if (port->index == XD_OVSDB_NO_PORT)
				port->ofport = XD_OVSDB_FAILED;
			else if (!done[i] && round < 2 && take(&taken, number)) {
				port->ofport = (int)number;
				done[i] = true;
			} else if (!done[i] && round == 2)
				port->ofport = next_free(bridge, &taken);
			if (port->index != XD_OVSDB_NO_PORT)
				i++;
		}
	}
}

void
xd_ovsdb_number_ports(struct xd_ovsdb *o)
{
	struct xd_ovsdb_bridge *bridge;

	TAILQ_FOREACH(bridge, &o->bridges, link)
	{
		if (bridge->of.seen)
			number_bridge(o, bridge);
	}
}
