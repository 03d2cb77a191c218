# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch's own pages about DPDK, command by command, with crossdockd in ovs-vswitchd's place:
what works, what is answered instead, and that doc/ovs.rst has it so.

Cards are virtual devices here: the pages' 0000:01:00.0 is net_null."""

import re
import shlex
import subprocess

from harness import Case
from process import PATIENCE_S, SOURCE, wait_for
from test_ovsdb import CONFIG, Ovsdb

# What is said: by the command, or in crossdockd's log. Nothing: the command works, and says nothing
# on standard error.
PAGES = {
    "intro/install/dpdk": """
ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-init=true
ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-socket-mem="1024,0"  | at its start
ovs-vsctl get Open_vSwitch . dpdk_initialized
ovs-vsctl get Open_vSwitch . dpdk_version
ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
ovs-vsctl set Open_vSwitch . other_config:pmd-cpu-mask=MASK
ovs-vsctl set Open_vSwitch . other_config:tx-flush-interval=50  | each turn
""",
    "topics/dpdk/phy": """
ovs-vsctl add-port br0 dpdk-p0 -- set Interface dpdk-p0 type=dpdk options:dpdk-devargs=net_null0
ovs-vsctl add-port br0 p9 -- set Interface p9 type=dpdk options:dpdk-devargs=0000:01:00.0  | \
    Error detected while setting up 'p9': devargs
ovs-vsctl del-port br0 p9
ovs-vsctl add-port br0 p9 -- set Interface p9 type=dpdk \
    options:dpdk-devargs="class=eth,mac=00:11:22:33:44:55"  | no device of that address
ovs-vsctl del-port br0 p9
ovs-vsctl set Interface dpdk-p0 options:n_rxq=2
ovs-vsctl set Interface dpdk-p0 options:n_rxq_desc=1024
ovs-vsctl set Interface dpdk-p0 options:n_txq_desc=1024
ovs-vsctl get Interface dpdk-p0 status
ovs-vsctl set Interface dpdk-p0 options:rx-steering=rss+lacp  | chosen by RSS
ovs-vsctl set Interface dpdk-p0 options:tx-flow-ctrl=true  | flow_control
ovs-vsctl remove Interface dpdk-p0 options tx-flow-ctrl
ovs-vsctl set Interface dpdk-p0 options:flow-ctrl-autoneg=true  | not negotiated
ovs-vsctl set Interface dpdk-p0 options:dpdk-vf-mac=00:11:22:33:44:55  | are not set
ovs-vsctl set interface dpdk-p0 options:dpdk-lsc-interrupt=true  | where the card does
ovs-appctl netdev-dpdk/detach 0000:01:00.0  | unplugged when its port
ovs-vsctl --no-wait set Open_vSwitch . other_config:dpdk-extra="--iova-mode=pa"  | at its start
""",
    "topics/dpdk/vdev": """
ovs-vsctl add-port br0 null0 -- set Interface null0 type=dpdk options:dpdk-devargs=eth_null0
ovs-vsctl add-port br0 myeth0 -- set Interface myeth0 type=dpdk \
    options:dpdk-devargs=eth_af_packet0,iface=eth0
ovs-vsctl del-port br0 myeth0
""",
    "topics/dpdk/vhost-user": """
ovs-vsctl add-port br0 vhost0 -- set Interface vhost0 type=dpdkvhostuserclient \
    options:vhost-server-path=HERE/vhost0.sock
ovs-vsctl add-port br0 vhost-user-1 -- set Interface vhost-user-1 type=dpdkvhostuser
ovs-vsctl --no-wait set Open_vSwitch . other_config:vhost-sock-dir=subdir
ovs-vsctl set Open_vSwitch . other_config:vhost-iommu-support=true  | is not there
ovs-vsctl set Open_vSwitch . other_config:vhost-postcopy-support=true  | is not there
ovs-vsctl set Interface vhost0 options:tx-retries-max=0  | full and wait_us
ovs-vsctl get Interface vhost0 statistics:ovs_tx_failure_drops
""",
    "topics/dpdk/bridge": """
ovs-vsctl set bridge br0 datapath_type=netdev protocols=OpenFlow10,OpenFlow14
ovsdb-client dump Bridge protocols
ovs-ofctl -O OpenFlow14 dump-ports br0  | not a bridge or a socket
ovs-vsctl get Interface dpdk-p0 statistics:rx_packets
ovs-vsctl --no-wait set Open_vSwitch . other_config:emc-insert-inv-prob=20  | no flows to cache
ovs-vsctl set interface dpdk-p0 other_config:emc-enable=false  | no flows to cache
ovs-vsctl --no-wait set Open_vSwitch . other_config:smc-enable=true  | no flows to cache
""",
    "topics/dpdk/pmd": """
ovs-vsctl set Interface dpdk-p0 options:n_rxq=4
ovs-vsctl set interface dpdk-p0 options:n_rxq=4 other_config:pmd-rxq-affinity="0:3,1:7,3:8"  | \
    without a gap
ovs-vsctl set Open_vSwitch . other_config:pmd-rxq-isolate=false
ovs-vsctl set Open_vSwitch . other_config:pmd-rxq-assign=group
ovs-vsctl set open_vswitch . other_config:pmd-auto-lb="true"
ovs-vsctl set open_vswitch . other_config:pmd-auto-lb-load-threshold="70"
ovs-vsctl set open_vswitch . other_config:pmd-auto-lb-improvement-threshold="40"
ovs-vsctl set open_vswitch . other_config:pmd-auto-lb-rebal-interval="2"
ovs-vsctl set open_vswitch . other_config:pmd-sleep-max=50  | workers.idle
ovs-vsctl set Open_vSwitch . other_config:pmd-perf-metrics=true  | always count
ovs-appctl dpif-netdev/pmd-stats-clear
ovs-appctl dpif-netdev/pmd-perf-show
ovs-appctl dpif-netdev/pmd-stats-show
ovs-appctl dpif-netdev/pmd-rxq-show
ovs-appctl dpif-netdev/pmd-rxq-show -secs 5
ovs-appctl dpif-netdev/pmd-rxq-rebalance
ovs-appctl dpif-netdev/pmd-sleep-show
ovs-appctl dpif-netdev/subtable-lookup-prio-get  | no flow caches
""",
    "topics/dpdk/qos": """
ovs-vsctl set port vhost0 qos=@newqos -- --id=@newqos create qos type=egress-policer \
    other-config:cir=46000000 other-config:cbs=2048
ovs-appctl -t ovs-vswitchd qos/show vhost0
ovs-vsctl destroy QoS vhost0 -- clear Port vhost0 qos
ovs-vsctl --timeout=5 set port vhost0 qos=@myqos -- --id=@myqos create qos type=trtcm-policer \
    other-config:cir=50000 other-config:cbs=2048 other-config:eir=50000 other-config:ebs=2048
ovs-vsctl set interface vhost0 ingress_policing_rate=368000 ingress_policing_burst=1000
ovs-vsctl list interface vhost0
ovs-vsctl set interface vhost0 ingress_policing_rate=0
""",
    "topics/dpdk/memory": """
ovs-vsctl set Open_vSwitch . other_config:per-port-memory=true  | memory is its own
ovs-vsctl set Open_vSwitch . other_config:shared-mempool-config=9000,1500:1  | memory is its own
ovs-appctl netdev-dpdk/get-mempool-info
""",
    "topics/dpdk/jumbo-frames": """
ovs-vsctl set Interface dpdk-p0 mtu_request=6200
ovs-vsctl get Interface dpdk-p0 mtu
""",
    "topics/userspace-tso": """
ovs-vsctl set Open_vSwitch . other_config:userspace-tso-enable=true
ovs-appctl coverage/read-counter netdev_sent  | worker show
""",
    "howto/dpdk": """
ovs-vsctl add-bond br0 dpdkbond p0 p1 -- set Interface p0 type=dpdk \
    options:dpdk-devargs=net_null2 -- set Interface p1 type=dpdk options:dpdk-devargs=net_null3
ovs-ofctl del-flows br0  | not a bridge or a socket
ovs-ofctl add-flow br0 in_port=1,action=output:2  | not a bridge or a socket
ovs-vsctl set Open_vSwitch . other_config:hw-offload=true  | is not there
ovs-appctl dpctl/show
ovs-vsctl show
ovs-vsctl del-br br0
ovs-appctl -t ovs-vswitchd exit
""",
}


def rows():
    """The table of doc/ovs.rst: the page, and what to type."""
    text = (SOURCE / "doc" / "ovs.rst").read_text()
    table = text[text.index("Open vSwitch's own pages\n===="):text.index("libvirt\n====")]
    page = None
    for line in table.splitlines():
        heading = re.match(r"``([a-z]+/[a-z/-]+)``$", line)
        page = heading.group(1) if heading else page
        # What stands behind a gap is the other columns.
        for literal in re.findall(r"``([^`]+)``", re.split(r"\s{2,}", line)[0]):
            if page and not heading:
                yield page, literal


class Pages(Ovsdb):
    def make_daemon(self, remote=None, config=None):
        return super().make_daemon(
            remote, f"{config or CONFIG}control: {{unixctl: {self.directory}}}\n")

    def type(self, command, says):
        command = command.replace("HERE", str(self.directory)).replace("MASK", "0x1")
        words = shlex.split(command.replace("ovs-vsctl", f"ovs-vsctl --timeout={PATIENCE_S:.0f}"))
        before = len(self.daemon.logged())
        done = subprocess.run(self.home.command(*words), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.db.environment,
                              timeout=2 * PATIENCE_S, check=False)
        if not says:
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            return
        wait_for(lambda: says in done.stdout + done.stderr + self.daemon.log_text()[before:],
                 f"\"{says}\" of {command}, which said {done.stderr}")

    def test_what_is_typed(self):
        (self.directory / "subdir").mkdir()
        self.home.ip("link", "add", "eth0", "type", "veth", "peer", "name", "wire")
        for commands in PAGES.values():
            for line in commands.strip().splitlines():
                command, _, says = line.partition(" | ")
                self.type(command.strip(), says.strip())
        wait_for(lambda: self.daemon.process.poll() is not None, "its end")
        self.assertEqual(self.daemon.stop(), 0)


class Table(Case):
    def test_what_it_has_is_typed(self):
        typed = 0
        for page, literal in rows():
            self.assertIn(literal, PAGES[page], page)
            typed += 1
        self.assertGreater(typed, 40)
