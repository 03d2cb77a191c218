/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <sys/resource.h>

#include "tools/guest_many.h"

#define RING 256

static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
guest_open_many(struct guest *guests, unsigned n, char **paths, const char *program)
{
	raise_limit();
	for (unsigned i = 0; i < n; i++) {
		struct guest_options options = {.event_idx = true, .size = RING};
		struct xd_error err = {0};

		snprintf(options.path, sizeof(options.path), "%s", paths[i]);
		if (guest_open(&guests[i], &options, &err)) {
			fprintf(stderr, "%s: %s: %s\n", program, paths[i], err.text);
			return -1;
		}
	}
	return 0;
}
