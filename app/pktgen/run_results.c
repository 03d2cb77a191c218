/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a run: the command line noted in the results, JSON and CSV written, and the exit
 * status by the conditions of --fail-if. */
#include "run_results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

void
run_results_describe(struct xd_results *results, const struct options *o, int argc, char **argv)
{
	size_t used = 0;

	for (int i = 0; i < argc && used < sizeof(results->command); i++)
		used += (size_t)snprintf(results->command + used, sizeof(results->command) - used,
			"%s%s", i ? " " : "", i ? argv[i] : "crossdock-pktgen");
	if (o->label)
		snprintf(results->label, sizeof(results->label), "%s", o->label);
}

/* Whether a file can be made where `path` says. It is renamed into its place, so that this has to
 * be a file, and no device. */
static int
check_output(const char *option, const char *path, struct xd_error *err)
{
	char directory[4096] = ".", target[4096];
	const char *slash;
	struct stat st;
	int rc;

	if (!strcmp(path, "-"))
		return 0;
	rc = xd_results_target(path, target, sizeof(target), option, err);
	if (rc)
		return -EINVAL;
	slash = strrchr(target, '/');
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return xd_fail(err, -EINVAL, "%s %s: is no file; give the name of one, or -",
			option, path);
	if (slash)
		snprintf(directory, sizeof(directory), "%.*s",
			slash == target ? 1 : (int)(slash - target), target);
	if (access(directory, W_OK | X_OK))
		return xd_fail(err, -EINVAL, "%s %s: cannot write there: %s", option, path,
			strerror(errno));
	return 0;
}

int
run_results_check(const struct options *o, struct xd_error *err)
{
	int rc = o->json ? check_output("--json", o->json, err) : 0;

	if (!rc && o->csv)
		rc = check_output("--csv", o->csv, err);
	return rc;
}

/* Writes one file; text is freed. */
static int
write_text(char *text, const char *option, const char *path)
{
	struct xd_error err = {0};
	int rc = -ENOMEM;

	if (text)
		rc = xd_results_write(text, option, path, &err);
	else
		xd_fail(&err, rc, "%s %s: no memory for the results", option, path);
	free(text);
	if (rc)
		fprintf(stderr, "crossdock-pktgen: %s\n", err.text);
	return rc;
}

static bool
write_files(const struct options *o, const struct xd_results *results)
{
	bool good = true;

	if (o->json)
		good = write_text(xd_results_json(results), "--json", o->json) == 0;
	if (o->csv)
		good = write_text(xd_results_csv(results), "--csv", o->csv) == 0 && good;
	return good;
}

/* Whether none of the conditions is met; says which one is. */
static bool
check_conditions(const struct options *o, const struct xd_results *results)
{
	char text[512] = "";

	if (!o->nb_fail_if ||
		xd_fail_if_meet(o->fail_if, o->nb_fail_if, results, text, sizeof(text)) == -1)
		return true;
	fprintf(stderr, "crossdock-pktgen: %s\n", text);
	return false;
}

int
run_results_finish(const struct options *o, struct xd_results *results, const struct run_end *end)
{
	int status = EXIT_SUCCESS;

	if (end->rc) {
		status = end->interrupted ? EXIT_INTERRUPT
					  : (end->rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE);
		results->partial = true;
		snprintf(results->reason, sizeof(results->reason), "%.255s",
			end->interrupted ? "interrupted" : end->text);
		fprintf(stderr, "crossdock-pktgen: %s\n",
			end->interrupted ? "interrupted" : end->text);
	}
	/* What was wrong with the command leaves an earlier file alone. */
	if (end->measured && (results->n || status != EXIT_USAGE) && !write_files(o, results) &&
		!status)
		status = EXIT_FAILURE;
	/* A run that was cut short has failed as it is. */
	if (!status && !check_conditions(o, results))
		status = EXIT_CONDITION;
	return status;
}
