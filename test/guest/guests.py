# SPDX-License-Identifier: BSD-3-Clause
"""What the cases with guests share: the kernel and the file system, machines, streams between
them."""

import atexit
import functools
import pathlib
import shutil
import tempfile
import unittest

import initramfs
import kernel
from harness import Case
from machine import QEMU, Machine, available, version
from process import wait_for

STREAM_S = 40  # for a stream to come to its end
MIB = 1 << 20


def mac(number):
    return f"02:00:00:00:77:{number:02x}"


def find_kernel():
    """The kernel's directory, or the test is skipped."""
    if not available():
        raise unittest.SkipTest(f"{QEMU} is not installed and could not be")
    try:
        found = kernel.find()
    except kernel.Unavailable as reason:
        raise unittest.SkipTest(f"no guest kernel: {reason}") from None
    print(f"  {version()}, {found.name}", flush=True)
    return found


@functools.cache
def image():
    """Kernel directory and initramfs, made once for all the cases of a run."""
    found = find_kernel()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="xd", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    initramfs.build(directory / "initramfs", found, kernel.MODULES)
    return found, directory / "initramfs"


class Stream:
    """TCP connections from one guest to another whose every byte is checked.

    mib and kib_per_s: of each of the count connections; mib=0: it goes on until finish().
    read_kib_per_s: of the receiver; below the sender's, what has come waits in its memory.
    """

    ports = iter(range(6001, 60000))

    def __init__(self, sender, receiver, address, mib=0, count=1, kib_per_s=0,
                 read_kib_per_s=0):
        """address: of the receiver."""
        self.sender, self.receiver = sender, receiver
        self.endless = mib == 0
        self.port = next(self.ports)
        self.what = f"{sender.name} to {receiver.name} at {address}"
        receiver.get(f": >/tmp/{self.port}.in; "
                     f"setsid guest_stream receive {self.port} {count} {read_kib_per_s} "
                     f">/tmp/{self.port}.in 2>&1 & echo $! >/tmp/{self.port}.reader")
        wait_for(self._listens, f"{receiver.name} to listen")
        sender.get(f": >/tmp/{self.port}.out; "
                   f"setsid guest_stream send {address} {self.port} {count} {mib} {kib_per_s} "
                   f">/tmp/{self.port}.out 2>&1 & echo $! >/tmp/{self.port}.pid")

    def _listens(self):
        said = self._received()
        if said:
            raise AssertionError(f"{self.what}: {said}")
        return f":{self.port} " in self.receiver.get("netstat -ltn")

    def _received(self):
        return self.receiver.get(f"tail -n 1 /tmp/{self.port}.in")

    def at(self):
        """Bytes that have come. An endless one must not have ended."""
        said = self._received()
        if not said:
            return 0
        if not said.startswith("at "):
            raise AssertionError(f"{self.what}: it should still go on, and says: {said!r}; the "
                                 "sender: " + self.sender.get(f"cat /tmp/{self.port}.out"))
        return int(said.split()[1])

    def more(self, mib=1):
        """Waits until that much more has come than had when this was called."""
        before = self.at()
        wait_for(lambda: self.at() >= before + mib * MIB,
                 f"more than {before} bytes from {self.what}", STREAM_S, 0.05)
        return self

    def moved(self, before, after):
        """One of the two guests is in another machine now."""
        self.sender, self.receiver = (after if vm is before else vm
                                      for vm in (self.sender, self.receiver))

    def hurry(self):
        """Lifts the limit of the receiver."""
        self.receiver.get(f"kill -USR1 -$(cat /tmp/{self.port}.reader)")

    def finish(self):
        """Waits for the end: what was sent must have come, and each byte be the one sent. Returns
        the number of bytes."""
        if self.endless:
            self.sender.get(f"kill -TERM -$(cat /tmp/{self.port}.pid)")
        for vm, log in ((self.receiver, "in"), (self.sender, "out")):
            wait_for(lambda: vm.get(f"tail -n 1 /tmp/{self.port}.{log}")[:2] not in ("", "at"),
                     f"the end of {self.what}", STREAM_S, 0.05)
        received, sent = self._received(), self.sender.get(f"tail -n 1 /tmp/{self.port}.out")
        if not sent.startswith("sent ") or received != sent.replace("sent", "whole"):
            raise AssertionError(f"{self.what}: {received!r} of {sent!r}")
        return int(sent.split()[1])


class GuestCase(Case):
    """Guests that are booted once for a class; cases build on one another."""

    @classmethod
    def setUpClass(cls):
        cls.kernel, cls.initramfs = image()
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="xd", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.vms = {}
        cls.told = []  # functions that return text, for a case that fails

    @classmethod
    def machine(cls, name, nics, address, **options):
        vm = Machine(name, cls.directory, cls.kernel, cls.initramfs, nics, address, **options)
        cls.vms[name] = vm
        cls.addClassCleanup(vm.kill)
        return vm

    def setUp(self):
        super().setUp()
        self.reports += [*self.told, *(vm.tail for vm in self.vms.values())]

    def say(self, text):
        print(f"       {text}", flush=True)

    def reach(self, vm, address, what=""):
        wait_for(lambda: vm.try_ping(address)[0] == 1, f"{vm.name} to reach {address} {what}",
                 timeout_s=90)
