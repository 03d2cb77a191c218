# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's own clients, sockperf and qperf, and the plain UDP server of ours that they and
crossdock-pktgen are measured against; over one veth pair (or TAP) between two namespaces."""

import json
import os
import re
import subprocess
import time

import crossdock_switch
import processes
from kernel_switch import private_space, steer
from netns import veth

NEAR_IP = "10.99.0.1"
GENERATOR_IP = "10.99.0.3"
HOST_IP = "10.99.0.4"  # of the generator's TCP, which has a MAC address of its own
GENERATOR_MAC, FAR_MAC = "02:58:00:00:00:00", "02:99:00:00:00:02"
ECHO_PORT, SINK_PORT, SOURCE_PORT = 7007, 7009, 7011  # of UDP, and of TCP
HEADERS = 42  # bytes of Ethernet, IPv4 and UDP before a message
START_S, END_S = 0.3, 0.2  # of a stream of messages, left out at its ends

SOCKPERF = {"mean": re.compile(r"Round trip is ([\d.]+) usec"),
            "p50": re.compile(r"percentile 50\.000 =\s*([\d.]+)")}
QPERF = re.compile(r"^\s*(\w+)\s*=\s*([\d.,e+-]+)", re.MULTILINE)


class Path:
    """The far namespace has the servers, on the core of the device under test; clients and the
    generator are at the near end, on the other core. Between them is a veth pair, or a chain of
    them with routers in between, so that more of the way is the kernel's. Instead of the first
    pair there may be a TAP, whose near end is the generator; no client of the kernel's gets there.

    Link i is 10.99.i.0/24, its near end g<i> .1, its far end h<i> .2.
    """

    def __init__(self, group, condition, routers=0, tap=False):
        self.group = group
        self.condition = condition
        self.links = routers + 1
        self.near = private_space(group, "near")
        self.spaces = [self.near]
        for i in range(self.links):
            self.spaces.append(private_space(group, f"link{i}"))
            self.join(i, tap and i == 0)
        self.far = self.spaces[-1]
        self.far_ip = f"10.99.{routers}.2"
        self.route(tap)
        self.spaces[1].ip("link", "set", "h0", "address", FAR_MAC)
        if tap:
            self.port = f"dpdk:net_tap0,iface=h0,mac={FAR_MAC}"
            self.generator_space = self.spaces[1]
            # The driver takes the device down at its end, which forgets neighbours.
            self.spaces[1].ip("link", "set", "h0", "arp", "off")
        else:
            self.port = "dpdk:net_af_packet0,iface=g0"
            self.generator_space = self.near
            self.spaces[1].ip("neigh", "replace", GENERATOR_IP, "lladdr", GENERATOR_MAC, "dev",
                              "h0", "nud", "permanent")
            # A host on the first link finds the far end there: it has no routes.
            with self.spaces[1], open("/proc/sys/net/ipv4/conf/h0/proxy_arp", "w",
                                      encoding="ascii") as sink:
                sink.write("1")

    def join(self, i, tap):
        before, after = self.spaces[-2:]
        if tap:
            after.ip("tuntap", "add", "dev", f"h{i}", "mode", "tap", "multi_queue")
        else:
            veth(before, f"g{i}", after, f"h{i}")
            before.address(f"g{i}", f"10.99.{i}.1/24")
        after.address(f"h{i}", f"10.99.{i}.2/24")

    def route(self, tap):
        """To the first link and to the last, for those that are not on them."""
        for i, space in enumerate(self.spaces):
            with space, open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as sink:
                sink.write("1")
            if i > 1:
                space.ip("route", "add", "10.99.0.0/24", "via", f"10.99.{i - 1}.1")
            if i < self.links - 1 and (i or not tap):
                space.ip("route", "add", f"10.99.{self.links - 1}.0/24", "via", f"10.99.{i}.2")

    def spread(self, wanted):
        """Whether what arrives is handled on the servers' core; else it is on the sender's."""
        steer(self.far, f"h{self.links - 1}", self.condition.dut_core if wanted else None)

    def lose(self, percent):
        """So much of TCP, of each direction, at random, in the first router from now on."""
        rules = f"""
            table inet loss
            delete table inet loss
            table inet loss {{
                chain forward {{
                    type filter hook forward priority filter
                    meta l4proto tcp numgen random mod 100000 < {round(percent * 1000)} drop
                }}
            }}"""
        with self.spaces[1]:
            subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)

    def cut(self):
        """The kernel's TCP leaves in segments, as the generator's does on such a port."""
        for space, device in ((self.near, "g0"), (self.far, f"h{self.links - 1}")):
            space.ip("link", "set", "dev", device, "gso_max_segs", 1, "gso_max_size", 1514)

    def start(self, *command, near=False):
        """At the far end, on the servers' core; or at the near one, on the clients'."""
        c = self.condition
        space, core = (self.near, c.generator_core) if near else (self.far, c.dut_core)
        return self.group.start(space.command(*command), {core})

    def client(self, *command, near=True):
        """Runs a client to its end; returns what it said."""
        child = self.start(*command, near=near)
        try:
            child.wait(60)
        except subprocess.TimeoutExpired as error:
            raise processes.Failure(f"{command[0]} did not end") from error
        with open(self.group.children.pop()[1], encoding="utf-8", errors="replace") as source:
            said = source.read()
        if child.returncode:
            raise processes.Failure(f"{' '.join(command)}: {said.strip()[-300:]}")
        return said


class Server:
    """udp_echo, with its count of messages."""

    def __init__(self, path, port, *mode):
        program = crossdock_switch.program(path.condition.build, "udp_echo")
        self.child = path.start(program, path.far_ip, str(port), *mode)
        self.log = path.group.children[-1][1]
        path.group.wait(lambda: os.path.getsize(self.log), "udp_echo")

    def count(self):
        """(seconds, messages) now."""
        before = os.path.getsize(self.log)
        self.child.stdin.write(b"\n")
        self.child.stdin.flush()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with open(self.log, encoding="ascii") as source:
                text = source.read()[before:]
            if text.endswith("\n"):
                now_ns, messages, _ = text.split()
                return (int(now_ns) / 1e9, int(messages))
            time.sleep(0.001)
        raise processes.Failure("udp_echo does not answer")

    def rate_while(self, run):
        """Messages per second received while run() sends, which it does in a process that it
        returns: from START_S after the first to END_S before the last."""
        _, quiet = self.count()
        child = run()
        seen = []
        while child.poll() is None:
            time.sleep(0.05)
            now, messages = self.count()
            # A few come when a generator looks whether anybody is there.
            if messages - quiet > 1000 and (not seen or messages > seen[-1][1]):
                seen.append((now, messages))
        inner = [s for s in seen if seen[0][0] + START_S <= s[0] <= seen[-1][0] - END_S]
        if len(inner) < 2:
            raise processes.Failure("too few messages to tell a rate: a longer --time")
        return (inner[-1][1] - inner[0][1]) / (inner[-1][0] - inner[0][0])


def start_tcp_server(path, port, *mode):
    program = crossdock_switch.program(path.condition.build, "tcp_echo")
    path.start(program, path.far_ip, str(port), *mode)
    log = path.group.children[-1][1]
    path.group.wait(lambda: os.path.getsize(log), "tcp_echo")


def iperf3(path, time_s, *options):
    """What its client says at the end."""
    return json.loads(path.client("iperf3", "-c", path.far_ip, "-t", str(max(1, round(time_s))),
                                  "--json", *options))["end"]


def arrived(end):
    """Bits per second at iperf3's server, or, with -R, at its client."""
    return end["sum_received"]["bits_per_second"]


def sockperf(path, message, time_s, spinning, tcp=False):
    """Round trips, one at a time: mean and P50, us. spinning: the client never sleeps."""
    said = path.client("sockperf", "ping-pong", "-i", path.far_ip, "-p", str(ECHO_PORT),
                       "-m", str(message), "-t", str(max(1, round(time_s))), "--full-rtt",
                       *(["--nonblocked"] if spinning else []), *(["--tcp"] if tcp else []))
    found = {key: pattern.search(said) for key, pattern in SOCKPERF.items()}
    if None in found.values():
        raise processes.Failure(f"sockperf: {said.strip()[-300:]}")
    return {key: float(match.group(1)) for key, match in found.items()}


def sockperf_stream(path, server, message, time_s):
    """Messages per second that the server gets from a client that sends what it can."""
    def run():
        return path.start("sockperf", "throughput", "-i", path.far_ip, "-p", str(SINK_PORT),
                          "-m", str(message), "-t", str(max(1, round(time_s))), near=True)

    received = server.rate_while(run)
    path.group.children.pop()
    return received


def qperf(path, message, time_s, test, near=True):
    """Its figures: ns, messages, bytes. near: where its client is, which sends."""
    said = path.client("qperf", path.far_ip if near else NEAR_IP, "-t",
                       str(max(1, round(time_s))), "-m", str(message),
                       "-e", "6", "-un", "-uu", "-vvs", test, near=near)
    figures = {key: float(value.replace(",", "")) for key, value in QPERF.findall(said)}
    if not figures:
        raise processes.Failure(f"qperf: {said.strip()[-300:]}")
    return figures


class Pktgen:
    """crossdock-pktgen at the near end, sending UDP messages to the far one."""

    def __init__(self, path):
        self.path = path
        self.result = path.group.path("result.json")

    def command(self, engine, message, port, time_s, options=()):
        c = self.path.condition
        template = (f"eth(src={GENERATOR_MAC},dst={FAR_MAC})/"
                    f"ipv4(src={GENERATOR_IP},dst={self.path.far_ip})/udp(sport=9000,dport={port})")
        return self.path.generator_space.command(
            crossdock_switch.program(c.build, "crossdock-pktgen"), engine, "--port", self.path.port,
            "--pattern", "reflect", "--template", template, "--size", str(HEADERS + message),
            "--core", str(c.generator_core), "--placement", f"{c.generator_core},{c.dut_core}",
            "--time", str(time_s), "--warmup", str(c.warmup_s), "--json", self.result, *options)

    def start(self, *args):
        return self.path.group.start(self.command(*args))

    def finish(self, child):
        child.wait(120)
        log = self.path.group.children.pop()[1]
        if child.returncode:
            with open(log, encoding="utf-8", errors="replace") as source:
                said = source.read().strip().splitlines()[-3:]
            raise processes.Failure(f"crossdock-pktgen, status {child.returncode}: "
                                  + " | ".join(said))
        with open(self.result, encoding="utf-8") as source:
            row = json.load(source)["rows"][-1]
        return row

    @staticmethod
    def times(row):
        times = row["latency"]["actual"]
        if not times:
            raise processes.Failure("crossdock-pktgen: no round trip was completed")
        return {"mean": times["mean_ns"] / 1e3, "p50": times["p50_ns"] / 1e3}

    def latency(self, message, time_s):
        """Round trips, one at a time: mean and P50, us."""
        return self.times(self.finish(self.start("latency", message, ECHO_PORT, time_s)))

    def tcp(self, test, message, port, time_s, *options):
        """Messages over one connection to the far end: round trips as above, or bit/s of those that
        were acknowledged, or that came (--direction reverse)."""
        c = self.path.condition
        row = self.finish(self.path.group.start(self.path.generator_space.command(
            crossdock_switch.program(c.build, "crossdock-pktgen"), "tcp", "--port", self.path.port,
            "--address", HOST_IP, "--connect", self.path.far_ip, "--tcp-port", str(port),
            "--test", test, "--messages", str(message), "--core", str(c.generator_core),
            "--placement", f"{c.generator_core},{c.dut_core}", "--time", str(time_s),
            "--warmup", str(c.warmup_s), "--json", self.result, *options)))
        return self.times(row) if test == "latency" else row["tcp"]["bps"]

    def iperf3(self, time_s, *options):
        """As iperf3's client, with the same server: what it says at the end."""
        c = self.path.condition
        child = self.path.group.start(self.path.generator_space.command(
            crossdock_switch.program(c.build, "crossdock-pktgen"), "iperf3",
            "--port", self.path.port,
            "-B", HOST_IP, "-c", self.path.far_ip, "-t", str(max(1, round(time_s))), "-J",
            "--core", str(c.generator_core), *options))
        child.wait(120)
        with open(self.path.group.children.pop()[1], encoding="utf-8", errors="replace") as source:
            said = source.read()
        if child.returncode:
            raise processes.Failure(f"crossdock-pktgen iperf3: {said.strip()[-300:]}")
        return json.loads(said)["end"]

    def rate(self, server, message, time_s, asked):
        """Messages per second: received by the server, and sent; void when the generator could not
        keep to the rate."""
        children = []

        def run():
            children.append(self.start("rate", message, SINK_PORT, time_s, ("--rate", asked)))
            return children[0]

        try:
            received = server.rate_while(run)
        finally:  # what the generator says of a failure tells more
            row = self.finish(children[0])
        return {"received": received, "sent": row["sent_pps"], "void": row["void"]}
