# SPDX-License-Identifier: BSD-3-Clause
"""A host with a running guest that moves from OVS-DPDK to crossdockd and back, both ways that
doc/migrating.rst has. Every command of that page is typed here, in its order; systemctl is played,
but for what units start."""

import os
import pathlib
import re
import subprocess

import netns
from daemon import Daemon
from guests import GuestCase, mac
from harness import need_root
from machine import Nic
from openvswitch import OpenVSwitch, available
from process import PATIENCE_S, SOURCE, program, wait_for

PAGE = (SOURCE / "doc" / "migrating.rst").read_text()
COMMANDS = re.findall(r"^    # (.*)$", PAGE, re.MULTILINE)
HOST, VM = "10.78.9.254", "10.78.9.1"


class Moving(GuestCase):
    def setUp(self):
        super().setUp()
        need_root(self)
        if not available():
            self.skipTest("OVS-DPDK is not installed: config/install-deps.sh test")
        self.home = netns.Namespace(self, "home")
        self.ovs = OpenVSwitch(self, self.directory / "ovs", self.home)
        self.reports.append(self.ovs.report)
        self.ovs.start()
        self.socket = self.directory / "vm1.sock"
        self.ovs.add_guest("vm1", self.socket)
        self.home.address("br0", f"{HOST}/24")
        # As ovs-ctl has it.
        for name in ("etc", "system", "run", "lib"):
            (self.directory / name).mkdir()
        self.crossdock = None
        self.paths = {
            "/etc/systemd/system": self.directory / "system", "/etc/crossdock": self.directory / "etc",
            "/usr/share/crossdock": SOURCE / "config", "/var/lib/crossdock": self.directory / "lib",
            "/var/run/openvswitch": self.ovs.directory, "/run/crossdock": self.directory / "run",
            "/usr/sbin/crossdockd": program("crossdockd")}
        text = re.search(r"names no bridge and no port::\n\n    (.*)\n", PAGE).group(1)
        self.path("/etc/crossdock/crossdock.yaml").write_text(text + "\n")

    def here(self, text):
        """Paths of the page and of units are those of the case's directory."""
        for path, ours in self.paths.items():
            text = text.replace(path, str(ours))
        return text

    def path(self, text):
        return pathlib.Path(self.here(text))

    def environment(self):
        programs = {os.path.dirname(program(name)) for name in ("crossdockd", "crossdockctl")}
        return {**self.ovs.environment(), "PATH": ":".join([*programs, os.environ["PATH"]]),
                "CROSSDOCK_CONTROL": self.here("/run/crossdock/control.sock")}

    # ---- systemctl ----

    def start_crossdock(self, unit):
        """What the unit starts."""
        command = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE).group(1)
        directory = self.directory / f"daemon{len(self.reports)}"
        directory.mkdir()
        self.crossdock = Daemon(self, directory, "")
        self.crossdock.control = self.path("/run/crossdock/control.sock")
        self.crossdock.command = lambda: self.home.command(
            "env", f"OVS_RUNDIR={self.ovs.directory}", *self.here(command).split(), "--control",
            self.crossdock.control)
        self.crossdock.start()

    def stop_crossdock(self):
        if self.crossdock is not None:
            self.assertEqual(self.crossdock.stop(), 0)
        self.crossdock = None

    def systemctl(self, *words):
        units = self.path("/etc/systemd/system")
        if words == ("restart", "ovs-vswitchd"):
            self.stop_crossdock()
            self.ovs.stop_daemon()
            unit = units / "ovs-vswitchd.service"
            if unit.exists():
                self.start_crossdock(unit)
            else:
                self.ovs.start_daemon()
        elif words == ("disable", "--now", "openvswitch-switch"):
            self.ovs.close()
        elif words == ("enable", "--now", "openvswitch-switch"):
            self.ovs.start_database()
            self.ovs.start_daemon()
        elif words == ("enable", "--now", "crossdockd"):
            self.start_crossdock(SOURCE / "config" / "crossdockd.service")
        elif words == ("disable", "--now", "crossdockd"):
            self.stop_crossdock()
        else:
            self.assertEqual(words, ("daemon-reload",))
            return
        if words[0] in ("restart", "enable"):
            self.moved()

    # ---- What is to be seen ----

    def interface(self):
        """Addresses of br0."""
        return self.home.ip("-br", "addr", "show", "dev", "br0").split()[2:], self.home.ip(
            "-br", "link", "show", "dev", "br0").split()[2]

    def moved(self):
        """The guest's link has blinked, and it reaches the host as before."""
        wait_for(lambda: self.blinks() > self.seen, "the guest's link to go down")
        wait_for(lambda: self.vm.get("cat /sys/class/net/eth0/carrier") == "1", "it to come up")
        self.home.ip("link", "set", "br0", "up")
        self.reach(self.vm, HOST, "after it was moved")
        self.seen = self.blinks()
        addresses, address = self.interface()
        self.assertIn(f"{HOST}/24", addresses)
        self.assertEqual(address, self.address)

    def blinks(self):
        return int(self.vm.get("cat /sys/class/net/eth0/carrier_down_count"))

    def type(self, command):
        words = command.split()
        if words[0] == "systemctl":
            self.systemctl(*words[1:])
            return
        # Where its socket is by default is a path of the machine's.
        more = f" --control {self.path('/run/crossdock/control.sock')}"
        done = subprocess.run(self.home.command(
            "sh", "-c", self.here(command) + more * (words[0] == "crossdockd")),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=self.environment(), timeout=2 * PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        for what, said in (("vsctl show", "vm1"), ("port show", "vm1"), ("get Interface vm1 status", "status=connected"),
                           ("fdb/show", mac(1)), ("version", "3.1.0"), ("dump-flows", "NORMAL"),
                           ("--check", "valid"), ("import ovs", "carr")):
            if what in command:
                self.assertIn(said, done.stdout + done.stderr, command)

    def test_every_command_of_the_page(self):
        self.vm = self.machine("vm", [Nic(self.socket, mac(1), listen=True)], VM)
        self.vm.start()
        self.vm.wait_boot()
        self.reach(self.vm, HOST, "by OVS-DPDK")
        self.seen = self.blinks()
        self.address = self.interface()[1]
        for command in COMMANDS:
            self.say(f"# {command}")
            self.type(command)
        self.assertEqual(sum(command.startswith("systemctl") for command in COMMANDS), 8)
        self.assertEqual(self.vm.try_ping(HOST)[0], 1)
