# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen report: made-up results in, a page out, whose figures are known beforehand."""

import copy
import html.parser
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import schema
from harness import Case
from process import PATIENCE_S, SOURCE, program, temporary_directory

SCHEMA = "crossdock-pktgen/2"
# Elements without an end.
VOID_ELEMENTS = {"meta", "br", "link", "img", "input", "hr"}
NEAR, FAR = 120, 470


def times(p50, scale=1.0):
    steps = {"min": 0.8, "mean": 1.05, "p50": 1, "p95": 1.3, "p99": 1.6, "p99_9": 3, "p99_99": 8,
             "max": 40}
    return {"count": 1000, **{f"{name}_ns": p50 * step * scale for name, step in steps.items()}}


def row(mpps=10.0, **changes):
    """A row of the rate engine; changes are of its members."""
    size = changes.get("size", 64)
    pps = mpps * 1e6
    made = {
        "engine": "rate", "name": None, "trial": 1, "size": size, "mix": None, "template": None,
        "capture": None, "flows": 1, "flow_kind": "mac", "direction": "one", "pattern": "pairs",
        "touch": "full", "rings": "guest", "ids": "lifo", "ring_size": 256, "tso": False, "time_s": 1.0,
        "asked_pps": None, "sent_frames": int(pps),
        "received_frames": int(pps), "lost_frames": 0, "learned_frames": 2,
        "learn_lost_frames": 0, "sent_pps": pps, "pps": pps, "l2_bps": pps * 8 * size,
        "l1_bps": pps * 8 * (size + 24), "bottleneck": "switch-core", "waiting_share": 0.5,
        "per_port": [], "pacing": None, "latency": None, "flow_figures": None,
        "search": None, "pairs": None, "tcp": None, "udp": None, "rr": None, "respond": None, "ping": None,
        "placement": {"before_ns": NEAR, "after_ns": NEAR, "class": "near"},
        "numa": {"memory": "0", "core": "0", "guest": "0", "remote": False},
        "steal_s": 0.0, "cpu_s": 2.0,
        "switch": {"frames": int(pps), "busy_cycles": int(pps) * 45,
                   "busy_cycles_per_frame": 45.0, "busy_share": 0.99},
        "void": False, "void_reason": None, "partial": False, "far": None,
    }
    made.update(changes)
    return made


def latency_row(p50_us, **changes):
    made = row(0.1, engine="latency", latency={
        "way": "round-trip", "count": 1000, "lost": 0, "actual": times(p50_us * 1e3),
        "planned": None, "half_mean_ns": p50_us * 525, "jitter": 1.6, "rfc3550_jitter_ns": None})
    made.update(changes)
    return made


def loaded_row(p50_us, **changes):
    """One way on a schedule of 100 kpps."""
    made = row(0.1, engine="latency", asked_pps=100e3, bottleneck="asked", latency={
        "way": "one-way", "count": 1000, "lost": None, "actual": times(p50_us * 1e3),
        "planned": times(p50_us * 1e3, 1.2), "half_mean_ns": None, "jitter": 1.6,
        "rfc3550_jitter_ns": 210.0}, pacing={
            "lateness": times(40), "within_500ns": 0.998, "max_burst": 2, "late_frames": 0,
            "blocked_frames": 3, "skipped_frames": 0, "missed_frames": 0,
            "sound_percentile": 99.5})
    made.update(changes)
    return made


def search_row(mpps, **changes):
    search = {"is_trial": False, "method": "mlr", "goal": "NDR", "found_pps": mpps * 1e6,
              "lower_pps": mpps * 1e6, "upper_pps": mpps * 1.005e6, "loss_ratio": 0.0,
              "trial_s": 1.0, "burst_frames": None, "burst_min_frames": None,
              "burst_max_frames": None, "burst_stddev_frames": None,
              "corrected_burst_frames": None, "repeats": None, "trials": 34,
              "total_s": 52.0, "complete": True, "missing": None}
    search.update(changes.pop("search", {}))
    return row(mpps, **{"engine": "search", "asked_pps": mpps * 1e6, "search": search, **changes})


def pairs_row(vms, gbps, jain=0.998, **changes):
    size = changes.get("size", 1514)
    pps = gbps * 1e9 / 8 / size
    each = pps / (vms / 2)
    return row(pps / 1e6, engine="pairs", size=size, **{"latency": {
        "way": "one-way", "count": 1000, "lost": None, "actual": times(3000 * vms),
        "planned": times(3500 * vms), "half_mean_ns": None, "jitter": 1.6,
        "rfc3550_jitter_ns": 300.0}, "pairs": {
            "vms": vms, "pairs": vms // 2, "is_baseline": False, "jain": jain,
            "min_pps": each * 0.9, "mean_pps": each, "max_pps": each * 1.1, "of_baseline": 0.9,
            "unloaded": times(700)}, **changes})


def message_row(size, gbps, test="bandwidth", **changes):
    own = {"test": test, "way": "forward", "message_bytes": size, "streams": 1, "verified": False,
           "wrong_bytes": None, "messages": 1000, "messages_s": gbps * 1e9 / 8 / size,
           "bps": gbps * 1e9, "mss": 1448, "segment_bytes": 1448.0, "retransmitted": 0,
           "limited_receiver": 0.0, "limited_congestion": 0.0, "limited_core": 1.0,
           "wrong_frames": 0, "failed": 0, "impaired_lost": 0, "impaired_dup": 0,
           "impaired_reordered": 0, **changes.pop("tcp", {})}
    latency = {"way": "round-trip", "count": 1000, "lost": 0, "actual": times(size + 4000),
               "planned": None, "half_mean_ns": (size + 4000) * 0.525, "jitter": 1.6,
               "rfc3550_jitter_ns": None} if test == "latency" else None
    return row(0.1, engine="tcp", size=1514, latency=latency, tcp=own, **changes)


def rr_row(test, per_s, **changes):
    own = {"test": test, "outstanding": 1, "streams": 1, "request_bytes": 1, "response_bytes": 1,
           "verified": False, "wrong_bytes": None, "transactions": 1000, "transactions_s": per_s,
           "request_bps": 8.0 * per_s, "response_bps": 8.0 * per_s, "p90_ns": 4000.0,
           "stddev_ns": 200.0, "limit": "answers", "lost": 0, "late": 0, "strange": 0,
           "mss": 1448, "segment_bytes": 1.0, "retransmitted": 0, "limited_receiver": 0.0,
           "limited_congestion": 0.0, "limited_core": 0.0, "wrong_frames": 0, "failed": 0,
           "impaired_lost": 0, "impaired_dup": 0, "impaired_reordered": 0,
           **changes.pop("rr", {})}
    return latency_row(4, engine="rr", size=1514, rr=own, **changes)


def suite(steps, label="crossdock", **changes):
    """steps: name, rows, and what else there is to say of it."""
    made = [{"name": name, "engine": rows[0]["engine"] if rows else "rate", "ports": 2,
             "guest": None, "options": ["--time", "1"], "reference": None,
             "state": "done" if rows else "pending", "reason": None, "expected_s": 2.0,
             "took_s": 2.5 if rows else None, "result": result(rows, label) if rows else None,
             **more} for name, rows, more in steps]
    return {"schema": "crossdock-pktgen-suite/1", "suite": "s", "file": "/s.yaml",
            "title": "A <title>", "command": "crossdock-pktgen suite s",
            "started": "2025-01-02T03:04:05Z", "label": label, "partial": False, "reason": None,
            "steps": made, **changes}


def result(rows, label=None, **changes):
    made = {
        "schema": SCHEMA, "command": "crossdock-pktgen rate --port virtio:/tmp/a.sock",
        "started": "2025-01-02T03:04:05Z", "label": label,
        "environment": {"crossdock": "0.1.0", "host": "bench1", "cpu": "A CPU", "cpus": 2,
                        "numa_nodes": 1,
                        "kernel": "Linux 6.1", "dpdk": "DPDK 22.11", "hugepages": True,
                        "tsc_hz": 2.4e9},
        "ports": [{"name": "virtio:/tmp/a.sock", "memory": "2 MiB pages, node 0", "rings": "guest",
                   "ids": "lifo", "ring_size": 256, "tso": False, "core": 1}],
        "partial": False, "reason": None, "rows": rows,
    }
    made.update(changes)
    return made


def trials(values, make=row, **changes):
    return [make(value, trial=i + 1, **copy.deepcopy(changes)) for i, value in enumerate(values)]


class Page(html.parser.HTMLParser):
    """What the tests want to know of a page: that its elements are closed in order, its text, what
    it refers to, and its tables as rows of cells' texts."""

    def __init__(self, text):
        super().__init__()
        self.open, self.references, self.tables, self.titles = [], [], {}, []
        self.table = None
        self.faults = []
        self.ids = []
        self.text = text
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.references += [value for name, value in attrs.items()
                            if name in ("src", "href", "xlink:href", "data", "action", "srcset")]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if any(name.startswith("on") for name in attrs) or tag in ("script", "link", "iframe"):
            self.faults.append(f"<{tag}> with {attrs}")
        if tag == "table":
            self.table = self.tables.setdefault(attrs["class"], [])
        elif tag == "tr":
            self.table.append([])
        elif tag in ("td", "th"):
            self.table[-1].append("")
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> after {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.titles.append(data)
        if self.table and self.table[-1] and ("td" in self.open or "th" in self.open):
            self.table[-1][-1] += data

    def row(self, table, *words):
        """The only row of a table that has all words in its first three cells."""
        found = [cells for cells in self.tables[table]
                 if all(any(word in cell for cell in cells[:3]) for word in words)]
        assert len(found) == 1, f"{words}: {found} of {self.tables[table]}"
        return found[0]


class Report(Case):
    def setUp(self):
        super().setUp()
        self.directory = temporary_directory(self)
        self.out = self.directory / "report.html"

    def write(self, name, document):
        path = self.directory / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def run_report(self, *words, **options):
        return subprocess.run([program("crossdock-pktgen"), "report", *map(str, words)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S * 4, cwd=self.directory, **options)

    def need_gnuplot(self):
        if not shutil.which("gnuplot"):
            self.skipTest("needs gnuplot (package gnuplot-nox)")

    def page(self, *words, reference="none"):
        self.need_gnuplot()
        done = self.run_report(*words, "-o", self.out, "--reference", reference)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        page = Page(self.out.read_text())
        self.assertEqual(page.faults, [])
        return page

    def fails(self, *words, status=1, **options):
        """Its one line; no page and nothing aside is left."""
        done = self.run_report(*words, "-o", self.out, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        line, = done.stderr.splitlines()
        self.assertTrue(line.startswith("crossdock-pktgen: "), line)
        self.assertEqual([p.name for p in self.directory.iterdir() if "html" in p.name], [])
        return line.removeprefix("crossdock-pktgen: ")


class Messages(Report):
    PUBLISHED = ("fabric,placement,protocol,message_bytes,bandwidth_bytes_per_s,messages_per_s,"
                 "latency_us\n"
                 "ovs,one host,tcp,1,125000,125000,11\n"
                 "ovs,one host,tcp,65536,250000000,3814,60\n"
                 "bridge,one host,tcp,65536,125000000,1907,90\n"
                 "ovs,one host,udp,65536,1,1,1\n")

    def rows(self, scale=1):
        return [message_row(size, gbps * scale, test, trial=trial)
                for test in ("bandwidth", "latency") for trial in (1, 2)
                for size, gbps in ((65536, 10), (1, 0.001), (1 << 20, 20))]

    def test_charts_and_tables_over_size(self):
        self.write("qperf.csv", self.PUBLISHED)
        page = self.page(self.write("a.json", result(self.rows(), "A")),
                         self.write("b.json", result(self.rows(0.5), "B")), reference="qperf.csv")
        charts = re.findall(r"<figcaption>([^<]+)", page.text)
        self.assertEqual(charts[:2],
                         ["TCP bandwidth over message size", "TCP latency over message size"])
        self.assertLess(page.text.index("<figure>"), page.text.index('id="summary"'))
        for published in ("published: ovs, one host, tcp", "published: bridge, one host, tcp"):
            self.assertEqual(page.text.count(published), 2)
        self.assertNotIn("published: ovs, one host, udp", page.text)
        sizes = [cells[0] for cells in page.tables["messages"] if len(cells) > 2][1:]
        self.assertEqual(sizes, ["1 B", "1 B", "64 KiB", "64 KiB", "1 MiB", "1 MiB"])
        cells = page.row("messages", "64 KiB", "A")
        self.assertEqual(cells[3], "10.00")
        self.assertEqual(cells[9], "100\u202f000")  # frames a second
        self.assertIn("2.000 ovs, one host", cells[10])
        self.assertIn("1.000 bridge, one host", cells[10])
        latency = [cells[10] for cells in page.tables["answers"] if cells[:2] == ["1 B", "B"]]
        self.assertEqual(latency, ["2.101"])
        self.assertIn("×0.500", page.row("summary", "64 KiB", "bandwidth")[3])
        self.assertNotIn("times", page.tables)  # these have tables of their own

    def test_one_system_has_no_empty_summary(self):
        page = self.page(self.write("a.json", result(self.rows(), "A")))
        self.assertNotIn("summary", page.tables)
        self.assertNotIn("Summary", page.text)
        self.assertNotIn("<th>published</th>", page.text)
        page = self.page(self.write("a.json", result([*self.rows(), row(1)], "A")))
        self.assertEqual(page.row("summary", "64 B", "delivered")[:1], ["64 B"])

    def test_what_was_asked_for_tells_rows_apart(self):
        rows = [message_row(65536, 10), message_row(65536, 20, tcp={"streams": 8}),
                message_row(65536, 30, tcp={"way": "both"}),
                message_row(65536, 40, per_port=[{"port": i} for i in range(4)]),
                message_row(65536, 50, tso=True)]
        page = self.page(self.write("a.json", result(rows, "A")))
        found = [cells[3] for cells in page.tables["messages"] if len(cells) > 2][1:]
        self.assertEqual(found, ["10.00", "20.00", "30.00", "40.00", "50.00"])
        self.assertIn("ids lifo, TSO", page.tables["messages"][-2][0])
        self.assertNotIn("over message size", page.text)  # one size makes no line


class Transactions(Report):
    def test_each_test_is_a_line(self):
        rows = [rr_row("tcp_rr", 1000, trial=1), rr_row("tcp_rr", 2000, trial=2),
                rr_row("udp_rr", 5000), rr_row("tcp_rr", 9000, rr={"outstanding": 16})]
        page = self.page(self.write("a.json", result(rows, "A")))
        found = [(cells[1], cells[2], cells[3], cells[7]) for cells in page.tables["own"][1:]]
        self.assertEqual(found, [("1", "tcp_rr", "1", "1000"), ("2", "tcp_rr", "1", "2000"),
                                 ("1", "udp_rr", "1", "5000"), ("1", "tcp_rr", "16", "9000")])
        groups = [cells[0] for cells in page.tables["times"] if len(cells) == 1]
        self.assertEqual(len(groups), 3)
        self.assertIn("rr tcp_rr, outstanding 16, streams 1", groups[2])


class Nodes(Report):
    def test_memory_that_is_remote(self):
        remote = {"memory": "1", "core": "0", "guest": None, "remote": True}
        page = self.page(self.write("a.json", result([row(10), row(5, size=1514, numa=remote)], "A")),
                         self.write("b.json", result([row(10, numa=None)], "B")))
        self.assertEqual([cells[15] for cells in page.tables["rate"] if cells[0] == "64 B"],
                         ["0/0/0", "-/-/-"])
        cells = page.row("rate", "1514 B", "A")
        self.assertEqual(cells[15:], ["1/0/-", "1 remote memory"])
        self.assertIn("remote memory", page.row("summary", "1514 B", "delivered")[2])
        self.assertEqual(page.row("env", "NUMA")[1],
                         "one node: memory, cores and guests are all on it")


class Suites(Report):
    def test_steps_are_rows_of_one_system(self):
        page = self.page(self.write("a.json", suite([
            ("frames", [row(10)], {}), ("more <b>", trials([5, 5], latency_row), {}),
            ("never", [], {}), ("late", [], {"state": "skipped", "reason": "too few ports"})])))
        self.assertEqual(page.tables["summary"][0][2], "crossdock")
        self.assertEqual(len(page.tables["summary"][0]), 4)
        steps = page.tables["steps"][1:]
        self.assertEqual([cells[1] for cells in steps], ["frames", "more <b>", "never", "late"])
        self.assertEqual([cells[5] for cells in steps],
                         ["done", "done", "pending ", "skipped too few ports"])
        self.assertEqual(steps[0][6], "--time 1")
        self.assertEqual(page.titles[0], "A <title>")

    def test_suites_beside_each_other_and_without_a_label(self):
        steps = [("frames", [row(10)], {}), ("times", [latency_row(3)], {})]
        page = self.page(self.write("a.json", suite(steps, None)),
                         self.write("b.json", suite(steps, "B")),
                         self.write("c.json", result([row(5)], "C")))
        self.assertEqual(page.tables["summary"][0][2:5], ["a.json", "B", "C"])

    def test_published_figures_that_a_step_names(self):
        self.write("pairs.csv", "fabric,vms,link_tcp_gbit_per_s,mtr_latency_us\n"
                                "ovs,2,28,100\novs,4,21,110\nbridge,4,18,120\n")
        page = self.page(self.write("a.json", suite([
            ("pairs", [pairs_row(2, 40), pairs_row(4, 30)],
             {"reference": {"file": "pairs", "fabric": "ovs"}}),
            ("one", [row(10)], {"reference": [
                {"file": "pairs", "vms": "2", "column": "link_tcp_gbit_per_s"}]}),
            ("none", [row(10, size=1514)], {})])), reference="pairs.csv")
        self.assertEqual(page.row("summary", "1514 B, 4 VMs", "total")[3],
                         "21.00 Gbit/s ovs: link_tcp_gbit_per_s")
        self.assertEqual(page.row("summary", "1514 B, 2 VMs", "loaded P99")[3],
                         "100.0 µs ovs: mtr_latency_us")
        self.assertEqual(page.row("summary", "64 B", "delivered")[3],
                         "28.00 Gbit/s ovs: link_tcp_gbit_per_s")
        self.assertEqual(page.row("summary", "1514 B", "delivered")[3], "-")

    def test_wrong_suites(self):
        broken = suite([("a", [row(10)], {})])
        del broken["steps"][0]["result"]["rows"][0]["size"]
        for document, said in ((suite([("never", [], {})]), "none of them has measured anything"),
                               (suite([], **{"partial": True}), "none of them has measured anything"),
                               (broken, "a.json, a: row 1: size"),
                               (suite([("a", [row(10)], {"result": {"rows": [1]}})]),
                                "a.json, a: schema")):
            self.assertIn(said, self.fails(self.write("a.json", document)))


class Figures(Report):
    def test_medians_ratios_and_intervals(self):
        # Four trials: too few for pairs. The mean of the second is 22, its standard deviation
        # 3.559; t of 3 degrees of freedom is 3.182.
        a = self.write("a.json", result(trials([10, 11, 9, 10]), "A"))
        b = self.write("b.json", result(trials([20, 18, 25, 25]), "B"))
        cells = self.page(a, b).row("summary", "64 B", "delivered")
        self.assertIn("10.00 Mpps", cells[2])
        self.assertIn("5.120 Gbit/s", cells[2])
        self.assertIn("baseline", cells[2])
        self.assertIn("22.50 Mpps", cells[3])
        self.assertIn("[16.34, 27.66] n=4", cells[3])
        self.assertIn("×2.250 (+125.0 %)", cells[3])
        self.assertNotIn("pairs", cells[3])
        cells = self.page(a, b, "--baseline", "B").row("summary", "64 B", "delivered")
        self.assertIn("×0.444 (-55.6 %)", cells[2])
        self.assertIn("baseline", cells[3])
        self.assertEqual(self.page(a, b, "--baseline", "b.json").tables["summary"],
                         self.page(a, b, "--baseline", "B").tables["summary"])

    def test_five_trials_in_turn_are_pairs(self):
        a = self.write("a.json", result(trials([10, 20, 10, 20, 40]), "A"))
        b = self.write("b.json", result(trials([15, 24, 14, 22, 80]), "B"))
        cells = self.page(a, b).row("summary", "64 B", "delivered")
        # Ratios 1.5, 1.2, 1.4, 1.1, 2; the medians' would be 22/20.
        self.assertIn("×1.400 (+40.0 %)", cells[3])
        self.assertIn("5 pairs", cells[3])

    def test_few_trials_have_no_interval(self):
        a = self.write("a.json", result(trials([10, 12]), "A"))
        b = self.write("b.json", result(trials([7]), "B"))
        cells = self.page(a, b).row("summary", "64 B", "delivered")
        self.assertIn("11.00 Mpps", cells[2])
        self.assertIn("n=2", cells[2])
        self.assertIn("n=1", cells[3])
        for cell in cells[2:4]:
            self.assertNotIn("[", cell)

    def test_void_and_partial_trials_are_not_averaged_in(self):
        rows = trials([10, 10, 10])
        rows.insert(1, row(1000, trial=4, void=True, void_reason="late by 12.5 us"))
        rows.append(row(2000, trial=5, partial=True))
        page = self.page(self.write("a.json", result(rows, "A")))
        cell = page.row("summary", "64 B", "delivered")[2]
        self.assertIn("10.00 Mpps", cell)
        self.assertIn("[10.00, 10.00] n=3", cell)
        self.assertIn("1 void", cell)
        self.assertIn("1 partial", cell)
        void, partial = page.tables["left-out"][1:]
        self.assertEqual((void[1], void[3:]), ("2", ["void", "late by 12.5 us"]))
        self.assertEqual((partial[1], partial[3:]), ("5", ["partial", "cut short"]))
        self.assertIn("10.00", page.row("rate", "64 B", "A")[4])

    def test_nothing_but_void_trials(self):
        page = self.page(self.write("a.json", result(
            [row(10, void=True, void_reason="late")], "A")))
        for table in ("summary", "rate"):
            self.assertNotIn("64 B", [cells[0] for cells in page.tables.get(table, [])])
        self.assertEqual(page.tables["left-out"][1][3:], ["void", "late"])
        self.assertEqual(re.findall("<figure>", page.text), [])

    def test_placement_classes_are_not_mixed(self):
        far = {"before_ns": FAR, "after_ns": FAR, "class": "far"}
        mixed = {"before_ns": NEAR, "after_ns": FAR, "class": "mixed"}
        a = self.write("a.json", result(
            trials([10, 10, 10]) + trials([4, 4], placement=far), "A"))
        b = self.write("b.json", result(
            trials([30]) + trials([5, 5, 5, 5], placement=far) + [row(9, placement=mixed)], "B"))
        c = self.write("c.json", result(trials([3, 3], placement=far), "C"))
        # Far is what all three have.
        cells = self.page(a, b, c).row("summary", "64 B", "delivered")
        for cell, value in zip(cells[2:], ("4.000", "5.000", "3.000")):
            self.assertIn(f"{value} Mpps", cell)
        self.assertIn("3 of other placement", cells[2])
        self.assertIn("2 of other placement", cells[3])
        self.assertEqual(cells[5], "far")
        # Near is what one has, and far the other: said so.
        a = self.write("a.json", result(trials([10, 10, 10]), "A"))
        cells = self.page(a, c).row("summary", "64 B", "delivered")
        self.assertIn("10.00 Mpps", cells[2])
        self.assertIn("3.000 Mpps", cells[3])
        self.assertIn("cores far, not near", cells[3])
        self.assertNotIn("not near", cells[2])

    def test_rows_of_another_kind_are_rows_of_their_own(self):
        rows = [row(10), row(9, flows=1000), row(8, touch="none"), row(7, direction="both"),
                row(6, pattern="mesh"), row(5, size=1514), row(4, size=362, mix="imix"),
                row(3, asked_pps=3e6), row(2, template="udp"), row(1, flow_kind="l4")]
        page = self.page(self.write("a.json", result(rows, "A")))
        cells = [cells[2] for cells in page.tables["summary"]
                 if len(cells) > 2 and cells[1] == "delivered"]
        self.assertEqual(len(cells), len(rows))
        self.assertTrue(all("n=1" in cell for cell in cells))
        self.assertIn("4.000 Mpps", page.row("summary", "imix (mean 362 B)")[2])

    def test_less_is_better_for_times(self):
        a = self.write("a.json", result(trials([2, 2.01, 1.99], latency_row), "A"))
        b = self.write("b.json", result(trials([1, 1.01, 0.99], latency_row), "B"))
        page = self.page(a, b)
        cells = page.row("summary", "64 B", "P50")
        self.assertIn("1.000 µs", cells[3])
        self.assertIn("×0.500 (-50.0 %)", cells[3])
        self.assertIn('class="r good">&times;0.500', page.text)
        self.assertNotIn('class="r bad"', page.text)
        self.assertIn("6.000", page.row("summary", "64 B", "P99.9")[2])

    def test_files_of_one_label_are_one_system(self):
        files = [self.write(f"{i}.json", result([row(value)], "A"))
                 for i, value in enumerate((8, 9, 13))]
        cells = self.page(*files).row("summary", "64 B", "delivered")
        self.assertEqual(len(cells), 4)
        self.assertIn("9.000 Mpps", cells[2])
        self.assertIn("n=3", cells[2])

    def test_planned_times_are_what_a_load_is_judged_by(self):
        page = self.page(self.write("a.json", result([loaded_row(5)], "A")))
        self.assertIn("6.000 µs", page.row("summary", "64 B", "P50")[2])
        self.assertEqual(
            [page.row("times", "A", word)[7] for word in ("planned", "actual")],
            ["6.000", "5.000"])

    def test_searches(self):
        rows = [search_row(50, search={"is_trial": True}), search_row(12.5),
                search_row(13, search={"goal": "PDR", "complete": False, "upper_pps": None,
                                       "missing": "RFC 9971 4.7.3: 5 s of 21"})]
        page = self.page(self.write("a.json", result(rows, "A")))
        found = [cells[2] for cells in page.tables["summary"] if cells[1:2] == ["found"]]
        self.assertEqual([text.split(" ")[0] for text in found], ["12.50", "13.00"])
        self.assertIn("COMPLETE", page.text)
        self.assertIn("RFC 9971 4.7.3: 5 s of 21", page.text)

    def test_pairs_beside_published_figures(self):
        rows = [pairs_row(vms, 40 - vms) for vms in (2, 4, 6)]
        rows[0]["pairs"]["is_baseline"] = True
        path = self.write("a.json", result(rows, "A"))
        reference = SOURCE / "config/reference/virtink_pairs.csv"
        page = self.page(path, reference=reference)
        cells = page.row("published", "4 VMs, total")
        self.assertEqual(cells[1:3], ["36.00", "21.00"])
        self.assertEqual(page.row("published", "2 VMs, total")[1:3], ["38.00", "28.00"])
        self.assertEqual(page.row("published", "4 VMs, one pair")[1:3], ["18.00", "10.50"])
        self.assertIn("The hardware differs", page.text)
        self.assertIn("0.998", page.row("pairs", "6 VMs")[8])

    def test_what_came_with_the_program(self):
        self.need_gnuplot()
        path = self.write("a.json", result([row(10, size=1514)] + [latency_row(5)], "A"))
        done = self.run_report(path, "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = Page(self.out.read_text())
        self.assertEqual(page.faults, [])
        for name in ("virtink_qperf", "virtink_pairs", "neutron_fabrics_iperf",
                     "vhost_net_iperf3"):
            self.assertIn(f"<h3>{name}</h3>", page.text)
        # Ours stand below the published ones in the column from VM to VM.
        ours = [cells for cells in page.tables["published"] if cells[0] == "A"]
        self.assertEqual(ours, [["A", "-", "121.1"], ["A", "-", "-", "121.1", "-"]])

    def test_the_generators_own_limits(self):
        calibrate = self.write("c.json", result(trials(
            [70], engine="calibrate", name="send and receive, touch=full, one core")))
        slow = self.write("slow.json", result([row(10)], "A"))
        page = self.page(slow, calibrate)
        self.assertIn("the generator alone: more than 3 times as much</span>", page.text)
        path = self.write("a.json", result([row(40)], "A"))
        page = self.page(path, calibrate)
        self.assertIn("the generator alone</span>", page.text)
        self.assertEqual(len(page.row("summary", "64 B", "delivered")), 4)
        self.assertIn("70.00", page.text)
        self.assertEqual(self.page(calibrate).titles[0], "The generator alone")


class Document(Report):
    def everything(self):
        rows = []
        for size in (64, 128, 1514):
            rows += trials([10, 11, 12], size=size)
        rows += [row(9, flows=1000), row(4, size=362, mix="imix"), loaded_row(5), latency_row(2)]
        rows += [search_row(12), search_row(1, search={"method": "frame-loss", "goal": None}),
                 search_row(1, search={"method": "back-to-back", "goal": None,
                                       "burst_frames": 5000, "burst_min_frames": 4900,
                                       "burst_max_frames": 5100}),
                 search_row(1, search={"method": "profile", "goal": "10%"},
                            latency=loaded_row(2)["latency"])]
        rows += [pairs_row(vms, 30) for vms in (2, 4)]
        rows[0]["flow_figures"] = {
            "flows": 1, "lost": 4, "reordered": 5, "duplicated": 6, "checked": True,
            "wrong_payload": 7, "flows_with_loss": 1, "worst_flow": 0, "worst_lost": 4,
            "impaired_lost": 0, "impaired_dup": 0, "impaired_reordered": 0}
        return rows

    def test_what_is_made_up_here_is_like_what_is_measured(self):
        schema.validate(result(self.everything(), "A"))
        schema.validate(result([row(70, engine="calibrate", name="send only")]))

    def test_it_stands_alone(self):
        a = self.write("a.json", result(self.everything(), "A"))
        b = self.write("b.json", result(self.everything(), "B"))
        self.need_gnuplot()
        before = set(os.listdir(self.directory))
        done = self.run_report(a, b, "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(os.listdir(self.directory)) - before, {"report.html"})
        page = Page(self.out.read_text())
        self.assertEqual(page.faults, [])
        self.assertTrue(page.text.startswith("<!DOCTYPE html>"))
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertTrue(page.references)
        for reference in page.references:
            self.assertTrue(reference.startswith("#"), reference)
            self.assertIn(reference[1:], page.ids)
        self.assertNotIn("@import", page.text)
        self.assertNotRegex(page.text, r"url\(")

    def test_charts_are_xml(self):
        page = self.page(self.write("a.json", result(self.everything(), "A")))
        charts = re.findall(r"<svg.*?</svg>", page.text, re.DOTALL)
        # Marks; sizes twice, flows and one size twice of it; times; searches; pairs.
        self.assertGreater(len(charts), 10)
        for chart in charts:
            ElementTree.fromstring(chart)
        self.assertEqual(page.text.count("<figure>"), len(charts) - 1)
        self.assertNotIn('"black"', page.text)
        self.assertIn("<text>10%</text>", page.text)

    def test_environment(self):
        page = self.page(self.write("a.json", result([row()], "A", partial=True,
                                                     reason="interrupted")))
        text = "\n".join(" ".join(cells) for cells in page.tables["env"])
        for word in ("2025-01-02T03:04:05Z", "bench1", "A CPU (2 CPUs)", "Linux 6.1",
                     "DPDK 22.11", "0.1.0", "near: 1 row", "virtio:/tmp/a.sock",
                     "2 MiB pages, node 0", "--port", "partial", "interrupted"):
            self.assertIn(word, text)

    def test_markup_in_results_is_text(self):
        evil = "<script>alert('1')</script>\"&amp;\n$(id)`"
        rows = [row(10, name=evil, mix=evil[:40], template=evil, capture=evil),
                row(10, void=True, void_reason=evil), loaded_row(2, mix=evil[:40]),
                search_row(3, mix="'; system 'touch owned'; '"),
                search_row(3, search={"method": evil[:23], "goal": evil[:15], "complete": False,
                                      "missing": evil}),
                search_row(3, search={"method": "profile", "goal": "';x\\\"%s%n"},
                           latency=loaded_row(2)["latency"])]
        made = result(rows, evil, command=evil, started=evil, reason=evil, ports=[
            {"name": evil, "memory": evil, "rings": evil, "ids": evil, "ring_size": 256, "tso": False,
             "core": -1}])
        made["environment"].update({key: evil for key in ("crossdock", "host", "cpu", "kernel",
                                                          "dpdk")})
        reference = self.write("<b>.csv", f"{evil[:27]},vm_to_vm_gbit_per_s\n<i>x</i>,3\n")
        page = self.page(self.write("<img>.json", made), "--title", evil, reference=reference)
        for word in ("<script", "<img", "<b>.", "<i>x"):
            self.assertNotIn(word, page.text)
        self.assertIn("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp; $(id)`",
                      page.text)
        self.assertFalse((self.directory / "owned").exists())
        for chart in re.findall(r"<svg.*?</svg>", page.text, re.DOTALL):
            ElementTree.fromstring(chart)

    def test_standard_output(self):
        self.need_gnuplot()
        done = self.run_report(self.write("a.json", result([row()], "A")), "-o", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(Page(done.stdout).faults, [])


class Refused(Report):
    def test_files(self):
        good = result([row(), row(), row()])

        def broken(path, value):
            made = copy.deepcopy(good)
            place = made
            for key in path[:-1]:
                place = place[key]
            if value is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            return made

        for document, said in (
                ("{\n\"schema\": 1,\n,}", "out.json: line 3: not JSON: "),
                ("", "out.json: line 1: not JSON: "),
                ("[]", "out.json: schema: is missing"),
                (broken(["schema"], ...), "out.json: schema: is missing"),
                (broken(["schema"], "crossdock-pktgen/1"), "out.json: schema: it is "
                 "crossdock-pktgen/1, and crossdock-pktgen/2 is expected"),
                (broken(["rows"], 5), "out.json: rows: a list is expected"),
                (broken(["rows"], []), "out.json: rows: there is none"),
                (broken(["command"], 5), "out.json: command: text is expected"),
                (broken(["environment"], ...), "out.json: environment: an object is expected"),
                (broken(["environment", "cpus"], "2"),
                 "out.json: environment.cpus: a number is expected"),
                (broken(["ports", 0, "core"], "x"),
                 "out.json: ports[0].core: a number is expected"),
                (broken(["rows", 1], 5), "out.json: row 2: an object is expected"),
                (broken(["rows", 2, "size"], "64"), "out.json: row 3: size: a number is expected"),
                (broken(["rows", 2, "size"], -1), "out.json: row 3: size: a whole number"),
                (broken(["rows", 2, "pps"], ...), "out.json: row 3: pps: a number is expected"),
                (broken(["rows", 2, "pps"], None), "out.json: row 3: pps: a number is expected"),
                (broken(["rows", 0, "engine"], "rat"),
                 "out.json: row 1: engine: unknown word rat; did you mean rate?"),
                (broken(["rows", 0, "engine"], "latency"),
                 "out.json: row 1: latency: an object is expected"),
                (broken(["rows", 0, "latency"], {"way": "one-way"}),
                 "out.json: row 1: latency.count: a number is expected"),
                (broken(["rows", 0, "latency"],
                        {"way": "one-way", "count": 1, "actual": {"count": 1}}),
                 "out.json: row 1: latency.actual.min_ns: a number is expected"),
                (broken(["rows", 0, "touch"], 1), "out.json: row 1: touch: a word is expected"),
                (broken(["rows", 0, "void"], 1), "out.json: row 1: void: true or false"),
                (broken(["rows", 0, "switch"], []), "out.json: row 1: switch: an object is"),
                (broken(["rows", 0, "search"], 1), "out.json: row 1: search: an object is")):
            with self.subTest(said):
                self.write("out.json", document)
                self.assertIn(said, self.fails("out.json"))

    def test_no_such_file(self):
        self.assertEqual(self.fails("gone.json"), "gone.json: No such file or directory")
        self.assertIn("Is a directory", self.fails("."))

    def test_words(self):
        self.write("a.json", result([row()], "crossdock"))
        for words, status, said in (
                (("a.json", "--baslin", "x"), 2, "unknown option --baslin; did you mean "
                 "--baseline?"),
                (("a.json", "--refrence=none"), 2, "did you mean --reference?"),
                ((), 2, "give one result or more"),
                (("a.json", "--reference", "none", "--reference", "x.csv"), 2, "not both"),
                (("a.json", "--baseline", "crosdock"), 1, "did you mean crossdock?"),
                (("a.json", "--reference", "x.csv"), 1, "x.csv: No such file")):
            with self.subTest(words):
                self.assertIn(said, self.fails(*words, status=status))
        for words, said in ((("a.json",), "-o report.html"),
                            (("a.json", "-o", self.out, "--title"), "--title needs a value")):
            with self.subTest(words):
                done = self.run_report(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn(said, done.stderr)

    def test_references(self):
        self.write("a.json", result([row()], "A"))
        for text, said in (("", "r.csv: line 1: "), ("a,b\n1\n", "r.csv: line 2: 1 fields, and 2"),
                           ("a,b\n1,2\n\"1,2\n", "r.csv: line 3: a quote is not closed"),
                           ("a,b\n1,\0\n", "r.csv: not a text file")):
            with self.subTest(said):
                self.write("r.csv", text)
                self.assertIn(said, self.fails("a.json", "--reference", "r.csv"))

    def test_an_old_page_stays(self):
        self.out.write_text("old")
        self.write("a.json", "{")
        done = self.run_report("a.json", "-o", self.out)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.out.read_text(), "old")
        self.need_gnuplot()
        self.write("a.json", result([row()]))
        done = self.run_report("a.json", "-o", self.directory / "none" / "report.html")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file", done.stderr)

    def test_no_gnuplot(self):
        self.write("a.json", result([row()]))
        line = self.fails("a.json", env={"PATH": str(self.directory)})
        self.assertIn("gnuplot-nox", line)

    def test_help(self):
        done = self.run_report("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("crossdock-pktgen report ovs.json crossdock.json", done.stdout)
