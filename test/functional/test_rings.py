# SPDX-License-Identifier: BSD-3-Clause
"""What guests may do with their rings, and what they may not."""

import itertools
import time

from frames import BROADCAST, frame, mac
from guest import SwitchCase
from process import wait_for

A, B = mac(0xA), mac(0xB)
SIZES = (14, 15, 59, 60, 64, 65, 127, 128, 129, 191, 192, 193, 1000, 1513, 1514, 2048, 4096, 9014)


class Intact(SwitchCase):
    def pair(self, **options):
        self.start({"vm1": {"mtu": 9000}, "vm2": {"mtu": 9000}})
        return self.guests("vm1", "vm2", **options)

    def sizes(self, vm1, vm2, longest=9014):
        for size in SIZES:
            if size <= longest:
                self.expect(vm1, frame(BROADCAST, A, size=size), [vm2])

    def test_every_set_of_features(self):
        for event_idx, mrg, indirect in itertools.product(("on", "off"), repeat=3):
            options = {"event_idx": event_idx, "mrg": mrg, "indirect": indirect}
            with self.subTest(options):
                vm1, vm2 = self.pair(**options)
                # Without mergeable buffers the guest's have the size that it chose.
                self.sizes(vm1, vm2, 9014 if mrg == "on" else 1514)
                self.sizes(vm2, vm1, 9014 if mrg == "on" else 1514)
                for guest in (vm1, vm2):
                    guest.kill()
                self.daemon.stop()

    def test_ring_sizes(self):
        for size in (16, 64, 1024):
            with self.subTest(size=size):
                vm1, vm2 = self.pair(size=size)
                self.sizes(vm1, vm2)
                # Round the ring more than once.
                for i in range(3 * size // 8):
                    data = frame(BROADCAST, A, payload=b"%d" % i)
                    vm1.blast(8, data)
                    self.assertEqual(self.settle(vm1, vm2), [[data] * 8])
                for guest in (vm1, vm2):
                    guest.kill()
                self.daemon.stop()

    def test_chains(self):
        vm1, vm2 = self.pair()
        # Each list: bytes in each buffer, the first being the virtio-net header's.
        for chain in ((12, 60), (12, 14, 46), (12, 6, 6, 2, 46), (12, 1, 1, 1, 57), (12, 128, 1000),
                      (12, 127, 1, 1000), (12, 64, 64, 64, 64, 64), (12, 1514), (12, 14, 1500),
                      (12, 4096, 4096, 822), (26, 46), (72,), (140, 1000), (141, 999), (1526,),
                      (5, 7, 60), (12,) + (64,) * 20):
            with self.subTest(chain=chain):
                data = frame(BROADCAST, A, size=sum(chain) - 12)
                vm1.do(f"chain {','.join(map(str, chain))} {data.hex()}")
                self.assertEqual(self.settle(vm1, vm2), [[data]])

    def test_indirect(self):
        vm1, vm2 = self.pair()
        for size in SIZES:
            data = frame(BROADCAST, A, size=size)
            vm1.do(f"indirect {data.hex()}")
            self.assertEqual(self.settle(vm1, vm2), [[data]], f"{size} bytes")

    def test_runt(self):
        vm1, vm2 = self.pair()
        answer = vm1.ask(f"tx {frame(BROADCAST, A, size=13).hex()}")
        self.assertEqual(self.settle(vm1, vm2), [[]], answer)
        self.assertTrue(self.daemon.up("vm1", "vm2"))
        self.assertEqual(self.daemon.drops("vm1"), {"runt": 1})

    def test_what_is_negotiated(self):
        vm1, _ = self.pair()
        shown = self.daemon.port("vm1")["driver"]["features"]
        for name in ("version_1", "mrg_rxbuf", "indirect_desc", "event_idx"):
            self.assertIn(name, shown)
        self.assertTrue(vm1.do("features"))

    def test_receiver_without_buffers(self):
        self.start(["vm1", "vm2"])
        vm1, = self.guests("vm1")
        vm2, = self.guests("vm2", size=16)
        sent = 200
        data = frame(BROADCAST, A)
        # Nobody takes anything at vm2 meanwhile: what does not fit is dropped and counted.
        for _ in range(sent // 50):
            self.assertEqual(vm1.blast(50, data), 50)
            self.barrier(vm1)
        port = self.daemon.port("vm2")
        self.assertGreater(port["drops"].get("ring-full", 0), 0)
        self.assertEqual(port["tx_frames"] + port["drops"]["ring-full"], sent)
        got = 0
        while vm2.rx(0) is not None:
            got += 1
        self.assertGreaterEqual(got, 1)
        # And then it goes on.
        vm2.drain()
        self.expect(vm1, frame(BROADCAST, B), [vm2])


class Sleep(SwitchCase):
    def worker(self):
        return self.daemon.ctl("worker", "show")["workers"][0]

    def asleep(self):
        wait_for(lambda: self.worker()["sleeping"], "the worker to sleep")

    def test_an_idle_switch_sleeps_and_a_frame_wakes_it(self):
        for event_idx in ("on", "off"):
            with self.subTest(event_idx=event_idx):
                self.start(["vm1", "vm2"])
                vm1, vm2 = self.guests("vm1", "vm2", event_idx=event_idx)
                for _ in range(20):
                    self.asleep()
                    self.expect(vm1, frame(BROADCAST, A), [vm2])
                    self.asleep()
                    self.expect(vm2, frame(BROADCAST, B), [vm1])
                for guest in (vm1, vm2):
                    guest.kill()
                self.daemon.stop()

    def test_an_idle_switch_uses_no_processor_time(self):
        self.start(["vm1", "vm2"])
        self.guests("vm1", "vm2")
        self.asleep()
        worker = self.worker()
        used = self.daemon.cpu_s()
        time.sleep(2)
        # A worker that polls would have used two seconds.
        self.assertLess(self.daemon.cpu_s() - used, 1)
        self.assertLess(self.worker()["sleeps"] - worker["sleeps"], 2000)

    def test_what_a_worker_does_when_idle_is_its_own(self):
        """One polls although the others sleep, and for how long each polls first can be set."""
        core = self.start(["vm1", "vm2"]) and self.worker()["core"]
        self.guests("vm1", "vm2")
        self.asleep()
        new = self.directory / "idle.yaml"
        for keys, sleeps in ((f"poll_cores: [{core}]", False), ("spin_us: 4000", True),
                             (f"poll_cores: [{core}], spin_us: [10]", False), ("spin_us: 0", True)):
            new.write_text(self.daemon.config.read_text().replace("idle: sleep", keys))
            self.daemon.ctl("config", "apply", new)
            if sleeps:
                self.asleep()
                continue
            # It was asleep, and may not have come to a core yet.
            asleep = self.worker()
            wait_for(lambda: self.worker()["rounds"] > asleep["rounds"], "it to wake up")
            before = self.worker()
            wait_for(lambda: self.worker()["rounds"] > before["rounds"] + 10000, "rounds")
            self.assertEqual(self.worker()["sleeps"], before["sleeps"])
            self.assertEqual(self.worker()["sleep_cycles"], before["sleep_cycles"])
        for keys, reason in ((f"poll_cores: [{core + 1}]", "has no worker"),
                             ("spin_us: [1, 2, 3]", "3 numbers for 1 cores")):
            new.write_text(self.daemon.config.read_text().replace("idle: sleep", keys))
            self.assertIn(reason, self.daemon.refused("config", "apply", new))

    def test_a_guest_that_cannot_wake_the_worker_lets_it_sleep(self):
        """It has no kick descriptors, or others wait for them so much that we cannot: it is looked
        at now and then, and the others wake the worker as always."""
        for kick, why in (("none", "no kick descriptor"), ("crowd", "too many others waiting")):
            with self.subTest(kick):
                self.start(["vm1", "vm2"])
                vm1, = self.guests("vm1", kick=kick)
                vm2, = self.guests("vm2")
                for _ in range(10):
                    self.asleep()
                    self.expect(vm1, frame(BROADCAST, A), [vm2])
                    self.asleep()
                    self.expect(vm2, frame(BROADCAST, B), [vm1])
                self.assertIn(why, self.daemon.port("vm1")["driver"]["wakes"])
                self.assertNotIn("wakes", self.daemon.port("vm2")["driver"])
                for guest in (vm1, vm2):
                    guest.kill()
                self.daemon.stop()

    def test_polling_is_a_choice(self):
        self.start(["vm1", "vm2"], idle="poll")
        vm1, vm2 = self.guests("vm1", "vm2")
        # Before there is anything to poll it may have slept, and not have come to a core yet.
        wait_for(lambda: not self.worker()["sleeping"], "it to wake up")
        sleeps = self.worker()["sleeps"]
        for _ in range(5):
            self.assertFalse(self.worker()["sleeping"])
            self.expect(vm1, frame(BROADCAST, A), [vm2])
        self.assertEqual(self.worker()["sleeps"], sleeps)

    def test_interrupts(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        before = vm2.number("interrupts")
        for _ in range(10):
            self.expect(vm1, frame(BROADCAST, A), [vm2])
        # A guest that waits for frames asks to be told; each frame is a turn of its own here. What
        # the guest has counted, the switch has sent before.
        wait_for(lambda: vm2.number("interrupts") > before, "an interrupt")
        interrupts = vm2.number("interrupts") - before
        wait_for(lambda: self.daemon.port("vm2")["notify_sent"] >= interrupts, "all to be counted")

    def test_many_frames_while_asleep_and_awake(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        for i in range(50):
            data = frame(BROADCAST, A, payload=b"%d" % i)
            self.assertEqual(vm1.blast(i % 7 + 1, data), i % 7 + 1)
            self.assertEqual(self.settle(vm1, vm2), [[data] * (i % 7 + 1)])
            if i % 10 == 0:
                self.asleep()


class Corrupt(SwitchCase):
    """A guest that breaks its rings stops its own port, and nothing else."""

    def kinds(self, guest):
        """The kinds of damage that vhost_guest knows, from its own words."""
        answer = guest.ask("corrupt help")
        return answer.split(":", 1)[-1].replace(",", " ").split()

    def test_only_that_port_stops(self):
        self.start(["vm1", "vm2", "bad"])
        vm1, vm2, bad = self.guests("vm1", "vm2", "bad")
        kinds = self.kinds(bad)
        self.assertGreater(len(kinds), 5, kinds)
        self.learn(vm1, A)
        self.learn(vm2, B)
        for number, kind in enumerate(kinds, 1):
            with self.subTest(kind):
                log = len(self.daemon.logged())
                bad.do(f"corrupt {kind}")
                # Its receive ring is not looked at before there is something for it.
                vm1.tx(frame(BROADCAST, A))
                port = wait_for(
                    lambda: (p := self.daemon.port("bad"))["driver"].get("fault") and p,
                    "the fault to be seen")
                self.assertEqual(port["state"], "down")
                # The others go on.
                for guest in (vm1, vm2):
                    guest.drain()
                for _ in range(20):
                    self.expect(vm1, frame(B, A, size=1514), [vm2])
                    self.expect(vm2, frame(A, B, size=1514), [vm1])
                self.assertTrue(self.daemon.up("vm1", "vm2"))
                # Once in the log, which takes 20 such lines of a port before it leaves some out.
                lines = [line for line in self.daemon.logged()[log:].splitlines()
                         if "bad" in line and ("broke" in line or "fault" in line)]
                self.assertIn(len(lines), (1,) if number <= 20 else (0, 1), lines)
                # It is healed by a guest that starts anew.
                bad.kill()
                wait_for(lambda: "connected for" not in
                         self.daemon.port("bad")["driver"]["connection"], "the guest to be gone")
                bad = self.guest("bad")
                self.assertEqual(self.daemon.port("bad")["driver"]["faults"], str(number))
                self.expect(bad, frame(BROADCAST, mac(0xBAD)), [vm1, vm2])

    def test_while_it_receives(self):
        """The receiver's ring breaks under traffic to it."""
        self.start(["vm1", "vm2", "bad"])
        vm1, vm2, bad = self.guests("vm1", "vm2", "bad")
        kinds = [kind for kind in self.kinds(bad) if "rx" in kind]
        self.assertTrue(kinds)
        for kind in kinds:
            with self.subTest(kind):
                bad.do(f"corrupt {kind}")
                for _ in range(10):
                    vm1.blast(20, frame(BROADCAST, A))
                    self.assertEqual(len(self.settle(vm1, vm2)[0]), 20)
                wait_for(lambda: self.daemon.port("bad")["driver"].get("fault"), "the fault")
                bad.kill()
                bad = self.guest("bad")
