/* SPDX-License-Identifier: BSD-3-Clause */
/* Mirrors of bridges, by the keys that the switch's have: those of the table Mirror. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "mirror.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define LIST_BYTES  8192 /* of names of ports, or VLANs, as text */
#define NAME_PREFIX "mirror-"
/* That are looked at: new ones are there before old ones have gone. */
#define ROWS_MAX    (2 * XD_MAX_MIRRORS)

/* ---- Rows ---- */

static void
tell(struct xd_ovsdb *o, struct xd_ovsdb_mirror *mirror, const char *what, const char *text)
{
	char line[XD_OVSDB_ERROR];

	snprintf(line, sizeof(line), "mirror %.60s %s: %.300s", xd_ovsdb_row_name(mirror->of.row),
		what, text);
	xd_one_line(line);
	if (strcmp(mirror->told, line))
		xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_WARN, "%s", line);
	strcpy(mirror->told, line);
}

static void
fail(struct xd_ovsdb *o, struct xd_ovsdb_mirror *mirror, const char *text)
{
	snprintf(mirror->error, sizeof(mirror->error), "%s", text);
	tell(o, mirror, "is left out", text);
}

static bool
is_taken(const struct xd_ovsdb *o, const struct xd_ovsdb_mirror *by, const char *name)
{
	const struct xd_ovsdb_mirror *other;

	TAILQ_FOREACH(other, &o->mirrors, link)
	{
		if (other != by && other->of.seen && !strcmp(other->name, name))
			return true;
	}
	return false;
}

/* Of rows, names are any text, and need not be different: the first that has one keeps it. */
static void
choose_name(const struct xd_ovsdb *o, struct xd_ovsdb_mirror *mirror)
{
	const char *name = xd_ovsdb_row_name(mirror->of.row);
	struct xd_error err;

	if (xd_noun_check_name(xd_noun_find("mirror"), name, &err) || is_taken(o, mirror, name))
		snprintf(mirror->name, sizeof(mirror->name), NAME_PREFIX "%.8s", mirror->of.uuid);
	else
		snprintf(mirror->name, sizeof(mirror->name), "%s", name);
}

static struct xd_ovsdb_mirror *
find_mirror(struct xd_ovsdb *o, const char *uuid)
{
	struct xd_ovsdb_mirror *mirror;

	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		if (!strcmp(mirror->of.uuid, uuid))
			return mirror;
	}
	mirror = o->nb_mirrors < ROWS_MAX ? calloc(1, sizeof(*mirror)) : NULL;
	if (!mirror)
		return NULL;
	xd_ovsdb_row_begin(&mirror->of, "Mirror", uuid);
	o->nb_mirrors++;
	TAILQ_INSERT_TAIL(&o->mirrors, mirror, link);
	return mirror;
}

void
xd_ovsdb_mirror_free(struct xd_ovsdb *o, struct xd_ovsdb_mirror *mirror)
{
	o->nb_mirrors--;
	TAILQ_REMOVE(&o->mirrors, mirror, link);
	xd_ovsdb_row_end(&mirror->of);
	free(mirror);
}

void
xd_ovsdb_mirrors_take(struct xd_ovsdb *o, const struct xd_ovsdb_bridge *bridge)
{
	const struct xd_ovsdb_replica *rows = o->rows;
	const json_t *mirrors = json_object_get(bridge->of.row, "mirrors");

	for (size_t i = 0; i < xd_ovsdb_set_size(mirrors); i++) {
		const char *uuid = xd_ovsdb_uuid(xd_ovsdb_set_get(mirrors, i));
		const json_t *row = xd_ovsdb_replica_row(rows, "Mirror", uuid);
		struct xd_ovsdb_mirror *mirror = row ? find_mirror(o, uuid) : NULL;

		if (row && !mirror)
			xd_ovsdb_answer(o, "mirror", xd_ovsdb_row_name(row),
				"is left out: there are too many");
		if (!mirror || mirror->of.seen)
			continue;
		mirror->of.seen = true;
		mirror->bridge = bridge;
		xd_ovsdb_row_hold(&mirror->of.row, row);
	}
}

/* ---- As the switch's ---- */

/* A mirror that is being added. */
struct adding {
	struct xd_ovsdb *o;
	struct xd_ovsdb_mirror *mirror;
	const struct xd_config *config;
	struct xd_mirror_config *entry;
	struct xd_error *err;
	bool partly; /* some ports are not there */
};

static int
set(const struct adding *a, const char *key, const char *value)
{
	struct xd_error inner;
	int ret = xd_mirror_config_set(a->entry, key, value, &inner);

	return ret ? xd_fail(a->err, ret, "%s: %s", key, inner.text) : 0;
}

/* The port of the switch that a row of Port is: of its Interface, or a bond of its own name. NULL:
 * it is not there. */
static const char *
port_name(const struct adding *a, const json_t *atom)
{
	const struct xd_ovsdb_replica *rows = a->o->rows;
	const json_t *row = xd_ovsdb_replica_row(rows, "Port", xd_ovsdb_uuid(atom));
	const json_t *interfaces = json_object_get(row, "interfaces");
	const char *name;

	if (xd_ovsdb_set_size(interfaces) == 1)
		row = xd_ovsdb_replica_row(
			rows, "Interface", xd_ovsdb_uuid(xd_ovsdb_set_get(interfaces, 0)));
	name = xd_ovsdb_row_name(row);
	return xd_config_port(a->config, name) ? name : NULL;
}

/* Those that are there: a port that could not be made keeps nobody from watching the others. */
static int
set_ports(struct adding *a, const char *key)
{
	const json_t *ports = json_object_get(a->mirror->of.row, key);
	char text[LIST_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < xd_ovsdb_set_size(ports) && used < sizeof(text); i++) {
		const char *name = port_name(a, xd_ovsdb_set_get(ports, i));

		a->partly |= name == NULL;
		if (name)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s", used ? "," : "", name);
	}
	return used ? set(a, key, text) : 0;
}

static int
set_vlans(const struct adding *a)
{
	const json_t *vlans = json_object_get(a->mirror->of.row, "select_vlan");
	char text[4 * LIST_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < xd_ovsdb_set_size(vlans) && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"%s%" JSON_INTEGER_FORMAT, used ? "," : "",
			json_integer_value(xd_ovsdb_set_get(vlans, i)));
	return used ? set(a, "select_vlan", text) : 0;
}

static int
set_number(const struct adding *a, const char *key)
{
	json_int_t number = xd_ovsdb_integer(json_object_get(a->mirror->of.row, key), 0);
	char text[24];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
	return number ? set(a, key, text) : 0;
}

static int
set_output(const struct adding *a)
{
	const json_t *output = json_object_get(a->mirror->of.row, "output_port");
	const char *name;

	if (xd_ovsdb_set_size(output) == 0)
		return set_number(a, "output_vlan");
	name = port_name(a, xd_ovsdb_set_get(output, 0));
	if (!name)
		return xd_fail(a->err, -ENODEV, "output_port: that port is not there");
	/* Of the two the port has the say. */
	return set(a, "output_port", name);
}

static int
set_all(struct adding *a)
{
	int ret = 0;

	if (xd_ovsdb_bool(json_object_get(a->mirror->of.row, "select_all"), false))
		ret = set(a, "select_all", "yes");
	if (ret == 0)
		ret = set_ports(a, "select_src_port");
	if (ret == 0)
		ret = set_ports(a, "select_dst_port");
	if (ret == 0)
		ret = set_vlans(a);
	if (ret == 0)
		ret = set_output(a);
	return ret ? ret : set_number(a, "snaplen");
}

static void
add(struct xd_ovsdb *o, struct xd_config *config, struct xd_ovsdb_mirror *mirror)
{
	struct xd_error err;
	struct adding a = {.o = o, .mirror = mirror, .config = config, .err = &err};

	a.entry = xd_config_add_mirror(config, mirror->name, mirror->bridge->config.name, &err);
	if (a.entry && set_all(&a) == 0) {
		mirror->partly = a.partly;
		if (a.partly)
			tell(o, mirror, "is made without some ports", "they are not there");
		return;
	}
	if (a.entry)
		xd_config_del_mirror(config, mirror->name, NULL);
	fail(o, mirror, err.text);
}

void
xd_ovsdb_mirrors_add(struct xd_ovsdb *o, struct xd_config *config)
{
	struct xd_ovsdb_mirror *mirror;

	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		/* Ports may have been left out since they were added. */
		xd_config_del_mirror(config, mirror->name, NULL);
		mirror->name[0] = 0;
	}
	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		if (!mirror->of.seen)
			continue;
		choose_name(o, mirror);
		if (!mirror->error[0] && !mirror->bridge->error[0])
			add(o, config, mirror);
	}
}

void
xd_ovsdb_mirrors_forgive(struct xd_ovsdb *o)
{
	struct xd_ovsdb_mirror *mirror;

	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		if (!mirror->error[0] && !mirror->partly)
			mirror->told[0] = 0;
		mirror->error[0] = 0;
	}
}

/* Errors are of "mirrors.NAME" or "mirrors.NAME.KEY": no key has a dot, and names may. */
bool
xd_ovsdb_mirrors_blame(struct xd_ovsdb *o, const struct xd_error *err)
{
	static const char section[] = "mirrors.";
	const char *path = err->key + strlen(section);
	struct xd_ovsdb_mirror *mirror;

	if (strncmp(err->key, section, strlen(section)))
		return false;
	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		char text[XD_OVSDB_ERROR];
		size_t len = strlen(mirror->name);

		if (mirror->error[0] || strncmp(path, mirror->name, len) ||
			(path[len] && (path[len] != '.' || strchr(path + len + 1, '.'))))
			continue;
		snprintf(text, sizeof(text), "%s%s%.300s", path[len] ? path + len + 1 : "",
			path[len] ? ": " : "", err->text);
		fail(o, mirror, text);
		return true;
	}
	return false;
}

/* ---- What they count ---- */

static void
put_statistics(
	struct xd_ovsdb_mirror *mirror, const struct xd_mirror_info *info, json_t *operations)
{
	json_t *map = xd_ovsdb_make_map(), *row = json_object();

	/* The database's integers end where int64_t does. */
	xd_ovsdb_map_add(
		map, "tx_packets", json_integer((json_int_t)(info->tx_frames & INT64_MAX)));
	xd_ovsdb_map_add(map, "tx_bytes", json_integer((json_int_t)(info->tx_bytes & INT64_MAX)));
	xd_ovsdb_put(&mirror->of, row, "statistics", map);
	xd_ovsdb_update(&mirror->of, row, operations);
}

void
xd_ovsdb_mirrors_statistics(struct xd_ovsdb *o, json_t *operations)
{
	struct xd_mirror_info *infos;
	struct xd_ovsdb_mirror *mirror;
	unsigned n;

	if (TAILQ_EMPTY(&o->mirrors))
		return;
	infos = calloc(XD_MAX_MIRRORS, sizeof(*infos));
	n = infos ? xd_switch_mirrors(o->opts.control->sw, infos, XD_MAX_MIRRORS) : 0;
	TAILQ_FOREACH(mirror, &o->mirrors, link)
	{
		for (unsigned i = 0; i < n; i++) {
			if (!strcmp(infos[i].config.name, mirror->name))
				put_statistics(mirror, &infos[i], operations);
		}
	}
	free(infos);
}
