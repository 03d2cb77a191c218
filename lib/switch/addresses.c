/* SPDX-License-Identifier: BSD-3-Clause */
/* Static addresses: addresses.h. */
#include "addresses.h"

#include <errno.h>
#include <string.h>

#include "switch/switch.h"

/* In the loop's lock. */
static const struct xd_switch_bridge *
find_bridge(const struct xd_switch *sw, const char *bridge, struct xd_error *err)
{
	const struct xd_switch_bridge *b = xd_state_bridge(sw->state, bridge);

	if (!b)
		xd_fail(err, -ENOENT, "no bridge named %s", bridge);
	return b;
}

static const struct xd_port *
find_port(const struct xd_switch *sw, const char *bridge, const char *name, struct xd_error *err)
{
	const struct xd_port *port = xd_state_port(sw->state, name);

	if (port && !strcmp(port->config.bridge, bridge))
		return port;
	xd_fail(err, -ENOENT, "bridge %s has no port named %s", bridge, name);
	return NULL;
}

static int
check_mac(const uint8_t mac[6], struct xd_error *err)
{
	static const uint8_t zero[6];

	if (mac[0] & 1)
		return xd_fail_key(err, -EINVAL, "mac", "is a group's: those are flooded");
	if (!memcmp(mac, zero, sizeof(zero)))
		return xd_fail_key(err, -EINVAL, "mac", "is zero: that is nobody's");
	return 0;
}

/* Whether frames of the VLAN leave by the port; XD_VLAN_NONE becomes one. */
static int
check_vlan(const struct xd_port *port, uint16_t *vlan, struct xd_error *err)
{
	struct xd_plan_port p = {0};

	xd_plan_vlans(&p, &port->config);
	if (*vlan == XD_VLAN_NONE)
		*vlan = p.tunnel ? p.tunnel_vlan : p.pvid;
	if (*vlan == XD_VLAN_NONE)
		return xd_fail_key(err, -EINVAL, "vlan",
			"is missing: untagged frames of %s are in none", port->config.name);
	if (*vlan == p.untagged_vlan || (p.tunnel && *vlan == p.tunnel_vlan) ||
		(*vlan <= XD_VLAN_MAX && xd_plan_port_tagged(&p, *vlan)))
		return 0;
	return xd_fail_key(
		err, -EINVAL, "vlan", "is %u: %s does not carry it", *vlan, port->config.name);
}

static uint64_t
key_of(const uint8_t mac[6], uint16_t vlan)
{
	uint8_t bytes[8] = {0};

	memcpy(bytes, mac, 6);
	return xd_fdb_key(bytes, vlan);
}

int
xd_switch_fdb_add(struct xd_switch *sw, const char *bridge, const uint8_t mac[6], uint16_t vlan,
	const char *name, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	const struct xd_port *port;
	int ret = -ENOENT;

	if (!sw || !bridge || !mac || !name)
		return xd_fail(err, -EINVAL, "a switch, a bridge, an address and a port needed");
	ret = check_mac(mac, err);
	if (ret)
		return ret;
	xd_loop_lock(sw->loop);
	b = find_bridge(sw, bridge, err);
	port = b ? find_port(sw, bridge, name, err) : NULL;
	ret = port ? check_vlan(port, &vlan, err) : -ENOENT;
	if (ret == 0)
		ret = xd_fdb_add_static(b->fdb, key_of(mac, vlan), port->index, err);
	xd_loop_unlock(sw->loop);
	return ret;
}

int
xd_switch_fdb_del(struct xd_switch *sw, const char *bridge, const uint8_t mac[6], uint16_t vlan,
	struct xd_error *err)
{
	const bool all = vlan == XD_VLAN_NONE;
	const struct xd_switch_bridge *b;
	bool found;

	if (!sw || !bridge || !mac)
		return xd_fail(err, -EINVAL, "a switch, a bridge and an address needed");
	xd_loop_lock(sw->loop);
	b = find_bridge(sw, bridge, err);
	found = b && xd_fdb_del_static(b->fdb, key_of(mac, all ? 0 : vlan), all);
	xd_loop_unlock(sw->loop);
	if (b && !found)
		xd_fail_key(err, -ENOENT, "mac", "is no static address of %s%s", bridge,
			all ? "" : " in that VLAN");
	return found ? 0 : -ENOENT;
}

int
xd_switch_fdb_flush_static(
	struct xd_switch *sw, const char *bridge, const char *name, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	const struct xd_port *port = NULL;
	bool found;

	if (!sw || !bridge)
		return xd_fail(err, -EINVAL, "a switch and a bridge needed");
	xd_loop_lock(sw->loop);
	b = find_bridge(sw, bridge, err);
	if (b && name)
		port = find_port(sw, bridge, name, err);
	found = b && (!name || port);
	if (found)
		xd_fdb_flush_static(b->fdb, port ? port->index : XD_PORT_NONE);
	xd_loop_unlock(sw->loop);
	return found ? 0 : -ENOENT;
}
