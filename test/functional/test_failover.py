# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/failover in its shortest form: that members which fail are replaced, and that one which is
chosen costs no frame."""

import json

from harness import Case, need_root
from process import perf_script, temporary_directory

CASES = ("down", "vanish", "carrier", "unplug", "set-active")


class Failover(Case):
    def test_quick(self):
        need_root(self)
        directory = temporary_directory(self)
        done = perf_script("failover", "--rounds", 2, "--gap", 500, "--cases", ",".join(CASES),
                           "--json", directory / "out.json", "--html", directory / "out.html")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads((directory / "out.json").read_text())
        self.assertTrue(document["complete"])
        page = (directory / "out.html").read_text()
        for name, summary in zip(CASES, document["summary"], strict=True):
            self.assertEqual((summary["case"], summary["rounds"], summary["never"]), (name, 2, 0))
            self.assertIn(summary["title"], page)
        self.assertEqual(summary["lost"], 0)

    def test_refused(self):
        for words, text in ((("--cases", "down,fire"), "--cases: there is no fire: down, vanish"),
                            (("--rounds", "0"), "--rounds, --lacp-rounds, --gap and --patience are")):
            done = perf_script("failover", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)
