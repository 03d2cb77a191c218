/* SPDX-License-Identifier: BSD-3-Clause */
/* Beside switch_env.h: a program behind ports of type app, which is the test itself. */
#ifndef TEST_APP_ENV_H
#define TEST_APP_ENV_H

#include "switch_env.h"

#include <poll.h>

#include <rte_mbuf.h>

#include "app_port.h"
#include "drivers/app/config.h"
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

static inline void
count_pool(struct rte_mempool *p, void *arg)
{
	(void)p;
	++*(unsigned *)arg;
}

/* Nothing is lost: of the program's buffers, nor a pool of a port's. */
static inline int
close_whole(void **state)
{
	int ret = close_switch(state);
	unsigned pools = 0;

	assert_true(rte_mempool_full(pool));
	rte_mempool_walk(count_pool, &pools);
	assert_int_equal(pools, 1);
	return ret;
}

static inline void
add_app(struct env *env, const char *name, uint16_t queues, uint16_t ring)
{
	struct xd_port_config *port =
		xd_config_add_port(env->config, name, "app", "br0", &env->err);

	assert_non_null(port);
	port->queues = queues;
	xd_app_config(port)->ring = ring;
}

static inline struct rte_mbuf *
make(uint8_t src, uint8_t dst, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, len);

	if (!data)
		abort();
	memset(data, 0, len);
	memset(data, dst == 0xff ? 0xff : 0, 6);
	data[0] |= 2;
	data[5] = dst;
	data[6] = 2;
	data[11] = src;
	data[12] = 8;
	return m;
}

/* The program sends one, by this queue. */
static inline void
tx(struct xd_app *app, unsigned queue, struct rte_mbuf *m)
{
	assert_int_equal(xd_app_tx_burst(app, queue, &m, 1), 1);
}

static inline struct rte_mbuf *
rx(struct xd_app *app, unsigned queue)
{
	struct rte_mbuf *m = NULL;

	return xd_app_rx_burst(app, queue, &m, 1) ? m : NULL;
}

static inline unsigned
receive_all(struct xd_app *app)
{
	struct rte_mbuf *mbufs[32];
	unsigned n, sum = 0;

	while ((n = xd_app_rx_burst(app, 0, mbufs, 32)) > 0) {
		rte_pktmbuf_free_bulk(mbufs, n);
		sum += n;
	}
	return sum;
}

static inline bool
is_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

#endif
