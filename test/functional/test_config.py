# SPDX-License-Identifier: BSD-3-Clause
"""Configuration files with errors, and the state file."""

import os
import pathlib
import pwd
import signal
import subprocess
import time

from guest import SwitchCase
from harness import Case
from process import PATIENCE_S, program, temporary_directory, wait_for

GOOD = """\
workers: {{cores: [{core}]}}
memory: {{hugepages: none}}
bridges:
  br0: {{ageing_s: 300}}
ports:
  vm1:
    type: vhost-user
    bridge: br0
    path: {dir}/vm1.sock
  vm2:
    type: vhost-user
    bridge: br0
    path: {dir}/vm2.sock
"""

# What is wrong, as a change of GOOD: (old, new), and the key and the text on the line at fault.
ERRORS = {
    "unknown section": ("ports:", "prots:", "prots", "prots:"),
    "unknown key": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    colour: red",
                    "ports.vm1.colour", "colour:"),
    "unknown key of a bridge": ("ageing_s: 300", "aging: 300", "bridges.br0.aging", "aging"),
    "unknown type": ("    type: vhost-user", "    type: vhost-net", "ports.vm1.type", "vhost-net"),
    "no type": ("    type: vhost-user\n", "", "ports.vm1", "vm1:"),
    "duplicate name": ("  vm2:", "  vm1:", "ports.vm1", "vm1:#2"),
    "duplicate path": ("vm2.sock", "vm1.sock", "ports.vm2.path", "vm1.sock#2"),
    "unknown bridge": ("    bridge: br0\n    path: {dir}/vm1",
                       "    bridge: br1\n    path: {dir}/vm1", "ports.vm1.bridge", "br1"),
    "no bridge": ("    bridge: br0\n    path: {dir}/vm1", "    path: {dir}/vm1",
                  "ports.vm1", "vm1:"),
    "VLAN 5000": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    vlan: 5000",
                  "ports.vm1.vlan", "5000"),
    "VLAN 0": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    vlan: 0",
               "ports.vm1.vlan", "vlan: 0"),
    "VLAN 4095 in a trunk": ("    path: {dir}/vm1.sock",
                             "    path: {dir}/vm1.sock\n    vlans: [10, 4095]",
                             "ports.vm1.vlans", "4095"),
    "MTU too small": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    mtu: 67",
                      "ports.vm1.mtu", "mtu"),
    "MTU in words": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    mtu: large",
                     "ports.vm1.mtu", "mtu"),
    "no queues": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    queues: 0",
                  "ports.vm1.queues", "queues"),
    "mode": ("    path: {dir}/vm1.sock", "    path: {dir}/vm1.sock\n    mode: host",
             "ports.vm1.mode", "mode"),
    "key of another type": ("    path: {dir}/vm1.sock",
                            "    path: {dir}/vm1.sock\n    devargs: net_null0",
                            "ports.vm1.devargs", "devargs"),
    "path too long": ("{dir}/vm1.sock", "{dir}/" + "x" * 108, "ports.vm1.path", "xxx"),
    "relative path": ("{dir}/vm1.sock", "vm1.sock", "ports.vm1.path", "path: vm1.sock"),
    "directory missing": ("    path: {dir}/vm1.sock",
                          "    mode: server\n    path: {dir}/missing/too/vm1.sock",
                          "ports.vm1.path", "missing/too"),
    "path of a file": ("{dir}/vm1.sock", "{dir}/crossdockd.yaml", "ports.vm1.path",
                       "crossdockd.yaml"),
    "core that does not exist": ("cores: [{core}]", "cores: [4000]", "workers.cores", "cores"),
    "core given twice": ("cores: [{core}]", "cores: [{core}, {core}]", "workers.cores", "cores"),
    "unknown idle": ("cores: [{core}]", "cores: [{core}], idle: doze", "workers.idle", "doze"),
    "unknown hugepages": ("hugepages: none", "hugepages: few", "memory.hugepages", "few"),
    "ageing of 0": ("ageing_s: 300", "ageing_s: 0", "bridges.br0.ageing_s", "ageing_s"),
    "MAC limit of 0": ("ageing_s: 300", "mac_limit: 0", "bridges.br0.mac_limit", "mac_limit"),
    "name of a port": ("  vm2:", "  v/m2:", "ports.v/m2", "v/m2"),
    "list for a value": ("    bridge: br0\n    path: {dir}/vm1",
                         "    bridge: [br0]\n    path: {dir}/vm1", "ports.vm1.bridge", "[br0]"),
    "port that is no section": ("  vm1:\n    type: vhost-user\n    bridge: br0\n"
                                "    path: {dir}/vm1.sock\n", "  vm1: yes\n", "ports.vm1",
                                "vm1: yes"),
}


# A wrong key or value of port vm1, by itself on a line of GOOD, and what is said of it.
HINTS = [
    ("queues: 0", "queues", "must be 1 to 16"),
    ("queues: 17", "queues", "must be 1 to 16"),
    ("queue: 2", "queue", "did you mean queues?"),
    ("rong: packed", "rong", "there is no such key"),
    ("macs: [52:54:00:12:34]", "macs", '"52:54:00:12:34" is not an address'),
    ("macs: [01:00:5e:00:00:01]", "macs", "01:00:5e:00:00:01 is a group address"),
    ("macs: [00:00:00:00:00:00]", "macs", "is zero"),
    ("macs: []", "macs", "is an empty list"),
    ("mac_limit: 16777217", "mac_limit", "must be 0 to 16777216"),
    ("full: block", "full", "must be drop or wait"),
    ("wait_us: 0", "wait_us", "must be 1 to 1000000"),
    ("wait_us: 1000001", "wait_us", "must be 1 to 1000000"),
    ("slow_us: 99", "slow_us", "must be 100 to 1000000"),
    ("police_in_bit_s: 999", "police_in_bit_s", "must be 1000 to 1000000000000 bit/s"),
    ("police_in_bit_s: 2T", "police_in_bit_s", "must be 1000 to 1000000000000 bit/s"),
    ("police_in_bit_s: 20000000T", "police_in_bit_s", "must be 1000 to 1000000000000 bit/s"),
    ("police_in_bit_s: 100Mb", "police_in_bit_s", '"100Mb" is not a number'),
    ("police_out_bit_s: 10m", "police_out_bit_s", "such as 100M, or none"),
    ("storm_unknown_pps: -1", "storm_unknown_pps", "must be 1 to 1000000000 frames a second"),
    ("memory: disk", "memory", "must be ram or any"),
    ("features: [mrg_rxbuff]", "features",
     'there is no virtio feature "mrg_rxbuff"; did you mean mrg_rxbuf?'),
    ("features: [ring_paked]", "features", "did you mean ring_packed?"),
    ("features: [guest_ufo]", "features", "guest_ufo is not supported by this switch"),
    ("features: [csum, iommu_platform]", "features",
     "iommu_platform is not supported by this switch"),
    ("feature: [csum]", "feature", "did you mean features?"),
    ("compat: ovs-2.17", "compat", "must be ovs-3.1, ovs-3.1-tso or none"),
    ("socket_owner: root", "socket_owner", "the front end makes the socket"),
    ("socket_mode: 666", "socket_mode", "or use mode server"),
    ("mode: server\n    socket_owner: no-such-user", "socket_owner",
     'there is no user "no-such-user"'),
    ("mode: server\n    socket_group: no-such-group", "socket_group",
     'there is no group "no-such-group"'),
    ("mode: server\n    socket_mode: 577", "socket_mode", 'from "0600" to "0777"'),
]


def with_key(lines):
    """GOOD with more lines in port vm1."""
    path = "    path: {dir}/vm1.sock\n"
    return GOOD.replace(path, f"{path}    {lines}\n", 1)


def line_of(text, lines):
    """The number of the last of those lines in text."""
    last = lines.splitlines()[-1].strip()
    return next(i for i, line in enumerate(text.splitlines(), 1) if line.strip() == last)


class Errors(Case):
    def run_daemon(self, directory, *options):
        return subprocess.run(
            [program("crossdockd"), "--config", str(directory / "crossdockd.yaml"),
             "--control", str(directory / "control.sock"), *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)

    def refused(self, directory, text, *options):
        """The one line with which the daemon refuses a configuration."""
        (directory / "crossdockd.yaml").write_text(text)
        done = self.run_daemon(directory, *options)
        output = done.stderr + done.stdout
        self.assertEqual(done.returncode, 2, output)
        self.assertEqual(len(output.splitlines()), 1, output)
        self.assertFalse((directory / "control.sock").exists())
        self.assertFalse((directory / "vm1.sock").exists())
        return output

    def test_each_error_names_key_and_line(self):
        directory = temporary_directory(self)
        fill = {"dir": str(directory), "core": max(os.sched_getaffinity(0))}
        for what, (old, new, key, mark) in ERRORS.items():
            with self.subTest(what):
                self.assertIn(old, GOOD)
                text = GOOD.replace(old, new, 1).format(**fill)
                mark, _, nth = mark.partition("#")
                lines = [i for i, line in enumerate(text.splitlines(), 1) if mark in line]
                line = lines[int(nth or 1) - 1]
                said = self.refused(directory, text, "--check")
                self.assertIn(f":{line}:", said)
                self.assertIn(key, said)
                # A start ends in the same words.
                self.assertEqual(self.refused(directory, text), said)

    def test_each_error_names_what_is_valid(self):
        directory = temporary_directory(self)
        fill = {"dir": str(directory), "core": max(os.sched_getaffinity(0))}
        for wrong, key, hint in HINTS:
            with self.subTest(wrong):
                text = with_key(wrong).format(**fill)
                said = self.refused(directory, text, "--check")
                self.assertIn(f":{line_of(text, wrong)}: ports.vm1.{key}: ", said)
                self.assertIn(hint, said)

    def test_a_good_one_passes_and_claims_nothing(self):
        directory = temporary_directory(self)
        fill = {"dir": str(directory), "core": max(os.sched_getaffinity(0))}
        (directory / "crossdockd.yaml").write_text(GOOD.format(**fill))
        done = self.run_daemon(directory, "--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(p.name for p in directory.iterdir()), ["crossdockd.yaml"])

    def test_broken_yaml_names_the_line(self):
        directory = temporary_directory(self)
        for text, line in (("bridges:\n  br0: {\n", 3), ("ports: [\n}\n", 2),
                           ("a: b\n\tc: d\n", 2)):
            with self.subTest(text):
                said = self.refused(directory, text)
                number = int(said.split(".yaml:")[1].split(":")[0])
                self.assertAlmostEqual(number, line, delta=1)

    def test_missing_file(self):
        directory = temporary_directory(self)
        done = self.run_daemon(directory)
        self.assertEqual(done.returncode, 2)
        self.assertIn("crossdockd.yaml", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_unknown_option(self):
        directory = temporary_directory(self)
        (directory / "crossdockd.yaml").write_text("bridges: {}\n")
        done = self.run_daemon(directory, "--frobnicate")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--frobnicate", done.stderr)

    def test_reference_and_examples_are_valid(self):
        """Configuration files that come with the source pass --check, paths aside."""
        directory = temporary_directory(self)
        source = pathlib.Path(__file__).resolve().parents[2]
        for file in [*source.glob("config/*.yaml"), *source.glob("examples/*.yaml")]:
            with self.subTest(file.name):
                text = file.read_text().replace("/run/crossdock", str(directory))
                (directory / "crossdockd.yaml").write_text(text)
                done = self.run_daemon(directory, "--check")
                if "does not exist" in done.stderr:  # a core of a larger machine
                    continue
                self.assertEqual(done.returncode, 0, done.stderr)


class Keys(SwitchCase):
    """The same keys in a file that crossdockctl takes to a running switch, and one by one."""

    # What is not the default of any.
    KEYS = {"mode": "server", "macs": ["52:54:00:12:34:56", "02:00:00:00:00:0a"], "mac_limit": 7,
            "slow_us": 100, "police_in_bit_s": 100000000, "police_in_burst_bytes": 65000,
            "police_in_pps": 5, "police_out_burst_frames": 9, "storm_unknown_pps": 3,
            "full": "wait", "wait_us": 50, "features": ["csum", "mrg_rxbuf", "version_1"],
            "compat": "ovs-3.1", "memory": "any", "socket_owner": pwd.getpwuid(os.getuid()).pw_name,
            "socket_group": str(os.getgid()), "socket_mode": "0640"}

    def test_check_names_key_and_hint(self):
        daemon = self.start(["vm1"])
        before = daemon.ctl("config", "show")
        bad = self.directory / "bad.yaml"
        fill = {"dir": str(self.directory), "core": max(os.sched_getaffinity(0))}
        for wrong, key, hint in HINTS:
            with self.subTest(wrong):
                text = with_key(wrong).format(**fill)
                bad.write_text(text)
                said = daemon.refused("config", "check", bad)
                self.assertIn(f"bad.yaml:{line_of(text, wrong)}: ports.vm1.{key}: ", said)
                self.assertIn(hint, said)
                self.assertEqual(len(said.splitlines()), 1, said)
        for word, hint in (("queues=17", "must be 1 to 16"), ("full=block", "drop or wait"),
                           ("features=mrg_rxbuff,csum", "did you mean mrg_rxbuf?"),
                           ("macs=ff:ff:ff:ff:ff:ff", "is a group address"),
                           ("socket_owner=no-such-user", "there is no user")):
            with self.subTest(word):
                said = daemon.refused("port", "set", "vm1", word)
                self.assertIn(f"ports.vm1.{word.partition('=')[0]}: ", said)
                self.assertIn(hint, said)
        self.assertEqual(daemon.ctl("config", "show"), before)

    def test_names_to_be_shown_have_a_hint(self):
        daemon = self.start(["vm1"])
        for words in (("port", "show", "vm2"), ("stats", "show", "vm2"),
                      ("fdb", "show", "port=vm2")):
            with self.subTest(words):
                self.assertIn("there is no port named vm2; did you mean vm1?",
                              daemon.refused(*words))
        for words in (("bridge", "show", "br1"), ("fdb", "show", "br1"), ("fdb", "flush", "br1")):
            with self.subTest(words):
                self.assertIn("there is no bridge named br1; did you mean br0?",
                              daemon.refused(*words))

    def shown(self, name):
        return {key: self.daemon.port(name).get(key) for key in self.KEYS}

    def test_set_show_restart_and_back(self):
        self.start(["vm1", "vm2"], state=True)
        words = [f"{key}={','.join(value) if isinstance(value, list) else value}"
                 for key, value in self.KEYS.items()]
        before = self.shown("vm2")
        self.assertEqual(before, {**dict.fromkeys(self.KEYS), "mode": "server"})
        self.daemon.ctl("port", "set", "vm2", *words)
        self.assertEqual(self.shown("vm2"), self.KEYS)
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.shown("vm2"), self.KEYS)
        # What config show prints is a configuration file.
        text = subprocess.run([program("crossdockctl"), "--control", str(self.daemon.control),
                               "config", "show"], capture_output=True, text=True, check=True).stdout
        (self.directory / "shown.yaml").write_text(text)
        self.assertEqual(
            self.daemon.ctl("config", "diff", self.directory / "shown.yaml")["changes"], [])
        # Back to the defaults, in the words that config diff has for them.
        changes = self.daemon.ctl("config", "diff", self.daemon.config)["changes"]
        self.assertEqual(len(changes), len(self.KEYS) - 1)
        self.daemon.ctl("port", "set", "vm2", *(
            f"{change['key'].rpartition('.')[2]}={change['to']}" for change in changes))
        self.assertEqual(self.shown("vm2"), before)
        self.assertEqual(self.daemon.ctl("config", "diff", self.daemon.config)["changes"], [])


class State(SwitchCase):
    def config(self):
        shown = self.daemon.ctl("config", "show")
        return shown.get("config", shown)

    def change(self):
        self.daemon.ctl("port", "add", "vm3", "type=vhost-user", "bridge=br0",
                        f"path={self.path('vm3')}", "mode=server", "vlan=10")
        self.daemon.ctl("port", "del", "vm1")
        self.daemon.ctl("port", "set", "vm2", "mtu=9000")
        self.daemon.ctl("bridge", "add", "br1", "ageing_s=60")
        config = self.config()
        self.assertEqual(sorted(config["ports"]), ["vm2", "vm3"])
        return config

    def test_changes_survive_a_restart(self):
        self.start(["vm1", "vm2"], state=True)
        config = self.change()
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.config(), config)
        self.assertEqual(sorted(self.daemon.ports()), ["vm2", "vm3"])
        self.assertFalse(self.path("vm1").exists())
        # They carry frames as well.
        self.modes["vm3"] = "server"
        self.guests("vm2", "vm3")

    def test_changes_survive_a_crash(self):
        self.start(["vm1", "vm2"], state=True)
        config = self.change()
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.config(), config)

    def test_without_a_state_file_they_do_not(self):
        self.start(["vm1", "vm2"])
        config = self.config()
        self.change()
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.config(), config)

    def test_the_file_goes_on_to_count(self):
        self.start(["vm1", "vm2"], state=True)
        self.daemon.ctl("port", "set", "vm2", "mtu=9000")
        self.daemon.stop()
        # What was not changed at run time may be changed in the file.
        self.daemon.config.write_text(
            self.daemon.config.read_text().replace("vm1.sock", "vm1b.sock"))
        self.daemon.start()
        ports = self.config()["ports"]
        self.assertTrue(ports["vm1"]["path"].endswith("vm1b.sock"))
        self.assertEqual(ports["vm2"]["mtu"], 9000)

    def test_a_state_file_cut_short_is_not_half_read(self):
        self.start(["vm1", "vm2"], state=True)
        base = self.config()
        config = self.change()
        self.daemon.stop()
        whole = self.daemon.state.read_bytes()
        for cut in (1, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4, len(whole) - 2):
            with self.subTest(cut=cut):
                self.daemon.state.write_bytes(whole[:cut])
                log = len(self.daemon.log_text())
                self.daemon.start(wait=False)
                wait_for(lambda: self.daemon.process.poll() is not None or
                         self.daemon.answers(), "crossdockd to answer or to end")
                if self.daemon.process.poll() is None:
                    self.assertIn(self.config(), (base, config))
                    self.daemon.stop()
                else:
                    said = self.daemon.log_text()[log:]
                    self.assertEqual(self.daemon.process.returncode, 2, said)
                    self.assertIn(self.daemon.state.name, said)
                    self.assertEqual(len(said.splitlines()), 1, said)
                    self.daemon.process = None
        self.daemon.state.write_bytes(whole)
        self.daemon.start()
        self.assertEqual(self.config(), config)

    def test_a_state_file_that_cannot_be_written_changes_nothing(self):
        self.start(["vm1", "vm2"], state=True)
        config = self.config()
        (self.directory / "gone").mkdir()
        self.daemon.stop()
        self.daemon.state = self.directory / "gone" / "state.yaml"
        self.daemon.start()
        (self.directory / "gone").rmdir()
        said = self.daemon.refused("port", "del", "vm1")
        self.assertIn("state.yaml", said)
        self.assertEqual(self.config(), config)
        self.assertEqual(sorted(self.daemon.ports()), ["vm1", "vm2"])


class Signals(SwitchCase):
    def test_a_clean_exit_removes_the_sockets(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how.name):
                self.start(["vm1", "vm2"])
                self.assertTrue(self.path("vm1").exists())
                self.guests("vm1", "vm2")
                self.assertEqual(self.daemon.stop(how), 0)
                left = [p.name for p in self.directory.iterdir() if p.name.endswith(".sock")]
                self.assertEqual(left, [])

    def test_hangup_reads_the_file_again(self):
        self.start(["vm1", "vm2"])
        guests = self.guests("vm1", "vm2")
        text = self.daemon.config.read_text()
        self.daemon.config.write_text(
            text + f"  vm3: {{type: vhost-user, bridge: br0, path: {self.path('vm3')}}}\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "vm3" in self.daemon.ports(), "vm3")
        # What did not change was not disturbed.
        self.assertTrue(self.daemon.up("vm1", "vm2"))
        self.assertEqual([self.daemon.port(n)["driver"]["connects"] for n in ("vm1", "vm2")],
                         ["1", "1"])
        self.assertEqual(self.settle(guests[0], guests[1]), [[]])

    def test_hangup_with_an_error_changes_nothing(self):
        self.start(["vm1", "vm2"])
        before = self.daemon.ctl("config", "show")
        self.daemon.config.write_text("ports:\n  vm1: {type: nonsense}\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "ports.vm1.type" in self.daemon.log_text(), "a line in the log")
        self.assertEqual(self.daemon.ctl("config", "show"), before)

    def test_ready_soon(self):
        """Not a measurement: that it does not wait for anything."""
        self.start(["vm1", "vm2"])
        self.daemon.stop()
        began = time.monotonic()
        self.daemon.start()
        print(f"       ready after {time.monotonic() - began:.2f} s", flush=True)
