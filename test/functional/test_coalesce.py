# SPDX-License-Identifier: BSD-3-Clause
"""Ports with `coalesce`: TCP segments that follow each other go as one frame, and every byte of them
arrives."""

import os
import pathlib
import signal
import socket
import struct

from frames import mac, raw_mac
from hosts import HostCase
from process import PATIENCE_S, wait_for
from test_pktgen_tcp import Messages, has_messages
import netns

PACKET_VNET_HDR = 15
GSO_TCPV4, GSO_TCPV6 = 1, 4
ACK, PSH = 0x10, 0x08
SIZE = 1024
TCP_NODELAY = 1


def has_stopped(pid):
    """Whether all threads of a process have."""
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T"
               for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"))


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(family, seq, payload, flags=ACK):
    """One of a connection, with its checksums."""
    if family == 4:
        ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 1 + seq // SIZE, 0x4000,
                                   64, 6, 0, bytes([10, 99, 0, 1]), bytes([10, 99, 0, 9])))
        ip[10:12] = checksum(bytes(ip)).to_bytes(2, "big")
        addresses, ethertype = bytes(ip[12:]), b"\x08\x00"
    else:
        addresses, ethertype = bytes([0xFD, *range(31)]), b"\x86\xdd"
        ip = struct.pack("!IHBB", 6 << 28, 20 + len(payload), 6, 64) + addresses
    tcp = bytearray(struct.pack("!HHIIBBHHH", 1, 2, seq, 7, 0x50, flags, 100, 0, 0))
    pseudo = addresses + struct.pack("!II", 6, 20 + len(payload))
    tcp[16:18] = checksum(pseudo + bytes(tcp) + payload).to_bytes(2, "big")
    return raw_mac(mac(0xB)) + raw_mac(mac(0xA)) + ethertype + bytes(ip) + bytes(tcp) + payload


class Coalesce(HostCase):
    """From a container to another: what the first sends while the switch is stopped comes in one turn
    when it goes on."""

    def containers(self, coalesce):
        self.a, self.b = (netns.Namespace(self, name) for name in "ab")
        for space in (self.a, self.b):
            space.run("sysctl", "-q", "net.ipv6.conf.default.disable_ipv6=1")
        self.start_at_home({
            "pa": {"type": "tap", "bridge": "br0", "netns": self.a.name, "ifname": "eth0",
                   "ip": "10.99.0.1/24"},
            "pb": {"type": "tap", "bridge": "br0", "netns": self.b.name, "ifname": "eth0",
                   "ip": "10.99.0.2/24", "coalesce": coalesce}})
        self.daemon.wait_up("pa", "pb")

    def at_once(self, send):
        """The switch sees what is sent meanwhile at once."""
        pid = self.daemon.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            # Threads stop when they notice.
            wait_for(lambda: has_stopped(pid), "the switch to stand still")
            send()
        finally:
            os.kill(pid, signal.SIGCONT)

    def burst(self, frames):
        """What comes of the frames: (virtio-net header's fields, frame) of each."""
        with self.b:
            heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.addCleanup(heard.close)
        heard.setsockopt(netns.RawSocket.SOL_PACKET, PACKET_VNET_HDR, 1)
        heard.bind(("eth0", 0))
        heard.settimeout(PATIENCE_S)
        out = netns.RawSocket(self, self.a, "eth0", PATIENCE_S)
        self.at_once(lambda: [out.send(data) for data in frames])
        got, last = [], frames[-1][-8:]
        while not got or got[-1][1][-8:] != last:
            data = heard.recv(70000)
            if data[16:22] == raw_mac(mac(0xA)):
                got.append((struct.unpack("<BBHHHH", data[:10]), data[10:]))
        return got

    def check(self, got, family, payload):
        """They carry the payload, in as many frames as GRO makes of it."""
        header = 54 if family == 4 else 74
        have = b""
        for (flags, gso_type, _, gso_size, start, offset), data in got:
            self.assertEqual(int.from_bytes(data[header - 16:header - 12], "big"), len(have))
            have += data[header:]
            if len(data) - header > SIZE:
                self.assertEqual((flags & 1, gso_type, gso_size), (1, GSO_TCPV4 if family == 4
                                                                   else GSO_TCPV6, SIZE))
                self.assertEqual((start, offset), (header - 20, 16))
        self.assertEqual(have, payload)

    def stream(self, family, flags=ACK):
        payload = os.urandom(32 * SIZE)
        got = self.burst([segment(family, at, payload[at:at + SIZE], flags)
                          for at in range(0, len(payload), SIZE)])
        self.check(got, family, payload)
        return len(got)

    def test_a_quarter_of_the_frames(self):
        self.containers("on")
        for family in (4, 6):
            before = self.daemon.port("pb")
            # A frame of somebody else's may lie in between.
            self.assertLessEqual(self.stream(family), 8)
            after = self.daemon.port("pb")
            sent, coalesced = (after[key] - before[key] for key in ("tx_frames", "coalesced"))
            self.assertGreaterEqual(coalesced, 24)
            self.assertLessEqual(sent, 8)
        self.assertEqual(self.daemon.drops("pb"), {})

    def test_pushed(self):
        self.containers("on")
        self.assertEqual(self.stream(4, ACK | PSH), 32)
        self.daemon.ctl("port", "set", "pb", "coalesce=push")
        self.assertLessEqual(self.stream(4, ACK | PSH), 8)

    def test_off(self):
        self.containers("off")
        self.assertEqual(self.stream(4), 32)
        self.assertEqual(self.daemon.port("pb")["coalesced"], 0)

    def test_a_wrong_checksum_stays(self):
        self.containers("on")
        payload = os.urandom(8 * SIZE)
        frames = [segment(4, at, payload[at:at + SIZE]) for at in range(0, len(payload), SIZE)]
        frames[3] = frames[3][:100] + bytes([frames[3][100] ^ 1]) + frames[3][101:]
        got = [data for _, data in self.burst(frames)]
        self.assertIn(frames[3], got)
        self.assertLess(len(got), 8)

    def test_between_kernels(self):
        """Short messages of a socket's, each pushed."""
        self.containers("push")
        self.a.run("ethtool", "-K", "eth0", "tso", "off", "gso", "off")
        with self.b, socket.create_server(("10.99.0.2", 9)) as server:
            server.settimeout(PATIENCE_S)
            with self.a:
                near = socket.create_connection(("10.99.0.2", 9), PATIENCE_S)
            far, _ = server.accept()
        with near, far:
            far.settimeout(PATIENCE_S)
            near.setsockopt(socket.IPPROTO_TCP, TCP_NODELAY, 1)
            sent = os.urandom(10 * SIZE)
            before = self.daemon.port("pb")["coalesced"]
            self.at_once(lambda: [near.sendall(sent[at:at + SIZE])
                                  for at in range(0, len(sent), SIZE)])
            got = b""
            while len(got) < len(sent) and (data := far.recv(65536)):
                got += data
            self.assertEqual(got, sent)
            wait_for(lambda: self.daemon.port("pb")["coalesced"] - before >= 5, "one for many")


class CoalesceBetweenGuests(Messages):
    def test_every_kind_of_guest(self):
        """Of the generator's: messages shorter than a segment, each pushed."""
        self.start({"vm1": {"coalesce": "push"}, "vm2": {"coalesce": "push"}})
        for guest, family in (("tso=on", "ipv4"), ("tso=on,packed=on,mrg=off", "ipv6")):
            with self.subTest(guest=guest, family=family):
                before = self.daemon.port("vm2")["coalesced"]
                row, = self.run_enough(has_messages, "tcp", "--verify", "--messages", "1k",
                                       "--family", family, guest=guest)
                self.check(row)
                self.assertGreater(self.daemon.port("vm2")["coalesced"], before)
