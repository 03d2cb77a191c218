/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of an af_xdp port: created, started, stopped, changed and destroyed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/af_xdp/af_xdp.h"

static void
af_xdp_destroy(struct xd_port *port)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;

	if (p == NULL)
		return;
	xd_netdev_queues_free(p->queues, port->config.queues, sizeof(*p->queues));
	free(p);
}

static bool
make_queues(struct xd_af_xdp_port *p)
{
	const unsigned n = p->port.config.queues;

	p->queues = xd_netdev_queues_make(n, sizeof(*p->queues));
	for (unsigned q = 0; p->queues != NULL && q < n; q++)
		rte_spinlock_init(&p->queues[q].lock);
	return p->queues != NULL;
}

static struct xd_port *
af_xdp_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_af_xdp_port *p = aligned_alloc(64, sizeof(*p));

	if (p == NULL)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	if (!make_queues(p))
		goto err_port;
	p->promisc_fd = p->link_fd = -1;
	p->dev = (struct xd_netdev){.port = &p->port,
		.ops = &xd_af_xdp_netdev_ops,
		.netns = xd_af_xdp_config(&p->port.config)->netns};
	p->port.nb_queues = config->queues;
	return &p->port;

err_port:
	af_xdp_destroy(&p->port);
err_memory:
	xd_fail(err, -ENOMEM, "port %s: out of memory or descriptors", config->name);
	return NULL;
}

static int
af_xdp_start(struct xd_port *port, struct xd_error *err)
{
	int ret = xd_netdev_start(&((struct xd_af_xdp_port *)port)->dev, err);

	if (ret < 0)
		return ret;
	for (uint16_t q = 0; q < port->config.queues; q++)
		port->tx[q] = q;
	__atomic_store_n(&port->nb_tx, port->config.queues, __ATOMIC_RELEASE);
	return 0;
}

static void
af_xdp_stop(struct xd_port *port)
{
	xd_netdev_stop(&((struct xd_af_xdp_port *)port)->dev);
}

/* ---- Changes while frames pass ---- */

/* The interface stays; frames that are longer than it took may need larger chunks. */
static int
can_set_mtu(
	const struct xd_af_xdp_port *p, const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_link link;

	if (!p->running || config->mtu <= p->port.config.mtu)
		return 0;
	if (xd_link_get(&p->dev, NULL, &link) < 0)
		return 0;
	if (config->mtu > link.mtu)
		return xd_af_xdp_fail_mtu(p, config, link.mtu, err);
	return xd_port_max_frame(config->mtu) + XD_AF_XDP_TX_OFFSET > p->chunk ? -ENOTSUP : 0;
}

static int
af_xdp_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_af_xdp_config *now = xd_af_xdp_config(&port->config);
	const struct xd_af_xdp_config *next = xd_af_xdp_config(config);

	/* The interface that is named after the port is another one. */
	if (strcmp(xd_netdev_ifname(config, next->ifname),
		    xd_netdev_ifname(&port->config, now->ifname)))
		return -ENOTSUP;
	return can_set_mtu((struct xd_af_xdp_port *)port, config, err);
}

static void
af_xdp_set(struct xd_port *port, const struct xd_port_config *config)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	const struct xd_af_xdp_config *now = xd_af_xdp_config(&port->config);
	const struct xd_af_xdp_config *next = xd_af_xdp_config(config);
	int ret;

	/* What has gone gets its rules when it is back. */
	if (!p->running || (!strcmp(now->steer, next->steer) && !strcmp(now->kernel, next->kernel)))
		return;
	ret = xd_af_xdp_program_steer(p, config);
	if (ret < 0)
		xd_log(port->env->log, XD_LOG_PORT, XD_LOG_ERROR,
			"port %s: its XDP program does not take other rules: %s", config->name,
			strerror(-ret));
}

const struct xd_driver xd_af_xdp_driver = {
	.type = "af_xdp",
	.help = "an interface that is shared with the kernel: a NIC, a veth",
	.keys = xd_af_xdp_keys,
	.claims = xd_af_xdp_claims,
	.check = xd_af_xdp_check,
	.create = af_xdp_create,
	.start = af_xdp_start,
	.stop = af_xdp_stop,
	.destroy = af_xdp_destroy,
	.can_set = af_xdp_can_set,
	.set = af_xdp_set,
	.rx = xd_af_xdp_rx,
	.rewind = xd_af_xdp_rewind,
	.release = xd_af_xdp_release,
	.tx = xd_af_xdp_tx,
	.fd = xd_af_xdp_fd,
	.arm = xd_af_xdp_arm,
	.disarm = xd_af_xdp_disarm,
	.describe = xd_af_xdp_describe,
};
