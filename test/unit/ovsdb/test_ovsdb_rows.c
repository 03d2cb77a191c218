/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the database as ports, bridges and numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/bond/config.h"
#include "drivers/ethdev/config.h"
#include "drivers/patch/config.h"
#include "drivers/tap/config.h"
#include "drivers/vhost/config.h"
#include "ovsdb/rows.h"

static json_t *
json(const char *text)
{
	json_error_t why;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &why);

	if (!value)
		fail_msg("%s: %s", text, why.text);
	return value;
}

/* Rows as JSON; those that are NULL are not there. */
struct rows {
	const char *interface, *port, *qos, *queue;
	bool member;
};

/* An Interface of a Port of bridge br0. Returns what xd_ovsdb_interface does. */
static int
translate_rows(const struct rows *rows, struct xd_port_config *config, struct xd_error *err,
	struct xd_error *remark)
{
	json_t *bridge = json("{\"name\": \"br0\"}");
	json_t *port = json(rows->port ? rows->port : "{}"), *row = json(rows->interface);
	json_t *qos = rows->qos ? json(rows->qos) : NULL;
	json_t *queue = rows->queue ? json(rows->queue) : NULL;
	struct xd_ovsdb_place place = {
		.bridge = bridge,
		.bridge_mac = (const uint8_t[]){0x02, 0x23, 0x45, 0x67, 0x89, 0xab},
		.port = port,
		.qos = qos,
		.queue = queue,
		.vhost_dir = "/tmp",
		.member = rows->member,
		.remark = remark,
	};
	int ret = xd_ovsdb_interface(&place, row, config, err);

	json_decref(bridge);
	json_decref(port);
	json_decref(row);
	json_decref(qos);
	json_decref(queue);
	return ret;
}

static int
translate(const char *interface, const char *port, struct xd_port_config *config,
	struct xd_error *err)
{
	const struct rows rows = {.interface = interface, .port = port};

	return translate_rows(&rows, config, err, NULL);
}

static struct xd_port_config
port_of(const char *interface)
{
	struct xd_port_config config;
	struct xd_error err;

	if (translate(interface, "{}", &config, &err))
		fail_msg("%s: %s", interface, err.text);
	return config;
}

static void
test_types(void **state)
{
	struct xd_port_config c;

	(void)state;
	c = port_of("{\"name\": \"vm1\", \"type\": \"dpdkvhostuserclient\", \"options\": [\"map\", "
		    "[[\"vhost-server-path\", \"/tmp/vm1.sock\"]]], \"mtu_request\": 9000}");
	assert_string_equal(c.type, "vhost-user");
	assert_string_equal(c.bridge, "br0");
	assert_string_equal(xd_vhost_config(&c)->path, "/tmp/vm1.sock");
	assert_int_equal(xd_vhost_config(&c)->mode, XD_SOCKET_CLIENT);
	assert_int_equal(c.mtu, 9000);
	c = port_of("{\"name\": \"vm2\", \"type\": \"dpdkvhostuser\", \"options\": [\"map\", "
		    "[[\"n_rxq\", \"3\"]]]}");
	assert_string_equal(xd_vhost_config(&c)->path, "/tmp/vm2");
	assert_int_equal(xd_vhost_config(&c)->mode, XD_SOCKET_SERVER);
	assert_int_equal(c.queues, 3);
	c = port_of("{\"name\": \"p0\", \"type\": \"dpdk\", \"options\": [\"map\", "
		    "[[\"dpdk-devargs\", \"0000:03:00.0\"], [\"n_rxq\", \"2\"], [\"n_rxq_desc\", "
		    "\"512\"], [\"rx-flow-ctrl\", \"true\"]]], \"other_config\": [\"map\", "
		    "[[\"pmd-rxq-affinity\", \"0:3,1:7\"]]]}");
	assert_string_equal(xd_ethdev_config(&c)->devargs, "0000:03:00.0");
	assert_int_equal(xd_ethdev_config(&c)->rx_desc, 512);
	assert_int_equal(xd_ethdev_config(&c)->flow_control, XD_ETHDEV_FLOW_RX);
	assert_int_equal(c.nb_affinity, 2);
	assert_int_equal(c.affinity[1], 7);
	/* A bridge's own has its address and stays. */
	c = port_of("{\"name\": \"br0\", \"type\": \"internal\"}");
	assert_string_equal(c.type, "tap");
	assert_int_equal(xd_tap_config(&c)->persist, XD_TAP_PERSIST_YES);
	assert_string_equal(xd_tap_config(&c)->mac, "02:23:45:67:89:ab");
	c = port_of("{\"name\": \"lo\", \"type\": \"\"}");
	assert_string_equal(c.type, "af_xdp");
	c = port_of("{\"name\": \"p0\", \"type\": \"patch\", \"options\": [\"map\", [[\"peer\", "
		    "\"p1\"]]]}");
	assert_string_equal(xd_patch_config(&c)->peer, "p1");
	/* Keys that Open vSwitch has no word for. */
	c = port_of("{\"name\": \"t\", \"type\": \"tap\", \"other_config\": [\"map\", "
		    "[[\"crossdock-mac_limit\", \"7\"]]]}");
	assert_int_equal(c.mac_limit, 7);
}

static void
test_what_makes_no_sense_is_named(void **state)
{
	static const struct {
		const char *row, *text;
	} wrong[] = {
		{"{\"name\": \"a\", \"type\": \"vxlan\"}", "no tunnels"},
		{"{\"name\": \"a\", \"type\": \"nonsense\"}", "\"nonsense\""},
		{"{\"name\": \"a b\", \"type\": \"tap\"}", "not a name"},
		{"{\"type\": \"tap\"}", "needs a name"},
		{"{\"name\": \"a\", \"type\": \"dpdk\"}", "options:dpdk-devargs is missing"},
		{"{\"name\": \"a\", \"type\": \"dpdkvhostuserclient\", \"options\": [\"map\", "
		 "[[\"vhost-server-path\", \"relative\"]]]}",
			"relative"},
		{"{\"name\": \"nosuch0\", \"type\": \"system\"}", "No such device"},
		{"{\"name\": \"a\", \"type\": \"tap\", \"mtu_request\": 7}", "mtu_request: "},
		{"{\"name\": \"a\", \"type\": \"tap\", \"options\": [\"map\", [[\"n_rxq\", "
		 "\"99\"]]]}",
			"options:n_rxq: "},
		{"{\"name\": \"a\", \"type\": \"tap\", \"other_config\": [\"map\", "
		 "[[\"crossdock-bridge\", \"x\"]]]}",
			"own columns"},
		{"{\"name\": \"a\", \"type\": \"dpdkvhostuserclient\", \"options\": [\"map\", "
		 "[[\"vhost-server-path\", \"/tmp/a\"]]], \"other_config\": [\"map\", "
		 "[[\"crossdock-mode\", \"server\"]]]}",
			"own columns"},
		{"{\"name\": \"averylonginterface\", \"type\": \"tap\"}", "at most 15"},
		{"{\"name\": \"a\", \"type\": \"patch\"}", "options:peer is missing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct xd_port_config config;
		struct xd_error err = {0};

		assert_true(translate(wrong[i].row, "{}", &config, &err) < 0);
		if (!strstr(err.text, wrong[i].text))
			fail_msg("%s: %s", wrong[i].row, err.text);
	}
}

/* A port is not lost for it: queues are pinned from 0 on, in any order, without a gap. */
static void
test_pins(void **state)
{
	static const struct {
		const char *text;
		unsigned pinned;
		bool remark;
	} pins[] = {{"1:7, 0:3", 2, false}, {"0:3,1:7,3:8", 2, true}, {"1:2", 0, true},
		{"0:x", 0, true}, {"0:1,70000:2", 0, true}, {"", 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++) {
		struct xd_error err = {0}, remark = {0};
		struct xd_port_config c;
		char row[200];

		snprintf(row, sizeof(row),
			"{\"name\": \"a\", \"type\": \"tap\", \"other_config\": [\"map\", "
			"[[\"pmd-rxq-affinity\", \"%s\"]]]}",
			pins[i].text);
		assert_int_equal(
			translate_rows(&(struct rows){.interface = row}, &c, &err, &remark), 0);
		assert_int_equal(c.nb_affinity, pins[i].pinned);
		if ((remark.code != 0) != pins[i].remark)
			fail_msg("%s: %s", pins[i].text, remark.text);
		assert_true(c.nb_affinity < 1 || c.affinity[0] == 3);
	}
}

static bool
carries(const struct xd_port_config *config, unsigned vlan)
{
	return config->has_vlans && config->vlans[vlan / 64] >> (vlan % 64) & 1;
}

static void
test_vlans(void **state)
{
	static const char tap[] = "{\"name\": \"t\", \"type\": \"tap\"}";
	struct xd_port_config c;
	struct xd_error err;

	(void)state;
	assert_int_equal(
		translate(tap, "{\"tag\": 10, \"trunks\": [\"set\", [1, 2]]}", &c, &err), 0);
	assert_true(c.vlan == 10 && !c.has_vlans);
	assert_int_equal(translate(tap, "{\"trunks\": [\"set\", [0, 20]]}", &c, &err), 0);
	assert_true(
		c.vlan == XD_VLAN_NONE && carries(&c, 0) && carries(&c, 20) && !carries(&c, 10));
	assert_int_equal(translate(tap, "{\"tag\": 5, \"vlan_mode\": \"trunk\"}", &c, &err), 0);
	assert_true(c.vlan == XD_VLAN_NONE && !c.has_vlans);
	assert_int_equal(
		translate(tap, "{\"tag\": 5, \"trunks\": 6, \"vlan_mode\": \"native-untagged\"}",
			&c, &err),
		0);
	assert_true(c.vlan == 5 && carries(&c, 6) && !carries(&c, 7));
	assert_int_equal(
		translate(tap, "{\"tag\": 5, \"vlan_mode\": \"native-untagged\"}", &c, &err), 0);
	assert_true(c.vlan == 5 && c.vlan_mode == XD_VLAN_MODE_NATIVE_UNTAGGED && !c.has_vlans);
	assert_int_equal(
		translate(tap, "{\"tag\": 5, \"vlan_mode\": \"native-tagged\"}", &c, &err), 0);
	assert_true(c.vlan == 5 && c.vlan_mode == XD_VLAN_MODE_NATIVE_TAGGED && !c.has_vlans);
	/* OpenStack's VLAN of ports that carry nothing. */
	assert_int_equal(translate(tap, "{\"tag\": 4095}", &c, &err), 0);
	assert_string_equal(c.bridge, "none");
	assert_int_equal(translate(tap, "{\"tag\": 0}", &c, &err), 0);
	assert_true(carries(&c, 0) && !carries(&c, 1));
	assert_true(translate(tap, "{\"tag\": 5000}", &c, &err) < 0);
	assert_true(translate(tap, "{\"trunks\": \"x\", \"tag\": -7}", &c, &err) < 0);
	assert_true(translate(tap, "{\"vlan_mode\": \"hybrid\", \"tag\": 5}", &c, &err) < 0);
	assert_non_null(strstr(err.text, "vlan_mode: hybrid"));
}

static void
test_tunnels(void **state)
{
	static const char tap[] = "{\"name\": \"t\", \"type\": \"tap\"}";
	struct xd_port_config c;
	struct xd_error err;

	(void)state;
	assert_int_equal(
		translate(tap, "{\"vlan_mode\": \"dot1q-tunnel\", \"tag\": 5}", &c, &err), 0);
	assert_true(c.vlan == 5 && c.vlan_mode == XD_VLAN_MODE_DOT1Q_TUNNEL && !c.has_cvlans &&
		    c.qinq_ethtype == XD_QINQ_802_1AD);
	assert_int_equal(translate(tap,
				 "{\"vlan_mode\": \"dot1q-tunnel\", \"tag\": 5, \"cvlans\": "
				 "[\"set\", [0, 7]],"
				 " \"other_config\": [\"map\", [[\"qinq-ethtype\", \"802.1q\"]]]}",
				 &c, &err),
		0);
	assert_true(c.has_cvlans && c.cvlans[0] == 0x81 && c.qinq_ethtype == XD_QINQ_802_1Q);
	assert_true(translate(tap, "{\"vlan_mode\": \"dot1q-tunnel\"}", &c, &err) < 0);
	assert_non_null(strstr(err.text, "tag: "));
	assert_true(translate(tap,
			    "{\"vlan_mode\": \"dot1q-tunnel\", \"tag\": 5, \"other_config\": "
			    "[\"map\", [[\"qinq-ethtype\", \"9100\"]]]}",
			    &c, &err) < 0);
	assert_non_null(strstr(err.text, "other_config:qinq-ethtype"));
	/* Access ports' are not looked at. */
	assert_int_equal(translate(tap, "{\"tag\": 5, \"cvlans\": 7}", &c, &err), 0);
	assert_false(c.has_cvlans);
}

/* ---- Limits ---- */

static void
test_limits(void **state)
{
	static const struct {
		struct rows rows;
		uint64_t in_bit_s, in_burst, in_pps, in_frames, out_bit_s, out_burst;
		const char *remark;
	} cases[] = {
		{.rows = {"\"ingress_policing_rate\": 1000, \"ingress_policing_burst\": 80"},
			.in_bit_s = 1000000,
			.in_burst = 10000},
		{.rows = {"\"ingress_policing_rate\": 1000"},
			.in_bit_s = 1000000,
			.in_burst = 1000000},
		{.rows = {"\"ingress_policing_kpkts_rate\": 3, \"ingress_policing_kpkts_burst\": "
			  "4"},
			.in_pps = 3000,
			.in_frames = 4000},
		/* A burst alone is no limit. */
		{.rows = {"\"ingress_policing_burst\": 80"}},
		{.rows = {"\"ingress_policing_rate\": -1"}},
		{.rows = {"\"ingress_policing_rate\": 1000", .member = true},
			.remark = "ingress_policing_rate: a bond's members have no limits"},
		{.rows = {.port = "{\"lacp\": \"active\"}"}, .remark = "lacp: it is of bonds"},
		{.rows = {.port = "{\"lacp\": \"off\"}"}},
		{.rows = {"\"ingress_policing_rate\": 4000000000, \"ingress_policing_burst\": 80"},
			.in_burst = 10000,
			.remark = "ingress_policing_rate: "},
		{.rows = {"\"ingress_policing_rate\": 1000, \"ingress_policing_burst\": "
			  "4000000000"},
			.in_bit_s = 1000000,
			.remark = "ingress_policing_burst: "},
		{.rows = {.qos = "{\"type\": \"egress-policer\", \"other_config\": [\"map\", "
				 "[[\"cir\", \"1000\"], [\"cbs\", \"2000\"], [\"eir\", \"7\"]]]}"},
			.out_bit_s = 8000,
			.out_burst = 2000},
		{.rows = {.qos = "{\"type\": \"trtcm-policer\", \"other_config\": [\"map\", "
				 "[[\"cir\", \"1000\"], [\"cbs\", \"2000\"], [\"eir\", \"500\"], "
				 "[\"ebs\", \"70\"]]]}"},
			.out_bit_s = 12000,
			.out_burst = 2070},
		{.rows = {.qos = "{\"type\": \"linux-htb\", \"other_config\": [\"map\", "
				 "[[\"max-rate\", \"9000\"]]]}"},
			.out_bit_s = 9000},
		{.rows = {.qos = "{\"type\": \"linux-hfsc\", \"other_config\": [\"map\", "
				 "[[\"max-rate\", \"9000\"]]]}",
			 .queue = "{\"other_config\": [\"map\", [[\"max-rate\", \"4000\"], "
				  "[\"burst\", \"8000\"]]]}"},
			.out_bit_s = 4000,
			.out_burst = 1000},
		{.rows = {.qos = "{\"type\": \"linux-noop\"}"}},
		{.rows = {.qos = "{\"type\": \"\"}"}},
		{.rows = {.qos = "{\"type\": \"linux-codel\"}"},
			.remark = "qos: type: there is no"},
		{.rows = {.qos = "{\"type\": \"egress-policer\"}"},
			.remark = "qos: other_config:cir is missing"},
		{.rows = {.qos = "{\"type\": \"linux-htb\", \"other_config\": [\"map\", "
				 "[[\"max-rate\", \"fast\"]]]}"},
			.remark = "qos: other_config:max-rate: \"fast\" is not a number"},
		{.rows = {"\"ingress_policing_rate\": 1000, \"type\": \"patch\", \"options\": "
			  "[\"map\", [[\"peer\", \"b\"]]]"},
			.remark = "ingress_policing_rate: ports of type patch have no limits"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rows rows = cases[i].rows;
		struct xd_error err, remark = {0};
		struct xd_port_config c;
		char row[400];

		snprintf(row, sizeof(row), "{\"name\": \"a\"%s%s%s}", rows.interface ? ", " : "",
			rows.interface ? rows.interface : "",
			rows.interface && strstr(rows.interface, "type") ? ""
									 : ", \"type\": \"tap\"");
		rows.interface = row;
		assert_int_equal(translate_rows(&rows, &c, &err, &remark), 0);
		assert_int_equal(c.police_in_bit_s, cases[i].in_bit_s);
		assert_int_equal(c.police_in_burst_bytes, cases[i].in_burst);
		assert_int_equal(c.police_in_pps, cases[i].in_pps);
		assert_int_equal(c.police_in_burst_frames, cases[i].in_frames);
		assert_int_equal(c.police_out_bit_s, cases[i].out_bit_s);
		assert_int_equal(c.police_out_burst_bytes, cases[i].out_burst);
		if (!cases[i].remark && remark.code)
			fail_msg("%s: %s", row, remark.text);
		if (cases[i].remark && !strstr(remark.text, cases[i].remark))
			fail_msg("%s: %s", row, remark.text);
	}
}

/* ---- Bonds ---- */

static struct xd_port_config
bond_of(const char *port, const char *const *members, unsigned n, struct xd_error *remark)
{
	json_t *bridge = json("{\"name\": \"br0\"}"), *row = json(port);
	struct xd_ovsdb_place place = {.bridge = bridge, .port = row, .remark = remark};
	struct xd_port_config config;
	struct xd_error err;

	*remark = (struct xd_error){0};
	if (xd_ovsdb_bond(&place, members, n, 1500, &config, &err))
		fail_msg("%s: %s", port, err.text);
	json_decref(bridge);
	json_decref(row);
	return config;
}

static void
test_bonds(void **state)
{
	static const char *const members[] = {"m10", "m2", "m1"};
	static const char *const many[9] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	json_t *bridge = json("{\"name\": \"br0\"}"), *port = json("{\"name\": \"bond0\"}");
	struct xd_ovsdb_place place = {.bridge = bridge, .port = port};
	struct xd_error err, remark;
	struct xd_port_config c;

	(void)state;
	c = bond_of("{\"name\": \"bond0\", \"bond_mode\": \"balance-slb\", \"tag\": 4}", members, 3,
		&remark);
	assert_string_equal(c.name, "bond0");
	assert_int_equal(c.vlan, 4);
	assert_int_equal(xd_bond_config(&c)->nb_members, 3);
	assert_string_equal(xd_bond_config(&c)->members[0], "m1");
	assert_string_equal(xd_bond_config(&c)->members[1], "m2");
	assert_string_equal(xd_bond_config(&c)->members[2], "m10");
	assert_int_equal(xd_bond_config(&c)->bond_mode, XD_BOND_CONFIG_BALANCE);
	assert_int_equal(remark.code, 0);
	c = bond_of("{\"name\": \"bond0\", \"other_config\": [\"map\", [[\"bond-primary\", "
		    "\"m10\"]]]}",
		members, 3, &remark);
	assert_int_equal(xd_bond_config(&c)->bond_mode, XD_BOND_CONFIG_ACTIVE_BACKUP);
	assert_string_equal(xd_bond_config(&c)->members[0], "m10");
	assert_string_equal(xd_bond_config(&c)->members[1], "m1");
	c = bond_of("{\"name\": \"bond0\", \"other_config\": [\"map\", [[\"bond-primary\", "
		    "\"x\"]]]}",
		members, 3, &remark);
	assert_non_null(strstr(remark.text, "other_config:bond-primary"));
	assert_true(xd_ovsdb_bond(&place, many, 9, 1500, &c, &err) < 0);
	assert_non_null(strstr(err.text, "at most 8"));
	json_decref(bridge);
	json_decref(port);
}

static void
test_lacp(void **state)
{
	static const char *const members[] = {"a", "b"};
	struct xd_error remark;
	struct xd_port_config c;

	(void)state;
	c = bond_of("{\"name\": \"bond0\", \"lacp\": \"passive\", \"bond_mode\": \"balance-tcp\", "
		    "\"other_config\": [\"map\", [[\"lacp-time\", \"fast\"], [\"lacp-system-id\", "
		    "\"02:00:00:00:00:07\"], [\"lacp-system-priority\", \"9\"], "
		    "[\"lacp-fallback-ab\", \"true\"], [\"crossdock-lacp_key\", \"5\"]]]}",
		members, 2, &remark);
	assert_int_equal(remark.code, 0);
	assert_int_equal(xd_bond_config(&c)->bond_mode, XD_BOND_CONFIG_LACP);
	assert_int_equal(xd_bond_config(&c)->lacp_mode, XD_BOND_CONFIG_LACP_PASSIVE);
	assert_int_equal(xd_bond_config(&c)->lacp_rate, XD_BOND_CONFIG_LACP_FAST);
	assert_int_equal(xd_bond_config(&c)->lacp_system[0][5], 7);
	assert_int_equal(xd_bond_config(&c)->lacp_priority, 9);
	assert_int_equal(xd_bond_config(&c)->lacp_key, 5);
	assert_int_equal(xd_bond_config(&c)->lacp_fallback, XD_BOND_CONFIG_FALLBACK_BACKUP);
	/* What makes no sense is left out, and told. */
	c = bond_of("{\"name\": \"bond0\", \"lacp\": \"active\", \"other_config\": [\"map\", "
		    "[[\"lacp-time\", \"medium\"], [\"lacp-system-priority\", \"9\"]]]}",
		members, 2, &remark);
	assert_non_null(strstr(remark.text, "other_config:lacp-time: "));
	assert_int_equal(xd_bond_config(&c)->lacp_rate, XD_BOND_CONFIG_LACP_SLOW);
	assert_int_equal(xd_bond_config(&c)->lacp_priority, 9);
	c = bond_of("{\"name\": \"bond0\", \"lacp\": \"active\", \"other_config\": [\"map\", "
		    "[[\"lacp-fallback-ab\", \"perhaps\"]]]}",
		members, 2, &remark);
	assert_non_null(strstr(remark.text, "lacp-fallback-ab: is neither"));
}

/* ---- Numbers ---- */

struct numbered {
	struct xd_ovsdb o;
	struct xd_ovsdb_bridge bridge;
	struct xd_ovsdb_port ports[4];
};

static void
begin_numbers(struct numbered *n, const char *const *rows)
{
	memset(n, 0, sizeof(*n));
	TAILQ_INIT(&n->o.bridges);
	TAILQ_INIT(&n->o.ports);
	n->bridge.of.seen = true;
	TAILQ_INSERT_TAIL(&n->o.bridges, &n->bridge, link);
	for (unsigned i = 0; i < 4; i++) {
		n->ports[i].bridge = &n->bridge;
		n->ports[i].of.seen = true;
		n->ports[i].of.row = json(rows[i]);
		n->ports[i].index = i;
		TAILQ_INSERT_TAIL(&n->o.ports, &n->ports[i], link);
	}
}

static void
end_numbers(struct numbered *n)
{
	for (unsigned i = 0; i < 4; i++)
		json_decref((json_t *)(uintptr_t)n->ports[i].of.row);
}

static void
test_numbers(void **state)
{
	/* One that has 1, one that asks for it, one that asks for what there is not, one that
	 * knows nothing. */
	static const char *const rows[] = {"{\"ofport\": 1}", "{\"ofport_request\": 1}",
		"{\"ofport_request\": 70000, \"ofport\": 3}", "{\"ofport\": -1}"};
	struct numbered n;

	(void)state;
	begin_numbers(&n, rows);
	n.ports[3].is_local = true;
	xd_ovsdb_number_ports(&n.o);
	assert_int_equal(n.ports[1].ofport, 1);
	assert_int_equal(n.ports[0].ofport, 2);
	assert_int_equal(n.ports[2].ofport, 3);
	assert_int_equal(n.ports[3].ofport, XD_OVSDB_LOCAL);
	/* They stay; one that fails has none. */
	n.ports[3].is_local = false;
	n.ports[3].ofport = 0;
	n.ports[1].index = XD_OVSDB_NO_PORT;
	xd_ovsdb_number_ports(&n.o);
	assert_int_equal(n.ports[1].ofport, XD_OVSDB_FAILED);
	assert_int_equal(n.ports[0].ofport, 2);
	assert_int_equal(n.ports[2].ofport, 3);
	assert_int_equal(n.ports[3].ofport, 4);
	end_numbers(&n);
}

static void
test_bridges(void **state)
{
	json_t *right = json("{\"name\": \"br0\", \"other_config\": [\"map\", "
			     "[[\"mac-aging-time\", \"60\"], [\"mac-table-size\", \"100\"]]]}");
	json_t *wrong = json("{\"name\": \"br0\", \"other_config\": [\"map\", "
			     "[[\"mac-aging-time\", \"never\"]]]}");
	struct xd_bridge_config config;
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_ovsdb_bridge_config(right, &config, &err), 0);
	assert_int_equal(config.ageing_s, 60);
	assert_int_equal(config.mac_limit, 100);
	assert_true(xd_ovsdb_bridge_config(wrong, &config, &err) < 0);
	assert_non_null(strstr(err.text, "other_config:mac-aging-time"));
	json_decref(right);
	json_decref(wrong);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_makes_no_sense_is_named),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_bonds),
		cmocka_unit_test(test_lacp),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
