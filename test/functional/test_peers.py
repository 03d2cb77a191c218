# SPDX-License-Identifier: BSD-3-Clause
"""test/perf/peers in its shortest form: that it measures beside peers which the reader has built,
says their versions, and says what is wrong with them."""

import json
import os
import pathlib
import shutil
import sys

from harness import Case, need_root
import openvswitch
from process import SOURCE, perf_script, temporary_directory

SHORT = ("--no-hugepages", "--rows", "64-1flow-fifo", "--pairs", 1, "--rounds", 1, "--time", 0.2,
         "--warmup", 0.1)
STAND_IN = SOURCE / "test" / "lib" / "vpp_stand_in.py"
# Both orders of ids, 14 ports, broadcast, both lengths of rings, a round trip.
GUEST_RINGS = {"64-1flow", "64-1flow-fifo", "64-1000mac", "64-1000mac-fifo", "pairs-64", "broadcast",
               "1500", "1500-1024", "pairs-1500", "latency-static"}
VERSION = "vpp v99.10-stand-in"


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def vpp(directory, wrong=""):
    """A stand-in with its vppctl; the path of vpp."""
    for name in ("vpp", "vppctl"):
        script(directory / name, f"STAND_IN={wrong} exec {sys.executable} {STAND_IN} {name} \"$@\"")
    return directory / "vpp"


def open_vswitch(prefix):
    """Debian's, as if it had been built and installed there."""
    for name, path in openvswitch.installed(prefix).items():
        target = {"ovs-vswitchd": openvswitch.DAEMON,
                  "vswitch.ovsschema": openvswitch.SCHEMA}.get(name) or shutil.which(name)
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, path)
    return prefix


class Peers(Case):
    polls = True

    def setUp(self):
        super().setUp()
        need_root(self)
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs two CPUs")
        self.directory = temporary_directory(self)

    def run_with(self, *words):
        done = perf_script("peers", *SHORT, *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_built(self):
        given = {"vpp": ("--vpp", vpp(self.directory / "vpp"))}
        if openvswitch.available():
            given["ovs"] = ("--ovs", open_vswitch(self.directory / "ovs"))
        if shutil.which("dpdk-testpmd"):
            program = self.directory / "testpmd"
            os.symlink(shutil.which("dpdk-testpmd"), program)
            given["testpmd"] = ("--testpmd", program)
        out = self.directory / "out.json"
        said = self.run_with("--peers", ",".join(given), "--targets", "--json", out,
                             "--results", self.directory / "results",
                             *(word for words in given.values() for word in words))
        document = json.loads(out.read_text())
        versions = document["environment"]["versions"]
        self.assertEqual(versions["vpp"], VERSION)
        for name in set(given) - {"vpp"}:
            self.assertRegex(versions[name], r"DPDK \d+\.\d+")
        trials = {trial["subject"]: trial["result"] for trial in document["rows"][0]["trials"]}
        self.assertEqual(set(trials), {"crossdock", *given})
        for name, row in trials.items():
            self.assertGreater(row["pps"], 0, name)
            self.assertEqual((row["rings"], row["ids"]), ("guest", "fifo"), name)
        page = (self.directory / "results" / "report.html").read_text()
        for name in given:
            self.assertIn(versions[name], said)
            self.assertIn(f"{name} ({versions[name]})", page)

    def test_guest_rings(self):
        out = self.directory / "out.json"
        self.run_with("--rows", "guest-rings", "--peers", "", "--time", 0.1, "--warmup", 0, "--json", out)
        rows = {row["row"]: row for row in json.loads(out.read_text())["rows"]}
        self.assertEqual(set(rows), GUEST_RINGS)
        for row in rows.values():
            self.assertTrue(all("result" in trial for trial in row["trials"]), row["trials"])

    def refused(self, text, *words):
        done = perf_script("peers", *SHORT, *words)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn(text, done.stderr)

    def test_absent(self):
        here = self.directory
        self.refused(f"--vpp {here}/vpp: there is no {here}/vpp\n", "--vpp", here / "vpp")
        self.refused(f"--vpp {here}: a directory; give the program in it\n", "--vpp", here)
        script(here / "vpp", "true")
        self.refused(f"--vpp {here}/vpp: there is no {here}/vppctl\n", "--vpp", here / "vpp")
        script(here / "vppctl", "true").chmod(0o644)
        self.refused(f"{here}/vppctl is not executable: chmod +x", "--vpp", here / "vpp")
        self.refused(f"--ovs {here}: there is no {here}/bin/ovs-vsctl\n", "--ovs", here)
        self.refused(f"--testpmd {here}/x: there is no {here}/x\n", "--testpmd", here / "x")
        self.refused("--rows: no row '64-1flwo'; there are 64-1flow, ", "--rows", "64-1flwo")

    def test_others(self):
        for wrong, text in (("other", "show version: FRRouting 8.4.4"),
                            ("no-vhost", "unknown input `vhost-user socket")):
            path = vpp(self.directory / wrong, wrong)
            self.refused(f"--vpp {path}: ", "--vpp", path, "--peers", "vpp")
            self.refused(text, "--vpp", path, "--peers", "vpp")
        path = script(self.directory / "ends" / "vpp", "echo 'vpp: no such plugin'; exit 1")
        script(self.directory / "ends" / "vppctl", "exit 1")
        self.refused("vpp: no such plugin", "--vpp", path, "--peers", "vpp")
        prefix = self.directory / "plain"
        for name, path in openvswitch.installed(prefix).items():
            script(pathlib.Path(path), f"echo '{name} (Open vSwitch) 3.1.0'")
        self.refused("ovs-vswitchd --version does not say which DPDK it was built with, but: "
                     "ovs-vswitchd (Open vSwitch) 3.1.0\n", "--ovs", prefix, "--peers", "ovs")
        self.refused("true -v does not say which DPDK it is of, but: nothing\n",
                     "--testpmd", "/bin/true", "--peers", "testpmd")
