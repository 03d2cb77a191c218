# SPDX-License-Identifier: BSD-3-Clause
"""Mirrors: copies of what enters and leaves a bridge, and what a port that they leave by is to others."""

from frames import BROADCAST, frame, mac, tagged
from guest import SwitchCase
from process import wait_for
from test_tap import TapCase

A, B = mac(0xA), mac(0xB)


class MirrorCase(SwitchCase):
    def add(self, *keys, name="m1"):
        self.daemon.ctl("mirror", "add", name, "bridge=br0", *keys)

    def mirror(self, name="m1"):
        one, = self.daemon.ctl("mirror", "show", name)["mirrors"]
        return one

    def seen(self, sender, *frames):
        """Port to the frames that come to it when sender sends these."""
        return self.comes(self.at, sender, *frames)

    def check(self, sender, data, **want):
        """want: port to the frames that it is to get when sender sends data."""
        self.assertEqual(self.seen(sender, data), want)


class Mirror(MirrorCase):
    def connect(self, ports):
        self.start(ports)
        self.at = dict(zip(ports, self.guests(*ports)))

    def test_all(self):
        self.connect(dict.fromkeys(("a", "b", "span"), {}))
        self.learn(self.at["a"], A)
        self.learn(self.at["b"], B)
        self.seen("a")
        self.add("select_all=yes", "output_port=span")
        # Once, though it enters and leaves by ports that are selected; of every length.
        for size in (60, 128, 129, 600, 1514):
            data = frame(B, A, size=size)
            self.check("a", data, b=[data], span=[data])
        data = frame(BROADCAST, A, size=300)
        self.check("a", data, b=[data], span=[data])
        # To nowhere: it entered all the same.
        data = frame(A, mac(0xC))
        self.check("a", data, span=[data])
        shown = self.mirror()
        self.assertEqual((shown["tx_frames"], shown["dropped"]), (7, 0))
        self.assertEqual(shown["tx_bytes"], 60 + 128 + 129 + 600 + 1514 + 300 + 60)
        self.assertEqual(self.daemon.port("span")["tx_frames"], 7 + 2)
        # Nothing else comes to the port, nor in by it.
        self.check("span", frame(BROADCAST, mac(0xD)))
        self.assertEqual(self.drops("span"), {"mirror-output": 1})
        self.assertNotIn((mac(0xD), 0), self.daemon.fdb())
        self.daemon.ctl("mirror", "del", "m1")
        data = frame(BROADCAST, A)
        self.check("a", data, b=[data], span=[data])
        data = frame(BROADCAST, mac(0xD))
        self.check("span", data, a=[data], b=[data])

    def test_what_was_learned_behind_the_output_port(self):
        self.connect(dict.fromkeys(("a", "b", "span"), {}))
        self.learn(self.at["span"], mac(0xD))
        self.seen("span")
        self.add("select_src_port=b", "output_port=span")
        data = frame(mac(0xD), A)
        self.check("a", data, b=[data])

    def test_directions(self):
        self.connect(dict.fromkeys(("a", "b", "c", "in", "out"), {}))
        self.add("select_src_port=a", "output_port=in")
        self.add("select_dst_port=b", "output_port=out", name="m2")
        data = frame(BROADCAST, A)
        self.check("a", data, b=[data], c=[data], **{"in": [data], "out": [data]})
        data = frame(BROADCAST, B)
        self.check("b", data, a=[data], c=[data])
        data = frame(A, mac(0xC))
        self.check("c", data, a=[data])
        data = frame(B, mac(0xC))
        self.check("c", data, b=[data], out=[data])
        self.daemon.ctl("mirror", "set", "m2", "output_port=in")
        data = frame(B, A)
        self.check("a", data, b=[data], **{"in": [data]})
        self.assertEqual([self.mirror(m)["tx_frames"] for m in ("m1", "m2")], [2, 2])

    def test_vlans(self):
        self.connect({"acc10": {"vlan": 10}, "acc20": {"vlan": 20}, "trunk": {}, "span": {},
                      "plain": {"vlan": 7}})
        self.add("select_all=yes", "output_port=span")
        data = frame(BROADCAST, A)
        self.check("acc10", data, trunk=[tagged(data, 10)], span=[tagged(data, 10)])
        # With the priority that it came with, though it left without a tag.
        was = tagged(data, 10, pcp=5)
        self.check("trunk", was, acc10=[data], span=[was])
        self.check("trunk", data, span=[data])
        self.daemon.ctl("mirror", "set", "m1", "select_vlan=20")
        self.check("acc10", data, trunk=[tagged(data, 10)])
        data = frame(BROADCAST, B, size=700)
        self.check("acc20", data, trunk=[tagged(data, 20)], span=[tagged(data, 20)])
        self.daemon.ctl("mirror", "set", "m1", "output_port=plain")
        self.check("acc20", data, trunk=[tagged(data, 20)], span=[tagged(data, 20)], plain=[data])

    def test_output_vlan(self):
        self.connect({"acc10": {"vlan": 10}, "trunk": {"vlans": [10, 100]},
                      "watcher": {"vlan": 100}, "other": {"vlan": 20}})
        self.add("select_all=yes", "output_vlan=100")
        data = frame(BROADCAST, A, size=300)
        self.check("acc10", data, trunk=[tagged(data, 10), tagged(data, 100)], watcher=[data])
        # A copy that another switch made: flooded, not copied again, its source not learned.
        before = self.mirror()["tx_frames"]
        came = tagged(frame(BROADCAST, B), 100)
        self.check("trunk", came, watcher=[frame(BROADCAST, B)])
        self.assertEqual(self.mirror()["tx_frames"], before)
        self.assertNotIn((B, 100), self.daemon.fdb())
        self.assertIn((A, 10), self.daemon.fdb())

    def test_after_one_that_changed_the_tags(self):
        self.connect({"a": {"vlans": [0]}, "b": {"vlans": [0]}, "far": {"vlans": [100]}, "span": {}})
        self.add("select_all=yes", "output_vlan=100")
        self.add("select_all=yes", "output_port=span", name="m2")
        data = frame(BROADCAST, A, size=300)
        self.check("a", data, b=[data], far=[tagged(data, 100)], span=[data])
        self.daemon.ctl("mirror", "del", "m1")
        self.check("a", data, b=[data], span=[data])

    def test_snaplen(self):
        self.connect(dict.fromkeys(("a", "b", "short", "long"), {}))
        self.add("select_src_port=a", "output_port=short", "snaplen=64")
        self.add("select_src_port=a", "output_port=long", "snaplen=1000", name="m2")
        for size in (60, 64, 65, 500, 1000, 1001, 1514):
            data = frame(BROADCAST, A, size=size)
            self.check("a", data, b=[data], short=[data[:64]], long=[data[:1000]])

    def test_a_full_port_delays_nobody(self):
        self.start({"a": {}, "b": {}, "span": {"full": "wait", "wait_us": 1000000}})
        a, b, _ = self.guests("a", "b", "span")
        self.learn(b, B)
        self.add("select_all=yes", "output_port=span")
        data = frame(B, A)
        for _ in range(100):
            for _ in range(8):
                a.tx(data)
            self.assertEqual(self.settle(a, b), [[data] * 8])
        shown = self.mirror()
        self.assertEqual(shown["tx_frames"] + shown["dropped"], 900)
        self.assertGreater(shown["dropped"], 100)
        self.assertEqual(self.daemon.port("a")["waits"], 0)
        self.assertEqual(self.daemon.drops("span"), {})

    def test_one_of_another_bridge_and_other_mistakes(self):
        self.start({"a": {}, "b": {}, "span": {}, "else": {"bridge": "br1"}},
                   bridges=("br0", "br1"))
        self.add("select_all=yes", "output_port=span")
        for words, said in (
                (("add", "x", "bridge=br0", "select_all=yes"), "mirrors.x.output_port: is missing"),
                (("add", "x", "bridge=br0", "output_port=b", "output_vlan=5"),
                 "mirrors.x.output_vlan: must be none"),
                (("add", "x", "bridge=br0", "output_port=else"), "they must be the same"),
                (("add", "x", "bridge=br0", "output_port=b", "select_src_port=else"),
                 "mirrors.x.select_src_port: else has bridge br1"),
                (("add", "x", "bridge=br0", "output_port=b", "select_dst_port=span"),
                 "span is the output_port of m1"),
                (("add", "x", "bridge=br7", "output_port=b"), 'there is no bridge "br7"'),
                (("add", "x", "bridge=br0", "output_port=spam"), "did you mean span?"),
                (("add", "x", "bridge=br0", "output_vlan=4095"), "must be 1 to 4094"),
                (("set", "m1", "snaplen=5"), "must be 14 to 65535"),
                (("show", "m7"), 'm7')):
            with self.subTest(words):
                self.assertIn(said, self.daemon.refused("mirror", *words))
        self.assertIn("mirrors, such as m1", self.daemon.refused("port", "del", "span"))
        self.assertIn("has", self.daemon.refused("bridge", "del", "br0"))
        self.daemon.ctl("port", "rename", "span", "span0")
        self.assertEqual(self.mirror()["output_port"], "span0")


class MirrorToHost(TapCase, MirrorCase):
    def test_tcp_as_tcpdump_sees_it(self):
        """Segments of 64 KiB, whose checksums are not finished, pass the ports and come to the mirror's
        as that takes them."""
        self.containers()
        watcher = self.space("watcher")
        self.daemon.ctl("port", "add", "span", "type=tap", "bridge=br0", f"netns={watcher.name}",
                        "ifname=eth0")
        self.add("select_src_port=pa", "output_port=span")
        self.reaches(self.a, "10.99.0.2")
        seen = self.tcpdump(watcher, "-v", "tcp", "and", "dst", "host", "10.99.0.2")
        self.iperf3(self.a, self.b, "10.99.0.2", size="5M")
        wait_for(lambda: self.mirror()["tx_bytes"] > self.daemon.port("pa")["rx_bytes"] - 2000,
                 "the mirror")
        self.assertGreater(self.mirror()["tx_bytes"], 1 << 20)
        self.assertIn("10.99.0.1.", "".join(seen.readline() for _ in range(4)))
        self.assertEqual(self.mirror()["dropped"], 0)
        self.assertEqual(set(self.daemon.drops("span")) - {"mirror-output"}, set())
