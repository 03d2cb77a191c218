# SPDX-License-Identifier: BSD-3-Clause
"""test/travel: that frames pass on each kind of ring, and the lines that it counts."""

import os
import re
import subprocess

from harness import Case
from process import program

KINDS = ("guest, ids=lifo", "guest, ids=fifo", "guest, packed", "static", "static, packed")


class Travel(Case):
    polls = True

    def run_it(self, *words):
        return subprocess.run([program("travel"), *map(str, words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=240, check=False)

    def test_lines(self):
        cores = sorted(os.sched_getaffinity(0))
        done = self.run_it(cores[0], cores[-1], 64, 10)
        self.assertEqual(done.returncode, 0, done.stderr)
        for kind in KINDS:
            part = done.stdout.split(f"\n{kind}: ")[1].split("\n")
            # With no core of its own it rounds to nothing.
            self.assertGreaterEqual(float(part[0].split()[0]), 0, done.stdout)
            counted = {name: (float(out), float(back)) for name, out, back in re.findall(
                r"(\w+) ([0-9.]+) \+ ([0-9.]+)", part[2])}
            # 76 bytes that begin within a line, or 64 that begin with one.
            lines = 2 if kind.startswith("guest") else 1
            self.assertEqual(counted["frame"], (lines, lines), done.stdout)
            if "packed" in kind:
                self.assertLessEqual(max(counted["descriptors"]), 9 / 32, done.stdout)
            elif kind == "static":
                self.assertEqual(counted["descriptors"], (0, 0), done.stdout)
            else:
                self.assertGreaterEqual(min(counted["descriptors"]), 8 / 32, done.stdout)

    def test_refused(self):
        for words in ((), (0,), (0, 0), ("a", 1), (0, 1, 59), (0, 1, 64, 0), (0, 1, 64, 1, 1)):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("Usage: travel GUEST_CORE SWITCH_CORE", done.stderr)
