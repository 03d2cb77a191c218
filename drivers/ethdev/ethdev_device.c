/* SPDX-License-Identifier: BSD-3-Clause */
/* The device behind a port: found or plugged, kept off others, and given back. Control. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "drivers/ethdev/ethdev.h"

int
xd_ethdev_fail(const struct xd_ethdev_port *p, int code, struct xd_error *err, const char *fmt, ...)
{
	const struct xd_port_config *config = &p->port.config;
	char key[128], what[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(key, sizeof(key), "ports.%s.devargs", config->name);
	return xd_fail_key(
		err, code, key, "device %.128s: %s", xd_ethdev_config(config)->devargs, what);
}

int
xd_ethdev_fail_step(
	const struct xd_ethdev_port *p, int code, struct xd_error *err, const char *step)
{
	return xd_ethdev_fail(p, code, err, "%s: %s", step, rte_strerror(-code));
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

/* Of what rte_dev_probe says. */
static int
fail_probe(const struct xd_ethdev_port *p, int code, struct xd_error *err)
{
	int ret = code != -EFAULT ? xd_ethdev_explain(p, err) : 0;

	if (ret != 0)
		return ret;
	switch (code) {
	case -EFAULT:
		return xd_ethdev_fail(p, -ENODEV, err,
			"no DPDK driver of that name is installed, and it is no PCI address");
	case -ENODEV:
		return xd_ethdev_fail(p, code, err, "there is no such device");
	case -ENOTSUP:
		return xd_ethdev_fail(p, -ENODEV, err,
			"no DPDK driver that is installed takes it: crossdockctl nic list says "
			"what it is");
	case -EPERM: /* what drivers say that do not say why */
		return xd_ethdev_fail(p, -EIO, err,
			"its driver does not start; DPDK's log says why: crossdockctl log set "
			"ethdev debug");
	default:
		return xd_ethdev_fail_step(
			p, code < 0 ? code : -ENODEV, err, "its driver does not start");
	}
}

static int
plug(struct xd_ethdev_port *p, struct xd_error *err)
{
	const char *devargs = xd_ethdev_config(&p->port.config)->devargs;
	int ret;

	/* DPDK 22.11 would take the bus to plug it in by, whether one is named or not. */
	if (xd_ethdev_by_mac(devargs))
		return xd_ethdev_fail(p, -ENODEV, err,
			"DPDK has no device of that address: name it by its PCI address, or have "
			"it probed with crossdockd ... -- -a ADDRESS");
	ret = rte_dev_probe(devargs);
	if (ret != 0)
		return fail_probe(p, ret, err);
	p->port_id = find_port(devargs);
	if (p->port_id == RTE_MAX_ETHPORTS)
		return xd_ethdev_fail(p, -ENODEV, err, "it is no network device");
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
		if (rte_eth_dev_owner_get(p->port_id, &owner) != 0)
			snprintf(owner.name, sizeof(owner.name), "something else");
		return xd_ethdev_fail(p, -EBUSY, err, "it is used by %s already", owner.name);
	}
	return ret != 0 ? xd_ethdev_fail_step(p, ret, err, "cannot be claimed") : 0;
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
