# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen suite: tiny suites through crossdockd, cut short and continued, files with errors,
and the page of it all."""

import json
import pathlib
import shutil
import signal
import subprocess

import schema
from daemon import SANITIZER
from harness import Case
from process import PATIENCE_S, program, temporary_directory, wait_for
from test_pktgen import CORE

TINY = """\
title: Tiny <suite>
switch: {workers: {idle: poll}, memory: {hugepages: none}}
options: {time: 0.1, warmup: 0}
steps:
  - {name: frames, engine: rate, size: 64, fail-if: 'pps<0'}
  - name: messages
    engine: tcp
    guest: tso=on
    messages: 1,64k
    test: all
    reference: {file: virtink_qperf, fabric: vhost-user, placement: same host, protocol: tcp}
  - {name: four, engine: pairs, ports: 4, size: 1514, latency-rate: 0}
  - {name: alone, engine: calibrate, size: 64, time: 0.05}
"""


class Suites(Case):
    def setUp(self):
        super().setUp()
        self.directory = temporary_directory(self)
        self.file = self.directory / "tiny.yaml"
        self.json = self.directory / "tiny.json"
        self.file.write_text(TINY)

    def command(self, *words):
        return [program("crossdock-pktgen"), "suite", *map(str, words)]

    def run_suite(self, *words, status=0):
        done = subprocess.run(self.command(*words), text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE_S * 8, cwd=self.directory)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return done

    def result(self):
        return json.loads(self.json.read_text())

    def states(self):
        return [step["state"] for step in self.result()["steps"]]


class Running(Suites):
    def test_all_steps_and_the_page(self):
        done = self.run_suite(self.file, "--core", CORE, "--report", "page.html")
        for line in ("== 1 of 4: frames (rate;", "== 3 of 4: four (pairs;"):
            self.assertIn(line, done.stdout)
        result = self.result()
        self.assertEqual(self.states(), ["done"] * 4)
        self.assertFalse(result["partial"])
        self.assertEqual((result["suite"], result["title"], result["label"]),
                         ("tiny", "Tiny <suite>", "crossdock"))
        for step, rows in zip(result["steps"], (1, 4, 2, None)):
            schema.validate(step["result"])
            self.assertEqual({row["engine"] for row in step["result"]["rows"]}, {step["engine"]})
            if rows:
                self.assertEqual(len(step["result"]["rows"]), rows)
                self.assertTrue(all(row["switch"] for row in step["result"]["rows"]))
        self.assertEqual(len(result["steps"][2]["result"]["ports"]), 4)
        page = (self.directory / "page.html").read_text()
        self.assertIn("Tiny &lt;suite&gt;", page)
        self.assertEqual(list(self.directory.glob("*.json.*")), [])

    def test_results_are_not_written_over(self):
        self.json.write_text("old")
        done = self.run_suite(self.file, status=2)
        self.assertIn("tiny.json is there already", done.stderr)
        self.assertEqual(self.json.read_text(), "old")

    def test_ports_of_a_switch_that_is_there(self):
        self.file.write_text("steps:\n"
                             "  - {name: two, engine: rate, time: 0.1, warmup: 0}\n"
                             "  - {name: four, engine: rate, ports: 4}\n")
        done = self.run_suite(self.file, "--port", "loop:x", "--port", "loop:x")
        self.assertIn("four is skipped: it takes 4 ports, and 2 are given", done.stderr)
        self.assertEqual(self.states(), ["done", "skipped"])
        self.assertFalse(self.result()["partial"])
        self.assertIsNone(self.result()["label"])

    def test_a_condition_that_is_met(self):
        self.file.write_text("steps:\n"
                             "  - {engine: rate, time: 0.1, warmup: 0, fail-if: ['pps>0']}\n"
                             "  - {engine: calibrate, time: 0.05, size: 64}\n")
        done = self.run_suite(self.file, "--quiet", status=3)
        self.assertEqual(done.stdout, "")
        self.assertIn("pps>0", done.stderr)
        self.assertEqual(self.states(), ["done", "done"])


SHORT = """\
options: {time: 0.1, warmup: 0}
steps:
  - {name: frames, engine: rate, size: 64}
  - {name: messages, engine: tcp, messages: '1:128:*2'}
  - {name: alone, engine: calibrate, size: 64, time: 0.01}
"""
# The same, with a second step that does not end before it is told to.
ENDLESS = SHORT.replace("'1:128:*2'", "'1:128:*2', time: 3600")


class CutShort(Suites):
    def cut_short(self, how):
        """Ended so in the second of its steps, which are made shorter then."""
        self.file.write_text(ENDLESS)
        process = subprocess.Popen(self.command(self.file), text=True, cwd=self.directory,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if line.startswith("== 2 of "):
                break
        process.send_signal(how)
        process.stdout.read()
        stderr = process.stderr.read()
        for pipe in (process.stdout, process.stderr):
            pipe.close()
        self.file.write_text(SHORT)
        return process.wait(PATIENCE_S), stderr

    def test_interrupted_and_continued(self):
        status, stderr = self.cut_short(signal.SIGINT)
        self.assertEqual(status, 130, stderr)
        self.assertIn("suite --continue tiny.json", stderr)
        result = self.result()
        self.assertTrue(result["partial"])
        self.assertEqual(result["reason"], "interrupted")
        self.assertEqual(self.states()[0], "done")
        self.assertIn(self.states()[1], ("interrupted", "pending"))
        self.assertEqual(self.states()[2:], ["pending"])
        first = result["steps"][0]
        self.assertEqual([left for left in pathlib.Path("/tmp").glob("crossdock-suite.*")
                          if str(left) in json.dumps(result)], [])

        done = self.run_suite("--continue", self.json)
        self.assertNotIn("== 1 of 3", done.stdout)
        self.assertEqual(self.states(), ["done"] * 3)
        self.assertEqual(self.result()["steps"][0], first)
        self.assertEqual(self.result()["started"], result["started"])
        self.assertEqual(len(self.result()["steps"][1]["result"]["rows"]), 8)

    def test_killed_and_continued(self):
        status, _ = self.cut_short(signal.SIGKILL)
        self.assertEqual(status, -9)
        for left in pathlib.Path("/tmp").glob("crossdock-suite.*"):  # nobody else could do it
            if json.dumps(self.result()).count(str(left)):
                wait_for(lambda: not list(left.glob("control")), "crossdockd to end")
                shutil.rmtree(left)
        self.assertEqual(self.states(), ["done", "pending", "pending"])
        self.run_suite("--continue", self.json)
        self.assertEqual(self.states(), ["done"] * 3)

    def test_a_step_that_fails(self):
        self.file.write_text("steps:\n"
                             "  - {engine: ping, ports: 1, to: 'fe80::1', name: nobody}\n"
                             "  - {engine: calibrate, time: 0.05, size: 64}\n")
        done = self.run_suite(self.file, status=1)
        self.assertIn("does not answer", done.stderr)
        self.assertEqual(self.states(), ["failed", "done"])
        self.assertIn("does not answer", self.result()["steps"][0]["reason"])
        self.assertTrue(self.result()["partial"])


class Mistakes(Suites):
    def refused(self, *words):
        done = self.run_suite(*words, status=2)
        self.assertRegex(done.stderr, r"\A[^\n]+\n\Z")
        self.assertEqual(done.stdout, "")
        self.assertFalse(self.json.exists())
        return done.stderr

    def test_files(self):
        for old, new, said in (
                ("size: 64, ", "sise: 64, ", ":5: steps.1.sise: there is no such key"),
                ("messages: 1,64k", "messages: 1x", ":9: steps.2.messages: size 1x"),
                ("virtink_qperf", "virtink", ":11: steps.2.reference.file: there are no publ"),
                ("same host", "same", ":11: steps.2.reference: no row of the file has"),
                ("idle: poll", "idle: never", ":2: switch.workers.idle: is \"never\""),
                ("engine: pairs", "engine: fairs", ":12: steps.3.engine: fairs is no engine")):
            with self.subTest(new):
                self.file.write_text(TINY.replace(old, new))
                self.assertIn(f"{self.file}{said}", self.refused(self.file))

    def test_words(self):
        for words, said in ((("quik",), "quik: there is no such file or suite; did you mean quick?"),
                            ((), "which suite?"),
                            ((self.file, "again"), "again: FILE.yaml or NAME is given already"),
                            ((self.file, "--switch", "/x"), "--switch goes with --port"),
                            ((self.file, "--json", "-"), "--json"),
                            ((self.file, "--json", "/nowhere/x"), "/nowhere/x"),
                            (("--continue", "/nowhere"), "/nowhere"),
                            (("--continue", self.file), "not JSON"),
                            ((self.file, "--report", ""), "--report")):
            with self.subTest(words):
                self.assertIn(said, self.refused(*words))

    def test_those_that_come_with_the_program(self):
        offered = subprocess.run([program("crossdock-pktgen"), "--complete", "suite", ""],
                                 text=True, capture_output=True, timeout=PATIENCE_S).stdout
        names = offered.split()
        self.assertEqual(names[0], "<file>")
        self.assertIn("quick", names)
        for name in names[1:]:
            done = self.run_suite(name, "--list")
            self.assertTrue(done.stdout.startswith(f"{name}: "), done.stdout)
