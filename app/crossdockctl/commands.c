/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands: those of every noun that has entries, made from the table of nouns, and those that
 * are about one in particular. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"

#define BRIDGE                                                                                     \
	{                                                                                          \
		WORD_NAME, &xd_bridge_noun                                                         \
	}
#define MIRROR                                                                                     \
	{                                                                                          \
		WORD_NAME, &xd_mirror_noun                                                         \
	}
#define PORT                                                                                       \
	{                                                                                          \
		WORD_NAME, &xd_port_noun                                                           \
	}

/* What is about one noun in particular. */
static const struct command fixed[] = {
	{"port", "show", "[NAME]",
		"ports and their counters; with NAME, all about one; with --detail, what came in "
		"by kind and size; with --xstats, what the device itself counts",
		"vm1", 0, 1, {PORT}, "port.show", NULL, NULL, port_show, NULL},
	{"bridge", "show", "[NAME]", "bridges and their address tables", NULL, 0, 1, {BRIDGE},
		"bridge.show", NULL, NULL, bridge_show, NULL},
	{"mirror", "show", "[NAME]",
		"mirrors: what they copy to where, and how many frames they did", NULL, 0, 1,
		{MIRROR}, "mirror.show", NULL, NULL, mirror_show, NULL},
	{"bond", "show", "[NAME]", "bonds: their members, and which of them carry frames", NULL, 0,
		1, {PORT}, "bond.show", name_params, bond_print, NULL, NULL},
	{"bond", "set-active", "BOND MEMBER",
		"have that member of a bond of mode active-backup carry its frames, without a loss",
		"uplink nic1", 2, 2, {PORT, PORT}, "bond.set-active", bond_active_params,
		bond_print, NULL, NULL},
	{"fdb", "show", "[BRIDGE] [port=NAME] [vlan=N] [limit=N]", "addresses, learned and static",
		"br0 port=vm1", 0, 4, {BRIDGE}, "fdb.show", NULL, NULL, fdb_show, NULL},
	{"fdb", "add", "BRIDGE MAC PORT [vlan=N]",
		"say for good where an address is; it neither ages nor moves",
		"br0 52:54:00:12:34:56 vm1", 3, 4, {BRIDGE, {WORD_NONE, NULL}, PORT}, "fdb.add",
		fdb_add_params, NULL, NULL, NULL},
	{"fdb", "del", "BRIDGE MAC [vlan=N]", "forget what was added, in one VLAN or in all",
		"br0 52:54:00:12:34:56", 2, 3, {BRIDGE}, "fdb.del", fdb_del_params, NULL, NULL,
		NULL},
	{"fdb", "flush", "BRIDGE [PORT] [static=yes]",
		"forget learned addresses; with static=yes, those that were added too", "br0 vm1",
		1, 3, {BRIDGE, PORT}, "fdb.flush", fdb_flush_params, NULL, NULL, NULL},
	{"nic", "list", "",
		"the host's network cards, and what to type so that crossdock can have each; needs "
		"no crossdockd",
		NULL, 0, 0, {{0}}, NULL, NULL, NULL, nic_list, NULL},
	{"worker", "show", "",
		"workers: load, cycles, frames, and the queues that each polls with theirs", NULL,
		0, 0, {{0}}, "worker.show", NULL, worker_print, NULL, NULL},
	{"worker", "balance", "[--dry-run]",
		"move queues from busy workers to others; with --dry-run, only tell which",
		"--dry-run", 0, 1, {{0}}, "worker.balance", balance_params, balance_print, NULL,
		NULL},
	{"memory", "show", "", "memory in use, by NUMA node and pool, and frames that cross nodes",
		NULL, 0, 0, {{0}}, "memory.show", NULL, memory_print, NULL, NULL},
	{"stats", "show", "[PORT]", "counters of ports; with --interval SECONDS, rates",
		"vm1 --interval 1", 0, 1, {PORT}, "stats.show", port_params, NULL, stats_show,
		NULL},
	{"stats", "drops", "[PORT]",
		"frames dropped, by port, queue and reason, and so many a second",
		"vm1 --interval 5", 0, 1, {PORT}, "stats.drops", port_params, NULL, stats_drops,
		NULL},
	{"log", "show", "", "log levels and the last lines", NULL, 0, 0, {{0}}, "log.show", NULL,
		log_print, NULL, NULL},
	{"log", "set", "[COMPONENT] LEVEL", "set the level of one component, or of all",
		"vhost debug", 1, 2, {{WORD_COMPONENT, NULL}, {WORD_LEVEL, NULL}}, "log.set",
		log_set_params, NULL, NULL, NULL},
	{"config", "show", "", "the running configuration, as YAML", NULL, 0, 0, {{0}},
		"config.show", NULL, config_print_show, NULL, NULL},
	{"config", "check", "FILE",
		"tell whether a configuration is valid (FILE - is standard input)",
		"crossdock.yaml", 1, 1, {{WORD_FILE, NULL}}, "config.check", config_params,
		config_print_check, NULL, NULL},
	{"config", "diff", "FILE", "what applying FILE would change", "crossdock.yaml", 1, 1,
		{{WORD_FILE, NULL}}, "config.diff", config_params, config_print_diff, NULL, NULL},
	{"config", "apply", "FILE", "make FILE the running configuration, wholly or not at all",
		"crossdock.yaml", 1, 1, {{WORD_FILE, NULL}}, "config.apply", config_params,
		config_print_changed, NULL, NULL},
	{"import", "ovs", "[--db DATABASE]",
		"a running Open vSwitch's bridges and ports as a configuration file, with a "
		"comment "
		"for each thing that does not carry over; needs no crossdockd",
		"--db /var/run/openvswitch/db.sock >crossdock.yaml", 0, 0, {{0}}, NULL, NULL, NULL,
		import_ovs, NULL},
	{"daemon", "status", "", "version, process and files of crossdockd", NULL, 0, 0, {{0}},
		"daemon.status", NULL, status_print, NULL, NULL},
};

/* What a command that is made points to; args: unless those of its verb will do. */
struct texts {
	char method[48], help[160], example[160];
	const char *args;
};

#define HELP(texts, ...)    snprintf((texts)->help, sizeof((texts)->help), __VA_ARGS__)
#define EXAMPLE(texts, ...) snprintf((texts)->example, sizeof((texts)->example), __VA_ARGS__)

static void
describe_show(struct texts *texts, const struct xd_noun *noun)
{
	HELP(texts, "%s and their settings; with NAME, one alone", noun->section);
}

/* Whether an entry is nothing without some of its keys: a type, or what it refers to. */
static bool
needs_keys(const struct xd_noun *noun)
{
	for (const struct xd_key *key = noun->keys; key->name; key++) {
		if (key->noun && !key->unset)
			return true;
	}
	return noun->more != NULL;
}

static void
describe_add(struct texts *texts, const struct xd_noun *noun)
{
	texts->args = needs_keys(noun) ? "NAME KEY=VALUE..." : NULL;
	HELP(texts, "add a %s", noun->name);
	EXAMPLE(texts, "%s %s", noun->example.name, noun->example.add);
}

static void
describe_set(struct texts *texts, const struct xd_noun *noun)
{
	HELP(texts, "change settings of a %s", noun->name);
	EXAMPLE(texts, "%s %s", noun->example.name, noun->example.set);
}

/* The section of a noun whose entries name this one's, or NULL. */
static const char *
named_by(const struct xd_noun *noun)
{
	for (unsigned n = 0; xd_nouns[n]; n++) {
		for (const struct xd_key *key = xd_nouns[n]->keys; key->name; key++) {
			if (key->noun && !strcmp(key->noun, noun->name))
				return xd_nouns[n]->section;
		}
	}
	return NULL;
}

static void
describe_del(struct texts *texts, const struct xd_noun *noun)
{
	const char *by = named_by(noun);

	HELP(texts, "delete a %s%s%s", noun->name, by ? " that has no " : "", by ? by : "");
	EXAMPLE(texts, "%s", noun->example.name);
}

static void
describe_rename(struct texts *texts, const struct xd_noun *noun)
{
	HELP(texts, "give a %s another name%s%s", noun->name, noun->renamed ? "; " : "",
		noun->renamed ? noun->renamed : "");
	EXAMPLE(texts, "%s new-%s", noun->example.name, noun->example.name);
}

/* By verb, for each noun that has entries. A noun's own command of that verb goes before. */
static const struct {
	struct command command;
	void (*describe)(struct texts *texts, const struct xd_noun *noun);
} by_noun[] = {
	{{.verb = "show",
		 .args = "[NAME]",
		 .max_args = 1,
		 .words = {{WORD_NAME, NULL}},
		 .run = entry_show},
		describe_show},
	{{.verb = "add",
		 .args = "NAME [KEY=VALUE...]",
		 .min_args = 1,
		 .max_args = 64,
		 .words = {{WORD_NONE, NULL}, {WORD_KEYS, NULL}},
		 .params = entry_params,
		 .print = config_print_changed},
		describe_add},
	{{.verb = "set",
		 .args = "NAME KEY=VALUE...",
		 .min_args = 2,
		 .max_args = 64,
		 .words = {{WORD_NAME, NULL}, {WORD_KEYS, NULL}},
		 .params = entry_params,
		 .print = config_print_changed},
		describe_set},
	{{.verb = "del",
		 .args = "NAME",
		 .min_args = 1,
		 .max_args = 1,
		 .words = {{WORD_NAME, NULL}},
		 .params = name_params,
		 .print = config_print_changed},
		describe_del},
	{{.verb = "rename",
		 .args = "NAME NEW",
		 .min_args = 2,
		 .max_args = 2,
		 .words = {{WORD_NAME, NULL}},
		 .params = rename_params,
		 .print = config_print_changed},
		describe_rename},
};

#define NB_FIXED   (sizeof(fixed) / sizeof(*fixed))
#define NB_BY_NOUN (sizeof(by_noun) / sizeof(*by_noun))

static const struct command *
find_fixed(const char *noun, const char *verb)
{
	for (unsigned i = 0; i < NB_FIXED; i++) {
		if (!strcmp(fixed[i].noun, noun) && !strcmp(fixed[i].verb, verb))
			return &fixed[i];
	}
	return NULL;
}

static void
make(struct command *to, struct texts *texts, const struct xd_noun *noun, unsigned verb)
{
	const struct command *own = find_fixed(noun->name, by_noun[verb].command.verb);

	*to = own ? *own : by_noun[verb].command;
	to->entries = noun;
	for (unsigned i = 0; i < 3; i++)
		to->words[i].noun = noun;
	if (own)
		return;
	by_noun[verb].describe(texts, noun);
	snprintf(texts->method, sizeof(texts->method), "%s.%s", noun->name, to->verb);
	to->noun = noun->name;
	to->args = texts->args ? texts->args : to->args;
	to->method = texts->method;
	to->help = texts->help;
	to->example = texts->example[0] ? texts->example : NULL;
}

struct command *
commands_create(void)
{
	unsigned nb_nouns = 0, n = 0;
	struct command *commands;
	struct texts *texts;

	while (xd_nouns[nb_nouns])
		nb_nouns++;
	commands = calloc(1, (NB_FIXED + nb_nouns * NB_BY_NOUN + 1) * sizeof(*commands) +
				     nb_nouns * NB_BY_NOUN * sizeof(*texts));
	if (!commands)
		return NULL;
	texts = (struct texts *)&commands[NB_FIXED + nb_nouns * NB_BY_NOUN + 1];
	for (unsigned i = 0; i < nb_nouns * NB_BY_NOUN; i++) {
		const struct xd_noun *noun = xd_nouns[i / NB_BY_NOUN];

		if (noun->size)
			make(&commands[n++], texts++, noun, i % NB_BY_NOUN);
	}
	for (unsigned i = 0; i < NB_FIXED; i++) {
		const struct xd_noun *noun = xd_noun_find(fixed[i].noun);

		if (!noun || !noun->size)
			commands[n++] = fixed[i];
	}
	return commands;
}

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
command_nouns(const struct ctl *ctl, const char *nouns[25])
{
	memset(nouns, 0, 25 * sizeof(*nouns));
	for (const struct command *c = ctl->commands; c->noun; c++)
		add_word(nouns, c->noun);
}

void
command_verbs(const struct ctl *ctl, const char *noun, const char *verbs[25])
{
	memset(verbs, 0, 25 * sizeof(*verbs));
	for (const struct command *c = ctl->commands; c->noun; c++) {
		if (!strcmp(c->noun, noun))
			add_word(verbs, c->verb);
	}
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
find(const struct ctl *ctl, int argc, char **argv, int *status)
{
	const char *words[25];

	*status = CTL_USAGE;
	command_verbs(ctl, argv[0], words);
	if (!words[0]) {
		command_nouns(ctl, words);
		unknown_word("noun", argv[0], words);
		return NULL;
	}
	if (argc < 2) {
		ctl_usage("%s what? See crossdockctl %s --help", argv[0], argv[0]);
		return NULL;
	}
	for (const struct command *c = ctl->commands; c->noun; c++) {
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

	command = find(ctl, argc, argv, &status);
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
