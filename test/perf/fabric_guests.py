# SPDX-License-Identifier: BSD-3-Clause
"""Two QEMU guests on vhost-user ports of crossdock or OVS-DPDK: with KVM where the host has one
that boots them, else emulated, which tells that it works and not how fast."""

import os
import pathlib
import sys
import unittest

import crossdock_switch
import processes
from fabric import ADDRESSES, Fabric, OpenVSwitch, daemon
from kernel_switch import private_space
from tools import GuestEnd

import process

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guest"))
from guests import image, mac  # pylint: disable=wrong-import-position
from machine import BOOT_S, QEMU, Machine, Nic, available  # pylint: disable=wrong-import-position

KVM_BOOT_S = 30
REACH_S = 120


def boot(group, options, make):
    """The machines that make(accel) has made, once they have booted, and what a reader has to know
    of them. Emulated when KVM does not boot them, which is tried once."""
    kinds = {"auto": ("kvm", "tcg") if os.access("/dev/kvm", os.W_OK) else ("tcg",)}
    for accel in kinds.get(options.accel, (options.accel,)):
        machines = make(accel)
        for machine in machines:
            group.addCleanup(machine.kill)
            machine.start()
        try:
            for machine in machines:
                machine.wait_boot(KVM_BOOT_S if accel == "kvm" else BOOT_S)
        except AssertionError as reason:
            for machine in machines:
                machine.kill()
            if accel != "kvm" or options.accel != "auto":
                raise processes.Failure(str(reason)) from reason
            options.accel = "tcg"
            continue
        return machines, "" if accel == "kvm" else "emulated (TCG): functional only"
    raise processes.Failure("no accelerator to try")


class Guests(Fabric):
    guests, beside = True, "crossdock-vm"
    listen = False  # QEMU does, and the switch connects

    @staticmethod
    def missing(options):
        if not available():
            return f"apt-get install qemu-system-x86 (for {QEMU})"
        process.BUILD = pathlib.Path(options.crossdock).resolve()
        try:
            image()
        except (unittest.SkipTest, FileNotFoundError, AssertionError) as reason:
            return str(reason)
        return None

    def sockets(self, group, options):
        """Starts the switch; the ports' sockets."""
        raise NotImplementedError

    def machines(self, group, sockets, accel):
        found, initramfs = image()
        return [Machine(f"vm{i}", pathlib.Path(group.dir), found, initramfs,
                        [Nic(sockets[i], mac(i + 1), self.listen)], address, accel=accel)
                for i, address in enumerate(ADDRESSES)]

    def ends(self, group, options):
        sockets = self.sockets(group, options)
        machines, self.note = boot(group, options,
                                   lambda accel: self.machines(group, sockets, accel))
        group.wait(lambda: machines[0].try_ping(ADDRESSES[1])[0] == 1, "a reply", REACH_S)
        return [GuestEnd(machine, address) for machine, address in zip(machines, ADDRESSES)]


class CrossdockGuests(Guests):
    name, title, beside = "crossdock-vm", "crossdock, vhost-user, QEMU guests", None

    @staticmethod
    def missing(options):
        if not crossdock_switch.program(options.crossdock, "crossdockd"):
            return "ninja -C build"
        return Guests.missing(options)

    def sockets(self, group, options):
        paths = [group.path(f"vm{i}.sock") for i in range(2)]
        daemon(group, options, 0, options.dut_core,
               [f"vm{i}: {{type: vhost-user, bridge: br0, path: {path}, mode: server}}"
                for i, path in enumerate(paths)])
        group.wait(lambda: all(os.path.exists(path) for path in paths), "the sockets")
        return paths


class OpenVSwitchGuests(Guests):
    name, title, listen = "ovs-vm", "OVS-DPDK, vhost-user, QEMU guests", True

    @staticmethod
    def missing(options):
        return OpenVSwitch.missing(options) or Guests.missing(options)

    def sockets(self, group, options):
        switch = OpenVSwitch().switch(group, options, private_space(group, self.name))
        paths = [group.path(f"vm{i}.sock") for i in range(2)]
        for i, path in enumerate(paths):
            switch.add_guest(f"vm{i}", path)
        return paths
