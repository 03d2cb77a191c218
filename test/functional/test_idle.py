# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/idle and test/perf/per_vm in their shortest form: that they measure, and that a worker
which has been woken sleeps again."""

import json
import os

from harness import Case
from process import perf_script, temporary_directory

FRAMES = 50


class Idle(Case):
    polls = True

    def test_quick(self):
        directory = temporary_directory(self)
        pairs = 1 if len(os.sched_getaffinity(0)) > 1 else 0
        done = perf_script("idle", "--quick", "--frames", FRAMES, "--pairs", pairs,
                         "--json", directory / "out.json", "--html", directory / "out.html")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads((directory / "out.json").read_text())
        self.assertTrue(document["complete"])
        self.assertEqual(len(document["loads"]), 2 * pairs)
        for figures in document["wakeups"]:
            self.assertEqual(figures["lost"], 0)
            self.assertEqual(figures["switch"]["count"], FRAMES)
            # A sleep for each frame, one for what it missed on its way there, and those for
            # frames that teach; not one after the other.
            self.assertLess(figures["sleeps"], 3 * FRAMES)
        page = (directory / "out.html").read_text()
        for entry in document["summary"]:
            self.assertIn(entry["title"], page)

    def test_refused(self):
        for words, text in ((("--ports", "1"), "--ports is from 2 to 1024"),
                            (("--rounds", "0"), "--rounds, --frames, --pause and --idle-time are"),
                            (("--gen-core", "0", "--dut-core", "0"), "load needs a core for")):
            done = perf_script("idle", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)


class PerVm(Case):
    polls = True

    def test_quick(self):
        """Frames of many guests come, each to the one it is for, and what a VM costs is said."""
        out = temporary_directory(self) / "out.json"
        done = perf_script("per_vm", "--ports", "4,40", "--pps", 20, "--rounds", 1, "--time", 0.5,
                           "--idle-time", 2, "--json", out)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads(out.read_text())
        self.assertEqual([result["ports"] for result in document["results"]], [2, 4, 40])
        for result in document["results"]:
            for figures in result["rounds"]:
                self.assertEqual(figures["sent"], result["ports"] * 10)
                self.assertEqual(figures["received"], figures["sent"])
        for figures in document["summary"][1:]:
            self.assertGreater(figures["connected_kib"], 0)
            self.assertGreater(figures["descriptors"], 0)
            self.assertIn(f"{figures['ports']:>12}", done.stdout)
        _, few, many = document["results"]
        # None has a thread of its own, and what is done for idle ones is done for all at once.
        self.assertLess(many["threads"] - few["threads"], 36)
        if many["calls_per_s"] is not None:
            self.assertLess(many["calls_per_s"], 40)

    def test_refused(self):
        for words, text in ((("--ports", "100,x"), "--ports: numbers, separated by commas"),
                            (("--ports", "5"), "--ports: even numbers from 4 to 1024"),
                            (("--pps", "0"), "--rounds, --pps, --idle-time and --time are more")):
            done = perf_script("per_vm", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)
