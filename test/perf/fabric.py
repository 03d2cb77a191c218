# SPDX-License-Identifier: BSD-3-Clause
"""What joins two namespaces, or two guests: crossdock's ports, those of OVS-DPDK, and the kernel's
own ways. Each makes an eth0 in both, or says what is missing."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import crossdock_switch
import processes
from kernel_switch import private_space

import openvswitch

EAL = "--no-pci --no-huge --legacy-mem --no-shconf -m 2048"
ADDRESSES = ("10.99.0.1", "10.99.0.2")
MACS = ("02:99:00:00:00:01", "02:99:00:00:00:02")


class Fabric:
    name = title = None
    guests = False     # its ends are guests; else namespaces
    addressed = False  # join() gives addresses, too
    note = ""          # what a reader has to know
    beside = "crossdock"  # which of ours it is compared with; None: it is that

    @staticmethod
    def missing(_options):
        """What to type to have it; None: it is there."""
        return None

    def join(self, group, options, spaces):
        raise NotImplementedError


def tool(name, package):
    return None if shutil.which(name) else f"apt-get install {package}"


def other_cpus(options):
    """Than the switch's, where there are any."""
    return os.sched_getaffinity(0) - {options.dut_core} or {options.dut_core}


def veths(group, name, spaces):
    """A namespace that has an interface for each of these, whose eth0 is the other end."""
    home = private_space(group, name)
    for i, space in enumerate(spaces):
        home.ip("link", "add", "name", f"c{i}", "type", "veth", "peer", "name", "eth0",
                "netns", space.name)
        home.ip("link", "set", f"c{i}", "up")
    return home


def daemon(group, options, number, core, ports, command=lambda *words: list(words)):
    """Starts a crossdockd with one bridge; ports: lines of its configuration."""
    config, control = group.path(f"crossdock{number}.yaml"), group.path(f"control{number}.sock")
    with open(config, "w", encoding="ascii") as sink:
        sink.write(f"workers: {{cores: [{core}], idle: {options.idle}}}\n"
                   "memory: {hugepages: none}\nbridges: {br0: {}}\nports:\n" +
                   "".join(f"  {line}\n" for line in ports))
    group.start(command(crossdock_switch.program(options.crossdock, "crossdockd"),
                        "--config", config, "--control", control))
    group.wait(lambda: os.path.exists(control), "crossdockd")


# ---- crossdock ----

class Taps(Fabric):
    name, title, beside = "crossdock", "crossdock, type: tap", None
    first = "c0: {{type: tap, bridge: br0, netns: {0}, ifname: eth0}}"
    second = "c1: {{type: tap, bridge: br0, netns: {1}, ifname: eth0}}"

    @staticmethod
    def missing(options):
        if crossdock_switch.program(options.crossdock, "crossdockd"):
            return None
        return f"no crossdockd in {options.crossdock}: meson setup build && ninja -C build"

    def join(self, group, options, spaces):
        # In the first namespace, where a device of DPDK's is.
        daemon(group, options, 0, options.dut_core,
               [line.format(*(space.name for space in spaces))
                for line in (self.first, self.second)], spaces[0].command)


class NetTap(Taps):
    name, title, beside = "net_tap", "crossdock, net_tap to type: tap", "crossdock"
    first = "c0: {{type: dpdk, bridge: br0, devargs: 'net_tap0,iface=eth0'}}"


class Memif(Taps):
    """Two of them, with shared memory between: a tap at each end."""

    name, title, beside = "memif", "two crossdocks, memif between, taps", "crossdock"

    def join(self, group, options, spaces):
        for i, (role, core) in enumerate((("server", options.dut_core),
                                          ("client", min(other_cpus(options))))):
            daemon(group, options, i, core,
                   [f"c{i}: {{type: tap, bridge: br0, netns: {spaces[i].name}, ifname: eth0}}",
                    f"m{i}: {{type: memif, bridge: br0, mode: {role}, "
                    f"path: {group.path('memif.sock')}}}"])
            group.wait(lambda: os.path.exists(group.path("memif.sock")), "the memif")


class AfXdp(Taps):
    """The far ends of veths: the ports are called as the interfaces are."""

    name, title, beside = "afxdp", "crossdock, type: af_xdp on veth", "crossdock"

    @staticmethod
    def missing(options):
        lacking = Taps.missing(options)
        if lacking:
            return lacking
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("bridges: {br0: {}}\n"
                         "ports: {x: {type: af_xdp, bridge: br0, ifname: x}}\n")
            config.flush()
            done = subprocess.run([crossdock_switch.program(options.crossdock, "crossdockd"),
                                   "--check", "--config", config.name], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False)
        return "a crossdock with type: af_xdp" if "type" in done.stderr else None

    def join(self, group, options, spaces):
        home = veths(group, self.name, spaces)
        daemon(group, options, 0, options.dut_core,
               [f"c{i}: {{type: af_xdp, bridge: br0}}" for i in range(2)], home.command)


# ---- OVS-DPDK ----

def ovs_settings(options):
    others = other_cpus(options)
    return others, {"dpdk-extra": EAL, "dpdk-lcore-mask": openvswitch.mask(min(others)),
                    "pmd-cpu-mask": openvswitch.mask(options.dut_core)}


class OpenVSwitch(Fabric):
    name, title, tso = "ovs", "OVS-DPDK, internal ports", False

    @staticmethod
    def missing(_options):
        return None if openvswitch.available() else "apt-get install openvswitch-switch-dpdk"

    def switch(self, group, options, home):
        cpus, settings = ovs_settings(options)
        return openvswitch.OpenVSwitch(group, group.dir, home, tso=self.tso, cpus=cpus,
                                       settings=settings).start()

    def join(self, group, options, spaces):
        home = private_space(group, self.name)
        switch = self.switch(group, options, home)
        for i, space in enumerate(spaces):
            switch.vsctl("add-port", "br0", f"c{i}", "--", "set", "Interface", f"c{i}",
                         "type=internal")
            home.ip("link", "set", f"c{i}", "netns", space.name)
            space.ip("link", "set", f"c{i}", "name", "eth0")


class OpenVSwitchTso(OpenVSwitch):
    name, title, tso = "ovs-tso", "OVS-DPDK, userspace-tso-enable", True


class OpenVSwitchAfXdp(OpenVSwitch):
    """Its ports have to be told that checksums are to be finished before."""

    name, title = "ovs-afxdp", "OVS-DPDK, type=afxdp"
    beside = "afxdp"
    interface = ("type=afxdp",)

    def join(self, group, options, spaces):
        home = veths(group, self.name, spaces)
        switch = self.switch(group, options, home)
        for i, space in enumerate(spaces):
            space.run("ethtool", "-K", "eth0", "tx", "off")
            switch.vsctl("add-port", "br0", f"c{i}", "--", "set", "Interface", f"c{i}",
                         *(word.format(i) for word in self.interface))


class OpenVSwitchNetAfXdp(OpenVSwitchAfXdp):
    name, title = "ovs-net_af_xdp", "OVS-DPDK, net_af_xdp"
    interface = ("type=dpdk", "options:dpdk-devargs=net_af_xdp{0},iface=c{0}")


# ---- The kernel's own ----

class Veth(Fabric):
    name, title = "veth", "veth"

    def join(self, _group, _options, spaces):
        spaces[0].ip("link", "add", "name", "eth0", "type", "veth", "peer", "name", "eth0",
                     "netns", spaces[1].name)


class Bridge(Fabric):
    name, title = "bridge", "Linux bridge, veth"

    def join(self, group, _options, spaces):
        home = veths(group, self.name, spaces)
        home.ip("link", "add", "name", "br0", "type", "bridge")
        home.ip("link", "set", "br0", "up")
        for i in range(len(spaces)):
            home.ip("link", "set", f"c{i}", "master", "br0")


def forward(group, options, space, *devices):
    program = crossdock_switch.program(options.crossdock, "forward")
    child = group.start(space.command(program, *devices), {options.dut_core})
    log = group.children[-1][1]
    group.wait(lambda: os.path.getsize(log), "the forwarder")
    return child


class TapPair(Fabric):
    name, title, kind = "tap", "TAP pair, a minimal forwarder", "tap"

    @staticmethod
    def missing(options):
        if not os.path.exists("/dev/net/tun"):
            return "modprobe tun"
        return None if crossdock_switch.program(options.crossdock, "forward") else "ninja -C build"

    def join(self, group, options, spaces):
        home = private_space(group, self.name)
        forward(group, options, home, *(f"{self.kind}:f{i}" for i in range(2)))
        for i, space in enumerate(spaces):
            home.ip("link", "set", f"f{i}", "netns", space.name)
            space.ip("link", "set", f"f{i}", "name", "eth0")


class TunPair(TapPair):
    name, title, kind = "tun", "TUN pair, a minimal forwarder", "tun"


class Macvtap(TapPair):
    """As a guest is behind one: what reads its character device is the forwarder, and the TAP
    beyond that is the end."""

    name, title = "macvtap", "macvtap, bridge mode, a forwarder to a TAP each"

    def join(self, group, options, spaces):
        home = private_space(group, self.name)
        home.ip("link", "add", "lower", "type", "veth", "peer", "name", "wire")
        for end in ("lower", "wire"):
            home.ip("link", "set", end, "up")
        for i, space in enumerate(spaces):
            home.ip("link", "add", "link", "lower", "name", f"m{i}", "address", MACS[i],
                    "type", "macvtap", "mode", "bridge")
            home.ip("link", "set", f"m{i}", "up")
            forward(group, options, home, f"tap:f{i}", f"file:{self.device(group, home, i)}")
            home.ip("link", "set", f"f{i}", "netns", space.name)
            space.ip("link", "set", f"f{i}", "name", "eth0", "address", MACS[i])

    @staticmethod
    def device(group, home, i):
        """The macvtap's character device, which nobody makes for a namespace."""
        found = home.run("sh", "-c", f"cat /sys/class/net/m{i}/tap*/dev").stdout
        if not found:
            raise processes.Failure("macvtap: the kernel has no character device for it")
        major, minor = map(int, found.split(":"))
        path = group.path(f"macvtap{i}")
        os.mknod(path, 0o600 | 0o020000, os.makedev(major, minor))
        return path


class Masquerade(Fabric):
    """A router between the two, behind whose address the first one hides."""

    name, title, addressed = "masquerade", "veth, routed, nftables masquerade", True

    @staticmethod
    def missing(_options):
        return tool("nft", "nftables")

    def join(self, group, _options, spaces):
        router = private_space(group, self.name)
        for i, (space, net) in enumerate(zip(spaces, ("10.99.1", "10.99.0"))):
            router.ip("link", "add", "name", f"r{i}", "type", "veth", "peer", "name", "eth0",
                      "netns", space.name)
            router.address(f"r{i}", f"{net}.254/24")
            space.address("eth0", f"{net}.{i + 1}/24")
        spaces[0].ip("route", "add", "default", "via", "10.99.1.254")
        with router:
            pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
        done = router.run("nft", "add table ip nat; add chain ip nat post "
                          "{ type nat hook postrouting priority 100 ; }; "
                          "add rule ip nat post oifname r1 masquerade")
        if done.returncode:
            raise processes.Failure(f"nft: {done.stderr.strip()}")
