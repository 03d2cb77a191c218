# SPDX-License-Identifier: BSD-3-Clause
"""What test/perf/appliances compares: a row for each appliance and load, and what goes before."""

import dataclasses

import appliance_frames as frames
from rows import MPPS, MILLION, Metric, Row, Subject, static, stream

NEW = Metric("new_mps", "new connections, M/s", ("sent_pps",), 1e-6, 3)


@dataclasses.dataclass(frozen=True)
class Capture:
    """Frames that are sent over and over."""

    make: object        # a function of appliance_frames.py's, that yields them
    flows: int = 0      # its argument; 0: it has none
    back: bool = False  # sent from outside
    pps: int = 1000000  # before the trial
    awaited: bool = True  # they come out on the other side


@dataclasses.dataclass(frozen=True)
class ApplianceRow(Row):
    appliance: str = ""
    capture: Capture = None     # what is measured; None: the generator's own stream
    before: tuple = ()          # captures sent once, in order
    sockets: tuple = ("inside", "outside")
    counts: bool = True         # it prints counters when it gets SIGUSR1
    pinned: bool = False        # it has a worker of its own, which goes where it is put
    timeout_s: int = 0          # of UDP without an answer; 0: the default
    connections: int = 0        # that OVS is to have room for; 0: the default


def established(questions, answers, flows):
    return (Capture(questions, flows), Capture(answers, flows, back=True))


def firewall(name, title, flows, **more):
    before = established(frames.stream_questions, frames.stream_answers, flows)
    return ApplianceRow(name, f"firewall, 64 B, {title}, one way", (MPPS,), appliance="firewall",
                        only_guests=True, capture=before[0], before=before,
                        targets=(("ovs", "mpps", ">=", 4.0),), **more)


def opening(name, title, rate="max", **more):
    """Each frame is a flow that nobody has seen: all that the generator can make, both ways."""
    return ApplianceRow(
        name, f"firewall, 64 B, {title}", (NEW,),
        stream(64, 1 << 24, "l4", pattern="send", rate=rate),
        appliance="firewall", only_guests=True, connections=8 * MILLION,
        bounds=(("crossdock", "new_mps", ">=", 0.3),), **more)


def example(name, sockets, **more):
    """A figure for its page."""
    return ApplianceRow(name, f"examples/{name}, 64 B, 1000 L4 flows, one way", (MPPS,),
                        stream(64, 1000, "l4"), appliance=name, only_crossdock=True,
                        sockets=sockets, counts=False, **more)


GUESTS = ("vm1.sock", "vm2.sock")
COMMIT = (Subject("ovs, commit only", "ovs-commit"),)
NAT = (*established(frames.nat_questions, frames.nat_answers, 1000),)

FIREWALL = firewall("firewall", "1000 connections", 1000, subjects=COMMIT)
TRANSLATE = ApplianceRow(
    "nat", "nat, 64 B, 1000 connections of 50 hosts, one way", (MPPS,), appliance="nat",
    capture=NAT[0],
    before=(Capture(frames.nat_hosts, awaited=False),
            Capture(frames.nat_gateway, back=True, awaited=False), *NAT),
    targets=(("ovs", "mpps", ">=", 4.0), ("nftables", "mpps", ">=", 20.0)))

ROWS = (
    FIREWALL,
    TRANSLATE,
    firewall("firewall-million", "a million connections", MILLION),
    opening("firewall-new", "each frame a new connection, both ways"),
    opening("firewall-timeout", "320000 new connections a second, which end after a second",
            timeout_s=1, rate="320kpps"),
    static(FIREWALL),
    static(TRANSLATE),
    ApplianceRow("load_balancer", "load balancer, 64 B, 1000 connections, one way", (MPPS,),
                 appliance="load_balancer", only_crossdock=True,
                 capture=Capture(frames.balanced, 1000),
                 before=(Capture(frames.servers, back=True, awaited=False),)),
    example("minimal_switch", GUESTS),
    example("tap_mirror", GUESTS),
    example("own_worker", GUESTS, pinned=True),
    example("two_switches", ("inside.sock", "outside.sock")),
)
