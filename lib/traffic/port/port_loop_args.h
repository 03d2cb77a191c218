/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows "loop:": NAME[,size=N]. */
#ifndef XD_TRAFFIC_PORT_PORT_LOOP_ARGS_H
#define XD_TRAFFIC_PORT_PORT_LOOP_ARGS_H

#include <stdint.h>

#include "base/error.h"

struct xd_loop_args {
	char name[64];
	uint64_t size; /* buffers that the port sends into: a power of two */
};

/* -EINVAL with what is wrong and the nearest valid word. Any thread. */
int xd_loop_args_parse(struct xd_loop_args *a, const char *text, struct xd_error *err);

#endif
