/* SPDX-License-Identifier: BSD-3-Clause */
/* Beside switch_env.h: a program behind ports of type app, which is the test itself. */
#ifndef TEST_APP_ENV_H
#define TEST_APP_ENV_H

#include "switch_env.h"

#include <rte_mbuf.h>

#include "app_port.h"
#include "memory/memory.h"

static struct rte_mempool *pool; /* the program's */

static inline int
start(void **state)
{
	struct xd_error err;

	start_eal(state);
	pool = xd_pool_create("program", 511, 2048 + RTE_PKTMBUF_HEADROOM, -1, &err);
	return pool ? 0 : -1;
}

static inline int
stop(void **state)
{
	rte_mempool_free(pool);
	return stop_eal(state);
}

static inline struct xd_app *
open_app(struct env *env, const char *name)
{
	struct xd_app *app = xd_app_open(env->sw, name, &env->err);

	if (!app)
		fail_msg("%s", env->err.text);
	return app;
}

#endif
