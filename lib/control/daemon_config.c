/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/daemon_config.h"

struct xd_daemon_config *
xd_daemon_config_create(void)
{
	struct xd_daemon_config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->config = xd_config_create();
	if (!config->config) {
		free(config);
		return NULL;
	}
	strcpy(config->control_path, XD_CONTROL_PATH);
	config->control_mode = XD_CONTROL_MODE;
	config->log_level = XD_LOG_INFO;
	return config;
}

struct xd_daemon_config *
xd_daemon_config_copy(const struct xd_daemon_config *config)
{
	struct xd_daemon_config *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *config;
	copy->config = xd_config_copy(config->config);
	if (!copy->config) {
		free(copy);
		return NULL;
	}
	return copy;
}

void
xd_daemon_config_destroy(struct xd_daemon_config *config)
{
	if (!config)
		return;
	xd_config_destroy(config->config);
	free(config);
}

static int
check_control(const struct xd_daemon_config *config, struct xd_error *err)
{
	static const char key[] = "control.path";
	char dir[XD_PATH_MAX];
	struct stat st;

	if (config->control_path[0] != '/')
		return xd_fail_key(err, -EINVAL, key,
			"\"%s\" is relative: write the whole path, from /", config->control_path);
	strcpy(dir, config->control_path);
	strrchr(dir, '/')[strrchr(dir, '/') == dir] = 0;
	if (stat(dir, &st))
		return xd_fail_key(err, -errno, key, "directory %s: %s (mkdir -p %s)", dir,
			strerror(errno), dir);
	if (!S_ISDIR(st.st_mode))
		return xd_fail_key(err, -ENOTDIR, key, "%s is not a directory", dir);
	if (config->control_group[0] && !getgrnam(config->control_group))
		return xd_fail_key(err, -EINVAL, "control.group",
			"there is no group \"%s\" (groupadd --system %s)", config->control_group,
			config->control_group);
	for (unsigned i = 0; i < config->config->nb_ports; i++) {
		const struct xd_port_config *port = &config->config->ports[i];
		char port_key[XD_NAME_MAX + 16];

		if (strcmp(port->path, config->control_path))
			continue;
		snprintf(port_key, sizeof(port_key), "ports.%s.path", port->name);
		return xd_fail_key(
			err, -EEXIST, port_key, "%s is the control socket's path", port->path);
	}
	return 0;
}

int
xd_daemon_config_check(const struct xd_daemon_config *config, struct xd_error *err)
{
	int ret = xd_config_check(config->config, NULL, err);

	if (ret == 0 && config->config->nb_cores == 0)
		ret = xd_fail_key(
			err, -EINVAL, "workers.cores", "names no core: give at least one");
	return ret ? ret : check_control(config, err);
}

json_t *
xd_daemon_config_to_json(const struct xd_daemon_config *config)
{
	const struct xd_config *c = config->config;
	json_t *root = json_object(), *bridges = json_object(), *ports = json_object();

	json_object_set_new(root, "workers", xd_settings_to_json(xd_worker_settings, NULL, c));
	json_object_set_new(root, "memory", xd_settings_to_json(xd_memory_settings, NULL, c));
	json_object_set_new(
		root, "control", xd_settings_to_json(xd_control_settings, NULL, config));
	json_object_set_new(root, "log", xd_settings_to_json(xd_log_settings, NULL, config));
	for (unsigned i = 0; i < c->nb_bridges; i++)
		json_object_set_new(bridges, c->bridges[i].name, xd_bridge_to_json(&c->bridges[i]));
	json_object_set_new(root, "bridges", bridges);
	for (unsigned i = 0; i < c->nb_ports; i++)
		json_object_set_new(ports, c->ports[i].name, xd_port_to_json(&c->ports[i]));
	json_object_set_new(root, "ports", ports);
	return root;
}

unsigned
xd_default_core(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (unsigned core = CPU_SETSIZE; core-- > 0;) {
		if (CPU_ISSET(core, &set))
			return core;
	}
	return 0;
}
