/* SPDX-License-Identifier: BSD-3-Clause */
/* mbufs as frames, and frames as mbufs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "crossdock.h"
#include "frame/mbuf.h"

#define POOL 511

struct env {
	struct rte_mempool *pool;
	struct xd_batch *batch;
	struct xd_drops drops;
};

static int
setup(void **state)
{
	struct xd_memory_opts opts = {
		.size = sizeof(opts), .hugepages = XD_HUGEPAGES_NONE, .program = "test_mbuf"};
	struct env *env = aligned_alloc(64, sizeof(*env));
	struct xd_error err;

	memset(env, 0, sizeof(*env));
	if (xd_memory_start(&opts, &err) != 0)
		fail_msg("%s", err.text);
	env->pool = rte_pktmbuf_pool_create("test", POOL, 0, 0, 2048, SOCKET_ID_ANY);
	env->batch = aligned_alloc(64, sizeof(*env->batch));
	*state = env;
	return !env->pool || !env->batch;
}

static int
teardown(void **state)
{
	struct env *env = *state;

	rte_mempool_free(env->pool);
	free(env->batch);
	free(env);
	xd_memory_stop();
	return 0;
}

/* Bytes 0, 1, 2, ... in buffers of at most `each` bytes. */
static struct rte_mbuf *
make(struct env *env, uint32_t len, uint16_t each)
{
	struct rte_mbuf *first = rte_pktmbuf_alloc(env->pool), *m = first;

	for (uint32_t i = 0; i < len; i++) {
		if (i && i % each == 0) {
			m->next = rte_pktmbuf_alloc(env->pool);
			m = m->next;
			first->nb_segs++;
		}
		*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len++) = (uint8_t)i;
		first->pkt_len++;
	}
	return first;
}

static void
check_bytes(const struct rte_mbuf *m, uint32_t from, uint32_t len)
{
	assert_int_equal(m->pkt_len, len);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t byte;

		assert_int_equal(
			*(const uint8_t *)rte_pktmbuf_read(m, i, 1, &byte), (uint8_t)(from + i));
	}
}

static void
a_batch_and_what_is_no_frame(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *mbufs[] = {make(env, 64, 2048), make(env, 13, 2048), make(env, 1500, 100),
		make(env, 200, 2048)};
	uint8_t bytes[1500];

	assert_int_equal(xd_batch_from_mbufs(env->batch, mbufs, 4, &env->drops), 4);
	assert_int_equal(env->batch->n, 3);
	assert_int_equal(env->batch->nb_done, 3);
	assert_int_equal(env->batch->bytes, 64 + 1500 + 200);
	assert_int_equal(env->drops.n[XD_DROP_RUNT], 1);
	assert_ptr_equal(env->batch->frames[1].mbuf, mbufs[2]);
	assert_int_equal(env->batch->frames[1].head_len, XD_HEAD);
	xd_frame_gather(&env->batch->frames[1], bytes);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], (uint8_t)i);
	xd_batch_free_mbufs(env->batch);
	assert_null(env->batch->frames[1].mbuf);
	assert_true(rte_mempool_full(env->pool));
}

/* What there is no room for comes with the next batch. */
static void
long_chains(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *mbufs[] = {make(env, 2000, 20), make(env, 2000, 20), make(env, 2000, 20),
		make(env, 200, 2048)};

	assert_int_equal(xd_batch_from_mbufs(env->batch, mbufs, 4, &env->drops), 2);
	assert_int_equal(env->batch->n, 2);
	assert_int_equal(env->batch->bytes, 2 * 2000);
	xd_batch_free_mbufs(env->batch);
	assert_int_equal(xd_batch_from_mbufs(env->batch, mbufs + 2, 2, &env->drops), 2);
	assert_int_equal(env->batch->bytes, 2000 + 200);
	check_bytes(env->batch->frames[0].mbuf, 0, 2000);
	xd_batch_free_mbufs(env->batch);
	assert_int_equal(env->drops.n[XD_DROP_TOO_LONG], 0);
	/* In more pieces than a frame can have. */
	mbufs[0] = make(env, 2000, 7);
	assert_int_equal(xd_batch_from_mbufs(env->batch, mbufs, 1, &env->drops), 1);
	assert_int_equal(env->batch->n, 0);
	assert_int_equal(env->drops.n[XD_DROP_TOO_LONG], 1);
	assert_true(rte_mempool_full(env->pool));
}

/* The only receiver gets the mbuf, with the head as it is now; what was not sent stays. */
static void
whole(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m = make(env, 300, 2048);
	struct xd_frame *f = env->batch->frames;

	xd_batch_from_mbufs(env->batch, &m, 1, &env->drops);
	f->nb_dst = 1;
	assert_ptr_equal(xd_frame_to_mbuf(f, env->pool), m);
	xd_frame_mbuf_kept(f, m);
	xd_frame_pop(f, 4);
	for (unsigned again = 0; again < 2; again++) {
		assert_ptr_equal(xd_frame_to_mbuf(f, env->pool), m);
		check_bytes(m, 4, 296);
	}
	xd_frame_mbuf_sent(f, m);
	assert_null(f->mbuf);
	xd_batch_free_mbufs(env->batch);
	rte_pktmbuf_free(m);
	assert_true(rte_mempool_full(env->pool));
}

/* Several get a reference each, or copies when the head is no longer that of the mbuf. */
static void
shared_and_copied(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m = make(env, 300, 100), *copy;
	struct xd_frame *f = env->batch->frames;

	xd_batch_from_mbufs(env->batch, &m, 1, &env->drops);
	f->nb_dst = 2;
	assert_ptr_equal(xd_frame_to_mbuf(f, env->pool), m);
	assert_int_equal(rte_mbuf_refcnt_read(m), 2);
	xd_frame_mbuf_sent(f, m);
	assert_ptr_equal(f->mbuf, m);
	rte_pktmbuf_free(m);
	assert_ptr_equal(xd_frame_to_mbuf(f, env->pool), m);
	xd_frame_mbuf_kept(f, m);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	xd_frame_pop(f, 4);
	copy = xd_frame_to_mbuf(f, env->pool);
	assert_ptr_not_equal(copy, m);
	check_bytes(copy, 4, 296);
	xd_frame_mbuf_kept(f, copy);
	xd_batch_free_mbufs(env->batch);
	assert_true(rte_mempool_full(env->pool));
}

/* A guest's frame is always copied; of an empty pool there is nothing, and nothing is lost. */
static void
of_another_kind_of_port(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m = make(env, 3000, 2048), *copy, *all[POOL];
	struct xd_frame *f = env->batch->frames;

	xd_batch_from_mbufs(env->batch, &m, 1, &env->drops);
	f->mbuf = NULL;
	f->nb_dst = 1;
	copy = xd_frame_to_mbuf(f, env->pool);
	assert_int_equal(copy->nb_segs, 2);
	check_bytes(copy, 0, 3000);
	xd_frame_mbuf_sent(f, copy);
	rte_pktmbuf_free(copy);
	assert_int_equal(rte_pktmbuf_alloc_bulk(env->pool, all, POOL - 3), 0);
	assert_null(xd_frame_to_mbuf(f, env->pool));
	rte_pktmbuf_free_bulk(all, POOL - 3);
	rte_pktmbuf_free(m);
	assert_true(rte_mempool_full(env->pool));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_and_what_is_no_frame),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(whole),
		cmocka_unit_test(shared_and_copied),
		cmocka_unit_test(of_another_kind_of_port),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
