/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons by name, and counters of workers added up. */
#include "stats/counters.h"

static const char *const drop_names[XD_DROP_REASONS] = {
	[XD_DROP_RUNT] = "runt",
	[XD_DROP_TOO_LONG] = "too-long",
	[XD_DROP_BAD_SOURCE] = "bad-source",
	[XD_DROP_MAC_NOT_ALLOWED] = "mac-not-allowed",
	[XD_DROP_BAD_OFFLOAD] = "bad-offload",
	[XD_DROP_RESERVED_ADDRESS] = "reserved-address",
	[XD_DROP_VLAN] = "vlan",
	[XD_DROP_SAME_PORT] = "same-port",
	[XD_DROP_NO_PORT] = "no-port",
	[XD_DROP_RING_FULL] = "ring-full",
	[XD_DROP_WAITED] = "waited",
	[XD_DROP_PORT_DOWN] = "port-down",
	[XD_DROP_UNFINISHED_OFFLOAD] = "unfinished-offload",
	[XD_DROP_OVER_MTU] = "over-mtu",
	[XD_DROP_NO_BUFFER] = "no-buffer",
	[XD_DROP_SCATTERED] = "scattered",
	[XD_DROP_TOO_SLOW] = "too-slow",
	[XD_DROP_RING_FAULT] = "ring-fault",
};

const char *
xd_drop_name(enum xd_drop reason)
{
	return drop_names[reason];
}

void
xd_counters_sum(struct xd_counters *sum, const struct xd_counters *per_worker, unsigned n)
{
	/* The struct is nothing but 64-bit counters: add it as an array. */
	uint64_t *to = (uint64_t *)sum;

	for (unsigned w = 0; w < n; w++) {
		const uint64_t *from = (const uint64_t *)&per_worker[w];

		for (unsigned i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	}
}
