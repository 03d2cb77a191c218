/* SPDX-License-Identifier: BSD-3-Clause */
/* Guests of many ports in one program. */
#ifndef TEST_GUEST_MANY_H
#define TEST_GUEST_MANY_H

#include "tools/guest_port.h"

#define GUEST_MANY_MAX 1024

/* Opens n guests (cleared memory), with rings of 256 and the event index, on the sockets. Raises
 * the limit of open files, of which each guest has six. Says on standard error, behind the
 * program's name, which socket did not do and why; returns 0 or -1. */
int guest_open_many(struct guest *guests, unsigned n, char **paths, const char *program);

#endif
