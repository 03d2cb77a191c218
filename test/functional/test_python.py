# SPDX-License-Identifier: BSD-3-Clause
"""bindings/python against a crossdockd."""

import contextlib
import functools
import inspect
import io
import re
import socket
import textwrap
from unittest import mock

from control import Failed, Refused, Switch, Unreachable
from daemon import config_text
from frames import BROADCAST, frame, mac
from guest import SwitchCase
from process import PATIENCE_S, SOURCE, wait_for


class Python(SwitchCase):
    def setUp(self):
        super().setUp()
        self.start(["vm1", "vm2"])
        self.switch = self.daemon.connect()
        self.addCleanup(self.switch.close)

    def names(self, noun="port"):
        return [entry["name"] for entry in self.switch.show(noun)]

    def learned(self):
        return sorted(entry["mac"] for entry in self.switch.fdb("br0", port="vm1"))

    def test_entries(self):
        done = self.switch.add("port", "vm3", type="vhost-user", bridge="br0",
                               path=str(self.path("vm3")), macs=[mac(3)])
        self.assertEqual([change["op"] for change in done["changes"]], ["add"])
        self.assertEqual(self.names(), ["vm1", "vm2", "vm3"])
        self.switch.set("port", "vm3", vlan=7, macs=None)
        shown, = self.switch.show("port", "vm3")
        self.assertEqual((shown["vlan"], "macs" in shown), (7, False))
        self.switch.rename("port", "vm3", "web")
        self.switch.delete("port", "web")
        self.assertEqual(self.names(), ["vm1", "vm2"])
        self.assertEqual(self.names("bridge"), ["br0"])

    def test_readme(self):
        """What it shows can be typed."""
        text = (SOURCE / "bindings/python/README.rst").read_text()
        blocks = [textwrap.dedent(block) for block in re.findall(
            r"::\n\n((?:(?:    .*)?\n)+)", text) if "pip install" not in block]
        self.assertEqual(len(blocks), 3)
        said, names = io.StringIO(), {"switch": self.switch}
        self.switch.delete("port", "vm1")
        with contextlib.redirect_stdout(said):
            for block in blocks:
                exec(block.replace("Switch()", f"Switch({self.switch._path!r})"), names)
                names["switch"] = self.switch
        lines = said.getvalue().splitlines()
        self.assertEqual(lines[:2], ["vm2 down 0", "vm1 down 0"])
        self.assertRegex(lines[2], r"^ports\.vm1\.vlan ")
        self.assertEqual(names["rx_pps"](self.switch, "vm1", 0.01), 0)
        calls = re.findall(r"``([a-z]\w*)\(([^`]*)\)``", text[text.index("Calls\n"):])
        self.assertGreater(len(calls), 15)
        for name, words in calls:
            if name in dir(Switch):
                inspect.signature(getattr(Switch, name)).bind(
                    self.switch, *[word for word in words.split(", ") if word and "=" not in word],
                    **{word.partition("=")[0]: word for word in words.split(", ") if "=" in word})

    def test_configuration(self):
        less = config_text({"vm1": self.port("vm1")})
        self.assertEqual(self.switch.check(less)["ports"], 1)
        diff = self.switch.diff(less)
        self.assertEqual([change["op"] for change in diff], ["del"])
        self.assertEqual(self.switch.apply(less)["changes"], diff)
        self.assertEqual(list(self.switch.configuration()["ports"]), ["vm1"])

    def test_counters_and_addresses(self):
        guest, other = self.guests("vm1", "vm2")
        for number in range(3):
            data = frame(BROADCAST, mac(number + 1))
            guest.tx(data)
            other.rx_until(data)
        statistics = self.switch.statistics("vm1")
        self.assertGreater(statistics["time_ns"], 0)
        self.assertEqual(statistics["ports"][0]["rx_frames"], 3)
        self.assertEqual(self.learned(), [mac(1), mac(2), mac(3)])
        with mock.patch.object(self.switch, "call", functools.partial(self.switch.call, limit=2)):
            self.assertEqual(self.learned(), [mac(1), mac(2), mac(3)], "in parts")
        guest.tx(frame(mac(1), mac(2)))  # both behind vm1
        drop, = wait_for(self.switch.drops, "a drop")
        self.assertEqual((drop["port"], drop["reason"], drop["count"]), ("vm1", "same-port", 1))

    def test_refusals(self):
        with self.assertRaises(Refused) as caught:
            self.switch.set("port", "vm1", vlan=9999)
        self.assertEqual((caught.exception.key, caught.exception.line), ("ports.vm1.vlan", None))
        self.assertEqual(str(caught.exception), f"ports.vm1.vlan: {caught.exception.text}")
        with self.assertRaises(Refused) as caught:
            self.switch.apply("bridges: {}\nports:\n  vm1: {tipe: tap}\n")
        self.assertEqual(caught.exception.line, 3)
        with self.assertRaises(Failed) as caught:
            self.switch.call("port.explode")
        self.assertEqual(caught.exception.code, -32601)
        self.assertEqual(self.names(), ["vm1", "vm2"], "the connection stays")

    def test_a_daemon_that_comes_back(self):
        self.assertEqual(self.names(), ["vm1", "vm2"])
        self.daemon.stop()
        with self.assertRaisesRegex(Unreachable, "is crossdockd running"):
            self.names()
        self.daemon.start()
        self.assertEqual(self.names(), ["vm1", "vm2"])

    def test_version(self):
        """A package of the same version as the switch."""
        project = (SOURCE / "bindings" / "python" / "pyproject.toml").read_text()
        version = re.search(r'^version = "(.*)"$', project, re.MULTILINE).group(1)
        self.assertTrue(self.switch.call("daemon.status")["version"].startswith(version))


class Silent(SwitchCase):
    def test_an_answer_that_is_late_is_no_other_ones(self):
        path = self.path("silent")
        with socket.socket(socket.AF_UNIX) as listener, Switch(path, timeout_s=0.1) as switch:
            listener.bind(str(path))
            listener.listen()
            with self.assertRaisesRegex(Unreachable, "did not answer within 0.1 s"):
                switch.call("port.show")
            first, _ = listener.accept()
            with first:
                first.settimeout(PATIENCE_S)
                self.assertTrue(first.recv(1000).endswith(b"\n"))
                self.assertEqual(first.recv(1000), b"", "hung up")
