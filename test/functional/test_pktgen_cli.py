# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen as one types it: help, mistakes, exit statuses, what is written when a run ends
early, the shell's completion. The generator runs against itself (loop:) unless a test is about a
switch."""

import csv
import io
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import threading

from guest import SwitchCase
from harness import Case
from process import PATIENCE_S, SOURCE, program, temporary_directory, wait_for

COMMANDS = ("rate", "latency", "search", "pairs", "calibrate")
LOOP = ("--port", "loop:x", "--port", "loop:x")
SHORT = ("--time", "0.1", "--warmup", "0")


def run(*words, **options):
    return subprocess.run([program("crossdock-pktgen"), *map(str, words)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S * 4,
                          **options)


class Words(Case):
    def test_help(self):
        for words in (("--help",), ("-h",), ("help",), *((name, "--help") for name in COMMANDS),
                      *(("help", name) for name in COMMANDS), ("rate", "--size", "64", "-h")):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith("Usage: crossdock-pktgen"), done.stdout)
                self.assertLessEqual(len(done.stdout.splitlines()), 80)
        text = run("--help").stdout
        for name in (*COMMANDS, "report", "help", "version"):
            self.assertRegex(text, rf"(?m)^  {name} ")
        for method in ("throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile"):
            self.assertRegex(run("search", "--help").stdout, rf"(?m)^  {method}  ")

    def test_nodes(self):
        done = run("rate", *LOOP, *SHORT, "--numa", "0,0", "--core", min(os.sched_getaffinity(0)))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        if "one NUMA node" in done.stdout:
            self.assertEqual(done.stdout.count("one NUMA node: memory, cores and guests"), 1)
            self.assertRegex(done.stdout, r"(?m) 0/0/0$")
        for nodes, said in (("0,0,0", "--numa: 3 nodes for 2 ports"), ("x", "--numa x: give nodes"),
                            ("1023", "--numa 1023: there is no memory on node 1023")):
            done = run("rate", *LOOP, *SHORT, "--numa", nodes)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)

    def test_version(self):
        for words in (("--version",), ("-V",), ("version",), ("rate", "--version")):
            with self.subTest(words):
                done = run(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, r"^crossdock-pktgen \d+\.\d+")

    def test_the_manual_knows_every_option(self):
        manual = (SOURCE / "doc" / "crossdock-pktgen.1").read_text().replace("\\-", "-")
        options = {option for name in COMMANDS
                   for option in run("--complete", name, "--").stdout.split()}
        self.assertIn("--search-timeout", options)
        self.assertEqual({option for option in options
                          if not re.search(rf"{option}(?![a-z-])", manual)}, set())


class Mistakes(Case):
    def assert_one_line(self, done, *said):
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Acrossdock-pktgen: [^\n]+\n\Z")
        for words in said:
            self.assertIn(words, done.stderr)

    def test_mistakes_name_the_word_and_the_nearest(self):
        for words, *said in (
                ((), "rate"),
                (("explode",), "explode", "calibrate"),
                (("serch",), "did you mean search?"),
                (("rate",), "--port"),
                (("rate", *LOOP, "--frobnicate"), "unknown option --frobnicate"),
                (("rate", *LOOP, "--lable", "x"), "did you mean --label?"),
                (("rate", *LOOP, "--goal", "ndr"), "search"),
                (("rate", *LOOP, "--size", "abc"), "--size abc"),
                (("rate", *LOOP, "--size", "64kb"), "did you mean k?"),
                (("rate", *LOOP, "--rate", "5Mpp"), "did you mean Mpps?"),
                (("rate", "--port", "vritio:/x"), "did you mean virtio?"),
                (("rate", "--port", "virtio:/x,paked=on"), "did you mean packed?"),
                (("rate", *LOOP, "--impair", "los=1%"), "did you mean loss?"),
                (("rate", *LOOP, "--template", "eth/ipv5"), "did you mean ipv4?"),
                (("rate", *LOOP, "--fail-if", "los>0"), "did you mean loss?"),
                (("rate", *LOOP, "--core", "1000"), "1000"),
                (("rate", *LOOP, "--json", "/nonexistent/x"), "--json /nonexistent/x"),
                (("rate", *LOOP, "--json", "/dev/null"), "--json /dev/null"),
                (("search", *LOOP, "--method", "ml"), "did you mean mlr?")):
            with self.subTest(words):
                self.assert_one_line(run(*words), *said)

    def test_files_that_are_wrong(self):
        directory = temporary_directory(self)
        (directory / "x.pcap").write_bytes(b"this is no capture" * 8)
        (directory / "x.yaml").write_text("headers:\n  - eth: {}\n  - ipv7: {}\n")
        for option, name in (("--pcap", "x.pcap"), ("--template-file", "x.yaml"),
                             ("--pcap", "none.pcap"), ("--template-file", "none.yaml")):
            with self.subTest(name):
                self.assert_one_line(run("rate", *LOOP, option, directory / name),
                                     option, str(directory / name))

    def test_the_eal_prints_nothing(self):
        ports = ("--port", "dpdk:net_null0", "--port", "dpdk:net_null1")
        for eal in (("--bogus",), ("-Z",), ("-l", "4000"), ("--lcores",), ("--help",)):
            with self.subTest(eal):
                self.assert_one_line(run("rate", *ports, "--", *eal), eal[0])

    def test_frames_that_are_too_long_for_a_port(self):
        done = run("rate", "--port", "dpdk:net_null0", "--port", "dpdk:net_null1", "--size",
                   "64,65549", "--", "--no-huge", "-m", "256")
        self.assert_one_line(done, "dpdk:net_null0", "bytes")


class Endings(Case):
    polls = True

    def setUp(self):
        super().setUp()
        self.directory = temporary_directory(self)
        self.json, self.csv = self.directory / "out.json", self.directory / "out.csv"

    def test_results_go_where_they_are_wanted(self):
        done = run("rate", *LOOP, *SHORT, "--json", self.json, "--csv", self.csv, "--label", "us")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^port 1  loop:x: .*pages")
        self.assertRegex(done.stdout, r"(?m)^ +64 ")
        document = json.loads(self.json.read_text())
        self.assertEqual(document["label"], "us")
        self.assertIn("--label us", document["command"])
        self.assertEqual([port["name"] for port in document["ports"]], ["loop:x", "loop:x"])
        self.assertTrue(all(port["memory"] for port in document["ports"]))
        self.assertEqual(len(document["rows"]), 1)
        row, = csv.DictReader(io.StringIO(self.csv.read_text()))
        self.assertEqual(row["engine"], "rate")

        done = run("rate", *LOOP, *SHORT, "--json", "-")
        self.assertEqual(len(json.loads(done.stdout)["rows"]), 1)
        done = run("rate", *LOOP, *SHORT, "--csv", "-")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(done.stdout)))), 1)
        done = run("rate", *LOOP, *SHORT, "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_symbolic_link_stays_one(self):
        kept = self.directory / "kept"
        kept.mkdir()
        links = self.directory / "links"
        links.mkdir()
        for name, target in (("there.json", kept / "there.json"), ("new.json", "../kept/new.json"),
                             ("twice.json", "new.json")):
            (links / name).symlink_to(target)
        (kept / "there.json").write_text("old")
        for name in ("there.json", "new.json", "twice.json"):
            with self.subTest(name):
                done = run("rate", *LOOP, *SHORT, "--quiet", "--json", links / name)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue((links / name).is_symlink())
                self.assertEqual(len(json.loads((links / name).read_text())["rows"]), 1)
        self.assertEqual(sorted(path.name for path in kept.iterdir()), ["new.json", "there.json"])
        (links / "round.json").symlink_to("round.json")
        (links / "nowhere.json").symlink_to("/nonexistent/x.json")
        for name in ("round.json", "nowhere.json"):
            done = run("rate", *LOOP, *SHORT, "--quiet", "--json", links / name)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, rf"\A[^\n]+{name}: [^\n]+\n\Z")

    def test_what_cannot_be_written_is_an_error(self):
        for words in (("rate", *LOOP, *SHORT), ("rate", *LOOP, *SHORT, "--json", "-"),
                      ("rate", *LOOP, *SHORT, "--csv", "-"), ("--help",), ("--version",),
                      ("rate", "--help"), ("report", "--help"), ("report", "-o", "-", self.json),
                      ("--complete", "ra")):
            with self.subTest(words):
                if words[0] == "report":
                    run("rate", *LOOP, *SHORT, "--quiet", "--json", self.json)
                with open("/dev/full", "w") as full:
                    done = subprocess.run([program("crossdock-pktgen"), *map(str, words)],
                                          stdout=full, stderr=subprocess.PIPE, text=True,
                                          timeout=PATIENCE_S * 4)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"\A[^\n]*cannot write to standard output: [^\n]+\n\Z")

    def test_conditions_set_the_exit_status(self):
        for conditions, status, said in ((("pps>0",), 3, "pps>0"),
                                         (("pps<0", "loss>1000000000"), 0, ""),
                                         (("pps<0", "pps>=1"), 3, "pps>=1"),
                                         (("jain<1",), 3, "jain")):
            with self.subTest(conditions):
                done = run("rate", *LOOP, *SHORT, "--quiet", "--json", self.json,
                           *(word for text in conditions for word in ("--fail-if", text)))
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1 if said else 0, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertEqual(len(json.loads(self.json.read_text())["rows"]), 1)

    def assert_partial(self, reason):
        document = json.loads(self.json.read_text())
        self.assertTrue(document["partial"])
        self.assertIn(reason, document["reason"])
        self.assertTrue(self.csv.read_text().startswith("engine,"))
        return document["rows"]

    def begin(self, *words):
        """Runs until it has printed the row of its first size."""
        process = subprocess.Popen(
            [program("crossdock-pktgen"), *words, "--json", str(self.json), "--csv",
             str(self.csv)], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if line.split()[:1] == ["60"]:
                return process
        raise AssertionError(process.stderr.read())

    def test_an_interrupt_keeps_the_results_so_far(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                process = self.begin("rate", *LOOP, "--size", "60:560:+2", "--time", "0.5")
                process.send_signal(how)
                self.assertEqual(process.wait(PATIENCE_S), 130)
                self.assertEqual(process.stderr.read(), "crossdock-pktgen: interrupted\n")
                rows = self.assert_partial("interrupted")
                self.assertEqual(rows[0]["size"], 60)
                self.assertFalse(rows[0]["partial"])
                self.assertTrue(all(row["partial"] for row in rows[1:]))


class Searching(Case):
    """Searches as they are typed: which rows there are. What is found of a switch that is known is
    for unit tests."""

    polls = True

    def search(self, *words):
        out = temporary_directory(self) / "out.json"
        done = run("search", *LOOP, "--rate", "20kpps", "--final", "0.05", "--trial", "0.02",
                   "--json", out, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = json.loads(out.read_text())["rows"]
        self.assertTrue(all(row["engine"] == "search" for row in rows))
        # Trials come first, and the results of a size behind them.
        trials = [row["search"]["is_trial"] for row in rows]
        self.assertEqual(trials, sorted(trials, reverse=True))
        return [row for row in rows if not row["search"]["is_trial"]], done.stdout

    def test_every_method(self):
        for method, words in (("throughput", ()), ("latency", ("--repeat", 2)),
                              ("frame-loss", ()), ("back-to-back", ("--repeat", 2)),
                              ("profile", ()),
                              ("mlr", ("--goal", "name=X,loss=1%,initial=0.02,final=0.02,sum=0.1"))):
            with self.subTest(method):
                results, shown = self.search("--method", method, *words)
                self.assertGreaterEqual(len(results), 1)
                self.assertEqual({row["search"]["method"] for row in results}, {method})
                self.assertFalse(any(row["partial"] for row in results))
                # A trial of less than a minute is not RFC 2544's, and the row says so.
                if method != "mlr":
                    self.assertFalse(results[0]["search"]["complete"])
                    self.assertTrue(results[0]["search"]["missing"])
                self.assertIn(method, shown)

    def test_a_search_out_of_time(self):
        results, _ = self.search("--method", "throughput", "--search-timeout", "0.001")
        self.assertEqual([row["partial"] for row in results], [True] * len(results))


class Asking(Case):
    """The switch that --switch names is asked what it has done; others answer otherwise."""

    ROW = ("rate", *LOOP, *SHORT, "--quiet")

    def test_no_switch_there(self):
        missing = temporary_directory(self) / "missing.sock"
        done = run(*self.ROW, "--switch", missing)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, rf"\A[^\n]*--switch: [^\n]*{missing}[^\n]+\n\Z")
        self.assertNotIn("--control", done.stderr)  # which is crossdockctl's

    def test_somebody_else_there(self):
        for answer, said in ((b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}\n',
                              "no"),
                             (b'{"jsonrpc":"2.0","id":1,"result":{}}\n', "is it crossdockd?"),
                             (b"", "hung up")):
            with self.subTest(answer):
                path = temporary_directory(self) / "other.sock"
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(str(path))
                    listener.listen()

                    def serve():
                        peer, _ = listener.accept()
                        with peer, peer.makefile("rb") as requests:
                            requests.readline()
                            peer.sendall(answer)

                    thread = threading.Thread(target=serve)
                    thread.start()
                    done = run(*self.ROW, "--switch", path)
                    thread.join()
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"\Acrossdock-pktgen: --switch[^\n]+\n\Z")
                self.assertIn(said, done.stderr)


class SwitchGone(SwitchCase):
    polls = True

    def test_a_switch_that_goes_away_ends_the_run(self):
        self.start(["vm1", "vm2"])
        out = self.directory / "out.json"
        process = subprocess.Popen(
            [program("crossdock-pktgen"), "rate", "--port", f"virtio:{self.path('vm1')}", "--port",
             f"virtio:{self.path('vm2')}", "--size", "60", "--time", "600", "--rate", "1kpps",
             "--json", str(out)],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        wait_for(lambda: self.daemon.port("vm2")["tx_frames"] > 500, "frames to arrive")
        self.daemon.kill()
        _, said = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 1, said)
        self.assertEqual(len(said.splitlines()), 1, said)
        document = json.loads(out.read_text())
        self.assertTrue(document["partial"])
        self.assertTrue(document["reason"])
        self.assertIn(document["reason"], said)
        self.assertTrue(all(row["partial"] for row in document["rows"]))


class Completion(Case):
    SCRIPT = SOURCE / "config" / "bash-completion" / "crossdock-pktgen"

    def complete(self, line, cwd=None):
        directory = pathlib.Path(program("crossdock-pktgen")).parent
        text = f"""
            PATH={shlex.quote(str(directory))}:$PATH
            . {shlex.quote(str(self.SCRIPT))}
            COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMPREPLY=()
            _crossdock_pktgen
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(["bash", "-c", text], text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, cwd=cwd, timeout=PATIENCE_S)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_the_script_is_sound(self):
        done = subprocess.run(["bash", "-n", str(self.SCRIPT)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_words(self):
        self.assertIn("search", self.complete("crossdock-pktgen "))
        self.assertEqual(self.complete("crossdock-pktgen ca"), ["calibrate"])
        self.assertEqual(self.complete("crossdock-pktgen help pa"), ["pairs"])
        self.assertEqual(self.complete("crossdock-pktgen search --me"), ["--method"])
        self.assertEqual(self.complete("crossdock-pktgen search --method fr"), ["frame-loss"])
        self.assertEqual(self.complete("crossdock-pktgen rate --pattern=m"), ["mesh"])
        self.assertEqual(self.complete("crossdock-pktgen rate --port d"), ["dpdk:"])
        self.assertNotIn("--method", self.complete("crossdock-pktgen rate --"))
        self.assertEqual(self.complete("crossdock-pktgen rate -- --no-"), [])

    def test_files(self):
        directory = temporary_directory(self)
        (directory / "result.json").touch()
        for line in ("rate --json resu", "rate --json=resu", "report resu", "rate --pcap r"):
            with self.subTest(line):
                self.assertEqual(self.complete(f"crossdock-pktgen {line}", directory),
                                 ["result.json"])
        self.assertEqual(self.complete(f"crossdock-pktgen rate --port virtio:{directory}/r"),
                         [f"{directory}/result.json"])
