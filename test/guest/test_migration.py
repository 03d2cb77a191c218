# SPDX-License-Identifier: BSD-3-Clause
"""Guests that move, by live migration, between two switches on one network: two crossdockds, and a
crossdockd and a real OVS-DPDK.

Each switch has a network namespace's interface as the link to the other. The guest has a split ring
and announces itself, and a packed ring that does not: the switch announces it there (RARP).
"""

import netns
from daemon import Daemon, config_text, vhost_user
from guests import MIB, GuestCase, Stream, mac
from harness import need_root
from machine import Nic
from openvswitch import OpenVSwitch, available
from process import wait_for

KINDS = {"split": {}, "packed": {"packed": "on", "guest_announce": "off"}}
RING_PACKED, GUEST_ANNOUNCE = 34, 21
ETHERTYPE_ARP, ETHERTYPE_RARP = b"\x08\x06", b"\x80\x35"
VM, PEER = 1, 2
INTERFACES = range(len(KINDS))


def address(owner, index):
    return f"10.78.{index}.{owner}"


def mac_of(owner, index):
    return mac(0x10 * owner + index)


class Crossdock:
    """A crossdockd at one end of the link."""

    listens = False  # QEMU: the ports do

    def __init__(self, test, name, space, interface, core, compat=None, mode="server"):
        self.directory = test.directory / f"{name}-{test.id().rsplit('.', 1)[1][:20]}"
        self.directory.mkdir()
        self.listens = mode == "client"
        more = {"compat": compat} if compat else {}
        ports = {f"{owner}-{kind}": vhost_user(self.directory / f"{owner}-{kind}", mode=mode,
                                               **more)
                 for owner in (VM, PEER) for kind in KINDS}
        ports["link"] = {"type": "dpdk", "bridge": "br0",
                         "devargs": f"net_af_packet_{interface},iface={interface}"}
        self.daemon = Daemon(test, self.directory, config_text(ports, cores=(core,)))
        command = self.daemon.command
        self.daemon.command = lambda: space.command(*command())
        self.daemon.start()

    def path(self, owner, kind):
        return self.directory / f"{owner}-{kind}"

    def port_of(self, address):
        """The port that an address was learned at: "link", or its own."""
        return self.daemon.fdb().get((address, 0))


class OpenVSwitchEnd:
    """An OVS-DPDK at one end of the link; its ports connect to QEMU's sockets."""

    listens = True

    def __init__(self, test, space, interface):
        self.switch = OpenVSwitch(test, test.directory / "ovs", space)
        test.reports.append(self.switch.report)
        self.switch.start()
        self.switch.add_interface(interface)
        self.interface = interface
        for owner in (VM, PEER):
            for kind in KINDS:
                self.switch.add_guest(f"{owner}-{kind}", self.path(owner, kind))

    def path(self, owner, kind):
        return self.switch.directory / f"{owner}-{kind}.sock"

    def port_of(self, address):
        found = self.switch.port_of(address)
        return "link" if found == self.interface else found


class Migration(GuestCase):
    def setUp(self):
        super().setUp()
        need_root(self)
        self.a_space, self.b_space = (netns.Namespace(self, name) for name in "ab")
        netns.veth(self.a_space, "wire", self.b_space, "wire")
        self.b_space.ip("link", "set", "wire", "up")
        with self.a_space:
            netns.checksums_in_software("wire")

    def interfaces(self, owner, place):
        return [Nic(place.path(owner, kind), mac_of(owner, index), listen=place.listens,
                    properties=properties)
                for index, (kind, properties) in enumerate(KINDS.items())]

    def at(self, place, name, owner, incoming=False):
        vm = self.machine(name, self.interfaces(owner, place), f"10.77.0.{owner}",
                          incoming=incoming)
        self.addCleanup(vm.kill)
        self.reports.append(vm.tail)
        vm.start()
        if not incoming:
            vm.wait_boot()
            for index in INTERFACES:
                vm.get("echo 4096 16777216 33554432 >/proc/sys/net/ipv4/tcp_rmem; "
                       f"ip link set eth{index} up && "
                       f"ip addr add {address(owner, index)}/24 dev eth{index}")
        return vm

    def move(self, vm, there, place_there, place_here):
        """Migrates, and waits until the switch left behind has learned where the guest is."""
        state = vm.migrate_to(there)
        vm.kill()
        self.say(f"moved: {state['total-time']} ms, stopped for {state['downtime']} ms, "
                 f"{state['ram']['transferred'] / MIB:.0f} MiB")
        for index, kind in enumerate(KINDS):
            wait_for(lambda: place_here.port_of(mac_of(VM, index)) == "link",
                     f"the {kind} interface to be seen at the other switch; it is at "
                     f"{place_here.port_of(mac_of(VM, index))}")
        return there

    def listen(self, space):
        return netns.RawSocket(self, space, "wire", 30)

    def wait_frame(self, sock, index, ethertype):
        source = bytes.fromhex(mac_of(VM, index).replace(":", ""))
        while sock.receive(source)[12:14] != ethertype:
            pass

    def there_and_back(self, a, b):
        """The peer stays at a."""
        peer = self.at(a, "peer", PEER)
        vm = self.at(a, "vm.1", VM)
        for index, kind in enumerate(KINDS):
            self.reach(vm, address(PEER, index))
            have = vm.features(index)
            self.assertEqual((RING_PACKED in have, GUEST_ANNOUNCE in have),
                             (kind == "packed", kind == "split"), kind)
        streams = []
        for index in INTERFACES:
            # What the guest has received and not yet read is in pages that the switch wrote, most
            # of it after QEMU first copied them.
            streams += [Stream(vm, peer, address(PEER, index), kib_per_s=1024),
                        Stream(peer, vm, address(VM, index), kib_per_s=2048, read_kib_per_s=256)]
        for stream in streams:
            stream.more(0.1)
        there = self.at(b, "vm.2", VM, incoming=True)
        self.move(vm, there, b, a)
        for stream in streams:
            stream.moved(vm, there)
            stream.hurry()
            stream.more()
        self.say(f"{sum(stream.finish() for stream in streams) / MIB:.0f} MiB came whole")

        # And back, with nothing going on: others learn of it by what is sent in its name.
        back = self.at(a, "vm.3", VM, incoming=True)
        sock = self.listen(self.b_space)
        self.move(there, back, a, b)
        self.wait_frame(sock, list(KINDS).index("packed"), ETHERTYPE_RARP)
        self.reach(back, address(PEER, 0), "after it came back")
        for index in INTERFACES:
            stream = Stream(peer, back, address(VM, index), 2)
            stream.finish()

    def test_between_two_crossdocks(self):
        self.there_and_back(Crossdock(self, "a", self.a_space, "wire", 0),
                            Crossdock(self, "b", self.b_space, "wire", 1))

    def test_from_ovs_to_crossdock_and_back(self):
        if not available():
            self.skipTest("OVS-DPDK is not installed: config/install-deps.sh bench")
        self.there_and_back(OpenVSwitchEnd(self, self.a_space, "wire"),
                            Crossdock(self, "b", self.b_space, "wire", 0, compat="ovs-3.1",
                                      mode="client"))
