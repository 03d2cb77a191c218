/* SPDX-License-Identifier: BSD-3-Clause */
/* crossdockctl: asks a running crossdockd over its control socket. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "complete.h"
#include "control/daemon_config.h"
#include "control/standard_output.h"
#include "crossdock.h"
#include "shell.h"

#define MAX_INTERVAL_S 86400

/* For the completion of bash: crossdockctl --complete WORD... PREFIX. */
static int
print_completion(struct ctl *ctl, int argc, char **argv)
{
	json_t *list, *word;
	size_t i;

	if (argc < 1)
		return CTL_USAGE;
	list = complete(ctl, argc - 1, argv, argv[argc - 1], false);
	json_array_foreach(list, i, word) puts(json_string_value(word));
	json_decref(list);
	return CTL_DONE;
}

static int
set_interval(struct ctl *ctl, const char *text)
{
	char *end;

	ctl->interval_s = strtod(text, &end);
	if (end == text || *end || !(ctl->interval_s >= 0 && ctl->interval_s <= MAX_INTERVAL_S))
		return ctl_usage("--interval %s: must be 0 to %d seconds", text, MAX_INTERVAL_S);
	return 0;
}

enum action { ACTION_RUN, ACTION_HELP, ACTION_COMPLETE, ACTION_END };

static enum action
parse_options(struct ctl *ctl, int argc, char **argv)
{
	static const struct option known[] = {{"control", required_argument, NULL, 'C'},
		{"json", no_argument, NULL, 'j'}, {"interval", required_argument, NULL, 'i'},
		{"detail", no_argument, NULL, 'd'}, {"dry-run", no_argument, NULL, 'n'},
		{"xstats", no_argument, NULL, 'x'}, {"db", required_argument, NULL, 'D'},
		{"complete", no_argument, NULL, 'c'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {0}};
	enum action action = ACTION_RUN;
	int option;

	while ((option = getopt_long(argc, argv, "C:D:ji:dnxVh", known, NULL)) != -1) {
		switch (option) {
		case 'C':
			ctl->socket = optarg;
			break;
		case 'D':
			ctl->db = optarg;
			break;
		case 'd':
			ctl->detail = true;
			break;
		case 'n':
			ctl->dry_run = true;
			break;
		case 'x':
			ctl->xstats = true;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 'i':
			ctl->status = set_interval(ctl, optarg);
			if (ctl->status)
				return ACTION_END;
			break;
		case 'c':
			/* What follows is the user's line, options and all. */
			return ACTION_COMPLETE;
		case 'V':
			printf("crossdockctl %s\n", xd_version());
			return ACTION_END;
		case 'h':
			action = ACTION_HELP;
			break;
		default:
			ctl->status = ctl_usage("see crossdockctl --help");
			return ACTION_END;
		}
	}
	return action;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	switch (parse_options(ctl, argc, argv)) {
	case ACTION_END:
		return ctl->status;
	case ACTION_COMPLETE:
		return print_completion(ctl, argc - optind, argv + optind);
	case ACTION_HELP:
		if (command_help(ctl, argv[optind]))
			return ctl_usage("there is no noun \"%s\"", argv[optind]);
		return CTL_DONE;
	case ACTION_RUN:
		break;
	}
	if (optind < argc)
		return command_run(ctl, argc - optind, argv + optind);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return shell_run(ctl);
	return ctl_usage("what? See crossdockctl --help");
}

int
main(int argc, char **argv)
{
	const char *socket = getenv("CROSSDOCK_CONTROL");
	struct ctl ctl = {
		.socket = socket && socket[0] ? socket : XD_CONTROL_PATH, .interval_s = -1};
	struct command *commands = commands_create();
	int status;

	ctl.commands = commands;
	xd_standard_reserve();
	status = commands ? run(&ctl, argc, argv) : ctl_usage("no memory");
	ctl_disconnect(&ctl);
	free(commands);
	if (xd_standard_finish("crossdockctl") && status == CTL_DONE)
		return CTL_USAGE;
	return status;
}
