# SPDX-License-Identifier: BSD-3-Clause
"""Systems that are started, measured and stopped in turn, round by round; medians of their figures
and of the ratios to one of them in the same round. fabrics and kvm have this in common."""

import statistics
import sys
import time


def say(text=""):
    print(text, flush=True)


class Figure:
    """measure(near, far, seconds) returns its value in `unit`; None: it comes with others."""

    def __init__(self, name, title, unit, more, measure=None):
        self.name, self.title, self.unit, self.more = name, title, unit, more
        self.measure, self.tool = measure, title.split()[0]


class Progress:
    """What is done, and how long the rest may take, on one line of a terminal."""

    def __init__(self, trials):
        self.trials, self.done, self.began = trials, 0, time.monotonic()
        self.shown = sys.stderr.isatty()

    def left(self):
        if not self.done:
            return "time left not known yet"
        each = (time.monotonic() - self.began) / self.done
        seconds = each * (self.trials - self.done)
        return (f"about {seconds / 60:.0f} min left" if seconds > 90
                else f"about {seconds:.0f} s left")

    def step(self, title, what):
        if self.shown:
            print(f"\r\033[K{self.done}/{self.trials}  {title}: {what}  ({self.left()})", end="",
                  file=sys.stderr, flush=True)

    def clear(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def measure(rounds, systems, trials, trial, shown):
    """Adds to trials as they are done. trial(system, step) is one; shown: figures of its line."""
    progress = Progress(rounds * len(systems))
    for number in range(1, rounds + 1):
        for system in systems:
            try:
                done = trial(system, lambda what, s=system: progress.step(s.title, what))
            except (AssertionError, OSError) as failure:
                done = {"system": system.name, "note": "", "figures": {},
                        "errors": {"start": str(failure)[:2000]}}
            progress.done += 1
            progress.clear()
            trials.append({"round": number, **done})
            say(line_of(number, system, done, shown))
            say(f"      {progress.done} of {progress.trials} done, {progress.left()}")


def line_of(number, system, done, shown):
    text = ", ".join(f"{name} {value:.3g}" for name, value in done["figures"].items()
                     if name in shown)
    note = f" [{done['note']}]" if done["note"] else ""
    wrong = "".join(f"\n      {name}: {error}" for name, error in done["errors"].items())
    return f"  {number}  {system.title}{note}: {text or 'nothing'}{wrong}"


def summary_of(figures, systems, trials, beside):
    """By figure, by system: the median, its range, and the median ratio of another's to it.
    beside(system): the name of that other one, or None."""
    found = []
    for figure in figures:
        entry = {"figure": figure.name, "title": figure.title, "unit": figure.unit,
                 "more_is_better": figure.more, "systems": []}
        for system in systems:
            mine = {t["round"]: t["figures"][figure.name] for t in trials
                    if t["system"] == system.name and figure.name in t["figures"]}
            reference = {t["round"]: t["figures"].get(figure.name) for t in trials
                         if t["system"] == beside(system)}
            ratios = [reference[i] / mine[i] for i in mine if reference.get(i) and mine[i]]
            if not mine:
                continue
            values = list(mine.values())
            notes = [t["note"] for t in trials if t["system"] == system.name and t["note"]]
            entry["systems"].append({
                "system": system.name, "title": system.title, "note": notes[0] if notes else "",
                "n": len(values), "median": statistics.median(values), "min": min(values),
                "max": max(values), "beside": beside(system),
                "beside_to_this": statistics.median(ratios) if ratios else None})
        if entry["systems"]:
            found.append(entry)
    return found


def show(summary):
    for entry in summary:
        say(f"\n{entry['title']}, {entry['unit']}")
        for s in entry["systems"]:
            ratio = s["beside_to_this"]
            beside = f"   {s['beside']} has {ratio:.2f} of it" if ratio else ""
            note = f"   {s['note']}" if s["note"] else ""
            say(f"  {s['title']:46} {s['median']:9.3g}  ({s['min']:.3g} to {s['max']:.3g})"
                f"{beside}{note}")
