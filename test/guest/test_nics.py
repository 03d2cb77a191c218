# SPDX-License-Identifier: BSD-3-Clause
"""Network cards that crossdockd has by vfio-pci, in a guest with an IOMMU: each case goes on from
where the one before has left it."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import types
import unittest

import netns
from frames import BROADCAST, frame, mac, raw_mac, tagged
from guests import STREAM_S, find_kernel
from harness import Case
from nic_guest import NicGuest, Tap, Wire, make_initramfs
from process import program, wait_for

# Addresses: each card is alone on a bus, which are numbered as the ports of the root are.
A, B, V, W = "0000:01:00.0", "0000:41:00.0", "0000:02:00.0", "0000:03:00.0"
SWITCH = """
workers: {cores: [1], idle: sleep}
memory: {hugepages: required}
bridges: {br0: {}}
ports: {}
"""
# Calls of an emulated processor's are never quick.
SLOW = "slow_us=1000000"


class Nics(Case):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        found = find_kernel()
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="xd", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        make_initramfs(cls.directory / "initramfs", found)
        cls.wires = {name: Wire(cls.directory, name) for name in "abw"}
        cls.space = netns.Namespace(types.SimpleNamespace(addCleanup=cls.addClassCleanup), "wire")
        cls.tap = Tap(cls.space, "wire", 2, "v")
        virtio = {"disable-legacy": "on", "iommu_platform": "on"}
        cls.vm = NicGuest(cls.directory, found, cls.directory / "initramfs", {
            "a": ("e1000e", cls.wires["a"].netdev, {"mac": mac(0xA)}),
            "v": ("virtio-net-pci", cls.tap.netdev,
                  {"mac": mac(0xE), "mq": "on", "vectors": 6, "rss": "on", **virtio}),
            "w": ("virtio-net-pci", cls.wires["w"].netdev, {"mac": mac(0xF), **virtio}),
            "b": ("e1000e", cls.wires["b"].netdev, {"mac": mac(0xB)}),
        }, far="b")
        cls.addClassCleanup(cls.vm.kill)
        cls.vm.start(pass_fds=cls.tap.fds)
        cls.tap.close()
        cls.space.address("wire", "10.77.1.2/24")
        seconds = cls.vm.wait_boot()
        print(f"       booted in {seconds:.1f} s", flush=True)
        cls.vm.prepare()
        cls.vm.start_switch(SWITCH)

    def setUp(self):
        super().setUp()
        self.reports += [self.vm.log, self.vm.tail]

    def passes(self, sender, receiver, **keys):
        """A frame comes as it was sent."""
        source = mac(0x100 + ord(sender))
        sent = frame(BROADCAST, source, **keys)
        self.wires[sender].send(sent)
        self.assertEqual(self.wires[receiver].receive(raw_mac(source)), sent)

    def add(self, name, address, *keys):
        self.vm.ctl("port", "add", name, "type=dpdk", "bridge=br0", f"devargs={address}", SLOW,
                    *keys)
        self.vm.wait_state(name, "up")

    # ---- Before DPDK has any ----

    def cards(self):
        return {nic["address"]: nic for nic in self.vm.ask("nic", "list")["nics"]}

    def test_cards_are_listed(self):
        self.vm.get("ip route add default via 10.77.0.2")
        wait_for(lambda: self.cards()[V]["link"] == "up", "the link of the kernel's interface")
        nics = self.cards()
        self.assertEqual(sorted(nics), sorted([A, B, V, W]))
        self.assertEqual((nics[A]["vendor_id"], nics[A]["device_id"]), ("8086", "10d3"))
        self.assertIsNone(nics[A]["driver"])
        self.assertEqual(nics[A]["command"], f"dpdk-devbind.py --bind=vfio-pci {A}")
        self.assertEqual([nics[name]["numa_node"] for name in (A, B)], [None, 1])
        groups = [nic["iommu_group"] for nic in nics.values()]
        self.assertEqual(len(set(groups)), 4, groups)
        default = nics[V]
        self.assertEqual((default["interfaces"], default["link"], default["mac"]),
                         (["eth0"], "up", mac(0xE)))
        self.assertTrue(default["default_route"])
        self.assertIsNone(default["command"])
        self.assertIn("carries the default route", default["note"])
        self.assertIn(f"{V}: carries the default route", self.vm.ctl("nic", "list"))

    def refuses(self, address, words):
        said = self.vm.refused("port", "add", "x", "type=dpdk", "bridge=br0", f"devargs={address}")
        self.assertIn(f"ports.x.devargs: device {address}: {words}", said)
        return said

    def test_what_is_wrong_is_said(self):
        self.refuses("0000:99:00.0", "there is no such device")
        self.refuses("0000:00:00.0", "it is no network card: crossdockctl nic list")
        self.refuses(A, f"it is bound to no driver: type dpdk-devbind.py --bind=vfio-pci {A}")
        self.refuses(V, "it is bound to virtio-pci and carries the default route")
        self.vm.get("ip route del default")
        self.refuses(V, "it is bound to virtio-pci: type dpdk-devbind.py --bind=vfio-pci")
        for address in (A, B, V, W):
            self.vm.bind(address)
        self.assertEqual([nic["usable"] for nic in self.vm.ask("nic", "list")["nics"]], [True] * 4)
        # Memory of the card's own node: what is said there is typed.
        pages = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"
        self.vm.get(f"echo 0 >{pages}")
        self.add("b", B)
        said = re.search(r"no hugepages are free on NUMA node 1, .*; type (.*), and", self.vm.log())
        self.assertIsNotNone(said, self.vm.log())
        self.vm.ctl("port", "del", "b")
        self.vm.get(said[1].replace("64", str(NicGuest.PAGES // 2)))
        self.assertEqual(self.vm.get(f"cat {pages}"), f"{NicGuest.PAGES // 2}")

    # ---- Frames ----

    def test_frames_pass(self):
        self.add("a", A)
        self.add("b", B)
        for size in (60, 64, 129, 1514):
            self.passes("a", "b", size=size)
            self.passes("b", "a", size=size)
        self.passes("a", "b", vlan=7, size=1518)
        shown = self.vm.port("b", "--xstats")
        self.assertEqual(shown["driver"]["numa_node"], "1")
        self.assertEqual(shown["driver"]["link"], "up, 1000 Mbit/s, full duplex")
        self.assertEqual(shown["xstats"]["rx_good_packets"], shown["rx_frames"])
        used = {nic["address"]: nic["port"] for nic in self.vm.ask("nic", "list")["nics"]}
        self.assertEqual(used, {A: "a", B: "b", V: None, W: None})

    def test_long_frames_pass(self):
        for name in "ab":
            self.vm.ctl("port", "set", name, "mtu=9216")
            self.vm.wait_state(name, "up")
        self.passes("a", "b", size=9230)
        self.passes("b", "a", size=9234, vlan=7)

    def test_flow_control_is_set_while_frames_pass(self):
        self.vm.ctl("port", "set", "a", "flow_control=rx")
        # It is agreed upon with the other end of the cable, and the link may go for that long.
        wait_for(lambda: self.vm.port("a")["driver"].get("flow_control") == "rx", "rx")
        self.vm.wait_state("a", "up")
        self.passes("a", "b")

    def test_a_link_goes_down_and_up(self):
        self.vm.set_link("a", False)
        self.vm.wait_state("a", "down")
        self.wires["b"].send(frame(BROADCAST, mac(1)))
        wait_for(lambda: self.vm.port("a")["drops"].get("port-down"), "the frame to be dropped")
        self.vm.set_link("a", True)
        self.vm.wait_state("a", "up")
        self.passes("b", "a")

    def test_a_card_is_unplugged_and_comes_back(self):
        # So that it is given away again when it is back, as driverctl would.
        self.vm.get("echo 8086 10d3 >/sys/bus/pci/drivers/vfio-pci/new_id")
        self.vm.unplug("a")
        self.vm.wait_state("a", "down")
        self.assertIn("it was unplugged", self.vm.port("a")["driver"]["device"])
        self.vm.monitor.wait_event("DEVICE_DELETED")
        self.assertEqual(self.vm.port("b")["state"], "up")
        self.vm.plug("a")
        self.vm.wait_state("a", "up")
        self.passes("a", "b")
        self.passes("b", "a")

    # ---- Queues, offloads, sleep ----

    def test_flows_are_spread_over_queues(self):
        for name in "ab":
            self.vm.ctl("port", "del", name)
        self.add("w", W)
        self.add("v", V, "queues=2")
        self.assertEqual(self.vm.port("v")["driver"]["rss"].split(), ["ip", "tcp", "udp"])
        self.space.ip("neigh", "add", "10.77.1.9", "lladdr", mac(9), "dev", "wire")
        with self.space:
            for port in range(64):
                netns.send_udp("10.77.1.9", 2000 + port)
        counters = self.vm.port("v", "--xstats")["xstats"]
        for queue in range(2):
            self.assertGreater(counters[f"rx_q{queue}_good_packets"], 5, counters)

    def test_a_kernel_talks_through_a_card(self):
        """Checksums and segmentation are left to the card on the way out, and taken from it."""
        self.vm.ctl("port", "add", "tap0", "type=tap", "bridge=br0", "ip=10.77.1.1/24", SLOW)
        # A thread that is inside the kernel reads /proc: the interface is there.
        receiver = subprocess.Popen(
            self.space.command(program("guest_stream"), "receive", 6000, 1, 0),
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.addCleanup(receiver.kill)
        sent = self.vm.get("guest_stream send 10.77.1.2 6000 1 8 0 | tail -n 1", STREAM_S)
        self.assertEqual(receiver.communicate(timeout=STREAM_S)[0].splitlines()[-1],
                         sent.replace("sent", "whole"))
        card = self.vm.port("v")
        self.assertIn("tcp-segmentation", card["driver"]["transmit_offloads"])
        self.assertEqual((card["software_segmented"], card["software_checksums"]), (0, 0))
        self.assertLess(card["tx_frames"], 8 * 1024 * 1024 // 1448)

    def sleeps(self):
        return self.vm.ask("worker", "show")["workers"][0]

    def test_a_worker_with_cards_sleeps(self):
        for name in "vw":
            self.assertEqual(self.vm.port(name)["driver"]["wakes"], "by receive interrupts")
        self.vm.ctl("port", "del", "tap0")
        raw = netns.RawSocket(self, self.space, "wire", 10)
        for _ in range(3):
            wait_for(lambda: self.sleeps()["sleeping"], "the worker to sleep")
            sent = frame(BROADCAST, mac(0x101), size=200)
            self.wires["w"].send(sent)
            self.assertEqual(raw.receive(raw_mac(mac(0x101))), sent)

    def test_intel_cards_interrupt_by_msi(self):
        self.vm.stop_switch()
        self.vm.start_switch(SWITCH, eal="--vfio-intr=msi")
        self.add("a", A)
        self.add("b", B)
        for name in "ab":
            self.assertEqual(self.vm.port(name)["driver"]["wakes"], "by receive interrupts")
        for _ in range(3):
            wait_for(lambda: self.sleeps()["sleeping"], "the worker to sleep")
            self.passes("a", "b")
        self.vm.set_link("b", False)
        self.vm.wait_state("b", "down")
