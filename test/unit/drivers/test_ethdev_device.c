/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices of all sorts behind a dpdk port: what they lack, what they refuse, what they tell. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <rte_dev.h>

#include "base/clock.h"
#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"

#define PATIENCE_NS (20 * XD_NS_PER_S)

static const struct xd_driver *const driver = &xd_ethdev_driver;

struct fixture {
	struct xd_port_env env;
	struct xd_log log;
	char said[4096]; /* in the log, line after line */
	struct xd_batch *batch;
};

static void
note(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct fixture *fx = ctx;
	size_t len = strlen(fx->said);

	(void)level;
	assert_int_equal(component, XD_LOG_ETHDEV);
	snprintf(fx->said + len, sizeof(fx->said) - len, "%s\n", line);
}

static unsigned
two_workers(void *ctx)
{
	(void)ctx;
	return 2;
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static void
changed(void *ctx, struct xd_port *port)
{
	(void)ctx;
	(void)port;
}

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	xd_log_init(&fx->log, note, fx, XD_LOG_DEBUG);
	fx->env = (struct xd_port_env){.ctx = fx,
		.quiesce = nothing,
		.changed = changed,
		.nb_workers = two_workers,
		.log = &fx->log};
	fx->batch = aligned_alloc(64, sizeof(*fx->batch));
	assert_non_null(fx->batch);
	memset(fx->batch, 0, sizeof(*fx->batch));
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	free(fx->batch);
	free(fx);
	return 0;
}

static struct xd_port_config
config_of(const char *devargs)
{
	struct xd_port_config config = {
		.name = "p", .type = "dpdk", .vlan = XD_VLAN_NONE, .queues = 1, .mtu = 1500};

	snprintf(xd_ethdev_config(&config)->devargs, XD_DEVARGS_MAX, "%s", devargs);
	return config;
}

static struct xd_port *
create(struct fixture *fx, const struct xd_port_config *config)
{
	struct xd_error err = {0};
	struct xd_port *port;

	if (driver->check(config, &err) != 0)
		fail_msg("%s", err.text);
	port = driver->create(driver, &fx->env, config, &err);
	assert_non_null(port);
	return port;
}

static struct xd_port *
open_port(struct fixture *fx, const struct xd_port_config *config)
{
	struct xd_port *port = create(fx, config);
	struct xd_error err = {0};

	if (driver->start(port, &err) != 0)
		fail_msg("%s", err.text);
	return port;
}

static void
close_port(struct xd_port *port)
{
	driver->stop(port);
	driver->destroy(port);
}

static void
refuses(struct fixture *fx, const struct xd_port_config *config, const char *words)
{
	struct xd_port *port = create(fx, config);
	struct xd_error err = {0};

	assert_int_not_equal(driver->start(port, &err), 0);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	close_port(port);
}

static void
a_device_that_is_no_network_device(void **state)
{
	struct xd_port_config config = config_of("crypto_null0");

	for (unsigned i = 0; i < 2; i++)
		refuses(*state, &config, "it is no network device");
}

static void
a_device_that_the_application_runs(void **state)
{
	struct xd_port_config config = config_of("net_null_app");
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool;
	struct xd_error err;
	uint16_t id;

	assert_int_equal(rte_dev_probe("net_null_app"), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_app", &id), 0);
	pool = xd_pool_create("app", 1024, 2176, XD_NODE_ANY, &err);
	assert_non_null(pool);
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	refuses(*state, &config, "the application has started it already");
	assert_int_equal(rte_eth_dev_stop(id), 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null_app"), 0);
	rte_mempool_free(pool);
}

/* One that spreads flows over queues, and takes a long frame in one buffer alone. */
static void
a_device_without_scatter(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,size=9000,copy=1");
	struct xd_error err = {0};
	struct xd_port *port;

	config.queues = 2;
	config.mtu = 9000;
	port = open_port(fx, &config);
	assert_int_equal(port->nb_queues, 2);
	assert_true(driver->rx(port, 1, fx->batch) > 0);
	assert_int_equal(fx->batch->frames[0].len, 9000);
	driver->release(port, 1, fx->batch);

	/* A shorter MTU while it runs; one that it does not take is kept, and the log says so. */
	config.mtu = 4000;
	assert_int_equal(driver->can_set(port, &config, &err), 0);
	driver->set(port, &config);
	port->config = config;
	fx->said[0] = '\0';
	config.mtu = 10;
	driver->set(port, &config);
	assert_non_null(strstr(fx->said, "keeps an MTU of 4000"));
	close_port(port);
}

static void
fewer_queues_than_were_asked_for(void **state)
{
	struct fixture *fx = *state;
	char file[] = "/tmp/test_ethdev_XXXXXX", devargs[128];
	struct xd_port_config config;
	struct xd_port *port;
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	close(fd);
	snprintf(devargs, sizeof(devargs), "net_pcap_p,tx_pcap=%s", file);
	config = config_of(devargs);
	config.queues = 4;
	port = open_port(fx, &config);
	assert_int_equal(port->nb_queues, 1);
	assert_non_null(strstr(fx->said, "1 receive queues instead of 4"));
	close_port(port);
	unlink(file);
}

/* ---- The link ---- */

static void
set_interface(const char *name, bool up)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static void
wait_for(struct fixture *fx, const struct xd_port *port, bool up)
{
	uint64_t until_ns = xd_clock_ns() + PATIENCE_NS;

	while (port->up != up && xd_clock_ns() < until_ns)
		xd_loop_run_once(fx->env.loop, 100);
	assert_int_equal(port->up, up);
}

static void
a_link_is_followed(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_tap_p,iface=xdt0");
	struct xd_port *port;

	/* A namespace of its own, in which anybody may make interfaces. */
	if (unshare(CLONE_NEWNET) != 0)
		skip();
	fx->env.loop = xd_loop_create();
	assert_non_null(fx->env.loop);
	xd_loop_lock(fx->env.loop);
	port = open_port(fx, &config);
	xd_loop_unlock(fx->env.loop);
	wait_for(fx, port, true);
	for (unsigned i = 0; i < 3; i++) {
		set_interface("xdt0", false);
		wait_for(fx, port, false);
		set_interface("xdt0", true);
		wait_for(fx, port, true);
	}
	xd_loop_lock(fx->env.loop);
	close_port(port);
	xd_loop_unlock(fx->env.loop);
	xd_loop_destroy(fx->env.loop);
}

static int
start_eal(void **state)
{
	struct xd_memory_opts opts = {.hugepages = XD_HUGEPAGES_NONE, .program = "test_ethdev_dev"};
	struct xd_error err = {0};

	(void)state;
	if (xd_memory_start(&opts, &err) != 0)
		fail_msg("%s", err.text);
	return 0;
}

static int
stop_eal(void **state)
{
	(void)state;
	xd_memory_stop();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_that_is_no_network_device),
		TEST(a_device_that_the_application_runs),
		TEST(a_device_without_scatter),
		TEST(fewer_queues_than_were_asked_for),
		TEST(a_link_is_followed),
	};

	return cmocka_run_group_tests_name("ethdev_device", tests, start_eal, stop_eal);
}
