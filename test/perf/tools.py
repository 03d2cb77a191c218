# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's own clients between two ends, namespaces or guests: iperf3, qperf, mtr."""

import json
import os
import re
import time

import processes

IPERF_PORT, QPERF_PORT = 5201, 19765
START_S = 30  # for a server to listen
QPERF = re.compile(r"^\s*(bw|latency|msg_rate|send_bw|recv_bw)\s*=\s*([\d.,e+-]+)", re.MULTILINE)
PING = re.compile(r"time=([\d.]+) ms")


class SpaceEnd:
    """A namespace."""

    def __init__(self, group, space, address):
        self.group, self.space, self.address = group, space, address

    def run(self, words, timeout_s):
        done = self.space.run(*words, timeout_s=timeout_s)
        if done.returncode:
            raise processes.Failure(f"{' '.join(map(str, words))}: "
                                    f"{(done.stdout + done.stderr).strip()[-300:]}")
        return done.stdout

    def serve(self, words, port):
        child = self.group.start(self.space.command(*words))
        self.group.wait(lambda: f":{port} " in self.space.run("ss", "-ltn").stdout, words[0])
        return child

    def end(self, child):
        self.group.end(child)
        self.group.children = [c for c in self.group.children if c[0] is not child]


class GuestEnd:
    """A guest of test/guest."""

    def __init__(self, machine, address):
        self.machine, self.address = machine, address

    def run(self, words, timeout_s):
        return self.machine.get(" ".join(map(str, words)), timeout_s)

    def serve(self, words, port):
        name = os.path.basename(words[0])
        self.machine.get(f"setsid {' '.join(map(str, words))} >/tmp/{name}.log 2>&1 & "
                         f"echo $! >/tmp/{name}.pid")
        end = time.monotonic() + START_S
        while f":{port} " not in self.machine.get("netstat -ltn"):
            if time.monotonic() > end:
                raise processes.Failure(f"{self.machine.name}: {name} does not listen")
            time.sleep(0.1)
        return name

    def end(self, name):
        self.machine.run(f"kill -9 $(cat /tmp/{name}.pid)", check=False)


def busy_s():
    """Seconds that all CPUs were not idle, since boot."""
    with open("/proc/stat", encoding="ascii") as source:
        fields = [int(word) for word in source.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def iperf3(near, far, time_s, *options):
    """Of one run, in bit/s, from what arrived; cpu_s_per_gb of the whole machine."""
    server = far.serve(("iperf3", "-s", "-1"), IPERF_PORT)
    before = busy_s()
    try:
        said = near.run(("iperf3", "-c", far.address, "-t", time_s, "--json", *options),
                        time_s + 60)
    finally:
        busy = busy_s() - before
        far.end(server)
    try:
        end = json.loads(said)["end"]
        total = end.get("sum_received") or end["sum"]
        figures = {"bps": total["bits_per_second"], "bytes": total["bytes"]}
        figures["resent"] = end.get("sum_sent", {}).get("retransmits")
        figures["lost"] = end.get("sum", {}).get("lost_percent")
    except (ValueError, KeyError) as error:
        raise processes.Failure(f"iperf3: {said[-200:]}") from error
    figures["cpu_s_per_gb"] = busy / (figures["bytes"] / 1e9) if figures["bytes"] else None
    return figures


def qperf(near, far, test, message, time_s):
    """One test's figures: bw in byte/s, latency in seconds, messages/s. Its server runs."""
    said = near.run(("qperf", far.address, "-t", time_s, "-m", message, "-e", 6, "-un", "-uu",
                     "-vvs", test), time_s + 60)
    figures = {key: float(value.replace(",", "")) for key, value in QPERF.findall(said)}
    if not figures:
        raise processes.Failure(f"qperf {test}: {said.strip()[-300:]}")
    if "latency" in figures:
        figures["latency"] /= 1e9  # -un: nanoseconds
    return figures


def echoes(near, far, count, interval_s=0.01):
    """mtr's figures of the last hop, in milliseconds; of guests, which have no mtr, the same of
    ping's answers."""
    patience_s = count * (interval_s + 1) + 60
    if isinstance(near, SpaceEnd):
        said = near.run(("mtr", "--json", "-n", "-c", count, "-i", interval_s, far.address),
                        patience_s)
        hub = json.loads(said)["report"]["hubs"][-1]
        return {"loss": hub["Loss%"], "avg": hub["Avg"], "best": hub["Best"],
                "worst": hub["Wrst"], "stdev": hub["StDev"]}
    said = near.run(("ping", "-n", "-c", count, "-i", max(interval_s, 0.2), "-W", 2, far.address),
                    patience_s)
    times = [float(value) for value in PING.findall(said)]
    if not times:
        raise processes.Failure(f"ping: {said[-200:]}")
    mean = sum(times) / len(times)
    return {"loss": 100 * (1 - len(times) / count), "avg": mean, "best": min(times),
            "worst": max(times),
            "stdev": (sum((t - mean) ** 2 for t in times) / len(times)) ** 0.5}
