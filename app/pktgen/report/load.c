/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a result file, as --json wrote it, back into struct xd_results, row by row; each member is
 * checked, for the file may be anybody's. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "load_row.h"

static void
load_ports(struct record *in, struct xd_results *results)
{
	json_t *ports = json_object_get(in->object, "ports"), *port;
	size_t i;

	if (!json_is_array(ports))
		return;
	json_array_foreach(ports, i, port)
	{
		struct xd_result_port *p = &results->ports[results->nb_ports];
		struct record r = *in;
		double core;

		if (results->nb_ports == XD_GEN_PORTS_MAX)
			return;
		r.object = port;
		snprintf(r.path, sizeof(r.path), "ports[%zu].", i);
		record_text(&r, "name", p->name, sizeof(p->name));
		record_text(&r, "memory", p->memory, sizeof(p->memory));
		load_rings(&r, &p->rings);
		core = record_number(&r, "core", RECORD_MUST);
		p->core = core >= 0 && core < 1e6 ? (int)core : -1;
		record_leave(in, &r);
		results->nb_ports++;
	}
}

static void
load_head(struct record *r, struct xd_results *results)
{
	struct record env;

	record_text(r, "command", results->command, sizeof(results->command));
	record_text(r, "started", results->started, sizeof(results->started));
	record_text(r, "label", results->label, sizeof(results->label));
	record_text(r, "reason", results->reason, sizeof(results->reason));
	results->partial = record_flag(r, "partial");
	load_ports(r, results);
	if (!record_enter(r, r->object, "environment", false, &env))
		return;
	record_text(&env, "host", results->host, sizeof(results->host));
	record_text(&env, "cpu", results->cpu, sizeof(results->cpu));
	record_text(&env, "kernel", results->kernel, sizeof(results->kernel));
	record_text(&env, "dpdk", results->dpdk, sizeof(results->dpdk));
	record_text(&env, "crossdock", results->version, sizeof(results->version));
	results->hugepages = record_flag(&env, "hugepages");
	results->cpus = (unsigned)load_count_or_null(&env, "cpus");
	results->numa_nodes = (unsigned)load_count_or_null(&env, "numa_nodes");
	results->tsc_hz = record_number(&env, "tsc_hz", RECORD_OR_NULL);
	record_leave(r, &env);
}

static int
load_rows(struct record *in, struct xd_results *results)
{
	json_t *rows = json_object_get(in->object, "rows"), *o;
	size_t i;

	if (!json_is_array(rows))
		return xd_fail(in->err, -EINVAL, "%s: rows: a list is expected", in->file);
	if (json_array_size(rows) == 0)
		return xd_fail(in->err, -EINVAL, "%s: rows: there is none: nothing was measured",
			in->file);
	json_array_foreach(rows, i, o)
	{
		struct record r = {.file = in->file, .row = i + 1, .object = o, .err = in->err};
		struct xd_row row = {0};
		int rc = 0;

		if (!json_is_object(o))
			return xd_fail(in->err, -EINVAL, "%s: row %zu: an object is expected",
				in->file, i + 1);
		rc = load_row(&r, &row);
		if (!rc && xd_results_add(results, &row))
			rc = xd_fail(in->err, -ENOMEM, "%s: no memory for its rows", in->file);
		if (rc)
			return rc;
	}
	return 0;
}

int
report_load(const char *name, json_t *root, struct xd_results *results, struct xd_error *err)
{
	struct record r = {.file = name, .object = root, .err = err};
	const char *schema = json_string_value(json_object_get(root, "schema"));

	memset(results, 0, sizeof(*results));
	if (!schema)
		return xd_fail(
			err, -EINVAL, "%s: schema: is missing: not a result of --json", name);
	if (strcmp(schema, XD_RESULT_SCHEMA))
		return xd_fail(err, -EINVAL,
			"%s: schema: it is %.40s, and " XD_RESULT_SCHEMA
			" is expected: measure again with this version",
			name, schema);
	load_head(&r, results);
	return r.rc ? r.rc : load_rows(&r, results);
}

json_t *
report_read(const char *path, struct xd_error *err)
{
	FILE *file = fopen(path, "re");
	json_error_t bad;
	json_t *root;

	if (!file) {
		xd_fail(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	errno = 0;
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &bad);
	if (!root && ferror(file) && errno)
		xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	else if (!root)
		xd_fail(err, -EINVAL, "%s: line %d: not JSON: %s", path, bad.line, bad.text);
	fclose(file);
	return root;
}
