/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables and columns: tables.h. */
#include "ovsdb/tables.h"

const struct xd_ovsdb_table xd_ovsdb_tables[] = {
	{
		.name = "Open_vSwitch",
		.read = {"bridges", "next_cfg", "other_config", NULL},
		.both = {"cur_cfg", NULL},
		.write = {"datapath_types", "dpdk_initialized", "dpdk_version", "iface_types",
			NULL},
	},
	{
		.name = "Bridge",
		.read = {"datapath_type", "fail_mode", "mcast_snooping_enable", "name",
			"other_config", "ports", "rstp_enable", "stp_enable", NULL},
		.write = {"datapath_id", "datapath_version", NULL},
		.also = {"auto_attach", "controller", "flood_vlans", "flow_tables", "ipfix",
			"netflow", "sflow", NULL},
	},
	{
		.name = "Port",
		.read = {"bond_mode", "interfaces", "lacp", "name", "other_config", "tag", "trunks",
			"vlan_mode", NULL},
		.write = {"bond_active_slave", NULL},
		.also = {"bond_downdelay", "bond_fake_iface", "bond_updelay", "fake_bridge", "mac",
			"protected", NULL},
	},
	{
		.name = "Interface",
		.read = {"mac", "mtu_request", "name", "ofport_request", "options", "other_config",
			"type", NULL},
		.both = {"error", "ofport", NULL},
		.write = {"admin_state", "duplex", "ifindex", "link_resets", "link_speed",
			"link_state", "mac_in_use", "mtu", "statistics", "status", NULL},
		.also = {"bfd", "cfm_mpid", "lldp", NULL},
	},
	{0},
};
