/* SPDX-License-Identifier: BSD-3-Clause */
/* What all ports have in common: the part that each begins with, and helpers for drivers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/port.h"

void
xd_port_init(struct xd_port *port, const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config)
{
	/* Left as it is, the port is refused. */
	if ((uintptr_t)port % __alignof__(*port))
		return;
	port->driver = driver;
	port->env = env;
	port->config = *config;
	port->index = XD_PORT_NONE;
	port->node = -1;
	port->max_frame = xd_port_max_frame(config->mtu);
	port->rmon = NULL;
	for (unsigned i = 0; i < XD_POLICERS; i++)
		port->policers[i] = (struct xd_policer_buckets){XD_BUCKET_FULL, XD_BUCKET_FULL};
	for (unsigned q = 0; q < XD_PORT_QUEUES; q++)
		port->loads[q] = (struct xd_port_load){.ppm = XD_LOAD_UNKNOWN};
}

int
xd_port_make_rmon(struct xd_port *port)
{
	const size_t bytes = XD_MAX_WORKERS * sizeof(*port->rmon);

	if (port->rmon)
		return 0;
	port->rmon = aligned_alloc(__alignof__(*port->rmon), bytes);
	if (!port->rmon)
		return -ENOMEM;
	memset(port->rmon, 0, bytes);
	return 0;
}

void
xd_port_set(struct xd_port *port, const struct xd_port_config *config)
{
	port->driver->set(port, config);
	__atomic_store_n(&port->max_frame, xd_port_max_frame(config->mtu), __ATOMIC_RELAXED);
}

void
xd_port_destroy(struct xd_port *port)
{
	free(port->rmon);
	port->driver->destroy(port);
}

int
xd_port_config_fail(struct xd_error *err, int code, const struct xd_port_config *config,
	const char *key, const char *fmt, ...)
{
	char path[sizeof(err->key)], text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "ports.%.31s.%.60s", config->name, key);
	return xd_fail_key(err, code, path, "%s", text);
}

const struct xd_driver *
xd_driver_find(const char *type, const struct xd_driver *const *drivers)
{
	for (; drivers && *drivers; drivers++) {
		if (!strcmp((*drivers)->type, type))
			return *drivers;
	}
	for (drivers = xd_builtin_drivers; *drivers; drivers++) {
		if (!strcmp((*drivers)->type, type))
			return *drivers;
	}
	return NULL;
}

unsigned
xd_port_all_claims(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	struct xd_claim *claims)
{
	const struct xd_driver *driver =
		xd_driver_find(port->type, port->drivers ? port->drivers : drivers);

	return driver && driver->claims ? driver->claims(port, claims) : 0;
}

bool
xd_port_claims(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	const char *kind, const char *name, struct xd_claim *claim)
{
	struct xd_claim claims[XD_CLAIMS];
	unsigned n = xd_port_all_claims(port, drivers, claims);

	for (unsigned i = 0; i < n; i++) {
		*claim = claims[i];
		if (!strcmp(claim->kind, kind) && !strcmp(claim->name, name))
			return true;
	}
	return false;
}

bool
xd_port_claims_same(const struct xd_port_config *a, const struct xd_port_config *b,
	const struct xd_driver *const *drivers, struct xd_claim *claim)
{
	struct xd_claim claims[XD_CLAIMS], found;
	unsigned n = xd_port_all_claims(b, drivers, claims);

	for (unsigned i = 0; i < n; i++) {
		if (!xd_port_claims(a, drivers, claims[i].kind, claims[i].name, &found))
			continue;
		if (claim)
			*claim = claims[i];
		return true;
	}
	return false;
}
