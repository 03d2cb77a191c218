# SPDX-License-Identifier: BSD-3-Clause
"""Real kernels on both ends: one port in server mode, one in client mode.

The cases build on one another: the guests are booted once.
"""

import json
import re

import netns
from daemon import Daemon, config_text, vhost_user
from guests import GuestCase
from machine import Nic
from process import wait_for

ADDRESS = {"vm1": "10.77.0.1", "vm2": "10.77.0.2"}
MAC = {"vm1": "02:00:00:00:77:01", "vm2": "02:00:00:00:77:02"}
CONTAINER = "10.77.0.9"
PINGS = 5
RUN_S = 60  # for a command that itself takes a few seconds


class Switch:
    """crossdockd with the two ports."""

    def __init__(self, directory):
        self.sockets = {name: directory / f"{name}.sock" for name in ADDRESS}
        self.daemon = Daemon(None, directory, config_text({
            "vm1": vhost_user(self.sockets["vm1"], mode="server"),
            "vm2": vhost_user(self.sockets["vm2"], mode="client")}))

    def start(self):
        self.daemon.start()

    def stop(self):
        return self.daemon.stop()

    def close(self):
        self.daemon.close()

    def addresses(self):
        """MAC to port, of what was learned; None when it cannot say."""
        return {mac: port for (mac, _), port in self.daemon.fdb().items()}

    def flush(self):
        self.daemon.ctl("fdb", "flush", "br0")

    def states(self):
        return {port["name"]: port["state"] for port in self.daemon.ctl("port", "show")["ports"]}

    def report(self):
        return self.daemon.report()


class Guests(GuestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.switch = Switch(cls.directory)
        cls.addClassCleanup(cls.switch.close)
        cls.switch.start()
        cls.told.append(cls.switch.report)
        for name in ADDRESS:
            nic = Nic(cls.switch.sockets[name], MAC[name], listen=name == "vm2")
            cls.machine(name, [nic], ADDRESS[name]).start()

    def setUp(self):
        super().setUp()
        self.vm1, self.vm2 = self.vms["vm1"], self.vms["vm2"]

    def meet(self, what):
        """Waits until a ping comes through both ways."""
        self.reach(self.vm1, ADDRESS["vm2"], what)
        self.reach(self.vm2, ADDRESS["vm1"], what)

    def ping(self, vm, address, size):
        received, text = vm.try_ping(address, count=PINGS, size=size, wait_s=10)
        self.assertEqual(received, PINGS, text)
        # ping says so when a reply does not hold the bytes that were sent.
        self.assertNotIn("wrong data", text)
        self.say(f"{vm.name}, {size} B: {text.splitlines()[-1]}")

    def test_boot(self):
        for vm in self.vms.values():
            self.say(f"{vm.name} up after {vm.wait_boot():.1f} s: " + vm.get("uname -r"))
            self.assertIn(MAC[vm.name], vm.get("ip link show eth0"))
        self.meet("after boot")

    def test_ping(self):
        for size in (56, 1472):
            self.ping(self.vm1, ADDRESS["vm2"], size)
            self.ping(self.vm2, ADDRESS["vm1"], size)

    def test_broadcast_and_learning(self):
        self.switch.flush()
        # No entry on either side: the request is a broadcast, and must be seen to be learned.
        for vm in self.vms.values():
            vm.get("ip neigh flush dev eth0")
        self.assertEqual(self.vm1.try_ping(ADDRESS["vm2"], wait_s=10)[0], 1)
        shown = self.vm1.get(f"ip neigh show {ADDRESS['vm2']}")
        self.assertIn(MAC["vm2"], shown)
        learned = self.switch.addresses()
        if learned is not None:
            self.assertEqual({mac: learned.get(mac) for mac in MAC.values()},
                             {MAC[name]: name for name in MAC})

    def serve(self, vm, command, port):
        """Starts a server in a guest and waits until it listens."""
        vm.get(f"setsid {command} >/tmp/{port}.log 2>&1 &")
        wait_for(lambda: f":{port} " in vm.get("netstat -ltn"), f"{command} on {vm.name}", 60)

    def test_qperf(self):
        self.serve(self.vm2, "qperf", 19765)
        shown = self.vm1.get(f"qperf -t 2 {ADDRESS['vm2']} tcp_lat tcp_bw udp_lat", RUN_S)
        self.say("qperf: " + re.sub(r"\s+", " ", shown))
        self.assertEqual((shown.count("latency"), shown.count("bw  ")), (2, 1), shown)
        values = [float(value.replace(",", "")) for value in re.findall(r"=\s+([\d.,]+)", shown)]
        self.assertEqual(len(values), 3, shown)
        self.assertTrue(all(value > 0 for value in values), shown)

    def iperf3(self, options):
        """Megabytes that arrived, and Mbit/s."""
        shown = self.vm1.get(f"iperf3 -c {ADDRESS['vm2']} -t 2 -f m {options}", RUN_S)
        found = re.search(r"([\d.]+) MBytes\s+([\d.]+) Mbits/sec.*receiver", shown)
        self.assertIsNotNone(found, shown)
        return float(found.group(1)), float(found.group(2))

    def test_iperf3_tcp(self):
        self.serve(self.vm2, "iperf3 -s", 5201)
        for options, words in (("", "vm1 to vm2"), ("-R", "vm2 to vm1")):
            moved, rate = self.iperf3(options)
            self.assertGreater(moved, 0)
            self.say(f"iperf3 TCP, {words}: {rate:.0f} Mbit/s")

    def test_iperf3_udp(self):
        moved, rate = self.iperf3("-u -b 5M -l 1400")
        self.assertGreater(moved, 0)
        self.say(f"iperf3 UDP at 5 Mbit/s: {rate:.1f} Mbit/s arrived")

    def test_a_file_arrives_whole(self):
        for sender, receiver in ((self.vm1, self.vm2), (self.vm2, self.vm1)):
            sender.get("dd if=/dev/urandom of=/www/file bs=1M count=4 2>&1")
            self.serve(sender, "busybox httpd -f -h /www", 80)
            want = sender.get("sha256sum </www/file").split()[0]
            got = receiver.get(f"wget -q -O - http://{ADDRESS[sender.name]}/file | sha256sum",
                               RUN_S).split()[0]
            self.assertEqual(got, want, f"{sender.name} to {receiver.name}")
            self.say(f"4 MiB, {sender.name} to {receiver.name}: {got[:16]}... on both sides")

    def test_a_container_and_a_guest(self):
        """TCP passes unsegmented and without checksums between the guest's kernel and the host's."""
        space = netns.Namespace(self, "container")
        daemon = self.switch.daemon
        daemon.ctl("port", "add", "c", "type=tap", "bridge=br0", f"netns={space.name}",
                   f"ip={CONTAINER}/24")
        self.addCleanup(daemon.ctl, "port", "del", "c")
        self.reach(self.vm2, CONTAINER, "in a container")
        for options, port, words in (("", "vm2", "container to vm2"),
                                     ("-R", "c", "vm2 to container")):
            before = daemon.port(port)
            done = space.run("iperf3", "-c", ADDRESS["vm2"], "-t", 2, "-J", *options.split(),
                             timeout_s=RUN_S)
            self.assertEqual(done.returncode, 0, done.stdout[-300:])
            rate = json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]
            now = daemon.port(port)
            length = ((now["tx_bytes"] - before["tx_bytes"]) //
                      (now["tx_frames"] - before["tx_frames"]))
            self.say(f"iperf3 TCP, {words}: {rate / 1e6:.0f} Mbit/s, {length} B a frame")
            self.assertGreater(length, 1514)
            self.assertEqual(now["software_segmented"], before["software_segmented"])
            self.assertEqual(now["software_checksums"], before["software_checksums"])

    def test_switch_restarts(self):
        self.assertEqual(self.switch.stop(), 0)
        self.assertEqual(self.vm1.try_ping(ADDRESS["vm2"])[0], 0, "reached without a switch")
        self.switch.start()
        self.meet("after the switch was restarted")
        self.ping(self.vm1, ADDRESS["vm2"], 1472)
        self.test_broadcast_and_learning()

    def killed(self, gone, other):
        gone.kill()
        states = self.switch.states()
        if states is not None:
            states = wait_for(lambda: (s := self.switch.states())[gone.name] == "down" and s,
                              f"the port of {gone.name} to be down")
            self.assertEqual(states[other.name], "up")
        # What the other one sends has no receiver now, and must hurt nobody.
        self.assertEqual(other.try_ping(gone.address, count=3)[0], 0)
        self.assertEqual(other.get("cat /sys/class/net/eth0/carrier"), "1")
        gone.start()
        gone.wait_boot()
        self.meet(f"after {gone.name} was killed and started again")
        self.ping(other, gone.address, 1472)

    def test_guest_of_a_server_port_is_killed(self):
        self.killed(self.vm1, self.vm2)

    def test_guest_of_a_client_port_is_killed(self):
        self.killed(self.vm2, self.vm1)

    def test_guest_reboots(self):
        # The interface is given back and set up anew over the same connection.
        self.vm2.qemu.send("0 reboot -f")
        self.vm2.wait_boot()
        self.meet("after vm2 rebooted")
        self.ping(self.vm1, ADDRESS["vm2"], 1472)

    def test_interface_goes_down_and_up(self):
        for vm in self.vms.values():
            vm.get("ip link set eth0 down && ip link set eth0 up")
        self.meet("after its interface went down and up")

    def test_driver_is_unloaded_and_loaded(self):
        self.vm1.get("rmmod virtio_net && insmod /modules/virtio_net.ko && "
                     f"ip link set eth0 up && ip addr add {ADDRESS['vm1']}/24 dev eth0")
        self.meet("after its driver was loaded again")
        self.ping(self.vm1, ADDRESS["vm2"], 1472)
