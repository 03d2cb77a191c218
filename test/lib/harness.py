# SPDX-License-Identifier: BSD-3-Clause
"""Runs unittest cases: one line each as they end, the log of what failed, and a count.

    main()      for a directory's run script: every test_*.py beside it, or those named

Classes run two at once where the directory's script says so; of those that set polls, because
their cases keep a core busy, one at a time.

Where the script says so, too, a case that failed is run again by itself: one that passes AGAIN times
in a row is unsteady, which is shown at the end and no failure. What crashed, or what a sanitizer
spoke of, is a failure however often it passes, and so are all when more than UNSTEADY_MAX failed.
"""

import argparse
import faulthandler
import itertools
import json
import multiprocessing
import os
import pathlib
import re
import signal
import sys
import time
import unittest

# A case that hangs fails after this; none takes a tenth of it on a quiet machine.
CASE_S = 300
WHY = 300  # characters of why one failed, beside its name at the end
AGAIN = 3
UNSTEADY_MAX = 3
CRASH = re.compile(r"\w+Sanitizer: |: runtime error: |ended with status|has gone \(|"
                   r"(?<![\d.])-(?:4|6|7|8|11) != 0")


class Case(unittest.TestCase):
    """A test case that keeps what is to be shown when it fails."""

    polls = False  # whether cases keep a core busy

    def setUp(self):
        self.reports = []  # functions that return text
        signal.signal(signal.SIGALRM, self._expired)
        signal.alarm(CASE_S)
        self.addCleanup(signal.alarm, 0)

    def _expired(self, _signal, _frame):
        raise AssertionError(f"not done after {CASE_S} s")

    def report(self):
        return [text for text in (function() for function in getattr(self, "reports", [])) if text]


def _first_line(error):
    """Of what an exception says."""
    kind, value, _ = error
    return (str(value) or kind.__name__).splitlines()[0][:WHY]


class _Result(unittest.TestResult):
    def __init__(self, printing):
        super().__init__()
        self.why = ""  # the last case failed: a line
        self.printing = printing  # a lock: a case's lines stay together
        self.cases = []
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.outcome, self.detail, self.why = "passed", "", ""

    def stopTest(self, test):
        super().stopTest(test)
        self._line(test, time.monotonic() - self.began)

    def _line(self, test, seconds):
        name = test.id().removeprefix("__main__.")
        self.cases.append({"name": name, "result": self.outcome, "seconds": round(seconds, 3),
                           "why": self.why,
                           "crashed": CRASH.search(self.detail) is not None})
        mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}[self.outcome]
        text = f"  {mark} {name} ({seconds:.1f} s)"
        if self.detail:
            text += "\n" + "       " + self.detail.rstrip().replace("\n", "\n       ")
        with self.printing:
            print(text, flush=True)

    def _fail(self, test, error):
        self.outcome = "failed"
        self.why = self.why or _first_line(error)
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
            self.why = _first_line(error)
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


def _cases(suite, words):
    """The cases whose name has one of the words, or all, in their order."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _cases(item, words)
        elif not words or any(word in item.id() for word in words):
            yield item


def _classes(suite, words):
    """A suite for each class."""
    classes = {}
    for case in _cases(suite, words):
        classes.setdefault(type(case), unittest.TestSuite()).addTest(case)
    return classes


def _run(suites, printing):
    result = _Result(printing)
    for suite in suites:
        suite.run(result)
    return result.cases


def _left(suites, taken):
    """Those that no other process has taken."""
    while True:
        with taken:
            taken.value += 1
            if taken.value > len(suites):
                return
            suite = suites[taken.value - 1]
        yield suite


def _two_at_once(classes, printing):
    """One process begins with those that poll and then helps the other, which has the rest."""
    polling = [suite for kind, suite in classes.items() if kind.polls]
    rest = [suite for kind, suite in classes.items() if not kind.polls]
    taken = multiprocessing.Value("i", 0)
    results = []
    processes = []
    for first in (polling, []):
        here, there = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=lambda first=first, there=there: there.send(
            _run(itertools.chain(first, _left(rest, taken)), printing)))
        process.start()
        there.close()
        processes.append((process, here))
    for process, here in processes:
        try:
            results += here.recv()
        except EOFError:
            process.join()
            name = f"a process of the tests ended with status {process.exitcode}"
            print(f"  FAIL {name}", flush=True)
            results.append({"name": name, "result": "failed", "seconds": 0})
        process.join()
    return results


def _alone(test, printing):
    """What comes of a case that is run AGAIN times, until it fails."""
    for _ in range(AGAIN):
        fresh = type(test)(test._testMethodName)
        yield from _run([unittest.TestSuite([fresh])], printing)


def _again(cases, tests, printing):
    """Runs each that failed by itself, and takes what is unsteady for passed."""
    failed = [case for case in cases if case["result"] == "failed"]
    if len(failed) > UNSTEADY_MAX:
        return
    for case in failed:
        test = tests.get(case["name"])
        if test is None or case.get("crashed"):  # None: setUpClass, a process of the tests
            continue
        print(f"  {case['name']}, alone:", flush=True)
        if all(result["result"] == "passed" for result in _alone(test, printing)):
            case.update(result="passed", unsteady=case["why"])


def main(directory, two_at_once=False, again=False):
    parser = argparse.ArgumentParser(description="Runs the tests of this directory.")
    parser.add_argument("words", nargs="*", help="run only cases whose name has one of these")
    parser.add_argument("--results", metavar="FILE", help="write what came out as JSON")
    options = parser.parse_args()

    faulthandler.enable()
    sys.path.insert(0, str(directory))
    suite = _Loader().discover(str(directory), "test_*.py", top_level_dir=str(directory))
    classes = _classes(suite, options.words)
    tests = {test.id().removeprefix("__main__."): test
             for group in classes.values() for test in group}
    printing = multiprocessing.Lock()
    cases = (_two_at_once(classes, printing) if two_at_once and len(classes) > 1
             else _run(classes.values(), printing))
    if again:
        _again(cases, tests, printing)
    count = {kind: sum(case["result"] == kind for case in cases)
             for kind in ("passed", "failed", "skipped")}
    if options.results:
        pathlib.Path(options.results).write_text(json.dumps(cases, indent=1) + "\n")
    for case in cases:
        if "unsteady" in case:
            print(f"unsteady: {case['name']}: {case['unsteady']}")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}", flush=True)
    # Nothing was run: that is no success.
    sys.exit(1 if count["failed"] or not cases else 0)


def need_root(test):
    if os.geteuid() != 0:
        test.skipTest("needs root")
