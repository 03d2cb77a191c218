/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that come with the program, found from where it is. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"

/* The directory that the program is in; "." when that cannot be told. */
static void
own_dir(char *dir, size_t size)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(dir, size, "%s", slash ? self : ".");
}

bool
beside_dir(const char *kind, unsigned i, char *dir, size_t size)
{
	static const char *const places[] = {"../config", "../share/crossdock"};
	char self[PATH_MAX];
	int n = -1;

	own_dir(self, sizeof(self));
	if (i < 2)
		n = snprintf(dir, size, "%s/%s/%s", self, places[i], kind);
	else if (i == 2)
		n = snprintf(dir, size, XD_SHARE_DIR "/%s", kind);
	return n >= 0 && (size_t)n < size;
}

static unsigned
names_in(const char *dir, const char *ending, char (*names)[64], unsigned max)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);
	size_t end = strlen(ending);
	unsigned found = 0;

	for (int i = 0; i < n; i++) {
		size_t len = strlen(entries[i]->d_name);

		if (len > end && len - end < sizeof(names[0]) && found < max &&
			!strcmp(entries[i]->d_name + len - end, ending))
			snprintf(names[found++], sizeof(names[0]), "%.*s", (int)(len - end),
				entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

unsigned
beside_names(const char *kind, const char *ending, char (*names)[64], unsigned max)
{
	char dir[PATH_MAX];
	unsigned n = 0;

	for (unsigned i = 0; !n && beside_dir(kind, i, dir, sizeof(dir)); i++)
		n = names_in(dir, ending, names, max);
	return n;
}

const char *
beside_program(const char *name, char *path, size_t size)
{
	static const char *const places[] = {"", "../sbin/", "../bin/"};
	char self[PATH_MAX];

	own_dir(self, sizeof(self));
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int n = snprintf(path, size, "%s/%s%s", self, places[i], name);

		if (n >= 0 && (size_t)n < size && !access(path, X_OK))
			return path;
	}
	snprintf(path, size, "%s", name);
	return path;
}
