/* SPDX-License-Identifier: BSD-3-Clause */
/* How a driver puts its port into words: one fact a call. Control. */
#ifndef XD_PORT_DESCRIBE_H
#define XD_PORT_DESCRIBE_H

#include "port/port.h"

struct xd_teller {
	xd_describe_fn fn;
	void *ctx;
};

void xd_tell(struct xd_teller *t, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
