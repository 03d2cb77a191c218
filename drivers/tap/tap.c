/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a tap port: created, started, stopped, changed and destroyed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "drivers/tap/tap.h"

#define LOOK_US 50 /* between two reads of a queue that has been empty for long */

static void
tap_destroy(struct xd_port *port)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;

	if (p == NULL)
		return;
	for (unsigned q = 0; p->queues != NULL && q < p->port.config.queues; q++)
		free(p->queues[q].frames);
	xd_netdev_queues_free(p->queues, p->port.config.queues, sizeof(*p->queues));
	free(p);
}

static bool
make_queues(struct xd_tap_port *p)
{
	const unsigned n = p->port.config.queues;
	bool ok = true;

	p->queues = xd_netdev_queues_make(n, sizeof(*p->queues));
	if (p->queues == NULL)
		return false;
	for (unsigned q = 0; q < n; q++) {
		p->queues[q].frames = aligned_alloc(64, XD_TAP_FRAMES_BYTES);
		ok = ok && p->queues[q].frames != NULL;
	}
	return ok;
}

static struct xd_port *
tap_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_tap_port *p = aligned_alloc(64, sizeof(*p));

	if (p == NULL)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	if (!make_queues(p))
		goto err_port;
	p->dev = (struct xd_netdev){.port = &p->port,
		.ops = &xd_tap_netdev_ops,
		.netns = xd_tap_config(&p->port.config)->netns};
	p->port.nb_queues = config->queues;
	p->look_tsc = rte_get_tsc_hz() / 1000000 * LOOK_US;
	return &p->port;

err_port:
	tap_destroy(&p->port);
err_memory:
	xd_fail(err, -ENOMEM, "port %s: out of memory or descriptors", config->name);
	return NULL;
}

static int
tap_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	int ret = xd_netdev_start(&p->dev, err);

	if (ret < 0)
		return ret;
	for (uint16_t q = 0; q < port->config.queues; q++)
		port->tx[q] = q;
	__atomic_store_n(&port->nb_tx, port->config.queues, __ATOMIC_RELEASE);
	port->pool_bytes = (uint64_t)port->config.queues * XD_TAP_FRAMES_BYTES;
	return 0;
}

static void
tap_stop(struct xd_port *port)
{
	xd_netdev_stop(&((struct xd_tap_port *)port)->dev);
	port->pool_bytes = 0;
}

/* ---- Changes while frames pass ---- */

static int
tap_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	const char *now = xd_netdev_ifname(&port->config, xd_tap_config(&port->config)->ifname);

	(void)err;
	/* The interface that is named after the port gets another name. */
	return strcmp(xd_netdev_ifname(config, xd_tap_config(config)->ifname), now) ? -ENOTSUP : 0;
}

static void
tell_not_set(const struct xd_tap_port *p, const char *key, int ret)
{
	if (ret < 0)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_ERROR,
			"port %s: interface %s does not take its %s: %s", p->port.config.name,
			p->dev.ifname, key, strerror(-ret));
}

/* Adds or takes the addresses that are in one list and not in the other. */
static void
set_difference(struct xd_tap_port *p, const char *in, const char *not_in, bool there)
{
	struct xd_ip a[XD_TAP_ADDRESSES], b[XD_TAP_ADDRESSES];
	int na = xd_tap_addresses(in, a, NULL), nb = xd_tap_addresses(not_in, b, NULL);

	for (int i = 0; i < na; i++) {
		int k = 0;

		while (k < nb && !xd_tap_address_equal(&a[i], &b[k]))
			k++;
		if (k >= nb)
			tell_not_set(p, "ip", xd_link_address_set(&p->dev, &a[i], there));
	}
}

static void
tap_set(struct xd_port *port, const struct xd_port_config *config)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	const struct xd_tap_config *now = xd_tap_config(&port->config),
				   *next = xd_tap_config(config);
	uint8_t mac[6];
	bool other_mac = strcmp(now->mac, next->mac) && xd_tap_mac(next->mac, mac) == 0;

	/* What has gone is made with its new settings. */
	if (!p->running)
		return;
	if (config->mtu != port->config.mtu || other_mac)
		tell_not_set(p, other_mac ? "mac" : "mtu",
			xd_link_set(&p->dev, config->mtu, other_mac ? mac : NULL, false));
	set_difference(p, now->ip, next->ip, false);
	set_difference(p, next->ip, now->ip, true);
	if (now->persist != next->persist)
		tell_not_set(p, "persist", xd_tap_set_persist(p, next->persist));
}

const struct xd_driver xd_tap_driver = {
	.type = "tap",
	.help = "an interface of the kernel's, for the host itself or a container",
	.keys = xd_tap_keys,
	.claims = xd_tap_claims,
	.check = xd_tap_check,
	.create = tap_create,
	.start = tap_start,
	.stop = tap_stop,
	.destroy = tap_destroy,
	.can_set = tap_can_set,
	.set = tap_set,
	.rx = xd_tap_rx,
	.rewind = xd_tap_rewind,
	.release = xd_tap_release,
	.tx = xd_tap_tx,
	.takes = xd_tap_takes,
	.fd = xd_tap_fd,
	.arm = xd_tap_arm,
	.disarm = xd_tap_disarm,
	.describe = xd_tap_describe,
};
