# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/kvm in its shortest form, with emulated guests: that it measures."""

import json
import shutil

from guests import find_kernel
from harness import Case
from process import perf_script, temporary_directory

FIGURES = ("tcp", "testpmd_64")


class Kvm(Case):
    def test_quick(self):
        find_kernel()
        if not shutil.which("dpdk-testpmd"):
            self.skipTest("no dpdk-testpmd")
        directory = temporary_directory(self)
        done = perf_script("kvm", "--accel", "tcg", "--cores", 1, "--systems", "crossdock", "--only",
                           ",".join(FIGURES), "--pairs", 1, "--time", 1, "--warmup", 0.5, "--json",
                           directory / "out.json", "--html", directory / "out.html")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads((directory / "out.json").read_text())
        self.assertTrue(document["complete"])
        trial, = document["trials"]
        self.assertIn("functional only", trial["note"])
        for name in FIGURES:
            self.assertGreater(trial["figures"][name], 0)
        page = (directory / "out.html").read_text()
        for entry in document["summary"]:
            self.assertIn(entry["title"], page)

    def test_refused(self):
        for words, status, text in (
                (("--only", "tpc"), 2, "--only: no 'tpc'; there are tcp, "),
                (("--systems", "ovz"), 2, "--systems: no 'ovz'; there are crossdock, vpp, ovs"),
                (("--pairs", 0), 2, "--pairs, --time and --cores are at least 1"),
                (("--systems", "vpp"), 2, "nothing is left to be measured"),
                (("--systems", "vpp", "--vpp", "/x/vpp"), 2, "--vpp /x/vpp: there is no /x/vpp"),
                (("--only", "netperf_tcp_rr", "--netperf", "/x"), 2, "nothing is left")):
            done = perf_script("kvm", *words)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(text, done.stderr)
