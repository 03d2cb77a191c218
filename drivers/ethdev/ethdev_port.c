/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a dpdk port: checked, created, started, stopped, changed and destroyed. */
#include "drivers/ethdev/ethdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_errno.h>

#include "memory/memory.h"

static void
ethdev_destroy(struct xd_port *port)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;

	if (p == NULL)
		return;
	for (unsigned q = 0; p->rxqs != NULL && q < port->config.queues; q++) {
		if (p->rxqs[q].sleep_fd >= 0)
			close(p->rxqs[q].sleep_fd);
	}
	free(p->rxqs);
	free(p->txqs);
	free(p);
}

static bool
create_queues(struct xd_ethdev_port *p, unsigned nb_rx)
{
	bool ok = true;

	p->rxqs = aligned_alloc(64, nb_rx * sizeof(*p->rxqs));
	p->txqs = aligned_alloc(64, XD_ETHDEV_QUEUES_MAX * sizeof(*p->txqs));
	if (p->rxqs == NULL || p->txqs == NULL)
		return false;
	for (unsigned i = 0; i < XD_ETHDEV_QUEUES_MAX; i++)
		rte_spinlock_init(&p->txqs[i].lock);
	for (unsigned i = 0; i < nb_rx; i++) {
		p->rxqs[i].nb_kept = 0;
		p->rxqs[i].intr_fd = -1;
		p->rxqs[i].sleep_fd = epoll_create1(EPOLL_CLOEXEC);
		ok = ok && p->rxqs[i].sleep_fd >= 0;
	}
	return ok;
}

static struct xd_port *
ethdev_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_ethdev_port *p = aligned_alloc(64, sizeof(*p));

	if (p == NULL)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	p->port.nb_queues = config->queues;
	p->event_fd = -1;
	p->quirks = xd_ethdev_quirks_of("");
	rte_spinlock_init(&p->intr_lock);
	if (!create_queues(p, config->queues))
		goto err_memory;
	return &p->port;

err_memory:
	xd_fail(err, -ENOMEM, "port %s: no memory, or no descriptor for its queues", config->name);
	ethdev_destroy((struct xd_port *)p);
	return NULL;
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
	int ret = 0;

	if (!p->running)
		return 0;
	/* A queue for each worker. That there are more of them than workers is no harm. */
	if (xd_ethdev_config(config)->tx_queues == 0 && p->nb_tx < p->max_tx &&
		p->nb_tx < port->env->nb_workers(port->env->ctx))
		return -ENOTSUP;
	if (config->mtu != now->mtu)
		ret = can_set_mtu(p, config->mtu, err);
	return ret != 0 ? ret : xd_ethdev_can_set_mode(p, config, err);
}

static void
ethdev_set(struct xd_port *port, const struct xd_port_config *config)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct xd_error err = {0};
	int ret = 0;

	if (!p->running)
		return;
	if (config->mtu != port->config.mtu)
		ret = rte_eth_dev_set_mtu(p->port_id, config->mtu);
	if (ret != 0)
		xd_log(port->env->log, XD_LOG_ETHDEV, XD_LOG_ERROR,
			"port %s: device %s keeps an MTU of %u: %s", config->name,
			xd_ethdev_config(config)->devargs, port->config.mtu, rte_strerror(-ret));
	if (xd_ethdev_set_mode(p, config, &err) != 0)
		xd_log(port->env->log, XD_LOG_ETHDEV, XD_LOG_ERROR, "port %s: %s", config->name,
			err.text);
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
	.fd = xd_ethdev_fd,
	.arm = xd_ethdev_arm,
	.disarm = xd_ethdev_disarm,
	.describe = xd_ethdev_describe,
	.xstats = xd_ethdev_xstats,
};
