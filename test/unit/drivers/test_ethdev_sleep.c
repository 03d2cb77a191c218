/* SPDX-License-Identifier: BSD-3-Clause */
/* How workers sleep while they have a device's queues: made-up interrupts of a net_ring device. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/ethdev/ethdev.h"
#include "../with_eal.h"

#define NB_QUEUES 2

/* The linker has these called instead of DPDK's (--wrap). */
int __wrap_rte_eth_dev_rx_intr_enable(uint16_t port_id, uint16_t queue);
int __wrap_rte_eth_dev_rx_intr_disable(uint16_t port_id, uint16_t queue);
int __wrap_rte_eth_dev_rx_intr_ctl_q_get_fd(uint16_t port_id, uint16_t queue);

static int interrupt_fd[NB_QUEUES];
static bool enabled[NB_QUEUES];
static int refused = -1; /* the queue that has no interrupt */

int
__wrap_rte_eth_dev_rx_intr_enable(uint16_t port_id, uint16_t queue)
{
	(void)port_id;
	enabled[queue] = queue != refused;
	return enabled[queue] ? 0 : -ENOTSUP;
}

int
__wrap_rte_eth_dev_rx_intr_disable(uint16_t port_id, uint16_t queue)
{
	(void)port_id;
	enabled[queue] = false;
	return 0;
}

int
__wrap_rte_eth_dev_rx_intr_ctl_q_get_fd(uint16_t port_id, uint16_t queue)
{
	(void)port_id;
	return interrupt_fd[queue];
}

static const struct xd_driver *const driver = &xd_ethdev_driver;

struct fixture {
	struct xd_port_env env;
	struct xd_port *port;
	struct xd_batch *batch;
};

static unsigned
one_worker(void *ctx)
{
	(void)ctx;
	return 1;
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static struct xd_ethdev_port *
ethdev(const struct fixture *fx)
{
	return (struct xd_ethdev_port *)fx->port;
}

/* The port takes no virtual device's interrupts: it is told to afterwards. */
static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct xd_port_config config = {
		.name = "p", .type = "dpdk", .vlan = XD_VLAN_NONE, .queues = 1, .mtu = 1500};
	struct xd_error err = {0};

	assert_non_null(fx);
	for (unsigned i = 0; i < NB_QUEUES; i++)
		interrupt_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	refused = -1;
	fx->env = (struct xd_port_env){.quiesce = nothing, .nb_workers = one_worker};
	fx->batch = aligned_alloc(64, sizeof(*fx->batch));
	assert_non_null(fx->batch);
	memset(fx->batch, 0, sizeof(*fx->batch));
	xd_keys_reset(xd_ethdev_keys, &config);
	snprintf(xd_ethdev_config(&config)->devargs, XD_DEVARGS_MAX, "net_ring_sleep");
	fx->port = driver->create(driver, &fx->env, &config, &err);
	assert_non_null(fx->port);
	if (driver->start(fx->port, &err) != 0)
		fail_msg("%s", err.text);
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	driver->stop(fx->port);
	driver->destroy(fx->port);
	for (unsigned i = 0; i < NB_QUEUES; i++)
		close(interrupt_fd[i]);
	free(fx->batch);
	free(fx);
	return 0;
}

static void
take_interrupts(const struct fixture *fx)
{
	ethdev(fx)->intr = true;
	xd_ethdev_arm_all(ethdev(fx));
}

static void
interrupt(unsigned queue)
{
	uint64_t one = 1;

	assert_int_equal(write(interrupt_fd[queue], &one, sizeof(one)), sizeof(one));
}

static bool
wakes(const struct fixture *fx)
{
	struct pollfd fd = {.fd = driver->fd(fx->port, 0), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static void
inject(const struct fixture *fx, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(ethdev(fx)->pool);

		assert_non_null(m);
		assert_non_null(rte_pktmbuf_append(m, (uint16_t)(60 + i)));
		assert_int_equal(rte_eth_tx_burst(ethdev(fx)->port_id, 0, &m, 1), 1);
	}
}

static void
a_device_without_interrupts_is_polled(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(driver->fd(fx->port, 0), -1);
	assert_false(driver->arm(fx->port, 0));
	assert_true(xd_ethdev_can_interrupt(ethdev(fx)));
	assert_false(enabled[0]);
	refused = 0;
	assert_false(xd_ethdev_can_interrupt(ethdev(fx)));
	refused = -1;
	close(interrupt_fd[0]);
	interrupt_fd[0] = -1;
	assert_false(xd_ethdev_can_interrupt(ethdev(fx)));
}

/* Again and again, though nobody reads what the interrupts leave. */
static void
an_interrupt_wakes(void **state)
{
	struct fixture *fx = *state;

	take_interrupts(fx);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(driver->arm(fx->port, 0));
		assert_true(enabled[0]);
		assert_false(wakes(fx));
		interrupt(0);
		assert_true(wakes(fx));
		driver->disarm(fx->port, 0);
		assert_false(enabled[0]);
		assert_false(wakes(fx));
	}
}

/* What came before the interrupt was asked for is the next turn's, and nothing is lost. */
static void
frames_that_are_there_already(void **state)
{
	struct fixture *fx = *state;

	take_interrupts(fx);
	inject(fx, 3);
	assert_true(driver->arm(fx->port, 0));
	assert_true(driver->arm(fx->port, 0)); /* of the same */
	driver->disarm(fx->port, 0);
	inject(fx, 1);
	assert_int_equal(driver->rx(fx->port, 0, fx->batch), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fx->batch->frames[i].len, 60 + i);
	driver->release(fx->port, 0, fx->batch);
	assert_int_equal(driver->rx(fx->port, 0, fx->batch), 1);
	driver->release(fx->port, 0, fx->batch);
	assert_int_equal(driver->rx(fx->port, 0, fx->batch), 0);
	assert_false(driver->arm(fx->port, 0));
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx)->pool), 0);
}

/* Of a device that is given back meanwhile. */
static void
kept_frames_go_with_their_device(void **state)
{
	struct fixture *fx = *state;

	take_interrupts(fx);
	inject(fx, 2);
	assert_true(driver->arm(fx->port, 0));
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx)->pool), 2);
	xd_ethdev_disarm_all(ethdev(fx));
	assert_int_equal(rte_mempool_in_use_count(ethdev(fx)->pool), 0);
	assert_int_equal(driver->rx(fx->port, 0, fx->batch), 0);
	interrupt(0);
	assert_false(wakes(fx));
}

/* A worker that fell asleep while there was no device is woken by the next one's frames. */
static void
a_device_comes_while_its_worker_sleeps(void **state)
{
	struct fixture *fx = *state;

	ethdev(fx)->running = false;
	assert_false(driver->arm(fx->port, 0));
	assert_false(wakes(fx));
	enabled[0] = false;
	take_interrupts(fx);
	ethdev(fx)->running = true;
	assert_true(enabled[0]);
	interrupt(0);
	assert_true(wakes(fx));
	driver->disarm(fx->port, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_without_interrupts_is_polled),
		TEST(an_interrupt_wakes),
		TEST(frames_that_are_there_already),
		TEST(kept_frames_go_with_their_device),
		TEST(a_device_comes_while_its_worker_sleeps),
	};

	return cmocka_run_group_tests_name("ethdev_sleep", tests, start_eal, stop_eal);
}
