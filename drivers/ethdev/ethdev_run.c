/* SPDX-License-Identifier: BSD-3-Clause */
/* From taking a device into use until it is given back: claimed and opened, its events heard, the
 * interface behind it known. Control. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>

#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"

#define EVENT_TRIES 1000

static void
note_device(struct xd_ethdev_port *p)
{
	struct rte_eth_dev_info info;

	p->if_index = 0;
	p->device_name[0] = '\0';
	if (rte_eth_dev_info_get(p->port_id, &info) != 0)
		return;
	snprintf(p->device_name, sizeof(p->device_name), "%s", rte_dev_name(info.device));
	if (info.if_index != 0 && if_indextoname(info.if_index, p->if_name) != NULL)
		p->if_index = info.if_index;
	else
		p->if_name[0] = '\0';
}

/* ---- Its events, of which DPDK's interrupt thread tells; that takes no lock of the switch's ----
 */

static int
tell_control(struct xd_ethdev_port *p, unsigned events)
{
	uint64_t one = 1;

	__atomic_fetch_or(&p->events, events, __ATOMIC_RELEASE);
	return write(p->event_fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

static int
on_event(uint16_t port_id, enum rte_eth_event_type type, void *ctx, void *result)
{
	(void)port_id;
	(void)result;
	return tell_control(ctx, type == RTE_ETH_EVENT_INTR_RMV     ? XD_ETHDEV_GONE
				 : type == RTE_ETH_EVENT_INTR_RESET ? XD_ETHDEV_RESET
								    : 0);
}

/* What the kernel wants back: vfio says so before a device that is unplugged can go. */
static void
on_device_event(const char *name, enum rte_dev_event_type type, void *ctx)
{
	(void)name;
	if (type == RTE_DEV_EVENT_REMOVE)
		tell_control(ctx, XD_ETHDEV_GONE);
}

static const enum rte_eth_event_type heard[] = {
	RTE_ETH_EVENT_INTR_LSC, RTE_ETH_EVENT_INTR_RMV, RTE_ETH_EVENT_INTR_RESET};

static void
hear(struct xd_ethdev_port *p)
{
	note_device(p);
	__atomic_store_n(&p->events, 0, __ATOMIC_RELEASE);
	if (p->event_fd < 0)
		return;
	for (size_t i = 0; i < RTE_DIM(heard); i++)
		rte_eth_dev_callback_register(p->port_id, heard[i], on_event, p);
	if (p->device_name[0] != '\0')
		rte_dev_event_callback_register(p->device_name, on_device_event, p);
}

/* -EAGAIN: it is being called, which takes no time. */
static void
unhear(struct xd_ethdev_port *p)
{
	int ret = -EAGAIN;

	if (p->event_fd < 0)
		return;
	for (size_t i = 0; i < RTE_DIM(heard); i++) {
		ret = -EAGAIN;
		for (unsigned tries = 0; tries < EVENT_TRIES && ret == -EAGAIN; tries++) {
			ret = rte_eth_dev_callback_unregister(p->port_id, heard[i], on_event, p);
			if (ret == -EAGAIN)
				rte_delay_us_sleep(100);
		}
	}
	ret = p->device_name[0] != '\0' ? -EAGAIN : 0;
	for (unsigned tries = 0; tries < EVENT_TRIES && ret == -EAGAIN; tries++) {
		ret = rte_dev_event_callback_unregister(p->device_name, on_device_event, p);
		if (ret == -EAGAIN)
			rte_delay_us_sleep(100);
	}
}

/* ---- Taken into use, and given back ---- */

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
	xd_ethdev_arm_all(p);
	xd_ethdev_look_often(p);
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
	xd_ethdev_disarm_all(p);
	xd_ethdev_close(p);
	xd_ethdev_unclaim(p);
	p->port.pool_bytes = 0;
}
