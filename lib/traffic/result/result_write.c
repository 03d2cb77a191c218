/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traffic/result/result.h"

static int
write_file(const char *text, const char *end, const char *option, const char *path,
	struct xd_error *err)
{
	char aside[4096];
	FILE *file;
	int bad;

	if ((size_t)snprintf(aside, sizeof(aside), "%s.%d", path, (int)getpid()) >= sizeof(aside))
		return xd_fail(err, -ENAMETOOLONG, "%s: the file name is too long", option);
	file = fopen(aside, "we");
	if (!file)
		return xd_fail(err, -errno, "%s %s: %s", option, path, strerror(errno));
	bad = fputs(text, file) < 0 || fputs(end, file) < 0;
	bad |= fclose(file) != 0;
	if (bad || rename(aside, path)) {
		int rc = -errno;

		unlink(aside);
		return xd_fail(err, rc, "%s %s: %s", option, path, strerror(-rc));
	}
	return 0;
}

int
xd_results_write(const char *text, const char *option, const char *path, struct xd_error *err)
{
	size_t len = strlen(text);
	const char *end = len && text[len - 1] == '\n' ? "" : "\n";

	if (strcmp(path, "-"))
		return write_file(text, end, option, path, err);
	if (fputs(text, stdout) < 0 || fputs(end, stdout) < 0 || fflush(stdout))
		return xd_fail(err, -EIO, "%s -: cannot write to standard output", option);
	return 0;
}
