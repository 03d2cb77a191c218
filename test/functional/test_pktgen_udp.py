# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen udp: both ends through the switch, and the kernel's sockets at one end, with and
without faults on the way. Every byte is compared."""

import contextlib
import errno
import signal
import socket
import struct
import subprocess
import threading
import time

import netns
from daemon import SANITIZER
from harness import need_root
from process import PATIENCE_S, wait_for
from test_pktgen import Generating
from test_pktgen_tcp import ADDRESSES, FAULTS, PORT, has_messages, stream

MARK = 16
LONGEST = {4: 65507, 6: 65527}


def datagram(from_port, to_port, number, size):
    """One of a message that is a datagram: lib/traffic/engine/udp/parts.h."""
    mark = struct.pack(">QQ", number, time.monotonic_ns())
    return mark + stream(from_port, to_port, number * size + MARK, size - MARK)


def is_right(data, from_port, to_port):
    if len(data) < MARK:
        return data == stream(from_port, to_port, 0, len(data))
    number, = struct.unpack(">Q", data[:8])
    return data[MARK:] == stream(from_port, to_port, number * len(data) + MARK, len(data) - MARK)


class Datagrams(Generating):
    def check(self, row):
        figures = row["udp"]
        self.assertFalse(row["partial"])
        self.assertTrue(figures["verified"])
        self.assertEqual((figures["wrong_bytes"], figures["wrong_frames"], figures["strange"]),
                         (0, 0, 0))
        self.assertGreater(figures["messages"], 0)
        return figures


class UdpThroughTheSwitch(Datagrams):
    def test_every_kind_of_guest(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest in ("csum=on", "tso=on,mrg=off,size=256", "packed=on,in_order=on"):
            with self.subTest(guest):
                rows = self.run_enough(has_messages, "udp", "--verify", "--messages",
                                       "1,1400,150k", "--test", "all", guest=guest)
                self.assertEqual(len(rows), 6)
                for row in rows:
                    figures = self.check(row)
                    latency = figures["test"] == "latency"
                    self.assertEqual(row["latency"] is not None, latency)
                    self.assertEqual(figures["datagrams"],
                                     3 if figures["message_bytes"] > 65507 else 1)
                    if not latency:
                        self.assertLessEqual(figures["messages"] + figures["lost_messages"],
                                             figures["sent_messages"])
                        self.assertEqual(figures["reordered"],
                                         None if figures["message_bytes"] < MARK else 0)

    def test_ways_and_families(self):
        self.start(["vm1", "vm2"])
        for way, family in (("forward", "ipv6"), ("reverse", "ipv4"), ("both", "ipv6")):
            with self.subTest(way=way, family=family):
                row, = self.run_enough(has_messages, "udp", "--verify", "--direction", way,
                                       "--family", family, "--messages", 5000, "--streams", 7)
                figures = self.check(row)
                self.assertEqual((figures["way"], figures["streams"]), (way, 7))
                self.assertGreater(figures["fragments"], 0)

    def test_faults(self):
        self.start(["vm1", "vm2"])
        def enough(figures):
            shown = [figures["messages"], figures["impaired_lost"], figures["lost_messages"]]
            if figures["test"] != "latency" and not figures["fragments"]:
                shown += [figures["duplicated"], figures["reordered"]]
            return all(shown)

        for row in self.run_enough(enough, "udp", "--verify", "--messages", "100,4k", "--test",
                                   "all", "--wait", "10ms", "--impair", FAULTS):
            figures = self.check(row)
            self.assertGreater(figures["impaired_lost"], 0)
            if figures["test"] == "latency":
                self.assertGreater(row["latency"]["lost"], 0)
                self.assertEqual(row["latency"]["count"], figures["messages"])
            else:
                self.assertGreater(figures["lost_messages"], 0)
                if not figures["fragments"]:  # else it is frames that come again, not datagrams
                    self.assertGreater(figures["duplicated"], 0)
                    self.assertGreater(figures["reordered"], 0)

    def test_nobody_answers(self):
        self.start(["vm1", "vm2"])
        done = subprocess.run(self.command("udp", "--connect", "198.18.0.99", "--timeout", 1,
                                           ports=("vm1",)),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("nobody on the port's link has 198.18.0.99", done.stderr)


class Receiver:
    """A socket of the kernel's: compares what it gets, or gives it back."""

    def __init__(self, test, space, family, echo=False):
        with space:
            self.socket = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET,
                                        socket.SOCK_DGRAM)
            self.socket.bind(("", PORT))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.settimeout(0.2)
        self.echo, self.over = echo, False
        self.received = {}  # by length
        self.wrong = 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        test.addCleanup(self.end)

    def run(self):
        while not self.over:
            with contextlib.suppress(TimeoutError):
                data, (address, port, *_) = self.socket.recvfrom(1 << 16)
                self.received[len(data)] = self.received.get(len(data), 0) + 1
                if self.echo:
                    self.socket.sendto(data, (address, port))
                else:
                    self.wrong += not is_right(data, port, PORT)

    def end(self):
        self.over = True
        self.thread.join()
        self.socket.close()


class UdpKernel(Datagrams):
    """Over a tap of the switch's, of the usual MTU, whose kernel leaves checksums to others."""

    def setUp(self):
        super().setUp()
        need_root(self)
        try:
            self.space = netns.Namespace(self, "kernel")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")
        self.start({"vm1": {}, "tap": {
            "type": "tap", "bridge": "br0", "ifname": "eth0", "netns": self.space.name,
            "ip": [f"{ADDRESSES[4][1]}/24", f"{ADDRESSES[6][1]}/64"]}})

    def command(self, *words, **options):
        words = (*words, "--verify", "--address", f"{ADDRESSES[4][0]},{ADDRESSES[6][0]}")
        return super().command(*words, ports=("vm1",), **options)

    def test_our_end_sends(self):
        for family, sizes, faults in ((4, (1, 1472, 1473, LONGEST[4]), ()),
                                      (6, (16, LONGEST[6]), ()),
                                      (4, (5000,), ("--impair", FAULTS))):
            with self.subTest(family=family, faults=faults):
                receiver = Receiver(self, self.space, family)
                rows = self.run_enough(has_messages, "udp", "--connect", ADDRESSES[family][1],
                                       "--messages", ",".join(map(str, sizes)), "--streams", 3,
                                       *faults)
                receiver.end()
                for row in rows:
                    figures = self.check(row)
                    self.assertEqual(figures["counted"], "sender")
                    self.assertIsNone(figures["lost_messages"])
                self.assertEqual(receiver.wrong, 0)
                self.assertEqual(set(receiver.received), set(sizes))

    def test_our_end_asks(self):
        for family in (4, 6):
            with self.subTest(family):
                receiver = Receiver(self, self.space, family, echo=True)
                for row in self.run_enough(has_messages, "udp", "--connect",
                                           ADDRESSES[family][1], "--test", "latency", "--wait",
                                           PATIENCE_S, "--messages", f"1,1473,{LONGEST[family]}"):
                    self.check(row)
                    self.assertGreater(row["latency"]["count"], 0)
                    self.assertEqual(row["latency"]["lost"], 0)
                receiver.end()

    def test_nobody_listens(self):
        row, = self.run_enough(lambda figures: figures["lost_messages"], "udp", "--connect",
                               ADDRESSES[4][1], "--test", "latency", "--wait", "20ms",
                               "--messages", 100)
        self.assertEqual(row["udp"]["messages"], 0)
        self.assertEqual(row["latency"]["count"], 0)
        self.assertGreater(row["latency"]["lost"], 0)

    def reach(self):
        for own, _ in ADDRESSES.values():
            wait_for(lambda own=own: self.space.run("ping", "-c1", "-W1", own).returncode == 0,
                     "the generator's host")

    @contextlib.contextmanager
    def listening(self, *words):
        """While our end listens; adds its row to the list that it gives."""
        command = self.command("udp", *words)
        at = command.index("--time")
        del command[at:at + 2]  # until it is interrupted
        command[command.index("--warmup") + 1] = "0"  # all that comes counts
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for cleanup in (process.wait, process.kill, process.stdout.close, process.stderr.close):
            self.addCleanup(cleanup)
        self.reach()
        rows = []
        yield rows
        self.reach()  # what was sent before has been taken before
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 0, out + errors)
        self.assertIsNone(SANITIZER.search(errors), errors)
        rows.extend(self.rows())

    def socket_to(self, family):
        with self.space:
            to = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET,
                               socket.SOCK_DGRAM)
        self.addCleanup(to.close)
        to.settimeout(PATIENCE_S)
        to.connect((ADDRESSES[family][0], PORT))
        return to

    def test_our_end_takes(self):
        n = 7  # frames of all of them are fewer than the tap and the port's ring hold
        for size in (65507, 100):
            with self.subTest(size), self.listening("--messages", size) as rows:
                peers = [self.socket_to(family) for family in (4, 6, 4)]
                for number in range(n):
                    for peer in peers:
                        peer.send(datagram(peer.getsockname()[1], PORT, number, size))
                peers[0].send(b"of another length")
            row, = rows
            figures = row["udp"]
            self.assertFalse(row["partial"])
            self.assertEqual(figures["messages"], n * len(peers), figures)
            self.assertEqual((figures["wrong_bytes"], figures["wrong_frames"],
                              figures["reordered"], figures["duplicated"], figures["strange"]),
                             (0, 0, 0, 0, 1))
            self.assertGreater(figures["jitter_ns"], 0)

    def test_our_end_answers(self):
        size = 30000
        with self.listening("--test", "latency", "--messages", size) as rows:
            for family in (4, 6):
                peer = self.socket_to(family)
                own = peer.getsockname()[1]
                for number in range(20):
                    peer.send(datagram(own, PORT, number, size))
                    answer = peer.recv(1 << 16)
                    self.assertEqual(len(answer), size)
                    self.assertTrue(is_right(answer, own, PORT))
                    self.assertEqual(answer[:8], struct.pack(">Q", number))
        row, = rows
        self.assertEqual(row["udp"]["messages"], 40)
        self.assertEqual(row["udp"]["wrong_bytes"], 0)

    def test_what_the_kernel_refuses(self):
        """That the longest datagrams are the longest: the kernel sends no longer ones."""
        for family, longest in LONGEST.items():
            peer = self.socket_to(family)
            with self.assertRaises(OSError) as refused:
                peer.send(bytes(longest + 1))
            self.assertEqual(refused.exception.errno, errno.EMSGSIZE)
