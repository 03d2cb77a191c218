# SPDX-License-Identifier: BSD-3-Clause
"""Runs unittest cases: one line each as they end, the log of what failed, and a count.

    main()      for a directory's run script: every test_*.py beside it, or those named
"""

import argparse
import faulthandler
import json
import os
import pathlib
import signal
import sys
import time
import unittest

# A case that hangs fails after this; none takes a tenth of it on a quiet machine.
CASE_S = 300


class Case(unittest.TestCase):
    """A test case that keeps what is to be shown when it fails."""

    def setUp(self):
        self.reports = []  # functions that return text
        signal.signal(signal.SIGALRM, self._expired)
        signal.alarm(CASE_S)
        self.addCleanup(signal.alarm, 0)

    def _expired(self, _signal, _frame):
        raise AssertionError(f"not done after {CASE_S} s")

    def report(self):
        return [text for text in (function() for function in getattr(self, "reports", [])) if text]


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.cases = []
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.outcome, self.detail = "passed", ""

    def stopTest(self, test):
        super().stopTest(test)
        self._line(test, time.monotonic() - self.began)

    def _line(self, test, seconds):
        name = test.id().removeprefix("__main__.")
        self.cases.append({"name": name, "result": self.outcome, "seconds": round(seconds, 3)})
        mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}[self.outcome]
        print(f"  {mark} {name} ({seconds:.1f} s)", flush=True)
        if self.detail:
            print("       " + self.detail.rstrip().replace("\n", "\n       "), flush=True)

    def _fail(self, test, error):
        self.outcome = "failed"
        self.detail += self._exc_info_to_string(error, test) + "\n"
        for text in test.report() if isinstance(test, Case) else []:
            self.detail += text + "\n"

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._outside(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._outside(test, error)

    def _outside(self, test, error):
        if isinstance(test, unittest.TestCase):
            self._fail(test, error)
        else:  # setUpClass and the like, which no startTest announced
            self.outcome, self.detail = "failed", self._exc_info_to_string(error, test)
            self._line(test, 0)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.detail += f"{subtest._subDescription()}\n"
            self._fail(test, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome, self.detail = "skipped", reason
        if not isinstance(test, unittest.TestCase):
            self._line(test, 0)


class _Loader(unittest.TestLoader):
    """Cases in the order in which they are written."""

    def getTestCaseNames(self, case):
        names = super().getTestCaseNames(case)
        return sorted(names, key=lambda name: getattr(case, name).__code__.co_firstlineno)


def _select(suite, words):
    if not words:
        return suite
    chosen = unittest.TestSuite()
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            chosen.addTest(_select(item, words))
        elif any(word in item.id() for word in words):
            chosen.addTest(item)
    return chosen


def main(directory):
    parser = argparse.ArgumentParser(description="Runs the tests of this directory.")
    parser.add_argument("words", nargs="*", help="run only cases whose name has one of these")
    parser.add_argument("--results", metavar="FILE", help="write what came out as JSON")
    options = parser.parse_args()

    faulthandler.enable()
    sys.path.insert(0, str(directory))
    suite = _Loader().discover(str(directory), "test_*.py", top_level_dir=str(directory))
    result = _Result()
    _select(suite, options.words).run(result)
    count = {kind: sum(case["result"] == kind for case in result.cases)
             for kind in ("passed", "failed", "skipped")}
    if options.results:
        pathlib.Path(options.results).write_text(json.dumps(result.cases, indent=1) + "\n")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}", flush=True)
    # Nothing was run: that is no success.
    sys.exit(1 if count["failed"] or not result.cases else 0)


def need_root(test):
    if os.geteuid() != 0:
        test.skipTest("needs root")
