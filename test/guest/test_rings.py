# SPDX-License-Identifier: BSD-3-Clause
"""Whose rings: what a Linux guest's and DPDK's rings are like, read out of their memory, beside
those that the generator says are like them. The table of doc/generator.rst is what these cases
print."""

import os
import shutil
import struct
import subprocess

from guests import GuestCase, mac
from machine import Nic
from process import program
from ring_watch import PACKED, TSO, INDIRECT_DESC, MRG_RXBUF, Traits, Watch

GUEST, PEER = "10.77.0.1", "10.77.0.2"
GUEST_MAC, PEER_MAC = mac(1), mac(2)
FRAMES = 600
FRAGMENTS = {1536, 2048}  # and what is left of a page of 32 KiB


def ether(source, destination, payload=bytes(46)):
    return b"".join(bytes.fromhex(address.replace(":", ""))
                    for address in (destination, source)) + b"\x88\xb5" + payload


def answer(frame):
    """What a peer says to a request for its MAC address, or to a ping; else None."""
    ethernet = frame[6:12] + bytes.fromhex(PEER_MAC.replace(":", "")) + frame[12:14]
    address = bytes(map(int, PEER.split(".")))
    if frame[12:14] == b"\x08\x06" and frame[38:42] == address:
        return ethernet + frame[14:20] + b"\0\2" + ethernet[6:12] + address + frame[22:32]
    if frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[30:34] == address:
        checksum = struct.unpack_from(">H", frame, 36)[0] + 0x800  # a reply is a type of 8 less
        return (ethernet + frame[14:26] + address + frame[26:30] + b"\0\0"
                + struct.pack(">H", (checksum & 0xffff) + (checksum >> 16)) + frame[38:])
    return None


class Rings(GuestCase):
    def watch(self, name, **options):
        watch = Watch(self.directory / name, **options)
        self.addCleanup(watch.close)
        return watch

    def run_program(self, command):
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def generator(self, name, guest, features=MRG_RXBUF | INDIRECT_DESC, size=64,
                  pattern="reflect"):
        """The traits of the generator's rings, which are sent back what they send."""
        watch = self.watch(name, features=features, echo=True)
        self.run_program([program("crossdock-pktgen"), "rate", "--pattern", pattern, "--port",
                          f"virtio:{watch.listener.getsockname()}{guest}", "--rate", "2kpps",
                          "--time", 30, "--warmup", 0, "--size", size])
        watch.until(lambda: len(watch.frames) >= FRAMES, "frames of the generator")
        return watch, [Traits(ring) for ring in watch.rings]

    def linux(self, name, features, **properties):
        """A guest that sends a burst of small frames, and is sent as many."""
        watch = self.watch(name, features=features)
        vm = self.machine(name, [Nic(watch.listener.getsockname(), GUEST_MAC, listen=False,
                                     properties=properties)], GUEST)
        vm.start()
        watch.until(lambda: watch.running() == {0, 1}, "rings of the guest", 90)
        while vm.qemu.process.poll() is None:
            watch.step()
            try:
                if vm.qemu.line(0.001) == "@@ready":
                    break
            except AssertionError:
                pass
        return watch, vm

    def command(self, watch, vm, text):
        """Runs it in the guest while frames are taken and answered."""
        begun = vm.send(text)
        tag = begun[0] + " "
        line = ""
        while not line.startswith(tag):
            watch.step()
            for reply in filter(None, map(answer, watch.frames)):
                watch.deliver(reply)
            watch.frames.clear()
            try:
                line = vm.qemu.line(0.001)
            except AssertionError:
                line = ""

    def say_traits(self, what, traits):
        for way, of_ring in zip(("receives", "sends"), traits):
            self.say(f"{what}, {way}: {of_ring}")

    def assert_guest(self, receives, sends, size, mergeable=True):
        """What a guest's rings are like, whoever has them."""
        self.assertEqual({receives.ring_size, sends.ring_size}, {size})
        self.assertEqual(sends.offsets, {18})
        self.assertTrue(sends.joined)
        self.assertEqual(sends.pieces, {1})
        self.assertEqual(receives.offsets, {12})
        if mergeable:
            self.assertLessEqual(receives.sizes, FRAGMENTS)
        # Refilled from the last id back to the first, in other memory.
        self.assertGreater(receives.down, 0.4)
        self.assertGreater(receives.moved, 0.9)

    def test_linux(self):
        for packed in ("off", "on"):
            with self.subTest(packed=packed):
                features = MRG_RXBUF | INDIRECT_DESC | (PACKED if packed == "on" else 0)
                watch, vm = self.linux(f"vm-{packed}", features, packed=packed)
                self.command(watch, vm, f"ping -n -f -c {FRAMES} -W 1 -s 22 {PEER}")
                for _ in range(FRAMES):
                    watch.deliver(ether(PEER_MAC, GUEST_MAC))
                    watch.step(0.0005)
                sends = Traits(watch.rings[1])
                self.assertGreater(sends.n, FRAMES)
                receives = Traits(watch.rings[0])
                self.say_traits(f"Linux, packed={packed}", (receives, sends))
                self.assert_guest(receives, sends, 256)
                self.assertLess(sends.ids, 16)  # the last one that was free, again and again
                vm.kill()

    def test_the_generator_as_linux(self):
        for packed in ("off", "on"):
            with self.subTest(packed=packed):
                features = MRG_RXBUF | INDIRECT_DESC | (PACKED if packed == "on" else 0)
                _, (receives, sends) = self.generator(f"gen-{packed}", f",packed={packed}",
                                                      features)
                self.say_traits(f"rings=guest, packed={packed}", (receives, sends))
                self.assert_guest(receives, sends, 256)
                self.assertLess(sends.ids, 64)
                self.assertGreater(sends.moved, 0.9)

    def test_the_generator_as_dpdk(self):
        _, (receives, sends) = self.generator("gen-fifo", ",ids=fifo")
        self.say_traits("rings=guest,ids=fifo", (receives, sends))
        self.assertEqual((receives.up, sends.up), (1, 1))
        self.assertEqual((receives.ids, sends.ids), (256, 256))

    def test_static(self):
        _, (receives, sends) = self.generator("gen-static", ",rings=static")
        self.say_traits("rings=static", (receives, sends))
        self.assertEqual((receives.up, sends.up), (1, 1))
        self.assertEqual(sends.offsets, {0})
        self.assertEqual(sends.ring_size, 1024)

    def test_dpdk(self):
        if not shutil.which("dpdk-testpmd"):
            self.skipTest("dpdk-testpmd is not installed")
        watch = self.watch("testpmd")
        self.run_program([
            "dpdk-testpmd", "--no-pci", "--no-huge", "-m", "128", "--no-telemetry",
            "--single-file-segments", f"--file-prefix=xd{os.getpid()}r", "--lcores", "0@0,1@0",
            "--vdev", f"net_virtio_user0,mac={GUEST_MAC},queue_size=256,"
            f"path={watch.listener.getsockname()}",
            "--", "--forward-mode=macswap", "--auto-start", "--no-mlockall",
            "--total-num-mbufs=2048", "--stats-period=600"])
        watch.until(lambda: watch.running() == {0, 1}, "rings of testpmd", 60)
        while len(watch.frames) < FRAMES:
            watch.deliver(ether(PEER_MAC, GUEST_MAC))
            watch.step(0.0005)
        receives, sends = (Traits(ring) for ring in watch.rings)
        self.say_traits("testpmd", (receives, sends))
        self.assertEqual((receives.up, sends.up), (1, 1))
        self.assertEqual((receives.ids, sends.ids), (256, 256))
        self.assertEqual(receives.ring_size, 256)

    def test_segmentation(self):
        """A frame of TCP that is to be cut: its headers, and pages."""
        for packed in ("off", "on"):
            with self.subTest(packed=packed):
                features = MRG_RXBUF | INDIRECT_DESC | TSO | (PACKED if packed == "on" else 0)
                watch, (_, sends) = self.generator(
                    f"gen-tso-{packed}", f",tso=on,packed={packed}", features, 40000, "send")
                self.say(f"rings=guest,tso=on, packed={packed}, sends: {sends}")
                self.assertEqual(sends.indirect, 1)
                self.assertEqual(sends.pieces, {3})
                self.assertEqual(sends.sizes, {12 + 54, 32768, 40000 - 54 - 32768})
                self.assertEqual({len(frame) for frame in watch.frames}, {40000})
                self.assertEqual({struct.unpack_from(">H", frame, 16)[0]
                                  for frame in watch.frames}, {40000 - 14})
