# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen ping: it aims at a kernel, over a veth pair and through the switch, and at a
port of respond."""

import subprocess

from daemon import SANITIZER
from process import PATIENCE_S, wait_for
from test_pktgen import Generating
from test_pktgen_respond import EAL, V4, V6, Responding

FE80 = "fe80::58:ff:fe00:0"
KERNEL_V4, KERNEL_V6 = "10.98.0.1", "fd98::1"
OWN = "10.98.0.7,fd98::7"
WAIT = "--wait", 20  # s: what comes is not to be late where cores are busy elsewhere


class Pinging(Responding):
    def run_ping(self, to, *words, ports=("vm2",), count=5, guest="", eal=()):
        wait = () if "--wait" in words else WAIT
        command = self.command("ping", "--to", to, "--count", count, "--interval", "2ms", *wait,
                               *words, ports=ports, guest=guest, eal=eal)
        done = subprocess.run(self.home.command(*command), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_S * 4, check=False)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return done

    def ping_it(self, to, *words, code=0, **options):
        """Its rows."""
        done = self.run_ping(to, *words, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return self.rows()

    def assert_all_came(self, row, count=5):
        figures = row["ping"]
        self.assertEqual(figures["sent"], count)
        self.assertEqual(figures["received"], count, figures)
        self.assertEqual((figures["lost"], figures["loss_ratio"]), (0, 0))
        self.assertEqual((figures["wrong"], figures["duplicated"]), (0, 0))
        rounding = 1  # ns: the JSON has ten digits
        self.assertLessEqual(figures["best_ns"], figures["mean_ns"] + rounding)
        self.assertLessEqual(figures["mean_ns"], figures["worst_ns"] + rounding)
        self.assertLessEqual(figures["jitter_mean_ns"], figures["jitter_max_ns"] + rounding)
        self.assertLessEqual(figures["jitter_max_ns"],
                             figures["worst_ns"] - figures["best_ns"] + rounding)
        self.assertEqual(row["latency"]["count"], count)
        self.assertIsNone(row["pps"])


class BothEnds(Generating):
    def test_a_second_port_is_the_host(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for words, guest in (((), ""), (("--address", "fd00::1", "--to", "fd00::2"), "csum=on"),
                             (("--size", "98,1514"), "packed=on")):
            with self.subTest(words):
                command = self.command("ping", "--count", 20, "--interval", "1ms", *WAIT, *words,
                                       guest=guest)
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=PATIENCE_S * 4, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                rows = self.rows()
                self.assertEqual(len(rows), 2 if "98,1514" in words else 1)
                for row in rows:
                    figures = row["ping"]
                    self.assertEqual((figures["sent"], figures["wrong"]), (20, 0))
                    self.assertEqual(figures["received"] + figures["late"], 20)


class AtAKernel(Pinging):
    def test_over_a_veth_pair(self):
        space = self.host_of_both("gen0")
        ports = ("dpdk:net_af_packet0,iface=gen0",)
        for to in (KERNEL_V4, KERNEL_V6):
            with self.subTest(to):
                rows = self.ping_it(to, "--address", OWN, "--size", "62,98,1514",
                                    ports=ports, eal=EAL)
                self.assertEqual([row["size"] for row in rows], [62, 98, 1514])
                for row in rows:
                    self.assertEqual(row["name"], to)
                    self.assert_all_came(row)
        # Its link-local address from ours.
        to = space.ip("-6", "-o", "addr", "show", "dev", "eth0", "scope", "link")
        row, = self.ping_it(to.split()[3].split("/")[0], ports=ports, eal=EAL)
        self.assert_all_came(row)

    def test_through_the_switch(self):
        self.host_of_both("uplink")
        self.start_at_home({"vm2": {}, "p1": self.packet("uplink")})
        for guest in ("", "packed=on", "event_idx=on,irq=on", "csum=on,tso=on", "rings=static"):
            with self.subTest(guest):
                row, = self.ping_it(KERNEL_V4, "--address", OWN, guest=guest)
                self.assert_all_came(row)
                row, = self.ping_it(KERNEL_V6, "--address", OWN, guest=guest)
                self.assert_all_came(row)

    def test_a_kernel_that_answers_no_more(self):
        space = self.host_of_both("uplink")
        self.start_at_home({"vm2": {}, "p1": self.packet("uplink")})
        space.run("sysctl", "-w", "net.ipv4.icmp_echo_ignore_all=1")
        row, = self.ping_it(KERNEL_V4, "--address", OWN, "--wait", "0.1",
                            "--fail-if", "loss_percent>=100", code=3)
        self.assertEqual(row["ping"]["lost"], 5)
        self.assertEqual(row["ping"]["loss_ratio"], 1)
        self.assertIsNone(row["ping"]["mean_ns"])
        self.assertIsNone(row["ping"]["jitter_max_ns"])

    def test_nobody_there(self):
        self.start_at_home({"vm2": {}})
        done = self.run_ping(V6)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"{V6} does not answer", done.stderr)


class AtAPort(Pinging):
    def test_respond(self):
        self.start_at_home({"vm1": {}, "vm2": {}})
        end = self.respond("--address", f"{V4},{V6}", ports=("vm1",))
        wait_for(lambda: self.run_ping(FE80, count=1).returncode == 0, "the port")
        for to in (V4, V6, FE80):
            with self.subTest(to):
                row, = self.ping_it(to, "--address", OWN, count=50)
                self.assert_all_came(row, 50)
        answered = end()
        self.assertEqual(answered["echo"], 50)
        self.assertGreaterEqual(answered["echo6"], 101)
        self.assertEqual(answered["wrong"], 0)
