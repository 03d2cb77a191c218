/* SPDX-License-Identifier: BSD-3-Clause */
/* Where each key of a file stands, so that an error about a key can name its line. */
#ifndef XD_CONTROL_LINES_H
#define XD_CONTROL_LINES_H

#include <stddef.h>

#include "base/error.h"

struct xd_lines;

struct xd_lines *xd_lines_create(void);        /* NULL: no memory */
void xd_lines_destroy(struct xd_lines *lines); /* NULL is fine */
/* key is "ports.vm1.vlan"; "" is the file itself. The last line added for a key counts. */
int xd_lines_add(struct xd_lines *lines, const char *key, unsigned line);
/* The line of the key, or of the nearest key around it; 0 when nothing is known. */
unsigned xd_lines_find(const struct xd_lines *lines, const char *key);
/* "FILE:LINE: KEY: text", leaving out what is not known. Returns text. */
char *xd_lines_format(const struct xd_lines *lines, const char *file, const struct xd_error *err,
	char *text, size_t size);

#endif
