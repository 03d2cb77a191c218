# SPDX-License-Identifier: BSD-3-Clause
"""What the database says of ports besides that they are there: limits, QoS, mirrors, patch ports,
bonds."""

from frames import BROADCAST, frame, mac, tagged
from netns import Wire
from process import wait_for
from test_ovsdb import Quiet

A, B = mac(0xA), mac(0xB)


class Limits(Quiet):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.servers("one", "two")

    def limits(self, name):
        """Of a port, without what was dropped."""
        return [{key: value for key, value in limit.items() if key != "dropped"}
                for limit in self.daemon.port(name)["limits"]]

    def qos(self, *words):
        self.db.vsctl("set", "port", "two", "qos=@q", "--", "--id=@q", "create", "qos", *words)

    def passing(self, count, size=1000):
        """How many of so many frames that `one` sends come to `two`."""
        data = frame(BROADCAST, A, size=size)
        self.assertEqual(self.one.blast(count, data), count)
        before = self.daemon.port("one")["rx_frames"]
        wait_for(lambda: self.daemon.port("one")["rx_frames"] == before, "the switch to take them")
        got = 0
        while self.two.rx(200) is not None:
            got += 1
        return got

    def test_ingress_policing(self):
        db = self.db
        # As neutron and libvirt set them: kbit/s and kbit.
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=1", "ingress_policing_burst=24")
        self.assertEqual(self.limits("one"), [{"reason": "policed-in", "bit_s": 1000,
                                               "burst_bytes": 3000}])
        self.assertEqual(self.passing(10), 3)
        self.assertEqual(self.daemon.drops("one"), {"policed-in": 7})
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=0",
                 "ingress_policing_kpkts_rate=2", "ingress_policing_kpkts_burst=4")
        self.assertEqual(self.limits("one"), [{"reason": "policed-in", "pps": 2000,
                                               "burst_frames": 4000}])
        # Bursts that are 0 are Open vSwitch's own.
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=8", "ingress_policing_burst=0",
                 "ingress_policing_kpkts_burst=0")
        self.assertEqual(self.limits("one"), [{"reason": "policed-in", "bit_s": 8000,
                                               "burst_bytes": 1000000, "pps": 2000,
                                               "burst_frames": 16000}])
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=0",
                 "ingress_policing_kpkts_rate=0")
        self.assertEqual(self.limits("one"), [])
        # A limit that makes no sense costs no guest its port.
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=4000000000", "mtu_request=1400")
        self.assertRegex(db.get("Interface", "one", "error"), "^ingress_policing_rate: .*must be")
        self.assertGreater(int(db.get("Interface", "one", "ofport")), 0)
        self.assertEqual(self.daemon.port("one")["mtu"], 1400)
        db.vsctl("set", "Interface", "one", "ingress_policing_rate=0")
        self.assertEqual(db.get("Interface", "one", "error"), "[]")
        self.assertEqual(self.daemon.port("one")["driver"]["connects"], "1")

    def test_qos(self):
        db = self.db
        self.qos("type=egress-policer", "other_config:cir=125", "other_config:cbs=3000")
        self.assertEqual(self.limits("two"), [{"reason": "policed-out", "bit_s": 1000,
                                               "burst_bytes": 3000}])
        self.assertEqual(self.passing(10), 3)
        self.assertEqual(self.daemon.drops("two"), {"policed-out": 7})
        self.qos("type=trtcm-policer", "other_config:cir=1000", "other_config:cbs=2000",
                 "other_config:eir=500", "other_config:ebs=600")
        self.assertEqual(self.limits("two"), [{"reason": "policed-out", "bit_s": 12000,
                                               "burst_bytes": 2600}])
        # As libvirt does; a change of the queue alone is a change.
        self.qos("type=linux-htb", "other_config:max-rate=8000000", "queues:0=@queue", "--",
                 "--id=@queue", "create", "queue", "other_config:max-rate=4000000",
                 "other_config:burst=80000", "external-ids:vm-id=1")
        self.assertEqual(self.limits("two"), [{"reason": "policed-out", "bit_s": 4000000,
                                               "burst_bytes": 10000}])
        queue, = db.vsctl("--bare", "--columns=_uuid", "find", "queue",
                          "external-ids:vm-id=1").split()
        db.vsctl("set", "queue", queue, "other_config:max-rate=9000000")
        self.assertEqual(self.limits("two")[0]["bit_s"], 8000000)
        self.qos("type=linux-noop")
        self.assertEqual((self.limits("two"), db.get("Interface", "two", "error")), ([], "[]"))
        for words, said in (
                (("type=linux-codel",), "qos: type: there is no .*linux-codel"),
                (("type=egress-policer",), "qos: other_config:cir is missing"),
                (("type=egress-policer", "other_config:cir=fast"),
                 'qos: other_config:cir: .*fast.* is not a number')):
            self.qos(*words)
            self.assertRegex(db.get("Interface", "two", "error"), said)
            self.assertEqual(self.limits("two"), [])
        db.vsctl("clear", "port", "two", "qos")
        self.assertEqual(db.get("Interface", "two", "error"), "[]")
        self.assertEqual(self.daemon.port("two")["driver"]["connects"], "1")
        self.assertEqual(self.passing(10), 10)


class Mirrors(Quiet):
    def setUp(self):
        super().setUp()
        names = ("a", "b", "span")
        self.at = dict(zip(names, self.servers(*names)))

    def mirror(self, *words, name="m0", ports=(), bridge="br0"):
        """Adds one to br0; names in words of ports are @NAME."""
        refer = []
        for port in ports:
            refer += ["--", f"--id=@{port}", "get", "port", port]
        self.db.vsctl(*refer, "--", "--id=@m", "create", "mirror", f'name="{name}"', *words,
                      "--", "add", "bridge", bridge, "mirrors", "@m")

    def check(self, sender, data, **want):
        self.at[sender].tx(data)
        last = frame(BROADCAST, mac(0xFF), payload=b"the last one")
        for name, frames in want.items():
            self.assertEqual(self.at[name].rx(), frames, name)
        self.assertIsNone(self.at["span"].rx(0))
        return last

    def shown(self):
        return {m["name"]: m for m in self.daemon.ctl("mirror", "show")["mirrors"]}

    def test_to_a_port(self):
        db = self.db
        self.mirror("select_all=true", "output_port=@span", ports=["span"])
        data = frame(BROADCAST, A, size=300)
        self.check("a", data, b=data, span=data)
        wait_for(lambda: "tx_packets=1" in db.get("Mirror", "m0", "statistics"), "statistics")
        self.assertIn("tx_bytes=300", db.get("Mirror", "m0", "statistics"))
        db.vsctl("set", "mirror", "m0", "snaplen=64")
        self.check("a", data, b=data, span=data[:64])
        # One direction of one port.
        db.vsctl("--", "--id=@b", "get", "port", "b", "--", "set", "mirror", "m0",
                 "select_all=false", "select_src_port=@b", "snaplen=[]")
        self.check("a", data, b=data)
        answer = frame(BROADCAST, B, size=200)
        self.check("b", answer, a=answer, span=answer)
        # In one VLAN: that it is in none makes no difference any more.
        db.vsctl("set", "mirror", "m0", "select_vlan=7")
        self.check("b", answer, a=answer)
        self.check("b", tagged(answer, 7), a=tagged(answer, 7), span=tagged(answer, 7))
        db.vsctl("clear", "bridge", "br0", "mirrors")
        self.assertEqual(self.shown(), {})
        self.check("a", data, b=data, span=data)

    def test_to_a_vlan(self):
        self.db.vsctl("set", "port", "span", "tag=99")
        self.mirror("select_src_port=@a", "output_vlan=99", ports=["a"])
        data = frame(BROADCAST, A, size=300)
        self.check("a", data, b=data, span=data)

    def test_what_makes_no_sense(self):
        """Is said, and keeps nothing else from being made; names are any text."""
        db = self.db
        for bridge in ("br1", "br0"):
            db.vsctl("--may-exist", "add-br", bridge, "--", "add-port", bridge, f"s-{bridge}",
                     "--", "set", "Interface", f"s-{bridge}", "type=dpdkvhostuser")
            self.mirror("select_all=true", f"output_port=@s-{bridge}", ports=[f"s-{bridge}"],
                        name="same", bridge=bridge)
        self.mirror("select_all=true", "output_vlan=5", name="with a space")
        names = self.shown()
        self.assertEqual(len(names), 3)
        self.assertIn("same", names)
        self.assertEqual(sum(name.startswith("mirror-") for name in names), 2)
        # Nowhere to go; to where it is taken from; to a port of another bridge.
        self.mirror("select_all=true", name="nowhere")
        self.mirror("select_src_port=@b", "output_port=@b", ports=["b"], name="round")
        self.mirror("select_all=true", "output_port=@s-br1", ports=["s-br1"], name="far")
        # A port that could not be made is not watched, and the other is.
        db.complaint("add-port", "br0", "bad", "--", "set", "Interface", "bad", "type=vxlan")
        self.mirror("select_src_port=@a,@bad", "output_port=@span", ports=["a", "bad", "span"],
                    name="partly")
        self.assertEqual(set(self.shown()), {*names, "partly"})
        log = self.daemon.logged()
        for line in ("mirror nowhere is left out: output_port: is missing",
                     "mirror round is left out: .*is the output_port of",
                     "mirror far is left out: .*they must be the same",
                     "mirror partly is made without some ports: they are not there"):
            self.assertRegex(log, line)
        data = frame(BROADCAST, A)
        self.check("a", data, b=data, span=data)
        # The log has one line for each.
        self.assertEqual(self.daemon.logged().count("is left out"), 4)
        # Put right, it is there.
        db.vsctl("--", "--id=@s", "get", "port", "s-br0", "--", "set", "mirror", "nowhere",
                 "output_port=@s")
        self.assertIn("nowhere", self.shown())


class Patch(Quiet):
    def test_two_bridges(self):
        """As neutron does: each end with a command of its own."""
        db = self.db
        one, = self.servers("one")
        two, = self.servers("two", bridge="br1")
        self.assertEqual(db.complaint("add-port", "br0", "p0", "--", "set", "Interface", "p0",
                                      "type=patch", "options:peer=p1"), "")
        self.assertEqual(db.get("Interface", "p0", "error"), "there is no port p1")
        self.assertGreater(int(db.get("Interface", "p0", "ofport")), 0)
        db.vsctl("add-port", "br1", "p1", "--", "set", "Interface", "p1", "type=patch",
                 "options:peer=p0")
        for name in ("p0", "p1"):
            wait_for(lambda name=name: db.get("Interface", name, "link_state") == "up", name)
            self.assertEqual(db.get("Interface", name, "error"), "[]")
            self.assertEqual(db.get("Interface", name, "mtu"), "[]")
            self.assertEqual(db.get("Interface", name, "status"), "{}")
        data = frame(BROADCAST, A, size=400)
        one.tx(data)
        two.rx_until(data)
        wait_for(lambda: "tx_packets=1" in db.get("Interface", "p0", "statistics"), "statistics")
        # A limit has no place there.
        db.vsctl("set", "Interface", "p0", "ingress_policing_rate=100")
        self.assertIn("have no limits", db.get("Interface", "p0", "error"))
        db.vsctl("set", "Interface", "p0", "ingress_policing_rate=0")
        db.vsctl("set", "Interface", "p1", "options:peer=other")
        wait_for(lambda: db.get("Interface", "p0", "error") == "p1 has another peer", "p0's error")
        self.assertEqual(db.get("Interface", "p0", "link_state"), "down")
        self.assertIn("options:peer is missing", db.complaint(
            "add-port", "br0", "p2", "--", "set", "Interface", "p2", "type=patch"))
        self.assertIn("patch", db.get("Open_vSwitch", ".", "iface_types"))


class Bonds(Quiet):
    polls = True

    def bond(self, name):
        bond, = self.daemon.ctl("bond", "show", name)["bonds"]
        return bond

    def add_bond(self, name, bridge, members, *words):
        types = []
        for member in members:
            types += ["--", "set", "Interface", member, "type=internal"]
        self.db.vsctl("--may-exist", "add-br", bridge, "--", "add-bond", bridge, name, *members,
                      *words, *types)

    def test_lacp(self):
        """Two bonds whose members are joined by two cables."""
        db = self.db
        for name, bridge in (("uplink", "br0"), ("other", "br1")):
            members = [f"{name}{n}" for n in (1, 2)]
            self.add_bond(name, bridge, members, "lacp=active", "other_config:lacp-time=fast",
                          "other_config:lacp-system-priority=77")
        self.assertEqual(db.get("Interface", "uplink1", "lacp_current"), "false")
        wires = [Wire(self, self.home, f"uplink{n}", f"other{n}") for n in (1, 2)]
        wait_for(lambda: db.get("Interface", "uplink1", "lacp_current") == "true", "a partner")
        wait_for(lambda: db.get("Port", "uplink", "status") ==
                 '{active_members="uplink1,uplink2", lacp_status=negotiated}', "the bond's status")
        active = db.get("Interface", "uplink1", "mac_in_use")
        self.assertEqual(db.get("Port", "uplink", "bond_active_slave"), active)
        self.assertEqual(self.bond("uplink")["members"][0]["lacp"]["actor"]["system_priority"], 77)
        wires[0].cut()
        wait_for(lambda: db.get("Interface", "uplink1", "lacp_current") == "false", "no partner")
        wait_for(lambda: db.get("Port", "uplink", "bond_active_slave") ==
                 db.get("Interface", "uplink2", "mac_in_use"), "the other member")
        db.vsctl("set", "port", "uplink", "lacp=off", "bond_mode=balance-slb")
        self.assertEqual(db.get("Interface", "uplink1", "lacp_current"), "[]")
        config = self.daemon.ctl("config", "show")["config"]["ports"]["uplink"]
        self.assertEqual(config["bond_mode"], "balance")

    def test_words(self):
        db = self.db
        # By their names, whatever their rows' order is, and first the one that is preferred.
        self.add_bond("bond0", "br0", ["m10", "m2", "m1"], "other_config:bond-primary=m2")
        self.assertEqual([m["name"] for m in self.bond("bond0")["members"]], ["m2", "m1", "m10"])
        wait_for(lambda: "active_members=m2" in db.get("Port", "bond0", "status"), "its status")
        db.vsctl("set", "port", "bond0", "lacp=passive", "other_config:lacp-fallback-ab=true",
                 "other_config:lacp-system-id=02:00:00:00:00:77")
        config = self.daemon.ctl("config", "show")["config"]["ports"]["bond0"]
        self.assertEqual([config[key] for key in ("bond_mode", "lacp_mode", "lacp_fallback")],
                         ["lacp", "passive", "active-backup"])
        self.assertIn("02:00:00:00:00:77", str(config["lacp_system"]))
        # What makes no sense costs the bond nothing: its members say what it was.
        db.vsctl("set", "port", "bond0", "other_config:lacp-time=medium",
                 "other_config:crossdock-lacp_key=5", "bond_updelay=100")
        for member in ("m1", "m2", "m10"):
            self.assertIn("other_config:lacp-time:", db.get("Interface", member, "error"))
            self.assertGreater(int(db.get("Interface", member, "ofport")), 0)
        config = self.daemon.ctl("config", "show")["config"]["ports"]["bond0"]
        self.assertEqual(config["lacp_key"], 5)
        db.vsctl("remove", "port", "bond0", "other_config", "lacp-time")
        self.assertEqual(db.get("Interface", "m1", "error"), "[]")
        db.vsctl("set", "Interface", "m1", "ingress_policing_rate=1000")
        self.assertIn("a bond's members have no limits", db.get("Interface", "m1", "error"))
        line = "bond bond0: bond_updelay=100: a link that comes up is taken at once"
        self.assertEqual(self.daemon.logged().count(line), 1)
        # A member that is to be preferred and is not there yet.
        db.vsctl("set", "Interface", "m1", "ingress_policing_rate=0", "--", "set", "Interface",
                 "m2", "type=nonsense")
        self.assertIn("other_config:bond-primary", db.get("Interface", "m1", "error"))
        db.vsctl("set", "Interface", "m2", "type=internal")
        self.assertEqual(db.get("Interface", "m1", "error"), "[]")
        # One of Open vSwitch's limits is the bond's.
        db.vsctl("set", "port", "bond0", "qos=@q", "--", "--id=@q", "create", "qos",
                 "type=linux-htb", "other_config:max-rate=1000000")
        self.assertEqual(self.daemon.port("bond0")["limits"][0]["bit_s"], 1000000)
