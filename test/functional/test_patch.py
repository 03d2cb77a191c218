# SPDX-License-Identifier: BSD-3-Clause
"""Patch ports: two bridges that are joined."""

from frames import BROADCAST, frame, mac, tagged
from guest import SwitchCase
from test_tap import TapCase

A, B = mac(0xA), mac(0xB)
BRIDGES = ("br0", "br1", "br2")


def pair(one, other, first="br0", second="br1", **keys):
    """Both ends, by name; keys are of the first."""
    return {one: {"type": "patch", "bridge": first, "peer": other, **keys},
            other: {"type": "patch", "bridge": second, "peer": one}}


class Patch(SwitchCase):
    def connect(self, ports):
        self.start(ports, bridges=BRIDGES)
        names = [name for name, keys in ports.items() if keys.get("type") != "patch"]
        self.at = dict(zip(names, self.guests(*names)))

    def check(self, sender, data, **want):
        """want: port to the frames that it is to get when sender sends data."""
        self.assertEqual(self.comes(self.at, sender, data), want)

    def test_frames_pass_and_both_bridges_learn(self):
        self.connect({"a": {}, "a2": {}, "b": {"bridge": "br1"}, **pair("p0", "p1")})
        data = frame(BROADCAST, A)
        self.check("a", data, a2=[data], b=[data])
        self.assertEqual(self.daemon.fdb("br0")[A, 0], "a")
        self.assertEqual(self.daemon.fdb("br1")[A, 0], "p1")
        for size in (60, 128, 129, 1514):
            data = frame(A, B, size=size)
            self.check("b", data, a=[data])
            data = frame(B, A, size=size)
            self.check("a", data, b=[data])
        self.assertEqual(self.daemon.fdb("br0")[B, 0], "p0")
        # Behind the port that it came by.
        self.check("a2", frame(A, mac(0xC)), a=[frame(A, mac(0xC))])
        p0, p1 = self.daemon.port("p0"), self.daemon.port("p1")
        self.assertEqual((p0["tx_frames"], p0["rx_frames"]), (5, 4))
        self.assertEqual((p1["tx_frames"], p1["rx_frames"]), (4, 5))
        self.assertEqual(p0["tx_bytes"], p1["rx_bytes"])
        self.assertEqual((p0["drops"], p1["drops"], p0["state"]), ({}, {}, "up"))

    def test_vlans_at_both_ends(self):
        ports = pair("p0", "p1", vlan=10)
        ports["p1"]["vlan"] = 20
        self.connect({"a": {"vlan": 10}, "t0": {}, "b": {"bridge": "br1", "vlan": 20},
                      "t1": {"bridge": "br1"}, **ports})
        data = frame(BROADCAST, A, size=300)
        self.check("a", data, t0=[tagged(data, 10)], b=[data], t1=[tagged(data, 20)])
        self.check("t1", tagged(frame(A, B), 20), a=[frame(A, B)])
        # Another VLAN does not pass.
        self.check("t0", tagged(data, 30))

    def test_trunk_carries_some(self):
        ports = pair("p0", "p1")
        ports["p1"]["vlans"] = [10]
        self.connect({"a": {}, "b": {"bridge": "br1"}, **ports})
        data = tagged(frame(BROADCAST, A), 10, pcp=3)
        self.check("a", data, b=[data])
        self.check("a", tagged(frame(BROADCAST, A), 20))
        self.assertEqual(self.daemon.drops("p1"), {"vlan": 1})

    def test_a_chain(self):
        self.connect({"a": {}, "b": {"bridge": "br1"}, "c": {"bridge": "br2"},
                      **pair("p0", "p1"), **pair("q1", "q2", "br1", "br2")})
        data = frame(BROADCAST, A, size=600)
        self.check("a", data, b=[data], c=[data])
        data = frame(A, mac(0xC))
        self.check("c", data, a=[data])

    def test_loops_end(self):
        """Two pairs, and a ring of three bridges."""
        self.connect({"a": {}, "b": {"bridge": "br1"}, "c": {"bridge": "br2"},
                      **pair("p0", "p1"), **pair("r0", "r1"), **pair("q1", "q2", "br1", "br2"),
                      **pair("s2", "s0", "br2", "br0")})
        data = frame(BROADCAST, A)
        self.check("a", data, b=[data], c=[data])
        drops = sum(port["drops"].get("patch-limit", 0) for port in self.daemon.ctl("port", "show")["ports"])
        self.assertGreater(drops, 1)
        self.check("a", data, b=[data], c=[data])

    def test_a_full_port_in_the_second_bridge(self):
        """Its sender waits in the first one."""
        self.connect({"a": {}, "b": {"bridge": "br1", "full": "wait", "wait_us": 1000000},
                      **pair("p0", "p1")})
        self.learn(self.at["b"], B, bridge="br1")
        data = frame(B, A)
        a, b = self.at["a"], self.at["b"]
        self.settle(b, a)
        a.dialogue.send(f"blast 600 {data.hex()}")
        for _ in range(600):
            self.assertEqual(b.rx(), data)
        self.assertEqual(a.dialogue.line(), "sent 600")
        self.assertIsNone(b.rx(0))
        self.assertEqual(self.daemon.drops("b"), {})
        self.assertEqual(self.daemon.port("p1")["rx_frames"], 600)

    def test_a_wrong_peer(self):
        self.connect({"a": {}, "b": {"bridge": "br1"}})
        add = ("type=patch", "bridge=br0")
        for peer, why in (("p1", "there is no port p1"), ("b", "b is no port of type patch")):
            self.daemon.ctl("port", "add", "p0", *add, f"peer={peer}")
            port = self.daemon.port("p0")
            self.assertEqual((port["state"], port["driver"]["down_because"]), ("down", why))
            self.daemon.ctl("port", "del", "p0")
        self.daemon.ctl("port", "add", "p0", *add, "peer=p1")
        self.check("a", frame(BROADCAST, A))
        self.assertEqual(self.daemon.drops("p0"), {"port-down": 1})
        self.daemon.ctl("port", "add", "p1", "type=patch", "bridge=br1", "peer=p7")
        self.assertEqual(self.daemon.port("p0")["driver"]["down_because"], "p1 has another peer")
        self.daemon.ctl("port", "set", "p1", "peer=p0")
        self.assertEqual({self.daemon.port(p)["state"] for p in ("p0", "p1")}, {"up"})
        data = frame(BROADCAST, A)
        self.check("a", data, b=[data])
        self.daemon.ctl("port", "set", "p1", "bridge=br0")
        self.assertEqual(self.daemon.port("p0")["driver"]["down_because"],
                         "p1 is in the same bridge")
        self.daemon.ctl("port", "set", "p1", "bridge=br1")
        self.check("a", data, b=[data])
        self.daemon.ctl("port", "del", "p1")
        self.assertEqual(self.daemon.port("p0")["state"], "down")
        self.check("a", data)
        for words, said in ((("add", "x", *add), "ports.x.peer: is missing"),
                            (("add", "x", *add, "peer=x"), "ports.x.peer: is the port itself"),
                            (("set", "p0", "full=wait"), "full")):
            self.assertIn(said, self.daemon.refused("port", *words))

    def test_mirrors_of_both_bridges(self):
        self.connect({"a": {"vlan": 10}, "b": {"bridge": "br1", "vlan": 20}, "s0": {},
                      "s1": {"bridge": "br1"}, **pair("p0", "p1", vlan=10)})
        self.daemon.ctl("port", "set", "p1", "vlan=20")
        self.daemon.ctl("mirror", "add", "m0", "bridge=br0", "select_all=yes", "output_port=s0")
        self.daemon.ctl("mirror", "add", "m1", "bridge=br1", "select_dst_port=b", "output_port=s1")
        for size in (60, 1000):
            data = frame(BROADCAST, A, size=size)
            self.check("a", data, b=[data], s0=[tagged(data, 10)], s1=[tagged(data, 20)])
        self.assertIn("copies go to no other bridge", self.daemon.refused(
            "mirror", "add", "m2", "bridge=br0", "select_all=yes", "output_port=p0"))


class PatchToHost(TapCase):
    def test_tcp(self):
        """Two containers on bridges of their own: segments of 64 KiB pass whole."""
        self.a, self.b = self.space("a"), self.space("b")
        self.start_at_home({
            "pa": self.tap(self.a, ifname="eth0", ip="10.99.0.1/24"),
            "pb": self.tap(self.b, bridge="br1", ifname="eth0", ip="10.99.0.2/24"),
            **pair("p0", "p1")}, bridges=BRIDGES)
        self.reaches(self.a, "10.99.0.2")
        self.ping(self.b, "10.99.0.1", 1472, count=2)
        self.iperf3(self.a, self.b, "10.99.0.2", size="5M")
        self.assertEqual(self.daemon.port("pb")["software_segmented"], 0)
        self.assertEqual(self.daemon.drops("p1"), {})
