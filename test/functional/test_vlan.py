# SPDX-License-Identifier: BSD-3-Clause
"""Access, trunk and native VLANs, and tunnels: who sees a frame, and in which form."""

from frames import BROADCAST, frame, mac, tagged
from guest import SwitchCase

A, B = mac(0xA), mac(0xB)
PORTS = {
    "acc10": {"vlan": 10},
    "acc10b": {"vlan": 10},
    "acc20": {"vlan": 20},
    "trunk": {"vlans": [10, 20]},
    "native": {"vlan": 10, "vlans": [20, 30]},
    "all": {},
}


class VlanCase(SwitchCase):
    def begin(self, ports):
        self.start(ports)
        self.at = dict(zip(ports, self.guests(*ports)))

    def seen(self, sender, data):
        """Port to the frames that come to it when sender sends data."""
        return {name: [came.hex() for came in frames]
                for name, frames in self.comes(self.at, sender, data).items()}

    def check(self, sender, data, want):
        """want: port to the one frame that it is to get."""
        seen = self.seen(sender, data)
        want = {name: [came.hex()] for name, came in want.items()}
        self.assertEqual(seen, want, f"from {sender}; drops: " + str(
            {name: self.daemon.drops(name) for name in self.at} if seen != want else None))


class Vlan(VlanCase):
    def setUp(self):
        super().setUp()
        self.begin(PORTS)

    def test_from_access_port(self):
        data = frame(BROADCAST, A)
        self.check("acc10", data, {"acc10b": data, "native": data, "trunk": tagged(data, 10),
                                   "all": tagged(data, 10)})
        data = frame(BROADCAST, B)
        self.check("acc20", data, {"trunk": tagged(data, 20), "native": tagged(data, 20),
                                   "all": tagged(data, 20)})

    def test_from_trunk(self):
        data = frame(BROADCAST, A)
        in10, in20 = tagged(data, 10, pcp=5), tagged(data, 20, pcp=5)
        self.check("trunk", in10, {"acc10": data, "acc10b": data, "native": data, "all": in10})
        self.check("trunk", in20, {"acc20": data, "native": in20, "all": in20})

    def test_from_native(self):
        data = frame(BROADCAST, A)
        self.check("native", data, {"acc10": data, "acc10b": data, "trunk": tagged(data, 10),
                                    "all": tagged(data, 10)})
        in20 = tagged(data, 20)
        self.check("native", in20, {"acc20": data, "trunk": in20, "all": in20})
        self.check("native", tagged(data, 30), {"all": tagged(data, 30)})

    def test_from_a_port_of_every_vlan(self):
        data = frame(BROADCAST, A)
        in10 = tagged(data, 10)
        self.check("all", in10, {"acc10": data, "acc10b": data, "native": data, "trunk": in10})
        self.check("all", tagged(data, 30), {"native": tagged(data, 30)})
        # Untagged here is no VLAN: nobody else carries that.
        self.check("all", data, {})
        self.check("all", tagged(data, 4000), {})

    def test_wrong_vlan_is_dropped_and_counted(self):
        data = frame(BROADCAST, A)
        for sender, wrong in (("acc10", tagged(data, 20)), ("acc20", tagged(data, 10)),
                              ("trunk", tagged(data, 30)), ("trunk", data),
                              ("native", tagged(data, 40))):
            with self.subTest(sender=sender, frame=wrong[12:16].hex()):
                before = self.drops(sender).get("vlan", 0)
                self.check(sender, wrong, {})
                self.assertEqual(self.drops(sender), {"vlan": before + 1})
        self.assertEqual(self.daemon.fdb(), {}, "an address was learned from a dropped frame")

    def test_known_unicast_stays_in_its_vlan(self):
        # The same address lives in two VLANs, behind different ports.
        self.check("acc10", frame(BROADCAST, A), {
            "acc10b": frame(BROADCAST, A), "native": frame(BROADCAST, A),
            "trunk": tagged(frame(BROADCAST, A), 10), "all": tagged(frame(BROADCAST, A), 10)})
        self.seen("acc20", frame(BROADCAST, A))
        fdb = self.daemon.fdb()
        self.assertEqual((fdb[A, 10], fdb[A, 20]), ("acc10", "acc20"))
        data = frame(A, B)
        self.check("trunk", tagged(data, 10), {"acc10": data})
        self.check("trunk", tagged(data, 20), {"acc20": data})
        self.check("native", data, {"acc10": data})

    def test_tag_on_known_unicast(self):
        self.seen("trunk", tagged(frame(BROADCAST, A), 10))
        data = frame(A, B, size=1000)
        self.check("acc10", data, {"trunk": tagged(data, 10)})
        self.check("native", data, {"trunk": tagged(data, 10)})
        self.check("all", tagged(data, 10), {"trunk": tagged(data, 10)})

    def test_priority_tag(self):
        # VLAN 0 names no VLAN: it belongs where the port's untagged frames do.
        data = frame(BROADCAST, A)
        self.check("acc10", tagged(data, 0, pcp=3), {
            "acc10b": data, "native": data, "trunk": tagged(data, 10, pcp=3),
            "all": tagged(data, 10, pcp=3)})

    def test_vlan_4095_is_no_vlan(self):
        self.check("all", tagged(frame(BROADCAST, A), 4095), {})
        self.assertEqual(self.drops("all"), {"vlan": 1})

    def test_vlan_changes_while_running(self):
        data = frame(BROADCAST, A)
        self.daemon.ctl("port", "set", "acc10b", "vlan=20")
        self.daemon.wait_up()
        self.check("acc10", data, {"native": data, "trunk": tagged(data, 10),
                                   "all": tagged(data, 10)})
        self.check("acc20", frame(BROADCAST, B), {
            "acc10b": frame(BROADCAST, B), "native": tagged(frame(BROADCAST, B), 20),
            "trunk": tagged(frame(BROADCAST, B), 20), "all": tagged(frame(BROADCAST, B), 20)})

    def test_a_tag_on_a_full_frame(self):
        # 1514 bytes in, 1518 out: a tag does not count against the MTU.
        data = frame(BROADCAST, A, size=1514)
        self.check("acc10", data, {"acc10b": data, "native": data, "trunk": tagged(data, 10),
                                   "all": tagged(data, 10)})


TUNNELS = {
    "site1": {"vlan": 10, "vlan_mode": "dot1q-tunnel"},
    "site2": {"vlan": 10, "vlan_mode": "dot1q-tunnel", "cvlans": [0, 20]},
    "site3": {"vlan": 10, "vlan_mode": "dot1q-tunnel", "qinq_ethtype": "802.1q"},
    "ntag": {"vlan": 10, "vlan_mode": "native-tagged"},
    "uplink": {"vlan_mode": "trunk", "vlans": [10], "mtu": 1504},
}


def service(data, vlan=10):
    """The same frame with a provider's tag."""
    return data[:12] + b"\x88\xa8" + vlan.to_bytes(2, "big") + data[12:]


class Tunnel(VlanCase):
    def setUp(self):
        super().setUp()
        self.begin(TUNNELS)

    def test_customers_frames_pass_as_they_are(self):
        data = frame(BROADCAST, A)
        for came in (data, tagged(data, 20, pcp=3)):
            self.check("site1", came, {"site2": came, "site3": came, "ntag": service(came),
                                       "uplink": service(came)})
            self.check("site3", came, {"site1": came, "site2": came,
                                       "ntag": tagged(came, 10), "uplink": tagged(came, 10)})
            self.check("uplink", service(came), {"site1": came, "site2": came, "site3": came,
                                                 "ntag": service(came)})

    def test_cvlans(self):
        other = tagged(frame(BROADCAST, A), 30)
        self.check("site1", other, {"site3": other, "ntag": service(other),
                                    "uplink": service(other)})
        self.check("site2", other, {})
        self.assertEqual(self.drops("site2"), {"vlan": 1})
        # Known to be there, which helps it no more.
        self.seen("site2", frame(BROADCAST, B))
        self.check("site1", tagged(frame(B, A), 20), {"site2": tagged(frame(B, A), 20)})
        self.check("site1", tagged(frame(B, A), 30), {})

    def test_native_tagged(self):
        data = frame(BROADCAST, A)
        self.check("ntag", data, {"site1": data, "site2": data, "site3": data,
                                  "uplink": tagged(data, 10)})
        self.check("ntag", tagged(data, 10), {"site1": data, "site2": data, "site3": data,
                                              "uplink": tagged(data, 10)})

    def test_two_tags_on_a_full_frame(self):
        data = tagged(frame(BROADCAST, A, size=1514), 20)
        self.check("site1", data, {"site2": data, "site3": data, "uplink": service(data)})
        self.assertEqual(self.drops("ntag"), {"over-mtu": 1})

    def test_keys_that_do_not_go_together(self):
        for keys, say in ((["vlan=none"], "vlan"), (["vlans=20"], "vlans"),
                          (["vlan_mode=access"], "cvlans"), (["vlan_mode=trunk"], "vlan")):
            said = self.daemon.refused("port", "set", "site2", *keys)
            self.assertIn(f"ports.site2.{say}", said)
