# SPDX-License-Identifier: BSD-3-Clause
"""Limits of ports: policers in both directions, and storm control."""

import time

from frames import BROADCAST, frame, mac
from guest import SwitchCase
from harness import Case
from process import perf_script

A, B, C = mac(0xA), mac(0xB), mac(0xC)
MULTICAST = "01:00:5e:00:00:01"
LONG = 9000  # bytes of a frame that comes every 72 s at the slowest rate, so that only bursts pass
SLOWEST = 1000  # bit/s
LONG_US = 1000000


class Police(SwitchCase):
    def long(self, limits):
        """Ports with those limits, for long frames; B is behind vm2."""
        names = ("vm1", "vm2", "vm3")
        self.start({name: {"mtu": LONG, **limits.get(name, {})} for name in names})
        guests = self.guests(*names)
        self.learn(guests[1], B)
        self.receive(*guests)
        return guests

    def send(self, sender, count, data):
        """Returns when the switch is done with so many frames."""
        self.assertEqual(sender.blast(count, data), count)
        self.barrier(sender)

    def receive(self, *guests):
        """How many frames each of them has."""
        return [sum(1 for _ in iter(lambda guest=guest: guest.rx(0), None)) for guest in guests]

    def limit(self, name):
        found, = self.daemon.port(name)["limits"]
        return found

    def test_bits_in(self):
        vm1, vm2, _ = self.long({"vm1": {"police_in_bit_s": SLOWEST,
                                         "police_in_burst_bytes": 3 * LONG}})
        self.send(vm1, 10, frame(B, A, size=LONG))
        self.assertEqual(self.receive(vm2), [3])
        self.assertEqual(self.drops("vm1"), {"policed-in": 7})
        self.assertEqual(self.limit("vm1"), {"reason": "policed-in", "bit_s": SLOWEST,
                                             "burst_bytes": 3 * LONG, "dropped": 7})
        # What is refused teaches nothing.
        self.send(vm1, 1, frame(B, C, size=LONG))
        self.assertIn((A, 0), self.daemon.fdb())
        self.assertNotIn((C, 0), self.daemon.fdb())
        # Nor is anything in the other direction limited.
        self.send(vm2, 10, frame(A, B, size=LONG))
        self.assertEqual(self.receive(vm1), [10])
        self.assertEqual(self.drops("vm2"), {})

    def test_bits_out(self):
        vm1, vm2, vm3 = self.long({"vm2": {"police_out_bit_s": SLOWEST,
                                           "police_out_burst_bytes": 3 * LONG}})
        # Of a frame to two ports each one has its own limits.
        self.send(vm1, 10, frame(BROADCAST, A, size=LONG))
        self.assertEqual(self.receive(vm2, vm3), [3, 10])
        self.send(vm1, 5, frame(B, A, size=LONG))
        self.assertEqual(self.receive(vm2, vm3), [0, 0])
        self.assertEqual(self.drops("vm2"), {"policed-out": 12})
        self.assertEqual([self.drops("vm1"), self.drops("vm3")], [{}, {}])
        self.assertEqual(self.limit("vm2")["dropped"], 12)

    def test_behind_a_patch_port(self):
        limits = {"vm2": {"bridge": "br1", "police_out_bit_s": SLOWEST,
                          "police_out_burst_bytes": 3 * LONG}, "vm1": {}}
        patch = {"p0": {"type": "patch", "bridge": "br0", "peer": "p1"},
                 "p1": {"type": "patch", "bridge": "br1", "peer": "p0"}}
        self.start({**{name: {"mtu": LONG, **keys} for name, keys in limits.items()}, **patch},
                   bridges={"br0": {}, "br1": {}})
        vm1, vm2 = self.guests("vm1", "vm2")
        self.send(vm1, 10, frame(B, A, size=LONG))
        self.assertEqual(self.receive(vm2), [3])
        self.assertEqual(self.drops("vm2"), {"policed-out": 7})
        self.assertIn("ports.p0.police_in_pps: must be none: limit the ports behind",
                      self.daemon.refused("port", "set", "p0", "police_in_pps=1"))

    def test_a_frame_longer_than_the_burst(self):
        vm1, vm2, _ = self.long({"vm1": {"police_in_bit_s": SLOWEST,
                                         "police_in_burst_bytes": 64}})
        self.send(vm1, 3, frame(B, A, size=LONG))
        self.send(vm1, 1, frame(B, A))
        self.assertEqual(self.receive(vm2), [1])
        self.assertEqual(self.drops("vm1"), {"policed-in": 3})

    def burst(self, sender, receivers, count, data, burst):
        """Sends more than a burst at one frame a second; returns what each receiver got."""
        start = time.monotonic()
        self.send(sender, count, data)
        most = burst + 1 + int(time.monotonic() - start)
        got = self.receive(*receivers)
        for one in got:
            self.assertGreaterEqual(one, burst)
            self.assertLessEqual(one, most)
        return got

    def test_frames(self):
        self.start({"vm1": {"police_in_pps": 1, "police_in_burst_frames": 5},
                    "vm2": {"police_out_pps": 1, "police_out_burst_frames": 3}, "vm3": {}})
        vm1, vm2, vm3 = self.guests("vm1", "vm2", "vm3")
        got, = self.burst(vm1, [vm3], 50, frame(BROADCAST, A), 5)
        self.assertEqual(self.drops("vm1"), {"policed-in": 50 - got})
        passed, = self.receive(vm2)
        self.assertGreaterEqual(passed, 3)
        self.assertEqual(self.drops("vm2"), {"policed-out": got - passed} if got > passed else {})
        self.assertEqual(self.limit("vm1"), {"reason": "policed-in", "pps": 1, "burst_frames": 5,
                                             "dropped": 50 - got})

    def test_storms(self):
        kinds = {"broadcast": BROADCAST, "multicast": MULTICAST, "unknown": C}
        self.start({**{kind: {f"storm_{kind}_pps": 1} for kind in kinds}, "vm2": {}})
        *senders, vm2 = self.guests(*kinds, "vm2")
        self.learn(vm2, B)
        for sender in senders:
            for kind, destination in {**kinds, "known": B}.items():
                with self.subTest(sender=sender.name, sent=kind):
                    before = self.drops(sender.name)
                    self.receive(vm2, *senders)
                    if kind == sender.name:
                        got, = self.burst(sender, [vm2], 100, frame(destination, A), 64)
                        self.assertEqual(self.drops(sender.name), {f"storm-{kind}": 100 - got})
                    else:
                        self.send(sender, 100, frame(destination, A))
                        self.assertEqual(self.receive(vm2), [100])
                        self.assertEqual(self.drops(sender.name), before)

    def test_frames_that_wait_are_charged_once(self):
        size, count = 1500, 300
        burst = size * count
        self.start({"vm1": {"police_in_bit_s": SLOWEST, "police_in_burst_bytes": burst},
                    "vm2": {"police_out_bit_s": SLOWEST, "police_out_burst_bytes": burst,
                            "full": "wait", "wait_us": LONG_US}})
        vm1, = self.guests("vm1")
        vm2, = self.guests("vm2", size=16)
        self.learn(vm2, B)
        start = time.monotonic()
        data = frame(B, A, size=size)
        vm1.dialogue.send(f"blast {count} {data.hex()}")
        got = 0
        while got < count and vm2.rx() == data:
            got += 1
        self.assertEqual(got, count)
        self.assertEqual(vm1.dialogue.line(), f"sent {count}")
        self.assertGreater(self.daemon.port("vm1")["waits"], 0)
        self.assertEqual([self.drops("vm1"), self.daemon.drops("vm2")], [{}, {}])
        # And now there is nothing left but for what has come since.
        self.send(vm1, 10, data)
        most = int((time.monotonic() - start) * SLOWEST / 8 / size) + 1
        self.assertLessEqual(self.receive(vm2)[0], most)

    def test_limits_change_while_frames_pass(self):
        vm1, vm2, _ = self.long({"vm1": {"police_in_bit_s": SLOWEST,
                                         "police_in_burst_bytes": 2 * LONG}})
        data = frame(B, A, size=LONG)
        self.send(vm1, 5, data)
        self.assertEqual(self.receive(vm2), [2])
        # A larger burst gives nothing back that was used,
        self.daemon.ctl("port", "set", "vm1", f"police_in_burst_bytes={100 * LONG}")
        self.send(vm1, 5, data)
        self.assertEqual(self.receive(vm2), [0])
        # and another rate holds from now on.
        self.daemon.ctl("port", "set", "vm1", "police_in_bit_s=100G")
        self.send(vm1, 5, data)
        self.assertEqual(self.receive(vm2), [5])
        self.daemon.ctl("port", "set", "vm1", "police_in_bit_s=none")
        self.send(vm1, 20, data)
        self.assertEqual(self.receive(vm2), [20])
        self.assertEqual(self.daemon.port("vm1")["limits"], [])
        self.assertEqual(self.drops("vm1"), {"policed-in": 8})
        # The guest has stayed all the time.
        self.assertTrue(self.daemon.up("vm1"))


class Limits(Case):
    """The short form of test/perf/limits, whose figures are nothing to pass by here."""

    polls = True

    def test_quick(self):
        done = perf_script("limits", "--bits", "1M", "--frames", "", "--time", 0.2, "--warmup", 0.2)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for words in ("police_in_bit_s      1M", "police_out_bit_s      1M", "worst: "):
            self.assertIn(words, done.stdout)

    def test_refused(self):
        done = perf_script("limits", "--bits", "1m")
        self.assertEqual(done.returncode, 2)
        self.assertIn("rates, separated by commas, such as 64k,100M", done.stderr)
