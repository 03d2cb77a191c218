# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a guest's connections while the switch, the guest, its driver, its memory and
QEMU come and go.

Two guests with four interfaces each: split and packed rings, the switch listening and connecting,
one queue pair and two.
Streams run on all of them, both ways, and must go on.
"""

import os
import signal

from daemon import Daemon, config_text, vhost_user
from guests import MIB, GuestCase, Stream, mac
from machine import Nic
from process import wait_for

# Interface: (properties of the device, mode of the switch's port, queue pairs).
KINDS = {
    "split-server": ({}, "server", 1),
    "split-client": ({}, "client", 2),
    "packed-server": ({"packed": "on"}, "server", 2),
    "packed-client": ({"packed": "on"}, "client", 1),
}
RING_PACKED = 34
GUESTS = ("vm1", "vm2")
PATIENT_S = 90
DIMM_MIB = 128


def address(vm, index):
    return f"10.78.{index}.{GUESTS.index(vm) + 1}"


class Lifecycle(GuestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ports = {f"{vm}-{kind}": vhost_user(cls.directory / f"{vm}-{kind}.sock", mode=mode,
                                            queues=queues)
                 for vm in GUESTS for kind, (_, mode, queues) in KINDS.items()}
        cls.daemon = Daemon(None, cls.directory, config_text(ports))
        cls.addClassCleanup(cls.daemon.close)
        cls.told.append(cls.daemon.report)
        cls.daemon.start()
        for name in GUESTS:
            nics = [Nic(ports[f"{name}-{kind}"]["path"],
                        mac(0x10 * GUESTS.index(name) + index + 1), listen=mode == "client",
                        queues=queues, properties=properties)
                    for index, (kind, (properties, mode, queues)) in enumerate(KINDS.items())]
            cls.machine(name, nics, f"10.77.0.{GUESTS.index(name) + 1}", hotplug=True,
                        balloon=True)
        cls.vm1, cls.vm2 = cls.vms["vm1"], cls.vms["vm2"]
        cls.vm1.start()
        cls.daemon.wait_up(*cls.ports_of(cls.vm1))
        cls.vm1.wait_boot()
        cls.without_vm2 = cls.held()
        cls.vm2.start()
        cls.vm2.wait_boot()
        cls.daemon.wait_up()
        for vm in cls.vms.values():
            cls.set_up(vm)

    def setUp(self):
        """Puts right what a case before this one may have left."""
        super().setUp()
        if self.daemon.process is None:
            self.daemon.start()
        for vm in self.vms.values():
            if vm.qemu is None or not vm.alive():
                vm.kill()
                vm.start()
                vm.wait_boot()
                self.set_up(vm)
        self.abandon(self.vm1, self.vm2)
        self.daemon.wait_up()
        self.meet("before the case")

    # What the switch holds.

    @classmethod
    def held(cls):
        """Descriptors, and mappings of guests' memory."""
        process = f"/proc/{cls.daemon.process.pid}"
        with open(f"{process}/maps") as maps:
            return len(os.listdir(f"{process}/fd")), sum("memfd:" in line for line in maps)

    @staticmethod
    def ports_of(vm):
        return [f"{vm.name}-{kind}" for kind in KINDS]

    # What a guest is told.

    @staticmethod
    def set_up(vm):
        """Gives addresses to all interfaces of a guest."""
        for index in range(len(KINDS)):
            vm.run(f"ethtool -L eth{index} combined 2", check=False)
            vm.get(f"ip link set eth{index} up && "
                   f"ip addr add {address(vm.name, index)}/24 dev eth{index}")

    def meet(self, what):
        for index in range(len(KINDS)):
            self.reach(self.vm1, address("vm2", index), what)

    def streams(self, **options):
        """One each way on every pair of interfaces, all under way."""
        options = {"kib_per_s": 1024, **options}
        streams = []
        for index in range(len(KINDS)):
            streams += [Stream(self.vm1, self.vm2, address("vm2", index), **options),
                        Stream(self.vm2, self.vm1, address("vm1", index), **options)]
        return self.go_on(streams)

    def go_on(self, streams):
        for stream in streams:
            stream.more(0.25)
        return streams

    def finish(self, streams):
        self.go_on(streams)
        self.say(f"{sum(stream.finish() for stream in streams) / MIB:.0f} MiB in "
                 f"{len(streams)} streams came whole")

    def abandon(self, *guests):
        """Ends what is left of streams whose other end has gone for good."""
        for vm in guests:
            vm.run("killall -9 guest_stream", check=False)

    # The cases, in this order.

    def test_negotiated(self):
        for vm in self.vms.values():
            for index, (properties, _, _) in enumerate(KINDS.values()):
                self.assertEqual(RING_PACKED in vm.features(index), "packed" in properties,
                                 f"{vm.name} eth{index}")

    def test_switch_is_killed(self):
        streams = self.streams()
        for _ in range(2):
            self.daemon.kill()
            self.daemon.start()
            self.go_on(streams)
        self.finish(streams)

    def test_switch_ends_and_is_started_again(self):
        streams = self.streams()
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.go_on(streams)
        self.finish(streams)

    def test_switch_is_killed_under_full_load(self):
        streams = self.streams(kib_per_s=0)
        self.daemon.kill()
        self.daemon.start()
        self.finish(streams)

    def rebind(self, vm):
        for index in range(len(KINDS)):
            vm.get(f"device=$(basename $(readlink /sys/class/net/eth{index}/device)); "
                   f"cd /sys/bus/virtio/drivers/virtio_net && echo $device >unbind && "
                   f"echo $device >bind")
        self.set_up(vm)

    def test_driver_is_bound_again(self):
        streams = self.streams()
        self.rebind(self.vm1)
        self.finish(streams)

    def test_driver_is_bound_again_without_a_switch(self):
        streams = self.streams()
        self.daemon.kill()
        self.rebind(self.vm2)
        self.daemon.start()
        self.finish(streams)

    def reboot(self, vm):
        vm.qemu.send("0 reboot -f")
        vm.wait_boot()
        self.set_up(vm)

    def test_guest_reboots(self):
        self.streams()
        self.reboot(self.vm2)
        self.abandon(self.vm1)
        self.meet("after vm2 rebooted")
        self.finish(self.streams())

    def test_guest_reboots_without_a_switch(self):
        self.streams()
        self.daemon.kill()
        self.reboot(self.vm2)
        self.daemon.start()
        self.abandon(self.vm1)
        self.meet("after vm2 rebooted while the switch was away")
        self.finish(self.streams())

    def test_qemu_is_killed(self):
        self.streams()
        self.vm2.kill()
        wait_for(lambda: not any(self.daemon.port(name)["state"] == "up"
                                 for name in self.ports_of(self.vm2)), "vm2's ports to be down")
        # Everything of the guest has been given back.
        wait_for(lambda: self.held() == self.without_vm2,
                 f"descriptors and mappings to be {self.without_vm2}; they are {self.held()}")
        self.daemon.wait_up(*self.ports_of(self.vm1))
        self.abandon(self.vm1)
        self.vm2.start()
        self.vm2.wait_boot()
        self.set_up(self.vm2)
        self.meet("after vm2's QEMU was killed and started")
        self.finish(self.streams())

    def both_anew(self, switch_first):
        self.streams()
        self.daemon.kill()
        self.vm2.kill()
        self.abandon(self.vm1)
        if switch_first:
            self.daemon.start()
            self.vm2.start()
        else:
            self.vm2.start()
            self.daemon.start()
        self.vm2.wait_boot()
        self.set_up(self.vm2)
        self.meet("after the switch and vm2's QEMU were killed")
        self.finish(self.streams())

    def test_switch_and_qemu_are_killed_and_the_switch_comes_first(self):
        self.both_anew(True)

    def test_switch_and_qemu_are_killed_and_qemu_comes_first(self):
        self.both_anew(False)

    def memory_kib(self, vm):
        return int(vm.get("grep MemTotal /proc/meminfo").split()[1])

    def test_memory_is_plugged_and_unplugged(self):
        vm, monitor = self.vm1, self.vm1.monitor
        streams = self.streams()
        before = self.memory_kib(vm)
        regions = self.held()[1]
        # Movable, so that it can be taken away again; what streams send from is put there.
        vm.get("echo online_movable >/sys/devices/system/memory/auto_online_blocks")
        monitor.ask("object-add", **{"qom-type": "memory-backend-memfd", "id": "more",
                                     "size": DIMM_MIB * MIB, "share": True})
        monitor.ask("device_add", driver="pc-dimm", id="dimm", memdev="more")
        wait_for(lambda: self.memory_kib(vm) >= before + DIMM_MIB * 1000,
                 "the guest to have more memory")
        self.assertGreater(self.held()[1], regions)
        self.go_on(streams)
        more = self.streams()
        movable = vm.get("grep -A 2 'zone  Movable' /proc/zoneinfo | grep free").split()[-1]
        self.assertLess(int(movable), DIMM_MIB * 256 - 1024, "pages of it in use")
        self.finish(more)
        monitor.ask("device_del", id="dimm")
        monitor.wait_event("DEVICE_DELETED", PATIENT_S)
        monitor.ask("object-del", id="more")
        wait_for(lambda: self.memory_kib(vm) == before, "the guest to have as much as before")
        wait_for(lambda: self.held()[1] == regions, f"the switch to have {regions} mappings")
        self.finish(streams)

    def test_memory_is_ballooned(self):
        vm, monitor = self.vm1, self.vm1.monitor
        streams = self.streams()
        whole = monitor.ask("query-balloon")["actual"]
        for _ in range(2):
            for size in (whole - 64 * MIB, whole):
                monitor.ask("balloon", value=size)
                wait_for(lambda: monitor.ask("query-balloon")["actual"] == size,
                         f"the balloon to leave the guest {size} bytes", PATIENT_S)
                self.go_on(streams)
        self.finish(streams)
        self.assertTrue(vm.alive())

    def test_switch_is_stopped_for_a_while(self):
        """SIGSTOP: guests find their rings full and unanswered for a time."""
        streams = self.streams()
        self.daemon.process.send_signal(signal.SIGSTOP)
        self.vm1.get("sleep 1")
        self.daemon.process.send_signal(signal.SIGCONT)
        self.finish(streams)
