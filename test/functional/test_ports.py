# SPDX-License-Identifier: BSD-3-Clause
"""Ports that come and go while others carry traffic."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time

from daemon import Daemon, config_text
from frames import BROADCAST, frame, mac
from guest import Guest, SwitchCase
from process import program, wait_for

A, B, C = mac(0xA), mac(0xB), mac(0xC)
ROUND = 100  # frames: fewer than a ring takes, so that none may be lost


class Traffic:
    """Counted frames from one guest to another, round after round, until stopped."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.rounds = 0
        self.error = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stopping.is_set():
                self._round()
                self.rounds += 1
        except BaseException as error:
            self.error = error

    def _round(self):
        data = frame(B, A, payload=b"round %d" % self.rounds)
        sent = self.sender.blast(ROUND, data)
        assert sent == ROUND, f"sent {sent} of {ROUND}"
        for i in range(ROUND):
            got = self.receiver.rx()
            # Others may flood a frame in between.
            while got is not None and got[6:12] != data[6:12]:
                got = self.receiver.rx()
            assert got is not None, f"round {self.rounds}: {i} of {ROUND} frames came"
            assert got == data, f"round {self.rounds}: {got.hex()}"

    def some(self, rounds=3):
        """Waits for more traffic."""
        want = self.rounds + rounds
        wait_for(lambda: self.rounds >= want or self.error, "traffic")
        if self.error:
            raise self.error

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.error:
            raise self.error
        return self.rounds


class UnderTraffic(SwitchCase):
    def setUp(self):
        super().setUp()
        self.start(["vm1", "vm2"])
        self.vm1, self.vm2 = self.guests("vm1", "vm2")
        self.learn(self.vm2, B)
        self.learn(self.vm1, A)
        for guest in (self.vm1, self.vm2):
            guest.drain()
        self.traffic = Traffic(self.vm1, self.vm2)
        self.traffic.some()

    def finish(self):
        self.traffic.some()
        rounds = self.traffic.stop()
        for name in ("vm1", "vm2"):
            port = self.daemon.port(name)
            self.assertEqual(port["drops"], {}, name)
            self.assertEqual(port["driver"]["connects"], "1", name)
        sent = rounds * ROUND
        self.assertGreaterEqual(self.daemon.port("vm2")["tx_frames"], sent)
        print(f"       {sent} frames, none lost", flush=True)

    def add(self, name, *words):
        self.daemon.ctl("port", "add", name, "type=vhost-user", "bridge=br0",
                        f"path={self.path(name)}", "mode=server", *words)
        self.modes[name] = "server"

    def test_ports_are_added_and_removed(self):
        for i in range(10):
            self.add("vm3")
            self.traffic.some(2)
            self.daemon.ctl("port", "del", "vm3")
            self.assertFalse(self.path("vm3").exists())
            self.traffic.some(2)
        self.finish()

    def test_a_port_is_renamed(self):
        """With its guest, which does not notice; by a verb, and by a configuration."""
        for old, new in (("vm2", "web"), ("web", "vm2")):
            before = self.daemon.port(old)
            self.daemon.ctl("port", "rename", old, new)
            self.traffic.some(2)
            after = self.daemon.port(new)
            self.assertEqual(after["index"], before["index"])
            self.assertEqual(after["learned"], before["learned"])
            self.assertGreaterEqual(after["tx_frames"], before["tx_frames"])
            self.assertIn(old, self.daemon.refused("port", "del", old))
        text = self.daemon.ctl("config", "show")["yaml"]
        file = self.path("vm2").parent / "renamed.yaml"
        file.write_text(text.replace("vm2:", "vm2b:"))
        self.daemon.ctl("config", "apply", str(file))
        self.assertEqual(self.daemon.port("vm2b")["driver"]["connects"], "1")
        self.traffic.some(2)
        self.daemon.ctl("port", "rename", "vm2b", "vm2")
        for words, reason in ((("vm9", "vm8"), "vm9"), (("vm2", "vm1"), "already"),
                              (("vm2", "a/b"), "not a name")):
            self.assertIn(reason, self.daemon.refused("port", "rename", *words))
        self.finish()

    def test_a_bridge_is_renamed(self):
        """Its ports follow, and keep their guests."""
        self.daemon.ctl("bridge", "rename", "br0", "lan")
        self.assertEqual(self.daemon.port("vm2")["bridge"], "lan")
        self.assertEqual(self.daemon.port("vm2")["driver"]["connects"], "1")
        self.traffic.some(2)
        self.assertIn("has ports, such as", self.daemon.refused("bridge", "del", "lan"))
        self.assertIn("br0", self.daemon.refused("bridge", "rename", "br0", "br1"))
        self.daemon.ctl("bridge", "rename", "lan", "br0")
        self.finish()

    def test_guests_come_and_go(self):
        self.add("vm3")
        for i in range(5):
            vm3 = self.guest("vm3")
            self.traffic.some(1)
            if i % 2:
                vm3.do("quit")
            else:
                vm3.kill()
            wait_for(lambda: not self.daemon.up("vm3"), "vm3 to be down")
        self.finish()

    def test_a_port_with_traffic_of_its_own_is_removed(self):
        for i in range(3):
            self.add("vm3")
            self.add("vm4")
            vm3, vm4 = self.guests("vm3", "vm4")
            vm4.tx(frame(mac(0xEEEEEE), mac(0x4)))
            vm3.blast(50, frame(mac(0x4), mac(0x3)))
            self.daemon.ctl("port", "del", "vm4")
            vm3.blast(50, frame(mac(0x4), mac(0x3)))
            self.daemon.ctl("port", "del", "vm3")
            for guest in (vm3, vm4):
                guest.kill()
        self.finish()

    def test_settings_of_another_port_change(self):
        self.add("vm3")
        vm3 = self.guest("vm3")
        for words in ("mtu=9000", "vlan=20", "vlans=10-20", "vlan=none", "vlans=none"):
            self.daemon.ctl("port", "set", "vm3", words)
            self.traffic.some(1)
        del vm3
        self.finish()

    def test_workers_come_and_go(self):
        """A queue that changes its worker has one owner at any time, and loses nothing."""
        every = sorted(os.sched_getaffinity(0))
        if len(every) < 2:
            self.skipTest("one CPU: there is no second worker to go over to")
        before = self.daemon.config.read_text()
        new = self.directory / "workers.yaml"
        for cores in 4 * ([every[0]], every, [every[-1]], every[:2]):
            text = re.sub(r"cores: \[[0-9, ]*\]", f"cores: {cores}", before)
            new.write_text(text)
            self.daemon.ctl("config", "apply", new)
            workers = self.daemon.ctl("worker", "show")["workers"]
            self.assertEqual(sorted(w["core"] for w in workers), cores)
            self.assertEqual(sorted(q["port"] for w in workers for q in w["queues"]),
                             ["vm1", "vm2"])
            self.traffic.some(2)
        self.finish()

    def queues(self):
        """Core of each port's queue 0."""
        return {queue["port"]: worker["core"]
                for worker in self.daemon.ctl("worker", "show")["workers"]
                for queue in worker["queues"]}

    def test_queues_move_to_other_workers(self):
        """By affinity and by load, while their frames pass: none is lost, and they stay in order."""
        cores = sorted(os.sched_getaffinity(0))[:2]
        if len(cores) < 2:
            self.skipTest("one CPU: there is no second worker to go over to")
        new = self.directory / "workers.yaml"
        new.write_text(re.sub(r"cores: \[[0-9, ]*\]", f"cores: {cores}",
                              self.daemon.config.read_text()))
        self.daemon.ctl("config", "apply", new)
        for core in 4 * cores:
            self.daemon.ctl("port", "set", "vm1", f"affinity={core}")
            self.assertEqual(self.queues()["vm1"], core)
            # A worker that a queue is pinned to has no others.
            self.assertNotEqual(self.queues()["vm2"], core)
            self.traffic.some(2)
        self.daemon.ctl("port", "set", "vm1", f"affinity={max(cores) + 1}")
        placed = {queue["port"]: queue for worker in self.daemon.ctl("worker", "show")["workers"]
                  for queue in worker["queues"]}
        self.assertEqual(placed["vm1"]["missing_core"], max(cores) + 1)
        self.daemon.ctl("port", "set", "vm2", f"affinity={self.queues()['vm1']}")
        self.daemon.ctl("port", "set", "vm1", "affinity=any")
        self.daemon.ctl("port", "set", "vm2", "affinity=any")
        for _ in range(3):
            planned = self.daemon.ctl("worker", "balance", "--dry-run")
            self.assertFalse(planned["moved"])
            before = self.queues()
            done = self.daemon.ctl("worker", "balance")
            for move in done["moves"]:
                self.assertEqual(before[move["port"]], move["from_core"])
                self.assertEqual(self.queues()[move["port"]], move["to_core"])
            self.traffic.some(2)
        self.finish()

    def test_bridges_are_added_and_removed(self):
        for i in range(5):
            self.daemon.ctl("bridge", "add", "br1")
            self.daemon.ctl("port", "add", "vm3", "type=vhost-user", "bridge=br1",
                            f"path={self.path('vm3')}")
            self.traffic.some(1)
            self.daemon.ctl("port", "del", "vm3")
            self.daemon.ctl("bridge", "del", "br1")
        self.finish()

    def test_failed_requests_disturb_nothing(self):
        for i in range(10):
            self.daemon.refused("port", "add", "vm3", "type=dpdk", "bridge=br0",
                                "devargs=net_nonsense0")
            self.daemon.refused("port", "set", "vm1", "vlan=5000")
        self.finish()

    def test_a_change_that_fails_is_not_noticed(self):
        """By the guest whose socket a new port takes, or whose MTU is another, when yet another
        port cannot be."""
        before = self.daemon.config.read_text()
        new = self.directory / "fails.yaml"
        broken = "\n  nic: {type: dpdk, bridge: br0, devargs: net_nonsense0}\n"
        for old, now in (("vm2: {", "other: {queues: 2, "), ("vm2: {", "vm2: {mtu: 100, "),
                         ("vm2: {", "vm2: {queues: 2, ")):
            self.assertIn(old, before)
            new.write_text(before.rstrip("\n").replace(old, now) + broken)
            self.assertIn("net_nonsense0", self.daemon.refused("config", "apply", new))
            self.traffic.some(2)
        self.finish()

    def test_a_dpdk_port_has_a_transmit_queue_for_each_worker(self):
        every = sorted(os.sched_getaffinity(0))
        if len(every) < 2:
            self.skipTest("needs two CPUs")
        before = self.daemon.config.read_text()
        new = self.directory / "workers.yaml"
        # In one change with its workers; with fewer of them; made with one; with more.
        for name, cores, queues in (("a", every[:2], 2), ("a", every[:1], 2), ("b", every[:1], 1),
                                    ("b", every[:2], 2)):
            text = re.sub(r"cores: \[[0-9, ]*\]", f"cores: {cores}", before)
            nic = f'  {name}: {{type: dpdk, bridge: br0, devargs: "net_null_{name},no-rx=1"}}'
            new.write_text(text.rstrip("\n") + f"\n{nic}\n")
            self.daemon.ctl("config", "apply", new)
            said = self.daemon.port(name)["driver"]["transmit_queues"]
            self.assertEqual(said.split()[0], str(queues), (name, cores))
            self.traffic.some(1)
        self.finish()

    def test_a_dpdk_device_comes_and_goes(self):
        for i in range(3):
            self.daemon.ctl("port", "add", "null", "type=dpdk", "bridge=br0",
                            f"devargs=net_null{i},no-rx=1")
            self.traffic.some(1)
            self.daemon.ctl("port", "del", "null")
            self.traffic.some(1)
        self.finish()


class Detail(SwitchCase):
    """Counters by kind and size, of a port that wants them, and of one that does not."""

    def setUp(self):
        super().setUp()
        self.start({"vm1": {"counters": "detailed"}, "vm2": {}})
        self.vm1, self.vm2 = self.guests("vm1", "vm2")

    def send(self):
        for dst, size in ((BROADCAST, 60), ("01:00:5e:00:00:01", 124), (B, 1514), (B, 60)):
            self.vm1.tx(frame(dst, A, size=size))
        self.vm2.tx(frame(BROADCAST, B))
        self.barrier(self.vm1)
        self.barrier(self.vm2)

    def counts(self):
        detail = self.daemon.port("vm1")["detail"]
        self.assertEqual(sum(detail[kind] for kind in ("rx_unicast", "rx_multicast",
                                                       "rx_broadcast")),
                         self.daemon.port("vm1")["rx_frames"])
        return detail

    def test_kinds_and_sizes(self):
        before = self.counts()
        self.send()
        more = {key: n - before[key] for key, n in self.counts().items()}
        for key in ("rx_broadcast", "rx_128_to_255", "rx_1024_to_1518"):
            self.assertEqual(more[key], 1, key)
        self.assertEqual(more["rx_unicast"], 2)
        # Two of them were barrier()'s, which were dropped.
        self.assertEqual(more["rx_multicast"], 3)
        self.assertNotIn("detail", self.daemon.port("vm2"))
        table = subprocess.run([program("crossdockctl"), "--control", str(self.daemon.control),
                                "port", "show", "--detail"], capture_output=True, text=True).stdout
        self.assertRegex(table, r"vm1 +\d+ +\d+ +\d+ .*\nvm2 +- +- ")
        self.assertIn("crossdockctl port set vm2 counters=detailed", table)

    def test_turned_off_and_on(self):
        self.send()
        before = self.counts()
        self.daemon.ctl("port", "set", "vm1", "counters=basic")
        self.assertNotIn("detail", self.daemon.port("vm1"))
        self.send()
        self.daemon.ctl("port", "set", "vm1", "counters=detailed")
        self.assertEqual(self.daemon.port("vm1")["detail"], before)
        self.assertEqual(self.daemon.port("vm1")["driver"]["connects"], "1")


class Reconnect(SwitchCase):
    def pair(self, mode):
        self.start({"vm1": {"mode": mode}, "vm2": {}})
        return self.guests("vm1", "vm2")

    def talk(self, vm1, vm2):
        for guest in (vm1, vm2):
            guest.drain()
        self.expect(vm1, frame(BROADCAST, A, size=1514), [vm2])
        self.expect(vm2, frame(A, B, size=1514), [vm1])

    def again(self, mode):
        """A guest that dies and comes back, on a port of either mode."""
        vm1, vm2 = self.pair(mode)
        self.talk(vm1, vm2)
        for i in range(3):
            vm1.kill()
            wait_for(lambda: not self.daemon.up("vm1"), "vm1 to be down")
            # What is meant for it is dropped and counted, at its port.
            before = self.daemon.drops("vm1").get("port-down", 0)
            vm2.tx(frame(A, B))
            self.barrier(vm2)
            self.assertEqual(self.daemon.drops("vm1"), {"port-down": before + 1})
            vm1 = self.open_guest("vm1").ready()
            self.daemon.wait_up("vm1")
            self.talk(vm1, vm2)
        self.assertEqual(self.daemon.port("vm1")["driver"]["connects"], "4")
        self.assertEqual(self.daemon.port("vm2")["driver"]["connects"], "1")

    def test_server_mode(self):
        self.again("server")

    def test_client_mode(self):
        self.again("client")

    def test_connection_given_up_and_taken_up(self):
        vm1, vm2 = self.pair("server")
        for _ in range(5):
            self.talk(vm1, vm2)
            vm1.do("reconnect")
            self.daemon.wait_up("vm1")
        self.talk(vm1, vm2)

    def test_switch_restarts(self):
        for mode in ("client", "server"):
            with self.subTest(mode):
                vm1, vm2 = self.pair(mode)
                self.talk(vm1, vm2)
                self.daemon.stop()
                for guest in (vm1, vm2):
                    wait_for(lambda: not guest.alive(), f"{guest.name} to see the switch go")
                self.daemon.start()
                for guest in (vm1, vm2):
                    guest.do("reconnect")
                self.daemon.wait_up("vm1", "vm2")
                self.talk(vm1, vm2)
                for guest in (vm1, vm2):
                    guest.kill()
                self.daemon.stop()

    def test_client_port_waits_for_its_guest(self):
        self.start({"vm1": {"mode": "client"}, "vm2": {}})
        vm2 = self.guest("vm2")
        time.sleep(0.5)  # longer than the first back-offs
        vm1 = self.guest("vm1")
        self.talk(vm1, vm2)

    def test_client_port_waits_for_the_directory_too(self):
        self.start(["vm1"])
        vm1 = self.guest("vm1")
        path = self.directory / "to" / "come" / "vm2.sock"
        self.daemon.ctl("port", "add", "vm2", "type=vhost-user", "bridge=br0", f"path={path}")
        self.assertIn("trying to connect", str(self.daemon.ctl("port", "show", "vm2")))
        path.parent.mkdir(parents=True)
        vm2 = Guest(self.directory, "vm2", path, server=True)
        self.addCleanup(vm2.kill)
        vm2.ready()
        self.daemon.wait_up("vm2")
        self.expect(vm1, frame(BROADCAST, A), [vm2])

    def test_client_port_removes_no_socket(self):
        self.start({"vm1": {"mode": "client"}})
        vm1 = self.guest("vm1")
        self.daemon.ctl("port", "del", "vm1")
        self.assertTrue(self.path("vm1").exists(), "the socket is the guest's")
        del vm1

    def test_second_guest_on_one_socket(self):
        vm1, vm2 = self.pair("server")
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.connect(str(self.path("vm1")))
        try:
            other.send(b"\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00")
        except BrokenPipeError:
            pass  # turned away already
        self.talk(vm1, vm2)
        self.assertEqual(self.daemon.port("vm1")["driver"]["connects"], "1")

    def test_connections_that_make_no_sense(self):
        self.start(["vm1", "vm2"])
        vm2 = self.guest("vm2")
        for data in (b"", b"\x01", b"GET / HTTP/1.0\r\n\r\n", b"\xff" * 4096,
                     # A header that promises more than it brings, and one of an unknown request.
                     b"\x05\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x01",
                     b"\xee\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(self.path("vm1")))
            try:
                connection.sendall(data)
            except OSError:
                pass
            connection.close()
        vm1 = self.guest("vm1")
        self.talk(vm1, vm2)

    def test_a_message_that_never_ends_blocks_no_other_port(self):
        self.start(["vm1", "vm2", "vm3"])
        connection = socket.socket(socket.AF_UNIX)
        self.addCleanup(connection.close)
        connection.connect(str(self.path("vm3")))
        connection.sendall(b"\x05\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x01")
        vm1, vm2 = self.guests("vm1", "vm2")
        self.talk(vm1, vm2)


class Sockets(SwitchCase):
    def test_stale_socket_is_replaced(self):
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(self.path("vm1")))
        stale.close()
        self.start(["vm1", "vm2"])
        self.guests("vm1", "vm2")

    def test_a_crashed_switch_leaves_nothing_in_the_way(self):
        self.start(["vm1", "vm2"])
        self.daemon.kill()
        self.assertTrue(self.path("vm1").exists())
        self.daemon.start()
        self.guests("vm1", "vm2")

    def test_a_socket_that_is_removed_is_made_again(self):
        self.start(["vm1", "vm2"])
        vm1 = self.guest("vm1")
        for name in ("vm1", "vm2", "control"):
            self.path(name).unlink()
        wait_for(lambda: all(self.path(name).exists() for name in ("vm1", "vm2", "control")),
                 "the sockets")
        vm2 = self.guest("vm2")  # who was connected still is
        self.expect(vm1, frame(BROADCAST, A), [vm2])
        for name in ("vm1", "vm2", "control"):
            self.assertRegex(self.daemon.logged(), f"{self.path(name)} had been removed")
        # In the place of one is another's now, which is not taken away.
        self.path("vm1").unlink()
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(str(self.path("vm1")))
        other.listen()
        wait_for(lambda: "in use by another" in
                 self.daemon.port("vm1")["driver"].get("socket", ""), "the reason")
        self.expect(vm1, frame(BROADCAST, A), [vm2])
        other.close()
        wait_for(lambda: "socket" not in self.daemon.port("vm1")["driver"], "the socket")
        self.daemon.stop()
        self.assertEqual(list(self.directory.glob("*.sock*")), [])

    def test_why_a_client_port_is_not_connected(self):
        self.start({"vm1": {"mode": "client"}})
        path = self.path("vm1")

        def said(text):
            wait_for(lambda: text in self.daemon.port("vm1")["driver"].get("socket", ""), text)

        said("No such file")
        path.write_text("")
        said("Connection refused")
        path.unlink()
        packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(packets.close)
        packets.bind(str(path))
        said("no stream socket")
        path.unlink()
        self.guest("vm1")
        self.assertNotIn("socket", self.daemon.port("vm1")["driver"])

    def test_live_socket_is_not_stolen(self):
        live = socket.socket(socket.AF_UNIX)
        live.bind(str(self.path("vm3")))
        live.listen()
        self.addCleanup(live.close)
        self.start(["vm1", "vm2"])
        said = self.daemon.refused("port", "add", "vm3", "type=vhost-user", "bridge=br0",
                                   f"path={self.path('vm3')}", "mode=server")
        self.assertIn("vm3", said)
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(str(self.path("vm3")))

    def test_two_daemons_do_not_share(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        second = Daemon(None, self.directory, self.daemon.config.read_text())
        second.log = self.directory / "second.log"
        second.start(wait=False)
        self.assertEqual(second.process.wait(timeout=30) != 0, True)
        self.assertIn(".sock", second.log_text())
        self.assertTrue(self.daemon.control.exists())
        self.expect(vm1, frame(BROADCAST, A), [vm2])


class Many(SwitchCase):
    """More ports than are to be compared in pairs; test/perf/many_ports measures what changes of
    them take."""

    COUNT = 300

    def settings(self, names, sockets):
        return {f"{names}{i}": self.port(f"{sockets}{i}") for i in range(self.COUNT)}

    def apply(self, names, sockets):
        file = self.directory / "next.yaml"
        file.write_text(config_text(self.settings(names, sockets)))
        self.daemon.ctl("config", "apply", file)
        self.assertEqual(self.daemon.ports(), [f"{names}{i}" for i in range(self.COUNT)])

    def add(self, name):
        self.daemon.ctl("port", "add", name,
                        *(f"{key}={value}" for key, value in self.port(name).items()))

    def test_all_change_at_once(self):
        self.start(self.settings("p", "p"), state=True)
        guest = self.guest("p7")
        self.add("new")
        self.daemon.ctl("port", "del", "new")
        # A port whose socket is that of one before is that one: its guest stays connected.
        self.apply("q", "p")
        self.assertTrue(self.daemon.up("q7"))
        self.apply("q", "r")
        self.assertFalse(self.daemon.up("q7"))
        self.assertTrue(self.path(f"r{self.COUNT - 1}").exists())
        self.assertFalse(self.path("p0").exists())
        self.apply("s", "t")
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(len(self.daemon.ports()), self.COUNT)
        guest.kill()

    def test_a_port_that_lost_its_directory_stands_in_no_others_way(self):
        self.start(["vm1"])
        gone = self.directory / "gone" / "deeper"
        gone.mkdir(parents=True)
        self.daemon.ctl("port", "add", "vm2", "type=vhost-user", "bridge=br0", "mode=server",
                        f"path={gone}/sock")
        shutil.rmtree(gone.parent)
        self.add("vm3")
        self.assertIn("gone", self.daemon.refused("port", "set", "vm2", "mtu=9000"))
        self.daemon.ctl("port", "del", "vm2")


class Nodes(SwitchCase):
    def test_memory_by_node_and_what_crosses(self):
        self.start(["vm1", "vm2"])
        vm1, _ = self.guests("vm1", "vm2")
        vm1.blast(ROUND, frame(BROADCAST, A))
        sent = ROUND * len(frame(BROADCAST, A))

        def shown():
            memory = self.daemon.ctl("memory", "show")
            ports = {port["port"]: port for port in memory["ports"]}
            return memory if ports["vm2"]["bytes"] >= sent else None

        memory = wait_for(shown, "the frames to be counted")
        self.assertGreaterEqual(memory["workers"][0]["bytes"], 2 * sent)
        nodes = {node["node"]: node for node in memory["nodes"]}
        for used in nodes.values():
            self.assertLessEqual(used["eal_used_bytes"], used["eal_peak_bytes"])
        for port in memory["ports"]:
            self.assertIn(port["node"], [*nodes, None])
            if len(nodes) == 1:
                self.assertEqual(port["crossed_bytes"], 0)
        self.assertIn("NODE", self.text("memory", "show"))

    def text(self, *words):
        """What people see."""
        return subprocess.run([program("crossdockctl"), "--control", str(self.daemon.control),
                               *words], stdout=subprocess.PIPE, text=True, check=True).stdout


class Sizes(SwitchCase):
    def test_mtu_changes_while_running(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        large = frame(BROADCAST, A, size=9014)
        vm1.tx(large)
        self.assertEqual(self.settle(vm1, vm2), [[]])
        self.assertEqual(self.daemon.drops("vm2"), {"over-mtu": 1})
        self.daemon.ctl("port", "set", "vm2", "mtu=9000")
        self.daemon.wait_up("vm2")
        self.expect(vm1, large, [vm2])
        self.daemon.ctl("port", "set", "vm2", "mtu=1500")
        self.daemon.wait_up("vm2")
        vm1.tx(large)
        self.assertEqual(self.settle(vm1, vm2), [[]])
        self.assertEqual(self.daemon.port("vm2")["driver"]["connects"], "1",
                         "the guest was disconnected for it")

    def test_longest_frame_of_an_mtu(self):
        self.start(["vm1", "vm2"])
        vm1, vm2 = self.guests("vm1", "vm2")
        self.expect(vm1, frame(BROADCAST, A, size=1514), [vm2])
        # With a tag it may be four bytes longer.
        self.expect(vm1, frame(BROADCAST, A, size=1518, vlan=5), [vm2])
        vm1.tx(frame(BROADCAST, A, size=1519))
        self.assertEqual(self.settle(vm1, vm2), [[]])
        self.assertEqual(self.daemon.drops("vm2"), {"over-mtu": 1})
