/* SPDX-License-Identifier: BSD-3-Clause */
/* The claims of each port, and in a hash table each thing with the first that claims it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/claims.h"

struct held {
	struct xd_claim claim;
	const struct xd_port_config *port;
};

struct xd_claims {
	const struct xd_names *names;
	unsigned n;
	struct held *held; /* by port, in the order of the configuration */
	unsigned *first;   /* of each port, its first in held; and behind the last, n */
	uint32_t mask;
	uint32_t *slots; /* number in held + 1, of the first of equal ones; 0: empty */
	/* The first that claims what another port does already, and that one; or NULL. */
	const struct held *second, *holder;
};

/* ---- Making ---- */

static bool
is_same(const struct xd_claim *a, const struct xd_claim *b)
{
	return !strcmp(a->kind, b->kind) && !strcmp(a->name, b->name);
}

/* The slot of a claim, or the empty one that it would get. */
static uint32_t *
find_slot(const struct xd_claims *claims, const struct xd_claim *claim)
{
	uint32_t i = xd_hash_text(xd_hash_text(0, claim->kind, SIZE_MAX), claim->name, SIZE_MAX) &
		     claims->mask;

	while (claims->slots[i] && !is_same(&claims->held[claims->slots[i] - 1].claim, claim))
		i = (i + 1) & claims->mask;
	return &claims->slots[i];
}

static void
add(struct xd_claims *claims, const struct xd_claim *claim, const struct xd_port_config *port)
{
	struct held *held = &claims->held[claims->n++];
	uint32_t *slot = find_slot(claims, claim);

	*held = (struct held){*claim, port};
	if (!*slot) {
		*slot = claims->n;
	} else if (!claims->second && claims->held[*slot - 1].port != port) {
		claims->holder = &claims->held[*slot - 1];
		claims->second = held;
	}
}

static unsigned
number_of(const struct xd_claims *claims, const struct xd_port_config *port)
{
	return (unsigned)(port - xd_config_ports(xd_names_config(claims->names)));
}

/* The claims that the same port had before: copies them and returns how many; or -1. */
static int
take_over(const struct xd_claims *before, const struct xd_port_config *port,
	struct xd_claim claims[XD_CLAIMS])
{
	const struct xd_port_config *old =
		before ? xd_names_get(before->names, &xd_port_noun, port->name) : NULL;
	unsigned i, first;

	if (!old || !xd_port_config_equal(old, port))
		return -1;
	i = number_of(before, old);
	first = before->first[i];
	for (unsigned c = first; c < before->first[i + 1]; c++)
		claims[c - first] = before->held[c].claim;
	return (int)(before->first[i + 1] - first);
}

static int
reserve(struct xd_claims *claims, unsigned nb_ports)
{
	size_t n = (size_t)nb_ports * XD_CLAIMS + 1;

	claims->mask = xd_hash_size(n) - 1;
	claims->held = calloc(n, sizeof(*claims->held));
	claims->slots = calloc((size_t)claims->mask + 1, sizeof(*claims->slots));
	claims->first = calloc(nb_ports + 1, sizeof(*claims->first));
	return claims->held && claims->slots && claims->first ? 0 : -ENOMEM;
}

static void
collect(struct xd_claims *claims, const struct xd_driver *const *drivers,
	const struct xd_claims *before)
{
	const struct xd_config *config = xd_names_config(claims->names);
	const struct xd_port_config *ports = xd_config_ports(config);
	unsigned nb_ports = xd_config_nb_ports(config);

	for (unsigned i = 0; i < nb_ports; i++) {
		struct xd_claim own[XD_CLAIMS];
		int n = take_over(before, &ports[i], own);

		if (n < 0)
			n = (int)xd_port_all_claims(&ports[i], drivers, own);
		claims->first[i] = claims->n;
		for (int c = 0; c < n; c++)
			add(claims, &own[c], &ports[i]);
	}
	claims->first[nb_ports] = claims->n;
}

struct xd_claims *
xd_claims_create(const struct xd_names *names, const struct xd_driver *const *drivers,
	const struct xd_claims *before)
{
	struct xd_claims *claims = calloc(1, sizeof(*claims));

	if (!claims)
		return NULL;
	claims->names = names;
	if (reserve(claims, xd_config_nb_ports(xd_names_config(names))) < 0) {
		xd_claims_destroy(claims);
		return NULL;
	}
	collect(claims, drivers, before);
	return claims;
}

void
xd_claims_destroy(struct xd_claims *claims)
{
	if (!claims)
		return;
	free(claims->first);
	free(claims->slots);
	free(claims->held);
	free(claims);
}

const struct xd_names *
xd_claims_names(const struct xd_claims *claims)
{
	return claims->names;
}

/* ---- Looking ---- */

int
xd_claims_check(const struct xd_claims *claims, struct xd_error *err)
{
	const struct held *second = claims->second;

	if (!second)
		return 0;
	return xd_noun_fail(err, -EEXIST, &xd_port_noun, second->port, second->claim.key,
		"%.200s is the %s of port %s already", second->claim.name, second->claim.what,
		claims->holder->port->name);
}

unsigned
xd_claims_meet(const struct xd_claims *claims, unsigned i, const struct xd_claims *other,
	const struct xd_port_config *ports[XD_CLAIMS])
{
	unsigned n = 0;

	for (unsigned c = claims->first[i]; c < claims->first[i + 1]; c++) {
		uint32_t found = *find_slot(other, &claims->held[c].claim);

		if (found)
			ports[n++] = other->held[found - 1].port;
	}
	return n;
}
