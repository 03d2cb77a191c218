/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts the EAL for ports of type dpdk, with the options that were given behind --. */
#include "run_eal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crossdock.h"

static void
on_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)ctx;
	(void)component;
	fprintf(stderr, "crossdock-pktgen: %s: %s\n", xd_log_level_name(level), line);
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
run_eal_start(const char *program, char *const *args, unsigned nb_args, struct xd_error *err)
{
	struct xd_log log;
	struct xd_memory_opts opts = {
		.size = sizeof(opts),
		.program = program,
		.eal_args = args,
		.nb_eal_args = nb_args,
		.log = &log,
	};
	int rc;

	xd_log_init(&log, on_log, NULL, XD_LOG_WARN);
	rc = xd_memory_start(&opts, err);
	if (rc)
		name_args(args, nb_args, err);
	return rc;
}
