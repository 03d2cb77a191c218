/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands, and --help made from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"
#include "control/daemon_config.h"

const struct command commands[] = {
	{"port", "show", "[NAME]",
		"ports and their counters; with NAME, all about one; with --detail, what came in "
		"by "
		"kind and size",
		"vm1", 0, 1, {WORD_PORT}, "port.show", NULL, NULL, port_show},
	{"port", "add", "NAME KEY=VALUE...", "add a port",
		"vm3 type=vhost-user bridge=br0 path=/run/crossdock/vm3.sock", 1, 64,
		{WORD_NONE, WORD_PORT_KEYS}, "port.add", entry_params, config_print_changed, NULL},
	{"port", "set", "NAME KEY=VALUE...", "change settings of a port",
		"vm3 full=wait wait_us=500 macs=52:54:00:12:34:56", 2, 64,
		{WORD_PORT, WORD_PORT_KEYS}, "port.set", entry_params, config_print_changed, NULL},
	{"port", "del", "NAME", "delete a port", "vm3", 1, 1, {WORD_PORT}, "port.del", name_params,
		config_print_changed, NULL},
	{"port", "rename", "NAME NEW", "give a port another name; its guest stays connected",
		"vm3 web1", 2, 2, {WORD_PORT, WORD_NONE}, "port.rename", rename_params,
		config_print_changed, NULL},
	{"bridge", "show", "[NAME]", "bridges and their address tables", NULL, 0, 1, {WORD_BRIDGE},
		"bridge.show", NULL, NULL, bridge_show},
	{"bridge", "add", "NAME [KEY=VALUE...]", "add a bridge", "br1 ageing_s=60", 1, 64,
		{WORD_NONE, WORD_BRIDGE_KEYS}, "bridge.add", entry_params, config_print_changed,
		NULL},
	{"bridge", "set", "NAME KEY=VALUE...", "change settings of a bridge",
		"br0 mac_limit=1000000", 2, 64, {WORD_BRIDGE, WORD_BRIDGE_KEYS}, "bridge.set",
		entry_params, config_print_changed, NULL},
	{"bridge", "del", "NAME", "delete a bridge that has no ports", "br1", 1, 1, {WORD_BRIDGE},
		"bridge.del", name_params, config_print_changed, NULL},
	{"fdb", "show", "[BRIDGE] [port=NAME] [vlan=N] [limit=N]", "learned addresses",
		"br0 port=vm1", 0, 4, {WORD_BRIDGE}, "fdb.show", NULL, NULL, fdb_show},
	{"fdb", "flush", "BRIDGE [PORT]", "forget learned addresses", "br0 vm1", 1, 2,
		{WORD_BRIDGE, WORD_PORT}, "fdb.flush", fdb_flush_params, NULL, NULL},
	{"worker", "show", "", "workers: cycles, frames and the queues that each polls", NULL, 0, 0,
		{WORD_NONE}, "worker.show", NULL, worker_print, NULL},
	{"memory", "show", "", "memory in use", NULL, 0, 0, {WORD_NONE}, "memory.show", NULL,
		memory_print, NULL},
	{"stats", "show", "[PORT]", "counters of ports; with --interval SECONDS, rates",
		"vm1 --interval 1", 0, 1, {WORD_PORT}, "stats.show", port_params, NULL, stats_show},
	{"stats", "drops", "[PORT]",
		"frames dropped, by port, queue and reason, and so many a second",
		"vm1 --interval 5", 0, 1, {WORD_PORT}, "stats.drops", port_params, NULL,
		stats_drops},
	{"log", "show", "", "log levels and the last lines", NULL, 0, 0, {WORD_NONE}, "log.show",
		NULL, log_print, NULL},
	{"log", "set", "[COMPONENT] LEVEL", "set the level of one component, or of all",
		"vhost debug", 1, 2, {WORD_COMPONENT, WORD_LEVEL}, "log.set", log_set_params, NULL,
		NULL},
	{"config", "show", "", "the running configuration, as YAML", NULL, 0, 0, {WORD_NONE},
		"config.show", NULL, config_print_show, NULL},
	{"config", "check", "FILE",
		"tell whether a configuration is valid (FILE - is standard input)",
		"crossdock.yaml", 1, 1, {WORD_FILE}, "config.check", config_params,
		config_print_check, NULL},
	{"config", "diff", "FILE", "what applying FILE would change", "crossdock.yaml", 1, 1,
		{WORD_FILE}, "config.diff", config_params, config_print_diff, NULL},
	{"config", "apply", "FILE", "make FILE the running configuration, wholly or not at all",
		"crossdock.yaml", 1, 1, {WORD_FILE}, "config.apply", config_params,
		config_print_changed, NULL},
	{"daemon", "status", "", "version, process and files of crossdockd", NULL, 0, 0,
		{WORD_NONE}, "daemon.status", NULL, status_print, NULL},
	{0},
};

/* ---- Words ---- */

static void
add_word(const char *words[25], const char *word)
{
	unsigned i = 0;

	while (words[i] && strcmp(words[i], word))
		i++;
	if (i < 24)
		words[i] = word;
}

void
command_nouns(const char *nouns[25])
{
	memset(nouns, 0, 25 * sizeof(*nouns));
	for (const struct command *c = commands; c->noun; c++)
		add_word(nouns, c->noun);
}

void
command_verbs(const char *noun, const char *verbs[25])
{
	memset(verbs, 0, 25 * sizeof(*verbs));
	for (const struct command *c = commands; c->noun; c++) {
		if (!strcmp(c->noun, noun))
			add_word(verbs, c->verb);
	}
}

/* ---- Help ---- */

static void
help_keys(const struct xd_noun *noun, const struct xd_key *keys, const char *type)
{
	char values[XD_KEY_VALUES];

	for (; keys->name; keys++)
		printf("  %-13s %s%s%s%s\n", keys->name, xd_noun_values(noun, keys, values),
			type ? " (type " : "", type ? type : "", type ? ")" : "");
}

static void
help_all_keys(const struct xd_noun *noun)
{
	const struct xd_key *keys;
	const char *type;

	printf("\nkeys of a %s:\n", noun->name);
	help_keys(noun, noun->keys, NULL);
	for (unsigned i = 0; noun->type && (keys = noun->type(i, &type)); i++)
		help_keys(noun, keys, type);
}

static int
help_noun(const char *noun)
{
	bool found = false;

	for (const struct command *c = commands; c->noun; c++) {
		char usage[96];

		if (strcmp(c->noun, noun))
			continue;
		if (!found)
			printf("usage:\n");
		found = true;
		snprintf(usage, sizeof(usage), "%s %s %s", c->noun, c->verb, c->args);
		printf("  crossdockctl %s\n        %s\n", usage, c->help);
		if (c->example)
			printf("        crossdockctl %s %s %s\n", c->noun, c->verb, c->example);
	}
	for (unsigned i = 0; found && xd_nouns[i]; i++) {
		if (xd_nouns[i]->size && !strcmp(xd_nouns[i]->name, noun))
			help_all_keys(xd_nouns[i]);
	}
	return found ? CTL_DONE : CTL_USAGE;
}

int
command_help(const char *noun)
{
	if (noun)
		return help_noun(noun);
	printf("usage: crossdockctl [--control SOCKET] [--json] NOUN VERB [ARGUMENTS]\n"
	       "\n"
	       "Asks and changes a running crossdockd. Without NOUN, on a terminal: a shell.\n"
	       "\n");
	for (const struct command *c = commands; c->noun; c++) {
		char usage[96];

		snprintf(usage, sizeof(usage), "%s %s %s", c->noun, c->verb, c->args);
		if (strlen(usage) < 30)
			printf("  %-29s %s\n", usage, c->help);
		else
			printf("  %s\n%32s%s\n", usage, "", c->help);
	}
	printf("\n"
	       "  -C, --control SOCKET   instead of $CROSSDOCK_CONTROL or " XD_CONTROL_PATH "\n"
	       "  -j, --json             print JSON\n"
	       "  -i, --interval SECONDS stats show: rates over so long; stats drops: 1, or 0 for\n"
	       "                         counts alone\n"
	       "  -d, --detail           port show: what came in by kind and size\n"
	       "  -V, --version          print the version\n"
	       "  -h, --help             print this; after a NOUN, more about it\n"
	       "\n"
	       "  crossdockctl port add vm3 type=vhost-user bridge=br0 "
	       "path=/run/crossdock/vm3.sock\n"
	       "  crossdockctl port set vm3 mtu=9000\n"
	       "  crossdockctl --json worker show\n"
	       "  crossdockctl stats show --interval 1\n"
	       "  crossdockctl stats drops vm3\n");
	return CTL_DONE;
}

/* ---- Running ---- */

static int
unknown_word(const char *what, const char *word, const char *const *words)
{
	char hint[300];

	return ctl_usage("there is no %s \"%s\"%s", what, word,
		xd_suggest_hint(word, words, hint, sizeof(hint)));
}

static const struct command *
find(int argc, char **argv, int *status)
{
	const char *words[25];

	*status = CTL_USAGE;
	command_verbs(argv[0], words);
	if (!words[0]) {
		command_nouns(words);
		unknown_word("noun", argv[0], words);
		return NULL;
	}
	if (argc < 2) {
		ctl_usage("%s what? See crossdockctl %s --help", argv[0], argv[0]);
		return NULL;
	}
	for (const struct command *c = commands; c->noun; c++) {
		if (!strcmp(c->noun, argv[0]) && !strcmp(c->verb, argv[1]))
			return c;
	}
	unknown_word("verb", argv[1], words);
	return NULL;
}

void
command_print_json(const json_t *result)
{
	json_dumpf(result, stdout, JSON_INDENT(2));
	putchar('\n');
}

int
command_run(struct ctl *ctl, int argc, char **argv)
{
	json_t *params = NULL, *result;
	const struct command *command;
	int status;

	command = find(argc, argv, &status);
	if (!command)
		return status;
	argc -= 2;
	argv += 2;
	if (argc < command->min_args || argc > command->max_args)
		return ctl_usage("usage: crossdockctl %s %s %s", command->noun, command->verb,
			command->args);
	ctl->file = NULL;
	if (command->run)
		return command->run(ctl, command, argc, argv);
	if (command->params) {
		params = command->params(ctl, argc, argv);
		if (!params)
			return CTL_USAGE;
	}
	result = ctl_call(ctl, command->method, params);
	if (!result)
		return ctl->status;
	if (ctl->json)
		command_print_json(result);
	else if (command->print)
		command->print(result);
	json_decref(result);
	return CTL_DONE;
}

int
command_pairs(json_t *object, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		char key[64];

		if (!equals || equals == argv[i] || equals - argv[i] >= (int)sizeof(key))
			return ctl_usage("\"%s\" is not KEY=VALUE", argv[i]);
		snprintf(key, sizeof(key), "%.*s", (int)(equals - argv[i]), argv[i]);
		if (json_object_get(object, key))
			return ctl_usage("%s is given twice", key);
		if (json_object_set_new(object, key, json_string(equals + 1)))
			return ctl_usage("the value of %s is not UTF-8 text", key);
	}
	return 0;
}
