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
#include "../with_eal.h"

#define PATIENCE_NS (20 * XD_NS_PER_S)

static const struct xd_driver *const driver = &xd_ethdev_driver;

struct fixture {
	struct xd_port_env env;
	struct xd_log log;
	char said[4096]; /* in the log, line after line */
	struct xd_batch *batch;
	bool told;     /* that the port is down, */
	bool had_then; /* when it had its device still */
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
	struct fixture *fx = ctx;

	if (port->up || fx->told)
		return;
	fx->told = true;
	fx->had_then = ((struct xd_ethdev_port *)port)->running;
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

	xd_keys_reset(xd_ethdev_keys, &config);

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

/* ---- Keys ---- */

static const struct xd_ethdev_port *
ethdev(const struct xd_port *port)
{
	return (const struct xd_ethdev_port *)port;
}

static void
rings_and_queues_as_they_were_asked_for(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_error err;
	struct xd_port *port;

	xd_ethdev_config(&config)->rx_desc = 256;
	xd_ethdev_config(&config)->tx_desc = 128;
	xd_ethdev_config(&config)->tx_queues = 1;
	port = open_port(fx, &config);
	assert_int_equal(ethdev(port)->nb_rx_desc, 256);
	assert_int_equal(ethdev(port)->nb_tx_desc, 128);
	assert_int_equal(ethdev(port)->nb_tx, 1);
	assert_int_equal(port->nb_tx, 1);
	/* Two workers share it, and no device is wanted that has more. */
	assert_int_equal(driver->can_set(port, &config, &err), 0);
	close_port(port);
	xd_ethdev_config(&config)->tx_queues = 0;
	port = open_port(fx, &config);
	assert_int_equal(ethdev(port)->nb_tx, 2);
	close_port(port);
}

static void
flows_are_spread_by_what_was_asked_for(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_port *port;

	port = open_port(fx, &config);
	assert_int_equal(ethdev(port)->rss, 0); /* there is one queue */
	close_port(port);
	config.queues = 2;
	xd_ethdev_config(&config)->rss = 1u << XD_ETHDEV_RSS_TCP;
	port = open_port(fx, &config);
	assert_true(ethdev(port)->rss != 0);
	assert_int_equal(ethdev(port)->rss & ~RTE_ETH_RSS_TCP, 0);
	close_port(port);
	/* Two rings, and nothing that tells by what frames are spread. */
	fx->said[0] = '\0';
	snprintf(xd_ethdev_config(&config)->devargs, XD_DEVARGS_MAX, "net_ring_q");
	port = open_port(fx, &config);
	if (port->nb_queues == 2)
		assert_non_null(strstr(fx->said, "it may fill one queue alone"));
	close_port(port);
}

static void
a_device_without_flow_control(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_error err = {0};
	struct xd_port *port;

	xd_ethdev_config(&config)->flow_control = XD_ETHDEV_FLOW_OFF;
	refuses(fx, &config, "does not let its flow control be set");
	xd_ethdev_config(&config)->flow_control = XD_ETHDEV_FLOW_DEVICE;
	port = open_port(fx, &config);
	xd_ethdev_config(&config)->flow_control = XD_ETHDEV_FLOW_BOTH;
	assert_int_equal(driver->can_set(port, &config, &err), -EINVAL);
	assert_string_equal(err.key, "ports.p.flow_control");
	/* That would have asked before. */
	fx->said[0] = '\0';
	driver->set(port, &config);
	assert_non_null(strstr(fx->said, "flow control"));
	close_port(port);
}

static void
promiscuous_or_not(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_ring_p");
	struct xd_error err = {0};
	struct xd_port *port = open_port(fx, &config);

	assert_int_equal(rte_eth_promiscuous_get(ethdev(port)->port_id), 1);
	xd_ethdev_config(&config)->promisc = XD_ETHDEV_PROMISC_NO;
	assert_int_equal(driver->can_set(port, &config, &err), 0);
	driver->set(port, &config);
	port->config = config;
	assert_int_equal(rte_eth_promiscuous_get(ethdev(port)->port_id), 0);
	close_port(port);
	port = open_port(fx, &config);
	assert_int_equal(rte_eth_promiscuous_get(ethdev(port)->port_id), 0);
	close_port(port);
}

/* ---- What the device counts ---- */

static void
count(void *ctx, const char *name, uint64_t value)
{
	(void)value;
	assert_true(name[0] != '\0');
	++*(unsigned *)ctx;
}

static void
extended_statistics(void **state)
{
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_port *port = open_port(*state, &config);
	unsigned n = 0;

	driver->xstats(port, count, &n);
	assert_true(n >= 8); /* those that the ethdev layer makes of the others */
	driver->stop(port);
	n = 0;
	driver->xstats(port, count, &n);
	assert_int_equal(n, 0);
	driver->destroy(port);
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

/* ---- Events ---- */

/* DPDK's, for drivers: what they tell of. */
struct rte_eth_dev;
struct rte_eth_dev *rte_eth_dev_get_by_name(const char *name);
int rte_eth_dev_callback_process(
	struct rte_eth_dev *dev, enum rte_eth_event_type event, void *result);

static void
tell(const char *name, enum rte_eth_event_type event)
{
	struct rte_eth_dev *dev = rte_eth_dev_get_by_name(name);

	assert_non_null(dev);
	rte_eth_dev_callback_process(dev, event, NULL);
}

static struct xd_port *
open_in_loop(struct fixture *fx, const struct xd_port_config *config)
{
	struct xd_port *port;

	fx->env.loop = xd_loop_create();
	assert_non_null(fx->env.loop);
	xd_loop_lock(fx->env.loop);
	port = open_port(fx, config);
	xd_loop_unlock(fx->env.loop);
	assert_true(port->up);
	return port;
}

static void
close_in_loop(struct fixture *fx, struct xd_port *port)
{
	xd_loop_lock(fx->env.loop);
	close_port(port);
	xd_loop_unlock(fx->env.loop);
	xd_loop_destroy(fx->env.loop);
}

static void
note_device(void *ctx, const char *key, const char *value)
{
	if (strcmp(key, "device") == 0)
		snprintf(ctx, 128, "%s", value);
}

static void
a_device_that_is_unplugged(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_port *port = open_in_loop(fx, &config);
	char said[128] = "";

	for (unsigned i = 0; i < 2; i++) {
		tell("net_null_p", RTE_ETH_EVENT_INTR_RMV);
		wait_for(fx, port, false);
		assert_false(ethdev(port)->running);
		/* Others take over before the device is given back, which can take long. */
		assert_true(fx->told && fx->had_then);
		fx->told = false;
		driver->describe(port, note_device, said);
		assert_string_equal(said, "it was unplugged; it is taken up again when it is back");
		/* Nothing is asked of it meanwhile, and changes wait. */
		assert_int_equal(driver->rx(port, 0, fx->batch), 0);
		assert_false(driver->arm(port, 0));
		driver->disarm(port, 0);
		assert_true(driver->fd(port, 0) >= 0);
		driver->set(port, &config);
		wait_for(fx, port, true);
		assert_non_null(strstr(fx->said, "device net_null_p,no-rx=1 is back"));
		fx->said[0] = '\0';
	}
	/* Stopped while it is away. */
	tell("net_null_p", RTE_ETH_EVENT_INTR_RMV);
	wait_for(fx, port, false);
	close_in_loop(fx, port);
}

static void
a_device_that_needs_a_reset(void **state)
{
	struct fixture *fx = *state;
	struct xd_port_config config = config_of("net_null_p,no-rx=1");
	struct xd_port *port = open_in_loop(fx, &config);

	for (unsigned i = 0; i < 2; i++) {
		fx->said[0] = '\0';
		tell("net_null_p", RTE_ETH_EVENT_INTR_RESET);
		for (unsigned k = 0; k < 200 && strstr(fx->said, "is back") == NULL; k++)
			xd_loop_run_once(fx->env.loop, 100);
		assert_non_null(strstr(fx->said, "it needs a reset"));
		assert_true(fx->told && fx->had_then);
		fx->told = false;
		wait_for(fx, port, true);
		assert_true(ethdev(port)->running);
	}
	close_in_loop(fx, port);
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
		TEST(rings_and_queues_as_they_were_asked_for),
		TEST(flows_are_spread_by_what_was_asked_for),
		TEST(a_device_without_flow_control),
		TEST(promiscuous_or_not),
		TEST(extended_statistics),
		TEST(a_link_is_followed),
		TEST(a_device_that_is_unplugged),
		TEST(a_device_that_needs_a_reset),
	};

	return cmocka_run_group_tests_name("ethdev_device", tests, start_eal, stop_eal);
}
