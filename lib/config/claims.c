/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No two ports of a configuration claim the same thing. Each port is asked once, as the answer may
 * take system calls (a path is followed to where it leads); then the claims are sorted, and equal
 * ones are neighbours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/noun.h"
#include "port/port.h"

struct held {
	struct xd_claim claim;
	const struct xd_port_config *port;
};

static int
compare_things(const struct held *a, const struct held *b)
{
	int order = strcmp(a->claim.kind, b->claim.kind);

	return order ? order : strcmp(a->claim.name, b->claim.name);
}

/* By thing, then in the order of the configuration. */
static int
compare(const void *one, const void *other)
{
	const struct held *a = one, *b = other;
	int order = compare_things(a, b);

	return order ? order : (a->port > b->port) - (a->port < b->port);
}

/* Claims of all ports; returns how many. held has room for XD_CLAIMS of each. */
static unsigned
collect(const struct xd_config *config, const struct xd_driver *const *drivers, struct held *held)
{
	const struct xd_port_config *ports = xd_config_ports(config);
	unsigned n = 0;

	for (unsigned i = 0; i < xd_config_nb_ports(config); i++) {
		struct xd_claim claims[XD_CLAIMS];
		unsigned nb_claims = xd_port_all_claims(&ports[i], drivers, claims);

		for (unsigned c = 0; c < nb_claims; c++)
			held[n++] = (struct held){.claim = claims[c], .port = &ports[i]};
	}
	return n;
}

/* Of sorted claims, the first port's whose claim another has already; before it is that other's. */
static const struct held *
find_second(const struct held *held, unsigned n)
{
	const struct held *second = NULL;

	for (unsigned i = 1; i < n; i++) {
		if (held[i].port == held[i - 1].port || compare_things(&held[i], &held[i - 1]))
			continue;
		if (!second || held[i].port < second->port)
			second = &held[i];
	}
	return second;
}

int
xd_config_check_claims(const struct xd_config *config, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	unsigned nb_ports = xd_config_nb_ports(config);
	const struct held *second;
	struct held *held;
	unsigned n;
	int ret = 0;

	if (nb_ports < 2)
		return 0;
	held = calloc((size_t)nb_ports * XD_CLAIMS, sizeof(*held));
	if (!held)
		return xd_fail_key(
			err, -ENOMEM, "ports", "no memory to compare %u ports", nb_ports);
	n = collect(config, drivers, held);
	qsort(held, n, sizeof(*held), compare);
	second = find_second(held, n);
	if (second)
		ret = xd_noun_fail(err, -EEXIST, &xd_port_noun, second->port, second->claim.key,
			"%.200s is the %s of port %s already", second->claim.name,
			second->claim.what, second[-1].port->name);
	free(held);
	return ret;
}
