# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/loss in short: the generator's TCP and the kernel's over one path that loses segments."""

import json
import shutil

from harness import Case, need_root
from process import perf_script, temporary_directory


class Loss(Case):
    polls = True

    def test_short(self):
        need_root(self)
        if not shutil.which("nft"):
            self.skipTest("no nft: apt-get install nftables")
        directory = temporary_directory(self)
        done = perf_script("loss", "--loss", 5, "--rounds", 1, "--time", 1,
                           "--json", directory / "out.json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads((directory / "out.json").read_text())
        self.assertTrue(document["complete"])
        trial, = document["trials"]
        self.assertEqual(trial["loss"], 5)
        self.assertEqual(list(trial["figures"]), ["crossdock", "reno", "cubic"])
        for figures in trial["figures"].values():
            self.assertGreater(figures["MB_s"], 0)
        self.assertGreater(sum(f["retransmitted"] for f in trial["figures"].values()), 0)

    def test_refused(self):
        for words, text in ((("--loss", "1,x"), "per cent, separated by commas, such as"),
                            (("--loss", "60"), "0 to 50 per cent"),
                            (("--rounds", "0"), "--rounds and --time are at least 1")):
            done = perf_script("loss", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)
