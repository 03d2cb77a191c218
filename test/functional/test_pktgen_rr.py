# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen rr: transactions through the switch, and with the kernel's sockets at one end."""

import contextlib
import socket
import subprocess
import threading

import test_pktgen_tcp as tcp
from process import PATIENCE_S, wait_for
from test_pktgen import Generating

PORT = 5002
TESTS = ("tcp_rr", "tcp_crr", "udp_rr")


class Transactions(Generating):
    def check(self, row, test):
        figures = row["rr"]
        self.assertEqual(figures["test"], test)
        self.assertFalse(row["partial"])
        self.assertGreater(figures["transactions"], 0)
        self.assertEqual(figures["wrong_frames"], 0)
        self.assertEqual(figures["failed"], 0)
        self.assertEqual(row["latency"]["count"], figures["transactions"])
        return figures


class RrThroughTheSwitch(Transactions):
    def test_every_test(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest, words in (("tso=on", ()), ("csum=on,packed=on", ("--family", "ipv6")),
                             ("", ("--impair", "loss=1%,dup=1%,reorder=2%", "--wait", "10ms"))):
            with self.subTest(guest):
                def enough(figures, lossy="--impair" in words):
                    return figures["transactions"] > 0 and (
                        not lossy or figures["test"] != "udp_rr" or figures["lost"] > 0)

                rows = self.run_enough(enough, "rr", "--test", "all", "--outstanding", 40, "--verify",
                                       "--request", 300, "--response", "3k", "--streams", 5,
                                       *words, guest=guest)
                for row, test in zip(rows, TESTS, strict=True):
                    figures = self.check(row, test)
                    self.assertEqual(figures["wrong_bytes"], 0)
                    self.assertEqual(figures["streams"], 5)
                    if test == "udp_rr" and "--impair" in words:
                        self.assertGreater(figures["lost"], 0)


class Echo:
    """Sends back what comes to a port of TCP and UDP, in the current network namespace."""

    def __init__(self, test, close_after=None):
        self.close_after = close_after
        self.received = 0
        self.tcp = socket.create_server(("", PORT), backlog=1000)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("", PORT))
        self.threads = [threading.Thread(target=self.accept, daemon=True),
                        threading.Thread(target=self.datagrams, daemon=True)]
        for thread in self.threads:
            thread.start()
        test.addCleanup(self.close)

    def close(self):
        for each in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                threading.Thread(target=self.echo, args=(connection,), daemon=True).start()

    def echo(self, connection):
        n = 0
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(1 << 16):
                n += 1
                self.received += 1
                if n == self.close_after:
                    break
                connection.sendall(data)

    def datagrams(self):
        with contextlib.suppress(OSError):
            while True:
                data, peer = self.udp.recvfrom(1 << 16)
                if peer is None:  # it is being closed
                    break
                self.udp.sendto(data, peer)


class RrKernel(tcp.KernelOverVeth, Transactions):
    check = Transactions.check
    always = ()

    def test_the_kernel_answers(self):
        with self.space:
            Echo(self)
        rows = self.run_enough(lambda figures: figures["transactions"], "rr", "--connect",
                               tcp.ADDRESSES[4][1], "--test", "all", "--request", 100,
                               "--response", 100, "--outstanding", 4, "--streams", 3)
        for row, test in zip(rows, TESTS, strict=True):
            self.check(row, test)

    def test_the_kernel_hangs_up(self):
        with self.space:
            Echo(self, close_after=50)
        done = subprocess.run(self.command("rr", "--connect", tcp.ADDRESSES[4][1], "--time", 60,
                                           "--warmup", 0), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("1 of 1 connections to port 5002 ended early: closed by the peer",
                      done.stderr)
        row, = self.rows()
        self.assertTrue(row["partial"])
        self.assertGreater(row["rr"]["transactions"], 0)  # some were before it was measured
        self.assertLess(row["rr"]["transactions"], 50)

    def test_the_kernel_falls_silent(self):
        with self.space:
            echo = Echo(self)
        process = subprocess.Popen(self.command("rr", "--connect", tcp.ADDRESSES[4][1], "--time",
                                                3, "--warmup", 0, "--timeout", 1),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stderr.close)
        wait_for(lambda: echo.received > 10, "requests")
        self.space.ip("link", "set", "eth0", "down")
        _, errors = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("1 of 1 connections: no answer from the peer", errors)
        row, = self.rows()
        self.assertTrue(row["partial"])
        self.assertGreater(row["rr"]["transactions"], 0)

    def test_nobody_answers(self):
        for test in TESTS:
            with self.subTest(test):
                done = subprocess.run(
                    self.command("rr", "--connect", tcp.ADDRESSES[4][1], "--test", test, "--time",
                                 1.2), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn({"tcp_rr": "a connection to port 5002 was refused or reset",
                               "tcp_crr": "1 of 1 connections to port 5002 ended early: refused",
                               "udp_rr": "no answer from port 5002 for "}[test], done.stderr)

    def ask(self, test):
        """Three transactions; of tcp_crr, so many connections."""
        kind = socket.SOCK_DGRAM if test == "udp_rr" else socket.SOCK_STREAM
        connection = None
        for i in range(3):
            if not connection or test == "tcp_crr":
                with self.space:
                    connection = socket.socket(socket.AF_INET, kind)
                self.addCleanup(connection.close)
                connection.settimeout(PATIENCE_S)
                connection.connect((tcp.ADDRESSES[4][0], PORT))
            connection.sendall(bytes([i]) * 20)
            answer = b""
            while len(answer) < 500:
                data = connection.recv(1000)
                self.assertTrue(data)
                answer += data
            self.assertEqual(len(answer), 500)
            if test == "udp_rr":
                self.assertEqual(answer[:4], bytes([i]) * 4)
            if test == "tcp_crr":
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(connection.recv(1), b"")
        connection.close()

    def test_our_end_answers(self):
        for test in TESTS:
            with self.subTest(test):
                with self.listening("--test", test, "--request", 20, "--response", 500,
                                    engine="rr"):
                    self.ask(test)
                row = self.row
                self.assertFalse(row["partial"])
                self.assertEqual(row["rr"]["transactions"], 3)
                self.assertIsNone(row["rr"]["p90_ns"])
                self.assertEqual(row["rr"]["failed"], 0)
