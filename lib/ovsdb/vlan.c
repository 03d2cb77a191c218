/* SPDX-License-Identifier: BSD-3-Clause */
/* The VLANs of a Port: `tag`, `trunks` and `vlan_mode` of ovs-vswitchd.conf.db(5). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ovsdb/rows.h"
#include "ovsdb/value.h"

#define VLAN_DEAD 4095 /* OpenStack's, of ports that shall carry nothing */

static void
add_vlan(struct xd_port_config *config, json_int_t vlan)
{
	config->has_vlans = true;
	config->vlans[vlan / 64] |= 1ull << (vlan % 64);
}

static int
set_trunks(const json_t *trunks, struct xd_port_config *config, struct xd_error *err)
{
	for (size_t i = 0; i < xd_ovsdb_set_size(trunks); i++) {
		json_int_t vlan = json_integer_value(xd_ovsdb_set_get(trunks, i));

		if (vlan < 0 || vlan > VLAN_DEAD)
			return xd_fail(err, -EINVAL, "trunks: no VLAN is 0 to 4095");
		if (vlan <= XD_VLAN_MAX)
			add_vlan(config, vlan);
	}
	return 0;
}

/* Frames come and go untagged in one VLAN. */
static int
set_access(json_int_t tag, struct xd_port_config *config)
{
	if (tag == 0)
		add_vlan(config, 0);
	else if (tag == VLAN_DEAD)
		strcpy(config->bridge, "none");
	else
		config->vlan = (uint16_t)tag;
	return 0;
}

/* A trunk whose untagged frames are in a VLAN; without trunks it carries all. */
static int
set_native(
	json_int_t tag, const json_t *trunks, struct xd_port_config *config, struct xd_error *err)
{
	int ret = set_trunks(trunks, config, err);

	if (ret || tag <= 0 || tag == VLAN_DEAD)
		return ret;
	for (unsigned i = 1; !xd_ovsdb_set_size(trunks) && i <= XD_VLAN_MAX; i++)
		add_vlan(config, i);
	config->vlan = (uint16_t)tag;
	return 0;
}

int
xd_ovsdb_vlan(const json_t *port, struct xd_port_config *config, struct xd_error *err)
{
	json_int_t tag = xd_ovsdb_integer(json_object_get(port, "tag"), -1);
	const json_t *trunks = json_object_get(port, "trunks");
	const char *mode = xd_ovsdb_string(json_object_get(port, "vlan_mode"));

	if (tag < -1 || tag > VLAN_DEAD)
		return xd_fail(err, -EINVAL, "tag: %lld is no VLAN", (long long)tag);
	if (!mode)
		mode = tag >= 0 ? "access" : "trunk";
	if (!strcmp(mode, "access"))
		return set_access(tag < 0 ? 0 : tag, config);
	if (!strcmp(mode, "trunk"))
		return set_trunks(trunks, config, err);
	if (!strcmp(mode, "native-untagged"))
		return set_native(tag, trunks, config, err);
	return xd_fail(err, -EOPNOTSUPP,
		"vlan_mode: %.40s is not there: use access, trunk or native-untagged", mode);
}
