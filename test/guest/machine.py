# SPDX-License-Identifier: BSD-3-Clause
"""QEMU guests, told what to do over a virtio serial port."""

import dataclasses
import itertools
import os
import shutil
import subprocess
import time

from process import Dialogue, PATIENCE_S, Timeout, die_with_parent
from qmp import Monitor

QEMU = "qemu-system-x86_64"
# Emulated, with one core and neighbours: a boot of 4 s can become a minute.
BOOT_S = 180
MEMORY_MB = 192
BANDWIDTH = 48 << 20  # of a migration, in bytes per second: it takes a few seconds
FIRST_SLOT = 8  # of the PCI bus: interfaces are in the order in which they are given


@dataclasses.dataclass
class Nic:
    """listen: QEMU listens on the socket and the switch connects; else the other way round.
    properties: of QEMU's virtio-net-pci device, such as packed="on"."""

    socket: str
    mac: str
    listen: bool
    queues: int = 1
    properties: dict = dataclasses.field(default_factory=dict)

    def arguments(self, index, accel):
        role = "server=on,wait=off" if self.listen else "reconnect=1"
        device = {"netdev": f"net{index}", "mac": self.mac, "romfile": "",
                  "addr": hex(FIRST_SLOT + index), **self.properties}
        if accel == "tcg":  # without, QEMU 7.2 crashes with vhost-user
            device["vectors"] = 0
        if self.queues > 1:
            device["mq"] = "on"
        return ["-chardev", f"socket,id=net{index},path={self.socket},{role}",
                "-netdev", f"vhost-user,id=net{index},chardev=net{index},queues={self.queues}",
                "-device", ",".join(["virtio-net-pci",
                                     *(f"{key}={value}" for key, value in device.items())])]


class Guest:
    """The guest is called by what is before the first dot of the name."""

    # An emulated timer that is late, because others have the cores, is no reason to panic.
    KERNEL_OPTIONS = "console=ttyS0 panic=-1 no_timer_check"

    def __init__(self, name, directory, kernel, initramfs, options, accel="tcg"):
        """options: of QEMU, for what this guest is made of; accel: -accel."""
        self.name = name
        self.directory = directory
        self.console = directory / f"{name}.console"
        self.monitor_path = directory / f"{name}.qmp"
        self.ids = itertools.count(1)
        self.command = [
            QEMU, "-accel", accel, "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", str(kernel / "vmlinuz"), "-initrd", str(initramfs),
            "-chardev", f"file,id=console,path={self.console},append=on",
            "-serial", "chardev:console",
            # Not a second UART: of an emulated one, an interrupt is lost now and then.
            "-device", "virtio-serial-pci,addr=0x1d",
            "-chardev", "stdio,id=agent,signal=off",
            "-device", "virtserialport,chardev=agent,name=agent",
            "-qmp", f"unix:{self.monitor_path},server=on,wait=off", *options]
        self.qemu = None
        self._monitor = None

    def start(self, **popen):
        self.monitor_path.unlink(missing_ok=True)
        self.qemu = Dialogue(self.command, self.directory / f"{self.name}.log",
                             preexec_fn=die_with_parent, **popen)

    def stay_on(self, cpus):
        """All of QEMU's threads so far, and those that they start."""
        for task in os.listdir(f"/proc/{self.qemu.process.pid}/task"):
            os.sched_setaffinity(int(task), cpus)

    @property
    def monitor(self):
        if self._monitor is None:
            self._monitor = Monitor(self.monitor_path)
        return self._monitor

    def wait_boot(self, timeout_s=BOOT_S):
        """Returns the seconds that it took."""
        began = time.monotonic()
        try:
            while self.qemu.line(timeout_s) != "@@ready":
                pass
        except AssertionError as error:
            raise AssertionError(f"{self.name} does not boot: {error}\n{self.tail()}") from None
        return time.monotonic() - began

    def send(self, command):
        """Begins a shell command in the guest; returns what to give to finish()."""
        tag = f"@@{next(self.ids)}"
        self.qemu.send(f"{tag[2:]} {command}")
        return tag, command

    def finish(self, begun, timeout_s=PATIENCE_S, check=True):
        """Waits for a command's end; returns (status, output)."""
        tag, command = begun
        end = time.monotonic() + timeout_s
        output = []
        while True:
            try:
                line = self.qemu.line(max(0.1, end - time.monotonic()))
            except Timeout:
                raise Timeout(f"{self.name}: {command}: no end in {timeout_s:.0f} s") from None
            if line.startswith(tag + " "):
                break
            output.append(line)
        status = int(line.split()[1])
        text = "\n".join(output).strip()
        if check and status:
            raise AssertionError(f"{self.name}: {command}: status {status}\n{text}")
        return status, text

    def run(self, command, timeout_s=PATIENCE_S, check=True):
        """Runs a shell command in the guest; returns (status, output)."""
        return self.finish(self.send(command), timeout_s, check)

    def get(self, command, timeout_s=PATIENCE_S):
        return self.run(command, timeout_s)[1]

    def try_ping(self, address, count=1, size=56, wait_s=1):
        """Replies that came, and what ping printed. One at a time: when some came already, ping
        itself does not wait long for the next."""
        said = [self.run(f"ping -n -c 1 -W {wait_s} -s {size} {address}", PATIENCE_S + wait_s,
                         check=False)[1] for _ in range(count)]
        return sum(" 1 received" in text for text in said), "\n".join(said)

    def alive(self):
        return self.qemu.process.poll() is None

    def tail(self, lines=12):
        try:
            text = self.console.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"  {self.name}: {line}" for line in text[-lines:])

    def kill(self):
        """As kill -9."""
        if self._monitor:
            self._monitor.close()
            self._monitor = None
        if self.qemu:
            self.qemu.kill()
            self.qemu = None


class Machine(Guest):
    """One with vhost-user interfaces. address: of its first. incoming: it waits for a guest that
    moves to it; it must have been given what the one it comes from was given. accel: -accel. cpu: -cpu,
    or QEMU's own choice. iommu: it has one, so that a program in it can have an interface."""

    def __init__(self, name, directory, kernel, initramfs, nics, address, incoming=False,
                 hotplug=False, balloon=False, accel="tcg", cpu=None, cores=1, memory_mb=MEMORY_MB,
                 iommu=False):
        self.nics = nics
        self.mac = nics[0].mac
        self.address = address
        q35 = "q35,kernel-irqchip=split" if accel == "kvm" else "q35"
        options = [
            "-machine", q35 if iommu else "pc",
            "-m", f"{memory_mb}" + (",slots=4,maxmem=1G" if hotplug else ""), "-smp", str(cores),
            "-object", f"memory-backend-memfd,id=mem,size={memory_mb}M,share=on",
            "-numa", "node,memdev=mem",
            # A kernel that clears pages before it hands them out would have them all noted as
            # written during a migration, whatever the switch notes. And one that may get more
            # memory later would set 64 MiB aside for bounce buffers.
            "-append", f"{self.KERNEL_OPTIONS} init_on_alloc=0 swiotlb=noforce "
            f"xd.name={name.split('.')[0]} xd.address={address}/24"
            + (" intel_iommu=on" if iommu else "")]
        options += ["-device", "intel-iommu,intremap=on"] if iommu else []
        options += ["-cpu", cpu] if cpu else []
        for index, nic in enumerate(nics):
            options += nic.arguments(index, accel)
        if balloon:
            options += ["-device", "virtio-balloon-pci,id=balloon,addr=0x1e"]
        if incoming:
            options += ["-incoming", "defer"]
        super().__init__(name, directory, kernel, initramfs, options, accel)

    def features(self, index=0):
        """The virtio feature bits that the guest's driver and the device agreed on."""
        shown = self.get(f"cat /sys/class/net/eth{index}/device/features").strip()
        return {bit for bit, value in enumerate(shown) if value == "1"}

    def migrate_to(self, other, timeout_s=60):
        """Moves the guest. Afterwards `other` answers commands; this one has stopped."""
        socket = other.directory / f"{other.name}.migration"
        socket.unlink(missing_ok=True)
        other.monitor.ask("migrate-incoming", uri=f"unix:{socket}")
        self.monitor.ask("migrate-set-parameters", **{"max-bandwidth": BANDWIDTH})
        self.monitor.ask("migrate", uri=f"unix:{socket}")
        end = time.monotonic() + timeout_s
        while (state := self.monitor.ask("query-migrate")).get("status") != "completed":
            if state.get("status") in ("failed", "cancelled"):
                raise AssertionError(f"{self.name} does not move: {state}\n"
                                     f"{self.name}: {self.qemu.tail()}\n"
                                     f"{other.name}: {other.qemu.tail()}")
            if time.monotonic() > end:
                raise Timeout(f"{self.name} has not moved after {timeout_s:.0f} s: {state}")
            time.sleep(0.02)
        other.monitor.wait_event("RESUME")
        other.ids = self.ids
        return state


def version():
    shown = subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    return shown.splitlines()[0] if shown else QEMU


def available():
    return shutil.which(QEMU) is not None

