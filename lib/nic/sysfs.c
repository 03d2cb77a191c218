/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and links of sysfs and procfs. */
#include "nic/sysfs.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH(path, fmt)                                                                            \
	char path[PATH_MAX];                                                                       \
	va_list args;                                                                              \
	va_start(args, fmt);                                                                       \
	vsnprintf(path, sizeof(path), fmt, args);                                                  \
	va_end(args)

static bool
read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool got = file != NULL && fgets(line, (int)size, file) != NULL;

	if (file != NULL)
		fclose(file);
	if (!got)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return got;
}

bool
xd_sysfs_line(char *line, size_t size, const char *fmt, ...)
{
	PATH(path, fmt);

	return read_line(path, line, size);
}

long
xd_sysfs_number(long fallback, const char *fmt, ...)
{
	char line[64], *end;
	long number;

	PATH(path, fmt);
	if (!read_line(path, line, sizeof(line)))
		return fallback;
	number = strtol(line, &end, 0);
	return end != line ? number : fallback;
}

bool
xd_sysfs_link(char *name, size_t size, const char *fmt, ...)
{
	char target[PATH_MAX];
	const char *last;
	ssize_t len;

	PATH(path, fmt);
	name[0] = '\0';
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%s", last != NULL ? last + 1 : target);
	return true;
}

bool
xd_sysfs_there(const char *fmt, ...)
{
	PATH(path, fmt);

	return access(path, F_OK) == 0;
}

DIR *
xd_sysfs_dir(const char *fmt, ...)
{
	PATH(path, fmt);

	return opendir(path);
}

FILE *
xd_sysfs_file(const char *fmt, ...)
{
	PATH(path, fmt);

	return fopen(path, "re");
}

const char *
xd_sysfs_next(DIR *dir)
{
	struct dirent *entry = NULL;

	do
		entry = readdir(dir);
	while (entry != NULL && entry->d_name[0] == '.');
	return entry != NULL ? entry->d_name : NULL;
}
