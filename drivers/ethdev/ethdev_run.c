/* SPDX-License-Identifier: BSD-3-Clause */
/* From taking a device into use until it is given back: claimed and opened, its events heard, the
 * interface behind it known. Control. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"

#define EVENT_TRIES 1000

static void
note_interface(struct xd_ethdev_port *p)
{
	struct rte_eth_dev_info info;

	p->if_index = 0;
	if (rte_eth_dev_info_get(p->port_id, &info) != 0)
		return;
	p->makes_interface = strcmp(info.driver_name, "net_tap") == 0;
	p->needs_interface = strcmp(info.driver_name, "net_af_packet") == 0;
	if (info.if_index != 0 && if_indextoname(info.if_index, p->if_name) != NULL)
		p->if_index = info.if_index;
	else
		p->if_name[0] = '\0';
}

/* DPDK's interrupt thread, which takes no lock of the switch's. */
static int
on_event(uint16_t port_id, enum rte_eth_event_type type, void *ctx, void *result)
{
	const struct xd_ethdev_port *p = ctx;
	uint64_t one = 1;

	(void)port_id;
	(void)type;
	(void)result;
	return write(p->event_fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

static void
hear(struct xd_ethdev_port *p)
{
	note_interface(p);
	if (p->event_fd < 0)
		return;
	rte_eth_dev_callback_register(p->port_id, RTE_ETH_EVENT_INTR_LSC, on_event, p);
	rte_eth_dev_callback_register(p->port_id, RTE_ETH_EVENT_INTR_RMV, on_event, p);
}

static void
unhear_one(struct xd_ethdev_port *p, enum rte_eth_event_type type)
{
	/* -EAGAIN: it is being called, which takes no time. */
	for (unsigned i = 0; i < EVENT_TRIES; i++) {
		if (rte_eth_dev_callback_unregister(p->port_id, type, on_event, p) != -EAGAIN)
			return;
		rte_delay_us_sleep(100);
	}
}

static void
unhear(struct xd_ethdev_port *p)
{
	if (p->event_fd < 0)
		return;
	unhear_one(p, RTE_ETH_EVENT_INTR_LSC);
	unhear_one(p, RTE_ETH_EVENT_INTR_RMV);
}

int
xd_ethdev_begin(struct xd_ethdev_port *p, struct xd_error *err)
{
	int ret = xd_ethdev_claim(p, err);

	if (ret != 0)
		return ret;
	ret = xd_ethdev_open(p, err);
	if (ret != 0) {
		xd_ethdev_unclaim(p);
		return ret;
	}
	hear(p);
	p->port.pool_bytes = xd_pool_bytes(p->pool);
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	return 0;
}

void
xd_ethdev_end(struct xd_ethdev_port *p)
{
	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	p->port.env->quiesce(p->port.env->ctx);
	unhear(p);
	xd_ethdev_close(p);
	xd_ethdev_unclaim(p);
	p->port.pool_bytes = 0;
}
