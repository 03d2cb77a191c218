# SPDX-License-Identifier: BSD-3-Clause
"""A hostile front end on one port, and honest traffic between others on the same worker that must
not notice: see test/hostile/main.c for the attacks. Guests a and b send some frames, none of which
may be lost; between two more ports numbered frames flow steadily (lib/flow.py), of which less than
one in a hundred may be."""

import collections
import functools
import os
import pathlib
import re
import subprocess

from daemon import WORKER_CORE
from flow import RATE_PPS, Flow
from frames import BROADCAST, frame, mac, raw_mac
from guest import SwitchCase
from process import PATIENCE_S, Dialogue, Timeout, program, wait_for

A, B = mac(0xA), mac(0xB)
HOSTILE = raw_mac("02:66:66:00:00:01")  # what the hostile guest sends from,
VICTIM = "02:51:4b:00:00:01"            # and who gets it
TRIES = 3  # for an attack, before a loss beside it counts
ROUND = 40  # frames from A to B, all of which must arrive, and to everybody in a flood
SHARE = 480  # descriptors that a hostile front end can make the switch hold
LINES = 250  # of the log, for one attack
RSS_GROWTH_KIB = 2048
SHORT = ("chain/runt/split", "split/bad-head", "memory/overlap", "protocol/wrong-fds",
         "restart/hung-up/split")


@functools.cache
def attacks():
    """Name to what comes of it, in the order of the list."""
    done = subprocess.run([program("hostile"), "--list"], capture_output=True, text=True,
                          check=True)
    return dict(line.split() for line in done.stdout.splitlines())


class Hostile(SwitchCase):
    def setUp(self):
        super().setUp()
        # All on one worker, so that nobody else makes up for what an attack keeps busy.
        self.start({"a": {}, "b": {}, "victim": {}, "bad": {}, "from": {}, "to": {}})
        self.a, self.b, self.victim = self.guests("a", "b", "victim")
        self.learn(self.a, A)
        self.learn(self.b, B)
        self.learn(self.victim, VICTIM)
        self.flow = Flow(self.directory, self.path("from"), self.path("to")).ready()
        self.addCleanup(self.flow.kill)

    # ---- What the switch holds ----

    def proc(self):
        return pathlib.Path(f"/proc/{self.daemon.process.pid}")

    def held(self):
        """Descriptors, and mappings of guests' memory and of nothing (what replaces it)."""
        maps = (self.proc() / "maps").read_text().splitlines()
        files = sum("memfd:" in line or "/memfd" in line for line in maps)
        shared = sum(" rw-s " in line for line in maps)
        return {"descriptors": len(os.listdir(self.proc() / "fd")), "memory files": files,
                "shared mappings": shared}

    def settled(self):
        """What is held when nobody asks anything."""
        seen = []

        def quiet():
            seen.append(self.held())
            return len(seen) > 4 and seen[-1] == seen[-2] == seen[-3] and seen[-1]
        return wait_for(quiet, "a quiet moment")

    def cpu_ns(self):
        """How long threads of each name have run."""
        ns = collections.Counter()
        for task in (self.proc() / "task").iterdir():
            ns[(task / "comm").read_text().strip()] += int(
                (task / "schedstat").read_text().split()[0])
        return ns

    def spent(self, thread):
        """For how long threads of that name have run since the attack began."""
        return self.cpu_ns()[thread] - self.work[thread]

    def kept_waiting_s(self):
        """For how long the worker was ready to run and others had its core, or its core was taken
        from this machine."""
        worker, = ((task / "schedstat").read_text() for task in (self.proc() / "task").iterdir()
                   if (task / "comm").read_text().startswith("xd-worker"))
        steal, = (line.split()[8] for line in open("/proc/stat")
                  if line.startswith(f"cpu{WORKER_CORE} "))
        return int(worker.split()[1]) / 1e9 + int(steal) / os.sysconf("SC_CLK_TCK")

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", (self.proc() / "status").read_text()).group(1))

    def lines(self):
        """How many lines the switch has logged."""
        return self.daemon.logged().count("\n")

    def sanitized(self):
        return "asan" in (self.proc() / "maps").read_text()

    def bad(self):
        """What `port show bad` says, without a crossdockctl for each time."""
        with self.daemon.connect() as switch:
            return switch.show("port", "bad")[0]

    # ---- Honest traffic ----

    def honest(self):
        """Frames from a to b and back, none of which may be lost; and one to everybody, or many,
        so that the hostile port gets something too."""
        self.b.drain()
        self.a.drain()
        there, back = frame(B, A, size=1000), frame(A, B)
        self.assertEqual(self.a.blast(ROUND, there), ROUND)
        self.assertEqual(self.b.blast(ROUND, back), ROUND)
        self.a.blast(self.broadcasts, frame(BROADCAST, A, size=1514))
        last = frame(B, A, payload=b"last %d" % self.count)
        self.a.tx(last)
        self.count += 1
        got = [data for data in self.b.rx_until(last) if data[6:12] != HOSTILE]
        self.assertEqual(sum(data == there for data in got), ROUND, "frames from a to b")
        last = frame(A, B, payload=b"last %d" % self.count)
        self.b.tx(last)
        got = self.a.rx_until(last)
        self.assertEqual(sum(data == back for data in got), ROUND, "frames from b to a")

    def attack(self, name, expected):
        """One attack, beside which next to nothing of the flow is lost, but for what was due while
        the worker had no core. The switch's own fault is there every time: so there are more
        tries."""
        reports = []
        for _ in range(TRIES):
            before = self.kept_waiting_s()
            reports.append(self.once(name, expected))
            waited = (self.kept_waiting_s() - before) * RATE_PPS
            self.gone()
            if self.sanitized() or (reports[-1]["lost"] - waited) * 100 < reports[-1]["due"]:
                return
        self.fail(f"frames lost beside the attack: {reports}")

    def once(self, name, expected):
        """One attack, with traffic around it and while it lasts; returns what the flow reports."""
        wait_for(lambda: "resting" not in self.bad()["driver"], "the port to have rested")
        before = self.bad()
        drops = sum(before["drops"].values())
        faults = int(before["driver"].get("faults", 0))
        lines = self.lines()
        self.work = self.cpu_ns()
        self.broadcasts = ROUND if expected == "scattered" else 1
        self.flow.report()
        hostile = Dialogue([program("hostile"), str(self.path("bad")), name],
                           self.directory / f"{name.replace('/', '-')}.log")
        try:
            self.honest()
            while True:
                if not hostile.lines.empty():
                    break
                self.honest()
            line = hostile.line()
            self.assertEqual(line, "done")
            self.honest()
            self.seen(expected, faults, drops)
            report = self.flow.report()
            self.assertLess(self.held()["descriptors"] - self.baseline["descriptors"], SHARE)
            self.assertLess(self.lines() - lines, LINES)
            hostile.send("")
            self.assertEqual(hostile.process.wait(PATIENCE_S), 0)
            return report
        except AssertionError as error:
            raise AssertionError(f"{error}; the attack: {hostile.tail()}") from None
        finally:
            hostile.kill()

    def by_itself(self, name):
        """One attack that nobody looks at."""
        done = subprocess.run([program("hostile"), str(self.path("bad")), name],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)

    def seen(self, expected, faults, drops):
        """What the switch says of the port matches what comes of the attack."""
        if expected == "fault":
            # What is in the receive ring is not looked at before there are frames for it, and some
            # buffers may have been read before they were spoiled.
            wait_for(lambda: self.honest() or
                     int(self.bad()["driver"].get("faults", 0)) > faults, "the fault to be seen")
            shown = self.bad()
            self.assertEqual(shown["state"], "down")
            self.assertIn("fault", shown["driver"])
        elif expected == "dropped":
            wait_for(lambda: sum(self.bad()["drops"].values()) > drops, "drops to be counted")
        elif expected == "scattered":
            wait_for(lambda: "scattered" in self.bad()["drops"], "the reason to be counted")
        elif expected == "reaped":
            wait_for(lambda: self.spent("xd-reaper") > self.spent("xd-control"),
                     "reapers to have done more than control")
        elif expected == "slow":
            self.assertIn("rests", self.bad()["driver"])
        elif expected == "unused":
            self.assertEqual(self.bad()["state"], "down")
        if expected in ("dropped", "harmless", "unused", "refused"):
            self.assertEqual(int(self.bad()["driver"].get("faults", 0)), faults,
                             self.bad()["driver"].get("fault"))

    def gone(self):
        """The hostile front end has left, and nothing of it is held."""
        wait_for(lambda: "waiting" in self.bad()["driver"]["connection"], "its hang-up to be seen")
        try:
            # Whoever asked last over the control socket may still be hanging up.
            wait_for(lambda: self.held() == self.baseline, "descriptors and mappings to be closed")
        except Timeout as error:
            raise AssertionError(f"{error}: {self.held()}, not {self.baseline}") from None

    def run_attacks(self, names):
        self.count = 0
        # A port keeps one file for where packed rings stand, from when it first sees one.
        self.by_itself("ring/size-1/packed")
        self.baseline = self.settled()
        before = {name: self.daemon.drops(name) for name in ("a", "b")}
        for name in names:
            with self.subTest(name):
                self.attack(name, attacks()[name])
                self.victim.drain()
        self.assertTrue(self.daemon.up("a", "b", "victim"))
        # Nothing of the honest guests' was dropped.
        for name in ("a", "b"):
            self.assertEqual(self.daemon.drops(name), before[name], self.daemon.port(name))
        self.heal()

    def heal(self):
        """An honest guest can use the port again."""
        wait_for(lambda: "resting" not in self.bad()["driver"], "the port to have rested")
        again = self.guest("bad")
        self.expect(again, frame(BROADCAST, mac(0xBAD)), [self.a, self.b])
        self.learn(again, mac(0xBAD))
        self.expect(self.a, frame(mac(0xBAD), A), [again])
        again.kill()

    def group(self, group):
        names = [name for name in attacks() if name.split("/")[0] == group]
        self.assertTrue(names)
        self.run_attacks(names)

    # ---- The attacks, by group ----

    def test_protocol(self):
        self.group("protocol")

    def test_handover(self):
        self.group("handover")

    def test_memory(self):
        self.group("memory")

    def test_ring(self):
        self.group("ring")

    def test_chain(self):
        self.group("chain")

    def test_split(self):
        self.group("split")

    def test_packed(self):
        self.group("packed")

    def test_header(self):
        self.group("header")

    def test_truncate(self):
        self.group("truncate")

    def test_inflight(self):
        self.group("inflight")

    def test_load(self):
        self.group("load")

    def test_restart(self):
        self.group("restart")

    def test_eventfd(self):
        self.group("eventfd")

    def test_time(self):
        self.group("time")

    def test_every_group_is_run(self):
        groups = {name.split("/")[0] for name in attacks()}
        self.assertEqual(groups, {name.removeprefix("test_") for name in dir(self)
                                  if name.startswith("test_")} & groups)

    def test_memory_does_not_grow(self):
        """The same attacks over and over: what the first rounds took is enough for the others."""
        rss = []
        for _ in range(6):
            for name in SHORT:
                self.by_itself(name)
            rss.append(self.rss_kib())
        if not self.sanitized():  # whose allocator keeps what was freed
            self.assertLess(rss[-1] - rss[1], RSS_GROWTH_KIB, rss)
