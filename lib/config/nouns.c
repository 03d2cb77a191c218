/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of what can be configured. */
#include <string.h>

#include "config/noun.h"

/* What others refer to comes before them. */
const struct xd_noun *const xd_nouns[] = {
	&xd_workers_noun,
	&xd_memory_noun,
	&xd_bridge_noun,
	&xd_port_noun,
	&xd_mirror_noun,
	NULL,
};

const struct xd_noun *
xd_noun_find(const char *name)
{
	for (const struct xd_noun *const *noun = xd_nouns; *noun; noun++) {
		if (!strcmp((*noun)->name, name) || !strcmp((*noun)->section, name))
			return *noun;
	}
	return NULL;
}
