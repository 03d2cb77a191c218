/* SPDX-License-Identifier: BSD-3-Clause */
/* An error as a value: a number for programs, a line of text for people. */
#ifndef XD_BASE_ERROR_H
#define XD_BASE_ERROR_H

#include <stdarg.h>

#include "base/api.h"

XD_API_BEGIN

struct xd_error {
	int code;       /* negative errno; 0 when nothing went wrong */
	char key[128];  /* configuration key at fault, such as "ports.vm1.vlan"; or empty */
	char text[384]; /* what is wrong and what to do: one line without control characters */
};

/* Fills *err (which may be NULL) and returns code, so that "return xd_fail(...)" reads well.
 * code is a negative errno. Any thread. */
int xd_fail(struct xd_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, naming the configuration key at fault: key is "ports.NAME.vlan" and the like. Returns
 * code. Any thread. */
int xd_fail_key(struct xd_error *err, int code, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

XD_API_END

#endif
