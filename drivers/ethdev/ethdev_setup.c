/* SPDX-License-Identifier: BSD-3-Clause */
/* The device configured and started, with what it can do; and stopped. Control. */
#include <errno.h>
#include <string.h>

#include <rte_errno.h>

#include "drivers/ethdev/ethdev.h"
#include "nic/nic.h"

#define DATA_ROOM 2048u
#define TX_OFFLOADS                                                                                \
	(RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |                           \
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |                      \
		RTE_ETH_TX_OFFLOAD_TCP_TSO)

/* ---- What is asked of it ---- */

/* RTE_ETH_RSS_* of the key. */
static uint64_t
rss_types(uint64_t headers)
{
	static const uint64_t types[] = {
		[XD_ETHDEV_RSS_IP] = RTE_ETH_RSS_IP,
		[XD_ETHDEV_RSS_TCP] = RTE_ETH_RSS_TCP,
		[XD_ETHDEV_RSS_UDP] = RTE_ETH_RSS_UDP,
		[XD_ETHDEV_RSS_SCTP] = RTE_ETH_RSS_SCTP,
		[XD_ETHDEV_RSS_L2] = RTE_ETH_RSS_ETH | RTE_ETH_RSS_L2_PAYLOAD,
	};
	uint64_t all = 0;

	for (unsigned i = 0; i < RTE_DIM(types); i++)
		all |= headers >> i & 1 ? types[i] : 0;
	return all;
}

static void
choose_rss(struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	const struct xd_ethdev_config *config = xd_ethdev_config(&p->port.config);

	p->rss = p->nb_rx > 1 ? rss_types(config->rss) & info->flow_type_rss_offloads : 0;
	if (p->rss == 0)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = p->rss;
}

static void
choose_conf(
	struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint32_t frame = xd_port_max_frame(p->port.config.mtu);

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = p->port.config.mtu;
	conf->intr_conf.lsc = p->lsc;
	conf->intr_conf.rxq = p->intr;
	p->scatter = false;
	p->data_room = DATA_ROOM;
	if (frame > DATA_ROOM && info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) {
		conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
		p->scatter = true;
	} else if (frame > DATA_ROOM) {
		p->data_room = RTE_MIN(
			RTE_ALIGN_CEIL(frame, 1024u), UINT16_MAX - (uint32_t)RTE_PKTMBUF_HEADROOM);
	}
	conf->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	conf->txmode.offloads = info->tx_offload_capa & TX_OFFLOADS;
	if (p->quirks->no_tso)
		conf->txmode.offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	choose_rss(p, info, conf);
}

static void
tell_queues(const struct xd_ethdev_port *p)
{
	const struct xd_port_config *config = &p->port.config;
	const struct xd_log *log = p->port.env->log;

	if (p->nb_rx < config->queues)
		xd_log(log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: device %s has %u receive queues instead of %u", config->name,
			xd_ethdev_config(config)->devargs, p->nb_rx, config->queues);
	else if (p->nb_rx > 1 && p->rss == 0)
		xd_log(log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: device %s does not say that it spreads frames by any of what rss "
			"names; it may fill one queue alone",
			config->name, xd_ethdev_config(config)->devargs);
}

static int
configure(struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct xd_error *err)
{
	const struct xd_port_env *env = p->port.env;
	uint16_t max_tx = RTE_MIN(info->max_tx_queues, XD_ETHDEV_QUEUES_MAX);
	unsigned nb_tx = xd_ethdev_config(&p->port.config)->tx_queues;
	struct rte_eth_conf conf;
	int ret;

	if (info->max_rx_queues == 0 || max_tx == 0)
		return xd_ethdev_fail(p, -ENOTSUP, err, "it has no queues");
	if (nb_tx == 0)
		nb_tx = RTE_MAX(1u, env->nb_workers(env->ctx));
	p->nb_rx = RTE_MIN(p->port.config.queues, info->max_rx_queues);
	p->max_tx = max_tx;
	p->nb_tx = (uint16_t)RTE_MIN(nb_tx, (unsigned)max_tx);
	choose_conf(p, info, &conf);
	ret = rte_eth_dev_configure(p->port_id, p->nb_rx, p->nb_tx, &conf);
	if (ret != 0 && p->nb_tx != p->nb_rx) {
		/* Some have their queues only in pairs. */
		p->nb_rx = p->nb_tx = p->max_tx = RTE_MIN(p->nb_rx, max_tx);
		ret = rte_eth_dev_configure(p->port_id, p->nb_rx, p->nb_tx, &conf);
	}
	if (ret == -EBUSY)
		return xd_ethdev_fail(p, ret, err, "the application has started it already");
	if (ret != 0)
		return xd_ethdev_fail_step(p, ret, err, "cannot be configured");
	p->rx_offloads = conf.rxmode.offloads;
	p->tx_offloads = conf.txmode.offloads;
	p->nb_tso_segs = info->tx_desc_lim.nb_seg_max;
	return 0;
}

/* ---- Its queues ---- */

static int
choose_descriptors(struct xd_ethdev_port *p, struct xd_error *err)
{
	const struct xd_ethdev_config *config = xd_ethdev_config(&p->port.config);
	int ret;

	p->nb_rx_desc = config->rx_desc;
	p->nb_tx_desc = config->tx_desc;
	ret = rte_eth_dev_adjust_nb_rx_tx_desc(p->port_id, &p->nb_rx_desc, &p->nb_tx_desc);
	if (ret != 0)
		return xd_ethdev_fail_step(p, ret, err, "no size of rings suits it");
	if (p->nb_rx_desc != config->rx_desc || p->nb_tx_desc != config->tx_desc)
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO,
			"port %s: the rings of device %s have %u and %u descriptors instead of %u "
			"and %u",
			p->port.config.name, config->devargs, p->nb_rx_desc, p->nb_tx_desc,
			config->rx_desc, config->tx_desc);
	return 0;
}

static int
set_up_rings(struct xd_ethdev_port *p, unsigned node)
{
	int ret = 0;

	for (uint16_t q = 0; q < p->nb_rx && ret == 0; q++)
		ret = rte_eth_rx_queue_setup(p->port_id, q, p->nb_rx_desc, node, NULL, p->pool);
	for (uint16_t q = 0; q < p->nb_tx && ret == 0; q++)
		ret = rte_eth_tx_queue_setup(p->port_id, q, p->nb_tx_desc, node, NULL);
	return ret;
}

static int
set_up_queues(struct xd_ethdev_port *p, struct xd_error *err)
{
	int ret = choose_descriptors(p, err);

	if (ret == 0 && p->pool == NULL)
		ret = xd_ethdev_create_pool(p, err);
	if (ret != 0)
		return ret;
	for (uint16_t q = 0; q < RTE_MIN(p->nb_tx, XD_PORT_QUEUES); q++)
		p->port.tx[q] = q;
	__atomic_store_n(&p->port.nb_tx, RTE_MIN(p->nb_tx, XD_PORT_QUEUES), __ATOMIC_RELEASE);
	ret = set_up_rings(p, (unsigned)p->node);
	/* Far rings are slower than near ones, and better than none. */
	if (ret == -ENOMEM && p->node != SOCKET_ID_ANY)
		ret = set_up_rings(p, (unsigned)SOCKET_ID_ANY);
	return ret != 0 ? xd_ethdev_fail_step(p, ret, err, "its queues cannot be set up") : 0;
}

/* ---- All of it ---- */

static int
start(struct xd_ethdev_port *p, struct xd_error *err)
{
	int ret = rte_eth_dev_set_mtu(p->port_id, p->port.config.mtu);

	if (ret != 0 && ret != -ENOTSUP)
		return xd_ethdev_fail_step(p, ret, err, "its MTU cannot be set");
	ret = rte_eth_dev_start(p->port_id);
	return ret != 0 ? xd_ethdev_fail_step(p, ret, err, "cannot be started") : 0;
}

/* With the interrupts that p->intr and p->lsc say. */
static int
set_up(struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct xd_error *err)
{
	int ret = configure(p, info, err);

	if (ret == 0)
		ret = set_up_queues(p, err);
	if (ret == 0)
		ret = start(p, err);
	return ret;
}

/* What interrupts do come of those that were asked of a card, as far as can be told. One that has
 * one vector for all of them sends those of its queues alone. Returns whether there are fewer; then
 * the device must be started without. */
static bool
fewer_interrupts(struct xd_ethdev_port *p, const char *address)
{
	const bool intr = p->intr, lsc = p->lsc, msix = xd_nic_has_msix("", address);

	if (msix && p->quirks->deaf_by_msix)
		p->intr = p->lsc = false;
	p->intr = p->intr && xd_ethdev_can_interrupt(p);
	if (!msix && p->intr)
		p->lsc = false;
	return p->intr != intr || p->lsc != lsc;
}

/* Frames at once, so that a turn of the longest ones keeps to XD_BATCH_BYTES; a multiple of four,
 * which vectorised drivers want. */
static uint16_t
burst_for(uint16_t max_frame)
{
	uint16_t n = (uint16_t)RTE_MIN((unsigned)XD_BATCH, XD_BATCH_BYTES / max_frame & ~3u);

	return n != 0 ? n : 4;
}

int
xd_ethdev_open(struct xd_ethdev_port *p, struct xd_error *err)
{
	struct rte_eth_dev_info info;
	char address[XD_ETHDEV_NAME_MAX];
	int ret = rte_eth_dev_info_get(p->port_id, &info);

	if (ret != 0)
		return xd_ethdev_fail_step(p, ret, err, "does not describe itself");
	ret = xd_ethdev_check_mtu(p, p->port.config.mtu, err);
	if (ret != 0)
		return ret;
	p->quirks = xd_ethdev_quirks_of(info.driver_name);
	p->lsc = !p->quirks->silent && info.dev_flags != NULL &&
		 *info.dev_flags & RTE_ETH_DEV_INTR_LSC;
	/* Of virtual devices, few have them and some break when they are set up a second time. */
	p->intr = xd_ethdev_pci(xd_ethdev_config(&p->port.config)->devargs, address);
	ret = set_up(p, &info, err);
	if (ret != 0 && ret != -EBUSY && p->intr) {
		p->intr = false;
		ret = set_up(p, &info, err);
	} else if (ret == 0 && p->intr && fewer_interrupts(p, address)) {
		xd_ethdev_close(p);
		ret = set_up(p, &info, err);
	}
	if (ret != 0)
		return ret;
	tell_queues(p);
	xd_ethdev_note_mode(p);
	ret = xd_ethdev_set_mode(p, &p->port.config, err);
	if (ret != 0)
		rte_eth_dev_stop(p->port_id);
	p->burst = burst_for(xd_port_max_frame(p->port.config.mtu));
	return ret;
}

void
xd_ethdev_close(struct xd_ethdev_port *p)
{
	int ret = rte_eth_dev_stop(p->port_id);

	if (ret != 0)
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: device %s does not stop: %s", p->port.config.name,
			xd_ethdev_config(&p->port.config)->devargs, rte_strerror(-ret));
}
