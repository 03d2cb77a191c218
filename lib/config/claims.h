/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ports of a configuration claim (struct xd_claim), in a hash table. Each port is asked
 * once, as the answer may take system calls: a path is followed to where it leads.
 *
 * Made of names, which stay as long as this is used. Ports are known by their number in the
 * configuration. Any thread.
 */
#ifndef XD_CONFIG_CLAIMS_H
#define XD_CONFIG_CLAIMS_H

#include "config/names.h"
#include "port/port.h"

struct xd_claims;

/* before: of another configuration, or NULL. What is the same port there is not asked again. NULL:
 * no memory. */
struct xd_claims *xd_claims_create(const struct xd_names *names,
	const struct xd_driver *const *drivers, const struct xd_claims *before);
void xd_claims_destroy(struct xd_claims *claims); /* NULL is fine */
const struct xd_names *xd_claims_names(const struct xd_claims *claims);
/* No two ports claim the same thing. -EEXIST: some do; the first of them is named. */
int xd_claims_check(const struct xd_claims *claims, struct xd_error *err);

/* The ports of `other` that claim something that port number i of `claims` does, one for each such
 * thing; returns how many. */
unsigned xd_claims_meet(const struct xd_claims *claims, unsigned i, const struct xd_claims *other,
	const struct xd_port_config *ports[XD_CLAIMS]);

#endif
