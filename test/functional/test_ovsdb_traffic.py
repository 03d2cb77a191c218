# SPDX-License-Identifier: BSD-3-Clause
"""What goes on with the database while numbered frames pass, of which none may be missing."""

import json
import os
import shutil
import signal
import unittest

from flow import Flow
from frames import BROADCAST, frame, mac
from harness import Case
from ovsdb import Database, available
from process import perf_script, wait_for
from test_ovsdb import Ovsdb, Quiet

RATE_PPS = 2000  # a ring holds half a second of it: who else runs on the machine loses none


class Counted(Ovsdb):
    def setUp(self):
        super().setUp()
        self.db.vsctl(*self.bridge())
        self.flow = Flow(self.directory, self.path("from"), self.path("to"), RATE_PPS).ready()
        self.addCleanup(self.flow.kill)
        self.before = self.ports()

    def bridge(self):
        """The words that make the bridge, by ports whose rows come in any order."""
        words = ["add-br", "br0"]
        for name in ("from", "to", "other"):
            words += ["--", "add-port", "br0", name, "--", "set", "Interface", name,
                      "type=dpdkvhostuser"]
        return words

    def ports(self):
        """How often guests have come to each."""
        return {name: self.daemon.port(name)["driver"]["connects"] for name in ("from", "to")}

    def unharmed(self, what):
        """All frames since the last time came, each once and in order, and nobody was sent away."""
        report = self.flow.report()
        self.assertGreater(report["received"], 0, what)
        self.assertEqual(report["lost"], 0, f"{what}: {report}")
        self.assertEqual(self.ports(), self.before, what)

    def again(self):
        """The server has what it forgot, and does what it is told."""
        self.refilled("from")
        self.db.vsctl("add-port", "br0", "late", "--", "set", "Interface", "late", "type=internal")
        self.assertIn("late", self.daemon.ports())
        self.db.vsctl("del-port", "late")

    def test_the_server_goes_in_every_order(self):
        db = self.db
        db.stop()
        wait_for(lambda: "No such file or directory" in self.daemon.log_text(), "another try")
        self.unharmed("it is killed")
        db.start()
        self.again()
        self.unharmed("it comes back")
        # What was changed while nobody listened to it.
        db.stop()
        db.start(init=False)
        db.vsctl("--no-wait", "del-port", "other")
        wait_for(lambda: "other" not in self.daemon.ports(), "the port to go")
        self.unharmed("it comes back with another port less")
        # It ends each connection, as when its remotes change.
        for _ in range(3):
            db.appctl("ovsdb-server/reconnect")
        self.again()
        self.unharmed("it ends the connection")
        # It stands still: control has others to talk to.
        os.kill(db.process.pid, signal.SIGSTOP)
        self.daemon.ctl("port", "show")
        self.unharmed("it stands still")
        os.kill(db.process.pid, signal.SIGCONT)
        self.again()
        self.unharmed("it goes on")

    def test_another_database(self):
        """One with rows of their own that say the same, as a backup's do: no port is made anew."""
        old = self.db
        directory = self.directory / "new"
        directory.mkdir()
        new = Database(self, directory, self.home).start()
        new.vsctl("--no-wait", *self.bridge())
        new.stop()
        old.stop()
        shutil.copy(new.path("conf.db"), old.path("conf.db"))
        old.start()
        self.again()
        self.unharmed("another database")
        # An empty one says nothing before it is initialised.
        old.stop()
        os.unlink(old.path("conf.db"))
        old.create()
        old.start(init=False)
        wait_for(lambda: self.daemon.log_text().count("connected") >= 3, "a connection")
        self.daemon.ctl("port", "show")
        self.unharmed("an empty database")

    def test_changes_of_others(self):
        db = self.db
        many = []
        for i in range(50):
            many += ["--", "add-port", "br0", f"v{i}", "--", "set", "Interface", f"v{i}",
                     "type=dpdkvhostuser"]
        many += ["--", "add-port", "br0", "bad", "--", "set", "Interface", "bad", "type=vxlan"]
        self.assertIn("'bad'", db.complaint(*many[1:]))
        self.unharmed("ports that come, and one that cannot")
        db.vsctl("set", "port", "v1", "qos=@q", "--", "--id=@q", "create", "qos",
                 "type=egress-policer", "other_config:cir=100000")
        db.vsctl("set", "Interface", "v2", "ingress_policing_rate=1000")
        db.vsctl("--", "--id=@v", "get", "port", "v3", "--", "--id=@o", "get", "port", "other",
                 "--", "--id=@m", "create", "mirror", "name=m0", "select_src_port=@o",
                 "output_port=@v", "--", "set", "bridge", "br0", "mirrors=@m")
        self.unharmed("limits and a mirror of others")
        db.complaint("set", "Interface", "v4", "mtu_request=7", "--", "set", "Interface", "v5",
                     "options:n_rxq=99", "--", "set", "port", "v6", "tag=6")
        self.assertEqual(self.daemon.port("v6")["vlan"], 6)
        self.unharmed("a transaction with errors in two ports")
        db.vsctl("add-br", "br1", "--", "add-bond", "br1", "bond0", "m1", "m2", "--", "set",
                 "Interface", "m1", "type=internal", "--", "set", "Interface", "m2",
                 "type=internal")
        db.vsctl("del-br", "br1")
        self.unharmed("a bridge that comes and goes")
        words = []
        for i in range(50):
            words += ["--", "del-port", f"v{i}"]
        db.vsctl(*words[1:])
        self.unharmed("ports that go")


class Orders(Quiet):
    def test_switch_and_server_go_and_come(self):
        """In every order in which both are gone at a time; the guests come back and are known by
        their numbers."""
        one, two = self.servers("one", "two")
        numbers = [self.db.get("Interface", name, "ofport") for name in ("one", "two")]
        count = 0
        for order in (("switch", "server", "switch", "server"),
                      ("switch", "server", "server", "switch"),
                      ("server", "switch", "switch", "server"),
                      ("server", "switch", "server", "switch")):
            gone = set()
            for who in order:
                self.turn(who, who in gone)
                gone ^= {who}
            wait_for(lambda: {"one", "two"} <= set(self.daemon.ports()), "the ports")
            for guest in (one, two):
                wait_for(lambda guest=guest: not guest.alive(), "the guests to see the switch go")
                guest.do("reconnect")
            self.daemon.wait_up("one", "two")
            for _ in range(50):
                count += 1
                one.tx(frame(BROADCAST, mac(1), payload=b"number %d" % count))
            self.assertEqual(two.rx_until(frame(BROADCAST, mac(1), payload=b"number %d" % count)),
                             [frame(BROADCAST, mac(1), payload=b"number %d" % number)
                              for number in range(count - 49, count)], order)
            self.refilled("one")
            self.assertEqual([self.db.get("Interface", name, "ofport") for name in ("one", "two")],
                             numbers, order)

    def turn(self, who, is_gone):
        if who == "server":
            self.db.start() if is_gone else self.db.stop()
        elif is_gone:
            self.daemon.start()
        else:
            self.daemon.kill()


@unittest.skipUnless(available(), "needs ovsdb-server and its schema: openvswitch-switch")
class Costs(Case):
    """The short form of test/perf/ovsdb, whose figures are nothing to pass by here."""

    def test_quick(self):
        done = perf_script("ovsdb", "--ports", 20, "--rounds", 2, "--ticks", 0, "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = {row["what"]: row for row in json.loads(done.stdout)["rows"]}
        self.assertEqual(list(rows), ["all in one transaction", "add-port", "del-port",
                                      "add-port --no-wait", "del-port --no-wait"])
        self.assertGreater(rows["add-port"]["main_cpu_ms"], 0)

    def test_refused(self):
        done = perf_script("ovsdb", "--ports", 1001)
        self.assertEqual(done.returncode, 2)
        self.assertIn("at most 1000", done.stderr)
