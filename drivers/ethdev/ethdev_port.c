/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a dpdk port: checked, created, started, stopped, changed and destroyed. */
#include "drivers/ethdev/ethdev.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "memory/memory.h"

static struct xd_port *
ethdev_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_ethdev_port *p = aligned_alloc(64, sizeof(*p));

	if (p == NULL)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	p->txqs = aligned_alloc(64, XD_ETHDEV_QUEUES_MAX * sizeof(*p->txqs));
	if (p->txqs == NULL)
		goto err_port;
	for (unsigned i = 0; i < XD_ETHDEV_QUEUES_MAX; i++)
		rte_spinlock_init(&p->txqs[i].lock);
	xd_port_init(&p->port, driver, env, config);
	p->port.nb_queues = config->queues;
	return &p->port;

err_port:
	free(p);
err_memory:
	xd_fail(err, -ENOMEM, "port %s: out of memory", config->name);
	return NULL;
}

static void
ethdev_destroy(struct xd_port *port)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;

	if (p == NULL)
		return;
	free(p->txqs);
	free(p);
}

static int
ethdev_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	int ret;

	p->lost = false;
	ret = xd_ethdev_watch(p, err);
	if (ret != 0)
		return ret;
	ret = xd_ethdev_begin(p, err);
	if (ret != 0) {
		xd_ethdev_unwatch(p);
		return ret;
	}
	port->nb_queues = p->nb_rx;
	port->node = (int16_t)rte_eth_dev_socket_id(p->port_id);
	__atomic_store_n(&port->up, xd_ethdev_link(p), __ATOMIC_RELEASE);
	return 0;
}

static void
ethdev_stop(struct xd_port *port)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;

	if (!p->running && !p->lost)
		return;
	__atomic_store_n(&port->up, false, __ATOMIC_RELEASE);
	if (p->running)
		xd_ethdev_end(p);
	xd_ethdev_unwatch(p);
	p->lost = false;
	port->nb_queues = port->config.queues;
}

static int
can_set_mtu(struct xd_ethdev_port *p, uint16_t mtu, struct xd_error *err)
{
	int ret = xd_ethdev_check_mtu(p, mtu, err);

	if (ret != 0)
		return ret;
	if (xd_port_max_frame(mtu) > p->data_room && !p->scatter)
		return -ENOTSUP;
	/* Many devices want to be stopped for it, and say so whatever the MTU is: asked for the one
	 * that they have, they lose no frame. */
	return rte_eth_dev_set_mtu(p->port_id, p->port.config.mtu) != 0 ? -ENOTSUP : 0;
}

static int
ethdev_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	const struct xd_port_config *now = &port->config;

	if (!p->running)
		return 0;
	/* A queue for each worker. That there are more of them than workers is no harm. */
	if (p->nb_tx < p->max_tx && p->nb_tx < port->env->nb_workers(port->env->ctx))
		return -ENOTSUP;
	return config->mtu != now->mtu ? can_set_mtu(p, config->mtu, err) : 0;
}

static void
ethdev_set(struct xd_port *port, const struct xd_port_config *config)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	int ret = 0;

	if (config->mtu != port->config.mtu && p->running)
		ret = rte_eth_dev_set_mtu(p->port_id, config->mtu);
	if (ret != 0)
		xd_log(port->env->log, XD_LOG_ETHDEV, XD_LOG_ERROR,
			"port %s: device %s keeps an MTU of %u: %s", config->name,
			xd_ethdev_config(config)->devargs, port->config.mtu, rte_strerror(-ret));
}

const struct xd_driver xd_ethdev_driver = {
	.type = "dpdk",
	.help = "a network card or virtual device that DPDK drives, by its devargs",
	.keys = xd_ethdev_keys,
	.claims = xd_ethdev_claims,
	.check = xd_ethdev_check,
	.create = ethdev_create,
	.start = ethdev_start,
	.stop = ethdev_stop,
	.destroy = ethdev_destroy,
	.can_set = ethdev_can_set,
	.set = ethdev_set,
	.rx = xd_ethdev_rx,
	.release = xd_ethdev_release,
	.tx = xd_ethdev_tx,
	.describe = xd_ethdev_describe,
};
