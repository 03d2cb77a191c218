# SPDX-License-Identifier: BSD-3-Clause
"""Ports of type tap: the kernel's interfaces, of the host itself and of containers."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess

import netns
from daemon import config_text
from frames import BROADCAST, frame, mac, raw_mac
from hosts import HostCase
from process import PATIENCE_S, wait_for

PACKET_VNET_HDR = 15
TUNSETIFF, IFF_TAP, IFF_MULTI_QUEUE = 0x400454CA, 0x1002, 0x100
GSO_TCPV4 = 1


class TapCase(HostCase):
    def space(self, name):
        return netns.Namespace(self, name)

    def tap(self, space=None, **keys):
        keys = {"type": "tap", "bridge": "br0", **keys}
        return {**keys, "netns": space.name} if space else keys

    def containers(self, **keys):
        """Two, each with an eth0 on a port of its own."""
        self.a, self.b = self.space("a"), self.space("b")
        self.start_at_home({
            "pa": self.tap(self.a, ifname="eth0", ip=["10.99.0.1/24", "fd99::1/64"], **keys),
            "pb": self.tap(self.b, ifname="eth0", ip="10.99.0.2/24,fd99::2/64", **keys)})

    def reaches(self, space, address):
        wait_for(lambda: space.run("ping", "-c1", "-W1", address).returncode == 0, "a reply")

    def interface(self, space, name):
        """What `ip` says of it; None: it is not there."""
        done = space.run("ip", "-j", "addr", "show", "dev", name)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def addresses(self, space, name):
        return {f"{one['local']}/{one['prefixlen']}" for one in
                self.interface(space, name)["addr_info"] if one["scope"] != "link"}

    def fact(self, name, key):
        return self.daemon.port(name)["driver"].get(key, "")

    def passes(self, vm1, space, interface="eth0"):
        """A frame from the guest to the container, and one back."""
        space.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        heard = netns.RawSocket(self, space, interface, PATIENCE_S)
        data = frame(BROADCAST, mac(0xA), size=100)
        vm1.tx(data)
        self.assertEqual(heard.receive(raw_mac(mac(0xA))), data)
        vm1.drain()
        data = frame(BROADCAST, mac(0xB), size=100)
        heard.send(data)
        vm1.rx_until(data)


class Traffic(TapCase):
    def test_ping(self):
        self.containers()
        self.reaches(self.a, "10.99.0.2")
        for size in (0, 56, 1472, 4000):
            self.ping(self.a, "10.99.0.2", size)
        self.reaches(self.a, "fd99::2")
        self.ping(self.b, "fd99::1", 1452)
        self.assertEqual(self.daemon.drops("pa"), {})
        self.assertEqual(self.daemon.drops("pb"), {})

    def test_tcp_passes_unsegmented(self):
        self.containers()
        for address in ("10.99.0.2", "fd99::2"):
            self.reaches(self.a, address)
            before = self.daemon.port("pb")
            self.iperf3(self.a, self.b, address)
            after = self.daemon.port("pb")
            length = ((after["tx_bytes"] - before["tx_bytes"]) /
                      (after["tx_frames"] - before["tx_frames"]))
            self.assertGreater(length, 3000)
            self.assertEqual(after["software_segmented"], 0)
            self.assertEqual(after["software_checksums"], 0)
        self.assertEqual(self.daemon.drops("pb"), {})

    def test_udp(self):
        self.containers()
        self.reaches(self.a, "10.99.0.2")
        end = self.iperf3(self.a, self.b, "10.99.0.2", "-u", "-b", "200M", size="5M")
        self.assertGreater(end["sum"]["packets"], 0)

    def listens(self, space, port, *command):
        """A server of a tool's, until the test ends."""
        server = subprocess.Popen(space.command(*command), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for(lambda: f":{port} " in space.run("ss", "-ltnu").stdout, f"{command[0]} to listen")

    def test_tools(self):
        """What people measure networks with, between two containers: each has its answer."""
        self.containers()
        self.reaches(self.a, "10.99.0.2")
        self.listens(self.b, 19765, "qperf")
        self.listens(self.b, 11111, "sockperf", "server", "-i", "10.99.0.2", "-p", "11111")
        said = self.a.run("qperf", "10.99.0.2", "-t", "1", "tcp_lat", "udp_lat").stdout
        for test in ("tcp_lat", "udp_lat"):
            self.assertRegex(said, f"{test}:\\n +latency +=")
        said = self.a.run("sockperf", "ping-pong", "-i", "10.99.0.2", "-p", "11111", "-t", "1").stdout
        self.assertIn("# dropped messages = 0; # duplicated messages = 0; # out-of-order messages = 0", said)
        hub, = json.loads(self.a.run("mtr", "--json", "-n", "-c", "5", "-i", "0.1", "-G", "1",
                                     "10.99.0.2").stdout)["report"]["hubs"]
        self.assertEqual((hub["host"], hub["Snt"], hub["Loss%"]), ("10.99.0.2", 5, 0))
        for name in ("pa", "pb"):
            self.assertEqual(self.daemon.drops(name), {})

    def test_jumbo_frames(self):
        self.containers(mtu=9000)
        self.reaches(self.a, "10.99.0.2")
        self.ping(self.a, "10.99.0.2", 8972, count=3, options=("-M", "do"))
        self.iperf3(self.a, self.b, "10.99.0.2")

    def test_a_frame_longer_than_the_receivers_mtu(self):
        a, b = self.space("a"), self.space("b")
        self.start_at_home({"pa": self.tap(a, ip="10.99.0.1/24", mtu=9000),
                            "pb": self.tap(b, ip="10.99.0.2/24")})
        self.reaches(a, "10.99.0.2")
        a.run("ping", "-c2", "-i0.2", "-W1", "-M", "do", "-s", "4000", "10.99.0.2")
        wait_for(lambda: self.daemon.drops("pb").get("over-mtu"), "frames to be dropped")

    def test_others_see_nothing(self):
        self.containers()
        c = self.space("c")
        self.daemon.ctl("port", "add", "pc", "type=tap", "bridge=br0", f"netns={c.name}",
                        "ifname=eth0", "ip=10.99.0.3/24")
        self.reaches(self.a, "10.99.0.2")
        self.reaches(c, "10.99.0.2")
        seen = self.tcpdump(c, "host", "10.99.0.1", "or", "udp port 7")
        self.ping(self.a, "10.99.0.2")
        self.iperf3(self.a, self.b, "10.99.0.2")
        # A broadcast of the end: all that it may see.
        with self.b, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            while True:
                out.sendto(b"end", ("10.99.0.255", 7))
                line = seen.readline()
                if "ARP" not in line:
                    break
        self.assertIn("10.99.0.255.7: UDP", line)

    def test_several_queues(self):
        self.containers(queues=4)
        self.reaches(self.a, "10.99.0.2")
        self.iperf3(self.a, self.b, "10.99.0.2", "-P", "8")
        self.assertEqual(self.fact("pa", "queues"), "4")
        self.ping(self.b, "10.99.0.1")

    def test_several_workers(self):
        """Each has queues of both ports, and sends by all."""
        cores = sorted(os.sched_getaffinity(0))[:2]
        if len(cores) < 2:
            self.skipTest("needs two cores")
        self.a, self.b = self.space("a"), self.space("b")
        self.start_at_home({"pa": self.tap(self.a, ifname="eth0", ip="10.99.0.1/24", queues=3),
                            "pb": self.tap(self.b, ifname="eth0", ip="10.99.0.2/24", queues=2)},
                           cores=cores)
        self.reaches(self.a, "10.99.0.2")
        self.iperf3(self.a, self.b, "10.99.0.2", "-P", "8")
        self.iperf3(self.b, self.a, "10.99.0.1", "-P", "8")
        # A worker goes, and its queues go on with the other.
        file = self.directory / "fewer.yaml"
        file.write_text(self.daemon.config.read_text().replace(f"[{cores[0]}, ", "["))
        self.daemon.ctl("config", "apply", file)
        self.assertEqual(len(self.daemon.ctl("worker", "show")["workers"]), 1)
        self.iperf3(self.a, self.b, "10.99.0.2", "-P", "8")

    def test_vlans(self):
        a, b = self.space("a"), self.space("b")
        self.start_at_home({"pa": self.tap(a, ifname="eth0", vlans=[10, 20]),
                            "pb": self.tap(b, ifname="eth0", vlan=10),
                            "vm1": {"mode": "server", "vlan": 20}})
        vm1 = self.guest("vm1")
        self.daemon.wait_up()
        trunk = netns.RawSocket(self, a, "eth0", PATIENCE_S)
        access = netns.RawSocket(self, b, "eth0", PATIENCE_S)
        self.tags_pass(trunk, access, vm1)

    def test_the_hosts_own_interface(self):
        """Of the bridge, in the switch's own namespace, under the port's name."""
        a = self.space("a")
        self.start_at_home({"xdbr0": self.tap(ip="10.99.0.1/24", mac="02:00:00:00:00:99"),
                            "pa": self.tap(a, ip="10.99.0.2/24")})
        self.reaches(self.home, "10.99.0.2")
        self.ping(a, "10.99.0.1", 1472)
        self.assertEqual(self.interface(self.home, "xdbr0")["address"], "02:00:00:00:00:99")
        self.iperf3(a, self.home, "10.99.0.1")
        self.iperf3(self.home, a, "10.99.0.2")

    def test_an_idle_switch_sleeps(self):
        self.containers()
        self.reaches(self.a, "10.99.0.2")
        for _ in range(20):
            wait_for(lambda: all(worker["sleeping"] for worker in
                                 self.daemon.ctl("worker", "show")["workers"]), "sleep")
            self.ping(self.a, "10.99.0.2", count=1)


class Guests(TapCase):
    """Between a container and a virtual machine."""

    def gso_frame(self, payload, gso_size, **header):
        """A TCP segment as the kernel would leave it to its device, behind a virtio-net header."""
        length = 40 + len(payload)
        ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 1, 0, 64, 6, 0,
                                   bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])))
        total = sum(struct.unpack("!10H", ip))
        ip[10:12] = (~((total & 0xFFFF) + (total >> 16)) & 0xFFFF).to_bytes(2, "big")
        pseudo = sum(struct.unpack("!4H", ip[12:20])) + 6 + 20 + len(payload)
        pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
        tcp = struct.pack("!HHIIBBHHH", 1, 2, 1000, 0, 0x50, 0x10, 100, pseudo, 0)
        fields = {"flags": 1, "gso_type": GSO_TCPV4, "hdr_len": 54, "gso_size": gso_size,
                  "csum_start": 34, "csum_offset": 16, **header}
        return (struct.pack("<BBHHHH", *fields.values()) + raw_mac(BROADCAST) +
                raw_mac(mac(0xB)) + b"\x08\x00" + bytes(ip) + tcp + payload)

    def sender(self, space):
        """Frames with a virtio-net header, as whoever owns a container can send them."""
        with space:
            out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.addCleanup(out.close)
        out.bind(("eth0", 0))
        out.setsockopt(263, PACKET_VNET_HDR, 1)
        return out

    def test_both_ways(self):
        a = self.space("a")
        self.start_at_home({"vm1": {"mode": "server"}, "pa": self.tap(a, ifname="eth0")})
        vm1 = self.guest("vm1")
        self.daemon.wait_up()
        self.passes(vm1, a)

    def test_segmented_for_a_guest_that_takes_none(self):
        a = self.space("a")
        self.start_at_home({"vm1": {"mode": "server"}, "pa": self.tap(a, ifname="eth0")})
        vm1 = self.guest("vm1")
        self.daemon.wait_up()
        payload = bytes(i * 7 & 0xFF for i in range(5000))
        self.sender(a).send(self.gso_frame(payload, 1400))
        got = b""
        while len(got) < len(payload):
            data = vm1.rx()
            self.assertIsNotNone(data, f"{len(got)} bytes came")
            if data[6:12] == raw_mac(mac(0xB)):
                self.assertLessEqual(len(data), 54 + 1400)
                self.assertEqual(int.from_bytes(data[38:42], "big"), 1000 + len(got))
                words = struct.unpack(f"!{(len(data) - 33) // 2}H", data[34:] + bytes(len(data) % 2))
                total = sum(words) + sum(struct.unpack("!4H", data[26:34])) + 6 + len(data) - 34
                self.assertEqual(total % 0xFFFF, 0, "TCP checksum")
                got += data[54:]
        self.assertEqual(got, payload)
        self.assertEqual(self.daemon.port("vm1")["software_segmented"], 1)

    def test_a_slow_guest_loses_nothing(self):
        """Its ring has 16 buffers; frames wait in the kernel's queue, and in order."""
        a = self.space("a")
        self.start_at_home({"vm1": {"mode": "server", "full": "wait", "wait_us": 1000000},
                            "pa": self.tap(a, ifname="eth0")})
        vm1 = self.guest("vm1", size=16)
        self.daemon.wait_up()
        a.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        out = netns.RawSocket(self, a, "eth0", PATIENCE_S)
        vm1.drain()
        before = self.daemon.drops("vm1")
        self.comes_in_order(out, vm1, 300)
        self.assertEqual(self.daemon.drops("vm1"), before)
        self.assertGreater(self.daemon.port("pa")["waits"], 0)

    def test_headers_that_lie(self):
        a = self.space("a")
        self.start_at_home({"vm1": {"mode": "server"}, "pa": self.tap(a, ifname="eth0")})
        vm1 = self.guest("vm1")
        self.daemon.wait_up()
        out, payload = self.sender(a), bytes(3000)
        taken = 0
        for lie in ({"gso_size": 0}, {"gso_size": 1}, {"gso_size": 0xFFFF}, {"gso_type": 4},
                    {"gso_type": 5}, {"gso_type": 3}, {"gso_type": 0x81}, {"gso_type": 0x7F},
                    {"hdr_len": 0}, {"hdr_len": 0xFFFF}, {"csum_start": 0}, {"csum_start": 13},
                    {"csum_start": 0xFFFF}, {"csum_offset": 0xFFFF}, {"csum_offset": 5},
                    {"flags": 0}, {"flags": 2}, {"flags": 0xFF}):
            data = bytearray(self.gso_frame(payload, 1400, **{key: value for key, value in
                                                              lie.items() if key != "gso_size"}))
            if "gso_size" in lie:
                data[4:6] = lie["gso_size"].to_bytes(2, "little")
            for size in (len(data), 10 + 14, 10 + 40, 10 + 54):
                try:
                    out.send(bytes(data[:size]))
                    taken += 1
                except OSError:
                    pass  # the kernel found it out by itself
        self.assertGreater(taken, 0)
        last = frame(BROADCAST, mac(0xE), size=100)
        out.send(bytes(10) + last)
        vm1.rx_until(last)


class Life(TapCase):
    """Interfaces and namespaces that go and come, and settings that change."""

    def start_with_guest(self, **keys):
        self.a = self.space("a")
        self.start_at_home({"vm1": {"mode": "server"},
                            "pa": self.tap(self.a, ifname="eth0", **keys)})
        self.vm1 = self.guest("vm1")
        self.daemon.wait_up("pa")

    def test_a_link_goes_down_and_up(self):
        self.start_with_guest()
        self.passes(self.vm1, self.a)
        self.a.ip("link", "set", "eth0", "down")
        wait_for(lambda: not self.daemon.up("pa"), "pa to be down")
        self.assertEqual(self.fact("pa", "link"), "down")
        before = self.daemon.drops("pa").get("port-down", 0)
        self.vm1.tx(frame(BROADCAST, mac(0xA)))
        wait_for(lambda: self.daemon.drops("pa").get("port-down", 0) > before, "a drop")
        self.a.ip("link", "set", "eth0", "up")
        self.daemon.wait_up("pa")
        self.passes(self.vm1, self.a)

    def test_somebody_flaps_a_link(self):
        self.start_with_guest()
        script = "for i in $(seq 400); do ip link set eth0 down; ip link set eth0 up; done"
        self.assertEqual(self.a.run("sh", "-c", script).returncode, 0)
        self.daemon.wait_up("pa")
        self.passes(self.vm1, self.a)
        lines = [line for line in self.daemon.logged().splitlines() if "interface eth0" in line]
        self.assertLess(len(lines), 60)

    def test_an_interface_is_deleted(self):
        self.start_with_guest(ip="10.99.0.1/24")
        for _ in range(2):
            self.a.ip("link", "del", "eth0")
            wait_for(lambda: not self.daemon.up("pa"), "pa to be down")
            self.daemon.wait_up("pa")
            self.passes(self.vm1, self.a)
            self.assertEqual(self.addresses(self.a, "eth0"), {"10.99.0.1/24"})

    def test_a_namespace_is_deleted(self):
        self.start_with_guest()
        for _ in range(2):
            netns.ip("netns", "del", self.a.name)
            wait_for(lambda: not self.daemon.up("pa"), "pa to be down")
            wait_for(lambda: "ip netns add" in self.fact("pa", "interface"), "advice")
            # Others go on.
            self.daemon.ctl("port", "set", "vm1", "mac_limit=7")
            netns.ip("netns", "add", self.a.name)
            self.daemon.wait_up("pa")
            self.passes(self.vm1, self.a)

    def test_a_namespace_of_the_same_name(self):
        """Deleted and made again before anybody looked."""
        self.start_with_guest()
        script = f"ip netns del {self.a.name}; ip netns add {self.a.name}"
        subprocess.run(["sh", "-c", script], check=True)
        wait_for(lambda: self.interface(self.a, "eth0"), "the interface")
        self.daemon.wait_up("pa")
        self.passes(self.vm1, self.a)

    def test_a_namespace_that_comes_later(self):
        self.a = netns.Namespace(self, "a")
        netns.ip("netns", "del", self.a.name)
        self.start_at_home({"pa": self.tap(self.a, ifname="eth0")})
        self.assertFalse(self.daemon.up("pa"))
        self.assertIn(f"ip netns add {self.a.name}", self.fact("pa", "interface"))
        self.assertIn(f"ip netns add {self.a.name}", self.daemon.logged())
        netns.ip("netns", "add", self.a.name)
        self.daemon.wait_up("pa")
        self.assertIsNotNone(self.interface(self.a, "eth0"))

    def test_an_interface_is_renamed_and_moved(self):
        self.start_with_guest()
        self.a.ip("link", "set", "eth0", "name", "lan0")
        wait_for(lambda: self.fact("pa", "interface") == "lan0", "the new name")
        self.daemon.wait_up("pa")
        self.passes(self.vm1, self.a, "lan0")
        b = self.space("b")
        self.a.ip("link", "set", "lan0", "netns", b.name)
        wait_for(lambda: "was moved" in self.fact("pa", "namespace"), "the move to be seen")
        b.ip("link", "set", "lan0", "up")
        self.passes(self.vm1, b, "lan0")

    def test_settings_change_while_it_is_used(self):
        self.start_with_guest(ip="10.99.0.1/24,10.99.1.1/24")
        index = self.interface(self.a, "eth0")["ifindex"]
        self.a.ip("addr", "add", "10.99.9.9/24", "dev", "eth0")
        self.daemon.ctl("port", "set", "pa", "ip=10.99.1.1/24,fd99::1/64", "mtu=9000",
                        "mac=02:00:00:00:00:77")
        self.assertEqual(self.addresses(self.a, "eth0"),
                         {"10.99.1.1/24", "fd99::1/64", "10.99.9.9/24"})
        now = self.interface(self.a, "eth0")
        self.assertEqual((now["ifindex"], now["mtu"], now["address"]),
                         (index, 9000, "02:00:00:00:00:77"))
        self.passes(self.vm1, self.a)
        self.assertEqual(self.daemon.port("pa")["ip"], ["10.99.1.1/24", "fd99::1/64"])
        self.daemon.ctl("port", "set", "pa", "ip=none")
        self.assertEqual(self.addresses(self.a, "eth0"), {"10.99.9.9/24"})
        self.daemon.ctl("port", "rename", "pa", "px")
        self.assertEqual(self.interface(self.a, "eth0")["ifindex"], index)
        self.daemon.ctl("port", "set", "px", "ifname=lan0")
        self.assertIsNone(self.interface(self.a, "eth0"))
        self.assertIsNotNone(self.interface(self.a, "lan0"))
        self.daemon.ctl("port", "del", "px")
        self.assertIsNone(self.interface(self.a, "lan0"))

    def test_a_persistent_interface_survives(self):
        for queues in (1, 2):
            a = self.space("a")
            self.start_at_home({"pa": self.tap(a, ifname="eth0", persist="yes", queues=queues)})
            self.daemon.wait_up("pa")
            a.ip("addr", "add", "10.99.9.9/24", "dev", "eth0")
            index = self.interface(a, "eth0")["ifindex"]
            for how in (signal.SIGTERM, signal.SIGKILL):
                self.daemon.stop(how)
                self.assertEqual(self.interface(a, "eth0")["ifindex"], index)
                self.daemon.start()
                self.daemon.wait_up("pa")
                self.assertEqual(self.addresses(a, "eth0"), {"10.99.9.9/24"})
            self.daemon.ctl("port", "set", "pa", "persist=no")
            self.daemon.ctl("port", "del", "pa")
            self.assertIsNone(self.interface(a, "eth0"))
            self.daemon.stop()

    def test_nothing_stays_of_others(self):
        self.start_with_guest()
        self.daemon.stop(signal.SIGKILL)
        wait_for(lambda: self.interface(self.a, "eth0") is None, "the interface to go")
        self.daemon.start()
        self.daemon.wait_up("pa")


class Refused(TapCase):
    def refuse(self, *keys):
        said = self.daemon.refused("port", "add", "new", "type=tap", "bridge=br0", *keys)
        self.assertNotIn("new", self.daemon.ports())
        return said

    def test_what_cannot_be(self):
        a = self.space("a")
        self.start_at_home({"pa": self.tap(a, ifname="eth0")})
        for keys, *words in (
                (("ifname=toolongforaninterface",), "ifname"),
                (("ifname=a/b",), "at most 15"),
                (("netns=a/b",), "ip netns"),
                (("ip=10.0.0.1",), "10.0.0.1/24"),
                (("ip=10.0.0.1/24,nonsense",), "nonsense"),
                (("ip=10.0.0.1/24,10.0.0.1/24",), "twice"),
                (("mac=01:00:00:00:00:01",), "02:00:00:00:00:01"),
                (("mtu=65522",), "65521"),
                ((f"netns={a.name}", "ifname=eth0"), "of port pa already"),
                ((f"netns={self.directory}/crossdockd.yaml",), "no network namespace"),
                (("ifname=lo",), "already", "ip link del lo"),
                ((f"netns={a.name}", "ifname=lo"), "already", f"ip -n {a.name} link del lo"),
                (("ifname=lo", "persist=yes"), "no tap")):
            said = self.refuse(*keys)
            for word in words:
                self.assertIn(word, said)
        self.daemon.wait_up("pa")

    def test_a_tap_of_somebody_else(self):
        self.start_at_home({})
        self.home.ip("tuntap", "add", "mode", "tap", "name", "theirs")
        self.assertIn("persist: yes", self.refuse("ifname=theirs"))
        self.assertIn("no tap with several queues",
                      self.refuse("ifname=theirs", "persist=yes", "queues=2"))
        # Nobody has it open: taken over.
        self.daemon.ctl("port", "add", "new", "type=tap", "bridge=br0", "ifname=theirs",
                        "persist=yes")
        self.daemon.wait_up("new")
        self.daemon.ctl("port", "del", "new")
        self.assertIsNotNone(self.interface(self.home, "theirs"))
        for queues, flag in (("1", 0), ("2", IFF_MULTI_QUEUE)):
            name = f"busy{queues}"
            with self.home:
                tun = os.open("/dev/net/tun", os.O_RDWR)
            self.addCleanup(os.close, tun)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | flag))
            said = self.refuse(f"ifname={name}", "persist=yes", f"queues={queues}")
            self.assertIn("in use by another process", said)

    def test_no_permission(self):
        self.start_at_home({})
        self.daemon.stop()
        command = self.daemon.command()
        at = next(i for i, word in enumerate(command) if word.endswith("crossdockd"))
        command[at:at] = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
        for tap, advice in ((self.tap(), "CAP_NET_ADMIN"),
                            (self.tap(self.space("b")), "CAP_SYS_ADMIN")):
            self.daemon.config.write_text(config_text({"p": tap}))
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=PATIENCE_S)
            said = done.stderr + done.stdout
            self.assertNotEqual(done.returncode, 0, said)
            self.assertRegex(said, f"no permission.*{advice}")
