# SPDX-License-Identifier: BSD-3-Clause
"""Two ends in two processes: crossdock-pktgen server, and tcp, udp and rr with --peer. What they say
to each other, also when one of them is somebody else, stops or goes without a word."""

import contextlib
import json
import random
import select
import signal
import socket
import subprocess

from daemon import SANITIZER, WORKER_CORE
from process import PATIENCE_S, program, wait_for
from test_pktgen import Generating

HELLO = {"protocol": "crossdock-pktgen", "version": 2, "release": "0"}


def free_port():
    """One that nobody listens on, nor is given by the kernel to who connects to somebody."""
    while True:
        with contextlib.suppress(OSError):
            with socket.create_server(("127.0.0.1", random.randrange(10000, 32000))) as s:
                return s.getsockname()[1]


def at_least(count, *more):
    """Of run_enough: so many messages or transactions, and some of all these figures."""
    return lambda figures: (figures.get("messages", figures.get("transactions", 0)) >= count and
                            all(figures[key] > 0 for key in more))


def paired(ways):
    """Of run_enough: each of these ports sent far more than questions for addresses, to that one."""
    return lambda row: all(row["per_port"][sender]["sent_frames"] > 10 and
                           row["per_port"][receiver]["received_frames"] > 10
                           for sender, receiver in ways.items())


class TwoEnds(Generating):
    def setUp(self):
        super().setUp()
        self.control_port = free_port()
        self.said = self.directory / "server.out"
        self.reports.append(lambda: self.said.exists() and f"the server:\n{self.said.read_text()}")

    def server_command(self, *words, ports=("vm2",), guest=""):
        command = [program("crossdock-pktgen"), "server", "--listen",
                   f"127.0.0.1:{self.control_port}"]
        for name in ports:
            command += ["--port", f"virtio:{self.path(name)},size=1024" +
                        (f",{guest}" if guest else "")]
        return [*command, *map(str, words)]

    @contextlib.contextmanager
    def serving(self, *words, **options):
        with open(self.said, "w") as out:
            server = subprocess.Popen(self.server_command(*words, **options),
                                      stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_for(lambda: "listening on" in self.said.read_text(), "a server that listens")
            yield server
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
            server.wait(PATIENCE_S)
        finally:
            server.kill()
            server.wait()
        self.assertIsNone(SANITIZER.search(self.said.read_text()), self.said.read_text())

    def run_peer(self, engine, *words, enough=None, ports=("vm1",), guest="", **options):
        """enough: as run_enough has it; without, there must be a message or a transaction."""
        rows = self.run_enough(enough or at_least(1), engine, "--peer",
                               f"127.0.0.1:{self.control_port}", *words, ports=ports, guest=guest,
                               **options)
        for row in rows:
            self.assertFalse(row["partial"])
            self.assertEqual(len(row["per_port"]), 2 * len(ports))
            self.assertGreater(row["far"]["time_s"], 0)
            self.assertNotEqual(row["bottleneck"], "asked")
            self.assertIn(row[engine]["wrong_bytes"], (0, None))
            self.assertEqual(row[engine]["wrong_frames"], 0)
            self.assertEqual(row["sent_frames"],
                             sum(port["sent_frames"] for port in row["per_port"]))
        return rows

    def near(self, *words, port=None, engine="tcp", ports=("vm1",)):
        """The near end in the background."""
        where = f"127.0.0.1:{port or self.control_port}"
        return subprocess.Popen(self.command(engine, "--peer", where, *words, ports=ports),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def end(self, process):
        """What it says on standard error: a line."""
        out, err = process.communicate(timeout=PATIENCE_S)
        self.assertIsNone(SANITIZER.search(err), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        return err

    def talk(self, s, *objects):
        for o in objects:
            s.sendall(json.dumps(o).encode() + b"\n")

    def answer(self, s):
        s.settimeout(PATIENCE_S)
        with s.makefile() as f:
            return json.loads(f.readline())


class TestsOfTwoProcesses(TwoEnds):
    def test_tcp(self):
        self.start(["vm1", "vm2"])
        with self.serving(guest="tso=on"):
            rows = self.run_peer("tcp", "--verify", "--messages", "1,4k", "--test", "all",
                                 "--trials", 2, guest="tso=on")
            self.assertEqual([(row["tcp"]["test"], row["tcp"]["message_bytes"], row["trial"])
                              for row in rows],
                             [(test, size, trial) for test in ("bandwidth", "latency")
                              for size in (1, 4096) for trial in (1, 2)])
            for row in rows:
                self.assertGreater(row["tcp"]["messages"], 0)
                self.assertEqual(row["latency"] is not None, row["tcp"]["test"] == "latency")
            for way in ("reverse", "both"):
                row, = self.run_peer("tcp", "--verify", "--messages", "1k", "--direction", way,
                                     "--streams", 5, "--impair", "1:loss=1%,seed=7", "--family",
                                     "ipv6", enough=at_least(1, "impaired_lost"))
                self.assertGreater(row["tcp"]["messages"], 0)
                self.assertGreater(row["tcp"]["impaired_lost"], 0)

    def test_udp(self):
        self.start(["vm1", "vm2"])
        with self.serving():
            for way in ("forward", "reverse", "both"):
                for row in self.run_peer("udp", "--verify", "--messages", "1,1400", "--direction",
                                         way, "--streams", 3):
                    figures = row["udp"]
                    self.assertGreater(figures["messages"], 0)
                    self.assertEqual(figures["strange"], 0)
                    self.assertEqual(figures["lost_messages"],
                                     max(0, figures["all_sent"] - figures["all_received"]))
            row, = self.run_peer("udp", "--verify", "--messages", "150k", "--test", "latency",
                                 "--wait", 30, "--address", "10.0.0.1", "--address", "10.0.0.2")
            self.assertEqual(row["udp"]["lost_messages"], 0)
            self.assertEqual(row["latency"]["count"], row["udp"]["messages"])
            row, = self.run_peer("udp", "--messages", 1000, "--impair", "0:loss=50%,seed=3",
                                 enough=at_least(500))
            self.assertGreater(row["udp"]["loss_ratio"], 0.4)

    def test_transactions(self):
        self.start(["vm1", "vm2"])
        with self.serving("--once") as server:
            self.run_peer("rr", enough=at_least(0))
            self.assertEqual(server.wait(PATIENCE_S), 0)
        with self.serving():
            rows = self.run_peer("rr", "--test", "all", "--outstanding", "1,8", "--verify",
                                 "--request", 64, "--response", 200)
            self.assertEqual([(row["rr"]["test"], row["rr"]["outstanding"]) for row in rows],
                             [("tcp_rr", 1), ("tcp_rr", 8), ("tcp_crr", 1), ("udp_rr", 1),
                              ("udp_rr", 8)])
            for row in rows:
                self.assertGreater(row["rr"]["transactions"], 0)
                self.assertEqual(row["latency"]["count"], row["rr"]["transactions"])
        self.assertIn("rr, 5 rows", self.said.read_text())


    def test_several_ports(self):
        self.start(["vm1", "vm2", "vm3", "vm4"])
        here, there = ("vm1", "vm3"), ("vm2", "vm4")
        with self.serving("--cores", WORKER_CORE, ports=there):
            tcp, = self.run_peer("tcp", "--verify", "--messages", "1k", "--streams", 3,
                                 "--impair", "3:loss=5%,seed=7", "--direction", "reverse",
                                 enough=at_least(500, "impaired_lost"), ports=here,
                                 whole=paired({1: 0, 3: 2}))
            self.assertEqual(tcp["tcp"]["streams"], 6)
            self.assertGreater(tcp["tcp"]["impaired_lost"], 0)
            self.assert_paired(tcp, {1: 0, 3: 2})
            udp, = self.run_peer("udp", "--verify", "--messages", 1000, "--address", "10.0.0.1",
                                 "--address", "10.0.0.2", "--address", "fd00::3", "--address",
                                 "fd00::4", enough=at_least(50), ports=here,
                                 whole=paired({0: 1, 2: 3}))
            self.assertEqual(udp["udp"]["strange"], 0)
            self.assert_paired(udp, {0: 1, 2: 3})
            ways = {0: 1, 1: 0, 2: 3, 3: 2}
            for row in self.run_peer("rr", "--test", "all", "--streams", 2, enough=at_least(50),
                                     ports=here, whole=paired(ways)):
                self.assertEqual(row["rr"]["streams"], 4)
                self.assert_paired(row, ways)
            ports = json.loads((self.directory / "out.json").read_text())["ports"]
            self.assertEqual([any(f"{name}.sock" in port["name"] for name in there)
                              for port in ports], [False, True, False, True])
            near = self.near()
            self.assertIn("the server has 2 ports, the client 1", self.end(near))

    def assert_paired(self, row, ways):
        self.assertTrue(paired(ways)(row), row["per_port"])


class FramesOfTwoProcesses(TwoEnds):
    def test_rate(self):
        self.start({"vm1": {"vlan": 7}, "vm2": {"vlan": 7}, "vm3": {"vlan": 7}, "vm4": {"vlan": 7},
                    "vm5": {"vlan": 8}})
        peer = ("--peer", f"127.0.0.1:{self.control_port}", "--rate", "2kpps")
        with self.serving(ports=("vm2", "vm4")):
            for words, ways in (
                    (("--size", "64,1514", "--trials", 2), ((0, 1), (2, 3))),
                    (("--direction", "both", "--flows", 100), ((0, 1), (1, 0), (2, 3), (3, 2))),
                    (("--flows", 50, "--flow-kind", "l4", "--size", "imix"), ((0, 1), (2, 3))),
                    (("--template", "eth/ipv4/udp(dport=5..9)", "--count", 100, "--time", 3),
                     ((0, 1), (2, 3)))):
                with self.subTest(words):
                    rows = self.run_pktgen("rate", *peer, *words, ports=("vm1", "vm3"))
                    self.assertEqual(len(rows), 4 if "--trials" in words else 1)
                    for row in rows:
                        self.assert_all_came(row, ways)
                        if "--count" in words:
                            self.assertEqual(row["sent_frames"], 200)
            near = self.near(*peer[2:], engine="rate", ports=("vm1", "vm5"))
            self.assert_partly(near)
        with self.serving():
            near = self.near(*peer[2:], engine="rate", ports=("vm5",))
            self.assertIn("no frame reached the other end", self.end(near))

    def assert_all_came(self, row, ways):
        self.assertFalse(row["partial"])
        self.assertEqual(row["lost_frames"], 0)
        self.assertEqual(row["received_frames"], row["sent_frames"])
        self.assertIsNotNone(row["far"])
        for sender, receiver in ways:
            self.assertGreater(row["per_port"][sender]["sent_frames"], 10)
            self.assertEqual(row["per_port"][sender]["sent_frames"],
                             row["per_port"][receiver]["received_frames"])

    def assert_partly(self, near):
        """Half of its frames have nobody to come to: they are lost, and the run goes on."""
        out, err = near.communicate(timeout=PATIENCE_S)
        self.assertEqual((near.returncode, err), (0, ""), out)
        row, = self.rows()
        self.assertEqual(row["per_port"][3]["received_frames"], 0)
        self.assertEqual(row["lost_frames"], row["per_port"][2]["sent_frames"])
        self.assertGreater(row["received_frames"], 10)

    def test_ping(self):
        self.start(["vm1", "vm2", "vm3"])
        with self.serving():
            for words in ((), ("--to", "fd00::2", "--address", "fd00::1")):
                rows = self.run_pktgen("ping", "--peer", f"127.0.0.1:{self.control_port}",
                                       "--count", 20, "--interval", "5ms", "--size", "98,1514",
                                       "--wait", PATIENCE_S,
                                       "--trials", 2, *words, ports=("vm1",))
                self.assertEqual([(row["size"], row["trial"]) for row in rows],
                                 [(size, trial) for size in (98, 1514) for trial in (1, 2)])
                for row in rows:
                    figures = row["ping"]
                    self.assertEqual((figures["sent"], figures["wrong"]), (20, 0))
                    self.assertEqual(figures["received"] + figures["late"], 20)
                    self.assertEqual(row["latency"]["count"], figures["received"])
                    self.assertGreater(row["far"]["time_s"], 0)
            before = self.daemon.port("vm1")["tx_frames"]
            near = self.near("--interval", "1ms", "--count", "1M", engine="ping")
            wait_for(lambda: self.daemon.port("vm1")["tx_frames"] > before + 300, "replies")
            near.send_signal(signal.SIGINT)
            self.assertIn("interrupted", self.end(near))
            row, = self.rows()
            self.assertTrue(row["partial"])
            self.assertGreater(row["ping"]["received"], 0)
            self.assertIsNotNone(row["far"])
        self.assertIn("ping, 4 rows", self.said.read_text())


class EndsThatGo(TwoEnds):
    def measuring(self, *words):
        before = self.daemon.port("vm2")["tx_frames"]
        process = self.near("--time", 60, "--warmup", 0, *words)
        # Far more than what is sent before the time begins.
        wait_for(lambda: self.daemon.port("vm2")["tx_frames"] > before + 50000,
                 "frames for the far end")
        return process

    def partial_row(self):
        row, = self.rows()
        self.assertTrue(row["partial"])
        return row

    def test_near_end_is_interrupted(self):
        self.start(["vm1", "vm2"])
        with self.serving() as server:
            near = self.measuring()
            near.send_signal(signal.SIGINT)
            self.assertIn("interrupted", self.end(near))
            self.assertEqual(near.returncode, 130)
            self.assertGreater(self.partial_row()["tcp"]["messages"], 0)  # the far end's
            self.run_peer("tcp")
            self.assertIsNone(server.poll())
        self.assertIn("stopped: interrupted", self.said.read_text())

    def test_far_end_is_interrupted(self):
        self.start(["vm1", "vm2"])
        with self.serving() as server:
            near = self.measuring()
            server.send_signal(signal.SIGINT)
            self.assertIn("stopped: interrupted", self.end(near))
            self.assertEqual(near.returncode, 1)
            self.assertIsNotNone(self.partial_row()["far"])
            server.wait(PATIENCE_S)

    def test_either_end_is_killed(self):
        self.start(["vm1", "vm2"])
        with self.serving() as server:
            near = self.measuring()
            near.kill()
            near.communicate()
            wait_for(lambda: "has gone" in self.said.read_text(), "what became of the client")
            near = self.measuring()
            server.kill()
            self.assertIn("has gone", self.end(near))
            self.assertEqual(near.returncode, 1)
            self.assertIsNone(self.partial_row()["far"])

    def test_longest_time(self):
        self.start(["vm1", "vm2"])
        with self.serving("--max-time", "1s") as server:
            said = self.end(self.near("--time", 60))
            self.assertIn("stopped: client", said)
            self.assertIn("longest time that one has: 1 s", said)
            self.assertIsNotNone(self.partial_row()["far"])
            with socket.create_connection(("127.0.0.1", self.control_port)) as s:
                self.talk(s, HELLO, {"test": "tcp", "ports": 1, "options": []})
                s.settimeout(PATIENCE_S)
                with s.makefile() as f:
                    self.assertIn("longest time", f.read())  # it comes to no point
            self.assertIsNone(server.poll())

    def test_second_client(self):
        self.start(["vm1", "vm2"])
        with self.serving():
            with socket.create_connection(("127.0.0.1", self.control_port)) as first:
                self.talk(first, HELLO)
                who = "%s:%d" % first.getsockname()
            near = self.measuring()
            with socket.create_connection(("127.0.0.1", self.control_port)) as second:
                self.assertIn("busy: it serves 127.0.0.1:", self.answer(second)["error"])
            near.send_signal(signal.SIGINT)
            self.end(near)
        self.assertIn(who, self.said.read_text())


class StrangersAtTheServer(TwoEnds):
    """What a server says of those who are no client, and that it serves the next one."""

    def refused(self, *objects, raw=b""):
        """What it says to the last of them, or None: it closes."""
        with socket.create_connection(("127.0.0.1", self.control_port)) as s:
            s.settimeout(PATIENCE_S)
            with contextlib.suppress(OSError):
                self.talk(s, *objects)
                s.sendall(raw)
            said = []
            with contextlib.suppress(OSError), s.makefile() as f:
                said = [json.loads(line) for line in f]
        return said[-1].get("error") if said else None

    def test_strangers(self):
        self.start(["vm1", "vm2"])
        test = {"test": "tcp", "ports": 1, "options": []}
        with self.serving():
            for raw in (b"GET / HTTP/1.0\r\n\r\n", b"[1]\n", b"x" * 10_000_000, b"\0\n", b"{}\n",
                        b'{"protocol": 1, "version": 1}\n'):
                self.refused(raw=raw)
            self.refused({**HELLO, "version": 1})
            for wrong, what in (({"test": "report"}, "report is none"), ({}, "nothing is none"),
                                ({"test": "tcp"}, "ports: a number"),
                                ({**test, "ports": 2}, "the server has 1 port, the client 2"),
                                ({**test, "options": 7}, "a list"),
                                ({**test, "options": [["streams"]]}, "a name and a text"),
                                ({**test, "options": [["streams", "0"]]}, "--streams"),
                                ({**test, "options": [["streams", "1000000"]]}, "--streams"),
                                ({**test, "options": [["streams", None]]}, "needs a value"),
                                ({**test, "options": [["verify", "1"]]}, "takes no value"),
                                ({**test, "options": [["json", "/tmp/x"]]}, "is no option"),
                                ({**test, "options": [["port", "loop:1"]]}, "is no option"),
                                ({**test, "options": [["strems", "1"]]}, "is no option"),
                                ({**test, "options": [["verify", None]] * 200}, "128"),
                                ({**test, "options": [["size", "9000"]]}, None)):
                with self.subTest(wrong=wrong):
                    said = self.refused(HELLO, wrong)
                    if what:
                        self.assertIn(what, said)
            self.run_peer("tcp")
        said = self.said.read_text()
        self.assertIn("no JSON object", said)
        self.assertIn("more than 65536 bytes", said)
        self.assertIn("version 1 of the protocol", said)
        self.assertIn("this end version 2", said)

    def test_out_of_step(self):
        self.start(["vm1", "vm2"])
        test = {"test": "tcp", "ports": 1, "options": []}
        with self.serving():
            for wrong in ({"at": "begin"}, {"at": "nowhere"}, {"row": {}}, {"what": 1}):
                self.refused(HELLO, test, wrong)
            self.run_peer("tcp")
        said = self.said.read_text()
        for what in ('is at "begin", and should be at "ready"', "a point that there is not",
                     "a row came", "no word for"):
            self.assertIn(what, said)


class StrangersAtTheClient(TwoEnds):
    def answered(self, *objects, raw=b""):
        """What the client says to a server that says this."""
        with socket.create_server(("127.0.0.1", 0)) as s:
            near = self.near(port=s.getsockname()[1])
            c, _ = s.accept()
            with c:
                for o in objects:
                    c.sendall(json.dumps(o).encode() + b"\n")
                with contextlib.suppress(OSError):
                    c.sendall(raw)
                    c.shutdown(socket.SHUT_WR)
                said = self.end(near)
        self.assertEqual(near.returncode, 1)
        return said

    def test_servers_of_another_kind(self):
        self.start(["vm1", "vm2"])
        port = {"ports": [{"name": "x\x1b[1m", "memory": "y", "core": 0}]}
        for objects, raw, what in (
                ((), b"", "was closed"), ((), b"220 mail\r\n", "no JSON object"),
                ((), b"x" * 1_000_000, "more than 65536 bytes"),
                (({**HELLO, "version": 7},), b"", "version 7 of the protocol"),
                (({"protocol": "iperf"},), b"", "another protocol"),
                (({"error": "busy\x1b[1m"},), b"", "busy?[1m"),
                ((HELLO, {}), b"", "what its ports are"),
                ((HELLO, {"ports": [{}, {}]}), b"", "what its ports are"),
                ((HELLO, {"ports": [1]}, {"stop": "so"}), b"", "stopped: so"), ((HELLO, port), b"", "was closed"),
                ((HELLO, port, {"stop": "no"}), b"", "stopped: no"),
                ((HELLO, port, {"row": {}}, {"row": {}}), b"", "nobody waits")):
            with self.subTest(what):
                self.assertIn(what, self.answered(*objects, raw=raw))

    def test_a_server_that_says_why_and_goes(self):
        """Nothing of what it was told is read, so that the kernel resets the connection."""
        self.start(["vm1", "vm2"])
        port = {"ports": [{"name": "x", "memory": "y", "core": 0}]}
        for said, what in (((HELLO, port, {"stop": "so"}), "stopped: so"),
                           ((HELLO, {"error": "so"}), "so"), (({"error": "so"},), "so")):
            with self.subTest(what), socket.create_server(("127.0.0.1", 0)) as s:
                near = self.near(port=s.getsockname()[1])
                c, _ = s.accept()
                self.assertTrue(select.select([c], [], [], PATIENCE_S)[0])
                self.talk(c, *said)
                c.close()
                self.assertRegex(self.end(near), rf"server 127\.0\.0\.1:\d+:? {what}$")

    def test_nobody_there(self):
        self.start(["vm1", "vm2"])
        self.assertIn("Connection refused", self.end(self.near()))

    def test_port_in_use(self):
        self.start(["vm1", "vm2"])
        with self.serving():
            done = subprocess.run(
                [program("crossdock-pktgen"), "server", "--port", "loop:x", "--listen",
                 f"127.0.0.1:{self.control_port}"], stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Address already in use", done.stderr)

    def test_words_of_rate(self):
        for words, what in ((("--pattern", "mesh"), "its other half"), (("--track",), "both ends"),
                            (("--times", 1), "clocks"), (("--verify",), "both ends"),
                            (("--pcap", "/x"), "has not the file"),
                            (("--template-file", "/x"), "has not the file"),
                            (("--impair", "loss=1%"), "are counted when they are sent")):
            with self.subTest(words):
                done = subprocess.run([program("crossdock-pktgen"), "rate", "--port", "loop:x",
                                       "--peer", "::1", *map(str, words)],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 2)
                self.assertIn(what, done.stderr)

    def test_words(self):
        for words, what in ((("--peer", "x"), "give an address"), (("--peer", "1.2.3.4:0"), "give"),
                            (("--peer", "::1", "--connect", "10.0.0.1"), "does not go with"),
                            (("--peer", "::1", "--address", "10.0.0.1", "--address", "fd00::2"),
                             "none of one kind"),
                            (("--peer", "::1", "--impair", "2:loss=1%"), "ports are 0 to 1"),
                            (("--peer", "::1", "--connect=::2"), "does not go with"),
                            (("--peer", "::1", *(f"--port=loop:{i}" for i in range(32))),
                             "at most 32")):
            with self.subTest(words):
                done = subprocess.run([program("crossdock-pktgen"), "tcp", "--port",
                                       "virtio:/tmp/x", *words], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 2)
                self.assertIn(what, done.stderr)
