/* SPDX-License-Identifier: BSD-3-Clause */
/* Drop reasons by name, and counters of workers added up. */
#include "stats/counters.h"

static const char *const drop_names[XD_DROP_REASONS] = {
#define XD_DROP(name, text) [XD_DROP_##name] = (text),
#include "stats/drops.def"
#undef XD_DROP
};

const char *
xd_drop_name(enum xd_drop reason)
{
	return (unsigned)reason < XD_DROP_REASONS ? drop_names[reason] : "unknown";
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
