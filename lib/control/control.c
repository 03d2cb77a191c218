/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration file, state file and switch kept together: see control.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/delta.h"
#include "control/read_file.h"
#include "control/state.h"
#include "control/yaml.h"

#define START_WAIT_MS 10000 /* for whoever writes the configuration into a pipe */

/* What the command line says goes before the file. */
static int
override(const char *value, const char *key, const char *what, char *to, size_t size,
	struct xd_error *err)
{
	if (value && strlen(value) >= size)
		return xd_fail_key(err, -ENAMETOOLONG, key, "has %zu bytes: %s has at most %zu",
			strlen(value), what, size - 1);
	if (value)
		strcpy(to, value);
	return 0;
}

/* Nobody has two masters: what the database says is not for the file. */
static int
check_database(const struct xd_daemon_config *config, struct xd_error *err)
{
	for (const struct xd_noun *const *noun = xd_nouns; config->ovsdb[0] && *noun; noun++) {
		if (!(*noun)->size || !xd_noun_count(*noun, config->config))
			continue;
		return xd_noun_fail(err, -EINVAL, *noun, xd_noun_entry(*noun, config->config, 0),
			NULL,
			"the database at %.100s says which %s there are: take them out here, or "
			"control.ovsdb",
			config->ovsdb, (*noun)->section);
	}
	return 0;
}

const char *
xd_control_elsewhere(const struct xd_control *control, const struct xd_noun *noun)
{
	if (!control->running->ovsdb[0] || !noun->size)
		return NULL;
	if (noun == &xd_bridge_noun)
		return "ovs-vsctl add-br, del-br or set Bridge";
	return noun == &xd_port_noun ? "ovs-vsctl add-port, del-port or set Interface"
				     : "ovs-vsctl";
}

int
xd_control_refuse(
	const struct xd_control *control, const struct xd_noun *noun, struct xd_error *err)
{
	return xd_fail(err, -EPERM, "%s are the database's, %.100s: type %s", noun->section,
		control->running->ovsdb, xd_control_elsewhere(control, noun));
}

struct xd_daemon_config *
xd_control_read(const struct xd_control_source *source, const char *yaml, size_t len,
	struct xd_lines *lines, struct xd_error *err)
{
	struct xd_daemon_config *config =
		xd_yaml_read_config(yaml, len, source->default_core, lines, err);

	if (config &&
		override(source->socket_path, "control.path", "a socket path", config->control_path,
			sizeof(config->control_path), err) == 0 &&
		override(source->unixctl, "control.unixctl", "a path", config->unixctl,
			sizeof(config->unixctl), err) == 0 &&
		override(source->ovsdb, "control.ovsdb", "a database's remote", config->ovsdb,
			sizeof(config->ovsdb), err) == 0 &&
		check_database(config, err) == 0)
		return config;
	xd_daemon_config_destroy(config);
	return NULL;
}

/* The configuration file, read but not checked. lines gets its keys. wait_ms: see read_file.h. */
static struct xd_daemon_config *
read_base(const struct xd_control_source *source, int wait_ms, struct xd_lines *lines, char *text,
	size_t size)
{
	struct xd_daemon_config *base;
	struct xd_error err;
	size_t len;
	char *yaml = xd_read_file(source->config_file, wait_ms, &len, &err);

	if (!yaml) {
		snprintf(text, size, "%s", err.text);
		return NULL;
	}
	base = xd_control_read(source, yaml, len, lines, &err);
	if (!base)
		xd_lines_format(lines, source->config_file, &err, text, size);
	free(yaml);
	return base;
}

/* A copy of base with delta over it, checked. */
static struct xd_daemon_config *
lay_over(const struct xd_daemon_config *base, const json_t *delta, struct xd_error *err)
{
	struct xd_daemon_config *config = xd_daemon_config_copy(base);

	if (!config)
		xd_fail(err, -ENOMEM, "no memory");
	else if (xd_delta_apply(config, delta, err) == 0 &&
		 xd_daemon_config_check(config, err) == 0)
		return config;
	xd_daemon_config_destroy(config);
	return NULL;
}

int
xd_control_load(const struct xd_control_source *source, struct xd_lines *lines,
	struct xd_daemon_config **base, struct xd_daemon_config **running, char *text, size_t size)
{
	struct xd_error err, base_err = {0};
	json_t *delta = NULL;

	*running = NULL;
	*base = read_base(source, START_WAIT_MS, lines, text, size);
	if (!*base)
		goto out;
	delta = source->state_file ? xd_state_read(source->state_file, &err) : json_object();
	if (!delta) {
		snprintf(text, size, "%s", err.text);
		goto out;
	}
	*running = lay_over(*base, delta, &err);
	if (*running)
		goto out;
	xd_daemon_config_check(*base, &base_err);
	/* An error that the file has by itself is told with its line, another as the state's. */
	if (!strcmp(err.key, base_err.key) && !strcmp(err.text, base_err.text))
		xd_lines_format(lines, source->config_file, &err, text, size);
	else
		snprintf(text, size,
			"state file %s: %s: %s (correct the configuration file, or remove the "
			"state file to start without what was changed at run time)",
			source->state_file, err.key, err.text);
out:
	if (!*running) {
		xd_daemon_config_destroy(*base);
		*base = NULL;
	}
	json_decref(delta);
	return *running ? 0 : -EINVAL;
}

/* What only a restart can change. */
static int
check_fixed(const struct xd_daemon_config *now, const struct xd_daemon_config *next,
	struct xd_error *err)
{
	const struct xd_noun *noun;

	for (unsigned i = 0; (noun = xd_daemon_noun(i)) && !noun->size; i++) {
		const void *a = xd_daemon_section(now, noun), *b = xd_daemon_section(next, noun);

		XD_NOUN_FOREACH(noun, a, key)
		{
			if (key->cost == XD_COST_RESTART && !xd_key_equal(key, a, b))
				return xd_noun_fail(err, -EBUSY, noun, a, key->name,
					"cannot change while running: restart crossdockd");
		}
	}
	return 0;
}

static int
write_state(struct xd_control *control, const struct xd_daemon_config *base,
	const struct xd_daemon_config *running, struct xd_error *err)
{
	json_t *delta;
	int ret;

	if (!control->source.state_file)
		return 0;
	delta = xd_delta_make(base, running);
	if (!delta)
		return xd_fail(err, -ENOMEM, "no memory for the state file");
	/* What a database says is kept there. */
	for (const struct xd_noun *const *noun = xd_nouns; running->ovsdb[0] && *noun; noun++) {
		if ((*noun)->size)
			json_object_del(delta, (*noun)->section);
	}
	ret = xd_state_write(control->source.state_file, delta, err);
	json_decref(delta);
	return ret;
}

static void
set_log_level(struct xd_control *control, enum xd_log_level level)
{
	for (int c = 0; c < XD_LOG_COMPONENTS; c++)
		xd_switch_log_level(control->sw, c, level);
}

/* base is what the file says from now on. Takes neither. */
static int
commit(struct xd_control *control, const struct xd_daemon_config *base,
	const struct xd_daemon_config *next, struct xd_error *err)
{
	struct xd_error undo;
	int ret = check_fixed(control->running, next, err);

	if (ret == 0)
		ret = xd_daemon_config_check_own(next, control->running->config, err);
	if (ret == 0)
		ret = xd_switch_apply(control->sw, next->config, err);
	if (ret)
		return ret;
	ret = write_state(control, base, next, err);
	if (ret) {
		if (xd_switch_apply(control->sw, control->running->config, &undo))
			xd_log(xd_switch_log(control->sw), XD_LOG_CONTROL, XD_LOG_ERROR,
				"cannot go back to the former configuration: %s", undo.text);
		write_state(control, control->base, control->running, NULL);
		return ret;
	}
	if (next->log_level != control->running->log_level)
		set_log_level(control, next->log_level);
	return 0;
}

int
xd_control_commit(struct xd_control *control, struct xd_daemon_config *next, struct xd_error *err)
{
	int ret = commit(control, control->base, next, err);

	if (ret) {
		xd_daemon_config_destroy(next);
		return ret;
	}
	xd_daemon_config_destroy(control->running);
	control->running = next;
	return 0;
}

int
xd_control_reload(struct xd_control *control, char *text, size_t size)
{
	struct xd_lines *lines = xd_lines_create();
	struct xd_daemon_config *base =
		read_base(&control->source, XD_READ_REGULAR, lines, text, size);
	struct xd_daemon_config *next = NULL;
	json_t *delta = NULL;
	struct xd_error err;
	int ret = -EINVAL;

	if (!base)
		goto out;
	delta = xd_delta_make(control->base, control->running);
	if (delta)
		next = lay_over(base, delta, &err);
	else
		xd_fail(&err, -ENOMEM, "no memory");
	if (!next) {
		xd_lines_format(lines, control->source.config_file, &err, text, size);
		goto out;
	}
	ret = commit(control, base, next, &err);
	if (ret) {
		xd_lines_format(lines, control->source.config_file, &err, text, size);
		goto out;
	}
	xd_daemon_config_destroy(control->base);
	xd_daemon_config_destroy(control->running);
	control->base = base;
	control->running = next;
	base = next = NULL;
out:
	xd_daemon_config_destroy(next);
	xd_daemon_config_destroy(base);
	json_decref(delta);
	xd_lines_destroy(lines);
	return ret;
}
