# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/fabrics in its shortest form: that it measures, and what it makes of it."""

import json

from harness import Case, need_root
from process import perf_script, temporary_directory

FIGURES = ("tcp", "icmp_avg", "icmp_loss", "tcp_lat_1")


class Fabrics(Case):
    def test_quick(self):
        need_root(self)
        directory = temporary_directory(self)
        systems = ("crossdock", "tun")
        done = perf_script("fabrics", "--quick", "--systems", ",".join(systems), "--messages", 1,
                            "--only", ",".join(FIGURES), "--echoes", 10,
                            "--json", directory / "out.json", "--html", directory / "out.html")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads((directory / "out.json").read_text())
        self.assertTrue(document["complete"])
        self.assertEqual([trial["system"] for trial in document["trials"]], list(systems))
        for trial in document["trials"]:
            self.assertEqual(trial["errors"], {})
            self.assertGreater(trial["figures"]["tcp"], 0)
            self.assertGreater(trial["figures"]["tcp_lat_1"], 0)
            self.assertEqual(trial["figures"]["icmp_loss"], 0)
        page = (directory / "out.html").read_text()
        for entry in document["summary"]:
            self.assertEqual([s["system"] for s in entry["systems"]], list(systems))
            self.assertIn(entry["title"], page)

    def test_refused(self):
        for words, text in ((("--only", "tpc"), "no figure 'tpc'; there are tcp, "),
                            (("--systems", "ovz"), "no system 'ovz'; there are crossdock, "),
                            (("--messages", "1,q"), "bytes, separated by commas, such as"),
                            (("--pairs", "0"), "--pairs and --time are at least 1")):
            done = perf_script("fabrics", *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)
