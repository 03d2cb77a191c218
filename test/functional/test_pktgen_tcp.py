# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen tcp: both ends of its connections through the switch, and the kernel's sockets at
one end of them, with faults on the way. Every byte is compared."""

import contextlib
import ctypes
import signal
import socket
import struct
import subprocess
import sys
import threading

import netns
from daemon import SANITIZER
from harness import need_root
from process import PATIENCE_S, wait_for
from test_pktgen import LONGER_S, Generating

PORT = 5001
FAULTS = "loss=3%,dup=1%,reorder=2%,seed=7"
EAL = ("--no-huge", "-m", "256", "--no-pci")
ADDRESSES = {4: ("10.97.0.1", "10.97.0.2"), 6: ("fd97::1", "fd97::2")}  # the generator's, the kernel's

PERIOD = 65521
_words = [i * 2654435761 & 0xffffffff for i in range(PERIOD)]
PATTERN = bytes(((x ^ x << 13) & 0xffffffff) >> 24 for x in _words)


def stream(from_port, to_port, offset, n):
    """Bytes of messages: lib/traffic/engine/message/pattern.h."""
    at = ((from_port << 16 | to_port) + offset) % PERIOD
    return (PATTERN * (2 + n // PERIOD))[at:at + n]


def has_messages(figures):
    return figures["messages"] > 0


def has_losses(figures):
    return has_messages(figures) and figures["impaired_lost"] > 0


class Messages(Generating):
    def check(self, row, faults=False):
        figures = row["tcp"]
        self.assertFalse(row["partial"])
        self.assertTrue(figures["verified"])
        self.assertEqual(figures["wrong_bytes"], 0)
        self.assertNotEqual(row["bottleneck"], "asked")
        self.assertEqual(figures["wrong_frames"], 0)
        self.assertEqual(figures["failed"], 0)
        self.assertGreater(figures["messages"], 0)
        if faults:
            self.assertGreater(figures["impaired_lost"], 0)
        return figures


class TcpThroughTheSwitch(Messages):
    def test_every_kind_of_guest(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest in ("csum=on", "tso=on", "tso=on,mrg=off,size=256", "tso=on,packed=on",
                      "rings=static,tso=on,size=256", "packed=on,in_order=on"):
            with self.subTest(guest):
                rows = self.run_enough(has_messages, "tcp", "--verify", "--messages", "1,64k",
                                       "--test", "all", guest=guest)
                self.assertEqual(len(rows), 4)
                for row in rows:
                    self.check(row)
                    self.assertEqual(row["latency"] is not None,
                                     row["tcp"]["test"] == "latency")
                large = rows[1]["tcp"]["segment_bytes"]
                if "tso=on" in guest:
                    self.assertGreater(large, 1448)
                else:
                    self.assertLessEqual(large, 1448)

    def test_ways_families_and_faults(self):
        self.start(["vm1", "vm2"])
        for way in ("forward", "reverse", "both"):
            for family in ("ipv4", "ipv6"):
                with self.subTest(way=way, family=family):
                    row, = self.run_enough(has_losses, "tcp", "--verify", "--direction", way,
                                           "--family", family, "--messages", "4k", "--streams", 5,
                                           "--impair", FAULTS, guest="tso=on")
                    figures = self.check(row, faults=True)
                    self.assertEqual((figures["way"], figures["streams"]), (way, 5))

    def test_many_connections(self):
        self.start(["vm1", "vm2"])
        # Far more than the rings have room for, which lose what is over. That handshakes and what
        # is sent take turns, test_tcp_endpoint shows, and TcpKernel.test_handshakes_take_turns.
        row, = self.run_enough(has_messages, "tcp", "--verify", "--messages", "1k", "--streams",
                               10000, guest="tso=on,size=256")
        self.assertEqual(self.check(row)["streams"], 10000)

    def test_nobody_answers(self):
        self.start(["vm1", "vm2"])
        done = subprocess.run(self.command("tcp", "--connect", "198.18.0.99", "--timeout", 1,
                                           ports=("vm1",)),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("nobody on the port's link has 198.18.0.99", done.stderr)


ETH_IP = 0x0800
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def hear_nothing(server):
    """A socket that all is lost on its way to: its filter (BPF) returns 0 of each packet."""
    ret = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    server.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                      struct.pack("HxxxxxxP", 1, ctypes.addressof(ret)))


def syns_of(wire):
    """The source port of each SYN that arrives."""
    wire.settimeout(PATIENCE_S)
    while True:
        packet, where = wire.recvfrom(2048)
        tcp = packet[4 * (packet[0] & 15):]
        if where[2] != socket.PACKET_OUTGOING and packet[9] == socket.IPPROTO_TCP \
                and tcp[13] & 0x12 == 0x02:
            yield int.from_bytes(tcp[:2], "big")


class Peer:
    """A connected socket of the kernel's: sends the pattern until it is told to stop, and compares
    what it gets."""

    def __init__(self, connection, sends):
        self.socket, self.sends = connection, sends
        # What is left in there when the other end closes has to arrive, too.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
        self.own, self.other = connection.getsockname()[1], connection.getpeername()[1]
        self.received = 0
        self.wrong = None
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.receive)]
        if sends:
            self.threads.append(threading.Thread(target=self.send))
        for thread in self.threads:
            thread.start()

    def receive(self):
        with contextlib.suppress(OSError):
            while data := self.socket.recv(1 << 16):
                if data != stream(self.other, self.own, self.received, len(data)):
                    self.wrong = self.wrong or self.received
                self.received += len(data)
        self.end()

    def end(self):
        self.over.set()
        if not self.sends:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def send(self):
        offset = 0
        with contextlib.suppress(OSError):
            while not self.over.is_set():
                offset += self.socket.send(stream(self.own, self.other, offset, 50000))
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def join(self, test):
        for thread in self.threads:
            thread.join(PATIENCE_S)
            test.assertFalse(thread.is_alive())
        info = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        self.retransmitted = int.from_bytes(info[100:], sys.byteorder)  # tcpi_total_retrans
        self.socket.close()
        test.assertIsNone(self.wrong)


class KernelPeers(Messages):
    """The kernel's sockets, in a namespace, at the other end of the connections."""

    spec, eal = "vm1", ()  # the generator's port
    home = None           # the namespace that it runs in
    always = ("--verify",)

    def make_space(self):
        need_root(self)
        try:
            self.space = netns.Namespace(self, "kernel")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")

    def give_addresses(self):
        self.space.address("eth0", f"{ADDRESSES[4][1]}/24")
        self.space.ip("-6", "addr", "add", f"{ADDRESSES[6][1]}/64", "dev", "eth0", "nodad")

    def command(self, *words, **options):
        words = (*words, *self.always, "--address", f"{ADDRESSES[4][0]},{ADDRESSES[6][0]}")
        command = super().command(*words, ports=(self.spec,), eal=self.eal, **options)
        return self.home.command(*command) if self.home else command

    def listen(self, family):
        with self.space:
            server = socket.create_server(
                ("", PORT), family=socket.AF_INET6 if family == 6 else socket.AF_INET)
        server.settimeout(PATIENCE_S)
        self.addCleanup(server.close)
        return server

    def is_enough(self, row, _peers, words):
        """Of a run: or the next one is longer."""
        return (has_losses if "--impair" in words else has_messages)(row["tcp"])

    def run_against(self, family, peers, *words, **options):
        """The row of a run that connects to the kernel; peers: what makes one of a connection."""
        for time_s in LONGER_S:
            row, made = self.run_once(family, peers, *words, "--time", time_s, **options)
            if self.is_enough(row, made, words):
                break
        return row, made

    def run_once(self, family, peers, *words, streams=1, guest="", messages="10k"):
        made = []
        server = self.listen(family)

        def accept():
            for _ in range(streams):
                made.append(peers(server.accept()[0]))
        thread = threading.Thread(target=accept)
        thread.start()
        row, = self.run_pktgen("tcp", "--connect", ADDRESSES[family][1], "--streams", streams,
                               "--messages", messages, *words, guest=guest)
        thread.join(PATIENCE_S)
        server.close()
        for peer in made:
            peer.join(self)
        self.assertEqual(len(made), streams)
        return row, made

    @contextlib.contextmanager
    def listening(self, *words, engine="tcp"):
        """An end of ours that listens, for the block; then self.row has what it said."""
        command = self.command(engine, *words)
        at = command.index("--time")
        del command[at:at + 2]  # until it is interrupted
        command[command.index("--warmup") + 1] = "0"  # all that comes counts
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        wait_for(lambda: self.space.run("ping", "-c1", "-W1", ADDRESSES[4][0]).returncode == 0,
                 "the generator's host")
        yield
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 0, out + errors)
        self.assertIsNone(SANITIZER.search(errors), errors)
        self.row, = self.rows()

    def connect(self, family, port=PORT):
        with self.space:
            return socket.create_connection((ADDRESSES[family][0], port), PATIENCE_S)


class KernelOverVeth(KernelPeers):
    spec, eal = "dpdk:net_af_packet0,iface=gen0", EAL

    def setUp(self):
        super().setUp()
        self.make_space()
        self.home = netns.Namespace(self, "generator")
        netns.veth(self.home, "gen0", self.space, "eth0")
        self.give_addresses()


class TcpKernel(KernelOverVeth):
    def test_our_end_connects_and_sends(self):
        for family, faults in ((4, ()), (6, ()), (4, ("--impair", FAULTS)),
                               (4, ("--nagle", "--impair", "loss=5%"))):
            with self.subTest(family=family, faults=faults):
                row, peers = self.run_against(family, lambda c: Peer(c, False), *faults, streams=3)
                self.assertFalse(row["partial"])
                self.assertEqual(row["tcp"]["failed"], 0)
                self.assertGreater(row["tcp"]["segment_bytes"], 0)
                for peer in peers:
                    self.assertGreater(peer.received, 0)
                    self.assertEqual(peer.received % 10240, 0)
                # What was acknowledged counts, as nobody else here counts.
                self.assertGreater(row["tcp"]["messages"], 0)
                self.assertLessEqual(row["tcp"]["messages"] * 10240,
                                     sum(peer.received for peer in peers))

    def test_our_end_connects_and_receives(self):
        for family, faults in ((4, ()), (6, ()), (6, ("--impair", FAULTS))):
            with self.subTest(family=family, faults=faults):
                row, _ = self.run_against(family, lambda c: Peer(c, True), "--direction",
                                          "reverse", *faults, streams=2)
                self.check(row, bool(faults))

    def test_both_ways_at_once(self):
        for faults in ((), ("--impair", FAULTS)):
            with self.subTest(faults):
                row, peers = self.run_against(4, lambda c: Peer(c, True), "--direction", "both",
                                              *faults)
                self.check(row, bool(faults))
                self.assertGreater(peers[0].received, 0)

    def test_our_end_listens(self):
        with self.listening("--messages", "10k", "--direction", "both", "--impair", FAULTS):
            peers = [Peer(self.connect(family), True) for family in (4, 6, 4)]
            wait_for(lambda: all(peer.received > 500000 for peer in peers), "what it sends")
            for peer in peers:
                peer.over.set()
            with self.assertRaises(ConnectionRefusedError):
                self.connect(4, PORT + 100)
            for peer in peers:
                peer.join(self)
        self.check(self.row, True)

    def test_latency(self):
        class Echo(Peer):
            def receive(self):
                with contextlib.suppress(OSError):
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while data := self.socket.recv(1 << 16):
                        self.received += len(data)
                        # The other way's bytes, of the same offset.
                        at = self.received - len(data)
                        self.socket.sendall(stream(self.own, self.other, at, len(data)))
                self.end()
        row, _ = self.run_against(4, lambda c: Echo(c, False), "--test", "latency")
        self.check(row)
        self.assertGreater(row["latency"]["count"], 0)
        self.assertGreater(row["latency"]["actual"]["p50_ns"], 0)

    def test_handshakes_take_turns(self):
        """Of 300 connections ten have their SYN sent, until those are answered."""
        server = self.listen(4)
        hear_nothing(server)
        with self.space:
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_IP))
        self.addCleanup(wire.close)
        process = subprocess.Popen(
            self.command("tcp", "--connect", ADDRESSES[4][1], "--streams", 300, "--direction",
                         "reverse", "--timeout", PATIENCE_S),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        syns = syns_of(wire)
        first = [next(syns) for _ in range(20)]  # a timeout on: there are no others
        self.assertEqual(len(set(first)), 10)
        self.assertEqual(set(first[:10]), set(first[10:]))
        server.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        kept = [server.accept()[0] for _ in range(300)]
        for peer in kept:
            peer.close()
        process.communicate(timeout=PATIENCE_S)

    def test_refused(self):
        done = subprocess.run(self.command("tcp", "--connect", ADDRESSES[4][1]),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("a connection to port 5001 was refused or reset", done.stderr)


class TcpKernelLoses(KernelPeers):
    """Over an interface of the switch's (type: tap): what either end sends gets lost, comes twice,
    or late, and both send at once."""

    LOSSES = ("0", "0.1%", "1%", "5%")

    def setUp(self):
        super().setUp()
        self.make_space()
        self.start({"vm1": {}, "host": {"type": "tap", "bridge": "br0", "netns": self.space.name,
                                        "ifname": "eth0"}})
        self.give_addresses()

    SHORT = "1k"  # is not written ahead: little is left to be sent at the end

    def faults(self, loss):
        return ("--direction", "both", "--impair",
                f"loss={loss},dup=1%,reorder=2%,seed=7,direction=both")

    MANY = "1%", "5%"

    def is_enough(self, row, peers, words):
        if not any(f"loss={loss}," in words[-1] for loss in self.MANY):
            return has_messages(row["tcp"])
        return (has_losses(row["tcp"]) and row["tcp"]["retransmitted"] > 0
                and sum(peer.retransmitted for peer in peers) > 0)

    def check_both(self, row, peers, loss):
        figures = self.check(row)
        if loss in self.MANY:
            self.assertGreater(figures["impaired_lost"], 0)
            self.assertGreater(figures["retransmitted"], 0)
            self.assertGreater(sum(peer.retransmitted for peer in peers), 0)
        for peer in peers:
            self.assertGreater(peer.received, 0)
        for port in ("vm1", "host"):
            self.assertNotIn("bad-offload", self.daemon.drops(port))

    def test_our_end_connects(self):
        for loss in self.LOSSES:
            for family in (4, 6):
                with self.subTest(loss=loss, family=family):
                    row, peers = self.run_against(family, lambda c: Peer(c, True),
                                                  *self.faults(loss), streams=2,
                                                  messages=self.SHORT)
                    self.check_both(row, peers, loss)

    def test_our_end_listens(self):
        for loss in ("0", "5%"):
            with self.subTest(loss=loss), self.listening("--messages", self.SHORT,
                                                         *self.faults(loss)):
                peers = [Peer(self.connect(family), True) for family in (4, 6)]
                wait_for(lambda: all(peer.received > 300000 for peer in peers), "what it sends")
                for peer in peers:
                    peer.over.set()
                for peer in peers:
                    peer.join(self)
            self.check_both(self.row, peers, loss)

    def test_offloads(self):
        """Whole segments both ways, lost as a whole."""
        for guest in ("csum=on", "tso=on"):
            with self.subTest(guest):
                row, peers = self.run_against(4, lambda c: Peer(c, True), *self.faults("1%"),
                                              guest=guest, messages=self.SHORT)
                self.check_both(row, peers, "1%")

    def test_a_smaller_link(self):
        """The kernel's segments are less than half of what our link carries: so are ours."""
        self.space.ip("link", "set", "eth0", "mtu", "576")
        for guest in ("", "csum=on", "tso=on"):
            with self.subTest(guest):
                row, peers = self.run_against(4, lambda c: Peer(c, True), *self.faults("1%"),
                                              guest=guest, messages=self.SHORT)
                self.check_both(row, peers, "1%")
                if "tso" not in guest:
                    self.assertLessEqual(row["tcp"]["segment_bytes"], 536)
