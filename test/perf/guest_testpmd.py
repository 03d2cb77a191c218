# SPDX-License-Identifier: BSD-3-Clause
"""
testpmd in a guest with an IOMMU, on an interface that it has by vfio-pci instead of the kernel's
driver. A virtio device that does not say VIRTIO_F_ACCESS_PLATFORM takes no notice of the IOMMU, so
addresses are physical ones.
"""

import re
import time

import processes

import nic_guest
import process

PAGES = 64  # of 2 MiB
START_S = 120
RATE = re.compile(r"Rx-pps:\s*(\d+)")


def links():
    """Drivers that DPDK loads in the guest. testpmd itself is linked with others that lie there, too:
    each must be loaded from one place."""
    directory = nic_guest.plugins()
    return {str(directory / f"librte_{name}.so"): str(directory / f"librte_{name}.so.{nic_guest.ABI}")
            for name in ("mempool_ring", "net_virtio")}


class GuestTestpmd:
    """machine: one of test/guest. address: of the interface on the PCI bus."""

    def __init__(self, machine, address, cores):
        self.machine, self.address, self.cores = machine, address, cores

    def prepare(self, interface):
        """Once a guest: pages, and the interface to vfio-pci."""
        device = f"/sys/bus/pci/devices/{self.address}"
        self.machine.get(
            f"mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages && "
            f"echo {PAGES} >/proc/sys/vm/nr_hugepages && "
            f"ip link set {interface} down && echo vfio-pci >{device}/driver_override && "
            f"echo {self.address} >{device}/driver/unbind && "
            f"echo {self.address} >/sys/bus/pci/drivers_probe")

    def start(self, *options):
        """On the last of the guest's cores; its main thread is on the first."""
        self.machine.get(
            "rm -f /tmp/testpmd.in && mkfifo /tmp/testpmd.in && "
            # Holds the pipe open between commands.
            "(setsid sleep 86400 >/tmp/testpmd.in & echo $! >/tmp/testpmd.holder) && "
            f"(setsid dpdk-testpmd --lcores 0@0,1@{self.cores - 1} -a {self.address} "
            f"--iova-mode=pa --no-telemetry --in-memory -m 96 -- -i --total-num-mbufs=8192 {' '.join(options)} "
            "</tmp/testpmd.in >/tmp/testpmd.log 2>&1 & echo $! >/tmp/testpmd.pid)")
        self.wait(0)

    def wait(self, since):
        """Until there is a prompt behind the first `since` bytes of what it said."""
        end = time.monotonic() + START_S
        while not (said := self.said(since)).endswith("testpmd>"):
            if not self.runs() or time.monotonic() > end:
                raise processes.Failure(f"{self.machine.name}: testpmd: {said[-400:]}")
            time.sleep(0.1)

    def said(self, since=0):
        return self.machine.get(f"tail -c +{since + 1} /tmp/testpmd.log")

    def runs(self):
        return self.machine.run("kill -0 $(cat /tmp/testpmd.pid)", check=False)[0] == 0

    def tell(self, command):
        """Waits until it is done; but the answer stays in testpmd's buffer."""
        since = int(self.machine.get("wc -c </tmp/testpmd.log"))
        self.machine.get(f"echo '{command}' >/tmp/testpmd.in")
        self.wait(since)

    def quit(self):
        """Ends it; returns all that it has said."""
        self.machine.get("echo quit >/tmp/testpmd.in")
        process.wait_for(lambda: not self.runs(), f"{self.machine.name}: testpmd to end", START_S)
        return self.said()

    def stop(self):
        self.machine.run("kill -9 $(cat /tmp/testpmd.pid) $(cat /tmp/testpmd.holder)", check=False)


def rate(sender, receiver, peer, size, time_s, warmup_s):
    """Frames a second that one guest's testpmd receives of another's, which sends what it can.
    peer: the receiver's address."""
    receiver.start()
    try:
        # A few frames of its own, by which the switch learns where it is.
        for command in ("set fwd txonly", "start", "stop", "set fwd rxonly", "start"):
            receiver.tell(command)
        sender.start("--forward-mode=txonly", f"--txpkts={size}", f"--eth-peer=0,{peer}",
                     "--auto-start")
        time.sleep(warmup_s)
        receiver.tell("show port stats 0")
        time.sleep(time_s)
        receiver.tell("show port stats 0")
        found = RATE.findall(receiver.quit())  # since the one before
        if len(found) < 2 or not int(found[1]):
            raise processes.Failure("testpmd: no frame came")
        return int(found[1])
    finally:
        sender.stop()
        receiver.stop()
