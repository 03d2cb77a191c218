/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ethdev/ethdev.h"
#include "drivers/vhost/vhost.h"
#include "port/port.h"

const struct xd_driver *const xd_builtin_drivers[] = {
	&xd_vhost_driver,
	&xd_ethdev_driver,
	NULL,
};

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
}
