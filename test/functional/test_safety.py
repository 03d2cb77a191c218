# SPDX-License-Identifier: BSD-3-Clause
"""What keeps guests from taking others' addresses and from slowing others down."""

import fcntl
import pathlib
import tempfile

from frames import BROADCAST, frame, mac
from guest import SwitchCase
from process import program, wait_for

A, B, C, D = mac(0xA), mac(0xB), mac(0xC), mac(0xD)
LONG_US = 1000000
F_GET_SEALS = 1034  # fcntl.h


class Addresses(SwitchCase):
    def bridge(self):
        return self.daemon.ctl("bridge", "show")["bridges"][0]

    def test_listed_sources_only(self):
        self.start({"vm1": {"macs": [A, B]}, "vm2": {}})
        vm1, vm2 = self.guests("vm1", "vm2")
        for number, source in enumerate((A, C, B, C, A), 1):
            vm1.tx(frame(BROADCAST, source, payload=b"%d" % number))
        for vlan in (None, 10):
            vm1.tx(frame(BROADCAST, C, vlan=vlan))
        last = frame(BROADCAST, A, payload=b"last")
        vm1.tx(last)
        self.assertEqual(vm2.rx_until(last),
                         [frame(BROADCAST, source, payload=payload)
                          for source, payload in ((A, b"1"), (B, b"3"), (A, b"5"))])
        self.assertEqual(self.daemon.drops("vm1"), {"mac-not-allowed": 4})
        self.assertEqual({address for address, _ in self.daemon.fdb()}, {A, B})
        self.assertEqual(self.daemon.port("vm1")["rx_frames"], 8)

    def test_the_list_changes_under_traffic(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        self.expect(vm1, frame(BROADCAST, C), [vm2])
        self.assertIn((C, 0), self.daemon.fdb())
        self.daemon.ctl("port", "set", "vm1", f"macs={A}")
        # The guest is the same, and what it may not have any more is forgotten.
        self.assertTrue(self.daemon.up("vm1", "vm2"))
        self.assertNotIn((C, 0), self.daemon.fdb())
        vm1.tx(frame(BROADCAST, C))
        last = frame(BROADCAST, A)
        vm1.tx(last)
        self.assertEqual(vm2.rx_until(last), [])
        self.assertEqual(self.daemon.drops("vm1"), {"mac-not-allowed": 1})
        self.daemon.ctl("port", "set", "vm1", "macs=")
        vm1.tx(frame(BROADCAST, C))
        self.assertEqual(vm2.rx(), frame(BROADCAST, C))

    def test_learning_limit(self):
        self.start({"vm1": {"mac_limit": 4}, "vm2": {}})
        vm1, vm2 = self.guests("vm1", "vm2")

        def send(count):
            for number in range(count):
                vm1.tx(frame(BROADCAST, mac(0x100 + number)))
            return len(self.settle(vm1, vm2)[0])

        # Beyond the limit frames pass like any others.
        self.assertEqual(send(10), 10)
        self.assertEqual(self.daemon.port("vm1")["learned"], 4)
        self.assertGreaterEqual(self.bridge()["not_learned"], 6)
        self.daemon.ctl("port", "set", "vm1", "mac_limit=8")
        self.assertTrue(self.daemon.up("vm1", "vm2"))
        self.assertEqual(send(10), 10)
        self.assertEqual(self.daemon.port("vm1")["learned"], 8)
        # The other port has no limit.
        for number in range(20):
            vm2.tx(frame(BROADCAST, mac(0x200 + number)))
        self.settle(vm2, vm1)
        self.assertGreaterEqual(self.daemon.port("vm2")["learned"], 20)

    def test_who_invents_addresses_gives_way(self):
        self.start(["bad", "vm1", "vm2", "vm3"], bridges={"br0": {"mac_limit": 64}})
        bad, vm1, vm2, vm3 = self.guests("bad", "vm1", "vm2", "vm3")
        self.learn(vm1, A)
        for number in range(200):
            bad.tx(frame(mac(0xEEEEEE), mac(0x1000 + number)))
        self.barrier(bad)
        self.assertEqual(self.bridge()["macs"], 64)
        # An address that was known is known, a new one is learned, and nobody else sees its frames.
        self.learn(vm2, B)
        for guest in (bad, vm1, vm2, vm3):
            guest.drain()
        self.expect(vm3, frame(A, C), [vm1], [vm2, bad])
        self.expect(vm3, frame(B, C), [vm2], [vm1, bad])

    def test_a_guest_that_migrates_is_followed(self):
        self.start(["vm1", "vm2", "vm3"])
        vm1, vm2, vm3 = self.guests("vm1", "vm2", "vm3")
        vm1.tx(frame(BROADCAST, A))
        self.settle(vm1, vm2, vm3)
        self.expect(vm3, frame(A, C), [vm1], [vm2])
        vm2.tx(frame(BROADCAST, A))
        self.settle(vm2, vm1, vm3)
        self.expect(vm3, frame(A, C), [vm2], [vm1])
        self.assertEqual(self.bridge()["damped"], 0)

    def test_a_stolen_address_comes_back(self):
        self.start(["vm1", "thief", "vm3"])
        vm1, thief, vm3 = self.guests("vm1", "thief", "vm3")
        self.learn(vm1, A)
        # As long as the thief sends no more than the owner, each frame takes the address over.
        for _ in range(4):
            for guest in (thief, vm1):
                guest.tx(frame(BROADCAST, A))
                self.settle(guest, vm3)
        # Now it is held.
        self.assertEqual(thief.blast(1000, frame(BROADCAST, A)), 1000)
        self.barrier(thief)
        self.assertEqual(self.daemon.fdb()[A, 0], "vm1")
        self.assertGreater(self.bridge()["damped"], 0)
        vm3.drain()
        vm1.drain()
        thief.drain()
        self.expect(vm3, frame(A, C), [vm1], [thief])

    def test_a_port_that_goes_down_holds_nothing(self):
        self.start(["vm1", "vm2", "vm3"])
        vm1, vm2, vm3 = self.guests("vm1", "vm2", "vm3")

        def say(guest):
            guest.tx(frame(BROADCAST, A))
            self.settle(guest, vm3)
            return self.daemon.fdb()[A, 0]

        say(vm1)
        for _ in range(2):
            say(vm2)
            say(vm1)
        self.assertEqual(say(vm2), "vm1")
        vm1.kill()
        wait_for(lambda: not self.daemon.up("vm1"), "the port to be down")
        # What was learned stays, but the next frame is believed.
        self.assertEqual(self.daemon.fdb()[A, 0], "vm1")
        self.assertEqual(say(vm2), "vm2")


class Memory(SwitchCase):
    def test_a_file_on_disk_is_for_trusted_front_ends(self):
        # The build is on a disk, temporary files need not be.
        with tempfile.NamedTemporaryFile(dir=pathlib.Path(program("crossdockd")).parent) as file:
            try:
                fcntl.fcntl(file, F_GET_SEALS)
                self.skipTest(f"{file.name} is shared memory")
            except OSError:
                pass
            self.start(["vm1", "vm2"])
            vm2, = self.guests("vm2")
            self.open_guest("vm1", file=file.name)
            wait_for(lambda: "set memory=any" in self.daemon.log_text(), "the file to be refused")
            self.assertIn(f"{file.name}, not shared memory", self.daemon.logged())
            self.assertFalse(self.daemon.up("vm1"))
            self.daemon.ctl("port", "set", "vm1", "memory=any")
            vm1, = self.guests("vm1", file=file.name)
            self.assertTrue(self.daemon.up("vm2"))
            self.expect(vm1, frame(BROADCAST, A), [vm2])


class FullRing(SwitchCase):
    """vm2 does not read, or slowly; its ring has 16 buffers."""

    def four(self, **vm2):
        self.start({"vm1": {}, "vm2": vm2, "vm3": {}, "vm4": {}})
        vm1, vm3, vm4 = self.guests("vm1", "vm3", "vm4")
        vm2, = self.guests("vm2", size=16)
        for guest, address in ((vm1, A), (vm2, B), (vm3, C), (vm4, D)):
            self.learn(guest, address)
        # Each has seen the frames by which the others were learned.
        for guest in (vm1, vm2, vm3, vm4):
            for _ in range(3):
                self.assertIsNotNone(guest.rx())
        self.before = self.daemon.port("vm2")["tx_frames"]
        return vm1, vm2, vm3, vm4

    def sent_to_vm2(self):
        return self.daemon.port("vm2")["tx_frames"] - self.before

    def slow(self, sender, receiver, data, count):
        """Sends without waiting for the switch; receives one by one what comes."""
        sender.dialogue.send(f"blast {count} {data.hex()}")
        got = 0
        while sender.dialogue.lines.empty():
            got += receiver.rx(1) is not None
        self.assertEqual(sender.dialogue.line(), f"sent {count}")
        # What the switch is done with has been received.
        while receiver.rx(0) is not None:
            got += 1
        return got

    def test_wait_passes_everything_to_a_slow_reader(self):
        vm1, vm2, _, _ = self.four(full="wait", wait_us=LONG_US)
        self.assertEqual(self.slow(vm1, vm2, frame(B, A), 300), 300)
        self.assertEqual(self.daemon.drops("vm2"), {})
        self.assertGreater(self.daemon.port("vm1")["waits"], 0)
        self.assertEqual(self.sent_to_vm2(), 300)

    def test_frames_longer_than_a_buffer_wait_too(self):
        self.start({"vm1": {"mtu": 9000}, "vm2": {"mtu": 9000, "full": "wait", "wait_us": LONG_US}})
        vm1, = self.guests("vm1")
        vm2, = self.guests("vm2", size=16)
        self.learn(vm2, B)
        self.assertEqual(self.slow(vm1, vm2, frame(B, A, size=9000), 100), 100)
        self.assertEqual(self.daemon.drops("vm2"), {})

    def test_drop_does_not(self):
        vm1, vm2, _, _ = self.four()
        got = self.slow(vm1, vm2, frame(B, A), 300)
        self.assertLess(got, 300)
        self.assertEqual(self.daemon.drops("vm2"), {"ring-full": 300 - got})
        self.assertEqual(self.daemon.port("vm1")["waits"], 0)

    def test_wait_is_bounded(self):
        vm1, vm2, _, _ = self.four(full="wait", wait_us=1000)
        # Nobody reads: all that does not fit has waited, then it goes.
        self.assertEqual(vm1.blast(100, frame(B, A)), 100)
        self.barrier(vm1)
        self.assertLessEqual(self.sent_to_vm2(), 16)
        self.assertEqual(self.daemon.drops("vm2"), {"waited": 100 - self.sent_to_vm2()})
        # And then it goes on.
        vm2.drain()
        self.expect(vm1, frame(B, A), [vm2])

    def test_others_go_on_while_one_waits(self):
        vm1, vm2, vm3, vm4 = self.four(full="wait", wait_us=LONG_US)
        vm1.dialogue.send(f"blast 60 {frame(B, A).hex()}")
        wait_for(lambda: self.daemon.port("vm1")["waits"] > 0, "frames to wait")
        for number in range(20):
            data = frame(D, C, payload=b"%d" % number)
            vm3.tx(data)
            self.assertEqual(vm4.rx(), data)
        while vm1.dialogue.lines.empty():
            vm2.rx(1)
        self.assertEqual(vm1.dialogue.line(), "sent 60")

    def test_the_receiver_goes_away(self):
        vm1, vm2, vm3, vm4 = self.four(full="wait", wait_us=LONG_US)
        vm1.dialogue.send(f"blast 60 {frame(B, A).hex()}")
        wait_for(lambda: self.daemon.port("vm1")["waits"] > 0, "frames to wait")
        vm2.kill()
        # Nobody waits for a guest that is not there.
        self.assertEqual(vm1.dialogue.line(), "sent 60")
        self.expect(vm1, frame(BROADCAST, A), [vm3, vm4])

    def test_the_sender_goes_away(self):
        vm1, vm2, vm3, vm4 = self.four(full="wait", wait_us=LONG_US)
        vm1.dialogue.send(f"blast 60 {frame(B, A).hex()}")
        wait_for(lambda: self.daemon.port("vm1")["waits"] > 0, "frames to wait")
        vm1.kill()
        self.expect(vm3, frame(D, C), [vm4])
        # With nothing to wait for, the worker sleeps.
        wait_for(lambda: self.daemon.ctl("worker", "show")["workers"][0]["sleeping"],
                 "the worker to sleep")

    def test_the_setting_changes_under_traffic(self):
        vm1, vm2, _, _ = self.four()
        self.daemon.ctl("port", "set", "vm2", "full=wait", f"wait_us={LONG_US}")
        self.assertTrue(self.daemon.up())
        self.assertEqual(self.slow(vm1, vm2, frame(B, A), 100), 100)
        self.assertEqual(self.daemon.drops("vm2"), {})
