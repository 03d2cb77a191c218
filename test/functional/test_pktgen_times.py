# SPDX-License-Identifier: BSD-3-Clause
"""Times that crossdock-pktgen takes: not how long they are, but that they tell what happened."""

import os
import signal
import subprocess
import time

from process import PATIENCE_S, wait_for
from test_pktgen import Generating

STALL_S = 0.02
STALLS = 5
# A switch that is stopped while it works for a port takes the time for the port's, and would let it
# rest.
PATIENT = {"slow_us": 1000000}


class Times(Generating):
    def test_one_way_on_a_schedule(self):
        self.start(["vm1", "vm2"])
        row, = self.run_pktgen("latency", "--way", "one-way", "--rate", "2kpps")
        figures = row["latency"]
        self.assertEqual(figures["way"], "one-way")
        self.assertEqual(figures["count"], row["received_frames"])
        self.assertEqual(row["lost_frames"], 0)
        self.assertIsNone(figures["half_mean_ns"])
        self.assertEqual(figures["planned"]["count"], figures["actual"]["count"])
        self.assertEqual(row["pacing"]["lateness"]["count"], row["sent_frames"])

    def test_round_trips_on_a_schedule(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        for guest in ("", "packed=on", "mrg=on,event_idx=on"):
            with self.subTest(guest):
                # A ring holds all that are sent, if it has to.
                row, = self.run_pktgen("latency", "--rate", "3kpps", "--flows", 3, guest=guest)
                figures = row["latency"]
                self.assertEqual(figures["way"], "round-trip")
                self.assertEqual(row["lost_frames"], 0)
                self.assertEqual(figures["count"], row["sent_frames"])

    def test_one_frame_in_so_many(self):
        self.start(["vm1", "vm2"])
        row, = self.run_pktgen("rate", "--rate", "20kpps", "--times", 10, "--count", 1000,
                               "--time", 20)
        self.assertEqual(row["latency"]["count"], 100)

    def test_a_stalled_switch_shows(self):
        """A switch that stands still makes frames late that should have been sent meanwhile: the
        column of planned times says so, although the generator could not send them."""
        self.start({"vm1": PATIENT, "vm2": PATIENT})
        command = self.command("latency", "--way", "one-way", "--rate", "200kpps", "--time", 60,
                               "--warmup", 0.1, guest="size=64")
        running = subprocess.Popen(command, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(running.kill)
        wait_for(lambda: self.daemon.port("vm2")["tx_frames"] > 60000, "frames to flow")
        for _ in range(STALLS):
            self.daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(STALL_S)
            self.daemon.process.send_signal(signal.SIGCONT)
            time.sleep(STALL_S)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE_S)
        self.assertEqual(running.returncode, 130, said)
        row, = self.rows()
        planned, actual = row["latency"]["planned"], row["latency"]["actual"]
        # 100 ms of far less than 60 s: more than one frame in a thousand.
        self.assertGreater(planned["p99_9_ns"], 1e6)
        self.assertGreater(planned["max_ns"], STALL_S * 0.9 * 1e9)
        self.assertGreater(planned["mean_ns"], actual["mean_ns"])
        self.assertGreater(row["pacing"]["blocked_frames"], 1000)
        self.assertNotEqual(row["bottleneck"], "generator")

    def test_a_stalled_switch_loses_nothing(self):
        """Nor is what it kept of the warm-up taken for what is measured."""
        self.start({"vm1": PATIENT, "vm2": PATIENT})
        running = subprocess.Popen(
            self.command("latency", "--rate", "2kpps", "--time", 0.1, "--warmup", 0.1,
                         "--trials", 10), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(running.kill)
        while running.poll() is None:
            self.daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(2 * STALL_S)
            self.daemon.process.send_signal(signal.SIGCONT)
            time.sleep(STALL_S)
        self.assertEqual(running.returncode, 0, running.stderr.read())
        running.stderr.close()
        for row in self.rows():
            self.assertEqual(row["lost_frames"], 0)
            self.assertEqual(row["latency"]["count"], row["sent_frames"])

    def test_a_delay_on_purpose_shows(self):
        row, = self.run_enough(lambda latency: latency["count"], "latency", "--way", "one-way",
                               "--rate", "10kpps", "--impair", "0:delay_us=2000",
                               ports=("loop:x", "loop:x"))
        self.assertGreaterEqual(row["latency"]["actual"]["min_ns"], 1.99e6)

    def test_interrupted(self):
        self.start(["vm1", "vm2"])
        running = subprocess.Popen(
            self.command("latency", "--rate", "10kpps", "--time", 60), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(running.kill)
        wait_for(lambda: self.daemon.port("vm2")["tx_frames"] > 5000, "frames to flow")
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=PATIENCE_S)
        self.assertEqual(running.returncode, 130, said)
        row, = self.rows()
        self.assertTrue(row["partial"])
        self.assertGreater(row["latency"]["count"], 0)
