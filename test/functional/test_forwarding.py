# SPDX-License-Identifier: BSD-3-Clause
"""Learning, moving, ageing and flooding."""

import time

from frames import BROADCAST, frame, mac
from guest import SwitchCase
from process import wait_for
from test_control import Connection

A, B, C = mac(0xA), mac(0xB), mac(0xC)


class Forwarding(SwitchCase):
    def three(self, **config):
        self.start(["vm1", "vm2", "vm3"], **config)
        return self.guests("vm1", "vm2", "vm3")

    def test_unknown_is_flooded_and_known_is_not(self):
        vm1, vm2, vm3 = self.three()
        self.expect(vm1, frame(B, A), [vm2, vm3])
        self.assertEqual(self.daemon.fdb()[A, 0], "vm1")
        # B answers: only to A, which was learned; and B is learned.
        self.expect(vm2, frame(A, B), [vm1], [vm3])
        self.expect(vm1, frame(B, A), [vm2], [vm3])
        self.assertEqual(self.daemon.fdb()[B, 0], "vm2")
        self.assertNotIn((C, 0), self.daemon.fdb())

    def test_broadcast_and_multicast_reach_all_others(self):
        vm1, vm2, vm3 = self.three()
        self.expect(vm1, frame(BROADCAST, A), [vm2, vm3], [])
        self.expect(vm2, frame("01:00:5e:00:00:01", B), [vm1, vm3], [])
        self.expect(vm3, frame("33:33:00:00:00:01", C), [vm1, vm2], [])
        self.assertEqual(vm1.rx(0), None)

    def test_nothing_comes_back_to_its_sender(self):
        vm1, vm2, vm3 = self.three()
        vm1.tx(frame(BROADCAST, A))
        vm1.tx(frame(B, A))
        self.settle(vm1, vm2, vm3)
        self.assertEqual(self.settle(vm2, vm1), [[]])

    def test_an_address_moves(self):
        vm1, vm2, vm3 = self.three()
        self.learn(vm1, A)
        self.settle(vm1, vm2, vm3)
        self.expect(vm3, frame(A, C), [vm1], [vm2])
        # The guest has migrated: its address is heard at another port.
        vm2.tx(frame(BROADCAST, A))
        self.settle(vm2, vm1, vm3)
        self.assertEqual(self.daemon.fdb()[A, 0], "vm2")
        self.expect(vm3, frame(A, C), [vm2], [vm1])
        self.assertEqual(self.daemon.ctl("bridge", "show")["bridges"][0]["moves"], 1)

    def test_a_guest_that_has_moved_is_announced(self):
        """By QEMU's request, for a driver that does not do so itself: RFC 903, as QEMU has it."""
        vm1, vm2, vm3 = self.three()
        self.learn(vm1, A)
        self.settle(vm1, vm2, vm3)
        vm2.do(f"announce {A.replace(':', '')}")
        own = bytes.fromhex(A.replace(":", ""))
        want = (b"\xff" * 6 + own + bytes.fromhex("8035" "0001" "0800" "06" "04" "0003") +
                own + bytes(4) + own + bytes(4)).ljust(60, b"\0")
        for vm in (vm1, vm3):
            self.assertEqual(vm.rx().hex(), want.hex())
        self.assertEqual(self.daemon.fdb()[A, 0], "vm2")
        self.expect(vm3, frame(A, C), [vm2], [vm1])

    def test_destination_behind_the_same_port(self):
        vm1, vm2, vm3 = self.three()
        self.learn(vm1, A)
        self.learn(vm1, B)
        self.settle(vm1, vm2, vm3)
        self.expect(vm1, frame(A, B), [], [vm2, vm3])
        self.assertEqual(self.daemon.drops("vm1"), {"same-port": 1})

    def test_reserved_addresses_stay_on_their_link(self):
        vm1, vm2, vm3 = self.three()
        for last in range(16):
            vm1.tx(frame("01:80:c2:00:00:%02x" % last, A))
        self.assertEqual(self.settle(vm1, vm2, vm3), [[], []])
        self.assertEqual(self.daemon.drops("vm1"), {"reserved-address": 16})
        # The one behind them is an ordinary group address.
        self.expect(vm1, frame("01:80:c2:00:00:10", A), [vm2, vm3])

    def test_group_address_cannot_send(self):
        vm1, vm2, vm3 = self.three()
        for source in (BROADCAST, "01:00:5e:00:00:05", "00:00:00:00:00:00"):
            vm1.tx(frame(B, source))
        self.assertEqual(self.settle(vm1, vm2, vm3), [[], []])
        self.assertEqual(self.daemon.drops("vm1"), {"bad-source": 3})

    def test_ageing(self):
        vm1, vm2, vm3 = self.three(bridges={"br0": {"ageing_s": 1}})
        self.learn(vm1, A)
        wait_for(lambda: (A, 0) not in self.daemon.fdb(), f"{A} to be forgotten")
        self.settle(vm1, vm2, vm3)
        self.expect(vm2, frame(A, B), [vm1, vm3])

    def test_an_address_in_use_does_not_age(self):
        ageing_s = 2
        vm1, vm2, _ = self.three(bridges={"br0": {"ageing_s": ageing_s}})
        self.learn(vm1, A)
        self.learn(vm2, B)
        # A is heard all the time and B is not.
        end = time.monotonic() + 60
        while (B, 0) in self.daemon.fdb():
            began = time.monotonic()
            vm1.tx(frame(mac(0xEEEEEE), A))
            self.barrier(vm1)
            known = self.daemon.fdb()
            if time.monotonic() - began < ageing_s:  # else it was not in use all the time
                self.assertIn((A, 0), known)
            self.assertLess(time.monotonic(), end, "B is not forgotten")
            time.sleep(0.1)

    def test_ageing_time_changes_while_running(self):
        vm1, vm2, vm3 = self.three()
        self.learn(vm1, A)
        self.daemon.ctl("bridge", "set", "br0", "ageing_s=1")
        wait_for(lambda: (A, 0) not in self.daemon.fdb(), f"{A} to be forgotten")

    def test_flush(self):
        vm1, vm2, vm3 = self.three()
        self.learn(vm1, A)
        self.learn(vm2, B)
        self.settle(vm1, vm3)
        self.daemon.ctl("fdb", "flush", "br0", "vm1")
        self.assertNotIn((A, 0), self.daemon.fdb())
        self.assertEqual(self.daemon.fdb()[B, 0], "vm2")
        self.daemon.ctl("fdb", "flush", "br0")
        self.assertEqual(self.daemon.fdb(), {})

    def test_static_addresses(self):
        vm1, vm2, vm3 = self.three()
        self.daemon.ctl("fdb", "add", "br0", A, "vm1")
        self.expect(vm3, frame(A, C), [vm1], [vm2])
        # Seen elsewhere, it does not move: that frame is switched, and counted.
        self.expect(vm2, frame(C, A), [vm3], [vm1])
        self.expect(vm3, frame(A, C), [vm1], [vm2])
        self.assertEqual(self.daemon.port("vm2")["damped"], 1)
        self.daemon.ctl("fdb", "flush", "br0")
        self.assertEqual([(e["mac"], e["port"], e["static"])
                          for e in self.daemon.ctl("fdb", "show", "br0")["entries"]],
                         [(A, "vm1", True)])
        bridge, = self.daemon.ctl("bridge", "show")["bridges"]
        self.assertEqual((bridge["macs"], bridge["static_macs"]), (1, 1))
        # A table of another size has it too.
        self.daemon.ctl("bridge", "set", "br0", "mac_limit=100")
        self.expect(vm3, frame(A, C), [vm1], [vm2])
        # Its port in another VLAN does not.
        self.daemon.ctl("port", "set", "vm1", "vlan=7")
        self.assertNotIn(A, str(self.daemon.fdb()))
        self.daemon.ctl("fdb", "add", "br0", A, "vm1")
        self.daemon.ctl("fdb", "add", "br0", A, "vm2", "vlan=8")
        self.assertEqual((self.daemon.fdb()[A, 7], self.daemon.fdb()[A, 8]), ("vm1", "vm2"))
        self.daemon.ctl("fdb", "del", "br0", A, "vlan=8")
        self.daemon.ctl("fdb", "flush", "br0", "vm1", "static=yes")
        self.assertNotIn(A, str(self.daemon.fdb()))

    def test_static_addresses_that_cannot_be(self):
        self.three(bridges={"br0": {}, "br1": {}})
        self.daemon.ctl("port", "set", "vm1", "vlans=10")
        for words, say in ((("add", "br7", A, "vm1"), "br7"), (("add", "br1", A, "vm1"), "vm1"),
                           (("add", "br0", A, "vm9"), "vm9"), (("add", "br0", "a:b", "vm1"), "a:b"),
                           (("add", "br0", BROADCAST, "vm1"), "group"),
                           (("add", "br0", mac(0).replace("02", "00", 1), "vm1"), "zero"),
                           (("add", "br0", A, "vm1"), "vlan: is missing"),
                           (("add", "br0", A, "vm1", "vlan=11"), "vlan: is 11"),
                           (("add", "br0", A, "vm1", "vlan=5000"), "vlan"),
                           (("add", "br0", A, "vm1", "vlan=x"), "vlan=x"),
                           (("del", "br0", A), "no static address"),
                           (("flush", "br0", "static=maybe"), "yes or no")):
            with self.subTest(words):
                self.assertIn(say, self.daemon.refused("fdb", *words))

    def test_mac_limit(self):
        vm1, vm2, vm3 = self.three(bridges={"br0": {"mac_limit": 4}})
        for number in range(1, 11):
            vm1.tx(frame(mac(0xEEEEEE), mac(number)))
        self.settle(vm1, vm2)
        bridge = self.daemon.ctl("bridge", "show")["bridges"][0]
        self.assertLessEqual(bridge["macs"], 4)
        self.assertEqual(len(self.daemon.fdb()), bridge["macs"])
        self.assertGreaterEqual(bridge["not_learned"], 6)
        # What could not be learned is still reached, by flooding.
        vm3.drain()
        self.expect(vm2, frame(mac(10), B), [vm1, vm3])

    def test_many_addresses(self):
        vm1, vm2, _ = self.three()
        count = 2000
        for number in range(count):
            vm1.tx(frame(B, mac(0x10000 + number)))
        shown = wait_for(lambda: (e := self.daemon.fdb()) and len(e) >= count and e,
                         f"{count} addresses")
        self.assertTrue(all(shown[mac(0x10000 + n), 0] == "vm1" for n in range(count)))
        # In parts, and those of other ports left out.
        connection = Connection(self.daemon.control)
        self.addCleanup(connection.close)
        macs, params = [], {"bridge": "br0", "port": "vm1", "limit": 300}
        while True:
            part = connection.call("fdb.show", params)["result"]
            self.assertLessEqual(len(part["entries"]), 300)
            macs += [entry["mac"] for entry in part["entries"]]
            if part["next"] is None:
                break
            params["cursor"] = part["next"]
        self.assertEqual(sorted(macs), [mac(0x10000 + n) for n in range(count)])
        self.assertIn("cursor", connection.call("fdb.show", {"cursor": "br9:7"})["error"]["message"])
        self.assertEqual(len(self.daemon.ctl("fdb", "show", "limit=1500")["entries"]), 1500)

    def test_bridges_are_apart(self):
        self.start({"vm1": {}, "vm2": {}, "vm3": {"bridge": "br1"}, "vm4": {"bridge": "br1"}},
                   bridges=["br0", "br1"])
        vm1, vm2, vm3, vm4 = self.guests("vm1", "vm2", "vm3", "vm4")
        self.expect(vm1, frame(BROADCAST, A), [vm2])
        self.assertEqual(self.settle(vm4, vm3), [[]])
        self.expect(vm3, frame(BROADCAST, A), [vm4])
        self.assertEqual(self.settle(vm1, vm2), [[]])
        self.assertEqual(self.daemon.fdb("br0")[A, 0], "vm1")
        self.assertEqual(self.daemon.fdb("br1")[A, 0], "vm3")

    def test_counters_add_up(self):
        vm1, vm2, vm3 = self.three()
        for _ in range(10):
            vm1.tx(frame(BROADCAST, A, size=100))
        self.settle(vm1, vm2, vm3)
        mark = 60
        port = self.daemon.port("vm1")
        self.assertEqual((port["rx_frames"], port["rx_bytes"]), (11, 10 * 100 + mark))
        for name in ("vm2", "vm3"):
            port = self.daemon.port(name)
            self.assertEqual((port["tx_frames"], port["tx_bytes"]), (11, 10 * 100 + mark))
            self.assertEqual(port["drops"], {})
