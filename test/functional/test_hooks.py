# SPDX-License-Identifier: BSD-3-Clause
"""Hooks of a program that embeds the switch, between guests: what they take, keep and copy."""

import re

from frames import BROADCAST, frame, mac
from test_example_guests import ProgramCase

A, B = mac(0xA), mac(0xB)


class Hooks(ProgramCase):
    def told(self, line):
        self.program.send(line)
        return self.program.line()

    def counts(self):
        return {key: int(value) for key, value in re.findall(r"(\w+) (\d+)", self.told("count"))}

    def begin(self):
        self.assertEqual(self.start("hooked_switch", self.core), "ready")
        return self.guests("vm1", "vm2", "vm3")

    def lengths(self):
        return {size: frame(BROADCAST, A, payload=bytes(i * 7 & 255 for i in range(size - 14)),
                            size=size) for size in (60, 128, 129, 1514, 9000, 40000)}

    def test_take(self):
        vm1, vm2, vm3 = self.begin()
        for data in self.lengths().values():
            for upto in (14, 128, 129, 600, 2048):
                self.told(f"take {upto}")
                vm1.tx(data)
                self.assertEqual((vm2.rx(), vm3.rx()), (data, data))
        # In many pieces.
        data = self.lengths()[1514]
        self.told("take 1514")
        vm1.do(f"chain 12,1,126,2,300,1000,85 {data.hex()}")
        self.assertEqual((vm2.rx(), vm3.rx()), (data, data))
        self.assertEqual(self.counts()["drops"], 0)
        self.told("drop")
        vm1.tx(data)
        self.assertEqual(self.counts()["drops"], 1)

    def test_keep(self):
        vm1, vm2, vm3 = self.begin()
        self.told("keep")
        for data in self.lengths().values():
            vm1.tx(data)
        # Frames of others, which meet no hook, go by.
        other = frame(BROADCAST, B)
        vm2.tx(other)
        self.assertEqual(vm3.rx(), other)
        self.assertGreater(self.counts()["used"], len(self.lengths()))
        self.told("send")
        for data in self.lengths().values():
            self.assertEqual((vm2.rx(), vm3.rx()), (data, data))
        self.assertEqual({key: self.counts()[key] for key in ("kept", "sent", "used")},
                         {"kept": 6, "sent": 6, "used": 0})

    def test_copy(self):
        vm1, vm2, vm3 = self.begin()
        self.told("copy")
        other = frame(BROADCAST, B)
        vm2.tx(other)
        self.assertEqual((vm1.rx(), vm3.rx()), (other, other))
        data = frame(B, A, size=700)
        vm1.tx(data)
        self.assertEqual((vm2.rx(), vm3.rx()), (data, data))

    def test_shape(self):
        """Frames wait for their time, in order and in full, also when the hook is taken out."""
        vm1, vm2, vm3 = self.begin()
        self.told("take 60")
        frames = [frame(BROADCAST, A, payload=bytes([i]) * 600, size=614 + i) for i in range(20)]
        # Twenty take half a second, the first of them none.
        self.assertEqual(self.told("shape 25000 700"), "ok")
        for data in frames:
            vm1.tx(data)
        for data in frames:
            self.assertEqual(vm3.rx(), data)  # which does not wait for vm2
        for data in frames:
            self.assertEqual(vm2.rx(), data)
        self.assertEqual(self.told("waiting"), "0")
        # Many seconds for each.
        self.assertEqual(self.told("shape 50 700"), "ok")
        for data in frames:
            vm1.tx(data)
        for data in frames:
            self.assertEqual(vm3.rx(), data)
        self.assertGreater(int(self.told("waiting")), 10)
        self.assertEqual(self.told("unshape"), "ok")
        self.assertGreater(int(self.told("waiting")), 5)
        self.assertEqual(self.told("lift"), "ok")
        for data in frames:
            self.assertEqual(vm2.rx(), data)
