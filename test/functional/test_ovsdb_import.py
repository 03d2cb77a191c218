# SPDX-License-Identifier: BSD-3-Clause
"""Moving in: crossdockctl import ovs, which makes a configuration file of a database of stock
ovs-vsctl, and interfaces that an ovs-vswitchd has left."""

import json
import subprocess

from daemon import WORKER_CORE, Daemon
from frames import BROADCAST, frame, mac
from process import PATIENCE_S, program
from test_ovsdb import CONFIG, Ovsdb

MAC = "02:00:00:00:00:07"


class Import(Ovsdb):
    """The same database drives a crossdockd, which has its lock meanwhile, and is imported."""

    def run_import(self, *options, db=None):
        return subprocess.run(
            self.home.command(program("crossdockctl"), *options, "import", "ovs", "--db",
                              db or self.db.remote), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, env=self.db.environment, timeout=PATIENCE_S,
            check=False)

    def imported(self, db=None):
        done = self.run_import("--json", db=db)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def fill(self):
        self.home.ip("link", "add", "nic0", "type", "veth", "peer", "name", "wire")
        client = "type=dpdkvhostuserclient"
        self.assertEqual("", self.db.complaint(
            "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
            "other_config:mac-aging-time=77",
            "--", "add-br", "br1", "--", "set", "bridge", "br1", f'other_config:hwaddr="{MAC}"',
            "--", "set", "Open_vSwitch", ".", f"other_config:pmd-cpu-mask={1 << WORKER_CORE:#x}",
            "other_config:pmd-rxq-assign=roundrobin",
            "--", "add-port", "br0", "access", "tag=5", "--", "set", "Interface", "access", client,
            f"options:vhost-server-path={self.directory}/access.sock", "mtu_request=9000",
            "--", "add-port", "br0", "trunk", "trunks=1,2,3,7", "--", "set", "Interface", "trunk",
            "type=dpdkvhostuser", "options:n_rxq=2",
            "--", "add-port", "br0", "native", "tag=9", "trunks=20,30",
            "vlan_mode=native-untagged", "--", "set", "Interface", "native", "type=internal",
            "--", "add-port", "br1", "nic0",
            "--", "add-bond", "br1", "bond0", "m1", "m2", "bond_mode=balance-slb",
            "--", "set", "Interface", "m1", "type=internal",
            "--", "set", "Interface", "m2", "type=internal",
            "--", "set", "Interface", "native", "ingress_policing_rate=1000",
            "--", "set", "port", "trunk", "qos=@q", "--", "--id=@q", "create", "qos",
            "type=egress-policer", "other_config:cir=125000",
            "--", "--id=@n", "get", "port", "native", "--", "--id=@m", "create", "mirror",
            "name=m0", "select_all=true", "output_vlan=9",
            "--", "set", "bridge", "br0", "mirrors=@m"))

    def test_what_is_imported_is_what_the_database_makes(self):
        """From the server and from its file, and crossdockd takes it."""
        self.fill()
        made = self.daemon.ctl("config", "show")["config"]
        found = self.imported()
        self.assertEqual(found["left_out"], [])
        ports = found["config"]["ports"]
        for name in ("native", "m1", "m2"):
            # That of the interface as it is; the server does not keep it in its file.
            self.assertEqual(self.db.get("Interface", name, "mac_in_use"), ports[name].pop("mac"))
        self.assertEqual(ports["br1"]["mac"], MAC)
        for section in ("bridges", "ports", "mirrors"):
            self.assertEqual(found["config"][section], made[section], section)
        for key in ("cores", "assign"):
            self.assertEqual(found["config"]["workers"][key], made["workers"][key])
        self.assertEqual(self.imported(self.db.path("conf.db"))["config"], found["config"])

        done = self.run_import()
        self.assertEqual(done.stderr, "crossdockctl: 2 bridges, 9 ports; all of it carries over\n")
        self.daemon.stop()
        self.db.stop()
        again = self.directory / "again"
        again.mkdir()
        daemon = Daemon(self, again, done.stdout)
        command = daemon.command
        daemon.command = lambda: self.home.command(*command())
        checked = subprocess.run(daemon.command() + ["--check"], capture_output=True, text=True,
                                 timeout=PATIENCE_S, check=False)
        self.assertIn("valid: 2 bridges, 9 ports", checked.stdout + checked.stderr)
        daemon.start()
        self.assertEqual(sorted(daemon.ports()), sorted(made["ports"]))

    def test_what_does_not_carry_over_is_told(self):
        """In a comment each, and in the log of a crossdockd that the database drives."""
        self.db.complaint(
            "add-br", "br0", "--", "set", "bridge", "br0", "fail_mode=secure", "stp_enable=true",
            "other_config:nonsense=1", "external_ids:owner=me",
            "--", "set-controller", "br0", "tcp:127.0.0.1:6633",
            "--", "--id=@n", "create", "NetFlow", 'targets="127.0.0.1:2055"',
            "--", "set", "bridge", "br0", "netflow=@n",
            "--", "set", "Open_vSwitch", ".", "other_config:emc-insert-inv-prob=1",
            "--", "add-port", "br0", "vx", "--", "set", "Interface", "vx", "type=vxlan",
            "options:remote_ip=192.0.2.1",
            "--", "add-port", "br0", "t1", "protected=true", "--", "set", "Interface", "t1",
            "type=internal", "bfd:enable=true", "ofport_request=7", "other_config:tx-steering=hash",
            "options:n_rxq=1", "options:color=red")
        shared = ["bridge br0: fail_mode=secure: there is no OpenFlow",
                  "bridge br0: controller: there is no OpenFlow",
                  "bridge br0: stp_enable=true: there is no spanning tree",
                  "bridge br0: netflow: flows are not exported",
                  "bridge br0: other_config:nonsense=1: is not known here",
                  "emc-insert-inv-prob=1: has no meaning here",
                  "interface vx is left out: type: there are no tunnels",
                  "port t1: protected=true: ports are not kept from each other",
                  "interface t1: bfd: ",
                  "interface t1: other_config:tx-steering=hash: ",
                  "interface t1: options:color=red: is not known here"]
        for line in shared:
            self.assertEqual(self.daemon.logged().count(line), 1, line)
        lines = [*shared, "external_ids of 1 row of table Bridge", "ofport_request of 1 row of"]
        done = self.run_import()
        self.assertIn(f"1 bridge, 2 ports; {len(lines)} things do not carry over", done.stderr)
        comments = [line for line in done.stdout.splitlines() if line.startswith("#   ")]
        self.assertEqual(len(comments), len(lines), comments)
        for line in lines:
            self.assertIn(f"\n#   {line}", done.stdout)
        # Answered once: what changes is answered again, and nothing else.
        self.db.vsctl("set", "bridge", "br0", "other_config:nonsense=2")
        self.assertIn("other_config:nonsense=2: is not known", self.daemon.logged())
        for line in shared:
            self.assertEqual(self.daemon.logged().count(line), 1, line)

    def test_no_database(self):
        for db, said in ((f"unix:{self.directory}/none", "No such file or directory"),
                         (__file__, "ovsdb-tool cannot read"),
                         (self.db.path("ovsdb.ctl"), "it has no database Open_vSwitch"),
                         ("ssl:127.0.0.1", "needs files"), ("nonsense", "whole path")):
            done = self.run_import(db=db)
            self.assertEqual((done.returncode, done.stdout), (2, ""), db)
            self.assertIn(said, done.stderr)


class Left(Ovsdb):
    def test_a_bridge_keeps_its_interface(self):
        """Its addresses are what the host's neighbours know."""
        self.home.ip("tuntap", "add", "br0", "mode", "tap")
        self.home.ip("link", "set", "br0", "address", MAC)
        self.home.ip("addr", "add", "10.99.0.1/24", "dev", "br0")
        self.db.vsctl("add-br", "br0")
        self.assertEqual(self.db.get("Interface", "br0", "mac_in_use"), MAC)
        self.assertEqual(self.db.get("bridge", "br0", "datapath_id"),
                         "0000" + MAC.replace(":", ""))
        self.assertIn("10.99.0.1/24", self.addresses(self.home, "br0"))
        # What the database asks for goes before.
        other = MAC.replace("07", "08")
        self.db.vsctl("set", "bridge", "br0", f'other_config:hwaddr="{other}"')
        self.assertEqual(self.db.get("Interface", "br0", "mac_in_use"), other)
        self.assertIn("10.99.0.1/24", self.addresses(self.home, "br0"))


class Numbers(Ovsdb):
    def make_daemon(self, remote=None, config=None):
        return super().make_daemon(
            remote, f"{config or CONFIG}control: {{unixctl: {self.directory}}}\n")

    def appctl(self, *words):
        return subprocess.run(["ovs-appctl", *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.db.environment,
                              timeout=PATIENCE_S, check=True).stdout

    def test_are_the_databases(self):
        """What ovs-vsctl and ovs-appctl call a port is one number."""
        one, two = self.servers("one", "two")
        self.db.vsctl("set", "Interface", "two", "ofport_request=17")
        data = frame(BROADCAST, mac(2), size=100)
        two.tx(data)
        one.rx_until(data)
        number = self.db.get("Interface", "one", "ofport")
        shown = self.appctl("dpif/show")
        self.assertIn("    two 17/", shown)
        self.assertIn(f"    one {number}/", shown)
        self.assertIn("    br0 65534/", shown)
        self.assertRegex(self.appctl("fdb/show", "br0"), rf"(?m)^   17     0  {mac(2)}")
