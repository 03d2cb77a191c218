/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and links below a root, whose paths are put together as printf does. Any thread. */
#ifndef XD_NIC_SYSFS_H
#define XD_NIC_SYSFS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The first line of a file, without its end; "" when there is none. Returns whether there is. */
bool xd_sysfs_line(char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The number in a file, in any base that strtol takes; fallback when there is none. */
long xd_sysfs_number(long fallback, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The last part of what a link points at; "" when there is no link. Returns whether there is. */
bool xd_sysfs_link(char *name, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool xd_sysfs_there(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* NULL: there is none. */
DIR *xd_sysfs_dir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
FILE *xd_sysfs_file(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The next name that does not begin with a dot; NULL after the last. */
const char *xd_sysfs_next(DIR *dir);

#endif
