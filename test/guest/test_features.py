# SPDX-License-Identifier: BSD-3-Clause
"""What Linux guests negotiate: offloads on both sides, on one, on none; split and packed rings with
and without their options; several queue pairs.

Two guests, each with one interface of every kind, on one bridge.
"""

from daemon import Daemon, config_text, vhost_user
from guests import GuestCase, Stream, mac
from machine import Nic

CSUM, GUEST_CSUM, GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6, MRG_RXBUF = 0, 1, 7, 8, 11, 12, 15
CTRL_VQ, GUEST_ANNOUNCE, MQ = 17, 21, 22
INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED = 28, 29, 32, 34
SENDS = {CSUM, HOST_TSO4, HOST_TSO6}           # what it may leave to the switch
TAKES = {GUEST_CSUM, GUEST_TSO4, GUEST_TSO6}   # what the switch may leave to it
USUAL = {MRG_RXBUF, CTRL_VQ, GUEST_ANNOUNCE, INDIRECT_DESC, EVENT_IDX, VERSION_1} | SENDS | TAKES

SENDS_NOTHING = {name: "off" for name in ("csum", "gso", "host_tso4", "host_tso6", "host_ecn",
                                          "host_ufo")}
TAKES_NOTHING = {name: "off" for name in ("guest_csum", "guest_tso4", "guest_tso6", "guest_ecn",
                                          "guest_ufo")}
VLAN = 10

# By kind of interface: properties of QEMU's device, features that the guest must have got, and
# features that it must not have got.
KINDS = {
    "plain": ({}, USUAL, {RING_PACKED, MQ}),
    "bare": ({**SENDS_NOTHING, **TAKES_NOTHING}, USUAL - SENDS - TAKES, SENDS | TAKES),
    "sends": (TAKES_NOTHING, USUAL - TAKES, TAKES),
    "takes": (SENDS_NOTHING, USUAL - SENDS, SENDS),
    "packed": ({"packed": "on"}, USUAL | {RING_PACKED}, set()),
    "packed-bare": ({"packed": "on", **SENDS_NOTHING, **TAKES_NOTHING},
                    (USUAL | {RING_PACKED}) - SENDS - TAKES, SENDS | TAKES),
    "packed-small": ({"packed": "on", "mrg_rxbuf": "off"},
                     (USUAL | {RING_PACKED}) - {MRG_RXBUF}, {MRG_RXBUF}),
    "small": ({"mrg_rxbuf": "off"}, USUAL - {MRG_RXBUF}, {MRG_RXBUF}),
    "small-bare": ({"mrg_rxbuf": "off", **SENDS_NOTHING, **TAKES_NOTHING},
                   USUAL - {MRG_RXBUF} - SENDS - TAKES, {MRG_RXBUF} | SENDS | TAKES),
    "no-event": ({"event_idx": "off"}, USUAL - {EVENT_IDX}, {EVENT_IDX}),
    "no-indirect": ({"indirect_desc": "off"}, USUAL - {INDIRECT_DESC}, {INDIRECT_DESC}),
    "packed-poor": ({"packed": "on", "event_idx": "off", "indirect_desc": "off"},
                    (USUAL | {RING_PACKED}) - {EVENT_IDX, INDIRECT_DESC},
                    {EVENT_IDX, INDIRECT_DESC}),
    "queues2": ({"packed": "on"}, USUAL | {MQ, RING_PACKED}, set()),
    "queues4": ({}, USUAL | {MQ}, {RING_PACKED}),
}
QUEUES = {"queues2": 2, "queues4": 4}
NAMES = list(KINDS)
SIZE_MIB = 4


class Features(GuestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ports = {f"{vm}-{kind}": vhost_user(cls.directory / f"{vm}-{kind}.sock", mode="server",
                                            queues=QUEUES.get(kind, 1),
                                            coalesce="on" if vm == "vm2" else "off")
                 for vm in ("vm1", "vm2") for kind in NAMES}
        cls.daemon = Daemon(None, cls.directory, config_text(ports, cores=(0, 1)))
        cls.addClassCleanup(cls.daemon.close)
        cls.told.append(cls.daemon.report)
        cls.daemon.start()
        for number, name in enumerate(("vm1", "vm2")):
            nics = [Nic(ports[f"{name}-{kind}"]["path"], mac(0x20 * number + index), listen=False,
                        queues=QUEUES.get(kind, 1), properties=KINDS[kind][0])
                    for index, kind in enumerate(NAMES)]
            cls.machine(name, nics, f"10.77.0.{number + 1}").start()
        cls.vm1, cls.vm2 = cls.vms["vm1"], cls.vms["vm2"]
        cls.nets = 0
        for vm in cls.vms.values():
            vm.wait_boot()
            for index in range(len(NAMES)):
                vm.get(f"ip link set eth{index} up")
        cls.daemon.wait_up()

    def test_negotiated(self):
        for vm in self.vms.values():
            for index, kind in enumerate(NAMES):
                _, want, never = KINDS[kind]
                have = vm.features(index)
                with self.subTest(vm=vm.name, kind=kind):
                    self.assertEqual((want - have, have & never), (set(), set()),
                                     f"missing, too many; has {sorted(have)}")

    def network(self, first, second, vlan=""):
        """A network of their own for vm1's interface of one kind and vm2's of another; the
        addresses of both ends, as IPv4 and as IPv6."""
        Features.nets += 1
        ends = []
        for number, vm, kind in ((1, self.vm1, first), (2, self.vm2, second)):
            device = f"eth{NAMES.index(kind)}" + (vlan if number == 1 else "")
            v4, v6 = f"10.78.{self.nets}.{number}", f"fd00:{self.nets:x}::{number}"
            vm.get(f"ip addr add {v4}/24 dev {device} && ip addr add {v6}/64 dev {device}")
            ends.append((v4, v6))
        return ends

    def port(self, vm, kind):
        return self.daemon.port(f"{vm.name}-{kind}")

    def transfer(self, ends, family):
        """Both ways at once."""
        streams = [Stream(self.vm1, self.vm2, ends[1][family], SIZE_MIB),
                   Stream(self.vm2, self.vm1, ends[0][family], SIZE_MIB)]
        for stream in streams:
            stream.finish()

    def pair(self, first, second, vlan=""):
        """Transfers by IPv4 and IPv6; returns what software had to do for each end: of
        {vm1, vm2}, (segmented, checksums) by family."""
        ends = self.network(first, second, vlan)
        self.reach(self.vm1, ends[1][0])
        self.reach(self.vm1, ends[1][1])
        work = {"vm1": [], "vm2": []}
        for family in (0, 1):
            before = [self.port(self.vm1, first), self.port(self.vm2, second)]
            self.transfer(ends, family)
            after = [self.port(self.vm1, first), self.port(self.vm2, second)]
            for name, old, new in zip(work, before, after):
                work[name].append(tuple(new[key] - old[key] for key in (
                    "software_segmented", "software_checksums")))
                faults = {reason: count for reason, count in new["drops"].items()
                          if reason in ("bad-offload", "too-long", "mtu")}
                self.assertEqual(faults, {}, new["name"])
        return work

    def no_work(self, work):
        self.assertEqual(work, {"vm1": [(0, 0)] * 2, "vm2": [(0, 0)] * 2})

    def test_offloads_on_both_sides_pass_whole(self):
        before = self.port(self.vm2, "plain")
        self.no_work(self.pair("plain", "plain"))
        after = self.port(self.vm2, "plain")
        frames, size = (after[key] - before[key] for key in ("tx_frames", "tx_bytes"))
        # Far fewer and larger frames than fit the wire.
        self.assertGreater(size / frames, 1514 + 60, f"{size} bytes in {frames} frames")
        self.say(f"{size / frames:.0f} bytes a frame")

    def test_receiver_without_offloads(self):
        for first in ("plain", "packed", "sends", "no-indirect"):
            for second in ("bare", "packed-bare", "small-bare"):
                with self.subTest(sender=first, receiver=second):
                    work = self.pair(first, second)
                    for segmented, checksums in work["vm2"]:
                        self.assertGreater(segmented, 0)
                        self.assertGreater(checksums, 0)
                    self.assertEqual(work["vm1"], [(0, 0)] * 2)

    def test_one_way_offloads(self):
        """One end sends unfinished frames and takes none; the other the reverse."""
        work = self.pair("sends", "takes")
        self.no_work(work)
        before = self.port(self.vm2, "sends")["coalesced"]
        work = self.pair("takes", "sends")
        self.no_work(work)
        self.assertEqual(self.port(self.vm2, "sends")["coalesced"], before)
        # What vm1 has to send in segments comes to vm2 in frames of several.
        before = self.port(self.vm2, "takes")
        self.no_work(self.pair("takes", "takes"))
        after = self.port(self.vm2, "takes")
        coalesced, frames = (after[key] - before[key] for key in ("coalesced", "tx_frames"))
        self.assertGreater(coalesced, 0)
        self.say(f"{coalesced + frames} segments in {frames} frames")
        work = self.pair("sends", "sends")
        for side in work.values():
            for segmented, checksums in side:
                self.assertGreater(segmented, 0)
                self.assertGreater(checksums, 0)

    def test_rings_of_every_kind(self):
        for first, second in (("packed", "packed"), ("packed", "plain"), ("plain", "packed"),
                              ("small", "small"), ("packed-small", "small"),
                              ("packed-small", "packed-small"), ("no-event", "no-event"),
                              ("no-event", "packed"), ("no-indirect", "no-indirect"),
                              ("packed-poor", "packed-poor"), ("packed-poor", "plain"),
                              ("bare", "packed-bare"), ("queues2", "queues4"),
                              ("queues4", "plain")):
            with self.subTest(vm1=first, vm2=second):
                self.no_work(self.pair(first, second))

    def test_vlan(self):
        """vm1's port is a trunk and the guest tags by itself; vm2's is in the VLAN."""
        for first, second in (("plain", "plain"), ("packed", "bare"), ("sends", "small-bare")):
            with self.subTest(trunk=first, access=second):
                device = f"eth{NAMES.index(first)}"
                self.daemon.ctl("port", "set", f"vm1-{first}", f"vlans=0,{VLAN}")
                self.daemon.ctl("port", "set", f"vm2-{second}", f"vlan={VLAN}")
                self.vm1.get(f"ip link add link {device} name {device}.{VLAN} type vlan id {VLAN} "
                             f"&& ip link set {device}.{VLAN} up")
                work = self.pair(first, second, f".{VLAN}")
                for segmented, checksums in work["vm2"]:
                    self.assertEqual((segmented > 0, checksums > 0), ("bare" in second,) * 2)
                self.vm1.get(f"ip link del {device}.{VLAN}")
                self.daemon.ctl("port", "set", f"vm1-{first}", "vlans=")
                self.daemon.ctl("port", "set", f"vm2-{second}", "vlan=none")

    def test_queues_change_under_traffic(self):
        for kind, queues in QUEUES.items():
            with self.subTest(kind=kind):
                device = f"eth{NAMES.index(kind)}"
                for vm in self.vms.values():
                    vm.get(f"ethtool -L {device} combined {queues}")
                ends = self.network(kind, kind)
                self.reach(self.vm1, ends[1][0])
                # Eight connections each way, which the kernel's hash does not put on one queue.
                streams = [Stream(self.vm1, self.vm2, ends[1][0], count=8, kib_per_s=1024),
                           Stream(self.vm2, self.vm1, ends[0][0], count=8, kib_per_s=1024)]
                for number in (1, queues, queues - 1 or 1, 1, queues):
                    for vm in self.vms.values():
                        vm.get(f"ethtool -L {device} combined {number}")
                        self.assertIn(f"Combined:\t{number}",
                                      vm.get(f"ethtool -l {device} | tail -n 2"))
                    for stream in streams:
                        stream.more()
                for stream in streams:
                    stream.finish()
                for vm in self.vms.values():
                    shown = vm.get(f"ethtool -S {device}")
                    self.say(f"{vm.name} {kind}: " + " ".join(
                        line.strip() for line in shown.splitlines() if "_packets" in line))
                    used = [queue for queue in range(queues)
                            if f" tx_queue_{queue}_packets: 0\n" not in shown + "\n"]
                    self.assertGreater(len(used), 1)
