# SPDX-License-Identifier: BSD-3-Clause
"""Requests that are wrong: on the socket, and through crossdockctl."""

import json
import os
import socket
import stat
import subprocess

from guest import SwitchCase
from process import PATIENCE_S, program


class Connection:
    """The control socket, byte by byte."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(PATIENCE_S)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        line = self.file.readline()
        assert line, "the connection was closed"
        return json.loads(line)

    def call(self, method, params=None, number=1):
        request = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            request["params"] = params
        self.send(json.dumps(request).encode() + b"\n")
        return self.answer()

    def close(self):
        self.file.close()
        self.socket.close()


class JsonRpc(SwitchCase):
    def setUp(self):
        super().setUp()
        self.start(["vm1", "vm2"])
        self.connection = Connection(self.daemon.control)
        self.addCleanup(self.connection.close)

    def lives(self):
        """The connection works, and the daemon."""
        answer = self.connection.call("port.show", number=77)
        self.assertEqual(answer["id"], 77)
        self.assertEqual(len(answer["result"]["ports"]), 2)

    def test_malformed_requests(self):
        for text, code in (
                (b"{", -32700), (b"nonsense", -32700), (b'{"jsonrpc": "2.0", "id": 1', -32700),
                (b'"port.show"', -32600), (b"17", -32600), (b"[]", -32600), (b"{}", -32600),
                (b'{"jsonrpc": "1.0", "id": 1, "method": "port.show"}', -32600),
                (b'{"jsonrpc": "2.0", "id": 1, "method": 3}', -32600),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "port.explode"}', -32601),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "port.del", "params": 5}', None),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "port.del", "params": {"name": 5}}',
                 -32602),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "port.del", "params": {}}', -32602),
                (b'{"jsonrpc": "2.0", "id": 1, "method": "port.show", "params": {"x": 1}}',
                 -32602),
                (b"\xff\xfe\x00garbage\x80", -32700), (b"[" * 100000, -32700)):
            with self.subTest(text[:70]):
                self.connection.send(text + b"\n")
                error = self.connection.answer()["error"]
                if code:
                    self.assertEqual(error["code"], code, error)
                self.assertTrue(error["message"])
                self.lives()

    def test_an_empty_list_is_neither_all_nor_none(self):
        for key in ("macs", "features"):
            answer = self.connection.call("port.set", {"name": "vm1", key: []})
            self.assertEqual(answer["error"]["data"]["key"], f"ports.vm1.{key}")
            answer = self.connection.call("port.set", {"name": "vm1", key: None})
            self.assertEqual(answer["result"]["changes"], [])

    def test_request_in_pieces(self):
        for byte in b'{"jsonrpc":"2.0","id":5,"method":"daemon.status"}\n':
            self.connection.send(bytes([byte]))
        self.assertEqual(self.connection.answer()["id"], 5)

    def test_requests_at_once(self):
        self.connection.send(b"".join(
            b'{"jsonrpc":"2.0","id":%d,"method":"port.show"}\n' % i for i in range(200)))
        self.assertEqual([self.connection.answer()["id"] for _ in range(200)], list(range(200)))

    def test_batch_and_notification(self):
        self.connection.send(json.dumps([
            {"jsonrpc": "2.0", "id": 1, "method": "port.show"},
            {"jsonrpc": "2.0", "method": "port.show"},
            {"jsonrpc": "2.0", "id": 2, "method": "nothing.here"}]).encode() + b"\n")
        answers = {answer["id"]: answer for answer in self.connection.answer()}
        self.assertEqual(sorted(answers), [1, 2])
        self.assertIn("result", answers[1])
        self.assertEqual(answers[2]["error"]["code"], -32601)

    def test_a_request_too_long(self):
        self.connection.send(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (2 << 20) + b'"}\n')
        self.assertIn("error", self.connection.answer())
        self.lives()

    def test_a_client_that_stalls_holds_up_nobody(self):
        stalled = Connection(self.daemon.control)
        self.addCleanup(stalled.close)
        stalled.send(b'{"jsonrpc":"2.0","id":1,')
        greedy = Connection(self.daemon.control)
        self.addCleanup(greedy.close)
        greedy.socket.settimeout(0.5)
        try:  # asks and never reads
            for _ in range(20000):
                greedy.send(b'{"jsonrpc":"2.0","id":1,"method":"port.show"}\n')
        except TimeoutError:
            pass
        self.lives()

    def test_clients_that_vanish(self):
        for i in range(50):
            gone = Connection(self.daemon.control)
            gone.send(b'{"jsonrpc":"2.0","id":1,"method":"port.show"}\n' * 20)
            gone.close()
        self.lives()

    def test_permissions(self):
        mode = stat.S_IMODE(os.stat(self.daemon.control).st_mode)
        self.assertEqual(mode, 0o660)


class Refused(SwitchCase):
    """A request that fails leaves everything as it was."""

    def test_nothing_changes(self):
        daemon = self.start({"vm1": {"vlan": 10}, "vm2": {}})
        guests = self.guests("vm1", "vm2")
        before = daemon.ctl("config", "show")
        path = self.path("vm9")
        for words, part in (
                (("port", "add", "vm1", "type=vhost-user", "bridge=br0", f"path={path}"), "vm1"),
                (("port", "add", "vm9", "type=vhost-user", "bridge=br9", f"path={path}"), "br9"),
                (("port", "add", "vm9", "type=vhost-user", "bridge=br0"), "path"),
                (("port", "add", "vm9", "type=vhost-user", "bridge=br0",
                  f"path={self.path('vm1')}"), "vm1"),
                (("port", "add", "vm9", "type=vhost-user", "bridge=br0",
                  f"path={self.directory}/none/at/all/vm9.sock", "mode=server"), "none"),
                (("port", "add", "vm9", "type=nothing", "bridge=br0"), "nothing"),
                (("port", "add", "vm9", "type=dpdk", "bridge=br0",
                  "devargs=net_nonsense0"), "net_nonsense0"),
                (("port", "add", "v/9", "type=vhost-user", "bridge=br0", f"path={path}"), "v/9"),
                (("port", "set", "vm1", "vlan=5000"), "vlan"),
                (("port", "set", "vm1", "mtu=1"), "mtu"),
                (("port", "set", "vm1", "colour=red"), "colour"),
                (("port", "set", "vm1", "queues=17"), "queues"),
                (("port", "set", "vm1", "features=nonsense"), "nonsense"),
                (("port", "set", "vm3", "mtu=9000"), "vm3"),
                (("port", "del", "vm3"), "vm3"),
                (("bridge", "del", "br0"), "br0"),
                (("bridge", "add", "br0"), "br0"),
                (("bridge", "set", "br0", "ageing_s=0"), "ageing_s"),
                (("fdb", "show", "br7"), "br7"),
                (("fdb", "flush", "br7"), "br7")):
            with self.subTest(" ".join(words[:5])):
                self.assertIn(part, daemon.refused(*words))
                self.assertEqual(daemon.ctl("config", "show"), before)
                self.assertFalse(path.exists())
        self.assertTrue(daemon.up("vm1", "vm2"))
        for name, guest in zip(("vm1", "vm2"), guests):
            self.assertEqual(daemon.port(name)["driver"]["connects"], "1")
            self.assertTrue(guest.alive())

    def test_apply_is_all_or_nothing(self):
        daemon = self.start(["vm1", "vm2"])
        before = daemon.ctl("config", "show")
        text = daemon.config.read_text()
        # Two good changes and, last, a device that cannot be made.
        bad = self.directory / "bad.yaml"
        bad.write_text(
            text.replace("vm1.sock", "vm1b.sock") +
            f"  vm3: {{type: vhost-user, bridge: br0, mode: server, path: {self.path('vm3')}}}\n"
            "  zz: {type: dpdk, bridge: br0, devargs: net_nonsense0}\n")
        said = daemon.refused("config", "apply", bad)
        self.assertIn("zz", said)
        self.assertEqual(daemon.ctl("config", "show"), before)
        self.assertTrue(self.path("vm1").exists())
        self.assertFalse(self.path("vm1b").exists())
        self.assertFalse(self.path("vm3").exists())
        self.guests("vm1", "vm2")

    def test_check_diff_apply(self):
        daemon = self.start(["vm1", "vm2"])
        new = self.directory / "new.yaml"
        new.write_text(daemon.config.read_text() +
                       f"  vm3: {{type: vhost-user, bridge: br0, path: {self.path('vm3')}}}\n")
        before = daemon.ctl("config", "show")
        daemon.ctl("config", "check", new)
        self.assertIn("vm3", json.dumps(daemon.ctl("config", "diff", new)))
        self.assertEqual(daemon.ctl("config", "show"), before)
        daemon.ctl("config", "apply", new)
        self.assertEqual(sorted(daemon.ports()), ["vm1", "vm2", "vm3"])

    def test_without_a_daemon(self):
        done = subprocess.run([program("crossdockctl"), "--control",
                               str(self.directory / "control.sock"), "port", "show"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("control.sock", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_unknown_words(self):
        daemon = self.start(["vm1"])
        for words in (("prot", "show"), ("port", "explode"), ("port",), ("port", "add"),
                      ("port", "set", "vm1", "mtu")):
            with self.subTest(" ".join(words)):
                self.assertTrue(daemon.refused(*words))

    def test_every_show_command(self):
        """As JSON and as tables for people."""
        daemon = self.start({"vm1": {}, "vm2": {"vlan": 10}})
        self.guests("vm1", "vm2")
        for words in (("config", "show"), ("bridge", "show"), ("port", "show"),
                      ("port", "show", "vm1"), ("fdb", "show"), ("fdb", "show", "br0"),
                      ("worker", "show"), ("memory", "show"), ("stats", "show"),
                      ("stats", "drops"), ("log", "show")):
            with self.subTest(" ".join(words)):
                self.assertIsInstance(daemon.ctl(*words), (dict, list))
                done = subprocess.run([program("crossdockctl"), "--control", str(daemon.control),
                                       *words], stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.strip() or words[1] in ("drops",), done.stdout)

    def test_drops_by_queue_and_second(self):
        daemon = self.start(["vm1", "vm2"])
        guest, _ = self.guests("vm1", "vm2")
        self.assertEqual(daemon.ctl("stats", "drops", "--interval", "0")["drops"], [])
        self.barrier(guest)
        shown = daemon.ctl("stats", "drops", "--interval", "0")
        self.assertEqual(shown["drops"], [{"port": "vm1", "queue": 0, "direction": "rx",
                                           "reason": "reserved-address", "count": 2}])
        self.assertNotIn("interval_s", shown)
        self.assertEqual(daemon.ctl("stats", "drops", "vm2", "--interval", "0")["drops"], [])
        self.assertEqual(daemon.port("vm1")["queue_drops"],
                         [{"queue": 0, "drops": {"reserved-address": 2}}])
        # While more come, there is a rate.
        asking = subprocess.Popen([program("crossdockctl"), "--control", str(daemon.control),
                                   "--json", "stats", "drops", "--interval", "2"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        sent = 2
        while asking.poll() is None:
            self.barrier(guest)
            sent += 2
        shown = json.loads(asking.communicate()[0])
        drop, = shown["drops"]
        self.assertGreaterEqual(shown["interval_s"], 2)
        self.assertGreater(drop["rate"], 0)
        self.assertLessEqual(drop["count"], sent)
        self.assertLessEqual(drop["rate"] * shown["interval_s"], drop["count"] + 0.001)
        # The table says the same without being asked for.
        table = subprocess.run([program("crossdockctl"), "--control", str(daemon.control),
                                "stats", "drops"], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(table[0].split(),
                         ["PORT", "QUEUE", "DIRECTION", "REASON", "COUNT", "RATE/S"])
        self.assertEqual(table[1].split(), ["vm1", "0", "rx", "reserved-address", str(sent), "0"])
        self.assertIn("--interval", daemon.refused("stats", "drops", "--interval", "often"))

    def test_log_levels(self):
        daemon = self.start(["vm1"])
        daemon.ctl("log", "set", "vhost", "debug")
        self.assertEqual(daemon.ctl("log", "show")["levels"]["vhost"], "debug")
        self.assertIn("shouting", daemon.refused("log", "set", "vhost", "shouting"))
        self.assertIn("nothing", daemon.refused("log", "set", "nothing", "debug"))
