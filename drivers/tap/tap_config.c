/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a tap port, and what of them no row can say. */
#include <assert.h>
#include <errno.h>

#include "drivers/tap/tap.h"
#include "port/rows.h"

static_assert(sizeof(struct xd_tap_config) <= XD_PORT_SETTINGS, "the room in a port's settings");
static_assert(XD_TAP_NETNS_MAX == XD_NETNS_MAX, "a namespace's name");

const struct xd_key xd_tap_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_tap_config, key), __VA_ARGS__},
#include "drivers/tap/keys.def"
#undef XD_KEY
	XD_PORT_KEY_COALESCE,
	{0},
};

int
xd_tap_check(const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_tap_config *tap = xd_tap_config(config);
	struct xd_ip addresses[XD_TAP_ADDRESSES];
	struct xd_error inner;
	uint8_t mac[6];

	if (xd_netdev_check(config, tap->ifname, tap->netns, err))
		return -EINVAL;
	if (tap->mac[0] && xd_tap_mac(tap->mac, mac))
		return xd_port_config_fail(err, -EINVAL, config, "mac",
			"\"%s\" is no address of one interface: write one such as "
			"02:00:00:00:00:01",
			tap->mac);
	if (xd_tap_addresses(tap->ip, addresses, &inner) < 0)
		return xd_port_config_fail(err, inner.code, config, "ip", "%s", inner.text);
	if (config->mtu > XD_TAP_MTU_MAX)
		return xd_port_config_fail(err, -EINVAL, config, "mtu",
			"mtu %u: an interface of the kernel's takes 68 to %u", config->mtu,
			XD_TAP_MTU_MAX);
	return 0;
}

unsigned
xd_tap_claims(const struct xd_port_config *config, struct xd_claim *claims)
{
	const struct xd_tap_config *tap = xd_tap_config(config);

	xd_netdev_claim(&claims[0], xd_netdev_ifname(config, tap->ifname), tap->netns);
	return 1;
}
