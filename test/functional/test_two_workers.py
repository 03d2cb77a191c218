# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/workers in its shortest form: that it measures."""

import json
import os

from harness import Case
from process import perf_script, temporary_directory


class TwoWorkers(Case):
    polls = True

    def test_quick(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("two workers take two cores")
        out = temporary_directory(self) / "out.json"
        done = perf_script("workers", "--rounds", 1, "--most", 2, "--pairs", 1, "--time", 0.2,
                            "--warmup", 0.1, "--shared", "--json", out)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads(out.read_text())
        self.assertEqual({(row["workers"], row["bridge"], row["work"])
                          for row in document["cycles"]},
                         {(n, bridge, work) for n, bridge in ((1, "own"), (2, "own"), (2, "shared"))
                          for work in ("forward", "learn", "flood")})
        self.assertEqual([trial["workers"] for trial in document["trials"]], [1, 2])
        self.assertTrue(all(trial["mpps"] > 0 for trial in document["trials"]))

    def test_refused(self):
        for words, text in ((("--most", "9"), "--most is from 2 to 8"),
                            (("--pairs", "0"), "--rounds, --pairs and --time are"),
                            (("--switch-cores", "x"), "cores, separated by a comma, such as")):
            done = perf_script("workers", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)
