/* SPDX-License-Identifier: BSD-3-Clause */
/* A path without what does not change what it names: empty parts and ".". */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

/* Without empty parts and those that are ".". */
static void
squeeze(const char *path, char plain[PATH_MAX])
{
	size_t used = 0;

	while (*path && used + 1 < PATH_MAX) {
		if (path[0] == '/' && path[1] == '/')
			path++;
		else if (path[0] == '/' && path[1] == '.' && (path[2] == '/' || !path[2]))
			path += 2;
		else
			plain[used++] = *path++;
	}
	plain[used] = 0;
}

void
xd_path_plain(const char *path, char *plain, size_t size)
{
	char squeezed[PATH_MAX], dir[PATH_MAX];
	char *slash;

	squeeze(path, squeezed);
	slash = strrchr(squeezed, '/');
	if (slash && slash > squeezed) {
		*slash = 0;
		if (realpath(squeezed, dir)) {
			snprintf(plain, size, "%s/%s", strcmp(dir, "/") ? dir : "", slash + 1);
			return;
		}
		*slash = '/';
	}
	snprintf(plain, size, "%s", squeezed);
}
