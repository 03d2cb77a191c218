/* SPDX-License-Identifier: BSD-3-Clause */
/* The VLANs of a Port: `tag`, `trunks`, `cvlans` and `vlan_mode` of ovs-vswitchd.conf.db(5). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define VLAN_DEAD 4095 /* OpenStack's, of ports that shall carry nothing */

static int
set_vlans(const json_t *row, const char *column, bool *has, uint64_t *bits, struct xd_error *err)
{
	const json_t *vlans = json_object_get(row, column);

	for (size_t i = 0; i < xd_ovsdb_set_size(vlans); i++) {
		json_int_t vlan = json_integer_value(xd_ovsdb_set_get(vlans, i));

		if (vlan < 0 || vlan > VLAN_DEAD)
			return xd_fail(err, -EINVAL, "%s: no VLAN is 0 to 4095", column);
		if (vlan > XD_VLAN_MAX)
			continue;
		*has = true;
		bits[vlan / 64] |= 1ull << (vlan % 64);
	}
	return 0;
}

/* Frames come and go untagged in one VLAN. */
static int
set_access(json_int_t tag, struct xd_port_config *config)
{
	if (tag == 0) {
		config->has_vlans = true;
		config->vlans[0] |= 1;
	} else if (tag == VLAN_DEAD) {
		strcpy(config->bridge, "none");
	} else {
		config->vlan = (uint16_t)tag;
	}
	return 0;
}

/* A trunk, whose untagged frames are in a VLAN if there is one. */
static int
set_trunk(const json_t *port, json_int_t native, enum xd_vlan_mode mode,
	struct xd_port_config *config, struct xd_error *err)
{
	if (native > 0 && native <= XD_VLAN_MAX) {
		config->vlan = (uint16_t)native;
		config->vlan_mode = mode;
	}
	return set_vlans(port, "trunks", &config->has_vlans, config->vlans, err);
}

static int
set_tunnel(const json_t *port, json_int_t tag, struct xd_port_config *config, struct xd_error *err)
{
	const char *type = xd_ovsdb_map_find(json_object_get(port, "other_config"), "qinq-ethtype");

	if (tag == VLAN_DEAD)
		return set_access(tag, config);
	if (tag <= 0)
		return xd_fail(err, -EINVAL, "tag: vlan_mode dot1q-tunnel needs a VLAN, 1 to 4094");
	if (type && strcmp(type, "802.1ad") && strcmp(type, "802.1q"))
		return xd_fail(err, -EINVAL,
			"other_config:qinq-ethtype: is %.20s: use 802.1ad or 802.1q", type);
	config->vlan_mode = XD_VLAN_MODE_DOT1Q_TUNNEL;
	config->vlan = (uint16_t)tag;
	config->qinq_ethtype = type && !strcmp(type, "802.1q") ? XD_QINQ_802_1Q : XD_QINQ_802_1AD;
	return set_vlans(port, "cvlans", &config->has_cvlans, config->cvlans, err);
}

int
xd_ovsdb_vlan(const json_t *port, struct xd_port_config *config, struct xd_error *err)
{
	json_int_t tag = xd_ovsdb_integer(json_object_get(port, "tag"), -1);
	const char *mode = xd_ovsdb_string(json_object_get(port, "vlan_mode"));

	if (tag < -1 || tag > VLAN_DEAD)
		return xd_fail(err, -EINVAL, "tag: %lld is no VLAN", (long long)tag);
	if (!mode)
		mode = tag >= 0 ? "access" : "trunk";
	if (!strcmp(mode, "access"))
		return set_access(tag < 0 ? 0 : tag, config);
	if (!strcmp(mode, "trunk"))
		return set_trunk(port, 0, XD_VLAN_MODE_AUTO, config, err);
	if (!strcmp(mode, "native-untagged"))
		return set_trunk(port, tag, XD_VLAN_MODE_NATIVE_UNTAGGED, config, err);
	if (!strcmp(mode, "native-tagged"))
		return set_trunk(port, tag, XD_VLAN_MODE_NATIVE_TAGGED, config, err);
	if (!strcmp(mode, "dot1q-tunnel"))
		return set_tunnel(port, tag, config, err);
	return xd_fail(err, -EINVAL,
		"vlan_mode: %.40s is none: use access, trunk, native-untagged, native-tagged or "
		"dot1q-tunnel",
		mode);
}
