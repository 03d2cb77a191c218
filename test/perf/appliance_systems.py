# SPDX-License-Identifier: BSD-3-Clause
"""
Systems that do what an appliance of examples/ does: the appliance itself, OVS-DPDK with flows that
track connections or translate, and the kernel's nftables. Each starts as a row of
appliance_rows.py says.
"""

import os
import re
import shutil
import signal

import appliance_frames as frames
import processes
from crossdock_switch import program
from kernel_switch import KernelSwitch
from ovs import OpenVSwitch
from system import System

RULES = """\
default: drop
timeouts: {timeouts}
rules:
- {{name: out, from: inside, action: accept}}
- {{name: service, from: outside, protocol: udp, ports: 9, action: accept}}
"""

# What RULES says, with what is invalid dropped, as the firewall does.
FIREWALL_FLOWS = """\
table=0,priority=100,arp actions=NORMAL
table=0,priority=100,ip actions=ct(table=1)
table=1,priority=100,ip,ct_state=+trk+est actions=NORMAL
table=1,priority=100,ip,in_port={inside},ct_state=+trk+new actions=ct(commit),NORMAL
table=1,priority=100,udp,in_port={outside},tp_dst=9,ct_state=+trk+new actions=ct(commit),NORMAL
"""

# The least that tracks: what goes out is committed without a look at its state.
COMMIT_FLOWS = """\
table=0,priority=100,arp actions=NORMAL
table=0,priority=100,ip,in_port={inside} actions=ct(commit),NORMAL
table=0,priority=100,ip,in_port={outside},ct_state=-trk actions=ct(table=0)
table=0,priority=90,ip,in_port={outside},ct_state=+trk+est actions=NORMAL
table=0,priority=90,udp,in_port={outside},tp_dst=9,ct_state=+trk+new actions=ct(commit),NORMAL
"""

# As OVS's own tests translate: what goes out in one pass, what comes in by a second.
NAT_FLOWS = """\
table=0,priority=100,ip,in_port={inside},dl_dst={router_in} \
actions=ct(commit,nat(src={router})),mod_dl_src:{router_out},mod_dl_dst:{gateway},dec_ttl,\
output:{outside}
table=0,priority=100,ip,in_port={outside},ct_state=-trk,nw_dst={router} actions=ct(table=1,nat)
"""
NAT_BACK = """\
table=1,priority=100,ip,ct_state=+trk+est,nw_dst={address} \
actions=mod_dl_src:{router_in},mod_dl_dst:{mac},dec_ttl,output:{inside}
"""

MASQUERADE = """\
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat;
		oifname "v1" masquerade
	}
}
"""


class Appliance(System):
    """A program of examples/ between two guests."""

    name = "crossdock"
    title = "crossdock, examples/"
    tells_cycles = True

    @staticmethod
    def missing(condition):
        if program(condition.build, "firewall"):
            return None
        return f"no firewall in {condition.build}: meson setup build && ninja -C build"

    @staticmethod
    def version(condition):
        return processes.output_of([program(condition.build, "crossdockd"), "--version"]).strip()

    def start(self, group, nb_ports, row=None, **_settings):
        self.group = group
        self.row = row
        words = getattr(self, row.appliance)()
        self.child = group.start([program(self.condition.build, row.appliance), *words],
                                 cpus=row.pinned and {self.condition.dut_core})
        self.log = group.children[-1][1]
        paths = [group.path(name) for name in row.sockets]
        group.wait(lambda: all(os.path.exists(path) for path in paths), "the ports' sockets")
        return [f"virtio:{path}" for path in paths]

    def file(self, name, text):
        with open(self.group.path(name), "w", encoding="ascii") as sink:
            sink.write(text)
        return self.group.path(name)

    def ports(self, *words):
        """Ports inside and outside, what is said of each behind it, and the core."""
        inside, outside = (f"vhost:{self.group.path(name)}" for name in ("inside", "outside"))
        return inside, outside, *words, str(self.condition.dut_core)

    # The words of each program.

    def firewall(self):
        timeouts = f"{{udp: {self.row.timeout_s}}}" if self.row.timeout_s else "{}"
        return (self.file("rules.yaml", RULES.format(timeouts=timeouts)), *self.ports())

    def nat(self):
        inside, outside, core = self.ports()
        return (inside, f"{frames.ROUTER_INSIDE}/16", outside, f"{frames.ROUTER_OUTSIDE}/16",
                frames.GATEWAY, core)

    def load_balancer(self):
        servers = self.file("servers", "".join(f"{server} up\n" for server in frames.SERVERS))
        return self.ports(frames.SERVICE, f"{frames.BALANCER}/16", servers)

    def minimal_switch(self):
        return self.group.dir, str(self.condition.dut_core)

    def two_switches(self):
        return self.minimal_switch()

    def tap_mirror(self):
        return self.group.dir, f"xdm{os.getpid()}", str(self.condition.dut_core)

    def own_worker(self):
        return (self.group.dir,)

    def cycles(self):
        """Of those that print what was counted."""
        if not self.row.counts:
            return (0, 0)
        with open(self.log, encoding="utf-8") as source:
            source.seek(0, os.SEEK_END)
            os.kill(self.child.pid, signal.SIGUSR1)
            said = ""

            def answered():
                nonlocal said
                said += source.read()
                return "cycles " in said and said.endswith("\n")
            self.group.wait(answered, "what was counted", 5)
        found = re.search(r"worker frames (\d+) cycles (\d+)\n", said)
        return (int(found.group(2)), int(found.group(1))) if found else (0, 0)


class OvsAppliance(OpenVSwitch):
    title = "OVS-DPDK, conntrack"

    def start(self, group, nb_ports, row=None, commit=False, **_settings):
        ports = super().start(group, nb_ports)
        number = {"inside": self.switch.number("vm0"), "outside": self.switch.number("vm1")}
        if row.appliance == "nat":
            flows = self.nat(number)
        else:
            flows = (COMMIT_FLOWS if commit else FIREWALL_FLOWS).format(**number)
        path = group.path("flows")
        with open(path, "w", encoding="ascii") as sink:
            sink.write(flows)
        self.switch.ofctl("del-flows")
        self.switch.ofctl("add-flows", path)
        if row.connections:
            self.switch.appctl("dpctl/ct-set-maxconns", str(row.connections))
        return ports

    @staticmethod
    def nat(number):
        names = {**number, "router": frames.ROUTER_OUTSIDE, "gateway": frames.GATEWAY_MAC,
                 "router_in": frames.router_mac(frames.ROUTER_INSIDE),
                 "router_out": frames.router_mac(frames.ROUTER_OUTSIDE)}
        hosts = (frames.host(i) for i in range(1, frames.HOSTS + 1))
        return NAT_FLOWS.format(**names) + "".join(
            NAT_BACK.format(mac=mac, address=address, **names) for mac, address in hosts)


class OvsCommit(OvsAppliance):
    """A variant, for rows that name it."""

    name = "ovs-commit"
    title = "OVS-DPDK, ct(commit) alone"
    built = None  # what --ovs says is for both
    only_named = True

    def start(self, group, nb_ports, row=None, **_settings):
        return super().start(group, nb_ports, row=row, commit=True)


class Nftables(KernelSwitch):
    """The kernel routes between two veth pairs and translates; neighbours are entered, so that
    nobody asks. Steered as the bridge of test/perf/peers is: the rate is better so."""

    name = "nftables"
    title = "nftables masquerade, veth"
    port = "dpdk:net_af_packet{i},iface=g{i},qdisc_bypass=1"
    steered = True

    @staticmethod
    def missing(_condition):
        return None if shutil.which("ip") and shutil.which("nft") else \
            "apt-get install iproute2 nftables"

    def wire(self, nb_ports):
        addresses = (frames.ROUTER_INSIDE, frames.ROUTER_OUTSIDE)
        for i, address in enumerate(addresses):
            self.space.ip("link", "add", f"v{i}", "address", frames.router_mac(address),
                          "type", "veth", "peer", "name", f"g{i}")
            self.space.ip("link", "set", f"g{i}", "up")
            self.space.address(f"v{i}", f"{address}/16")
        self.space.ip("route", "add", "default", "via", frames.GATEWAY)
        self.neighbour("v1", frames.GATEWAY_MAC, frames.GATEWAY)
        for number in range(1, frames.HOSTS + 1):
            self.neighbour("v0", *frames.host(number))
        self.said("sysctl", "-q", "net.ipv4.ip_forward=1")
        rules = self.group.path("masquerade.nft")
        with open(rules, "w", encoding="ascii") as sink:
            sink.write(MASQUERADE)
        self.said("nft", "-f", rules)
        return ["v0", "v1"]

    def neighbour(self, interface, mac, address):
        self.space.ip("neigh", "add", address, "lladdr", mac, "dev", interface)

    def said(self, *command):
        done = self.space.run(*command)
        if done.returncode:
            raise processes.Failure(f"{' '.join(command)}: {done.stderr.strip()}")
