/* SPDX-License-Identifier: BSD-3-Clause */
/* The section about memory, which is there once. */
#include "config/noun.h"

/* By enum xd_hugepages. */
static const char *const hugepages_words[] = {"auto", "required", "none", NULL};

static const struct xd_key keys[] = {
	{
		.name = "hugepages",
		.kind = XD_KEY_WORD,
		XD_KEY_AT(struct xd_config, hugepages),
		.words = hugepages_words,
		.fallback = XD_HUGEPAGES_AUTO,
		.cost = XD_COST_RESTART,
		.help = "What the switch's own memory is made of.",
	},
	{0},
};

const struct xd_noun xd_memory_noun = {
	.name = "memory",
	.section = "memory",
	.keys = keys,
};
