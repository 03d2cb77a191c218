/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

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
