# SPDX-License-Identifier: BSD-3-Clause
"""Numbered frames between two guests at a steady rate, for tests that do something to the switch
meanwhile."""

import re

from process import Dialogue, program

RATE_PPS = 20_000
REPORT = re.compile(r"due (\d+) received (\d+) lost (\d+) wait_us (\d+)")


class Flow:
    """test/tools/guest_flow: what it counts, and when, is said there."""

    def __init__(self, directory, sender, receiver, rate_pps=RATE_PPS):
        self.dialogue = Dialogue([program("guest_flow"), str(sender), str(receiver),
                                  str(rate_pps)], directory / "flow.log")

    def ready(self):
        line = self.dialogue.line()
        assert line == "ready", f"guest_flow: {line}"
        return self

    def report(self):
        """What became of the frames since the last report: due, received, lost (frames) and wait_us
        (the longest on its way)."""
        self.dialogue.send("report")
        line = self.dialogue.line()
        found = REPORT.match(line)
        assert found, f"guest_flow: {line}"
        return dict(zip(("due", "received", "lost", "wait_us"), map(int, found.groups())))

    def kill(self):
        self.dialogue.kill()
