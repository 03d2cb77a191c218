/* SPDX-License-Identifier: BSD-3-Clause */
/* Options about places: ports, cores, the switch to ask, files for results. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/number.h"
#include "option_table.h"
#include "traffic/host/numa.h"

#define CORES_MAX 1024

int
take_port(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	unsigned most = !strncmp(text, "loop:", 5) ? 2 : 1, same = 0;
	bool needs_eal = false;
	int rc = xd_gen_port_check(text, &needs_eal, err);
	size_t len;

	(void)row;
	if (rc)
		return rc;
	if (o->nb_ports == XD_GEN_PORTS_MAX)
		return xd_fail(err, -EINVAL, "at most %u ports", XD_GEN_PORTS_MAX);
	/* What follows the comma makes no other socket of it, but another device. */
	len = strcspn(text, needs_eal ? "" : ",");
	for (unsigned i = 0; i < o->nb_ports; i++)
		same += !strncmp(o->ports[i], text, len) &&
			(o->ports[i][len] == '\0' || o->ports[i][len] == ',');
	if (same >= most)
		return xd_fail(err, -EINVAL, "--port %s is given %s", text,
			most == 1 ? "twice" : "three times; two of a name are each other's peer");
	o->ports[o->nb_ports++] = text;
	o->needs_eal |= needs_eal;
	return 0;
}

/* Cores with commas between; returns how many, 0 when it is no such list. */
static unsigned
parse_cores(const char *text, int *cores, unsigned max)
{
	char word[16];
	unsigned n = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		uint64_t core = 0;

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (n == max || len >= sizeof(word) ||
			xd_number_parse(word, 0, CORES_MAX - 1, &core))
			return 0;
		cores[n++] = (int)core;
		if (text[len] == '\0')
			return n;
		text += len + 1;
	}
}

int
option_core(const struct option_row *row, const char *text, int *core, struct xd_error *err)
{
	if (parse_cores(text, core, 1))
		return 0;
	return xd_fail(
		err, -EINVAL, "--%s %s: give the number of a core, such as 1", row->name, text);
}

int
take_cores(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	bool one = !strcmp(row->name, "core");
	unsigned max = one ? 1 : row->max ? row->max : XD_GEN_CORES_MAX;

	if (one) {
		o->nb_cores = 1;
		return option_core(row, text, o->cores, err);
	}
	o->nb_cores = parse_cores(text, o->cores, max);
	if (!o->nb_cores)
		return xd_fail(
			err, -EINVAL, "--cores %s: give up to %u cores, such as 0,1", text, max);
	for (unsigned i = 0; i < o->nb_cores; i++)
		for (unsigned k = 0; k < i; k++)
			if (o->cores[i] == o->cores[k])
				return xd_fail(err, -EINVAL,
					"--cores %s: core %d is there twice; give different ones",
					text, o->cores[i]);
	return 0;
}

int
take_numa(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	o->nb_nodes = parse_cores(text, o->nodes, XD_GEN_PORTS_MAX);
	if (!o->nb_nodes)
		return xd_fail(err, -EINVAL,
			"--numa %s: give nodes, one or one a port, such as 0,1", text);
	for (unsigned i = 0; i < o->nb_nodes; i++)
		if (!xd_numa_has(o->nodes[i]))
			return xd_fail(err, -EINVAL,
				"--numa %s: there is no memory on node %d; the machine has %u "
				"NUMA node%s",
				text, o->nodes[i], xd_numa_nodes(),
				xd_numa_nodes() == 1 ? "" : "s");
	return 0;
}

int
take_placement(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	if (parse_cores(text, o->placement, 2) != 2)
		return xd_fail(err, -EINVAL, "--placement %s: give two cores, such as 0,1", text);
	return 0;
}

int
take_switch(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	if (strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return xd_fail(err, -EINVAL, "--switch %s: the path is too long", text);
	o->socket = text;
	return 0;
}

int
take_label(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	const size_t max = sizeof(((struct xd_results *)0)->label) - 1;

	(void)row;
	if (text[0] == '\0' || strlen(text) > max)
		return xd_fail(err, -EINVAL, "--label \"%s\": give 1 to %zu bytes", text, max);
	o->label = text;
	return 0;
}

int
take_output(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	if (text[0] == '\0')
		return xd_fail(err, -EINVAL,
			"--%s \"\": give the name of a file, or - for standard output", row->name);
	if (!strcmp(row->name, "json"))
		o->json = text;
	else
		o->csv = text;
	return 0;
}

int
take_fail_if(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	const struct xd_engine *list[ENGINES_MAX + 1];
	int rc;

	(void)row;
	engines_results(list);
	if (o->nb_fail_if == XD_FAIL_IF_MAX)
		return xd_fail(err, -EINVAL, "at most %u conditions of --fail-if", XD_FAIL_IF_MAX);
	rc = xd_fail_if_parse(text, list, &o->fail_if[o->nb_fail_if], err);
	if (!rc)
		o->nb_fail_if++;
	return rc;
}

int
take_quiet(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->quiet = true;
	return 0;
}

int
take_help(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->help_for = o->command;
	o->command = (struct command){COMMAND_HELP, NULL};
	return 0;
}

int
take_version(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->command = (struct command){COMMAND_VERSION, NULL};
	return 0;
}
