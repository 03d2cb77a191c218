# SPDX-License-Identifier: BSD-3-Clause
"""crossdockd in ovs-vswitchd's place: stock ovsdb-server and ovs-vsctl drive it."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import unittest

from daemon import WORKER_CORE, Daemon
from frames import BROADCAST, frame, mac
from ovsdb import Database, available
from process import PATIENCE_S, SOURCE, program, wait_for
from test_tap import TapCase

CONFIG = f"workers: {{cores: [{WORKER_CORE}], idle: sleep}}\nmemory: {{hugepages: none}}\n"


@unittest.skipUnless(available(), "needs ovsdb-server and its schema: openvswitch-switch")
class Ovsdb(TapCase):
    """Sockets of dpdkvhostuser are in the case's directory, which is Open vSwitch's run directory
    too."""

    def path(self, name):
        return self.directory / name

    def setUp(self):
        super().setUp()
        self.modes = {}
        self.db = Database(self, self.directory, self.home).start()
        self.daemon = self.make_daemon()

    def make_daemon(self, remote=None, config=CONFIG):
        daemon = Daemon(self, self.directory, config,
                        options=["--ovsdb", remote or self.db.remote])
        command = daemon.command
        daemon.command = lambda: self.home.command(
            "env", f"OVS_RUNDIR={self.directory}", *command())
        return daemon.start()

    def servers(self, *names, bridge="br0"):
        self.db.vsctl("--may-exist", "add-br", bridge)
        for name in names:
            self.modes[name] = "server"
            self.db.add_server(name, bridge=bridge)
        return self.guests(*names)

    def refilled(self, name):
        wait_for(lambda: self.db.get("Interface", name, "link_state") == "up", "the link's state")


class Quiet(Ovsdb):
    """No frames but those of the tests: the kernel says nothing by the bridge's own port."""

    def setUp(self):
        super().setUp()
        self.home.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1",
                      "net.ipv6.conf.default.disable_ipv6=1")


class Core(Ovsdb):
    def test_as_people_know_it(self):
        """ovs-vsctl waits, and returns when it is done; errors are told."""
        db = self.db
        db.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        self.assertRegex(db.get("bridge", "br0", "datapath_id"), "^[0-9a-f]{16}$")
        self.assertEqual(db.get("Interface", "br0", "ofport"), "65534")
        self.assertEqual(db.get("Interface", "br0", "mac_in_use").replace(":", ""),
                         db.get("bridge", "br0", "datapath_id")[4:])
        db.vsctl("add-port", "br0", "t1", "tag=5", "--", "set", "Interface", "t1", "type=internal",
                 "ofport_request=17")
        self.assertEqual(db.get("Interface", "t1", "ofport"), "17")
        db.vsctl("set", "Interface", "t1", "ofport_request=18", "mtu_request=1400")
        self.assertEqual(db.get("Interface", "t1", "ofport"), "18")
        self.assertEqual(self.daemon.port("t1")["vlan"], 5)
        self.assertIn("Error detected while setting up 'nosuch0': could not open network device",
                      db.complaint("add-port", "br0", "nosuch0"))
        self.assertEqual(db.get("Interface", "nosuch0", "ofport"), "-1")
        self.assertIn("No such device", db.vsctl("show"))
        # A server's socket is there when ovs-vsctl returns.
        db.add_server("vm1")
        self.assertTrue(os.path.exists(self.path("vm1")))
        wait_for(lambda: "status=disconnected" in db.get("Interface", "vm1", "status"), "status")
        self.assertIn("dpdkvhostuserclient", db.get("Open_vSwitch", ".", "iface_types"))
        self.assertIn("DPDK", db.get("Open_vSwitch", ".", "dpdk_version"))
        # The database has the say of ports: crossdockctl tells where.
        for words in (("port", "add", "x", "type=tap", "bridge=br0"), ("port", "del", "vm1"),
                      ("bridge", "add", "br1"), ("port", "set", "t1", "mtu=1300")):
            self.assertIn("ovs-vsctl", self.daemon.refused(*words))
        db.vsctl("del-br", "br0")
        self.assertEqual(self.daemon.ports(), [])
        # Nothing of it stays in the kernel.
        self.assertIsNone(self.interface(self.home, "br0"))

    def test_frames_pass_and_are_counted(self):
        one, two = self.servers("one", "two")
        data = frame(BROADCAST, mac(1), size=200)
        one.tx(data)
        two.rx_until(data)
        self.refilled("one")
        wait_for(lambda: re.search(r"rx_packets=[1-9]", self.db.get("Interface", "one",
                                                                    "statistics")), "statistics")
        status = self.db.get("Interface", "one", "status")
        self.assertRegex(status, r'features="0x[0-9a-f]{16}"')
        self.assertRegex(status, r'vring_0_size="256"')
        # As libvirt reads them.
        self.assertIn('"rx_bytes"', self.db.vsctl(
            "--if-exists", "--format=list", "--data=json", "--no-headings",
            "--columns=statistics", "list", "Interface", "two"))

    def test_an_error_keeps_nothing_else_from_being_made(self):
        """In one transaction, of all kinds: wrong by itself, and refused by the switch."""
        path = self.directory / "same.sock"
        client = ("type=dpdkvhostuserclient", f"options:vhost-server-path={path}")
        said = self.db.complaint(
            "add-br", "br0",
            "--", "add-port", "br0", "a", "--", "set", "Interface", "a", *client,
            "--", "add-port", "br0", "b", "--", "set", "Interface", "b", *client,
            "--", "add-port", "br0", "c", "--", "set", "Interface", "c", "type=vxlan",
            "--", "add-port", "br0", "d", "--", "set", "Interface", "d", "type=internal",
            "--", "add-port", "br0", "e", "vlan_mode=dot1q-tunnel",
            "--", "set", "Interface", "e", "type=internal",
            "--", "add-bond", "br0", "bond0", "m1", "m2", "lacp=active",
            "--", "set", "Interface", "m1", "type=internal",
            "--", "set", "Interface", "m2", "type=internal")
        for name in ("c", "e"):
            self.assertIn(f"setting up '{name}'", said)
        self.assertNotIn("setting up 'd'", said)
        self.assertEqual(sum(name in self.daemon.ports() for name in ("a", "b")), 1)
        self.assertIn("no tunnels", self.db.get("Interface", "c", "error"))
        # Put right, it is there.
        self.db.vsctl("set", "Port", "e", "tag=5")
        self.assertGreater(int(self.db.get("Interface", "e", "ofport")), 0)
        self.assertEqual(self.db.get("Interface", "e", "error"), "[]")

    def test_bonds(self):
        self.db.vsctl("add-br", "br0", "--", "add-bond", "br0", "bond0", "m1", "m2",
                      "bond_mode=balance-slb", "--", "set", "Interface", "m1", "type=internal",
                      "--", "set", "Interface", "m2", "type=internal")
        bond, = self.daemon.ctl("bond", "show", "bond0")["bonds"]
        self.assertEqual(sorted(member["name"] for member in bond["members"]), ["m1", "m2"])
        self.assertGreater(int(self.db.get("Interface", "m1", "ofport")), 0)
        self.db.vsctl("del-port", "bond0")
        self.assertEqual(self.daemon.ports(), ["br0"])

    def test_settings_are_taken_or_answered(self):
        self.db.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                      "other_config:dpdk-socket-mem=1024", "other_config:nonsense=1",
                      "other_config:pmd-rxq-assign=roundrobin",
                      f"other_config:pmd-cpu-mask={1 << WORKER_CORE:#x}")
        self.db.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "stp_enable=true",
                      "other_config:mac-aging-time=77")
        self.assertEqual(self.daemon.ctl("config", "show")["config"]["workers"]["assign"],
                         "roundrobin")
        bridge, = self.daemon.ctl("bridge", "show")["bridges"]
        self.assertEqual(bridge["ageing_s"], 77)
        for line in ("dpdk-init=true", "dpdk-socket-mem=1024", "nonsense=1: is not known",
                     "stp_enable=true: there is no spanning tree"):
            self.assertEqual(self.daemon.logged().count(line), 1, line)

    def test_many_ports_at_once(self):
        words = ["add-br", "br0"]
        for i in range(1000):
            words += ["--", "add-port", "br0", f"v{i}", "--", "set", "Interface", f"v{i}",
                      "type=dpdkvhostuser"]
        # It may say that it waited for the processor.
        self.assertNotIn("Error detected", self.db.complaint(*words))
        self.assertEqual(len(self.daemon.ports()), 1001)
        numbers = self.db.vsctl("--bare", "--columns=ofport", "list", "Interface").split()
        self.assertEqual(len(set(numbers)), 1001)

    def test_many_that_are_refused(self):
        """All of them want one socket: one has it, and when that goes another one; others are made
        meanwhile."""
        path = f"options:vhost-server-path={self.directory}/same"
        words = ["add-br", "br0"]
        for i in range(100):
            words += ["--", "add-port", "br0", f"c{i}", "--", "set", "Interface", f"c{i}",
                      "type=dpdkvhostuserclient", path]
        self.assertEqual(self.db.complaint(*words).count("Error detected"), 99)
        for _ in range(3):
            first, = (name for name in self.daemon.ports() if name.startswith("c"))
            self.assertEqual(self.db.get("Interface", first, "error"), "[]")
            self.assertEqual(self.db.complaint("--may-exist", "add-port", "br0", "good", "--",
                                               "set", "Interface", "good", "type=internal"), "")
            self.assertIn("good", self.daemon.ports())
            self.db.vsctl("del-port", first)
            wait_for(lambda: any(name.startswith("c") for name in self.daemon.ports()), "another")
        self.assertLess(self.daemon.logged().count("is left out"), 400)


class Restarts(Ovsdb):
    def test_the_database_goes_and_comes_back(self):
        """Frames pass all the time, no port is made anew, and what the server forgot is written
        again."""
        one, two = self.servers("one", "two")
        for _ in range(2):
            self.db.stop()
            data = frame(BROADCAST, mac(1), size=100)
            one.tx(data)
            two.rx_until(data)
            self.db.start()
            self.refilled("one")
            self.assertRegex(self.db.get("bridge", "br0", "datapath_id"), "^[0-9a-f]{16}$")
            data = frame(BROADCAST, mac(2), size=100)
            one.tx(data)
            two.rx_until(data)
        self.assertEqual(self.daemon.port("one")["driver"]["connects"], "1")
        self.db.vsctl("add-port", "br0", "t1", "--", "set", "Interface", "t1", "type=internal")
        self.assertIn("t1", self.daemon.ports())

    def test_the_switch_goes_and_comes_back(self):
        """Numbers stay, and so do the addresses of the kernel's interfaces."""
        self.db.vsctl("add-br", "br0", "--", "add-port", "br0", "t1", "--", "set", "Interface",
                      "t1", "type=internal", "ofport_request=9")
        self.home.ip("addr", "add", "10.99.0.1/24", "dev", "br0")
        self.daemon.kill()
        done = subprocess.run(["ovs-vsctl", f"--db={self.db.remote}", "--timeout=1", "add-port",
                               "br0", "late", "--", "set", "Interface", "late", "type=internal"],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, -14)
        # With the server away when it starts, it waits for it.
        self.db.stop()
        self.daemon = self.make_daemon()
        self.assertEqual(self.daemon.ports(), [])
        self.db.start()
        wait_for(lambda: sorted(self.daemon.ports()) == ["br0", "late", "t1"], "the ports")
        wait_for(lambda: self.db.get("Interface", "late", "ofport") not in ("[]", "-1"), "numbers")
        self.assertEqual(self.db.get("Interface", "t1", "ofport"), "9")
        self.assertEqual(self.db.get("Interface", "br0", "ofport"), "65534")
        self.assertIn("10.99.0.1/24", self.addresses(self.home, "br0"))

    def test_two_of_them(self):
        """The second waits until the first has ended."""
        self.db.vsctl("add-br", "br0")
        second = self.directory / "second"
        second.mkdir()
        other = Daemon(self, second, CONFIG, options=["--ovsdb", self.db.remote])
        command = other.command
        other.command = lambda: self.home.command(*command())
        other.start()
        wait_for(lambda: "holds its lock ovs_vswitchd; waiting" in other.log_text(), "a line")
        self.assertEqual(other.ports(), [])
        self.daemon.stop()
        wait_for(lambda: other.ports() == ["br0"], "the second")
        self.daemon = other

    def test_the_lock_is_the_last_to_go(self):
        """Whoever waits for it finds the interfaces free."""
        words = ["add-br", "br0"]
        for i in range(20):
            words += ["--", "add-port", "br0", f"t{i}", "--", "set", "Interface", f"t{i}",
                      "type=internal"]
        self.db.vsctl(*words)
        files = pathlib.Path(f"/proc/{self.daemon.process.pid}/fd")

        def taps():
            with contextlib.suppress(FileNotFoundError):
                return [f for f in files.iterdir() if os.readlink(f) == "/dev/net/tun"]
            return []

        self.assertEqual(len(taps()), 21)
        with socket.socket(socket.AF_UNIX) as waiter:
            waiter.settimeout(PATIENCE_S)
            waiter.connect(self.db.remote.removeprefix("unix:"))
            waiter.sendall(b'{"method":"lock","params":["ovs_vswitchd"],"id":1}')
            self.assertIn(b'"locked":false', waiter.recv(4096))
            self.daemon.process.terminate()
            self.assertIn(b'"method":"locked"', waiter.recv(4096))
            self.assertEqual(taps(), [])
        self.daemon.stop()

    def test_held_for_a_moment(self):
        """An interface that another program has is taken as soon as it lets go."""
        hold = ("import fcntl, os, struct, sys\n"
                "tun = os.open('/dev/net/tun', os.O_RDWR)\n"
                "fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'br0', 0x1002))\n"
                "print('held', flush=True)\n"
                "sys.stdin.read()\n")
        with subprocess.Popen(self.home.command("python3", "-c", hold), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            self.assertEqual(holder.stdout.readline(), "held\n")
            self.db.complaint("add-br", "br0")
            self.assertIn("in use", self.db.get("Interface", "br0", "error"))
        wait_for(lambda: self.daemon.ports() == ["br0"], "br0")


class Tls(Ovsdb):
    """The database over a network, whose ends know each other by certificates."""

    def ssl(self, ours, theirs):
        self.daemon.stop()
        self.db.stop()
        self.db.options = ["--remote=pssl:6640:127.0.0.1", *theirs["server"]]
        self.db.start()
        files = ", ".join(f"ovsdb_{part}: {ours[part]}" for part in ("key", "cert", "ca"))
        self.daemon = self.make_daemon("ssl:127.0.0.1:6640", f"{CONFIG}control: {{{files}}}\n")

    def test_trusted(self):
        files = self.db.certificates("one")
        self.ssl(files, files)
        self.db.vsctl("add-br", "br0")
        words = ["add-port", "br0", "t", "--", "set", "Interface", "t", "type=internal"]
        for i in range(100):
            words += ["--", "add-port", "br0", f"v{i}", "--", "set", "Interface", f"v{i}",
                      "type=dpdkvhostuser"]
        self.assertEqual(self.db.complaint(*words), "")
        self.assertEqual(len(self.daemon.ports()), 102)
        # A server that goes and comes back.
        self.db.stop()
        self.db.start()
        wait_for(lambda: self.db.get("Interface", "t", "link_state") == "up", "the link's state")

    def test_not_trusted(self):
        self.ssl(self.db.certificates("one"), self.db.certificates("another"))
        wait_for(lambda: "its certificate is not trusted" in self.daemon.log_text(), "a line")
        self.db.vsctl("--no-wait", "add-br", "br0")
        self.assertEqual(self.daemon.ports(), [])

    def test_without_files(self):
        self.daemon.stop()
        self.daemon = Daemon(self, self.directory, CONFIG,
                             options=["--ovsdb", "ssl:127.0.0.1:6640"])
        self.daemon.start(wait=False)
        wait_for(lambda: "control.ovsdb_key" in self.daemon.log_text(), "a line")
        wait_for(lambda: self.daemon.process.poll() is not None, "its end")
        self.daemon.process = None


class Sequences(Ovsdb):
    """What others' programs type."""

    def test_userspace_cni(self):
        """As its ovsctrl.go and cmds.go, without ovs-ofctl."""
        db = self.db
        self.assertEqual(db.vsctl("--bare", "--columns=name", "find", "bridge", "name=br4"), "")
        db.vsctl("add-br", "br4", "--", "set", "bridge", "br4", "datapath_type=netdev")
        name = "0123456789ab-net1"
        db.vsctl("add-port", "br4", name, "--", "set", "Interface", name,
                 "type=dpdkvhostuserclient", f"options:vhost-server-path={self.directory}/{name}")
        self.assertEqual(db.vsctl("--bare", "--columns=mac", "find", "port", f"name={name}"), "")
        self.assertEqual(db.vsctl("list-ports", "br4"), name)
        db.vsctl("--if-exists", "del-port", "br4", name)
        self.assertEqual(db.vsctl("list-ports", "br4"), "")
        db.vsctl("--if-exists", "del-br", "br4")

    def test_os_vif(self):
        """As vif_plug_ovs's ovs-vsctl driver plugs a vhost-user interface, and libvirt reads it."""
        db = self.db
        db.vsctl("--timeout=120", "--may-exist", "add-br", "br-int", "--", "set", "Bridge",
                 "br-int", "datapath_type=netdev")
        port = "vhu01234567-89"
        db.vsctl("--timeout=120", "--", "--if-exists", "del-port", port, "--", "add-port",
                 "br-int", port, "--", "set", "Interface", port,
                 "external-ids:iface-id=01234567-89ab", "external-ids:iface-status=active",
                 "external-ids:attached-mac=52:54:00:00:00:01", "external-ids:vm-uuid=1-2",
                 "type=dpdkvhostuserclient", f"options:vhost-server-path={self.directory}/{port}")
        db.vsctl("--timeout=120", "set", "interface", port, "mtu_request=1450")
        self.assertEqual(self.daemon.port(port)["mtu"], 1450)
        self.assertEqual(db.vsctl("iface-to-br", port), "br-int")
        self.assertEqual(db.vsctl("--no-headings", "--columns=name", "find", "Interface",
                                  f"options:vhost-server-path={self.directory}/{port}")
                         .split()[-1].strip('"'), port)
        db.vsctl("set", "Port", port, "tag=4095")
        self.assertEqual(self.daemon.port(port)["bridge"], "none")
        db.vsctl("set", "Port", port, "tag=7")
        self.assertEqual(self.daemon.port(port)["vlan"], 7)
        db.vsctl("--timeout=120", "--", "--if-exists", "del-port", "br-int", port)

    def test_kube_ovn(self):
        """As its start script does: a provider's bridge over a NIC, then ports in the host."""
        self.home.ip("link", "add", "nic0", "type", "veth", "peer", "name", "wire")
        self.home.ip("link", "set", "wire", "up")
        self.home.ip("link", "set", "nic0", "up")
        db = self.db
        db.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                 "external-ids:ovn-encap-type=geneve", "external-ids:hostname=here")
        db.vsctl("--may-exist", "add-br", "br-provider", "--", "set", "bridge", "br-provider",
                 "external_ids:vendor=kube-ovn", "--", "--may-exist", "add-port", "br-provider",
                 "nic0", "--", "set", "port", "nic0", "external_ids:vendor=kube-ovn")
        self.assertGreater(int(db.get("Interface", "nic0", "ofport")), 0)
        db.vsctl("--may-exist", "add-port", "br-provider", "ovn0", "--", "set", "interface",
                 "ovn0", "type=internal", "--", "set", "interface", "ovn0",
                 "external_ids:iface-id=node-here", "external_ids:ip=100.64.0.2")
        self.assertIsNotNone(self.interface(self.home, "ovn0"))
        self.assertEqual(db.get("Open_vSwitch", ".", "dpdk_initialized"), "true")

    def test_neutron(self):
        """As os-vif's and neutron's native driver does, with the library that they have."""
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import ovsdbapp"], capture_output=True,
                          check=False).returncode:
            self.skipTest("needs python3-ovsdbapp")
        done = subprocess.run([python, str(SOURCE / "test" / "lib" / "neutron_port.py"),
                               self.db.remote, str(self.directory)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertRegex(said["datapath"], "^[0-9a-f]{16}$")
        self.assertEqual(said["made"], [1, [], 1450])
        self.assertIn("dpdkvhostuserclient", said["types"])
        self.assertEqual(sorted(said["ports"]), ["nosuch0", "vhu01234567-89"])
        self.assertEqual(said["failed"][0], -1)
        self.assertIn("No such device", said["failed"][1])
        # What it notes for itself is nothing to answer, and what it waited for came.
        self.assertNotIn("is not known", self.daemon.logged())
        self.assertEqual(done.stderr, "")
        self.assertEqual(self.daemon.port("vhu01234567-89")["vlan"], 7)
