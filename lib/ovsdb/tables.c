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
		.read = {"datapath_type", "fail_mode", "mcast_snooping_enable", "mirrors", "name",
			"other_config", "ports", "rstp_enable", "stp_enable", NULL},
		.write = {"datapath_id", "datapath_version", NULL},
		.also = {"auto_attach", "controller", "flood_vlans", "flow_tables", "ipfix",
			"netflow", "sflow", NULL},
	},
	{
		.name = "Port",
		.read = {"bond_mode", "cvlans", "interfaces", "lacp", "name", "other_config", "qos",
			"tag", "trunks", "vlan_mode", NULL},
		.write = {"bond_active_slave", "status", NULL},
		.also = {"bond_downdelay", "bond_fake_iface", "bond_updelay", "fake_bridge", "mac",
			"protected", NULL},
	},
	{
		.name = "Interface",
		.read = {"ingress_policing_burst", "ingress_policing_rate", "mac", "mtu_request",
			"name", "ofport_request", "options", "other_config", "type", NULL},
		.both = {"error", "ofport", NULL},
		.write = {"admin_state", "duplex", "ifindex", "lacp_current", "link_resets",
			"link_speed", "link_state", "mac_in_use", "mtu", "statistics", "status",
			NULL},
		.also = {"bfd", "cfm_mpid", "ingress_policing_kpkts_burst",
			"ingress_policing_kpkts_rate", "lldp", NULL},
	},
	{
		.name = "Mirror",
		.read = {"name", "output_port", "output_vlan", "select_all", "select_dst_port",
			"select_src_port", "select_vlan", "snaplen", NULL},
		.write = {"statistics", NULL},
	},
	{
		.name = "QoS",
		.read = {"other_config", "queues", "type", NULL},
	},
	{
		.name = "Queue",
		.read = {"other_config", NULL},
	},
	{0},
};
