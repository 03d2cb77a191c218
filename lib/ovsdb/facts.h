/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port's driver tells of it in words, as the values that the database has for it. */
#ifndef XD_OVSDB_FACTS_H
#define XD_OVSDB_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "crossdock.h"

#define XD_OVSDB_RINGS (2 * XD_PORT_QUEUES)

struct xd_ovsdb_facts {
	char mac[18], driver[64], features[24], mode[8];
	json_int_t mtu, index, node, speed_bit_s;
	char down_because[128]; /* of patch ports */
	bool connected, full_duplex, half_duplex;
	unsigned nb_rings, ring_size[XD_OVSDB_RINGS];
};

/* Reads them anew; what is not told is 0, "" or, of the node, -1. The loop's thread. */
void xd_ovsdb_facts_read(struct xd_switch *sw, const char *port, struct xd_ovsdb_facts *facts);

#endif
