/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a configuration file that are the daemon's, not the switch's. */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "config/names.h"
#include "control/daemon_config.h"
#include "control/key_json.h"
#include "port/port.h"

static const struct xd_key control_keys[] = {
	{
		.name = "path",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, control_path),
		.fallback_text = XD_CONTROL_PATH,
		.values = "the path of a socket",
		.what = "a socket path",
		.cost = XD_COST_RESTART,
		.help = "The socket at which crossdockctl finds crossdockd.",
	},
	{
		.name = "group",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, control_group),
		.values = "the name of a group",
		.what = "a group's name",
		.cost = XD_COST_RESTART,
		.help = "The group that the socket belongs to.",
	},
	{
		.name = "mode",
		.kind = XD_KEY_MODE,
		XD_KEY_AT(struct xd_daemon_config, control_mode),
		.max = 0777,
		.fallback = XD_CONTROL_MODE,
		.cost = XD_COST_RESTART,
		.help = "Permission bits of the socket.",
	},
	{
		.name = "unixctl",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, unixctl),
		.unset = "none",
		.values = "a directory, such as /run/openvswitch",
		.what = "a directory",
		.cost = XD_COST_RESTART,
		.help = "Where ovs-appctl finds crossdockd in the place of ovs-vswitchd.",
	},
	{
		.name = "ovsdb",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, ovsdb),
		.unset = "none",
		.values = "such as unix:/run/openvswitch/db.sock",
		.what = "a database's remote",
		.cost = XD_COST_RESTART,
		.help = "The Open vSwitch database that says which bridges and ports there are.",
	},
	{
		.name = "ovsdb_key",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, ovsdb_key),
		.unset = "none",
		.values = "the path of a file in PEM",
		.what = "a path",
		.cost = XD_COST_RESTART,
		.help = "The private key that crossdockd has for the database, with a remote that "
			"begins with ssl.",
	},
	{
		.name = "ovsdb_cert",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, ovsdb_cert),
		.unset = "none",
		.values = "the path of a file in PEM",
		.what = "a path",
		.cost = XD_COST_RESTART,
		.help = "The certificate that crossdockd shows to the database.",
	},
	{
		.name = "ovsdb_ca",
		.kind = XD_KEY_STRING,
		XD_KEY_AT(struct xd_daemon_config, ovsdb_ca),
		.unset = "none",
		.values = "the path of a file in PEM",
		.what = "a path",
		.cost = XD_COST_RESTART,
		.help = "The authorities whose certificates a database may have.",
	},
	{0},
};

static const struct xd_key log_keys[] = {
	{
		.name = "level",
		.kind = XD_KEY_WORD,
		XD_KEY_AT(struct xd_daemon_config, log_level),
		.words = xd_log_level_words,
		.fallback = XD_LOG_INFO,
		.cost = XD_COST_PLAN,
		.help = "The least important lines that are logged.",
	},
	{0},
};

static const struct xd_noun control_noun = {
	.name = "control",
	.section = "control",
	.keys = control_keys,
};

static const struct xd_noun log_noun = {
	.name = "log",
	.section = "log",
	.keys = log_keys,
};

/* Sections that are there once, the switch's and the daemon's, come before what there is many of.
 */
const struct xd_noun *
xd_daemon_noun(unsigned i)
{
	const struct xd_noun *const own[] = {&control_noun, &log_noun};

	for (unsigned n = 0; xd_nouns[n]; n++) {
		if (!xd_nouns[n]->size && i-- == 0)
			return xd_nouns[n];
	}
	for (unsigned n = 0; n < sizeof(own) / sizeof(*own); n++) {
		if (i-- == 0)
			return own[n];
	}
	for (unsigned n = 0; xd_nouns[n]; n++) {
		if (xd_nouns[n]->size && i-- == 0)
			return xd_nouns[n];
	}
	return NULL;
}

const struct xd_noun *
xd_daemon_noun_find(const char *name)
{
	const struct xd_noun *noun;

	for (unsigned i = 0; (noun = xd_daemon_noun(i)); i++) {
		if (!strcmp(noun->name, name) || !strcmp(noun->section, name))
			return noun;
	}
	return NULL;
}

void *
xd_daemon_section(const struct xd_daemon_config *config, const struct xd_noun *noun)
{
	if (noun == &control_noun || noun == &log_noun)
		return (void *)(uintptr_t)config;
	return xd_noun_entry(noun, config->config, 0);
}

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
	xd_keys_reset(control_keys, config);
	xd_keys_reset(log_keys, config);
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

/* The keys of the daemon's own sections. */
static int
check_keys(const struct xd_daemon_config *config, struct xd_error *err)
{
	const struct xd_noun *const own[] = {&control_noun, &log_noun};

	for (unsigned n = 0; n < sizeof(own) / sizeof(*own); n++) {
		XD_NOUN_FOREACH(own[n], config, key)
		{
			struct xd_error inner;
			int ret = xd_key_check(key, config, &inner);

			if (ret)
				return xd_noun_fail(
					err, ret, own[n], config, key->name, "%s", inner.text);
		}
	}
	return 0;
}

/* No port has the control socket's path. */
static int
check_control_claims(
	const struct xd_daemon_config *config, const struct xd_names *running, struct xd_error *err)
{
	char path[XD_PATH_MAX];

	xd_path_plain(config->control_path, path, sizeof(path));
	for (unsigned i = 0; i < xd_config_nb_ports(config->config); i++) {
		const struct xd_port_config *port = &xd_config_ports(config->config)[i];
		const struct xd_port_config *old =
			running ? xd_names_get(running, &xd_port_noun, port->name) : NULL;
		struct xd_claim claim;

		if (old && xd_port_config_equal(old, port))
			continue;
		if (xd_port_claims(port, NULL, "socket", path, &claim))
			return xd_port_config_fail(err, -EEXIST, port, claim.key,
				"%s is the control socket's path", claim.name);
	}
	return 0;
}

static int
check_directory(const char *key, const char *dir, struct xd_error *err)
{
	struct stat st;

	if (stat(dir, &st))
		return xd_fail_key(err, -errno, key, "directory %s: %s (mkdir -p %s)", dir,
			strerror(errno), dir);
	if (!S_ISDIR(st.st_mode))
		return xd_fail_key(err, -ENOTDIR, key, "%s is not a directory", dir);
	return 0;
}

static int
check_absolute(const char *key, const char *path, struct xd_error *err)
{
	if (path[0] != '/')
		return xd_fail_key(err, -EINVAL, key,
			"\"%s\" is relative: write the whole path, from /", path);
	return 0;
}

static int
check_control(const struct xd_daemon_config *config, struct xd_error *err)
{
	static const char key[] = "control.path";
	char dir[XD_PATH_MAX];
	int ret = check_absolute(key, config->control_path, err);

	if (ret)
		return ret;
	strcpy(dir, config->control_path);
	strrchr(dir, '/')[strrchr(dir, '/') == dir] = 0;
	ret = check_directory(key, dir, err);
	if (ret)
		return ret;
	if (config->control_group[0] && !getgrnam(config->control_group))
		return xd_fail_key(err, -EINVAL, "control.group",
			"there is no group \"%s\" (groupadd --system %s)", config->control_group,
			config->control_group);
	if (!config->unixctl[0])
		return 0;
	ret = check_absolute("control.unixctl", config->unixctl, err);
	return ret ? ret : check_directory("control.unixctl", config->unixctl, err);
}

int
xd_daemon_config_check_own(const struct xd_daemon_config *config, const struct xd_config *running,
	struct xd_error *err)
{
	struct xd_names *names = running ? xd_names_create(running) : NULL;
	int ret = 0;

	if (config->config->nb_cores == 0)
		ret = xd_fail_key(
			err, -EINVAL, "workers.cores", "names no core: give at least one");
	if (ret == 0)
		ret = check_keys(config, err);
	if (ret == 0)
		ret = check_control(config, err);
	if (ret == 0)
		ret = check_control_claims(config, names, err);
	xd_names_destroy(names);
	return ret;
}

int
xd_daemon_config_check(const struct xd_daemon_config *config, struct xd_error *err)
{
	int ret = xd_config_check(config->config, NULL, err);

	return ret ? ret : xd_daemon_config_check_own(config, NULL, err);
}

/* {NAME: {KEY: VALUE}} of all entries. */
static json_t *
entries_to_json(const struct xd_noun *noun, const struct xd_config *config)
{
	json_t *entries = json_object();

	for (unsigned i = 0; i < xd_noun_count(noun, config); i++) {
		const void *entry = xd_noun_entry(noun, config, i);

		json_object_set_new(entries, entry, xd_entry_to_json(noun, entry));
	}
	return entries;
}

json_t *
xd_daemon_config_to_json(const struct xd_daemon_config *config)
{
	json_t *root = json_object();
	const struct xd_noun *noun;

	for (unsigned i = 0; (noun = xd_daemon_noun(i)); i++)
		json_object_set_new(root, noun->section,
			noun->size ? entries_to_json(noun, config->config)
				   : xd_entry_to_json(noun, xd_daemon_section(config, noun)));
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
