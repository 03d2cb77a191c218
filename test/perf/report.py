# SPDX-License-Identifier: BSD-3-Clause
"""Medians of trials, medians of pairwise ratios, and the table of them."""

import statistics

CLASSES = ("near", "far")
REFERENCE = "crossdock"


def value(trial, metric):
    """A metric of a trial in the metric's unit, or None."""
    found = trial["result"]
    for key in metric.path:
        found = found.get(key) if isinstance(found, dict) else None
    return found * metric.scale if found is not None else None


def cycles(trial):
    return (trial["result"].get("switch") or {}).get("busy_cycles_per_frame")


def cpus(trial):
    """Of the whole machine, softirq and the generator included: how many were busy."""
    cpu_s, time_s = (trial["result"].get(key) for key in ("cpu_s", "time_s"))
    return cpu_s / time_s if cpu_s is not None and time_s else None


def spread(values):
    values = [v for v in values if v is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "n": len(values)}


def pairs(trials, label, placement, first=REFERENCE):
    """(crossdock's trial, or that of `first`, the other's) of the rounds in which both had this
    placement class."""
    def of(name):
        return {t["round"]: t for t in trials
                if t["subject"] == name and t["class"] == placement and t.get("result")}

    ours, theirs = of(first), of(label)
    return [(ours[i], theirs[i]) for i in sorted(ours) if i in theirs]


def ratios(trials, label, placement, metric, first):
    found = []
    for ours, theirs in pairs(trials, label, placement, first):
        a, b = value(ours, metric), value(theirs, metric)
        if a is not None and b:
            found.append(a / b)
    return spread(found)


def summarise(row, subjects, trials):
    """One entry for each placement class that has trials."""
    summary = []
    for placement in CLASSES:
        mine = [t for t in trials if t["class"] == placement and t.get("result")]
        if not mine:
            continue
        entry = {"class": placement, "subjects": []}
        for who in subjects:
            label = who.label
            own = [t for t in mine if t["subject"] == label]
            subject = {"subject": label, "ratio_of": who.of, "trials": len(own),
                       "cycles_per_frame": spread([cycles(t) for t in own]),
                       "cpus": spread([cpus(t) for t in own]),
                       "core_ns": spread([ns for t in own for ns in t["core_ns"]]),
                       "steal": sum(1 for t in own if t["steal_noticeable"]),
                       "metrics": {}, "ratios": {}}
            for metric in row.metrics:
                subject["metrics"][metric.name] = spread([value(t, metric) for t in own])
                if label != who.of:
                    subject["ratios"][metric.name] = ratios(trials, label, placement, metric,
                                                            who.of)
            entry["subjects"].append(subject)
        summary.append(entry)
    return summary


def judge(targets, placement, label, metric_name, found, wanted, what):
    for target_label, target_metric, relation, bound in targets:
        if isinstance(bound, dict):
            bound = bound.get(placement)
        if target_label == label and target_metric == metric_name and bound is not None:
            text = f"{relation} {bound:.3g}"
            if not found:
                return text
            met = found["median"] >= bound if relation == ">=" else found["median"] <= bound
            short = "" if found["n"] >= wanted else f" ({found['n']} {what} only)"
            return f"{text}: {'met' if met else 'MISSED'}{short}"
    return ""


def verdicts(row, placement, subject, wanted):
    """What the targets say of a subject: of its ratios, and of its own figures."""
    label, found = subject["subject"], []
    for metric in row.metrics:
        found.append(judge(row.targets, placement, label, metric.name,
                           subject["ratios"].get(metric.name), wanted, "pairs"))
        found.append(judge(row.bounds, placement, label, metric.name,
                           subject["metrics"][metric.name], wanted, "trials"))
    return ", ".join(verdict for verdict in found if verdict)


def number(found, digits):
    if not found:
        return "-"
    text = f"{found['median']:.{digits}f}"
    if found["n"] > 1:
        text += f" ({found['min']:.{digits}f}..{found['max']:.{digits}f})"
    return text


def table(header, lines):
    widths = [max(len(line[i]) for line in [header] + lines) for i in range(len(header))]
    text = []
    for line in [header] + lines:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        text.append("  " + "  ".join(cells).rstrip())
    return text


def show_entry(row, entry, options):
    header = ["", "trials"]
    header += [metric.title for metric in row.metrics]
    header += ["cycles/frame"] if row.engine == "rate" else []
    header += ["CPUs busy", "core-to-core ns"]
    header += [f"crossdock/this, {metric.title.split(' us')[0]}" for metric in row.metrics]
    header += ["pairs"]
    header += ["target"] if options.targets else []
    lines = []
    for subject in entry["subjects"]:
        line = [subject["subject"], str(subject["trials"]) + ("*" if subject["steal"] else "")]
        line += [number(subject["metrics"][m.name], m.digits) for m in row.metrics]
        if row.engine == "rate":
            line.append(number(subject["cycles_per_frame"], 0))
        line += [number(subject["cpus"], 2), number(subject["core_ns"], 0)]
        found = [subject["ratios"].get(m.name) for m in row.metrics]
        other = f" {subject['ratio_of']}/this" if subject["ratio_of"] != REFERENCE else ""
        line += [number(f, 2) + (other if f else "") for f in found]
        line.append(str(found[0]["n"]) if found[0] else "-")
        if options.targets:
            line.append(verdicts(row, entry["class"], subject, options.pairs))
        lines.append(line)
    return table(header, lines)


def show(row, summary, trials, options):
    text = [f"{row.title} ({row.name})"]
    for entry in summary:
        text.append(f" {entry['class']} cores")
        text += show_entry(row, entry, options)
    for placement, why in (("mixed", "the cores moved meanwhile"),
                           ("unknown", "the core-to-core round trip is not known"),
                           ("failed", "they could not be done")):
        left_out = sum(1 for t in trials if t["class"] == placement)
        if left_out:
            text.append(f"  {left_out} trials are left out: {why}")
    if any(s["steal"] for entry in summary for s in entry["subjects"]):
        text.append("  * some of these trials lost more than 1 % of a CPU to the hypervisor")
    return "\n".join(text)


def trial_line(trial, row):
    """One line for a trial that is done."""
    head = f"  {trial['round']:2d}  {trial['subject']:20s}"
    if trial.get("error"):
        return f"{head} failed: {trial['error']}"
    figures = []
    for metric in row.metrics:
        found = value(trial, metric)
        figures.append(f"{found:.{metric.digits}f} {metric.title}" if found is not None else "-")
    if cycles(trial) is not None:
        figures.append(f"{cycles(trial):.0f} cycles/frame")
    lost = trial["result"].get("lost_frames")
    if lost:
        figures.append(f"{lost} lost")
    placement = "/".join(f"{ns:.0f}" for ns in trial["core_ns"]) or "?"
    steal = f"  steal {trial['steal_s']:.2f} s" if trial["steal_noticeable"] else ""
    return f"{head} {trial['class']:5s} {placement + ' ns':12s} {', '.join(figures)}{steal}"


def environment(env):
    cores = (f"generator on core {env['generator_core']}, device under test on core "
             f"{env['dut_core']}, other threads on {env['other_cpus']}")
    pages = ("2 MiB hugepages for every system" if env["hugepages"]
             else "no hugepages for any system")
    lines = [f"CPU     {env['cpu']}, {env['cpus']} CPUs"
             + (", virtual machine" if env["virtual_machine"] else ""),
             f"kernel  {env['kernel']}", f"DPDK    {env['dpdk']}"]
    lines += [f"{name:7s} {version}" for name, version in env["versions"].items()]
    lines += [f"cores   {cores}", f"memory  {pages}",
              f"trials  {env['time_s']:g} s after {env['warmup_s']:g} s of warm-up; every byte "
              f"written and read (touch=full); crossdock's worker: idle {env['idle']}"]
    if env["guest"]:
        lines.append(f"guests  negotiate {env['guest']}")
    if env["busy_cpus_before"] > 0.1:
        lines.append(f"WARNING other programs keep {env['busy_cpus_before']:.1f} CPUs busy: every "
                     "figure will be too low, and ratios by chance")
    return "\n".join(lines)
