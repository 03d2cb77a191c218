/* SPDX-License-Identifier: BSD-3-Clause */
/* One spelling of a path, so that two spellings of one file are seen to be the same. */
#ifndef XD_BASE_PATH_H
#define XD_BASE_PATH_H

#include <stddef.h>

/* Writes path with the links in its directory followed, and without "//", "/./" and "/../"; where
 * the directory is not there, with only the first two taken out. Any thread. */
void xd_path_plain(const char *path, char *plain, size_t size);

#endif
