/* SPDX-License-Identifier: BSD-3-Clause */
/* The device behind a port: found or plugged, configured, started; and all of it undone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "drivers/ethdev/ethdev.h"

#define NB_DESC        1024u
#define DATA_ROOM      2048u
#define RSS_HASH_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)
#define TX_OFFLOADS                                                                                \
	(RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |                           \
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |                      \
		RTE_ETH_TX_OFFLOAD_TCP_TSO)

static int
fail(struct xd_ethdev_port *p, struct xd_error *err, int code, const char *what)
{
	const struct xd_port_config *config = &p->port.config;
	char key[128];

	snprintf(key, sizeof(key), "ports.%s.devargs", config->name);
	return xd_fail_key(
		err, code, key, "device %.128s: %s", xd_ethdev_config(config)->devargs, what);
}

/* A step of DPDK's that failed: what it was, and why. */
static int
fail_step(struct xd_ethdev_port *p, struct xd_error *err, int code, const char *step)
{
	char what[128];

	snprintf(what, sizeof(what), "%s: %s", step, rte_strerror(-code));
	return fail(p, err, code, what);
}

/* The port that the devargs name, or RTE_MAX_ETHPORTS. */
static uint16_t
find_port(const char *devargs)
{
	struct rte_dev_iterator it;
	uint16_t found = RTE_MAX_ETHPORTS;
	uint16_t id;

	RTE_ETH_FOREACH_MATCHING_DEV(id, devargs, &it)
	{
		found = id;
		rte_eth_iterator_cleanup(&it);
		break;
	}
	return found;
}

static int
plug(struct xd_ethdev_port *p, struct xd_error *err)
{
	const char *devargs = xd_ethdev_config(&p->port.config)->devargs;
	int ret = rte_dev_probe(devargs);

	if (ret == -EFAULT)
		return fail(p, err, -ENODEV,
			"no DPDK driver of that name is installed, and it is no PCI address");
	if (ret == -ENODEV)
		return fail(p, err, ret, "there is no such device");
	if (ret == -ENOTSUP)
		return fail(p, err, -ENODEV,
			"no DPDK driver takes it; is a PCI device bound to vfio-pci? See "
			"dpdk-devbind.py --status");
	if (ret == -EPERM) /* what drivers say that do not say why */
		return fail(p, err, -EIO,
			"its driver does not start; DPDK's log says why, and a PCI device must be "
			"bound to vfio-pci first, with dpdk-devbind.py");
	if (ret != 0)
		return fail_step(p, err, ret < 0 ? ret : -ENODEV, "its driver does not start");
	p->port_id = find_port(devargs);
	if (p->port_id == RTE_MAX_ETHPORTS)
		return fail(p, err, -ENODEV, "it is no network device");
	p->probed = true;
	return 0;
}

static struct rte_device *
device_of(const struct xd_ethdev_port *p)
{
	struct rte_eth_dev_info info;

	if (!rte_eth_dev_is_valid_port(p->port_id) || rte_eth_dev_info_get(p->port_id, &info) != 0)
		return NULL;
	return info.device;
}

/* Leaves the device as it was found: plugged by us, it goes. */
static void
give_back(struct xd_ethdev_port *p)
{
	struct rte_device *device = device_of(p);

	if (p->probed) {
		rte_eth_dev_close(p->port_id);
		if (device != NULL && rte_dev_remove(device) != 0)
			xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
				"port %s: device %s cannot be unplugged", p->port.config.name,
				xd_ethdev_config(&p->port.config)->devargs);
	} else if (device != NULL) {
		rte_eth_dev_owner_unset(p->port_id, p->owner);
	}
	p->probed = false;
}

/* Keeps other ports, of this switch or of the application, from using the device. */
static int
own(struct xd_ethdev_port *p, struct xd_error *err)
{
	struct rte_eth_dev_owner owner = {0};
	int ret = 0;

	if (p->owner == 0)
		ret = rte_eth_dev_owner_new(&p->owner);
	owner.id = p->owner;
	snprintf(owner.name, sizeof(owner.name), "crossdock:%s", p->port.config.name);
	if (ret == 0)
		ret = rte_eth_dev_owner_set(p->port_id, &owner);
	if (ret == -EPERM) {
		char what[128];

		if (rte_eth_dev_owner_get(p->port_id, &owner) != 0)
			snprintf(owner.name, sizeof(owner.name), "something else");
		snprintf(what, sizeof(what), "it is used by %s already", owner.name);
		return fail(p, err, -EBUSY, what);
	}
	return ret != 0 ? fail_step(p, err, ret, "cannot be claimed") : 0;
}

int
xd_ethdev_claim(struct xd_ethdev_port *p, struct xd_error *err)
{
	int ret;

	p->probed = false;
	p->port_id = find_port(xd_ethdev_config(&p->port.config)->devargs);
	if (p->port_id == RTE_MAX_ETHPORTS) {
		ret = plug(p, err);
		if (ret != 0)
			return ret;
	}
	ret = own(p, err);
	if (ret != 0 && p->probed)
		give_back(p);
	return ret;
}

void
xd_ethdev_unclaim(struct xd_ethdev_port *p)
{
	give_back(p);
	xd_ethdev_free_pool(p);
}

/* ---- Configuration ---- */

static void
choose_conf(
	struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint32_t frame = xd_port_max_frame(p->port.config.mtu);

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = p->port.config.mtu;
	/* Otherwise the link is looked at now and then. */
	conf->intr_conf.lsc = info->dev_flags != NULL && *info->dev_flags & RTE_ETH_DEV_INTR_LSC;
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
	/* net_tap of DPDK 22.11 segments IPv4 only and lets long frames of IPv6 pass. */
	if (strcmp(info->driver_name, "net_tap") == 0)
		conf->txmode.offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	if (p->nb_rx > 1 && info->flow_type_rss_offloads & RSS_HASH_TYPES) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_HASH_TYPES;
	}
}

static int
configure(struct xd_ethdev_port *p, const struct rte_eth_dev_info *info, struct xd_error *err)
{
	const struct xd_port_env *env = p->port.env;
	uint16_t max_tx = RTE_MIN(info->max_tx_queues, XD_ETHDEV_QUEUES_MAX);
	unsigned nb_workers = RTE_MAX(1u, env->nb_workers(env->ctx));
	struct rte_eth_conf conf;
	int ret;

	if (info->max_rx_queues == 0 || max_tx == 0)
		return fail(p, err, -ENOTSUP, "it has no queues");
	p->nb_rx = RTE_MIN(p->port.config.queues, info->max_rx_queues);
	p->max_tx = max_tx;
	p->nb_tx = (uint16_t)RTE_MIN(nb_workers, (unsigned)max_tx);
	choose_conf(p, info, &conf);
	ret = rte_eth_dev_configure(p->port_id, p->nb_rx, p->nb_tx, &conf);
	if (ret != 0 && p->nb_tx != p->nb_rx) {
		/* Some have their queues only in pairs. */
		p->nb_rx = p->nb_tx = p->max_tx = RTE_MIN(p->nb_rx, max_tx);
		ret = rte_eth_dev_configure(p->port_id, p->nb_rx, p->nb_tx, &conf);
	}
	if (ret == -EBUSY)
		return fail(p, err, ret, "the application has started it already");
	if (ret != 0)
		return fail_step(p, err, ret, "cannot be configured");
	p->rx_offloads = conf.rxmode.offloads;
	p->tx_offloads = conf.txmode.offloads;
	p->nb_tso_segs = info->tx_desc_lim.nb_seg_max;
	if (p->nb_rx < p->port.config.queues)
		xd_log(env->log, XD_LOG_ETHDEV, XD_LOG_WARN,
			"port %s: device %s has %u receive queues instead of %u",
			p->port.config.name, xd_ethdev_config(&p->port.config)->devargs, p->nb_rx,
			p->port.config.queues);
	return 0;
}

static int
set_up_queues(struct xd_ethdev_port *p, struct xd_error *err)
{
	unsigned node = (unsigned)rte_eth_dev_socket_id(p->port_id);
	int ret;

	p->nb_rx_desc = p->nb_tx_desc = NB_DESC;
	ret = rte_eth_dev_adjust_nb_rx_tx_desc(p->port_id, &p->nb_rx_desc, &p->nb_tx_desc);
	if (ret != 0)
		return fail_step(p, err, ret, "no size of rings suits it");
	ret = xd_ethdev_create_pool(p, err);
	if (ret != 0)
		return ret;
	for (uint16_t q = 0; q < p->nb_rx && ret == 0; q++)
		ret = rte_eth_rx_queue_setup(p->port_id, q, p->nb_rx_desc, node, NULL, p->pool);
	for (uint16_t q = 0; q < RTE_MIN(p->nb_tx, XD_PORT_QUEUES); q++)
		p->port.tx[q] = q;
	__atomic_store_n(&p->port.nb_tx, RTE_MIN(p->nb_tx, XD_PORT_QUEUES), __ATOMIC_RELEASE);
	for (uint16_t q = 0; q < p->nb_tx && ret == 0; q++)
		ret = rte_eth_tx_queue_setup(p->port_id, q, p->nb_tx_desc, node, NULL);
	return ret != 0 ? fail_step(p, err, ret, "its queues cannot be set up") : 0;
}

static int
start(struct xd_ethdev_port *p, struct xd_error *err)
{
	int ret = rte_eth_dev_set_mtu(p->port_id, p->port.config.mtu);

	if (ret != 0 && ret != -ENOTSUP)
		return fail_step(p, err, ret, "its MTU cannot be set");
	ret = rte_eth_dev_start(p->port_id);
	if (ret != 0)
		return fail_step(p, err, ret, "cannot be started");
	ret = rte_eth_promiscuous_enable(p->port_id);
	if (ret != 0 && ret != -ENOTSUP) {
		rte_eth_dev_stop(p->port_id);
		return fail_step(p, err, ret, "cannot receive frames for other addresses");
	}
	if (ret == -ENOTSUP)
		xd_log(p->port.env->log, XD_LOG_ETHDEV, XD_LOG_INFO,
			"port %s: device %s has no promiscuous mode", p->port.config.name,
			xd_ethdev_config(&p->port.config)->devargs);
	return 0;
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
	int ret = rte_eth_dev_info_get(p->port_id, &info);

	if (ret != 0)
		return fail_step(p, err, ret, "does not describe itself");
	ret = xd_ethdev_check_mtu(p, p->port.config.mtu, err);
	if (ret == 0)
		ret = configure(p, &info, err);
	if (ret != 0)
		return ret;
	ret = set_up_queues(p, err);
	if (ret == 0)
		ret = start(p, err);
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
