# SPDX-License-Identifier: BSD-3-Clause
"""One trial: crossdock-pktgen against one system that runs."""

import json
import os
import subprocess
import time

import condition as conditions
import crossdock_switch
import processes

# Where in the measured time the device under test is asked for its cycles, as shares of it.
WINDOW = (0.3, 0.8)
SAMPLE_EVERY_S = 0.2


class Generator:
    def __init__(self, condition):
        self.condition = condition
        self.program = crossdock_switch.program(condition.build, "crossdock-pktgen")
        if not self.program:
            raise processes.Failure(f"no crossdock-pktgen in {condition.build}: "
                                  "meson setup build && ninja -C build")
        self.document = None  # of the last trial: the whole result file

    def command(self, system, engine, ports, options, result, guest=""):
        c = self.condition
        command = [self.program, engine]
        for port in ports:
            own = (c.guest, guest) if system.guests else ()
            command += ["--port", ",".join(filter(None, (port, *own)))]  # given twice: the last
        command += ["--core", str(c.generator_core),
                    "--placement", f"{c.generator_core},{c.dut_core}", "--json", result]
        for key, value in options.items():
            command += [f"--{key}", str(value)]
        if system.control:
            command += ["--switch", system.control]
        return system.enter(command)

    def ready(self, system, ports, guest=""):
        """Leaves the system in the state that it keeps while it runs."""
        options = {"size": 64, "flows": 1, "direction": "one", "rate": "max",
                   "time": 0.2, "warmup": 0, "touch": "full"}
        system.ready(lambda: self.trial(system, ports, "rate", options, guest, sample=False))

    def trial(self, system, ports, engine, options, guest="", sample=True):
        """Runs the generator to its end; returns its row, with the system's cycles in it, and
        how many notifications it sent for each frame where that is known."""
        result = system.group.path("result.json")
        if os.path.exists(result):
            os.unlink(result)
        command = self.command(system, engine, ports, options, result, guest)
        steal = conditions.steal_s()
        before = system.notifications()
        child = system.group.start(command)
        sampler = Sampler(system, self.condition,
                          sample and engine == "rate" and system.tells_cycles)
        end = time.monotonic() + 120 + 4 * self.condition.time_s
        while child.poll() is None:
            if time.monotonic() > end:
                system.group.end(child)
                raise processes.Failure(f"the generator did not end: {' '.join(command)}")
            sampler.look()
            try:
                child.wait(sampler.pause_s())
            except subprocess.TimeoutExpired:
                pass
        log = system.group.children.pop()[1]
        row = self.read(child, result, log)
        row["steal_all_s"] = conditions.steal_s() - steal
        if not row.get("switch"):
            row["switch"] = sampler.figures()
        row["facts"] = sampler.facts
        row["notify_per_frame"] = per_frame(before, system.notifications())
        return row

    def read(self, child, result, log):
        try:
            with open(result, encoding="utf-8") as source:
                data = json.load(source)
        except (OSError, ValueError):
            data = {}
        if child.returncode or not data.get("rows") or data.get("partial"):
            with open(log, encoding="utf-8", errors="replace") as source:
                said = source.read().strip().splitlines()[-3:]
            raise processes.Failure(f"crossdock-pktgen, status {child.returncode}: "
                                  + " | ".join(said or ["it said nothing"]))
        self.document = data
        return dict(data["rows"][-1])


def per_frame(before, after):
    """Of (notifications, frames) before and after; learning and warm-up are in it."""
    if not before or not after or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


class Sampler:
    """Asks the device under test for its cycles twice within the measured time. It starts from
    when the first frames are seen, and asks seldom: it runs beside the generator."""

    def __init__(self, system, condition, wanted):
        self.system = system
        self.condition = condition
        self.next = time.monotonic() + SAMPLE_EVERY_S if wanted else None
        self.frames = system.cycles()[1] if wanted else 0
        self.samples = []
        self.started = False
        self.facts = {}

    def pause_s(self):
        if self.next is None:
            return 0.1
        return max(0.01, min(0.1, self.next - time.monotonic()))

    def look(self):
        if self.next is None or time.monotonic() < self.next:
            return
        try:
            self.sample()
        except (OSError, processes.Failure, ValueError, KeyError, TypeError):
            self.next = None  # it answers no more: the row does without

    def sample(self):
        c = self.condition
        cycles, frames = self.system.cycles()
        now = time.monotonic()
        if not self.started:
            self.started = frames > self.frames
            wait = c.warmup_s + WINDOW[0] * c.time_s if self.started else SAMPLE_EVERY_S
            self.next = now + wait
            return
        self.samples.append((cycles, frames))
        self.next = now + (WINDOW[1] - WINDOW[0]) * c.time_s
        if len(self.samples) == 2:
            self.next = None
            self.facts = self.system.facts()

    def figures(self):
        if len(self.samples) < 2:
            return None
        (cycles0, frames0), (cycles1, frames1) = self.samples
        if frames1 <= frames0:
            return None
        return {"busy_cycles_per_frame": (cycles1 - cycles0) / (frames1 - frames0)}
