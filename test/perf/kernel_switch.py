# SPDX-License-Identifier: BSD-3-Clause
"""
The kernel's own switching, in a network namespace that nothing else is in: a bridge with veth
pairs or TAP devices, and macvtap in bridge mode. The generator takes the far ends through DPDK's
net_af_packet and net_tap, so what it costs to get there is part of the figures, as it is for
every program on such an interface.

Forwarding runs in softirq on the sender's core, which is the generator's. Of the bridge with veth
the rates get better when receive packet steering gives it the core of the device under test, so
they are measured so. Of the others they get worse, and all round trips do, because waking another
core takes longer than the whole way. What it costs is in cpu_s, the CPU time of the whole machine.
"""

import os
import platform
import shutil

import processes  # which also says where test/lib is
from netns import Namespace
from system import System

AF_PACKET = "dpdk:net_af_packet{i},iface=g{i},qdisc_bypass=1"


def private_space(group, name):
    """A namespace that is gone when the group is, and where the kernel says nothing by itself."""
    space = Namespace(group, name)
    with space:
        for which in ("all", "default"):
            path = f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6"
            if os.path.exists(path):
                with open(path, "w", encoding="ascii") as sink:
                    sink.write("1")
    return space


def steer(space, interface, cpu):
    """What arrives at an interface is handled on this CPU (receive packet steering), or, None,
    where it arrives."""
    mask = 0 if cpu is None else 1 << cpu
    path = f"/sys/class/net/{interface}/queues/rx-0/rps_cpus"
    space.run("sh", "-c", f"echo {mask:x} >{path}")


class KernelSwitch(System):
    guests = False
    tells_cycles = False
    steered = False  # for rates

    @staticmethod
    def missing(_condition):
        return None if shutil.which("ip") else "apt-get install iproute2"

    @staticmethod
    def version(_condition):
        return f"Linux {platform.release()}"

    def start(self, group, nb_ports, engine="rate", **_settings):
        self.group = group
        self.space = private_space(group, self.name)
        entrances = self.wire(nb_ports)
        if self.steered and engine == "rate":
            for interface in entrances:
                steer(self.space, interface, self.condition.dut_core)
        return [self.port.format(i=i) for i in range(nb_ports)]

    def wire(self, nb_ports):
        """Makes the interfaces; returns those by which frames enter the kernel's switching."""
        raise NotImplementedError

    def bridge(self):
        self.space.ip("link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay",
                      "0", "mcast_snooping", "0")
        self.space.ip("link", "set", "br0", "up")

    def enter(self, command):
        return self.space.command(*command)


class Bridge(KernelSwitch):
    name = "bridge"
    title = "Linux bridge, veth"
    port = AF_PACKET
    steered = True

    def wire(self, nb_ports):
        self.bridge()
        for i in range(nb_ports):
            self.space.ip("link", "add", f"v{i}", "type", "veth", "peer", "name", f"g{i}")
            self.space.ip("link", "set", f"v{i}", "master", "br0", "up")
            self.space.ip("link", "set", f"g{i}", "up")
        return [f"v{i}" for i in range(nb_ports)]


class Tap(KernelSwitch):
    name = "tap"
    title = "Linux bridge, TAP"
    port = "dpdk:net_tap{i},iface=g{i}"

    def wire(self, nb_ports):
        self.bridge()
        for i in range(nb_ports):  # made here, so that the generator finds them in the bridge
            self.space.ip("tuntap", "add", "dev", f"g{i}", "mode", "tap", "multi_queue")
            self.space.ip("link", "set", f"g{i}", "master", "br0", "up")
        return [f"g{i}" for i in range(nb_ports)]


class Macvtap(KernelSwitch):
    """Each takes frames for its own address only: that of the generator's first flow."""

    name = "macvtap"
    title = "macvtap, bridge mode"
    port = AF_PACKET
    one_address = True

    def wire(self, nb_ports):
        self.space.ip("link", "add", "lower", "type", "veth", "peer", "name", "wire")
        for end in ("lower", "wire"):
            self.space.ip("link", "set", end, "up")
        for i in range(nb_ports):
            self.space.ip("link", "add", "link", "lower", "name", f"g{i}",
                          "address", f"02:58:{i:02x}:00:00:00", "type", "macvtap",
                          "mode", "bridge")
            self.space.ip("link", "set", f"g{i}", "up")
        return [f"g{i}" for i in range(nb_ports)]
