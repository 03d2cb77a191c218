# SPDX-License-Identifier: BSD-3-Clause
"""
Systems compared under one generator, one trial each in turn: what test/perf/peers and
test/perf/appliances have in common. Two cores: the generator on one, the device under test on the
other. The round trip of a cache line between the two cores is measured before and after every
trial, and only trials of one class (near: under 200 ns; far: above) are compared. What counts is
the median of the pairwise ratios.
"""

import argparse
import json
import os
import signal
import sys

import condition as conditions
import processes
import report
from generator import Generator
from results import Results
from rows import subjects_of

NEAR_NS = 200
STEAL_SHARE = 0.01  # of one CPU, from which on a trial is marked
FAILURES = 2        # in a row, after which a subject is left out


def say(text=""):
    print(text, flush=True)


class Comparison:
    """name: of the program. systems: classes (system.py), crossdock's first. groups: of rows, by the
    word that asks for all of them. A program overrides what is different in it."""

    def __init__(self, name, title, systems, rows, groups=None):
        self.name = name
        self.title = title
        self.systems = systems
        self.rows = rows
        self.groups = {"all": tuple(row.name for row in rows), **(groups or {})}

    # ---- Options ----

    def parser(self):
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        build = os.environ.get("CROSSDOCK_BUILD", os.path.join(top, "build"))
        cpus = sorted(os.sched_getaffinity(0))
        parser = argparse.ArgumentParser(
            prog=self.name, description=self.title, epilog=self.help_of_rows(),
            formatter_class=argparse.RawDescriptionHelpFormatter)
        names = [system.name for system in self.systems if not system.only_named]
        parser.add_argument("--rows", metavar="LIST", default="all",
                            help="rows and groups to measure, separated by commas (%(default)s)")
        parser.add_argument("--peers", metavar="LIST", default=",".join(names[1:]),
                            help=f"of {', '.join(names[1:])} (all); crossdock always takes part")
        for system in self.systems:
            if system.built:
                parser.add_argument(f"--{system.name}", default="", **system.built)
        parser.add_argument("--pairs", metavar="N", type=int, default=5,
                            help="pairs of one placement class wanted (%(default)s)")
        parser.add_argument("--rounds", metavar="N", type=int,
                            help="rounds at most, when the cores move (twice --pairs)")
        parser.add_argument("--time", metavar="S", type=float, default=3,
                            help="seconds measured in each trial (%(default)s)")
        parser.add_argument("--warmup", metavar="S", type=float, default=1,
                            help="seconds before that (%(default)s)")
        parser.add_argument("--gen-core", metavar="CPU", type=int, default=cpus[0],
                            help="the generator's CPU (%(default)s)")
        parser.add_argument("--dut-core", metavar="CPU", type=int, default=cpus[-1],
                            help="the forwarding CPU of the device under test (%(default)s)")
        self.add_pages(parser)
        parser.add_argument("--idle", choices=("sleep", "poll"), default="sleep",
                            help="workers.idle of crossdockd (%(default)s)")
        parser.add_argument("--guest", metavar="OPTIONS", default="",
                            help="what the generator's guests negotiate, such as "
                                 "mrg=on,event_idx=on")
        parser.add_argument("--crossdock", metavar="BUILD_DIR", default=build,
                            help="where it was built (%(default)s)")
        parser.add_argument("--targets", action="store_true",
                            help="show the project's targets beside the ratios")
        parser.add_argument("--json", metavar="FILE",
                            help="every trial and the summary, for programs")
        parser.add_argument("--results", metavar="DIR",
                            help="crossdock-pktgen's result files, one for each system, and the "
                                 "report of them, report.html")
        return parser

    def help_of_rows(self):
        """A line for each row, and one for each group."""
        width = max(len(row.name) for row in self.rows)
        lines = ["rows:", *(f"  {row.name:{width}}  {row.title}" for row in self.rows), "",
                 "groups of rows:"]
        for name, rows in self.groups.items():
            lines.append(f"  {name:{width}}  "
                         + ("every row" if name == "all" else " ".join(rows)))
        return "\n".join(lines)

    @staticmethod
    def add_pages(parser):
        pages = parser.add_mutually_exclusive_group()
        pages.add_argument("--hugepages", action="store_const", const=True, dest="hugepages",
                           help="for every system (when enough are free)")
        pages.add_argument("--no-hugepages", action="store_const", const=False, dest="hugepages",
                           help="for none")

    def check(self, parser, options):
        known, chosen = self.groups["all"], set()
        peers = [s.name for s in self.systems if s.name != "crossdock" and not s.only_named]
        options.peers = [name for name in options.peers.split(",") if name and name != "crossdock"]
        for name in options.rows.split(","):
            if name not in known and name not in self.groups:
                parser.error(f"--rows: no row {name!r}; there are "
                             f"{', '.join((*known, *self.groups))}")
            chosen.update(self.groups.get(name, (name,)))
        options.rows = [name for name in known if name in chosen]
        for name in options.peers:
            if name not in peers:
                parser.error(f"--peers: no peer {name!r}; there are {', '.join(peers)}")
        if options.pairs < 1 or options.time <= 0 or options.warmup < 0:
            parser.error("--pairs is at least 1, --time more than 0, --warmup not below 0")
        if options.rounds is None:
            options.rounds = 2 * options.pairs
        self.check_machine(parser, options)

    @staticmethod
    def check_machine(parser, options):
        allowed = os.sched_getaffinity(0)
        for option, core in (("--gen-core", options.gen_core), ("--dut-core", options.dut_core)):
            if core not in allowed:
                parser.error(f"{option} {core}: this process may run on CPUs {sorted(allowed)}")
        if options.gen_core == options.dut_core:
            parser.error("the generator and the device under test need a core each: two CPUs at "
                         "least")
        if os.geteuid():
            parser.error(f"OVS-DPDK and pinned threads need root: sudo {sys.argv[0]}")
        free = conditions.free_hugepages()
        if options.hugepages and free < conditions.PAGES_NEEDED:
            parser.error(f"--hugepages: {free} free, {conditions.PAGES_NEEDED} needed: "
                         "echo 1024 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
        if options.hugepages is None:
            options.hugepages = free >= conditions.PAGES_NEEDED

    # ---- Who takes part ----

    def condition_of(self, options):
        built = {system.name: getattr(options, system.name) for system in self.systems
                 if system.built}
        return conditions.Condition(options.crossdock, options.gen_core, options.dut_core,
                                    options.hugepages, options.idle, options.time, options.warmup,
                                    options.guest, built)

    def present(self, options, condition):
        """The systems that can run; says what to do for those that cannot."""
        found = []
        for system in self.systems:
            wanted = system.only_named or system.name in ["crossdock", *options.peers]
            if not wanted:
                continue
            wanting = system.missing(condition)
            if wanting and system.name == "crossdock":
                raise processes.Failure(wanting)
            if wanting:
                say(f"{system.title} is not here and is left out; to have it: {wanting}")
                continue
            found.append(system)
        return found

    # ---- Trials ----

    def settings(self, row, subject):
        """What a system is started with (system.py)."""
        return {"client": row.client, "tso": row.tso, "mac_limit": subject.mac_limit,
                "no_flood_local": subject.no_flood_local, "full": subject.full,
                "engine": row.engine}

    def prepare(self, row, generator, system, ports, guest):
        """Leaves a system that was started in the state that it keeps while it runs."""
        generator.ready(system, ports, guest)

    def trial(self, row, subject, system, group, options, results):
        """Runs one trial of a system that is to be started; returns the generator's row."""
        ports = system.start(group, subject.nb_ports or row.nb_ports, **self.settings(row, subject))
        generator = Generator(system.condition)
        guest = ",".join(filter(None, ("server" if row.client else "", row.guest, subject.guest)))
        self.prepare(row, generator, system, ports, guest)
        result = generator.trial(system, ports, row.engine, options, guest,
                                 sample=row.facts or not system.control)
        results.add(row.name, subject.label, generator.document)
        if result.get("void"):
            raise processes.Failure(f"void: {result.get('void_reason')}")
        return result

    def measure(self, row, subject, systems, condition, results):
        """Starts the subject's system, runs one trial and stops it."""
        system = next(s for s in systems if s.name == subject.system)(condition)
        with processes.Group(system.name) as group:
            result = self.trial(row, subject, system, group,
                                generator_options(row, subject, condition), results)
        core_ns, placement = classify(result.get("placement") or {})
        return {"result": result, "core_ns": core_ns, "class": placement,
                "steal_s": result.get("steal_s") or 0.0,
                "steal_noticeable":
                    (result.get("steal_s") or 0.0) > STEAL_SHARE * condition.time_s}

    def run_row(self, row, systems, options, condition, trials, results):
        """Adds to trials as they are done."""
        subjects = subjects_of(row, systems)
        failures = {}
        say(f"\n{row.title}: {', '.join(s.label for s in subjects)} in turn")
        for number in range(1, options.rounds + 1):
            for subject in list(subjects):
                trial = {"row": row.name, "round": number, "subject": subject.label}
                try:
                    trial.update(self.measure(row, subject, systems, condition, results))
                    failures[subject.label] = 0
                except AssertionError as failure:
                    trial.update({"error": str(failure), "class": "failed"})
                    failures[subject.label] = failures.get(subject.label, 0) + 1
                trials.append(trial)
                say(report.trial_line(trial, row))
                if failures[subject.label] >= FAILURES:
                    say(f"  {subject.label} is left out of this row")
                    subjects.remove(subject)
            labels = [subject.label for subject in subjects]
            if not labels or report.REFERENCE not in labels or \
                    enough(trials, subjects, options.pairs):
                break

    # ---- The whole ----

    def run(self, options):
        condition = self.condition_of(options)
        systems = self.present(options, condition)
        env = conditions.environment(condition)
        env["versions"] = {system.name: system.version(condition) for system in systems}
        say(report.environment(env))
        begun, complete = [], False
        results = Results(options.results)
        try:
            for row in self.rows:
                if row.name in options.rows:
                    begun.append((row, []))
                    self.run_row(row, systems, options, condition, begun[-1][1], results)
            complete = True
        except KeyboardInterrupt:
            say("\ninterrupted: what is done so far follows")
        finished = [conclude(row, systems, options, trials) for row, trials in begun]
        failed = any(trial.get("error") for _, trials in begun for trial in trials)
        if options.json:
            write_json(options.json, self.name, env, finished, complete)
        show(finished, results, condition, env["versions"])
        if not complete:
            return 130
        return 1 if failed else 0

    def main(self, argv):
        parser = self.parser()
        options = parser.parse_args(argv)
        self.check(parser, options)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            return self.run(options)
        except AssertionError as failure:
            print(f"{self.name}: {failure}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return 130


def classify(placement):
    """The round trips before and after, and their class."""
    times = [placement.get(key) for key in ("before_ns", "after_ns")]
    if None in times:
        return [ns for ns in times if ns is not None], "unknown"
    near = [ns < NEAR_NS for ns in times]
    return times, "near" if all(near) else "mixed" if any(near) else "far"


def generator_options(row, subject, condition):
    options = {**dict(row.options), **dict(subject.options)}
    if row.engine == "rate":
        options = {"rate": "max", "warmup": condition.warmup_s, **options}
    options.update({"time": condition.time_s, "touch": "full", "label": subject.label})
    return options


def enough(trials, subjects, pairs):
    """Whether every subject has its pairs, in one class."""
    labels = [subject.label for subject in subjects]
    others = [s for s in subjects if s.label != s.of and s.of in labels]
    if not others:
        return len([t for t in trials if t.get("result")]) >= pairs
    return any(all(len(report.pairs(trials, other.label, placement, other.of)) >= pairs
                   for other in others)
               for placement in report.CLASSES)


def conclude(row, systems, options, trials):
    summary = report.summarise(row, subjects_of(row, systems), trials)
    return {"row": row.name, "title": row.title, "trials": trials, "summary": summary,
            "text": report.show(row, summary, trials, options)}


def facts_line(done):
    """What the switch said of itself in the last trial that asked it."""
    found = [t["result"]["facts"] for t in done["trials"]
             if t.get("result") and t["result"].get("facts") and t["subject"] == "crossdock"]
    if not found:
        return ""
    facts = found[-1]
    mib = {key: (facts.get(key) or 0) / 2**20 for key in ("fdb_bytes", "eal_bytes")}
    return (f"  crossdock: {facts.get('macs')} addresses learned, {facts.get('not_learned')} "
            f"refused; FDB {mib['fdb_bytes']:.0f} MiB, EAL {mib['eal_bytes']:.0f} MiB")


def write_json(path, name, env, finished, complete):
    data = {"schema": f"crossdock-{name}/1", "complete": complete, "environment": env,
            "rows": [{key: value for key, value in done.items() if key != "text"}
                     for done in finished]}
    with open(path + ".new", "w", encoding="utf-8") as sink:
        json.dump(data, sink, indent=1)
        sink.write("\n")
    os.replace(path + ".new", path)


def show(finished, results, condition, versions):
    say("\nMedians (min..max); ratios are of pairs of trials that followed each other.\n")
    for done in finished:
        say("\n".join(line for line in (done["text"], facts_line(done)) if line) + "\n")
    if results.directory:
        say(f"report  {results.report(condition.build, versions)}")
