/* SPDX-License-Identifier: BSD-3-Clause */
/* Classes of sizes by name, and counters of workers added up. */
#include "stats/rmon.h"

static const char *const size_names[XD_RMON_SIZES] = {
	[XD_RMON_64] = "64",
	[XD_RMON_65_TO_127] = "65_to_127",
	[XD_RMON_128_TO_255] = "128_to_255",
	[XD_RMON_256_TO_511] = "256_to_511",
	[XD_RMON_512_TO_1023] = "512_to_1023",
	[XD_RMON_1024_TO_1518] = "1024_to_1518",
	[XD_RMON_1519_TO_MAX] = "1519_to_max",
};

const char *
xd_rmon_size_name(enum xd_rmon_size size)
{
	return (unsigned)size < sizeof(size_names) / sizeof(*size_names) ? size_names[size]
									 : "unknown";
}

static void
add(uint64_t *sum, const uint64_t *figure)
{
	*sum += __atomic_load_n(figure, __ATOMIC_RELAXED);
}

void
xd_rmon_sum(struct xd_rmon *sum, const struct xd_rmon *per_worker, unsigned n)
{
	for (const struct xd_rmon *w = per_worker; w < per_worker + n; w++) {
		add(&sum->unicast, &w->unicast);
		add(&sum->multicast, &w->multicast);
		add(&sum->broadcast, &w->broadcast);
		for (unsigned i = 0; i < XD_RMON_SIZES; i++)
			add(&sum->sizes[i], &w->sizes[i]);
	}
}
