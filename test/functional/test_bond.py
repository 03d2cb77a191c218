# SPDX-License-Identifier: BSD-3-Clause
"""Ports of type bond: several ports that are one."""

import fcntl
import os
import struct
import subprocess
import threading
import time

import netns
from frames import mac, raw_mac
from process import PATIENCE_S, wait_for
from test_tap import IFF_TAP, TUNSETIFF, TapCase

TYPE_RARP = 0x8035


class Stream:
    """Numbered frames from one interface to another, until it is told to end."""

    def __init__(self, test, space, to_space, source, destination):
        self.address = raw_mac(mac(source))
        self.start_of_frame = raw_mac(mac(destination)) + self.address + b"\x88\xb5"
        self.sender = netns.RawSocket(test, space, "eth0", 0)
        self.receiver = netns.RawSocket(test, to_space, "eth0", 0.2)
        self.sent, self.received, self.running = 0, [], True
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()
        test.addCleanup(self.end)

    def send(self):
        while self.running:
            for _ in range(4):
                self.sender.send(self.start_of_frame + self.sent.to_bytes(4, "big") + bytes(42))
                self.sent += 1
            time.sleep(0.004)

    def receive(self):
        """Until nothing comes any more, from anybody."""
        while True:
            try:
                data = self.receiver.socket.recv(65536)
            except TimeoutError:
                if not self.running:
                    return
                continue
            if data[:14] == self.start_of_frame:
                self.received.append(int.from_bytes(data[14:18], "big"))

    def end(self):
        self.running = False

    def missing(self):
        """How many frames did not arrive, and how many came twice. All streams have ended."""
        for thread in self.threads:
            thread.join(PATIENCE_S)
        return self.sent - len(set(self.received)), len(self.received) - len(set(self.received))


class Bond(TapCase):
    """A container behind one port, and behind a bond of two taps a network: in a namespace of its
    own a Linux bridge with both taps, and a host behind it."""

    def network(self, mode):
        self.host_space, self.fabric, self.a = (self.space(n) for n in ("host", "fabric", "a"))
        self.start_at_home({
            "pa": self.tap(self.a, ifname="eth0", ip="10.99.0.1/24"),
            "m1": self.tap(self.fabric, bridge="none", ifname="m1"),
            "m2": self.tap(self.fabric, bridge="none", ifname="m2"),
            "uplink": {"type": "bond", "bridge": "br0", "members": ["m1", "m2"], "bond_mode": mode}})
        netns.veth(self.fabric, "edge", self.host_space, "eth0")
        self.host_space.address("eth0", "10.99.0.9/24")
        self.fabric.ip("link", "add", "sw", "type", "bridge")
        for name in ("edge", "m1", "m2"):
            self.fabric.ip("link", "set", name, "master", "sw", "up")
        self.fabric.ip("link", "set", "sw", "up")
        wait_for(lambda: self.member("m1")["state"] == self.member("m2")["state"] == "up", "links")

    def bond(self):
        bond, = self.daemon.ctl("bond", "show", "uplink")["bonds"]
        return bond

    def member(self, name):
        member, = (m for m in self.bond()["members"] if m["name"] == name)
        return member

    def active(self):
        return [m["name"] for m in self.bond()["members"] if m["active"]]

    def link(self, name, state):
        self.fabric.ip("link", "set", name, state)

    def test_active_backup(self):
        self.network("active-backup")
        self.assertEqual(self.active(), ["m1"])
        self.assertEqual([self.member(m)["buckets"] for m in ("m1", "m2")], [256, 0])
        self.reaches(self.a, "10.99.0.9")
        # What the network floods comes by both and counts once.
        done = self.a.run("ping", "-c3", "-i0.2", "10.99.0.9")
        self.assertNotIn("DUP", done.stdout)
        self.assertGreater(self.daemon.port("m2")["drops"].get("bond-backup", 0), 0)
        heard = netns.RawSocket(self, self.host_space, "eth0", PATIENCE_S)
        self.link("m1", "down")
        wait_for(lambda: self.active() == ["m2"], "the other member")
        self.reaches(self.a, "10.99.0.9")
        # The network is told by which member the container is reached now.
        address = raw_mac(self.interface(self.a, "eth0")["address"])
        while True:
            data = heard.receive(address)
            if int.from_bytes(data[12:14], "big") == TYPE_RARP:
                break
        self.assertEqual(data[:6], b"\xff" * 6)
        # The first one coming back is no reason for another change.
        self.link("m1", "up")
        wait_for(lambda: self.member("m1")["state"] == "up", "the link")
        self.assertEqual(self.active(), ["m2"])
        self.link("m1", "down")
        self.link("m2", "down")
        wait_for(lambda: self.bond()["state"] == "down", "the bond to be down")
        self.a.run("ping", "-c1", "-W1", "10.99.0.9")
        self.assertGreater(self.daemon.port("uplink")["drops"]["port-down"], 0)
        self.link("m1", "up")
        self.reaches(self.a, "10.99.0.9")

    def streams(self):
        """Both ways, once the switches on the way know where the ends are. The kernel keeps what
        comes while no core runs the switch, as far as queues go."""
        for space, name in ((self.a, "eth0"), (self.fabric, "m1"), (self.fabric, "m2")):
            space.ip("link", "set", name, "txqueuelen", "10000")
        for space in (self.a, self.host_space):
            space.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        ends = (self.a, self.host_space, 0xA1, 0xA2), (self.host_space, self.a, 0xA2, 0xA1)
        for space, _, source, destination in ends:
            netns.RawSocket(self, space, "eth0", 0).send(
                raw_mac(mac(destination)) + raw_mac(mac(source)) + b"\x88\xb5" + bytes(46))
        wait_for(lambda: {e["mac"]: e["port"] for e in self.daemon.ctl("fdb", "show")["entries"]}.items()
                 >= {mac(0xA1): "pa", mac(0xA2): "uplink"}.items(), "addresses to be learned")
        return [Stream(self, *end) for end in ends]

    def assert_whole(self, streams):
        for stream in streams:
            wait_for(lambda stream=stream: stream.sent > 50, "some frames")
            stream.end()
        for stream in streams:
            self.assertEqual(stream.missing(), (0, 0), f"of {stream.sent}")

    def test_set_active(self):
        """Frames go by the other member from one moment to the next, and none is lost or doubled."""
        self.network("active-backup")
        self.reaches(self.a, "10.99.0.9")
        streams = self.streams()
        for name in ("m2", "m1", "m2", "m2", "m1", "m2"):
            bond, = self.daemon.ctl("bond", "set-active", "uplink", name)["bonds"]
            self.assertEqual([m["name"] for m in bond["members"] if m["active"]], [name])
            time.sleep(0.1)
        self.assert_whole(streams)
        self.assertIn("10.99.0.9", self.a.run("ping", "-c1", "10.99.0.9").stdout)
        # Who is chosen carries until it is down.
        self.link("m2", "down")
        wait_for(lambda: self.active() == ["m1"], "the other member")
        for words, said in (
                (("uplink", "m2"), "m2 is down"),
                (("uplink", "pa"), "pa is no member of uplink: crossdockctl bond show uplink"),
                (("pa", "m1"), "there is no bond named pa"),
                (("nobody", "m1"), "there is no bond named nobody")):
            self.assertIn(said, self.daemon.refused("bond", "set-active", *words))
        self.daemon.ctl("port", "set", "uplink", "bond_mode=balance")
        self.assertIn("bond_mode", self.daemon.refused("bond", "set-active", "uplink", "m1"))

    def test_changes_leave_others_alone(self):
        """Keys and members of a bond under numbered streams."""
        self.network("active-backup")
        self.reaches(self.a, "10.99.0.9")
        number = self.daemon.port("uplink")["index"]
        streams = self.streams()
        # The network has to know another way before the member that carries is taken out.
        for words in (("port", "set", "uplink", "members=m2,m1"), ("port", "set", "uplink", "members=m1"),
                      ("port", "set", "uplink", "members=m1,m2"), ("port", "set", "uplink", "lacp_rate=fast"),
                      ("bond", "set-active", "uplink", "m2"), ("port", "set", "uplink", "members=m2"),
                      ("port", "set", "uplink", "members=m2,m1")):
            self.daemon.ctl(*words)
            time.sleep(0.05)
        self.daemon.ctl("port", "rename", "m2", "second")
        self.assertEqual(self.active(), ["second"])
        self.assert_whole(streams)
        self.assertEqual(self.daemon.port("uplink")["index"], number)
        # The one that carries is made anew: the other does it meanwhile.
        stream = Stream(self, self.a, self.host_space, 0xA1, 0xA2)
        self.daemon.ctl("port", "set", "second", "queues=2")
        self.assertEqual(self.active(), ["m1"])
        self.assert_whole([stream])

    def test_balance(self):
        """Behind both links is one aggregation: here a program that has both ends."""
        self.host_space, self.fabric, self.a = (self.space(n) for n in ("host", "fabric", "a"))
        self.start_at_home({
            "pa": self.tap(self.a, ifname="eth0"),
            "m1": self.tap(self.fabric, bridge="none", ifname="m1"),
            "m2": self.tap(self.fabric, bridge="none", ifname="m2"),
            "uplink": {"type": "bond", "bridge": "br0", "members": ["m1", "m2"],
                   "bond_mode": "balance"}})
        for space in (self.fabric, self.a):
            space.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        wait_for(lambda: len(self.active()) == 2, "both members")
        self.assertEqual([self.member(m)["buckets"] for m in ("m1", "m2")], [128, 128])
        sender = netns.RawSocket(self, self.a, "eth0", PATIENCE_S)
        heard = {name: netns.RawSocket(self, self.fabric, name, 0.5) for name in ("m1", "m2")}
        by_flow = self.send_flows(sender, heard)
        used = {name for names in by_flow.values() for name in names}
        self.assertEqual(used, {"m1", "m2"})
        for flow, names in by_flow.items():
            self.assertEqual(len(set(names)), 1, f"flow {flow} went by {names}")
        # With one link down its flows take the other; those of the other stay.
        self.link("m1", "down")
        wait_for(lambda: self.active() == ["m2"], "the other member")
        del heard["m1"]
        after = self.send_flows(sender, heard)
        self.assertEqual(after.keys(), by_flow.keys())

    def send_flows(self, sender, heard):
        """32 flows of 3 datagrams; the interfaces that each one's came by."""
        for _ in range(3):
            for flow in range(32):
                sender.send(self.datagram(flow))
        wait_for(lambda: sum(int(self.daemon.port(n)["tx_frames"]) for n in ("m1", "m2")) >= 96,
                 "frames to go out")
        by_flow = {}
        for name, one in heard.items():
            while True:
                try:
                    data = one.receive(raw_mac(mac(0xA)))
                except (TimeoutError, AssertionError):
                    break
                by_flow.setdefault(int.from_bytes(data[34:36], "big"), []).append(name)
        return by_flow

    def datagram(self, flow):
        ip = bytes.fromhex("4500002e0000400040110000" "0a630001" "0a630009")
        udp = (1000 + flow).to_bytes(2, "big") + (9).to_bytes(2, "big") + bytes([0, 26, 0, 0])
        return raw_mac(mac(0xB)) + raw_mac(mac(0xA)) + b"\x08\x00" + ip + udp + bytes(18)

    def test_members_change_while_frames_pass(self):
        self.network("active-backup")
        self.reaches(self.a, "10.99.0.9")
        pinging = subprocess.Popen(self.a.command("ping", "-i0.01", "-c150", "10.99.0.9"),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(pinging.stdout.close)
        self.addCleanup(pinging.kill)
        self.daemon.ctl("port", "set", "uplink", "members=m2,m1")
        self.daemon.ctl("port", "set", "uplink", "members=m1")
        self.daemon.ctl("port", "del", "m2")
        self.daemon.ctl("port", "add", "m3", "type=tap", "bridge=none", "ifname=m3",
                        f"netns={self.fabric.name}")
        self.daemon.ctl("port", "set", "uplink", "members=m1,m3")
        self.daemon.ctl("port", "set", "uplink", "members=m1")
        self.daemon.ctl("port", "rename", "m1", "first")
        self.assertEqual([m["name"] for m in self.bond()["members"]], ["first"])
        pinging.wait(timeout=PATIENCE_S)
        self.reaches(self.a, "10.99.0.9")

    # ---- LACP ----

    def agree(self, **keys):
        """Two bonds in one switch, each in a bridge of its own, and between them two cables: a bridge
        of the kernel's passes no LACP on, so that they are pairs of taps that a program joins."""
        self.a, self.b, self.cables = (self.space(n) for n in ("a", "b", "cables"))
        names = ("a1", "a2", "b1", "b2")
        self.start_at_home({
            "pa": self.tap(self.a, ifname="eth0", ip="10.99.0.1/24"),
            "pb": self.tap(self.b, bridge="br1", ifname="eth0", ip="10.99.0.2/24"),
            **{name: self.tap(self.cables, bridge="none", ifname=name) for name in names},
            "uplink": {"type": "bond", "bridge": "br0", "members": ["a1", "a2"],
                       "bond_mode": "lacp", "lacp_rate": "fast"},
            "other": {"type": "bond", "bridge": "br1", "members": ["b1", "b2"],
                      "bond_mode": "lacp", "lacp_rate": "fast", **keys}}, bridges=("br0", "br1"))
        self.cables.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        self.wires = [netns.Wire(self, self.cables, f"a{n}", f"b{n}") for n in (1, 2)]

    def lacp(self, name):
        return self.member(name)["lacp"]

    def test_lacp(self):
        self.agree()
        wait_for(lambda: self.active() == ["a1", "a2"], "both members to carry")
        self.reaches(self.a, "10.99.0.2")
        one, two = self.lacp("a1"), self.lacp("a2")
        self.assertEqual((one["status"], one["attached"]), ("current", True))
        self.assertEqual(one["partner"]["system_id"], two["partner"]["system_id"])
        self.assertNotEqual(one["partner"]["system_id"], one["actor"]["system_id"])
        self.assertEqual([x["partner"]["port_id"] for x in (one, two)], [1, 2])
        self.assertEqual(one["actor"]["state"], ["activity", "timeout", "aggregation",
                                                 "synchronized", "collecting", "distributing"])
        self.assertEqual([self.member(m)["buckets"] for m in ("a1", "a2")], [128, 128])
        self.assertEqual(self.daemon.port("a1")["drops"].get("reserved-address", 0), 0)
        # Other settings, and fewer members: what was agreed on with the others still holds.
        for words, stay in (("lacp_rate=slow", ["a1", "a2"]), ("lacp_fallback=active-backup", ["a1", "a2"]),
                            ("members=a2", ["a2"]), ("lacp_rate=fast", ["a2"])):
            self.daemon.ctl("port", "set", "uplink", words)
            self.assertEqual(self.active(), stay)
        self.daemon.ctl("port", "set", "uplink", "members=a2,a1", "lacp_fallback=none")
        self.assertEqual(self.active(), ["a2"])
        wait_for(lambda: self.active() == ["a2", "a1"], "the one that was added")
        self.assertEqual([self.lacp(m)["partner"]["port_id"] for m in ("a1", "a2")], [1, 2])
        # A cable that carries nothing any more, and says nothing of it.
        self.wires[0].cut()
        wait_for(lambda: self.active() == ["a2"], "the other member")
        self.assertEqual(self.member("a1")["state"], "up")
        self.reaches(self.a, "10.99.0.2")
        wait_for(lambda: self.lacp("a1")["status"] == "defaulted", "the partner to be forgotten")

    def test_lacp_alone(self):
        """Nobody at the other end speaks LACP: the bond is down, or an active-backup one."""
        self.agree(lacp_fallback="active-backup")
        for wire in self.wires:
            wire.cut()
        wait_for(lambda: self.daemon.port("other")["state"] == "up", "the fallback")
        self.assertEqual(self.bond()["state"], "down")
        other, = self.daemon.ctl("bond", "show", "other")["bonds"]
        self.assertEqual([m["active"] for m in other["members"]], [True, False])

    def test_a_flood_of_lacp_costs_its_member_alone(self):
        self.agree()
        wait_for(lambda: self.active() == ["a1", "a2"], "both members to carry")
        sender = netns.RawSocket(self, self.cables, "a1", 0)
        pdu = bytes.fromhex("0180c2000002" "020000000009" "8809" "0101") + bytes(108)
        for _ in range(500):
            sender.send(pdu)
        drops = lambda: self.daemon.port("a1")["drops"].get("slow-flood", 0)
        wait_for(lambda: drops() > 100, "frames over the limit to be dropped")
        self.assertLess(self.lacp("a1")["bad_pdus"], 400)
        self.assertIn("a2", self.active())
        self.assertEqual(self.lacp("a2")["bad_pdus"], 0)

    def test_speeds(self):
        """Of interfaces that say one: a tap's is what somebody says it is."""
        self.fabric = self.space("fabric")
        names = ("m1", "m2")
        for name in names:
            with self.fabric:
                tun = os.open("/dev/net/tun", os.O_RDWR)
            self.addCleanup(os.close, tun)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP))
            self.fabric.run("ethtool", "-s", name, "speed", "1000")
            self.link(name, "up")
        self.start_at_home({
            **{name: {"type": "af_xdp", "bridge": "none", "ifname": name, "netns": self.fabric.name}
               for name in names},
            "uplink": {"type": "bond", "bridge": "br0", "members": list(names), "bond_mode": "balance"}})
        wait_for(lambda: self.active() == ["m1", "m2"], "both members")
        self.assertEqual([self.member(name)["speed_mbps"] for name in names], [1000, 1000])
        self.assertNotIn("each carries as many", self.daemon.log.read_text())
        self.link("m2", "down")
        self.fabric.run("ethtool", "-s", "m2", "speed", "100")
        wait_for(lambda: self.active() == ["m1"], "the other member")
        self.link("m2", "up")
        wait_for(lambda: self.active() == ["m1", "m2"], "both members")
        self.assertEqual(self.daemon.log.read_text().count(
            "uplink: member m2 runs at 100 Mbit/s and m1 at 1000: each carries as many flows"), 1)
        # One that is there stays; none is made so.
        self.daemon.ctl("port", "set", "uplink", "members=m2,m1")
        self.daemon.ctl("port", "set", "uplink", "members=m1")
        self.assertIn("m1 runs at 1000 Mbit/s and m2 at 100: they must be the same",
                      self.daemon.refused("port", "set", "uplink", "members=m1,m2"))

    def test_refused(self):
        self.network("active-backup")
        for words, said in (
                (("port", "add", "x", "type=bond", "bridge=br0"), "members: is missing"),
                (("port", "add", "x", "type=bond", "bridge=br0", "members=nic7"),
                 'there is no port "nic7"'),
                (("port", "add", "x", "type=bond", "bridge=br0", "members=m1"),
                 "m1 is a member of uplink already"),
                (("port", "add", "x", "type=bond", "bridge=br0", "members=pa"),
                 "ports.pa.bridge"),
                (("port", "add", "x", "type=bond", "bridge=br0", "members=uplink"),
                 "cannot be a member"),
                (("port", "set", "m1", "mtu=9000"), "of uplink, of which it is a member"),
                (("port", "set", "m1", "vlan=10"), "ports.m1.vlan"),
                (("port", "set", "m1", "bridge=br0"), "ports.m1.bridge"),
                (("port", "del", "m1"), "among the members of uplink"),
                (("port", "set", "m1", "mac_limit=7"), "ports.m1.mac_limit: must be 0"),
                (("port", "set", "m1", "police_in_pps=7"), "ports.m1.police_in_pps: must be none"),
                (("port", "add", "x", "type=tap"), "ports.x.bridge: is missing"),
                (("bridge", "add", "none"), "no bridge can have this name"),
                (("bond", "show", "pa"), "there is no bond named pa")):
            with self.subTest(words):
                self.assertIn(said, self.daemon.refused(*words))
