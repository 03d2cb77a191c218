# SPDX-License-Identifier: BSD-3-Clause
"""Bonds of two vhost-user ports, and in the guest Linux's bonding driver with both interfaces."""

import re

import netns
from daemon import Daemon, config_text, vhost_user
from guests import GuestCase, mac
from machine import Nic
from process import wait_for

GUEST, CONTAINER = "10.77.0.1", "10.77.0.9"
BONDING = "/sys/class/net/bond0/bonding"
NAMES = ("m0", "m1")  # of the ports of eth0 and eth1
AGREED_S = 60  # a guest is slow, and slow LACP says something twice a minute


class Bonds(GuestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ports = {name: vhost_user(cls.directory / f"{name}.sock", bridge="none", mode="server")
                     for name in NAMES}
        cls.daemon = Daemon(None, cls.directory, config_text(cls.ports))
        cls.addClassCleanup(cls.daemon.close)
        cls.told.append(cls.daemon.report)
        cls.daemon.start()
        # Without a speed the driver takes no part in LACP.
        nics = [Nic(cls.ports[name]["path"], mac(number + 1), listen=False,
                    properties={"speed": 1000, "duplex": "full"})
                for number, name in enumerate(NAMES)]
        cls.vm = cls.machine("vm", nics, GUEST)
        cls.vm.start()
        cls.vm.wait_boot()
        cls.vm.get("ip addr flush dev eth0")

    def setUp(self):
        super().setUp()
        self.container = netns.Namespace(self, "container")
        self.daemon.ctl("port", "add", "c", "type=tap", "bridge=br0", "ifname=eth0",
                        f"netns={self.container.name}", f"ip={CONTAINER}/24")
        self.addCleanup(self.daemon.ctl, "port", "del", "c")

    def bond(self, ours, guests):
        """ours: keys of the bond; guests: parameters of the driver's, in their order."""
        self.vm.get("ip link set bond0 down; for i in 0 1; do ip link set eth$i down; "
                    f"echo -eth$i >{BONDING}/slaves; done 2>/dev/null; :")
        for name, value in guests.items():
            self.vm.get(f"echo {value} >{BONDING}/{name}")
        self.vm.get(f"for i in 0 1; do echo +eth$i >{BONDING}/slaves; done; "
                    f"ip link set bond0 up; ip addr add {GUEST}/24 dev bond0 2>/dev/null; :")
        self.daemon.ctl("port", "add", "bond", "type=bond", "bridge=br0",
                        f"members={','.join(NAMES)}", *(f"{k}={v}" for k, v in ours.items()))
        self.addCleanup(self.daemon.ctl, "port", "del", "bond")
        self.reports.append(lambda: self.vm.get("cat /proc/net/bonding/bond0"))

    def members(self):
        bond, = self.daemon.ctl("bond", "show", "bond")["bonds"]
        return {member["name"]: member for member in bond["members"]}

    def active(self, *names):
        wait_for(lambda: [n for n, m in self.members().items() if m["active"]] == list(names),
                 f"{' and '.join(names)} to carry", AGREED_S)

    def link(self, number, up):
        """A link as QEMU has it: both ends see it go."""
        self.vm.monitor.ask("set_link", name=f"net{number}", up=up)
        wait_for(lambda: self.members()[NAMES[number]]["state"] == ("up" if up else "down"),
                 "the link")

    def meet(self, what):
        self.reach(self.vm, CONTAINER, what)
        wait_for(lambda: self.container.run("ping", "-c1", "-W1", GUEST).returncode == 0,
                 f"the container to reach the guest {what}", 90)

    def lacp(self, rate):
        self.bond({"bond_mode": "lacp", "lacp_rate": rate},
                  {"mode": "802.3ad", "miimon": 50, "lacp_rate": rate})
        self.active(*NAMES)
        shown = self.vm.get("cat /proc/net/bonding/bond0")
        members = self.members()
        ours = members["m0"]["lacp"]["actor"]["system_id"]
        self.assertIn(f"Partner Mac Address: {ours}", shown)
        self.assertIn("Number of ports: 2", shown)
        # Both ends' words of each other's state are the same.
        self.assertEqual(len(re.findall(r"port state: 6[13]", shown)), 4, shown)
        for member in members.values():
            self.assertEqual(member["lacp"]["status"], "current")
            self.assertIn("distributing", member["lacp"]["partner"]["state"])
        self.meet("by both links")

    def test_lacp_slow(self):
        self.lacp("slow")
        self.link(0, False)
        self.active("m1")
        self.meet("by the second link")
        self.link(0, True)
        self.active(*NAMES)
        self.meet("by both again")

    def test_lacp_fast(self):
        self.lacp("fast")
        # The guest takes an interface down: only that it says nothing any more tells of it.
        self.vm.get("ip link set eth1 down")
        self.active("m0")
        self.assertEqual(self.members()["m1"]["state"], "up")
        self.meet("by the first link")
        self.vm.get("ip link set eth1 up")
        self.active(*NAMES)
        self.link(1, False)
        self.active("m0")
        self.meet("by the first link again")
        self.link(1, True)

    def fails_over(self, ours, guests, both):
        self.bond(ours, {**guests, "miimon": 50})
        self.active(*both)
        self.meet("at first")
        for number in range(2):
            self.link(number, False)
            self.active(NAMES[1 - number])
            self.meet(f"by {NAMES[1 - number]}")
            self.link(number, True)
        self.meet("at the end")

    def test_active_backup(self):
        self.fails_over({"bond_mode": "active-backup"}, {"mode": "active-backup"}, ["m0"])

    def test_balance(self):
        self.fails_over({"bond_mode": "balance"},
                        {"mode": "balance-xor", "xmit_hash_policy": "layer3+4"}, NAMES)
