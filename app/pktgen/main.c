/* SPDX-License-Identifier: BSD-3-Clause */
/* crossdock-pktgen, the traffic generator: reads the command line, then runs an engine (run.c),
 * writes a report (report/), or prints help. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"
#include "options.h"
#include "report/report.h"
#include "run.h"

static int
show_help(const struct command *command)
{
	char report[] = "report", help[] = "--help";
	char *argv[] = {report, help, NULL};

	if (command->kind == COMMAND_REPORT)
		return report_main(2, argv);
	options_help(command, stdout);
	return EXIT_SUCCESS;
}

/* What was printed and got lost makes a success a failure; the exit status. */
static int
check_output(int status)
{
	bool lost = ferror(stdout); /* some time ago */
	int code = fflush(stdout) ? errno : EIO;

	if (status != EXIT_SUCCESS || (!lost && !ferror(stdout)))
		return status;
	fprintf(stderr, "crossdock-pktgen: cannot write to standard output: %s\n", strerror(code));
	return EXIT_FAILURE;
}

static int
run_command(int argc, char **argv)
{
	struct options options;
	struct xd_error err = {0};
	int status;

	/* For the shell: config/bash-completion. */
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		options_complete(argc - 2, argv + 2, stdout);
		return EXIT_SUCCESS;
	}
	if (options_parse(&options, argc, argv, &err)) {
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
		status = EXIT_USAGE;
	} else if (options.command.kind == COMMAND_HELP) {
		status = show_help(&options.help_for);
	} else if (options.command.kind == COMMAND_VERSION) {
		printf("crossdock-pktgen %s\n", xd_version());
		status = EXIT_SUCCESS;
	} else if (options.command.kind == COMMAND_REPORT) {
		status = report_main(argc - 1, argv + 1);
	} else if (options.command.engine->main) {
		status = options.command.engine->main(&options, argc, argv);
	} else {
		status = run_main(&options, argc, argv);
	}
	options_fini(&options);
	return status;
}

int
main(int argc, char **argv)
{
	return check_output(run_command(argc, argv));
}
