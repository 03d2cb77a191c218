/* SPDX-License-Identifier: BSD-3-Clause */
/* A port of one queue without a switch and without a kernel, for tests of what workers call. */
#ifndef TEST_ALONE_H
#define TEST_ALONE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame/frame.h"
#include "port/port.h"

struct alone {
	struct xd_port_env env;
	struct xd_batch *batch;
};

static inline void
alone_quiesce(void *ctx)
{
	(void)ctx;
}

static inline struct xd_port_config
alone_config(const char *type, const char *name)
{
	struct xd_port_config config = {.vlan = XD_VLAN_NONE, .queues = 1, .mtu = 1500};

	snprintf(config.type, sizeof(config.type), "%s", type);
	snprintf(config.name, sizeof(config.name), "%s", name);
	return config;
}

/* Up, as far as workers see it. NULL: it cannot be made. */
static inline struct xd_port *
alone_make(struct alone *a, const struct xd_driver *driver)
{
	struct xd_port_config config = alone_config(driver->type, "p0");
	struct xd_error err;
	struct xd_port *port;

	a->env = (struct xd_port_env){.quiesce = alone_quiesce};
	a->batch = aligned_alloc(64, sizeof(*a->batch));
	if (!a->batch)
		return NULL;
	memset(a->batch, 0, sizeof(*a->batch));
	port = driver->create(driver, &a->env, &config, &err);
	if (port) {
		port->nb_tx = 1;
		port->up = true;
	}
	return port;
}

static inline void
alone_free(struct alone *a, struct xd_port *port)
{
	port->driver->destroy(port);
	free(a->batch);
}

#endif
