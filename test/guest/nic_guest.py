# SPDX-License-Identifier: BSD-3-Clause
"""A guest with network cards behind an IOMMU, on two NUMA nodes, in which crossdockd runs. What leaves
a card comes to a socket here."""

import base64
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess

import initramfs
import kernel
from machine import Guest
from process import PATIENCE_S, SOURCE, Timeout, wait_for

DPDK = "/usr/lib/x86_64-linux-gnu"
# DPDK's driver directory in the guest holds these alone: others need libraries that it has not.
DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_e1000", "net_virtio")
ABI = "23"
# What QEMU's own processor can do. Ours is built for the host's.
CPU = "x86-64-v3"
CONFIG = "/tmp/crossdock.yaml"
LOG = "/tmp/crossdockd.log"


def build():
    """Paths of crossdockd and crossdockctl for the guest's processor."""
    directory = SOURCE / f"build-{CPU}"
    if not (directory / "build.ninja").is_file():
        subprocess.run(["meson", "setup", str(directory), "--buildtype=release", f"-Dcpu={CPU}"],
                       cwd=SOURCE, check=True, stdout=subprocess.DEVNULL)
    programs = ["app/crossdockd", "app/crossdockctl"]
    subprocess.run(["ninja", "-C", str(directory), *programs], check=True,
                   stdout=subprocess.DEVNULL)
    return [str(directory / name) for name in programs]


def plugins():
    """DPDK's driver directory, which is where the guest has its own."""
    where = pathlib.Path(DPDK, "dpdk").glob(f"pmds-{ABI}*")
    return next(where, pathlib.Path(DPDK, "dpdk", f"pmds-{ABI}.0"))


def make_initramfs(path, found):
    links = {str(plugins() / f"librte_{name}.so"): f"/lib/x86_64-linux-gnu/librte_{name}.so.{ABI}"
             for name in DRIVERS}
    initramfs.build(path, found, kernel.MODULES + kernel.NIC_MODULES, build(), links)


class Wire:
    """The other end of a card's cable: datagrams between QEMU and a socket of ours."""

    def __init__(self, directory, name):
        self.theirs, ours = directory / f"{name}.qemu", directory / f"{name}.wire"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(ours))
        self.netdev = (f"dgram,id={name},local.type=unix,local.path={self.theirs},"
                       f"remote.type=unix,remote.path={ours}")

    def send(self, data):
        self.socket.sendto(data, str(self.theirs))

    def receive(self, source, timeout_s=PATIENCE_S):
        """The next frame from an address (bytes)."""
        self.socket.settimeout(timeout_s)
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise Timeout(f"no frame came in {timeout_s:.0f} s") from None
            if data[6:12] == source:
                return data


class Tap:
    """An interface of a namespace here whose queues QEMU has: a card with several."""

    TUNSETIFF, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D8
    TAP, NO_PI, VNET_HDR, MULTI_QUEUE = 2, 0x1000, 0x4000, 0x100

    def __init__(self, space, name, queues, netdev):
        flags = self.TAP | self.NO_PI | self.VNET_HDR | self.MULTI_QUEUE
        self.fds = []
        with space:
            for _ in range(queues):
                self.fds.append(os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK))
                fcntl.ioctl(self.fds[-1], self.TUNSETIFF,
                            struct.pack("16sH22x", name.encode(), flags))
        self.netdev = f"tap,id={netdev},vhost=off,fds=" + ":".join(map(str, self.fds))

    def close(self):
        for fd in self.fds:
            os.close(fd)


class NicGuest(Guest):
    """cards: name to (driver of QEMU's, netdev, properties). Each has a port of the PCI Express root
    for itself, so that it can be unplugged; those in far are on NUMA node 1."""

    MEMORY_MB = 512
    PAGES = 80  # of 2 MiB, half of them on each node

    def __init__(self, directory, found, archive, cards, far=(), address="10.77.0.1"):
        half = self.MEMORY_MB // 2
        options = ["-machine", "q35", "-cpu", "max", "-m", str(self.MEMORY_MB), "-smp", "2",
                   "-device", "intel-iommu,intremap=on",
                   "-device", "pxb-pcie,id=far,bus_nr=64,numa_node=1,bus=pcie.0",
                   "-append", f"{self.KERNEL_OPTIONS} intel_iommu=on hugepages={self.PAGES} "
                   f"xd.name=nics xd.address={address}/24"]
        for node in range(2):
            options += ["-object", f"memory-backend-ram,id=m{node},size={half}M",
                        "-numa", f"node,memdev=m{node},cpus={node}"]
        for number, (name, (driver, netdev, properties)) in enumerate(cards.items(), 1):
            bus = "far" if name in far else "pcie.0"
            options += ["-device", f"pcie-root-port,id=root-{name},chassis={number},slot={number},"
                        f"bus={bus}", "-netdev", netdev]
        self.cards = {name: {"driver": driver, "id": f"card-{name}", "netdev": name,
                             "bus": f"root-{name}", "romfile": "", **properties}
                      for name, (driver, netdev, properties) in cards.items()}
        for card in self.cards.values():
            options += ["-device", ",".join(f"{key}={value}" for key, value in card.items())]
        super().__init__("nics", directory, found, archive, options)

    def unplug(self, name):
        self.monitor.ask("device_del", id=f"card-{name}")

    def plug(self, name):
        self.monitor.ask("device_add", **self.cards[name])

    def set_link(self, name, up):
        self.monitor.ask("set_link", name=f"card-{name}", up=up)

    # ---- crossdockd in it ----

    def prepare(self):
        self.get("mkdir -p /run/crossdock /dev/hugepages && mount -t hugetlbfs none /dev/hugepages")

    def start_switch(self, config, eal=""):
        text = base64.b64encode(config.encode()).decode()
        self.get(f"echo {text} | base64 -d >{CONFIG}; "
                 f"crossdockd --config {CONFIG} -- {eal} >>{LOG} 2>&1 & echo $! >/tmp/pid")
        wait_for(lambda: self.run("crossdockctl daemon status", check=False)[0] == 0,
                 "crossdockd in the guest", every_s=0.1)

    def stop_switch(self):
        self.get("kill $(cat /tmp/pid); while kill -0 $(cat /tmp/pid) 2>/dev/null; do "
                 "usleep 50000; done")

    def log(self):
        return self.run(f"tail -n 25 {LOG}", check=False)[1] if self.qemu else ""

    def ctl(self, *words):
        return self.get("crossdockctl " + " ".join(words))

    def ask(self, *words):
        return json.loads(self.ctl("--json", *words))

    def refused(self, *words):
        """What is said, in one line."""
        status, text = self.run("crossdockctl " + " ".join(words), check=False)
        assert status == 1 and "\n" not in text, f"{words}: status {status}: {text}"
        return text

    def port(self, name, *words):
        return self.ask("port", "show", name, *words)["ports"][0]

    def wait_state(self, name, state):
        wait_for(lambda: self.port(name)["state"] == state, f"{name} to be {state}", every_s=0.1)

    def bind(self, address):
        """As driverctl set-override does."""
        device = f"/sys/bus/pci/devices/{address}"
        self.get(f"echo vfio-pci >{device}/driver_override; [ ! -e {device}/driver ] || "
                 f"echo {address} >{device}/driver/unbind; "
                 f"echo {address} >/sys/bus/pci/drivers_probe")
