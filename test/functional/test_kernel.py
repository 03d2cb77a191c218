# SPDX-License-Identifier: BSD-3-Clause
"""DPDK devices as ports: the kernel's own network stack on the other side."""

import os
import re
import subprocess

import netns
from frames import BROADCAST, frame, mac, raw_mac, tagged
from guest import SwitchCase
from hosts import HostCase
from process import PATIENCE_S, program, wait_for


class Kernel(HostCase):
    def test_ping_between_namespaces(self):
        one, two = self.host("one", "10.99.0.1/24"), self.host("two", "10.99.0.2/24")
        self.start_at_home({"p1": self.packet("one"), "p2": self.packet("two")})
        wait_for(lambda: one.run("ping", "-c1", "-W1", "10.99.0.2").returncode == 0, "a reply")
        for size in (0, 56, 1000, 1472):
            self.ping(one, "10.99.0.2", size)
            self.ping(two, "10.99.0.1", size)
        self.assertIn("p1", self.daemon.fdb().values())
        self.assertIn("p2", self.daemon.fdb().values())

    def test_vlan_between_namespaces(self):
        one, two = self.host("one", "10.99.0.1/24"), self.host("two", "10.98.0.2/24")
        # One has its address on a VLAN interface, the other is on an access port.
        try:
            one.ip("link", "add", "link", "eth0", "name", "v10", "type", "vlan", "id", 10)
        except AssertionError as reason:
            self.skipTest(f"this kernel has no VLAN interfaces: {reason}")
        one.address("v10", "10.98.0.1/24")
        self.start_at_home({"p1": self.packet("one"), "p2": self.packet("two", vlan=10)})
        wait_for(lambda: one.run("ping", "-c1", "-W1", "10.98.0.2").returncode == 0, "a reply")
        self.ping(one, "10.98.0.2", 1472)
        self.ping(two, "10.98.0.1", 1472)

    def test_tags(self):
        """The kernel carries tags beside its frames, not in them."""
        one, two = self.host("one", "10.99.0.1/24"), self.host("two", "10.99.0.2/24")
        self.start_at_home({"p1": self.packet("one", vlans=[10, 20]),
                            "p2": self.packet("two", vlan=10), "vm1": {"vlan": 20}, "vm2": {}})
        vm1, vm2 = self.guests("vm1", "vm2")
        trunk = netns.RawSocket(self, one, "eth0", PATIENCE_S)
        access = netns.RawSocket(self, two, "eth0", PATIENCE_S)
        a, b = mac(0xA), mac(0xB)
        for size in (60, 200, 1514):
            data = frame(BROADCAST, a, size=size)
            trunk.send(tagged(data, 10, pcp=3))
            self.assertEqual(access.receive(raw_mac(a)).hex(), data.hex())
            vm1.drain()
            trunk.send(tagged(data, 20))
            self.assertEqual(vm1.rx_until(data), [])
            data = frame(BROADCAST, b, size=size)
            access.send(data)
            self.assertEqual(trunk.receive(raw_mac(b)).hex(), tagged(data, 10).hex())
            vm2.tx(tagged(data, 20))
            self.assertEqual(trunk.receive(raw_mac(b)).hex(), tagged(data, 20).hex())

    def test_tcp_through_a_tap(self):
        one = self.host("one", "10.99.0.1/24")
        self.start_at_home({"p1": self.packet("one"),
                            "tap": {"type": "dpdk", "bridge": "br0",
                                    "devargs": "net_tap0,iface=xdtap"}})
        # The tap's own interface is the second host, in the daemon's namespace.
        self.home.address("xdtap", "10.99.0.2/24")
        wait_for(lambda: one.run("ping", "-c1", "-W1", "10.99.0.2").returncode == 0, "a reply")
        self.ping(one, "10.99.0.2", 1472)
        self.ping(self.home, "10.99.0.1", 1472)
        server = subprocess.Popen(one.command("iperf3", "-s", "-1"), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for(lambda: ":5201" in one.run("ss", "-ltn").stdout, "iperf3 to listen")
        done = self.home.run("iperf3", "-c", "10.99.0.1", "-t", "2", "-f", "m")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rate = re.search(r"([\d.]+) Mbits/sec.*receiver", done.stdout)
        self.assertGreater(float(rate.group(1)), 0)
        print(f"       iperf3 TCP: {rate.group(1)} Mbit/s", flush=True)

    def test_namespace_to_guest(self):
        one = self.host("one", "10.99.0.1/24")
        self.start_at_home({"p1": self.packet("one"), "vm1": {}})
        vm1 = self.guest("vm1")
        # The kernel asks who has 10.99.0.9: a broadcast that the guest sees.
        asking = subprocess.Popen(one.command("ping", "-c", "20", "-i", "0.2", "10.99.0.9"),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(asking.wait)
        self.addCleanup(asking.kill)
        while True:
            request = vm1.rx()
            self.assertIsNotNone(request, "no ARP request")
            if request[12:14] == b"\x08\x06":
                break
        self.assertEqual(request[:6], b"\xff" * 6)
        self.assertEqual(request[38:42], bytes([10, 99, 0, 9]))
        # And the guest answers.
        own = bytes.fromhex(mac(0x99).replace(":", ""))
        vm1.tx(request[6:12] + own + request[12:20] + b"\x00\x02" + own + request[38:42] +
               request[22:32] + b"\x00" * 18)
        wait_for(lambda: mac(0x99) in one.ip("neigh", "show"), "the answer")
        # What the kernel sends to it now comes here alone.
        while True:
            echo = vm1.rx()
            self.assertIsNotNone(echo, "no echo request")
            if echo[12:14] == b"\x08\x00" and echo[23] == 1:
                break
        self.assertEqual(echo[:6], own)

    def test_device_removed_and_made_again(self):
        one, two = self.host("one", "10.99.0.1/24"), self.host("two", "10.99.0.2/24")
        self.start_at_home({"p1": self.packet("one"), "p2": self.packet("two")})
        for _ in range(3):
            wait_for(lambda: one.run("ping", "-c1", "-W1", "10.99.0.2").returncode == 0, "a reply")
            self.daemon.ctl("port", "del", "p2")
            self.assertNotEqual(one.run("ping", "-c1", "-W1", "10.99.0.2").returncode, 0)
            self.daemon.ctl("port", "add", "p2", "type=dpdk", "bridge=br0",
                            "devargs=net_af_packet_two,iface=two")
        self.ping(one, "10.99.0.2")

    def test_an_mtu_that_the_device_does_not_take(self):
        one, two = self.host("one", "10.99.0.1/24"), self.host("two", "10.99.0.2/24")
        self.start_at_home({"p1": self.packet("one"), "p2": self.packet("two")})
        said = self.daemon.refused("port", "set", "p1", "mtu=9000")
        self.assertIn("mtu", said)
        self.assertIn("1500", said)
        self.assertEqual(self.daemon.port("p1")["mtu"], 1500)
        wait_for(lambda: one.run("ping", "-c1", "-W1", "10.99.0.2").returncode == 0, "a reply")
        self.ping(two, "10.99.0.1", 1472)

    def passes(self, vm1, space):
        """A frame from the guest to the host, and one back."""
        heard = netns.RawSocket(self, space, "eth0", PATIENCE_S)
        data = frame(BROADCAST, mac(0xA), size=100)
        vm1.tx(data)
        self.assertEqual(heard.receive(raw_mac(mac(0xA))), data)
        vm1.drain()
        data = frame(BROADCAST, mac(0xB), size=100)
        heard.send(data)
        self.assertEqual(vm1.rx_until(data), [])

    def dropped(self, vm1):
        """Frames to p1 are dropped because it is down."""
        before = self.daemon.port("p1")
        for _ in range(5):
            vm1.tx(frame(BROADCAST, mac(0xA)))
        wait_for(lambda: self.drops("p1").get("port-down", 0) ==
                 before["drops"].get("port-down", 0) + 5, "frames to be dropped")
        self.assertEqual(self.daemon.port("p1")["tx_frames"], before["tx_frames"])

    def test_a_link_goes_down_and_up(self):
        one = self.host("one", "10.99.0.1/24")
        # What its stack says of itself is said before anybody hears it.
        one.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        self.start_at_home({"vm1": {"mode": "server"}, "p1": self.packet("one")})
        vm1 = self.guest("vm1")
        self.daemon.wait_up("p1")
        for space, interface in ((one, "eth0"), (self.home, "one")):
            self.passes(vm1, one)
            space.ip("link", "set", interface, "down")
            wait_for(lambda: not self.daemon.up("p1"), "p1 to be down")
            self.assertEqual(self.daemon.port("p1")["driver"]["link"], "down")
            self.dropped(vm1)
            space.ip("link", "set", interface, "up")
            self.daemon.wait_up("p1")
        self.passes(vm1, one)

    def test_a_device_goes_and_comes_back(self):
        one = self.host("one", "10.99.0.1/24")
        self.start_at_home({"vm1": {"mode": "server"}, "p1": self.packet("one")})
        vm1 = self.guest("vm1")
        for _ in range(2):
            self.daemon.wait_up("p1")
            self.passes(vm1, one)
            self.home.ip("link", "del", "one")
            wait_for(lambda: "has gone" in self.daemon.port("p1")["driver"].get("device", ""),
                     "the device to be missed")
            self.dropped(vm1)
            netns.veth(self.home, "one", one, "eth0")
            one.address("eth0", "10.99.0.1/24")
        self.daemon.wait_up("p1")
        self.passes(vm1, one)
        self.home.ip("link", "del", "one")
        wait_for(lambda: not self.daemon.up("p1"), "p1 to be down")
        self.daemon.ctl("port", "del", "p1")

    def test_a_tap_goes_down_and_is_made_again(self):
        self.start_at_home({"vm1": {"mode": "server"},
                            "p1": {"type": "dpdk", "bridge": "br0",
                                   "devargs": "net_tap0,iface=xdtap"}})
        vm1 = self.guest("vm1")
        self.daemon.wait_up("p1")
        self.home.ip("link", "set", "xdtap", "down")
        wait_for(lambda: not self.daemon.up("p1"), "p1 to be down")
        self.dropped(vm1)
        self.home.ip("link", "set", "xdtap", "up")
        self.daemon.wait_up("p1")
        self.home.ip("link", "del", "xdtap")
        wait_for(lambda: "has gone" in self.daemon.log_text(), "the device to be missed")
        self.daemon.wait_up("p1")
        self.home.ip("link", "show", "xdtap")

    def test_missing_interface_is_refused(self):
        self.start_at_home({"vm1": {}})
        said = self.daemon.refused("port", "add", "p1", "type=dpdk", "bridge=br0",
                                   "devargs=net_af_packet0,iface=missing")
        self.assertIn("p1", said)
        self.assertEqual(self.daemon.ports(), ["vm1"])


class Pcap(SwitchCase):
    """A capture file as a port: written by one switch port and read back by another."""

    def test_written_and_read_back(self):
        file = self.directory / "out.pcap"
        self.start({"vm1": {}, "out": {"type": "dpdk", "bridge": "br0",
                                       "devargs": f"net_pcap0,tx_pcap={file}"}})
        vm1 = self.guest("vm1")
        sent = [frame(BROADCAST, mac(0xA), payload=b"%d" % i, size=60 + i * 17) for i in range(20)]
        for data in sent:
            vm1.tx(data)
        self.barrier(vm1)
        wait_for(lambda: self.daemon.port("out")["tx_frames"] == 20, "20 frames")
        self.daemon.ctl("port", "del", "out")
        raw = file.read_bytes()
        got, at = [], 24
        while at < len(raw):
            length = int.from_bytes(raw[at + 8:at + 12], "little")
            got.append(raw[at + 16:at + 16 + length])
            at += 16 + length
        self.assertEqual(got, sent)
        # Read in by a port that comes later.
        vm1.drain()
        self.daemon.ctl("port", "add", "in", "type=dpdk", "bridge=br0",
                        f"devargs=net_pcap1,rx_pcap={file}")
        self.assertEqual([vm1.rx() for _ in sent], sent)


class Memif(SwitchCase):
    """Programs that share memory with the switch, through sockets of its own: here DPDK's."""

    def ports(self, mode):
        return {f"m{i}": {"type": "memif", "bridge": "br0", "path": str(self.path(f"m{i}")),
                          "mode": mode} for i in range(2)}

    def begin(self, role, seconds=0.5):
        words = [program("crossdock-pktgen"), "rate", "--rate", "1kpps", "--time", str(seconds),
                 "--pattern", "pairs", "--core", str(min(os.sched_getaffinity(0)))]
        for i in range(2):
            words += ["--port", f"dpdk:net_memif{i},role={role},socket={self.path(f'm{i}')},"
                      "socket-abstract=no"]
        process = subprocess.Popen([*words, "--", "--no-huge", "-m", "256"], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        return process

    def check_traffic(self, role):
        before = self.daemon.port("m1")["tx_frames"]
        stdout, stderr = self.begin(role).communicate(timeout=PATIENCE_S)
        self.assertIn("rate", stdout, stderr)
        self.assertGreater(self.daemon.port("m1")["tx_frames"], before)
        # It has gone: and the next one is welcome.
        wait_for(lambda: not self.daemon.up("m0") and not self.daemon.up("m1"), "its end")

    def test_servers(self):
        self.start(self.ports("server"))
        for _ in range(2):
            self.check_traffic("client")

    def test_clients(self):
        self.start(self.ports("client"))
        self.check_traffic("server")

    def test_peers_that_are_killed(self):
        self.start({"vm1": {"vlan": 7}, "vm2": {"vlan": 7}, **self.ports("server")})
        one, two = self.guests("vm1", "vm2")
        for i in range(2):
            peer = self.begin("client", 3600)
            self.daemon.wait_up("m0", "m1")
            peer.kill()
            peer.communicate()
            self.expect(one, frame(mac(2), mac(1), size=100 + i), [two])
            wait_for(lambda: not self.daemon.up("m0") and not self.daemon.up("m1"), "its end")

    def test_drivers_that_peers_can_crash(self):
        self.start({})
        for driver, instead in (("net_memif", "type=memif"), ("net_vhost", "type=vhost-user")):
            for devargs in (f"{driver}0,iface=/x", f"net_failsafe0,dev({driver}0,iface=/x)"):
                said = self.daemon.refused("port", "add", "p", "type=dpdk", "bridge=br0",
                                           f"devargs={devargs}")
                self.assertIn(f"use {instead} instead", said)


class VhostNet(SwitchCase):
    """DPDK's way into the kernel."""

    def test_without_vhost_net(self):
        if os.path.exists("/dev/vhost-net"):
            self.skipTest("there is one")
        self.start({})
        said = self.daemon.refused("port", "add", "host", "type=dpdk", "bridge=br0",
                                   "devargs=net_virtio_user0,path=/dev/vhost-net,iface=xdk")
        self.assertIn("/dev/vhost-net: No such file or directory: type modprobe vhost_net", said)
