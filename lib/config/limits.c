/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits that a port has: limits.h. */
#include "config/limits.h"

const struct xd_key *
xd_limits_first(const struct xd_port_config *port)
{
	static const char *const names[] = {"police_in_bit_s", "police_in_pps", "police_out_bit_s",
		"police_out_pps", "storm_broadcast_pps", "storm_multicast_pps", "storm_unknown_pps",
		NULL};

	for (unsigned i = 0; names[i]; i++) {
		const struct xd_key *key = xd_noun_key(&xd_port_noun, port, names[i]);

		if (xd_key_number(key, port))
			return key;
	}
	return NULL;
}
