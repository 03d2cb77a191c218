/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of an af_xdp port, and what of them no row can say. */
#include <assert.h>
#include <errno.h>

#include "drivers/af_xdp/af_xdp.h"

static_assert(sizeof(struct xd_af_xdp_config) <= XD_PORT_SETTINGS, "the room in a port's settings");
static_assert(XD_AF_XDP_NETNS_MAX == XD_NETNS_MAX, "a namespace's name");

const struct xd_key xd_af_xdp_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_af_xdp_config, key), __VA_ARGS__},
#include "drivers/af_xdp/keys.def"
#undef XD_KEY
	{0},
};

int
xd_af_xdp_check(const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_af_xdp_config *xdp = xd_af_xdp_config(config);
	struct xd_af_xdp_rules rules;

	if (xd_netdev_check(config, xdp->ifname, xdp->netns, err))
		return -EINVAL;
	if (config->mtu > XD_AF_XDP_MTU_MAX)
		return xd_port_config_fail(err, -EINVAL, config, "mtu",
			"mtu %u: a port of type af_xdp takes 68 to %u", config->mtu,
			XD_AF_XDP_MTU_MAX);
	if (xdp->xdp == XD_AF_XDP_GENERIC && xdp->copy == XD_AF_XDP_COPY_ZERO)
		return xd_port_config_fail(err, -EINVAL, config, "copy",
			"copy: zero needs the interface's driver, and xdp: generic does without: "
			"write xdp: native");
	return xd_af_xdp_rules_read(config, &rules, err);
}

unsigned
xd_af_xdp_claims(const struct xd_port_config *config, struct xd_claim *claims)
{
	const struct xd_af_xdp_config *xdp = xd_af_xdp_config(config);

	xd_netdev_claim(&claims[0], xd_netdev_ifname(config, xdp->ifname), xdp->netns);
	return 1;
}
