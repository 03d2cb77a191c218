/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings that a device takes while it runs: promiscuous mode, flow control. Control. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>

#include "drivers/ethdev/ethdev.h"

/* ---- Flow control ---- */

static enum rte_eth_fc_mode
flow_mode(const struct xd_ethdev_port *p, const struct xd_port_config *config)
{
	switch (xd_ethdev_config(config)->flow_control) {
	case XD_ETHDEV_FLOW_OFF:
		return RTE_ETH_FC_NONE;
	case XD_ETHDEV_FLOW_RX:
		return RTE_ETH_FC_RX_PAUSE;
	case XD_ETHDEV_FLOW_TX:
		return RTE_ETH_FC_TX_PAUSE;
	case XD_ETHDEV_FLOW_BOTH:
		return RTE_ETH_FC_FULL;
	case XD_ETHDEV_FLOW_DEVICE:
		break;
	}
	return p->device_flow;
}

static int
fail_flow(const struct xd_port_config *config, int code, struct xd_error *err)
{
	return xd_port_config_fail(err, code, config, "flow_control",
		"device %.128s does not let its flow control be set: leave it at device",
		xd_ethdev_config(config)->devargs);
}

static int
set_flow(struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err)
{
	struct rte_eth_fc_conf conf = {0};
	int ret = rte_eth_dev_flow_ctrl_get(p->port_id, &conf);

	if (ret == 0 && conf.mode != flow_mode(p, config)) {
		conf.mode = flow_mode(p, config);
		ret = rte_eth_dev_flow_ctrl_set(p->port_id, &conf);
	}
	if (ret == 0 || xd_ethdev_config(config)->flow_control == XD_ETHDEV_FLOW_DEVICE)
		return 0;
	return fail_flow(config, ret, err);
}

/* ---- Promiscuous mode ---- */

/* Without it, groups are received whatever the device knows of them: a switch knows no members. */
static int
set_promisc(struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err)
{
	const bool on = xd_ethdev_config(config)->promisc == XD_ETHDEV_PROMISC_YES;
	int ret = on ? rte_eth_promiscuous_enable(p->port_id)
		     : rte_eth_promiscuous_disable(p->port_id);

	if (ret == 0 && !on)
		rte_eth_allmulticast_enable(p->port_id);
	if (ret == -ENOTSUP)
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO,
			"port %s: device %s has no promiscuous mode", config->name,
			xd_ethdev_config(config)->devargs);
	return ret == 0 || ret == -ENOTSUP
		       ? 0
		       : xd_ethdev_fail_step(p, ret, err,
				 on ? "cannot receive frames for other addresses"
				    : "cannot leave promiscuous mode");
}

/* ---- Both ---- */

void
xd_ethdev_note_mode(struct xd_ethdev_port *p)
{
	struct rte_eth_fc_conf conf = {0};

	if (rte_eth_dev_flow_ctrl_get(p->port_id, &conf) == 0)
		p->device_flow = conf.mode;
}

int
xd_ethdev_set_mode(
	struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err)
{
	int ret = set_promisc(p, config, err);

	return ret != 0 ? ret : set_flow(p, config, err);
}

int
xd_ethdev_can_set_mode(
	struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err)
{
	struct rte_eth_fc_conf conf = {0};
	int ret;

	if (xd_ethdev_config(config)->flow_control ==
		xd_ethdev_config(&p->port.config)->flow_control)
		return 0;
	ret = rte_eth_dev_flow_ctrl_get(p->port_id, &conf);
	if (ret == 0 || xd_ethdev_config(config)->flow_control == XD_ETHDEV_FLOW_DEVICE)
		return 0;
	/* -ENOTSUP would have the port made anew. */
	return fail_flow(config, ret == -ENOTSUP ? -EINVAL : ret, err);
}
