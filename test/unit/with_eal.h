/* SPDX-License-Identifier: BSD-3-Clause */
/* An EAL on ordinary pages, for the group setup and teardown of a program: it starts once in a
 * process. */
#ifndef TEST_WITH_EAL_H
#define TEST_WITH_EAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory/memory.h"

static inline int
start_eal(void **state)
{
	struct xd_memory_opts opts = {.size = sizeof(opts), .hugepages = XD_HUGEPAGES_NONE};
	struct xd_error err = {0};

	(void)state;
	if (xd_memory_start(&opts, &err) != 0)
		fail_msg("%s", err.text);
	return 0;
}

static inline int
stop_eal(void **state)
{
	(void)state;
	xd_memory_stop();
	return 0;
}

#endif
