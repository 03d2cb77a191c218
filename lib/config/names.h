/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entries of a configuration by their names, for whoever looks up many: with n ports, a search
 * for each of them would be n * n comparisons.
 *
 * Made of a configuration that stays as it is as long as this is used. Any thread.
 */
#ifndef XD_CONFIG_NAMES_H
#define XD_CONFIG_NAMES_H

#include "config/noun.h"

struct xd_names;

/* NULL: no memory. */
struct xd_names *xd_names_create(const struct xd_config *config);
void xd_names_destroy(struct xd_names *names); /* NULL is fine */
/* The first entry of that name, or NULL, as xd_noun_get finds it. */
void *xd_names_get(const struct xd_names *names, const struct xd_noun *noun, const char *name);
/* What they are the names of. */
const struct xd_config *xd_names_config(const struct xd_names *names);

#endif
