/* SPDX-License-Identifier: BSD-3-Clause */
#include "run_eal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crossdock.h"

static void
on_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)ctx;
	(void)component;
	fprintf(stderr, "crossdock-pktgen: %s: %s\n", xd_log_level_name(level), line);
}

/* The EAL prints pages of usage, and alerts, past its own log. Puts a stream aside, and returns
 * what brings it back; -1: it stays. */
static int
silence(FILE *stream)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kept = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);

	fflush(stream);
	if (null >= 0 && kept >= 0)
		dup2(null, fileno(stream));
	if (null >= 0)
		close(null);
	return kept;
}

static void
restore(FILE *stream, int kept)
{
	if (kept < 0)
		return;
	fflush(stream);
	dup2(kept, fileno(stream));
	close(kept);
}

/* Adds the options to what is wrong: it may be one of them, and the EAL does not always say. */
static void
name_args(char *const *args, unsigned nb_args, struct xd_error *err)
{
	size_t used = strlen(err->text);

	if (nb_args && used && err->text[used - 1] == '.')
		used--;
	for (unsigned i = 0; i < nb_args && used < sizeof(err->text); i++)
		used += (size_t)snprintf(err->text + used, sizeof(err->text) - used, "%s%s",
			i ? " " : "; EAL options given: ", args[i]);
}

int
run_eal_start(struct xd_log *log, const char *program, char *const *args, unsigned nb_args,
	struct xd_error *err)
{
	struct xd_memory_opts opts = {
		.program = program,
		.eal_args = args,
		.nb_eal_args = nb_args,
		.log = log,
	};
	int out, errors, rc;

	xd_log_init(log, on_log, NULL, XD_LOG_WARN);
	out = silence(stdout);
	errors = silence(stderr);
	rc = xd_memory_start(&opts, err);
	restore(stderr, errors);
	restore(stdout, out);
	if (rc)
		name_args(args, nb_args, err);
	return rc;
}
