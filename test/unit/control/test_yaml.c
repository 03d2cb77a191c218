/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations as YAML: what is read, what is written, and every error with its key and line. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/yaml.h"
#include "drivers/ethdev/config.h"
#include "drivers/vhost/config.h"

#define CORE 0 /* every machine has it */

/* From bytes that no NUL ends, as a file's. */
static struct xd_daemon_config *
read_yaml(const char *text, struct xd_lines *lines, struct xd_error *err)
{
	const size_t len = strlen(text);
	struct xd_daemon_config *config;
	char *bytes = malloc(len ? len : 1);

	assert_non_null(bytes);
	memcpy(bytes, text, len);
	memset(err, 0, sizeof(*err));
	config = xd_yaml_read_config(bytes, len, CORE, lines, err);
	free(bytes);
	return config;
}

static const char full[] =
	"workers: {cores: [0], idle: poll}\n"
	"memory:  {hugepages: none}\n"
	"control: {path: /tmp/xd-test.sock, mode: \"0600\"}\n"
	"log:     {level: debug}\n"
	"bridges:\n"
	"  br0: {ageing_s: 60, mac_limit: 1000000}\n"
	"  br1:\n"
	"ports:\n"
	"  vm1:    {type: vhost-user, bridge: br0, path: /tmp/vm1.sock, mode: server, vlan: 10}\n"
	"  vm2:    {type: vhost-user, bridge: br0, path: /tmp/vm2.sock, queues: 2, mtu: 9000}\n"
	"  vm3:\n"
	"    type: vhost-user\n"
	"    bridge: br0\n"
	"    path: /tmp/vm3.sock\n"
	"    mode: server\n"
	"    macs: [52:54:00:12:34:56, \"02:00:00:AB:cd:0f\"]\n"
	"    mac_limit: 8\n"
	"    full: wait\n"
	"    wait_us: 50\n"
	"    features: [csum, mrg_rxbuf, event_idx, version_1]\n"
	"    compat: ovs-3.1\n"
	"    socket_owner: root\n"
	"    socket_group: \"12345\"\n"
	"    socket_mode: \"0640\"\n"
	"  uplink: {type: dpdk, bridge: br0, devargs: \"net_null0\", vlans: [0, 10, 20-30],\n"
	"           macs: 02:00:00:00:00:01, mac_limit: 16777216}\n"
	"  eth1.7:\n"
	"    bridge: br1\n"
	"    vlans: 1-4094\n"
	"    vlan: 7\n"
	"    devargs: net_null1\n"
	"    type: dpdk\n";

static void
check_guest_keys(const struct xd_config *config)
{
	static const uint8_t macs[2][6] = {
		{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, {0x02, 0x00, 0x00, 0xab, 0xcd, 0x0f}};
	const struct xd_port_config *port = xd_config_port(config, "vm1");

	/* defaults */
	assert_int_equal(port->nb_macs, 0);
	assert_int_equal(port->mac_limit, 0);
	assert_int_equal(port->full, XD_FULL_DROP);
	assert_int_equal(port->wait_us, 1000);
	assert_true(xd_vhost_config(port)->features == XD_VIRTIO_ALL);
	assert_int_equal(xd_vhost_config(port)->compat, XD_COMPAT_NONE);
	assert_string_equal(xd_vhost_config(port)->socket_owner, "");
	assert_string_equal(xd_vhost_config(port)->socket_group, "");
	assert_int_equal(xd_vhost_config(port)->socket_mode, XD_MODE_UNSET);
	/* all other */
	port = xd_config_port(config, "vm3");
	assert_int_equal(port->nb_macs, 2);
	assert_memory_equal(port->macs, macs, sizeof(macs));
	assert_int_equal(port->mac_limit, 8);
	assert_int_equal(port->full, XD_FULL_WAIT);
	assert_int_equal(port->wait_us, 50);
	assert_true(xd_vhost_config(port)->features == (1 << 0 | 1 << 15 | 1 << 29 | 1ull << 32));
	assert_int_equal(xd_vhost_config(port)->compat, XD_COMPAT_OVS_3_1);
	assert_string_equal(xd_vhost_config(port)->socket_owner, "root");
	assert_string_equal(xd_vhost_config(port)->socket_group, "12345");
	assert_int_equal(xd_vhost_config(port)->socket_mode, 0640);
}

static void
test_full(void **state)
{
	struct xd_daemon_config *daemon;
	struct xd_port_config *port;
	struct xd_config *config;
	struct xd_error err;

	(void)state;
	daemon = read_yaml(full, NULL, &err);
	assert_non_null(daemon);
	config = daemon->config;
	assert_int_equal(config->nb_cores, 1);
	assert_int_equal(config->cores[0], 0);
	assert_int_equal(config->idle, XD_IDLE_POLL);
	assert_int_equal(config->hugepages, XD_HUGEPAGES_NONE);
	assert_string_equal(daemon->control_path, "/tmp/xd-test.sock");
	assert_int_equal(daemon->control_mode, 0600);
	assert_int_equal(daemon->log_level, XD_LOG_DEBUG);
	assert_int_equal(xd_config_nb_bridges(config), 2);
	assert_int_equal(xd_config_bridges(config)[0].ageing_s, 60);
	assert_int_equal(xd_config_bridges(config)[0].mac_limit, 1000000);
	assert_int_equal(xd_config_bridges(config)[1].ageing_s, 300);
	assert_int_equal(xd_config_bridges(config)[1].mac_limit, 65536);
	assert_int_equal(xd_config_nb_ports(config), 5);
	port = xd_config_port(config, "vm1");
	assert_int_equal(xd_vhost_config(port)->mode, XD_SOCKET_SERVER);
	assert_int_equal(port->vlan, 10);
	assert_false(port->has_vlans);
	assert_int_equal(port->mtu, 1500);
	assert_int_equal(port->queues, 1);
	port = xd_config_port(config, "vm2");
	assert_int_equal(xd_vhost_config(port)->mode, XD_SOCKET_CLIENT);
	assert_int_equal(port->vlan, XD_VLAN_NONE);
	assert_int_equal(port->mtu, 9000);
	assert_int_equal(port->queues, 2);
	check_guest_keys(config);
	port = xd_config_port(config, "uplink");
	assert_int_equal(port->nb_macs, 1);
	assert_int_equal(port->mac_limit, 16777216);
	assert_true(port->has_vlans);
	assert_true(port->vlans[0] == (1 | 1 << 10 | 0x7ffull << 20));
	port = xd_config_port(config, "eth1.7");
	assert_string_equal(xd_ethdev_config(port)->devargs, "net_null1");
	assert_int_equal(port->vlan, 7);
	assert_true(port->vlans[63] == ~0ull >> 1);
	assert_int_equal(xd_daemon_config_check(daemon, &err), 0);
	xd_daemon_config_destroy(daemon);
}

static void
test_empty(void **state)
{
	static const char *const texts[] = {"", "# nothing\n", "bridges:\nports: {}\n", "~"};
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct xd_daemon_config *daemon = read_yaml(texts[i], NULL, &err);

		assert_non_null(daemon);
		assert_int_equal(daemon->config->nb_cores, 1);
		assert_int_equal(daemon->config->cores[0], CORE);
		assert_int_equal(daemon->config->idle, XD_IDLE_SLEEP);
		assert_int_equal(xd_config_nb_ports(daemon->config), 0);
		assert_string_equal(daemon->control_path, XD_CONTROL_PATH);
		assert_int_equal(daemon->log_level, XD_LOG_INFO);
		xd_daemon_config_destroy(daemon);
	}
}

/* Each is wrong in one way; the error names the key and the line. */
static const struct bad {
	const char *yaml;
	unsigned line;
	const char *key, *text;
} bad[] = {
	/* the file */
	{"bridges:\n  br0: {\n", 3, "", "is not YAML"},
	{"a: b: c\n", 1, "", "is not YAML"},
	{"# \xc3\xa4\nbridges:\n \tbr0: {}\n", 3, "", "a tab; YAML is indented by spaces"},
	{"a: 1\nb:0\n", 3, "", "is not YAML"},
	{"\n- a\n", 2, "", "is not a configuration"},
	{"log: {}\n---\nlog: {}\n", 3, "", "second document"},
	{"log:\n  level: \"\xff\"\n", 2, "", "is not YAML"},
	{"brigdes:\n", 1, "brigdes", "did you mean bridges?"},
	{"log: {}\nxyzzy: 1\n", 2, "xyzzy", "valid are: workers"},
	{"log: {}\nports: {}\nlog: {}\n", 3, "log", "is given twice, first on line 1"},
	{"? [a]\n: b\n", 1, "", "must be one word"},
	/* workers, memory, control, log */
	{"workers: [1]\n", 1, "workers", "is a list, but a section"},
	{"workers:\n  core: 1\n", 2, "workers.core", "did you mean cores?"},
	{"workers:\n  cores: {a: 1}\n", 2, "workers.cores", "is a section, but"},
	{"workers:\n  cores: [[1]]\n", 2, "workers.cores", "plain list"},
	{"workers:\n  cores: []\n", 2, "workers.cores", "not a list of numbers"},
	{"workers:\n  cores: all\n", 2, "workers.cores", "not a list of numbers"},
	{"workers:\n  cores: 2-1\n", 2, "workers.cores", "lower number first"},
	{"workers:\n  cores: [0, 0]\n", 2, "workers.cores", "core 0 is given twice"},
	{"workers:\n  cores: 0\n  cores: 1\n", 3, "workers.cores", "is given twice"},
	{"workers:\n  cores: 4000\n", 2, "workers.cores", "core 4000 does not exist"},
	{"workers:\n  cores:\n", 2, "workers.cores", "has no value"},
	{"workers:\n  idle: busy\n", 2, "workers.idle", "must be sleep or poll"},
	{"memory:\n  hugepages: 1\n", 2, "memory.hugepages", "must be auto, required or none"},
	{"control:\n  path: run/x\n", 2, "control.path", "is relative"},
	{"control:\n  path: /nonexistent/x\n", 2, "control.path", "mkdir -p /nonexistent"},
	{"control:\n  mode: 0999\n", 2, "control.mode", "permission bits"},
	{"control:\n  path: /tmp/c\n  group: no-such-group\n", 3, "control.group", "groupadd"},
	{"log:\n  level: loud\n", 2, "log.level", "must be error, warn, info or debug"},
	/* bridges */
	{"bridges: br0\n", 1, "bridges", "is one value, but a section"},
	{"bridges:\n  br0: 1\n", 2, "bridges.br0", "is one value, but a section"},
	{"bridges:\n  b r: {}\n", 2, "bridges.b r", "is not a name"},
	{"bridges:\n  br0123456789012345678901234567890: {}\n", 2,
		"bridges.br0123456789012345678901234567890", "too long"},
	{"bridges:\n  br0: {}\n  br0: {}\n", 3, "bridges.br0", "is given twice"},
	{"bridges:\n  br0:\n    ageing: 5\n", 3, "bridges.br0.ageing", "did you mean ageing_s?"},
	{"bridges:\n  br0:\n    ageing_s: 0\n", 3, "bridges.br0.ageing_s", "is 0: must be 1"},
	{"bridges:\n  br0:\n    ageing_s: 1000001\n", 3, "bridges.br0.ageing_s", "must be 1"},
	{"bridges:\n  br0:\n    mac_limit: -1\n", 3, "bridges.br0.mac_limit", "not a number"},
	{"bridges:\n  br0:\n    mac_limit: 16777217\n", 3, "bridges.br0.mac_limit", "must be 1"},
};

#define ADDRESSES_4  "02:00:00:00:00:00, 02:00:00:00:00:01, 02:00:00:00:00:02, 02:00:00:00:00:03"
#define ADDRESSES_16 ADDRESSES_4 ", " ADDRESSES_4 ", " ADDRESSES_4 ", " ADDRESSES_4
/* A good port so far, three lines. */
#define GUEST        "type: vhost-user\n    bridge: br0\n    path: /tmp/vm1.sock\n    "

/* The same for one key of a port, on line 4 after a good bridge and a good port name. */
static const struct bad bad_ports[] = {
	{"<<: 5", 4, "ports.p", "<< wants a mapping"},
	{"", 3, "ports.p.type", "is missing: one of vhost-user, dpdk"},
	{"type: vhost", 4, "ports.p.type", "one of vhost-user, dpdk"},
	{"type: [dpdk]", 4, "ports.p.type", "is a list"},
	{"type: dpdk\n    bridge: br1", 5, "ports.p.bridge", "there is no bridge \"br1\""},
	{"type: dpdk\n    devargs: net_null0", 3, "ports.p.bridge", "is missing"},
	{"type: dpdk\n    path: /tmp/x", 5, "ports.p.path", "a port of type dpdk has no path"},
	{"path: /tmp/x\n    type: dpdk", 4, "ports.p.path", "a port of type dpdk has no path"},
	{"type: dpdk\n    bridge: br0", 3, "ports.p", "devargs"},
	{"type: vhost-user\n    bridge: br0", 3, "ports.p", "path"},
	{"type: vhost-user\n    devargs: x", 5, "ports.p.devargs", "no devargs"},
	{"vlan: 0", 4, "ports.p.vlan", "is 0: must be 1 to 4094"},
	{"vlan: 5000", 4, "ports.p.vlan", "is 5000: must be 1 to 4094"},
	{"vlan: 99999999999999999999", 4, "ports.p.vlan", "must be 1 to 4094"},
	{"vlan: 0x10", 4, "ports.p.vlan", "not a number"},
	{"vlan: [1, 2]", 4, "ports.p.vlan", "is a list, but one value is wanted"},
	{"vlans: [1, 4095]", 4, "ports.p.vlans", "has 4095: must be 0 to 4094"},
	{"vlans: a", 4, "ports.p.vlans", "not a list of numbers"},
	{"queues: 0", 4, "ports.p.queues", "must be 1 to 16"},
	{"queues: 17", 4, "ports.p.queues", "must be 1 to 16"},
	{"mtu: 67", 4, "ports.p.mtu", "must be 68 to 65535"},
	{"mtu: 65536", 4, "ports.p.mtu", "must be 68 to 65535"},
	{"mode: both", 4, "ports.p.mode", "must be client or server"},
	/* addresses */
	{"macs: [52:54:00:12:34]", 4, "ports.p.macs", "\"52:54:00:12:34\" is not an address such"},
	{"macs: [52:54:00:12:34:5g]", 4, "ports.p.macs", "is not an address"},
	{"macs: [52-54-00-12-34-56]", 4, "ports.p.macs", "is not an address"},
	{"macs: [52:54:00:12:34:56:78]", 4, "ports.p.macs", "is not an address"},
	{"macs: 52:54:00:12:34:56,,", 4, "ports.p.macs", "has an empty word"},
	{"macs: []", 4, "ports.p.macs", "is an empty list: leave the key out"},
	{"macs: {a: b}", 4, "ports.p.macs", "is a section"},
	{"macs:", 4, "ports.p.macs", "has no value"},
	{"macs: [" ADDRESSES_16 ", 2:0:0:0:0:0]", 4, "ports.p.macs", "more than 16 addresses"},
	{GUEST "macs: [02:00:00:00:00:01, 01:00:5e:00:00:01]", 7, "ports.p.macs",
		"01:00:5e:00:00:01 is a group address"},
	{GUEST "macs: [ff:ff:ff:ff:ff:ff]", 7, "ports.p.macs", "is a group address"},
	{GUEST "macs: [00:00:00:00:00:00]", 7, "ports.p.macs", "00:00:00:00:00:00 is zero"},
	{GUEST "macs: [02:00:00:00:00:0a, 02:00:00:00:00:0A]", 7, "ports.p.macs",
		"02:00:00:00:00:0a is given twice"},
	{"mac_limit: 16777217", 4, "ports.p.mac_limit", "must be 0 to 16777216 addresses"},
	{"mac_limit: many", 4, "ports.p.mac_limit", "is not a number"},
	/* a full ring */
	{"type: vhost-user\n    full: block", 5, "ports.p.full",
		"is \"block\": must be drop or wait"},
	{"type: vhost-user\n    ful: wait", 5, "ports.p.ful", "did you mean full?"},
	{"type: vhost-user\n    wait_us: 0", 5, "ports.p.wait_us", "is 0: must be 1 to 1000000"},
	{"type: vhost-user\n    wait_us: 1000001", 5, "ports.p.wait_us", "must be 1 to 1000000"},
	{"type: vhost-user\n    wait_us: 1ms", 5, "ports.p.wait_us", "is not a number"},
	{"type: vhost-user\n    wait: 5", 5, "ports.p.wait", "did you mean wait_us?"},
	{"type: dpdk\n    full: wait", 5, "ports.p.full", "a port of type dpdk has no full"},
	{"type: dpdk\n    wait_us: 5", 5, "ports.p.wait_us", "a port of type dpdk has no wait_us"},
	/* features */
	{"features: [mrg_rxbuf, mrg_rxbuff]", 4, "ports.p.features",
		"there is no virtio feature \"mrg_rxbuff\"; did you mean mrg_rxbuf?"},
	{"features: [packed]", 4, "ports.p.features", "did you mean ring_packed?"},
	{"features: [VIRTIO_NET_F_MQ]", 4, "ports.p.features", "there is no virtio feature"},
	{"features: [zzzzzzzzzz]", 4, "ports.p.features", "; valid are: csum, guest_csum, "},
	{"features: none", 4, "ports.p.features", "there is no virtio feature \"none\""},
	{"features: []", 4, "ports.p.features", "is an empty list: leave the key out"},
	{"features: [[mq]]", 4, "ports.p.features", "is not a plain list of values"},
	{"features: \"mq, \"", 4, "ports.p.features", "has an empty word"},
	{"features: [mq, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
		4, "ports.p.features", "has \"aaaaaaaaaaaaaaaaaaaa...\""},
	{"type: vhost-user\n    feature: [mq]", 5, "ports.p.feature", "did you mean features?"},
	{"type: dpdk\n    features: [mq]", 5, "ports.p.features", "a port of type dpdk has no"},
	{"type: vhost-user\n    compat: ovs-3.0", 5, "ports.p.compat",
		"is \"ovs-3.0\": must be ovs-3.1, ovs-3.1-tso or none"},
	{"type: vhost-user\n    compat: [ovs-3.1]", 5, "ports.p.compat", "is a list"},
	{"type: dpdk\n    compat: ovs-3.1", 5, "ports.p.compat", "a port of type dpdk has no"},
	/* whose the socket is */
	{GUEST "mode: server\n    socket_owner: no-such-user", 8, "ports.p.socket_owner",
		"there is no user \"no-such-user\" (useradd --system no-such-user)"},
	{GUEST "mode: server\n    socket_group: no-such-group", 8, "ports.p.socket_group",
		"there is no group \"no-such-group\" (groupadd --system no-such-group)"},
	{GUEST "mode: server\n    socket_owner: 4294967295", 8, "ports.p.socket_owner",
		"\"4294967295\" is not the number of a user"},
	{GUEST "mode: server\n    socket_group: 99999999999999999999", 8, "ports.p.socket_group",
		"is not the number of a group"},
	{"socket_owner: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4, "ports.p.socket_owner",
		"a user's name has at most 31"},
	{"type: vhost-user\n    socket_mode: \"0577\"", 5, "ports.p.socket_mode",
		"is \"0577\": must be permission bits from \"0600\" to \"0777\""},
	{"type: vhost-user\n    socket_mode: 1777", 5, "ports.p.socket_mode", "permission bits"},
	{"type: vhost-user\n    socket_mode: rw-rw----", 5, "ports.p.socket_mode",
		"permission bits"},
	{"type: vhost-user\n    socket_mod: \"0660\"", 5, "ports.p.socket_mod",
		"did you mean socket_mode?"},
	{GUEST "socket_owner: root", 7, "ports.p.socket_owner", "the front end makes the socket"},
	{GUEST "mode: client\n    socket_group: root", 8, "ports.p.socket_group", "mode client"},
	{GUEST "socket_mode: \"0660\"", 7, "ports.p.socket_mode", "or use mode server"},
	{"type: dpdk\n    socket_mode: \"0660\"", 5, "ports.p.socket_mode", "a port of type dpdk"},
	{"mut: 1500", 4, "ports.p.mut", "did you mean mtu?"},
	{"mtu: 1500\n    mtu: 1600", 5, "ports.p.mtu", "is given twice, first on line 4"},
	{"type: vhost-user\n    bridge: br0\n    path: vm1.sock", 6, "ports.p.path", "is relative"},
	{"type: vhost-user\n    bridge: br0\n    path: /nonexistent/too/x\n    mode: server", 6,
		"ports.p.path", "mkdir -p /nonexistent/too"},
	{"type: vhost-user\n    bridge: br0\n    path: /etc/passwd", 6, "ports.p.path",
		"is not a socket"},
	{"type: vhost-user\n    bridge: br0\n    path: /etc/passwd/x", 6, "ports.p.path",
		"/etc/passwd"},
	{"type: vhost-user\n    bridge: br0\n    path: /tmp/"
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxxxxxxxxxx",
		6, "ports.p.path", "a socket path has at most 107"},
	{"type: vhost-user\n    bridge: br0\n    path: /tmp/c.sock\ncontrol: {path: /tmp/c.sock}",
		6, "ports.p.path", "control socket"},
	{"type: vhost-user\n    bridge: br0\n    path: /tmp/a\n"
	 "  q: {type: vhost-user, bridge: br0, path: /tmp/a}",
		7, "ports.q.path", "/tmp/a is the path of port p already"},
	{"type: dpdk\n    bridge: br0\n    devargs: net_null0\n"
	 "  q:\n    type: dpdk\n    bridge: br0\n    devargs: net_null0",
		10, "ports.q.devargs", "is the device of port p already"},
};

static void
check_bad(const char *yaml, const struct bad *want)
{
	struct xd_lines *lines = xd_lines_create();
	struct xd_daemon_config *config;
	struct xd_error err;
	int ret = -EINVAL;

	config = read_yaml(yaml, lines, &err);
	if (config) {
		/* The default control path need not exist on this machine. */
		if (!strcmp(config->control_path, XD_CONTROL_PATH))
			strcpy(config->control_path, "/tmp/xd-test.sock");
		ret = xd_daemon_config_check(config, &err);
	}
	if (ret == 0 || strncmp(err.key, want->key, strlen(want->key)) ||
		(!want->key[0] && err.key[0]) || !strstr(err.text, want->text) ||
		xd_lines_find(lines, err.key) != want->line || strchr(err.text, '\n'))
		fail_msg("%s\nwanted line %u: %s: %s\ngot    line %u: %s: %s", yaml, want->line,
			want->key, want->text, xd_lines_find(lines, err.key), err.key,
			ret ? err.text : "no error");
	xd_daemon_config_destroy(config);
	xd_lines_destroy(lines);
}

static void
test_bad(void **state)
{
	char yaml[1024];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		check_bad(bad[i].yaml, &bad[i]);
	for (unsigned i = 0; i < sizeof(bad_ports) / sizeof(*bad_ports); i++) {
		snprintf(yaml, sizeof(yaml), "bridges: {br0: {}}\nports:\n  p:\n    %s\n",
			bad_ports[i].yaml);
		check_bad(yaml, &bad_ports[i]);
	}
}

/* A megabyte that libyaml would take minutes for: `first`, then `each` again and again. */
static void
check_megabyte(const char *first, const char *each, const char *text)
{
	size_t size = 1 << 20, len = strlen(first);
	char *yaml = malloc(size + 64);
	struct xd_lines *lines = xd_lines_create();
	struct xd_error err;

	memcpy(yaml, first, len);
	for (unsigned i = 0; len < size; i++)
		len += (size_t)snprintf(yaml + len, 64, each, i, i);
	assert_null(xd_yaml_parse(yaml, len, lines, &err));
	assert_non_null(strstr(err.text, text));
	assert_true(xd_lines_find(lines, "") > 0);
	xd_lines_destroy(lines);
	free(yaml);
}

static void
check_too_much(void)
{
	check_megabyte("a: ", "[", "nested too deeply");
	check_megabyte("a: ", "{a: ", "nested too deeply");
	check_megabyte("a: ", "[\n", "nested too deeply");
	check_megabyte("", "- ", "nested too deeply");
	check_megabyte("", "- &a%x x\n", "256 anchors");
	check_megabyte("", "k%x: &a%x x\n", "256 anchors");
	check_megabyte("", "%%TAG !%x! x\n", "%TAG");
	check_megabyte("", "-\n", "too many entries");
	check_megabyte("a: [", "x,", "too many entries");
}

/* Aliases that multiply, and nesting, end in an error and not in memory. */
static void
test_yaml_bombs(void **state)
{
	static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x]\n"
				     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
				     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
				     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
				     "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
	struct xd_error err;
	char deep[200];

	(void)state;
	assert_null(xd_yaml_parse(laughs, strlen(laughs), NULL, &err));
	assert_non_null(strstr(err.text, "too many"));
	memset(deep, '[', 99);
	memset(deep + 99, ']', 99);
	assert_null(xd_yaml_parse(deep, 198, NULL, &err));
	assert_non_null(strstr(err.text, "nested too deeply"));
	check_too_much();
}

static void
assert_same(const struct xd_daemon_config *a, const struct xd_daemon_config *b)
{
	assert_int_equal(a->config->nb_cores, b->config->nb_cores);
	assert_memory_equal(a->config->cores, b->config->cores, sizeof(a->config->cores));
	assert_int_equal(a->config->idle, b->config->idle);
	assert_int_equal(a->config->hugepages, b->config->hugepages);
	assert_string_equal(a->control_path, b->control_path);
	assert_string_equal(a->control_group, b->control_group);
	assert_int_equal(a->control_mode, b->control_mode);
	assert_int_equal(a->log_level, b->log_level);
	assert_int_equal(xd_config_nb_bridges(a->config), xd_config_nb_bridges(b->config));
	for (unsigned i = 0; i < xd_config_nb_bridges(a->config); i++)
		assert_true(xd_bridge_config_equal(
			&xd_config_bridges(a->config)[i], &xd_config_bridges(b->config)[i]));
	assert_int_equal(xd_config_nb_ports(a->config), xd_config_nb_ports(b->config));
	for (unsigned i = 0; i < xd_config_nb_ports(a->config); i++)
		assert_true(xd_port_config_equal(
			&xd_config_ports(a->config)[i], &xd_config_ports(b->config)[i]));
}

static void
test_round_trip(void **state)
{
	struct xd_daemon_config *before, *after, *copy;
	struct xd_error err;
	json_t *json;
	char *text;

	(void)state;
	before = read_yaml(full, NULL, &err);
	assert_non_null(before);
	/* Names and values that mean something else to YAML than text. */
	assert_non_null(xd_config_add_bridge(before->config, "true", &err));
	assert_non_null(xd_config_add_bridge(before->config, "1:20", &err));
	assert_non_null(xd_config_add_bridge(before->config, "-", &err));
	strcpy(xd_ethdev_config(xd_config_port(before->config, "uplink"))->devargs,
		"net_tap0,iface=a: \"b\" #c '\xc3\xa4");
	json = xd_daemon_config_to_json(before);
	text = xd_yaml_print(json, XD_YAML_CONFIG_LEVELS);
	after = read_yaml(text, NULL, &err);
	if (!after)
		fail_msg("%s: %s\n%s", err.key, err.text, text);
	assert_same(before, after);
	copy = xd_daemon_config_copy(after);
	assert_same(before, copy);
	xd_daemon_config_destroy(copy);
	xd_daemon_config_destroy(before);
	xd_daemon_config_destroy(after);
	json_decref(json);
	free(text);
}

/* What ports have in common, said once: the port's own keys come first, then the first mapping of a
 * list that has the key. */
static void
test_merge(void **state)
{
	static const char yaml[] =
		"bridges: {br0: {}}\n"
		"ports:\n"
		"  a: &a {type: vhost-user, bridge: br0, mtu: 9000, path: /tmp/a.sock}\n"
		"  b: {path: /tmp/b.sock, <<: *a}\n"
		"  c:\n"
		"    <<: [{mtu: 1400, vlan: 7}, *a]\n"
		"    path: /tmp/c.sock\n";
	struct xd_daemon_config *config;
	struct xd_port_config *b, *c;
	struct xd_error err;

	(void)state;
	config = read_yaml(yaml, NULL, &err);
	if (!config)
		fail_msg("%s: %s", err.key, err.text);
	b = xd_config_port(config->config, "b");
	c = xd_config_port(config->config, "c");
	assert_int_equal(b->mtu, 9000);
	assert_string_equal(xd_vhost_config(b)->path, "/tmp/b.sock");
	assert_int_equal(c->mtu, 1400);
	assert_int_equal(c->vlan, 7);
	assert_string_equal(c->bridge, "br0");
	assert_string_equal(xd_vhost_config(c)->path, "/tmp/c.sock");
	xd_daemon_config_destroy(config);
}

static void
test_format(void **state)
{
	struct xd_lines *lines = xd_lines_create();
	struct xd_error err;
	char text[256];

	(void)state;
	assert_null(read_yaml("ports:\n\n  p: {mtu: 1}\n", lines, &err));
	xd_lines_format(lines, "f.yaml", &err, text, sizeof(text));
	assert_string_equal(text, "f.yaml:3: ports.p.mtu: is 1: must be 68 to 65535");
	/* What somebody else wrote forges no second line, and no colours. */
	xd_fail_key(&err, -EIO, "a\nb", "\x1b[31m%s\x7f\xc3\xa4", "x\ny");
	assert_string_equal(err.key, "a?b");
	assert_string_equal(err.text, "?[31mx?y?\xc3\xa4");
	xd_fail(&err, -EIO, "broken");
	xd_lines_format(NULL, NULL, &err, text, sizeof(text));
	assert_string_equal(text, "broken");
	xd_lines_destroy(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_yaml_bombs),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
