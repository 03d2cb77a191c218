/* SPDX-License-Identifier: BSD-3-Clause */
/* The section about memory, which is there once. */
#include "config/noun.h"

static const struct xd_key keys[] = {
#define XD_KEY(key, members, ...) {.name = #key, XD_KEY_AT(struct xd_config, key), __VA_ARGS__},
#include "key/memory.def"
#undef XD_KEY
	{0},
};

const struct xd_noun xd_memory_noun = {
	.name = "memory",
	.section = "memory",
	.keys = keys,
};
