# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/appliances in its shortest form: that connections are open before they are measured, on
each system, and that frames come out translated."""

import json

from harness import Case, need_root
from process import perf_script, temporary_directory


class PerfAppliances(Case):
    polls = True

    def measure(self, *words):
        need_root(self)
        out = temporary_directory(self) / "out.json"
        done = perf_script("appliances", "--quick", "--json", out, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads(out.read_text())
        self.assertTrue(document["complete"])
        return {trial["subject"]: trial["result"]
                for row in document["rows"] for trial in row["trials"]}

    def test_firewall(self):
        results = self.measure("--rows", "firewall", "--peers", "")
        self.assertEqual(list(results), ["crossdock"])
        self.assertGreater(results["crossdock"]["received_frames"], 0)

    def test_nat_and_nftables(self):
        results = self.measure("--rows", "nat", "--peers", "nftables")
        self.assertEqual(list(results), ["crossdock", "nftables"])
        for result in results.values():
            self.assertGreater(result["received_frames"], 0)

    def test_refused(self):
        done = perf_script("appliances", "--rows", "nut")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("no row 'nut'; there are firewall, nat, ", done.stderr)
