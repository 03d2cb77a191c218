# SPDX-License-Identifier: BSD-3-Clause
"""Ports of type af_xdp: interfaces that are shared with the kernel, here those of veth pairs."""

import contextlib
import json
import signal
import socket
import subprocess

import netns
from daemon import config_text
from frames import BROADCAST, frame, mac, raw_mac, tagged
from hosts import HostCase
from process import PATIENCE_S, wait_for

ETH_P_ALL = 3


class AfXdpCase(HostCase):
    def space(self, name, interface, mtu=1500, queues=1):
        """A namespace whose eth0 is the other end of a veth of the switch's."""
        space = netns.Namespace(self, name)
        self.pair(space, interface, mtu, queues)
        return space

    def pair(self, space, interface, mtu=1500, queues=1):
        wide = ("numrxqueues", queues, "numtxqueues", queues)
        self.home.ip("link", "add", "name", interface, "mtu", mtu, *wide, "type", "veth", "peer",
                     "name", "eth0", "mtu", mtu, *wide, "netns", space.name)
        space.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        for place, name in ((self.home, interface), (space, "eth0")):
            place.ip("link", "set", name, "up")

    @staticmethod
    def xdp(interface, **keys):
        return {"type": "af_xdp", "bridge": "br0", "ifname": interface, **keys}

    def hosts(self, mtu=1500, queues=1, **keys):
        """Two, each behind a port of its own."""
        self.a, self.b = (self.space(name, f"v{name}", mtu, queues) for name in "ab")
        for space, address in ((self.a, "10.99.0.1/24"), (self.b, "10.99.0.2/24")):
            space.ip("addr", "add", address, "dev", "eth0")
        self.start_at_home({f"p{name}": self.xdp(f"v{name}", mtu=mtu, queues=queues, **keys)
                            for name in "ab"})
        self.daemon.wait_up()

    def facts(self, name):
        return self.daemon.port(name)["driver"]

    def figure(self, name, key):
        return int(self.facts(name)[key])

    def raw(self, space, interface="eth0"):
        return netns.RawSocket(self, space, interface, PATIENCE_S)

    def attached(self, interface):
        """Whether `ip` sees an XDP program there; None: there is no such interface."""
        done = self.home.run("ip", "-d", "-j", "link", "show", "dev", interface)
        return "xdp" in json.loads(done.stdout)[0] if done.returncode == 0 else None

    def with_guest(self, **keys):
        self.a = self.space("a", "va")
        self.start_at_home({"vm1": {"mode": "server"}, "pa": self.xdp("va", **keys)})
        self.vm1 = self.guest("vm1")
        self.daemon.wait_up()

    def passes(self, size=100):
        """A frame from the guest to the namespace, and one back."""
        heard, data = self.raw(self.a), frame(BROADCAST, mac(0xA), size=size)
        self.vm1.tx(data)
        self.assertEqual(heard.receive(raw_mac(mac(0xA))).hex(), data.hex())
        self.vm1.drain()
        data = frame(BROADCAST, mac(0xB), size=size)
        heard.send(data)
        self.vm1.rx_until(data)


class Traffic(AfXdpCase):
    def test_ping_and_tcp(self):
        """With the checksums that the namespaces' stacks leave to a device."""
        self.hosts()
        for size in (0, 56, 1472, 4000):
            self.ping(self.a, "10.99.0.2", size, count=2)
        self.iperf3(self.a, self.b, "10.99.0.2", size="20M")
        self.iperf3(self.b, self.a, "10.99.0.1", "-R", size="20M")
        self.iperf3(self.a, self.b, "10.99.0.2", "-u", "-b", "100M", size="1M")
        for name in ("pa", "pb"):
            self.assertEqual(self.daemon.drops(name), {})
            self.assertGreater(self.figure(name, "frames_redirected"), 1000)
            self.assertEqual(self.figure(name, "kernel_refused"), 0)

    def test_generic_mode(self):
        """Nor a driver that runs the program."""
        self.hosts(xdp="generic", need_wakeup="no")
        for space in (self.a, self.b):
            space.run("ethtool", "-K", "eth0", "tso", "off", "gso", "off", "tx", "off")
        self.ping(self.a, "10.99.0.2", 1472, count=2)
        self.iperf3(self.a, self.b, "10.99.0.2", size="20M")
        self.assertIn("generic", self.facts("pa")["xdp"])
        self.assertIn("tso off", self.daemon.logged())

    def test_jumbo_frames(self):
        self.hosts(mtu=9000)
        self.ping(self.a, "10.99.0.2", 8972, count=3, options=("-M", "do"))
        self.iperf3(self.a, self.b, "10.99.0.2", size="20M")
        self.assertEqual(self.facts("pa")["frames_in_pieces"], "yes")
        self.assertEqual(self.daemon.drops("pa"), {})

    def test_several_queues(self):
        self.hosts(queues=2)
        for place, name in ((self.home, "va"), (self.home, "vb"), (self.a, "eth0"),
                            (self.b, "eth0")):
            self.assertIn("2", place.run("ethtool", "-l", name).stdout)
        self.iperf3(self.a, self.b, "10.99.0.2", "-P", "4", size="20M")
        self.assertEqual(self.figure("pa", "frames_without_queue"), 0)

    def test_busy_polling(self):
        self.hosts(busy_poll_us=20)
        self.ping(self.a, "10.99.0.2", count=2)
        self.iperf3(self.a, self.b, "10.99.0.2", size="20M")

    def test_vlans(self):
        a, b = self.space("a", "va"), self.space("b", "vb")
        self.start_at_home({"pa": self.xdp("va", vlans=[10, 20]), "pb": self.xdp("vb", vlan=10),
                            "vm1": {"mode": "server", "vlan": 20}})
        vm1 = self.guest("vm1")
        self.daemon.wait_up()
        trunk, access = self.raw(a), self.raw(b)
        self.tags_pass(trunk, access, vm1)

    def test_others_see_nothing(self):
        self.hosts()
        c = self.space("c", "vc")
        self.daemon.ctl("port", "add", "pc", "type=af_xdp", "bridge=br0", "ifname=vc")
        self.daemon.wait_up()
        seen = self.tcpdump(c, "udp", "or", "tcp")
        self.ping(self.a, "10.99.0.2", count=1)
        self.iperf3(self.a, self.b, "10.99.0.2", size="20M")
        with self.b, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            out.sendto(b"end", ("10.99.0.255", 7))
        self.assertIn("10.99.0.255.7: UDP", seen.readline())

    def test_an_idle_switch_sleeps(self):
        self.hosts()
        for _ in range(10):
            wait_for(lambda: all(worker["sleeping"] for worker in
                                 self.daemon.ctl("worker", "show")["workers"]), "sleep")
            self.ping(self.a, "10.99.0.2", count=1)

    def test_a_guests_segments(self):
        """A slow guest loses nothing; it comes in order."""
        self.a = self.space("a", "va")
        self.start_at_home({"vm1": {"mode": "server", "full": "wait", "wait_us": 1000000},
                            "pa": self.xdp("va")})
        vm1 = self.guest("vm1", size=16)
        self.daemon.wait_up()
        out = self.raw(self.a)
        vm1.drain()
        self.comes_in_order(out, vm1, 200)
        self.assertGreater(self.daemon.port("pa")["waits"], 0)


class Steering(AfXdpCase):
    """What is the switch's, and what stays with the kernel."""

    def heard(self, data, switch):
        """Sends a frame from the namespace: either the guest hears it, or the kernel does."""
        self.kernel.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.kernel.socket.recv(65536)
        self.kernel.socket.settimeout(PATIENCE_S)
        self.vm1.drain()
        self.out.send(data)
        if switch:
            self.vm1.rx_until(data)
        else:
            self.assertEqual(self.kernel.receive(data[6:12]).hex(), data.hex())

    def begin(self, **keys):
        self.with_guest(**keys)
        self.out, self.kernel = self.raw(self.a), self.raw(self.home, "va")
        self.own = json.loads(self.home.ip("-j", "link", "show", "va"))[0]["address"]

    @staticmethod
    def udp(dst, port, proto=17):
        payload = (b"\x45\0\0\x24" + bytes(5) + bytes([proto]) + b"\0\0" + b"\x0a\0\0\1\x0a\0\0\2" +
                   b"\0\1" + port.to_bytes(2, "big") + b"\0\x10\0\0" + bytes(8))
        return raw_mac(dst) + raw_mac(mac(0xC)) + b"\x08\0" + payload + bytes(10)

    @staticmethod
    def arp(target):
        return (raw_mac(BROADCAST) + raw_mac(mac(0xC)) + b"\x08\x06\0\1\x08\0\6\4\0\1" +
                raw_mac(mac(0xC)) + bytes(10) + socket.inet_aton(target) + bytes(18))

    def test_its_own_addresses_are_the_kernels(self):
        self.begin()
        self.home.ip("addr", "add", "10.99.0.9/24", "dev", "va")
        wait_for(lambda: self.figure("pa", "own_addresses") >= 2, "the address to be seen")
        self.heard(frame(self.own, mac(0xB), size=80), switch=False)
        self.heard(frame(mac(0x77), mac(0xB), size=80), switch=True)
        self.heard(frame(BROADCAST, mac(0xB), size=80), switch=True)
        self.heard(self.arp("10.99.0.9"), switch=False)
        self.heard(self.arp("10.99.0.8"), switch=True)
        # The host's own stack answers, beside the switch.
        self.a.ip("addr", "add", "10.99.0.1/24", "dev", "eth0")
        self.ping(self.a, "10.99.0.9", count=2)
        self.home.ip("link", "set", "va", "address", "02:00:00:00:00:55")
        wait_for(lambda: self.follows("02:00:00:00:00:55"),
                 "the other address to be seen")
        self.heard(frame(self.own, mac(0xB), size=80), switch=True)
        self.daemon.ctl("port", "set", "pa", "kernel=none")
        self.heard(frame("02:00:00:00:00:55", mac(0xB), size=80), switch=True)
        self.assertGreater(self.figure("pa", "frames_passed"), 4)

    def follows(self, address):
        """Whether a frame to it comes to the kernel."""
        data = frame(address, mac(0xD), size=80)
        self.out.send(data)
        self.kernel.socket.settimeout(0.3)
        try:
            return self.kernel.receive(raw_mac(mac(0xD))) is not None
        except TimeoutError:
            return False

    def test_only_what_is_named(self):
        self.begin(steer=[f"mac={mac(0x77)}", "vlan=10", "ethertype=0x88cc", "udp=4789"])
        data = frame(mac(0x78), mac(0xB), size=80)
        self.heard(data, switch=False)
        self.heard(frame(mac(0x77), mac(0xB), size=80), switch=True)
        self.heard(tagged(data, 11), switch=False)
        self.heard(data[:12] + b"\x88\xcc" + data[14:], switch=True)
        self.heard(self.udp(mac(0x78), 4788), switch=False)
        self.heard(self.udp(mac(0x78), 4789), switch=True)
        self.heard(self.udp(self.own, 4789), switch=True)
        self.heard(self.udp(mac(0x78), 4789, proto=6), switch=False)
        # Changed while frames pass.
        self.daemon.ctl("port", "set", "pa", "steer=tcp=4789,vlan=11")
        self.heard(self.udp(mac(0x78), 4789), switch=False)
        self.heard(self.udp(mac(0x78), 4789, proto=6), switch=True)
        self.heard(frame(mac(0x77), mac(0xB), size=80), switch=False)
        self.assertEqual(self.daemon.port("pa")["steer"], ["tcp=4789", "vlan=11"])

    def test_what_the_kernel_keeps(self):
        self.begin(kernel=["own", "tcp=22", "vlan=1", "ethertype=0x88cc"])
        data = frame(mac(0x78), mac(0xB), size=80)
        self.heard(data, switch=True)
        self.heard(tagged(data, 1), switch=False)
        self.heard(data[:12] + b"\x88\xcc" + data[14:], switch=False)
        self.heard(self.udp(mac(0x78), 22, proto=6), switch=False)
        self.heard(self.udp(mac(0x78), 22), switch=True)
        self.heard(frame(self.own, mac(0xB), size=80), switch=False)
        self.daemon.ctl("port", "set", "pa", "kernel=own")
        self.heard(self.udp(mac(0x78), 22, proto=6), switch=True)


class Life(AfXdpCase):
    def test_nothing_stays(self):
        self.with_guest()
        self.passes()
        for how in (signal.SIGKILL, signal.SIGTERM):
            self.assertTrue(self.attached("va"))
            self.daemon.stop(how)
            wait_for(lambda: not self.attached("va"), "the program to go")
            self.assertEqual(self.promiscuity("va"), 0)
            self.daemon.start()
            self.daemon.wait_up("pa")
        self.daemon.ctl("port", "del", "pa")
        self.assertFalse(self.attached("va"))

    def promiscuity(self, interface):
        return json.loads(self.home.ip("-d", "-j", "link", "show", interface))[0]["promiscuity"]

    def test_an_interface_goes_and_comes_back(self):
        self.with_guest()
        self.passes()
        for _ in range(2):
            self.home.ip("link", "del", "va")
            wait_for(lambda: not self.daemon.up("pa"), "pa to be down")
            wait_for(lambda: "ip link" in self.facts("pa")["interface"], "advice")
            # Others go on.
            self.daemon.ctl("port", "set", "vm1", "mac_limit=7")
            self.pair(self.a, "va")
            self.daemon.wait_up("pa")
            self.passes()

    def test_an_interface_that_comes_later(self):
        self.a = netns.Namespace(self, "a")
        self.start_at_home({"pa": self.xdp("va")})
        self.assertFalse(self.daemon.up("pa"))
        self.assertIn("there is no interface va", self.facts("pa")["interface"])
        self.pair(self.a, "va")
        self.daemon.wait_up("pa")

    def test_a_link_goes_down_and_up(self):
        self.with_guest()
        self.home.ip("link", "set", "va", "down")
        wait_for(lambda: not self.daemon.up("pa"), "pa to be down")
        self.assertIn("ip link set va up", self.facts("pa")["link"])
        before = self.daemon.drops("pa").get("port-down", 0)
        self.vm1.tx(frame(BROADCAST, mac(0xA)))
        wait_for(lambda: self.daemon.drops("pa").get("port-down", 0) > before, "a drop")
        self.home.ip("link", "set", "va", "up")
        self.daemon.wait_up("pa")
        self.passes()
        self.home.ip("link", "set", "va", "down")
        self.home.ip("link", "set", "va", "name", "vx")
        self.home.ip("link", "set", "vx", "up")
        wait_for(lambda: self.facts("pa")["interface"] == "vx", "the new name")
        self.daemon.wait_up("pa")
        self.passes()

    def test_in_another_namespace(self):
        there, self.a = netns.Namespace(self, "there"), netns.Namespace(self, "a")
        self.home, home = there, self.home
        self.pair(self.a, "va")
        self.home = home
        self.start_at_home({"vm1": {"mode": "server"},
                            "pa": self.xdp("va", netns=there.name)})
        self.vm1 = self.guest("vm1")
        self.daemon.wait_up()
        self.passes()
        netns.ip("netns", "del", there.name)
        wait_for(lambda: not self.daemon.up("pa"), "pa to be down")


class Refused(AfXdpCase):
    def refuse(self, *keys):
        said = self.daemon.refused("port", "add", "new", "type=af_xdp", "bridge=br0", *keys)
        self.assertNotIn("new", self.daemon.ports())
        return said

    def test_what_cannot_be(self):
        self.space("a", "va")
        self.space("b", "vb")
        self.start_at_home({"pa": self.xdp("va")})
        for keys, *words in (
                (("ifname=a/b",), "at most 15"),
                (("ifname=va",), "of port pa already"),
                (("ifname=vb", "mtu=9217"), "9216"),
                (("ifname=vb", "mtu=1600"), "mtu 1500", "ip link set vb mtu 1600"),
                (("ifname=vb", "queues=2"), "no queue 1", "ethtool -L vb"),
                (("ifname=vb", "copy=zero"), "no zero copy", "copy: auto"),
                (("ifname=vb", "xdp=generic", "copy=zero"), "xdp: native"),
                (("ifname=lo", "xdp=native"), "has no XDP", "xdp: auto"),
                (("ifname=vb", "steer=vlan=4095"), "steer", "1 to 4094"),
                (("ifname=vb", "steer=port=1"), "no rule", "vlan=10"),
                (("ifname=vb", "steer=udp=1", "kernel=udp=1"), "in steer and in kernel")):
            said = self.refuse(*keys)
            for word in words:
                self.assertIn(word, said)
        self.daemon.ctl("port", "add", "lo", "type=af_xdp", "bridge=br0")
        self.assertIn("generic", self.facts("lo")["xdp"])
        self.assertIn("has no XDP", self.daemon.logged())

    def test_what_others_have(self):
        """A program at the interface, by another crossdockd."""
        self.space("a", "va")
        self.start_at_home({"pa": self.xdp("va")})
        first = self.daemon
        self.directory = self.directory / "second"
        self.directory.mkdir()
        self.start_at_home({})
        said = self.refuse("ifname=va")
        self.assertIn("another XDP program", said)
        self.assertIn("xdp off", said)
        first.ctl("port", "del", "pa")
        self.daemon.ctl("port", "add", "new", "type=af_xdp", "bridge=br0", "ifname=va")
        self.daemon.wait_up("new")

    def test_no_permission(self):
        self.space("a", "va")
        self.start_at_home({})
        self.daemon.stop()
        command = self.daemon.command()
        at = next(i for i, word in enumerate(command) if word.endswith("crossdockd"))
        self.daemon.config.write_text(config_text({"p": self.xdp("va")}))
        for caps, advice in (("-all", "CAP_NET_RAW"), ("-all,+net_raw", "CAP_BPF"),
                             ("-all,+net_raw,+bpf,+net_admin", "CAP_IPC_LOCK")):
            done = subprocess.run(
                [*command[:at], "prlimit", "--memlock=65536", "setpriv", "--bounding-set", caps,
                 "--inh-caps", caps, *command[at:]],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
            said = done.stderr + done.stdout
            self.assertNotEqual(done.returncode, 0, said)
            self.assertRegex(said, advice)
