/* SPDX-License-Identifier: BSD-3-Clause */
/* --help, made from the table of commands and those of keys. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "control/daemon_config.h"

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
help_noun(const struct ctl *ctl, const char *noun)
{
	bool found = false;

	for (const struct command *c = ctl->commands; c->noun; c++) {
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
command_help(const struct ctl *ctl, const char *noun)
{
	if (noun)
		return help_noun(ctl, noun);
	printf("usage: crossdockctl [--control SOCKET] [--json] NOUN VERB [ARGUMENTS]\n"
	       "\n"
	       "Asks and changes a running crossdockd. Without NOUN, on a terminal: a shell.\n"
	       "\n");
	for (const struct command *c = ctl->commands; c->noun; c++) {
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
	       "  -n, --dry-run          worker balance: only tell which queues would be moved\n"
	       "  -x, --xstats           port show: what the device itself counts\n"
	       "  -D, --db DATABASE      import ovs: a server's socket, unix:PATH, "
	       "tcp:ADDRESS:PORT, or a\n"
	       "                         database file\n"
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
