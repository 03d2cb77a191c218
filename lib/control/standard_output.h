/* SPDX-License-Identifier: BSD-3-Clause */
/* For programs: their standard output, which may be closed or full. Not thread-safe. */
#ifndef XD_CONTROL_STANDARD_OUTPUT_H
#define XD_CONTROL_STANDARD_OUTPUT_H

/* First of all: keeps a standard descriptor that is closed from becoming a socket or a file that is
 * opened next; writing to it fails. */
void xd_standard_reserve(void);
/* Last of all: 0 when all that was printed has been written; else "PROGRAM: ..." was said on
 * standard error. -errno. */
int xd_standard_finish(const char *program);

#endif
