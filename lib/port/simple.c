/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application's driver need not have: ports that are memory, and devices that are there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port/simple.h"

static struct xd_port *
create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	const size_t align = __alignof__(struct xd_port);
	const size_t bytes = (driver->port_bytes + align - 1) / align * align;
	struct xd_port *port = aligned_alloc(align, bytes);

	if (!port) {
		xd_fail(err, -ENOMEM, "port %s: out of memory", config->name);
		return NULL;
	}
	memset(port, 0, bytes);
	xd_port_init(port, driver, env, config);
	return port;
}

static void
destroy(struct xd_port *port)
{
	free(port);
}

static int
start(struct xd_port *port, struct xd_error *err)
{
	(void)err;
	port->nb_queues = port->config.queues;
	__atomic_store_n(&port->up, true, __ATOMIC_RELEASE);
	return 0;
}

static void
stop(struct xd_port *port)
{
	__atomic_store_n(&port->up, false, __ATOMIC_RELEASE);
	port->env->quiesce(port->env->ctx);
}

static void
release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	(void)batch;
}

void
xd_driver_complete(struct xd_driver *driver)
{
	if (!driver->create && !driver->destroy && driver->port_bytes >= sizeof(struct xd_port)) {
		driver->create = create;
		driver->destroy = destroy;
	}
	if (!driver->start && !driver->stop) {
		driver->start = start;
		driver->stop = stop;
	}
	if (!driver->release)
		driver->release = release;
}
