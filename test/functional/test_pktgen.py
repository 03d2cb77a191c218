# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen against the switch: that its figures add up with the switch's own counters. How
large they are is nobody's business here."""

import json
import os
import pathlib
import subprocess

import schema
from daemon import SANITIZER, WORKER_CORE
from frames import BROADCAST, frame
from guest import SwitchCase
from harness import Case
from process import BUILD, PATIENCE_S, SOURCE, program, wait_for

CORE = min(os.sched_getaffinity(0) - {WORKER_CORE} or {WORKER_CORE})
WARM_S, RUN_S = "0.1", "0.3"
LONGER_S = (RUN_S, "1", "3", "9")


class Generating(SwitchCase):
    """Cases that run the generator against the daemon."""

    polls = True

    def command(self, engine, *words, ports=("vm1", "vm2"), eal=(), guest=""):
        """guest: options of its virtio ports. Their rings are larger than QEMU's, so that they hold
        all that comes in a run that must not lose anything, however busy the machine is."""
        command = [program("crossdock-pktgen"), engine, "--json", str(self.directory / "out.json"),
                   "--core", str(CORE)]
        if engine != "ping":  # it has a count
            command += ["--time", RUN_S, "--warmup", WARM_S]
        for name in ports:
            port = name
            if ":" not in name:
                server = ",server" if self.modes.get(name) == "client" else ""
                size = "" if "size=" in guest else ",size=1024"
                port = f"virtio:{self.path(name)}{server}{size}"
            command += ["--port", ",".join(filter(None, (port, guest)))]
        return [*command, *map(str, words), *(["--", *eal] if eal else [])]

    def run_pktgen(self, engine, *words, **options):
        """The rows of its JSON."""
        done = subprocess.run(self.command(engine, *words, **options), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_S * 4)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return self.rows()

    def run_enough(self, enough, engine, *words, whole=lambda row: True, **options):
        """The rows of a run in which the figures of each are enough for what the case is about: a
        busy machine may leave nothing of a short run, so the next is longer. Of the last, it is the
        case that says what is missing. whole: the same of rows."""
        for time_s in LONGER_S:
            rows = self.run_pktgen(engine, *words, "--time", time_s, **options)
            if all(enough(row[engine]) and whole(row) for row in rows):
                break
        return rows

    def rows(self):
        document = json.loads((self.directory / "out.json").read_text())
        schema.validate(document)
        return document["rows"]


class Pktgen(Generating):

    def test_slow_enough_means_no_loss(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for words in ((), ("--direction", "both"), ("--flows", 100), ("--touch", "none"),
                      ("--flows", 100, "--flow-kind", "l4")):
            with self.subTest(words):
                row, = self.run_pktgen("rate", "--rate", "2kpps", *words)
                self.assertGreater(row["sent_frames"], 0)
                self.assertEqual(row["lost_frames"], 0)
                self.assertEqual(row["received_frames"], row["sent_frames"])

    def assert_nothing_lost(self, row):
        self.assertGreater(row["sent_frames"], 0)
        self.assertEqual(row["lost_frames"], 0)
        self.assertEqual(row["received_frames"], row["sent_frames"])
        self.assertEqual([port["foreign_frames"] for port in row["per_port"]],
                         [0] * len(row["per_port"]))

    def test_every_kind_of_guest(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest in ("packed=on", "in_order=on", "packed=on,in_order=on", "mrg=off,event_idx=on",
                      "packed=on,event_idx=on", "ids=fifo", "packed=on,ids=fifo", "rings=static",
                      "rings=static,packed=on", "rings=static,packed=on,in_order=on",
                      "rings=static,packed=on,mrg=on,event_idx=on", "csum=on", "irq=on",
                      "irq=on,event_idx=on", "irq=on,packed=on",
                      "irq=on,packed=on,event_idx=on,in_order=on",
                      "rings=static,size=32,packed=on", "size=32768,packed=on,in_order=on"):
            with self.subTest(guest):
                # Of a small ring no more than it holds.
                few = ("--count", 20) if "size=32," in guest else ()
                for row in self.run_pktgen("rate", "--rate", "2kpps", "--size", "60,1514",
                                           "--direction", "both", *few, guest=guest):
                    self.assert_nothing_lost(row)
                row, = self.run_pktgen("latency", "--time", 100, "--count", 1000, guest=guest)
                self.assertEqual(row["latency"]["count"], 1000)
                self.assertEqual(row["latency"]["lost"], 0)

    def test_checksums_left_to_the_receiver(self):
        self.start(["vm1", "vm2"])
        for words in ((), ("--flows", 50), ("--flows", 50, "--flow-kind", "l4")):
            with self.subTest(words):
                row, = self.run_pktgen("rate", "--rate", "2kpps", *words, guest="csum=on")
                self.assert_nothing_lost(row)
        for name in ("vm1", "vm2"):
            self.assertEqual(self.daemon.port(name)["drops"], {})

    def test_segmentation_left_to_the_receiver(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest in ("tso=on", "tso=on,packed=on", "tso=on,packed=on,in_order=on,mss=536",
                      "tso=on,mrg=off,size=256", "tso=on,event_idx=on",
                      "tso=on,rings=static,size=256",
                      "tso=on,rings=static,packed=on,mrg=on,size=256"):
            with self.subTest(guest):
                rows = self.run_pktgen("rate", "--count", 20, "--size",
                                       "60,1515,65214,65549", guest=guest)
                for row in rows:
                    self.assert_nothing_lost(row)
                row, = self.run_pktgen("rate", "--count", 20, "--size", 65536, "--flows", 20,
                                       "--flow-kind", "l4", guest=guest)
                self.assert_nothing_lost(row)
        for name in ("vm1", "vm2"):  # of what warmed up, as many as went
            self.assertLessEqual(set(self.daemon.port(name)["drops"]), {"ring-full"})

    def test_interrupts_are_asked_for_and_suppressed(self):
        for guest, sent in (("irq=on,event_idx=on", True), ("irq=on,packed=on", True),
                            ("", False), ("event_idx=on", False), ("packed=on", False)):
            with self.subTest(guest):
                self.start(["vm1", "vm2"])
                self.run_pktgen("rate", "--rate", "5kpps", guest=guest)
                port = self.daemon.port("vm2")
                self.assertGreater(port["tx_frames"], 100)
                if sent:
                    self.assertGreater(port["notify_sent"], 0)
                else:
                    self.assertEqual(port["notify_sent"], 0)

    def test_what_the_switch_does_not_offer(self):
        for features, guest, said in ((["version_1"], "packed=on", "packed=on"),
                                      (["version_1", "ring_packed"], "in_order=on", "in_order=on"),
                                      (["version_1", "csum", "guest_csum"], "tso=on", "tso=on"),
                                      (["version_1", "ring_packed"], "csum=on", "csum=on")):
            with self.subTest(guest):
                self.start({"vm1": {"features": features}, "vm2": {}})
                done = subprocess.run(self.command("rate", guest=guest), text=True,
                                      stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=PATIENCE_S * 4)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(said, done.stderr)

    def test_figures_agree_with_the_switch(self):
        self.start(["vm1", "vm2"])
        row, = self.run_pktgen("rate", "--size", 1500)
        vm1, vm2 = self.daemon.port("vm1"), self.daemon.port("vm2")
        # Warming up and learning count at the switch too.
        self.assertGreaterEqual(vm2["tx_frames"], row["received_frames"])
        self.assertEqual(vm1["rx_frames"] - sum(vm1["drops"].values()),
                         vm2["tx_frames"] + sum(vm2["drops"].values()))
        self.assertGreaterEqual(self.daemon.ctl("worker", "show")["workers"][0]["frames"],
                                vm1["rx_frames"])

    def test_sizes(self):
        self.start(["vm1", "vm2"])
        rows = self.run_pktgen("rate", "--rate", "2kpps", "--size", "60:1514:*5")
        self.assertEqual([row["size"] for row in rows], [60, 300, 1500, 1514])
        self.assertTrue(all(row["lost_frames"] == 0 for row in rows))

    def test_many_addresses_are_learned(self):
        self.start(["vm1", "vm2"])
        self.run_pktgen("rate", "--rate", "20kpps", "--flows", 1000)
        self.assertGreaterEqual(len(self.daemon.fdb()), 2000)

    def test_round_trips(self):
        self.start(["vm1", "vm2"])
        row, = self.run_pktgen("latency")
        figures = row["latency"]
        self.assertGreater(figures["count"], 0)
        self.assertEqual(figures["lost"], 0)
        self.assertEqual(figures["way"], "round-trip")
        self.assertIsNone(figures["planned"])
        times = figures["actual"]
        order = ("min_ns", "p50_ns", "p95_ns", "p99_ns", "p99_9_ns", "p99_99_ns", "max_ns")
        self.assertEqual([times[key] for key in order], sorted(times[key] for key in order))
        self.assertGreater(times["min_ns"], 0)

    def test_broadcast(self):
        self.start(["vm1", "vm2", "vm3", "vm4"])
        row, = self.run_pktgen("rate", "--rate", "2kpps", "--pattern", "broadcast",
                               ports=("vm1", "vm2", "vm3", "vm4"))
        self.assertEqual(row["received_frames"], 3 * row["sent_frames"])

    def test_a_foreign_guest(self):
        """DPDK's virtio-user in place of the generator's own rings."""
        self.start(["vm1", "vm2"])
        ports = [f"dpdk:net_virtio_user{i},path={self.path(name)},queues=1,queue_size=1024"
                 for i, name in enumerate(("vm1", "vm2"))]
        row, = self.run_pktgen("rate", "--rate", "2kpps", ports=ports, eal=(
            "--no-huge", "-m", "256", "--no-pci", "--single-file-segments"))
        self.assertGreater(row["received_frames"], 0)
        self.assertEqual(row["lost_frames"], 0)

    def test_ports_come_and_go_under_full_load(self):
        """Frames that are on their way when a port comes or goes are neither lost nor doubled:
        what went into one port came out of the other, or was counted."""
        self.start(["vm1", "vm2"])
        command = self.command("rate", "--time", 2)
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        self.daemon.wait_up()
        while running.poll() is None:
            self.daemon.ctl("port", "add", "vm3", "type=vhost-user", "bridge=br0", "mode=server",
                            f"path={self.path('vm3')}")
            self.daemon.ctl("port", "del", "vm3")
        self.assertEqual(running.returncode, 0)
        vm1, vm2 = self.daemon.port("vm1"), self.daemon.port("vm2")
        self.assertEqual(vm1["driver"]["connects"] + vm2["driver"]["connects"], "11")
        self.assertEqual(vm1["rx_frames"] - sum(vm1["drops"].values()),
                         vm2["tx_frames"] + sum(vm2["drops"].values()))

    def test_the_other_way_round(self):
        """What the switch learned from the run before is wrong for this one: the generator's
        addresses go by the order of its ports."""
        self.start(["vm1", "vm2"])
        for words in ((), ("--flows", 200), ("--track",), ("--track", "--flows", 200)):
            self.daemon.ctl("fdb", "flush", "br0")  # who moves again and again is held
            for ports in (("vm1", "vm2"), ("vm2", "vm1")):
                with self.subTest((words, ports)):
                    row, = self.run_pktgen("rate", "--rate", "2kpps", *words, ports=ports)
                    self.assert_nothing_lost(row)
                    self.assertEqual(row["learn_lost_frames"], 0)

    def test_access_and_trunk(self):
        """Frames get a VLAN tag on their way, or lose it; what is sent back to be learned has the
        tag that its port takes."""
        self.start({"vm1": {"vlan": 10}, "vm2": {"vlans": [10]}})
        for words, ports in (((), ("vm1", "vm2")), (("--track", "--flows", 20), ("vm1", "vm2")),
                             (("--template", "eth/vlan(id=10)/ipv4/udp", "--size", 100),
                              ("vm2", "vm1"))):
            with self.subTest((words, ports)):
                row, = self.run_pktgen("rate", "--rate", "2kpps", *words, ports=ports)
                self.assertGreater(row["sent_frames"], 0)
                self.assertEqual(row["lost_frames"], 0)
                self.assertEqual(row["flow_figures"]["lost"], 0)

    def test_frames_over_an_mtu(self):
        self.start({"vm1": {"mtu": 1500}, "vm2": {"mtu": 1500}})
        for words in ((), ("--track",), ("--switch", self.daemon.control)):
            done = subprocess.run(self.command("rate", "--size", 2000, *words), text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=PATIENCE_S * 4)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("need an MTU of 1986\n", done.stderr)

    def test_errors_are_one_line(self):
        self.start(["vm1"])
        good = f"virtio:{self.path('vm1')}"
        for words in ((), ("explode",), ("rate",), ("rate", "--port", good),
                      ("rate", "--port", good, "--port", "nonsense:x"),
                      ("rate", "--port", good, "--port", good, "--size", "abc"),
                      ("rate", "--port", good, "--port", good, "--rate", "fast"),
                      ("rate", "--port", good, "--port", good, "--frobnicate"),
                      *(("rate", "--port", f"{good},{option}", "--port", "virtio:/x")
                        for option in ("packed", "packed=yes", "in_order=1", "tso=maybe",
                                       "csum=", "mss=1460", "tso=on,mss=1", "tso=on,mss=70000",
                                       "irq=off=on", "poll=never", "paked=on"))):
            with self.subTest(words):
                done = subprocess.run([program("crossdock-pktgen"), *words], text=True,
                                      stdin=subprocess.DEVNULL, capture_output=True)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertTrue(done.stderr.strip())

    def test_addresses_that_the_switch_holds_are_named(self):
        """Two other guests both claim the addresses of the generator's ports."""
        self.start(["vm1", "vm2", "vm3", "vm4"])
        words = ("rate", "--rate", "2kpps", "--switch", self.daemon.control)
        self.run_pktgen(*words)
        addresses = {mac for mac, *_ in self.daemon.fdb()}
        self.assertEqual(len(addresses), 2)
        self.daemon.ctl("fdb", "flush", "br0")
        guests = self.guests("vm3", "vm4")
        for turn in range(8):
            for address in addresses:
                guests[turn % 2].tx(frame(BROADCAST, address))
        wait_for(lambda: any(self.daemon.port(name)["damped"] for name in ("vm3", "vm4")),
                 "the addresses to be held")
        done = subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=PATIENCE_S * 4)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("move between ports too often", done.stderr)
        self.assertIn("crossdockctl fdb flush BRIDGE", done.stderr)
        self.daemon.ctl("fdb", "flush", "br0")
        row, = self.run_pktgen(*words)
        self.assertEqual(row["lost_frames"], 0)


class Demo(Case):
    polls = True
    MARK = f"CROSSDOCK_DEMO={os.getpid()}"

    def running(self):
        """Programs that run with the mark in their environment."""
        found = set()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if self.MARK.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.add((entry / "cmdline").read_bytes())
            except OSError:
                continue
        return found

    def test_demo_measures_and_leaves_nothing_running(self):
        name, value = self.MARK.split("=")
        done = subprocess.run([str(SOURCE / "examples" / "demo.sh"), str(BUILD)], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=240,
                              env={**os.environ, name: value})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1518", done.stdout)
        self.assertEqual(self.running(), set())
