/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch with ports of made_up_driver.h, whose one worker is the thread of the test. */
#ifndef TEST_SWITCH_ENV_H
#define TEST_SWITCH_ENV_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hook.h"
#include "made_up_driver.h"
#include "../with_eal.h"

struct env {
	struct xd_switch *sw;
	struct xd_worker *worker;
	struct xd_config *config; /* to be changed and applied */
	struct xd_error err;
};

static inline int
open_switch(void **state)
{
	static const struct xd_driver *const drivers[] = {&made_up_driver, &made_up_rigid, NULL};
	struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct env *env = calloc(1, sizeof(*env));

	made_up_reset();
	env->sw = xd_switch_create(&opts, &env->err);
	env->worker = xd_worker_register(env->sw, &env->err);
	env->config = xd_config_create();
	env->config->drivers = drivers;
	xd_config_add_bridge(env->config, "br0", &env->err);
	*state = env;
	return env->worker && env->config ? 0 : -1;
}

static inline int
close_switch(void **state)
{
	struct env *env = *state;

	made_up_fail(CREATE, "", 0, false);
	made_up_fail(START, "", 0, false);
	xd_worker_unregister(env->worker);
	xd_switch_destroy(env->sw);
	xd_config_destroy(env->config);
	free(env);
	assert_int_equal(made_up.nb_ports, 0);
	for (unsigned i = 0; i < made_up.nb_devices; i++)
		assert_null(made_up.devices[i].holder);
	return 0;
}

static inline struct xd_port_config *
add(struct env *env, const char *name, const char *path)
{
	struct xd_port_config *port =
		xd_config_add_port(env->config, name, "made-up", "br0", &env->err);

	assert_non_null(port);
	snprintf(made_up_path(port), XD_PATH_MAX, "%s", path);
	return port;
}

static inline void
del(struct env *env, const char *name)
{
	assert_int_equal(xd_config_del_port(env->config, name, NULL), 0);
}

static inline struct xd_port_config *
port_of(struct env *env, const char *name)
{
	return xd_config_port(env->config, name);
}

static inline void
apply(struct env *env)
{
	if (xd_switch_apply(env->sw, env->config, &env->err) < 0)
		fail_msg("%s: %s", env->err.key, env->err.text);
}

static inline struct xd_port_info
info_of(struct env *env, const char *name)
{
	static struct xd_port_info ports[XD_MAX_PORTS];
	unsigned n = xd_switch_ports(env->sw, ports, XD_MAX_PORTS);

	for (unsigned i = 0; i < n; i++) {
		if (!strcmp(ports[i].config.name, name))
			return ports[i];
	}
	fail_msg("no port %s", name);
	return ports[0];
}

static inline uint64_t
drops_of(struct env *env, const char *port, enum xd_drop reason)
{
	return info_of(env, port).drops[0].n[reason];
}

static inline void
set_hooks(struct env *env, const char *port, const char *hooks)
{
	assert_int_equal(xd_port_config_set(port_of(env, port), "hooks", hooks, &env->err), 0);
}

/* Of the first hook. */
static inline struct xd_hook_info
hook_info(struct env *env)
{
	struct xd_hook_info info = {0};

	xd_switch_hooks(env->sw, &info, 1);
	return info;
}

/* Frames from one address to another, behind these devices, through the switch. */
static inline void
send_frame(struct env *env, const char *from, uint8_t src, uint8_t dst)
{
	made_up_send(made_up_device(from), src, dst);
	assert_int_equal(xd_worker_poll(env->worker), 1);
}

/* What an application, and whoever is behind a device, sees of the switch. */
struct seen {
	struct xd_config *config;
	unsigned nb_ports;
	struct xd_port_info ports[8];
	struct xd_bridge_info bridge;
	int nb_macs;
	unsigned nb_workers;
	struct made_up made_up;
};

static inline struct seen *
look(struct env *env)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct xd_worker_info workers[4];
	struct xd_fdb_info *entries = NULL;

	seen->config = xd_switch_config(env->sw);
	seen->nb_ports = xd_switch_ports(env->sw, seen->ports, 8);
	/* Summed up once a second, whatever else happens. */
	for (unsigned i = 0; i < seen->nb_ports; i++)
		memset(&seen->ports[i].traffic, 0, sizeof(seen->ports[i].traffic));
	assert_int_equal(xd_switch_bridges(env->sw, &seen->bridge, 1), 1);
	seen->nb_macs = xd_switch_fdb(env->sw, "br0", &entries, NULL);
	free(entries);
	seen->nb_workers = xd_switch_workers(env->sw, workers, 4);
	seen->made_up = made_up;
	return seen;
}

/* Nothing has changed, also not for a moment. Takes what was seen. */
static inline void
assert_unchanged(struct env *env, struct seen *before)
{
	struct seen *after = look(env);

	assert_int_equal(xd_config_nb_ports(after->config), xd_config_nb_ports(before->config));
	for (unsigned i = 0; i < xd_config_nb_ports(after->config); i++)
		assert_true(xd_port_config_equal(
			&xd_config_ports(after->config)[i], &xd_config_ports(before->config)[i]));
	assert_int_equal(after->nb_ports, before->nb_ports);
	assert_memory_equal(after->ports, before->ports, sizeof(after->ports));
	assert_memory_equal(&after->bridge, &before->bridge, sizeof(after->bridge));
	assert_int_equal(after->nb_macs, before->nb_macs);
	assert_int_equal(after->nb_workers, before->nb_workers);
	assert_int_equal(after->made_up.nb_ports, before->made_up.nb_ports);
	for (unsigned i = 0; i < before->made_up.nb_devices; i++)
		assert_memory_equal(&after->made_up.devices[i], &before->made_up.devices[i],
			sizeof(struct device));
	xd_config_destroy(after->config);
	xd_config_destroy(before->config);
	free(after);
	free(before);
}

#endif
