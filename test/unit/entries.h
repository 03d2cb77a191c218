/* SPDX-License-Identifier: BSD-3-Clause */
/* How many entries a directory has: of /proc/self, the threads and open descriptors of a test. */
#ifndef TEST_ENTRIES_H
#define TEST_ENTRIES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* With the directory itself, its parent and, of descriptors, the one that reads it. */
static inline unsigned
nb_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
