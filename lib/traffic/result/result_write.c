/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files, written beside their place and then renamed into it; a symbolic link stays one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traffic/result/result.h"

#define LINKS_MAX 40 /* that are followed, as the kernel does */

int
xd_results_target(
	const char *path, char *target, size_t size, const char *option, struct xd_error *err)
{
	char link[4096];

	if ((size_t)snprintf(target, size, "%s", path) >= size)
		goto too_long;
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		ssize_t len = readlink(target, link, sizeof(link));
		const char *slash = strrchr(target, '/');
		size_t kept;

		if (len < 0) /* no link, or not there yet */
			return 0;
		/* A relative one begins in the directory that the link is in. */
		kept = slash && link[0] != '/' ? (size_t)(slash - target) + 1 : 0;
		if (kept + (size_t)len >= size || (size_t)len == sizeof(link))
			goto too_long;
		memcpy(target + kept, link, (size_t)len);
		target[kept + (size_t)len] = '\0';
	}
	return xd_fail(err, -ELOOP, "%s %s: %s", option, path, strerror(ELOOP));

too_long:
	return xd_fail(err, -ENAMETOOLONG, "%s: the file name is too long", option);
}

/* Renamed into the place of what a symbolic link points to: the link stays one. */
static int
write_file(const char *text, const char *end, const char *option, const char *path,
	struct xd_error *err)
{
	char aside[4096], target[4096];
	FILE *file;
	int bad = xd_results_target(path, target, sizeof(target), option, err);

	if (bad)
		return bad;
	if ((size_t)snprintf(aside, sizeof(aside), "%s.%d", target, (int)getpid()) >= sizeof(aside))
		return xd_fail(err, -ENAMETOOLONG, "%s: the file name is too long", option);
	file = fopen(aside, "we");
	if (!file)
		return xd_fail(err, -errno, "%s %s: %s", option, path, strerror(errno));
	bad = fputs(text, file) < 0 || fputs(end, file) < 0;
	bad |= fclose(file) != 0;
	if (bad || rename(aside, target)) {
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
		return xd_fail(err, -EIO, "%s -: cannot write to standard output: %s", option,
			strerror(errno));
	return 0;
}
