/* SPDX-License-Identifier: BSD-3-Clause */
/* import ovs: Open vSwitch's database as a configuration file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "control/yaml.h"
#include "ovsdb/import.h"
#include "ovsdb/ovsdb.h"

/* ---- A database file ---- */

/* Begins `ovsdb-tool query FILE TRANSACTION`. 0, or an errno. */
static int
begin_tool(const char *file, char *transaction, int out, pid_t *pid)
{
	char tool[] = "ovsdb-tool", query[] = "query";
	char *argv[] = {tool, query, (char *)(uintptr_t)file, transaction, NULL};
	posix_spawn_file_actions_t actions;
	int ret = posix_spawn_file_actions_init(&actions);

	if (ret)
		return ret;
	ret = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (ret == 0)
		ret = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* What it prints. NULL: it was said why not; by itself, where it could begin. */
static json_t *
query(const char *file, char *transaction)
{
	json_error_t why;
	json_t *results;
	int fds[2], status = 0, ret;
	pid_t pid;
	FILE *in;

	if (pipe2(fds, O_CLOEXEC)) {
		ctl_usage("no pipe to ovsdb-tool: %s", strerror(errno));
		return NULL;
	}
	ret = begin_tool(file, transaction, fds[1], &pid);
	close(fds[1]);
	in = fdopen(fds[0], "r");
	results = ret || !in ? NULL : json_loadf(in, 0, &why);
	if (in)
		fclose(in);
	if (ret) {
		ctl_usage("%s is read with ovsdb-tool, which does not start: %s (apt-get install "
			  "openvswitch-common)",
			file, strerror(ret));
		return NULL;
	}
	waitpid(pid, &status, 0);
	if (!results || status)
		ctl_usage("ovsdb-tool cannot read %s", file);
	if (status == 0)
		return results;
	json_decref(results);
	return NULL;
}

static int
import_file(
	const char *file, const char *run_dir, struct xd_ovsdb_import *import, struct xd_error *err)
{
	json_t *operations = xd_ovsdb_import_query(), *results = NULL;
	char *transaction = json_dumps(operations, JSON_COMPACT);
	int ret = CTL_USAGE;

	if (transaction)
		results = query(file, transaction);
	if (results && xd_ovsdb_import_results(results, run_dir, import, err))
		ctl_usage("%s: %s", file, err->text);
	else if (results)
		ret = CTL_DONE;
	free(transaction);
	json_decref(operations);
	json_decref(results);
	return ret;
}

/* ---- A server ---- */

static int
import_server(const char *remote, const char *run_dir, struct xd_ovsdb_import *import,
	struct xd_error *err)
{
	if (xd_ovsdb_import_server(remote, run_dir, import, err) == 0)
		return CTL_DONE;
	return ctl_usage("database %s: %s%s", remote, err->text,
		err->code == -ENOENT || err->code == -ECONNREFUSED
			? " (without an ovsdb-server: --db /etc/openvswitch/conf.db)"
			: "");
}

/* ---- What is printed ---- */

static int
compare_names(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same entries by their names: a database has them in no order. NULL: no memory. */
static json_t *
sort_entries(json_t *entries)
{
	size_t n = json_object_size(entries), i = 0;
	const char **names = calloc(n + 1, sizeof(*names)), *name;
	json_t *sorted = names ? json_object() : NULL, *entry;

	json_object_foreach(entries, name, entry)
	{
		if (names)
			names[i++] = name;
	}
	if (names)
		qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; sorted && i < n; i++)
		json_object_set(sorted, names[i], json_object_get(entries, names[i]));
	free(names);
	return sorted;
}

/* Sections that a database has a word for, but for those that are empty. The rest has its
 * defaults. */
static json_t *
make_sections(const struct xd_daemon_config *config)
{
	json_t *all = xd_daemon_config_to_json(config), *sections = json_object();
	const struct xd_noun *noun;

	for (unsigned i = 0; (noun = xd_daemon_noun(i)); i++) {
		json_t *section = json_object_get(all, noun->section);

		if (!xd_noun_find(noun->name) || json_object_size(section) == 0)
			continue;
		if (noun->size)
			json_object_set_new(sections, noun->section, sort_entries(section));
		else
			json_object_set(sections, noun->section, section);
	}
	json_decref(all);
	return sections;
}

static void
print_yaml(const char *from, const json_t *sections, const json_t *left_out)
{
	char *yaml = xd_yaml_print(sections, XD_YAML_CONFIG_LEVELS);
	json_t *line;
	size_t i;

	printf("# Made by crossdockctl import ovs of %s\n", from);
	if (json_array_size(left_out))
		puts("# What does not carry over:");
	json_array_foreach(left_out, i, line) printf("#   %s\n", json_string_value(line));
	fputs(yaml ? yaml : "", stdout);
	free(yaml);
}

static void
print(const struct ctl *ctl, const char *from, const struct xd_ovsdb_import *import)
{
	json_t *sections = make_sections(import->config);
	unsigned bridges = xd_config_nb_bridges(import->config->config);
	unsigned ports = xd_config_nb_ports(import->config->config);
	size_t lines = json_array_size(import->left_out);
	json_t *result = json_pack(
		"{s:s, s:O, s:O}", "from", from, "config", sections, "left_out", import->left_out);

	if (ctl->json)
		command_print_json(result);
	else
		print_yaml(from, sections, import->left_out);
	json_decref(result);
	json_decref(sections);
	fprintf(stderr, "crossdockctl: %u bridge%s, %u port%s; ", bridges, bridges == 1 ? "" : "s",
		ports, ports == 1 ? "" : "s");
	if (lines)
		fprintf(stderr, "%zu thing%s do%s not carry over: read the comments at the top\n",
			lines, lines == 1 ? "" : "s", lines == 1 ? "es" : "");
	else
		fprintf(stderr, "all of it carries over\n");
}

/* A path that is a file's, or the remote of a server. */
static int
import_from(
	const char *db, const char *run_dir, struct xd_ovsdb_import *import, struct xd_error *err)
{
	char remote[sizeof("unix:") + PATH_MAX];
	struct stat st;

	if (stat(db, &st) == 0 && S_ISREG(st.st_mode))
		return import_file(db, run_dir, import, err);
	snprintf(remote, sizeof(remote), "%s%s", strchr(db, ':') ? "" : "unix:", db);
	return import_server(remote, run_dir, import, err);
}

int
import_ovs(struct ctl *ctl, const struct command *command, int argc, char **argv)
{
	const char *run_dir = getenv("OVS_RUNDIR");
	struct xd_ovsdb_import import;
	struct xd_error err;
	char usual[PATH_MAX];
	int status;

	(void)command;
	(void)argc;
	(void)argv;
	if (!run_dir || !run_dir[0])
		run_dir = XD_OVSDB_RUN_DIR;
	snprintf(usual, sizeof(usual), "%s/db.sock", run_dir);
	status = import_from(ctl->db ? ctl->db : usual, run_dir, &import, &err);
	if (status)
		return status;
	print(ctl, ctl->db ? ctl->db : usual, &import);
	xd_daemon_config_destroy(import.config);
	json_decref(import.left_out);
	return CTL_DONE;
}
