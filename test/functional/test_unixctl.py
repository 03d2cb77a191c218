# SPDX-License-Identifier: BSD-3-Clause
"""Stock ovs-appctl, and what reads its answers, with crossdockd in the place of ovs-vswitchd."""

import json
import os
import re
import socket
import subprocess

from daemon import Daemon, config_text
from frames import frame, mac
from guest import SwitchCase
from process import PATIENCE_S, wait_for


SIDE = ("sys_id", "sys_priority", "port_id", "port_priority", "key", "state")


class Appctl(SwitchCase):
    def start_there(self, **modes):
        """Ports by the modes of their vhost-user sockets."""
        ports = {name: self.port(name, mode=mode) for name, mode in modes.items()}
        self.modes = modes
        self.daemon = Daemon(self, self.directory, config_text(ports),
                             options=["--unixctl", str(self.directory)])
        self.daemon.start()

    def appctl(self, *words):
        """Output, errors, and exit status."""
        done = subprocess.run(["ovs-appctl", "--timeout=20", *words], capture_output=True, text=True,
                              env={**os.environ, "OVS_RUNDIR": str(self.directory)}, check=False,
                              timeout=PATIENCE_S)
        return done.stdout, done.stderr, done.returncode

    def says(self, *words):
        output, errors, status = self.appctl(*words)
        self.assertEqual((status, errors), (0, ""))
        return output

    def refuses(self, *words):
        output, errors, status = self.appctl(*words)
        self.assertEqual((output, status), ("", 2))
        first, second = errors.splitlines()
        self.assertIn("server returned an error", second)
        return first

    def two_guests(self):
        self.start_there(vm1="server", vm2="client", br0="server")

    def test_about_itself(self):
        self.two_guests()
        version = self.says("version").splitlines()
        # ovs-ctl and monitoring take the last word of the first line.
        self.assertRegex(version[0], r"^ovs-vswitchd \(Open vSwitch\) \d+\.\d+\.\d+$")
        commands = self.says("list-commands").splitlines()
        self.assertEqual(commands[0], "The available commands are:")
        names = [line.split()[0] for line in commands[1:]]
        self.assertEqual(names, sorted(names))
        self.assertRegex(self.says("memory/show"), r"^(\w[\w-]*:\d+ ?)+$")
        self.assertTrue(self.says("coverage/show").startswith("Event coverage, avg rate over last:"))
        # Every command that is listed answers, or says which argument it wants.
        for name in names:
            if name != "exit":
                output, errors, status = self.appctl(name)
                self.assertIn(status, (0, 2), name)
                self.assertTrue(status == 0 or "requires at least" in errors, (name, errors, output))

    def test_ports(self):
        self.two_guests()
        lines = self.says("dpif/show").splitlines()
        self.assertRegex(lines[0], r"^netdev@ovs-netdev: hit:\d+ missed:\d+$")
        self.assertEqual(lines[1], "  br0:")
        ports = {}
        for line in lines[2:]:
            name, number, kind = re.match(r"^    (\S+) (\d+)/\d+: \((\w+)", line).groups()
            ports[name] = (int(number), kind)
        self.assertEqual(ports["vm1"][1], "dpdkvhostuser")
        self.assertEqual(ports["vm2"][1], "dpdkvhostuserclient")
        self.assertEqual(ports["br0"][0], 65534)  # the bridge's own
        self.assertNotEqual(ports["vm1"][0], ports["vm2"][0])
        shown = self.says("dpctl/show", "-s")
        self.assertEqual(len(re.findall(r"^    RX packets:\d+ errors:\d+ dropped:\d+ overruns:\d+ "
                                        r"frame:\d+$", shown, re.MULTILINE)), 3)
        self.assertEqual(self.says("dpctl/dump-dps"), "netdev@ovs-netdev\n")
        self.assertEqual(self.says("dpif/dump-dps"), "netdev@br0\n")
        self.assertIn("only netdev@ovs-netdev", self.refuses("dpctl/show", "system@x"))

    def test_threads(self):
        self.two_guests()
        queues = self.says("dpif-netdev/pmd-rxq-show").splitlines()
        self.assertRegex(queues[0], r"^Displaying last \d+ seconds pmd usage %$")
        self.assertRegex(queues[1], r"^pmd thread numa_id \d+ core_id \d+:$")
        # As exporters of figures have it.
        row = re.compile(r"^  port: (\S+)\s+queue-id:\s+(\d+) \((enabled|disabled)\)\s+"
                         r"pmd usage:\s+(\d+ %|NOT AVAIL)$")
        self.assertEqual({row.match(line).group(1) for line in queues[3:-1]}, {"vm1", "vm2", "br0"})
        self.assertRegex(queues[-1], r"^  overhead:\s+\d+ %$")
        figures = dict(re.findall(r"^  ([^:]+): ([\d.]+)", self.says("dpif-netdev/pmd-stats-show"),
                                  re.MULTILINE))
        for name in ("packets received", "emc hits", "megaflow hits", "idle cycles",
                     "processing cycles", "avg. packets per output batch"):
            self.assertIn(name, figures)
        self.assertEqual(self.says("dpif-netdev/pmd-rxq-show", "-pmd", "4000").count("\n"), 1)
        self.assertIn("not a number", self.refuses("dpif-netdev/pmd-rxq-show", "-pmd", "x"))
        self.assertIn("takes a number", self.refuses("dpif-netdev/pmd-rxq-show", "-pmd"))
        self.assertIn("Iterations:", self.says("dpif-netdev/pmd-perf-show"))
        self.assertEqual(self.says("dpif-netdev/pmd-rxq-rebalance"),
                         "pmd rxq rebalance requested.\n")

    def figures(self, *words):
        """Numbers of the first PMD thread."""
        shown = self.says(*words)
        return {name.strip(" -"): float(value) for name, value in re.findall(
            r"^  ([^:]+): *([\d.]+)", shown.partition("main thread")[0], re.MULTILINE)}

    def test_threads_count_since_they_were_cleared(self):
        self.start_there(vm1="server", vm2="server")
        one, two = self.guests("vm1", "vm2")

        def send(count):
            for _ in range(count):
                one.tx(frame(mac(2), mac(1)))
                self.assertTrue(two.rx())

        def received():
            return self.figures("dpif-netdev/pmd-stats-show")["packets received"]

        send(3)
        wait_for(lambda: received() == 3, "the worker to count them")
        self.assertEqual(self.says("dpif-netdev/pmd-stats-clear", "-pmd", "4000"), "")
        self.assertEqual(received(), 3)
        self.assertEqual(self.says("dpif-netdev/pmd-stats-clear"), "")
        self.assertEqual(received(), 0)
        self.assertEqual(self.figures("dpif-netdev/pmd-perf-show")["Rx packets"], 0)
        send(2)
        wait_for(lambda: received() == 2, "the worker to count them")
        perf = self.figures("dpif-netdev/pmd-perf-show")
        self.assertEqual((perf["Rx packets"], perf["EMC hits"], perf["Upcalls"]), (2, 2, 0))
        self.assertTrue(self.says("dpif-netdev/pmd-rxq-show", "-secs", "5").startswith(
            "Displaying last 5 seconds pmd usage %\n"))
        # What ports count is as it was.
        self.assertEqual(self.daemon.port("vm1")["rx_frames"], 5)

    def test_limits(self):
        self.start_there(vm1="server")
        self.assertEqual(self.refuses("qos/show", "vm1"), "QoS not configured on vm1")
        self.assertEqual(self.refuses("qos/show", "vm7"), "no such port")
        self.daemon.ctl("port", "set", "vm1", "police_out_bit_s=8M", "police_out_burst_bytes=4096")
        self.assertEqual(self.says("qos/show", "vm1"),
                         "QoS: vm1 egress-policer\ncbs: 4096\ncir: 1000000\n")

    def test_addresses(self):
        self.start_there(vm1="server", vm2="server")
        one, two = self.guests("vm1", "vm2")
        one.tx(frame(mac(2), mac(1)))
        self.assertTrue(two.rx())
        lines = self.says("fdb/show", "br0").splitlines()
        self.assertEqual(lines[0], " port  VLAN  MAC                Age")
        row, = lines[1:]
        self.assertRegex(row, r"^ {4}\d     0  ([0-9a-f]{2}:){5}[0-9a-f]{2}  +\d+$")
        self.assertIn('Statistics for bridge "br0":', self.says("fdb/stats-show", "br0"))
        self.assertEqual(self.says("fdb/flush", "br0"), "table successfully flushed\n")
        self.assertEqual(self.says("fdb/show", "br0").count("\n"), 1)
        self.assertEqual(self.refuses("fdb/show", "br7"), "no such bridge")

    def test_static_addresses(self):
        self.two_guests()
        self.assertEqual(self.says("fdb/add", "br0", "vm1", "10", mac(5)), "")
        self.assertRegex(self.says("fdb/show", "br0").splitlines()[1],
                         rf"^ {{4}}\d    10  {mac(5)}  static$")
        self.assertIn("Current static MAC entries in the table : 1\n",
                      self.says("fdb/stats-show", "br0"))
        self.says("fdb/flush", "br0")
        self.assertIn("static", self.says("fdb/show", "br0"))
        self.assertEqual(self.says("fdb/del", "br0", "10", mac(5)), "")
        self.assertEqual(self.refuses("fdb/del", "br0", "10", mac(5)),
                         "could not find static mac entry")
        self.assertEqual(self.refuses("fdb/add", "br0", "vm1", "10", "5x"), "bad MAC address")
        self.assertIn("vm9", self.refuses("fdb/add", "br0", "vm9", "10", mac(5)))
        self.assertIn("bad VLAN", self.refuses("fdb/add", "br0", "vm1", "5000", mac(5)))

    def test_lacp(self):
        ports = {name: self.port(name, mode="server", bridge="none") for name in ("m1", "m2")}
        ports["bond0"] = {"type": "bond", "bridge": "br0", "members": ["m1", "m2"],
                          "bond_mode": "lacp", "lacp_rate": "fast"}
        self.modes = {"m1": "server", "m2": "server"}
        self.daemon = Daemon(self, self.directory, config_text(ports),
                             options=["--unixctl", str(self.directory)])
        self.daemon.start()
        shown = re.sub(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", "MAC", self.says("lacp/show"))
        shown = re.sub(r"(aggregation key): \d+", r"\1: N", shown)
        head, one, two = shown.split("\nmember: ")
        # As Open vSwitch 3.1 has it.
        self.assertEqual(head, "---- bond0 ----\n  status: active\n  sys_id: MAC\n"
                         "  sys_priority: 32768\n  aggregation key: N\n  lacp_time: fast\n")
        self.assertTrue(one.startswith("m1: disabled detached\n  port_id: 1\n"), one)
        self.assertTrue(two.startswith("m2: disabled detached\n  port_id: 2\n"), two)
        self.assertEqual([line.split(":")[0] for line in one.splitlines()[1:]], [
            "  port_id", "  port_priority", "  may_enable", "",
            *(f"  actor {what}" for what in SIDE), "", *(f"  partner {what}" for what in SIDE)])
        self.assertEqual(self.says("lacp/show", "bond0").count("member: "), 2)
        self.assertEqual(self.says("lacp/show-stats").splitlines()[:4], [
            "---- bond0 statistics ----", "", "member: m1:", "  TX PDUs: 0"])
        for command in ("lacp/show", "lacp/show-stats"):
            self.assertEqual(self.refuses(command, "m1"), "no such lacp object")

    def test_what_is_not_there(self):
        self.two_guests()
        self.assertEqual(self.refuses("nonsense"), '"nonsense" is not a valid command (use '
                         '"list-commands" to see a list of valid commands)')
        self.assertEqual(self.refuses("fdb/show"),
                         '"fdb/show" command requires at least 1 arguments')
        self.assertEqual(self.refuses("fdb/show", "a", "b"),
                         '"fdb/show" command takes at most 1 arguments')
        self.assertIn("crossdockctl", self.refuses("ofproto/trace", "br0", "in_port=1"))
        self.assertEqual(self.refuses("bond/show", "x"), "no such bond")
        self.assertEqual(self.refuses("bond/set-active-member", "x", "y"), "there is no bond named x")
        self.assertIn("crossdockctl bond set-active", self.refuses("bond/disable-member", "x", "y"))
        self.assertIn("no destination, level, or module", self.refuses("vlog/set", "x"))

    def test_levels_of_the_log(self):
        self.two_guests()
        self.says("vlog/set", "port:console:dbg", "vhost:err")
        levels = dict(line.split()[:2] for line in self.says("vlog/list").splitlines()[2:])
        self.assertEqual((levels["port"], levels["vhost"], levels["fdb"]), ("DBG", "ERR", "INFO"))

    def test_one_at_a_time(self):
        self.two_guests()
        config = f"control: {{unixctl: {self.directory}}}\n" + config_text({})
        (self.directory / "other").mkdir()
        other = Daemon(None, self.directory / "other", config)
        other.start(wait=False)
        self.assertEqual(other.process.wait(timeout=PATIENCE_S), 1)
        self.assertIn(f"process {self.daemon.process.pid} answers there", other.log_text())
        self.assertEqual(self.says("exit"), "")
        self.daemon.process.wait(timeout=PATIENCE_S)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([p.name for p in self.directory.glob("ovs-vswitchd*")], [])

    def test_garbage(self):
        """Ten clients at once: what is no request ends its connection, and nobody else waits."""
        self.two_guests()
        path, = self.directory.glob("ovs-vswitchd.*.ctl")
        links = []
        texts = (b"x", b"[]", b"{}", b'{"id":null,"method":"version","params":[]}',
                 b'{"id":1,"method":1,"params":[]}', b'{"id":1,"method":"version"}',
                 b'{"id":1,"method":"version","params":{}}', b"}" * 10, b'{"a":"\xff"}',
                 b"{" * (2 << 20))
        for text in texts:
            link = socket.socket(socket.AF_UNIX)
            self.addCleanup(link.close)
            link.settimeout(PATIENCE_S)
            link.connect(str(path))
            links.append(link)
            try:
                link.sendall(text)
            except OSError:
                pass  # it was hung up on before the end
        for link, text in zip(links, texts):
            try:
                self.assertEqual(link.recv(1), b"", text[:60])
            except ConnectionResetError:
                pass
        with socket.socket(socket.AF_UNIX) as slow:
            slow.settimeout(PATIENCE_S)
            slow.connect(str(path))
            request = json.dumps({"id": 5, "method": "version", "params": []}).encode()
            slow.sendall(request[:10])
            self.assertIn("Open vSwitch", self.says("version"))
            slow.sendall(request[10:] + request)
            answer = b""
            while answer.count(b"}") < 2:
                answer += slow.recv(4096)
            self.assertEqual(answer.count(b'"id":5'), 2)
        too_many = json.dumps({"id": 1, "method": "version", "params": ["x"] * 9}).encode()
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE_S)
            link.connect(str(path))
            link.sendall(too_many)
            self.assertIn(b"arguments are strings", link.recv(4096))
