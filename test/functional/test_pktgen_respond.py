# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen respond: the kernel's ping aims at it, over a veth pair and through the switch."""

import signal
import socket
import struct
import subprocess

from daemon import SANITIZER
from hosts import HostCase
from process import PATIENCE_S, wait_for
from test_pktgen import Generating

V4, V6 = "10.98.0.2", "fd98::2"
LINK_LOCAL = "fe80::58:ff:fe00:0"
EAL = ("--no-huge", "-m", "256", "--no-pci")


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


class Responding(Generating, HostCase):
    """The kernel's hosts are namespaces; the generator and the switch live in self.home."""

    def respond(self, *words, **options):
        """Starts it, and returns what ends it and gives its row."""
        command = self.command("respond", *words, **options)
        for option in ("--time", "--warmup"):  # it runs until it is interrupted
            at = command.index(option)
            del command[at:at + 2]
        process = subprocess.Popen(self.home.command(*command), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)

        def end():
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=PATIENCE_S)
            self.assertEqual(process.returncode, 0, out + errors)
            self.assertIsNone(SANITIZER.search(errors), errors)
            row, = self.rows()
            self.assertFalse(row["partial"])
            return row["respond"]
        return end

    def host_of_both(self, name):
        space = self.host(name, "10.98.0.1/24")
        space.ip("-6", "addr", "add", "fd98::1/64", "dev", "eth0", "nodad")
        return space

    def wait_until_it_answers(self, space, address=V4):
        wait_for(lambda: space.run("ping", "-c1", "-W1", address).returncode == 0, "a reply")


class Alone(Responding):
    """Over a veth pair, with nothing in between."""

    def setUp(self):
        super().setUp()
        self.space = self.host_of_both("gen0")
        self.end = self.respond("--address", f"{V4},{V6}",
                                ports=("dpdk:net_af_packet0,iface=gen0",), eal=EAL)
        self.wait_until_it_answers(self.space)

    def test_ping_of_every_size(self):
        self.space.ip("neigh", "flush", "dev", "eth0")
        for address in (V4, V6, f"{LINK_LOCAL}%eth0"):
            for size in (0, 1, 18, 56, 1000, 1472 if address == V4 else 1452):
                with self.subTest(address=address, size=size):
                    self.ping(self.space, address, size)
        row = self.end()
        self.assertGreaterEqual(row["arp"], 1)
        self.assertGreaterEqual(row["neighbour"], 2)
        self.assertGreaterEqual(row["echo"], 18)
        self.assertGreaterEqual(row["echo6"], 36)
        self.assertEqual(row["wrong"], 0)

    def test_it_says_who_it_is(self):
        """Announcements alone tell a kernel that accepts them."""
        self.space.run("sysctl", "-w", "net.ipv4.conf.eth0.arp_accept=1")
        self.space.ip("neigh", "flush", "all")
        wait_for(lambda: "02:58:00:00:00:00" in self.space.ip("neigh", "show", V4) or
                 self.space.run("ping", "-c1", "-W1", V4).returncode == 0, "a neighbour")
        self.assertIn("02:58:00:00:00:00", self.space.ip("neigh", "show", V4))

    def test_wrong_checksums_and_others_addresses(self):
        with self.space, socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                       socket.IPPROTO_ICMP) as raw:
            raw.settimeout(PATIENCE_S)
            for wrong in (1, 0):
                request = struct.pack("!BBHHH", 8, 0, 0, 4711, wrong) + b"data"
                request = request[:2] + struct.pack("!H", checksum(request) ^ wrong) + request[4:]
                raw.sendto(request, (V4, 0))
            # What comes back is of the second one alone.
            reply = raw.recv(2048)[20:]
            self.assertEqual(reply[:2], b"\0\0")
            self.assertEqual(reply[4:], request[4:])
            raw.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                raw.recv(2048)
        self.assertNotEqual(self.space.run("ping", "-c1", "-W1", "10.98.0.3").returncode, 0)
        self.assertEqual(self.end()["wrong"], 1)


class ThroughTheSwitch(Responding):
    def test_rings(self):
        space = self.host_of_both("uplink")
        self.start_at_home({"vm1": {}, "p1": self.packet("uplink")})
        for guest in ("", "packed=on", "mrg=on,event_idx=on", "irq=on", "csum=on,tso=on"):
            with self.subTest(guest):
                end = self.respond("--address", f"{V4},{V6}",
                                   ports=("vm1",), guest=guest)
                self.wait_until_it_answers(space)
                for size in (0, 56, 1472):
                    self.ping(space, V4, size)
                self.ping(space, V6, 1452)
                row = end()
                self.assertGreaterEqual(row["echo"], 10)
                self.assertGreaterEqual(row["echo6"], 3)

    def test_two_hosts_on_two_cores(self):
        space = self.host_of_both("uplink")
        self.start_at_home({"vm1": {}, "vm2": {}, "p1": self.packet("uplink")})
        end = self.respond("--address", V4, "--address", f"10.98.0.3,{V6}", ports=("vm1", "vm2"))
        self.wait_until_it_answers(space, "10.98.0.3")
        self.ping(space, V4)
        self.ping(space, V6)
        self.assertGreaterEqual(end()["echo"], 4)
