# SPDX-License-Identifier: BSD-3-Clause
"""One QEMU guest with one vhost-user interface, told what to do over its second serial line."""

import itertools
import re
import shutil
import subprocess
import time

from process import Dialogue, PATIENCE_S, Timeout

QEMU = "qemu-system-x86_64"
# Emulated, with one core and neighbours: a boot of 4 s can become a minute.
BOOT_S = 180


def available():
    return shutil.which(QEMU) is not None


class Machine:
    """listen: QEMU listens on the socket and the switch connects; else the other way round."""

    def __init__(self, name, directory, kernel, initramfs, socket, mac, address, listen):
        self.name = name
        self.mac = mac
        self.address = address
        self.console = directory / f"{name}.console"
        self.ids = itertools.count(1)
        role = "server=on,wait=off" if listen else "reconnect=1"
        self.command = [
            QEMU, "-accel", "tcg", "-machine", "pc", "-m", "192", "-smp", "1", "-nodefaults",
            "-no-user-config", "-display", "none",
            "-object", "memory-backend-memfd,id=mem,size=192M,share=on",
            "-numa", "node,memdev=mem",
            "-kernel", str(kernel / "vmlinuz"), "-initrd", str(initramfs),
            "-append", f"console=ttyS0 panic=-1 xd.name={name} xd.address={address}/24",
            "-chardev", f"file,id=console,path={self.console},append=on",
            "-serial", "chardev:console",
            "-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent",
            "-chardev", f"socket,id=net,path={socket},{role}",
            "-netdev", "vhost-user,id=net,chardev=net",
            # Without vectors=0 QEMU 7.2 crashes with vhost-user under TCG.
            "-device", f"virtio-net-pci,netdev=net,mac={mac},vectors=0,romfile=",
        ]
        self.directory = directory
        self.qemu = None

    def start(self):
        self.qemu = Dialogue(self.command, self.directory / f"{self.name}.log")

    def wait_boot(self):
        """Returns the seconds that it took."""
        began = time.monotonic()
        try:
            while self.qemu.line(BOOT_S) != "@@ready":
                pass
        except AssertionError as error:
            raise AssertionError(f"{self.name} does not boot: {error}\n{self.tail()}") from None
        return time.monotonic() - began

    def run(self, command, timeout_s=PATIENCE_S, check=True):
        """Runs a shell command in the guest; returns (status, output)."""
        tag = f"@@{next(self.ids)}"
        self.qemu.send(f"{tag[2:]} {command}")
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

    def get(self, command, timeout_s=PATIENCE_S):
        return self.run(command, timeout_s)[1]

    def try_ping(self, address, count=1, size=56, wait_s=1):
        """Replies that came, and what ping printed."""
        status, text = self.run(f"ping -n -c {count} -i 0.2 -W {wait_s} -s {size} {address}",
                                PATIENCE_S + count * wait_s, check=False)
        received = re.search(r"(\d+) received", text)
        return int(received.group(1)) if received else 0, text

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
        if self.qemu:
            self.qemu.kill()
            self.qemu = None


def version():
    shown = subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    return shown.splitlines()[0] if shown else QEMU
