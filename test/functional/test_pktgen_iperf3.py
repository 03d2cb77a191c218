# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen iperf3: a stock iperf3 is its client and its server, in a namespace on a port of
type tap; and peers that are something else, or leave."""

import contextlib
import json
import signal
import socket
import struct
import subprocess
import threading
import time

from daemon import SANITIZER
from hosts import HostCase
from netns import Namespace, RawSocket
from process import PATIENCE_S, program, wait_for
from test_pktgen import CORE

OURS, KERNELS = ("10.97.0.1", "fd97::1"), ("10.97.0.2", "fd97::2")
PORT = 5201
COOKIE = b"a" * 36 + b"\0"
BOTH = ("sum_sent_bidir_reverse", "sum_received_bidir_reverse")


class Iperf3(HostCase):
    def setUp(self):
        super().setUp()
        self.space = Namespace(self, "kernel")
        self.space.run("sysctl", "-q", "net.ipv6.conf.default.accept_dad=0")
        self.start_at_home({
            "vm1": {}, "eth0": {"type": "tap", "bridge": "br0", "netns": self.space.name,
                                "ifname": "eth0", "ip": [f"{KERNELS[0]}/24", f"{KERNELS[1]}/64"]}})
        wait_for(lambda: "tentative" not in self.space.ip("addr", "show", "dev", "eth0"),
                 "the kernel's address")

    # ---- Ours ----

    def command(self, *words, guest=""):
        port = ",".join(filter(None, (f"virtio:{self.path('vm1')}", "size=1024", guest)))
        return [program("crossdock-pktgen"), "iperf3", "--port", port, "-B", ",".join(OURS),
                *map(str, words)]

    def begin(self, *words, out=subprocess.PIPE, **options):
        process = subprocess.Popen(self.command(*words, **options), stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup((process.stdout or out).close)
        self.addCleanup(process.stderr.close)
        return process

    def finish(self, process, status=0):
        out, errors = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, status, f"{out}{errors}")
        self.assertIsNone(SANITIZER.search(errors), errors)
        return out, errors

    def fails(self, *words, status=1):
        """What it says."""
        return self.finish(self.begin(*words), status)[1]

    def serve(self, *words, **options):
        process = self.begin("-s", *words, **options)
        wait_for(lambda: self.space.run("ping", "-c1", "-W1", OURS[0]).returncode == 0,
                 "the generator's host")
        return process

    # ---- The kernel's ----

    def listening(self):
        return f":{PORT}" in self.space.run("ss", "-ltn").stdout

    def stock_server(self, *words):
        process = subprocess.Popen(self.space.command("iperf3", "-s", "-1", *words),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        wait_for(self.listening, "iperf3 to listen")
        return process

    def stock_client(self, *words, address=OURS[0], status=0):
        done = self.space.run("iperf3", "-c", address, "-J", *words, timeout_s=PATIENCE_S)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    # ---- What they found ----

    def check(self, ours, theirs, both=False, told=True):
        """Each end's figures are those that the other tells; told: the other has been told
        before it wrote them down."""
        self.assertNotIn("error", ours)
        self.assertNotIn("error", theirs)
        self.assertEqual(ours["start"]["cookie"], theirs["start"]["cookie"])
        for name in ("sum_sent", "sum_received") + (BOTH if both else ()):
            mine = ours["end"][name]
            self.assertGreater(mine["bytes"], 0, name)
            self.assertGreater(mine["bits_per_second"], 0)
            self.assertGreater(mine["seconds"], 0)
            if not told:  # a stock server knows what it counted itself
                continue
            self.assertEqual(mine["bytes"], theirs["end"][name]["bytes"], name)
            if "sent" in name and "udp" not in theirs["end"]["streams"][0]:
                self.assertEqual(mine["retransmits"], theirs["end"][name]["retransmits"])
        if "udp" in ours["end"]["streams"][0]:
            if told:
                self.assertEqual(ours["end"]["sum"]["packets"], theirs["end"]["sum"]["packets"])
            self.assertLess(ours["end"]["sum"]["jitter_ms"], 1000)
            return
        sent, received = (sum(s[end]["bytes"] for s in ours["end"]["streams"])
                          for end in ("sender", "receiver"))
        if not ours["start"]["test_start"]["omit"]:  # which each end does by its own clock
            self.assertLessEqual(received, sent)


    # ---- What was on the wire ----

    def sniff(self):
        return RawSocket(self, self.space, "eth0", 0)

    def sniffed(self, raw, protocol):
        """(from the kernel, type of service, bytes of the IP packet), of port 5201; and in
        self.told what our SYNs tell of segments."""
        found, self.told = set(), set()
        with contextlib.suppress(BlockingIOError):
            while True:
                data, address = raw.socket.recvfrom(65536)
                v6 = data[12:14] == b"\x86\xdd"
                at = 54 if v6 else 34
                if data[20 if v6 else 23] != protocol or PORT not in struct.unpack_from(
                        ">HH", data, at):
                    continue
                tos = struct.unpack_from(">H", data, 14)[0] >> 4 & 255 if v6 else data[15]
                length = struct.unpack_from(">H", data, 18 if v6 else 16)[0] + 40 * v6
                found.add((address[2] == raw.OUTGOING, tos, length))
                if (protocol == socket.IPPROTO_TCP and data[at + 13] & 2 and
                        address[2] != raw.OUTGOING):
                    self.assertEqual(data[at + 20:at + 22], b"\2\4")  # the first option
                    self.told.add(struct.unpack_from(">H", data, at + 22)[0])
        return found

    def check_wire(self, found, tos, most):
        """Our streams have that type of service, and no longer packets."""
        ours = {length for kernels, of, length in found if not kernels and of == tos}
        self.assertTrue(ours, found)
        self.assertLessEqual(max(ours), most)
        return max(ours)


class Iperf3Server(Iperf3):
    """A stock client."""

    def test_both_ends_agree(self):
        # More than a pipe takes that nobody reads.
        server = self.serve("-J", "-i", "0.5", guest="tso=on",
                            out=(self.directory / "out").open("w"))
        decoder = json.JSONDecoder()
        tests = (("-t", 1), ("-t", 1, "-P", 3), ("-t", 1, "-R", "-P", 2), ("-t", 1, "--bidir"),
                 ("-n", "4M", "-l", 1000, "-w", "64K"), ("-n", "4M", "-R", "-b", "100M"),
                 ("-k", 20, "-N", "-l", 1000), ("-t", 1, "-O", 1, "-6"),
                 ("-t", 1, "-u", "-b", "20M", "-P", 2), ("-t", 1, "-u", "-R", "-l", 4000, "-6"),
                 ("-t", 1, "-u", "--bidir", "--udp-counters-64bit"))
        theirs = []
        for words in tests:
            with self.subTest(words):
                theirs.append(self.stock_client(*words, address=OURS["-6" in words]))
        server.send_signal(signal.SIGINT)
        self.finish(server)
        out = (self.directory / "out").read_text()
        for words, found in zip(tests, theirs, strict=True):
            with self.subTest(words):
                ours, end = decoder.raw_decode(out)
                out = out[end:].lstrip()
                both = "--bidir" in words
                reverse = "-R" in words
                # All that reached it when its client said that it was over, of those that run for
                # a time; of those of a size all, but for what the last block has too much.
                self.check(ours, found, both)
                asked = ours["start"]["test_start"]
                self.assertEqual(asked["num_streams"], int(words[words.index("-P") + 1])
                                 if "-P" in words else 1)
                self.assertEqual(asked["reverse"], int(reverse))
                if "-n" in words:
                    sent, received = (ours["end"][name]["bytes"]
                                      for name in ("sum_sent", "sum_received"))
                    self.assertGreaterEqual(received, 4 << 20)
                    self.assertLess(received, (4 << 20) + 2 * asked["blksize"])
                    if not reverse:
                        self.assertLessEqual(received, sent)
                        self.assertLess(sent - received, asked["blksize"])
                if "-k" in words:
                    self.assertEqual(ours["end"]["sum_received"]["bytes"], 20000)
                self.assertGreater(len(ours["intervals"]), 0)
                self.assertEqual("-O" in words,
                                 any(i["sum"]["omitted"] for i in ours["intervals"]))
        self.assertEqual(out, "")

    def test_segments_and_type_of_service(self):
        self.serve("-J", out=(self.directory / "out").open("w"))
        for words, protocol, tos, most in (
                (("-M", 600, "-S", "0x20"), socket.IPPROTO_TCP, 0x20, 640),
                (("-M", 600, "--dscp", "ef", "-R", "-6"), socket.IPPROTO_TCP, 184, 660),
                (("-u", "--bidir", "-l", 500, "-S", 8, "-b", "10M"), socket.IPPROTO_UDP, 8, 528),
                (("-u", "--bidir", "-l", 500, "-S", 8, "-6"), socket.IPPROTO_UDP, 8, 548)):
            with self.subTest(words):
                raw = self.sniff()
                found = self.stock_client("-n", "100K", *map(str, words),
                                          address=OURS["-6" in words])
                self.assertNotIn("error", found)
                longest = self.check_wire(self.sniffed(raw, protocol), tos, most)
                if "-M" in words:  # of the stream's connection, not of the control connection
                    self.assertEqual(self.told, {600, 1440 if "-6" in words else 1460})
                if words[0] == "-u" or "-R" in words:
                    self.assertEqual(longest, most)
        raw = self.sniff()  # it was that test's alone
        self.assertNotIn("error", self.stock_client("-n", "200K", "-R"))
        self.assertEqual(self.check_wire(self.sniffed(raw, socket.IPPROTO_TCP), 0, 1500), 1500)
        decoder = json.JSONDecoder()
        start = decoder.raw_decode((self.directory / "out").read_text())[0]["start"]
        self.assertEqual((start["tcp_mss"], start["test_start"]["tos"]), (600, 32))

    def test_text(self):
        server = self.serve("-1")
        done = self.space.run("iperf3", "-c", OURS[0], "-t", "1", "-P", "2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("iperf Done.", done.stdout)
        out, _ = self.finish(server)
        self.assertIn("Server listening on 5201 (test #1)", out)
        self.assertIn(f"Accepted connection from {KERNELS[0]}, port ", out)
        self.assertRegex(out, r"\[  5\] local 10\.97\.0\.1 port 5201 connected to 10\.97\.0\.2")
        self.assertRegex(out, r"\[SUM\]   0\.00-\d\.\d\d   sec  .*Bytes  .*bits/sec  +\d+ +sender\n")
        self.assertRegex(out, r"\[  7\]   0\.00-\d\.\d\d   sec  .*Bytes  .*bits/sec +receiver\n")
        self.assertNotIn("test #2", out)

    def test_text_as_it_is_asked_for(self):
        log = self.directory / "log"
        server = self.serve("-1", "-V", "-T", "here", "--timestamps=<%Y> ", "-f", "K",
                            "--logfile", log, "--forceflush")
        found = self.stock_client("-n", "100K", "-b", "10M", "-S", "0x20")
        out, _ = self.finish(server)
        self.assertNotIn("listening", out)
        for line in (text := log.read_text()).splitlines():
            self.assertRegex(line, r"^<20\d\d> here:  ")
        for text_of in (r"crossdock-pktgen \d", "Time: .* GMT", "Accepted connection from ",
                        f"Cookie: {found['start']['cookie']}", r"TCP MSS: 1448 \(default\)",
                        "Target Bitrate: 10000000",
                        "protocol: TCP, 1 streams, 131072 byte blocks, omitting 0 seconds, 102400 "
                        "bytes to send, tos 32", "Test Complete. Summary Results:",
                        r" +[\d.]+ KBytes/sec .*receiver", r"CPU Utilization: local/receiver ",
                        "rcv_tcp_congestion reno"):
            self.assertRegex(text, text_of)
        self.assertNotIn("bits/sec", text)

    def test_output_for_the_client(self):
        server = self.serve("-V", "-i", "0.5")
        for words in (("-t", 1), ("-n", "100K")):
            found = self.stock_client("--get-server-output", *words)["server_output_text"]
            self.assertRegex(found, f"(?s)^Time: .*Accepted connection from {KERNELS[0]}.*"
                                    r"sec.* receiver\nCPU Utilization: .*_congestion reno\n$")
            self.assertEqual(found.count("receiver\n"), 1)
        self.assertNotIn("server_output_text", self.stock_client("-n", "100K"))
        server.send_signal(signal.SIGINT)
        self.finish(server)
        self.serve("-J", "-1", out=(self.directory / "out").open("w"))
        found = self.stock_client("--get-server-output", "-n", "100K")
        self.assertEqual(found["server_output_json"]["start"]["cookie"], found["start"]["cookie"])

    def test_busy(self):
        self.serve()
        first = subprocess.Popen(self.space.command("iperf3", "-c", OURS[0], "-t", "60",
                                                    "--forceflush"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(first.wait)
        self.addCleanup(first.kill)
        self.addCleanup(first.stdout.close)
        self.assertIn("local", first.stdout.readline() + first.stdout.readline())
        error = self.stock_client("-t", "1", status=0)["error"]
        self.assertIn("the server is busy running a test", error)
        first.send_signal(signal.SIGINT)
        first.wait(PATIENCE_S)
        # It goes on with the next.
        self.assertNotIn("error", self.stock_client("-n", "1M"))

    def test_clients_that_are_none(self):
        server = self.serve("--timeout", 1)

        def send(data, rest=b""):
            with self.space:
                s = socket.create_connection((OURS[0], PORT), PATIENCE_S)
            with s:
                s.settimeout(PATIENCE_S)
                s.sendall(data)
                said = s.recv(100) if rest else b""
                s.sendall(rest)
                while data := s.recv(1000):
                    said += data
                return said
        self.assertEqual(send(b"GET / HTTP/1.1\r\nHost: 10.97.0.1:5201\r\nAccept: */*\r\n\r\n"), b"")
        # Lengths of 100 MB, and of nothing; text that is no JSON; what there is not.
        for json_text in (b"\x05\xf5\xe1\x00{}", b"\0\0\0\0", b"\0\0\0\x03[1]",
                          b"\0\0\0\x0d{\"sctp\":true}", b"\0\0\0\x10{\"parallel\":999}"):
            with self.subTest(json_text):
                self.assertEqual(send(COOKIE, json_text)[:2], b"\x09\xfe")
        # Those who say nothing more: at once, after the cookie, and after the parameters.
        for data in ((b"ab",), (COOKIE, b"\0"), (COOKIE, b"\0\0\0\x02{}")):
            with self.subTest(data), self.assertRaises(ConnectionResetError):
                if send(*data):
                    raise ConnectionResetError  # it may close with a word
        with self.space, self.assertRaises(ConnectionRefusedError):
            socket.create_connection((OURS[0], PORT + 1), PATIENCE_S)
        self.assertNotIn("error", self.stock_client("-n", "1M"))
        server.send_signal(signal.SIGINT)
        out, _ = self.finish(server)
        for text in ("does not begin as an iperf3 client's does", "are 100000000 bytes",
                     "no JSON object", "there is TCP and UDP", "\"parallel\"",
                     "did not say within 1 s what it wants"):
            self.assertIn(text, out)


class Iperf3Client(Iperf3):
    """A stock server."""

    def test_both_ends_agree(self):
        tests = (("-t", 1), ("-t", 1, "-P", 3), ("-t", 1, "-R", "-P", 2), ("-t", 1, "--bidir"),
                 ("-n", "4M", "-l", "10K"), ("-n", "4M", "-R"), ("-k", 2000, "-l", 1000),
                 ("-t", 1, "-O", 1, "-6"), ("-t", 1, "-b", "20M"),
                 ("-t", 1, "-u", "-b", "20M", "-P", 2), ("-t", 1, "-u", "-R", "-l", 4000, "-6"),
                 ("-t", 1, "-u", "--bidir"))
        for words in tests:
            with self.subTest(words):
                server = self.stock_server("-J")
                out, _ = self.finish(self.begin("-c", KERNELS["-6" in words], "-J", *words,
                                                guest="tso=on"))
                theirs = json.loads(server.communicate(timeout=PATIENCE_S)[0])
                ours = json.loads(out)
                self.check(ours, theirs, "--bidir" in words, told=False)
                # A stock server writes down what it counted itself, before it is told the rest.
                name = "sum_sent" if "-R" in words else "sum_received"
                self.assertEqual(ours["end"][name]["bytes"], theirs["end"][name]["bytes"])
                if "-n" in words:
                    self.assertEqual(ours["end"]["sum_sent"]["bytes"] >= 4 << 20, True)
                if "-k" in words:
                    self.assertEqual(ours["end"]["sum_sent"]["bytes"], 2000000)
                if "-b" in words:
                    self.assertLess(ours["end"]["sum_sent"]["bits_per_second"],
                                    24e6 * len(ours["end"]["streams"]))

    def test_segments_and_type_of_service(self):
        for words, protocol, tos, most in (
                (("-M", 600, "-S", "040"), socket.IPPROTO_TCP, 0x20, 640),
                (("-M", 600, "--dscp", "AF41", "-R", "-6"), socket.IPPROTO_TCP, 136, 660),
                (("-u", "--bidir", "-l", 500, "--dscp", 2, "-b", "10M"), socket.IPPROTO_UDP, 8,
                 528)):
            with self.subTest(words):
                server, raw = self.stock_server("-J"), self.sniff()
                out, _ = self.finish(self.begin("-c", KERNELS["-6" in words], "-J", "-n", "100K",
                                                *words))
                theirs = json.loads(server.communicate(timeout=PATIENCE_S)[0])
                self.assertNotIn("error", theirs)
                found = self.sniffed(raw, protocol)
                if "-M" in words:
                    self.assertEqual(self.told, {600, 1440 if "-6" in words else 1460})
                if self.check_wire(found, tos, most) < most:
                    self.assertIn("-R", words)
                    self.assertTrue(any(f[:2] == (True, tos) for f in found), found)
                for end in (json.loads(out), theirs):
                    self.assertEqual(end["start"]["test_start"]["tos"], tos)
                    if "-M" in words:
                        self.assertEqual(end["start"]["tcp_mss"], 600)

    def test_output_of_the_server(self):
        for server_words in ((), ("-J",)):
            for words in ((), ("-J",)):
                with self.subTest((server_words, words)):
                    server = self.stock_server(*server_words)
                    out, _ = self.finish(self.begin("-c", KERNELS[0], "-n", "100K",
                                                    "--get-server-output", *words))
                    shown = server.communicate(timeout=PATIENCE_S)[0]
                    if words and server_words:
                        self.assertEqual(json.loads(out)["server_output_json"]["start"],
                                         json.loads(shown)["start"])
                    elif words:
                        self.assertIn(json.loads(out)["server_output_text"], shown)
                    elif server_words:
                        self.assertIn("\nServer JSON output:\n{\n", out)
                        self.assertIn(json.loads(shown)["start"]["cookie"], out)
                    else:
                        self.assertIn("\nServer output:\nAccepted connection from ", out)

    def test_faults_on_the_way(self):
        server = self.stock_server("-J")
        out, _ = self.finish(self.begin("-c", KERNELS[0], "-J", "-t", 1, "-P", 2, "--impair",
                                        "loss=1%,dup=1%,reorder=1%,seed=3"))
        theirs = json.loads(server.communicate(timeout=PATIENCE_S)[0])
        ours = json.loads(out)
        self.check(ours, theirs, told=False)
        self.assertGreater(ours["end"]["sum_sent"]["retransmits"], 0)

    def test_text(self):
        self.stock_server()
        out, _ = self.finish(self.begin("-c", KERNELS[0], "-t", 1, "-R"))
        self.assertIn(f"Connecting to host {KERNELS[0]}, port 5201\nReverse mode, remote host "
                      f"{KERNELS[0]} is sending\n", out)
        self.assertRegex(out, r"\[  5\]   0\.00-\d\.\d\d   sec .*receiver\n\niperf Done\.\n$")

    def test_text_as_it_is_asked_for(self):
        self.stock_server()
        out, _ = self.finish(self.begin("-c", KERNELS[0], "-k", 10, "-V", "-f", "m", "--bidir", "-u",
                                        "-T", "x", "--udp-counters-64bit", "-A", CORE))
        for line in ("x:  Connecting to host", "x:        Target Bitrate: 1048576",
                     "x:  Starting Test: protocol: UDP, 1 streams, 1452 byte blocks, omitting 0 "
                     "seconds, 10 blocks to send, tos 0", "x:  CPU Utilization: local/receiver",
                     "x:  iperf Done."):
            self.assertIn(f"\n{line}", out)
        self.assertRegex(out, r"\d Mbits/sec")
        self.assertNotRegex(out, r"\d [KG]?bits/sec")
        self.assertIn("--logfile /no/where: No such file",
                      self.fails("-c", KERNELS[0], "--logfile", "/no/where"))
        self.stock_server()
        out, _ = self.finish(self.begin("-c", KERNELS[0], "-n", "10K", "-J", "-T", "x",
                                        "--extra-data", "y", "--connect-timeout", 9000))
        found = json.loads(out)
        self.assertEqual((found["title"], found["extra_data"]), ("x", "y"))

    def test_servers_that_are_none(self):
        with self.space:
            listener = socket.create_server(("", PORT))
        self.addCleanup(listener.close)

        def answer(*words):
            for said, wait_s in words:
                connection, _ = listener.accept()
                with connection:
                    if said is not None:
                        connection.recv(len(COOKIE))
                        connection.sendall(said)
                        time.sleep(wait_s)
        cases = (((b"HTTP/1.1 400 Bad Request\r\n", 0.2), "the peer said 72"),
                 ((b"\xff", 0.2), "the server is busy running a test; try again later"),
                 ((b"\x09\xfe\0\0\0\x06\0\0\0\0", 0.2), "it has not so many streams"),
                 ((b"", 4), "the server did not say within 2 s what it wants"),
                 ((None, 0), "the server has ended the control connection"))
        thread = threading.Thread(target=answer, args=[case[0] for case in cases])
        thread.start()
        for (said, _), text in cases:
            with self.subTest(text):  # but who says nothing is waited for long enough to say it
                self.assertIn(text, self.fails("-c", KERNELS[0], "--timeout",
                                               2 if said == b"" else 30, "-t", 1))
        thread.join(PATIENCE_S)
        listener.close()
        self.assertIn("port 5201 is refused", self.fails("-c", KERNELS[0], "-t", 1))
        self.assertIn("nobody on the port's link has 10.97.0.77",
                      self.fails("-c", "10.97.0.77", "--timeout", 1))

    def test_interrupted(self):
        server = self.stock_server()
        process = self.begin("-c", KERNELS[0], "-t", 60)
        while "Connecting" not in (line := process.stdout.readline()):
            self.assertNotEqual(line, "")
        process.send_signal(signal.SIGINT)
        out, errors = self.finish(process, 130)
        self.assertIn("sender", out)
        self.assertIn("interrupted", errors)
        server.wait(PATIENCE_S)


class Iperf3Words(Iperf3):
    def setUp(self):
        super(HostCase, self).setUp()
        self.modes = {}

    def test_what_does_not_go_together(self):
        for words, text in (
                ((), "give -s, to be the server, or -c ADDRESS"),
                (("-s", "-c", "10.0.0.2"), "not both"),
                (("-s", "-u"), "--udp is the client's to say"),
                (("-c", "10.0.0.2", "-u", "-l", 8), "a datagram has 16 to 65507 bytes"),
                (("-s", "-t", 5), "--time is the client's to say"),
                (("-c", "10.0.0.2", "-1"), "--one-off is the server's"),
                (("-c", "10.0.0.2", "-R", "--bidir"), "--reverse does not go with --bidir"),
                (("-c", "10.0.0.2", "-t", 5, "-n", "1M"), "one of --time, --bytes"),
                (("-c", "10.0.0.2", "-6"), "-6 does not go with an IPv4 address"),
                (("-c", "somewhere"), "somewhere"),
                (("-c", "10.0.0.2", "-P", 129), "give 1 to 128"),
                (("-c", "10.0.0.2", "-l", "2M"), "give 1 to 1048576"),
                (("-c", "10.0.0.2", "-b", "10X"), "unknown unit X"),
                (("-c", "10.0.0.2", "-i", "0.01"), "0.1 to 60 seconds"),
                (("-c", "10.0.0.2", "-M", 87), "give 88 to 9216"),
                (("-c", "10.0.0.2", "-S", 256), "0 to 255, such as 32, 040 or 0x20"),
                (("-c", "10.0.0.2", "-S", "-1"), "0 to 255"),
                (("-c", "10.0.0.2", "--dscp", "cs8"), "0 to 63, or cs0 to cs7"),
                (("-c", "10.0.0.2", "--dscp", 64), "0 to 63"),
                (("-s", "-S", 32), "--tos is the client's to say"),
                (("-c", "10.0.0.2", "-Q"), "unknown option -Q"),
                (("-c", "10.0.0.2", "-f", "x"), "k, m, g or t for bits"),
                (("-c", "10.0.0.2", "-f", "kk"), "k, m, g or t for bits"),
                (("-c", "10.0.0.2", "--connect-timeout", 0), "give 1 to"),
                (("-c", "10.0.0.2", "-p"), "-p needs a value"),
                (("-c", "10.0.0.2", "--revers3"), "did you mean --reverse")):
            with self.subTest(words):
                self.assertIn(text, self.fails(*words, status=2))

    def test_help(self):
        out, _ = self.finish(self.begin("--help"))
        for text in ("  -s, --server", "  -c, --client ADDRESS", "  -R, --reverse", "      --bidir",
                     "  -1, --one-off"):
            self.assertIn(text.replace("      --bidir", "  --bidir"), out)
