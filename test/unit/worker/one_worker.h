/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker for a test to run in its own thread, without a switch. Included after cmocka. */
#ifndef XD_TEST_ONE_WORKER_H
#define XD_TEST_ONE_WORKER_H

#include <stdlib.h>

#include <rte_common.h>
#include <rte_rcu_qsbr.h>

#include "base/limits.h"
#include "worker/worker.h"

/* Number 0 on core 0, with a grace period of its own, which the caller frees with free(). */
static inline struct xd_worker *
create_one_worker(struct xd_worker_env *env, struct rte_rcu_qsbr **qsbr)
{
	struct xd_worker *worker;
	struct xd_error err;

	*qsbr = aligned_alloc(64, RTE_ALIGN(rte_rcu_qsbr_get_memsize(XD_MAX_WORKERS), 64));
	assert_int_equal(rte_rcu_qsbr_init(*qsbr, XD_MAX_WORKERS), 0);
	env->qsbr = *qsbr;
	worker = xd_worker_create(NULL, env, 0, 0, false, &err);
	assert_non_null(worker);
	return worker;
}

#endif
