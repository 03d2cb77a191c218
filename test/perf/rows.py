# SPDX-License-Identifier: BSD-3-Clause
"""What is compared: the rows of the table, and who takes part in each."""

import dataclasses

MILLION = 1000000


@dataclasses.dataclass(frozen=True)
class Subject:
    """One column of a row: a system with the traffic that it gets."""

    label: str
    system: str
    options: tuple = ()          # (option of the generator, value), over the row's own
    mac_limit: int = 65536       # crossdock's; the others have no such setting
    no_flood_local: bool = False  # OVS: its LOCAL port gets no copy of what is flooded
    full: str = "drop"           # crossdock: what becomes of frames for a full ring
    guest: str = ""              # options of the generator's ports, over the row's own
    nb_ports: int = 0            # instead of the row's
    of: str = "crossdock"        # whose figure is divided by this one's
    flowgen: bool = False        # testpmd generates in crossdock-pktgen's place


@dataclasses.dataclass(frozen=True)
class Metric:
    name: str      # for programs
    title: str     # for people, with the unit
    path: tuple    # where the generator's row has it
    scale: float
    digits: int


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    metrics: tuple               # the first is what is compared most
    options: tuple = ()
    engine: str = "rate"
    nb_ports: int = 2
    needs_switching: bool = False
    subjects: tuple = ()         # beside the systems themselves
    only_crossdock: bool = False  # no other system
    only_guests: bool = False    # only systems with guests on their ports
    mac_limit: int = 65536
    # (label, metric, relation, value): of ratios; the value may be one for each placement class.
    targets: tuple = ()
    bounds: tuple = ()           # likewise: of a subject's own figure
    facts: bool = False          # ask the switch what it learned
    guest: str = ""              # options of the generator's ports
    client: bool = False         # the generator listens, and the switch connects
    tso: bool = False            # OVS: userspace-tso-enable=true


MPPS = Metric("mpps", "Mpps", ("pps",), 1e-6, 3)
SENT = Metric("sent_mpps", "Mpps in", ("sent_pps",), 1e-6, 3)
GBPS = Metric("gbps", "Gbit/s L2", ("l2_bps",), 1e-9, 2)
CYCLES = Metric("cycles", "cycles of a frame", ("switch", "busy_cycles_per_frame"), 1, 1)
NOTIFY = Metric("notify_per_frame", "notifications/frame", ("notify_per_frame",), 1, 4)
P50 = Metric("p50_us", "RTT P50 us", ("latency", "actual", "p50_ns"), 1e-3, 3)
P99 = Metric("p99_us", "RTT P99 us", ("latency", "actual", "p99_ns"), 1e-3, 3)
LOADED_P50 = Metric("p50_us", "P50 us", ("latency", "planned", "p50_ns"), 1e-3, 3)
LOADED_P99_9 = Metric("p99_9_us", "P99.9 us", ("latency", "planned", "p99_9_ns"), 1e-3, 3)

MESSAGES = Metric("gbps", "Gbit/s of messages", ("tcp", "bps"), 1e-9, 2)

# What a Linux guest sends at most: 45 segments of 1448 bytes and one set of headers.
TSO_BYTES = 54 + 45 * 1448

OWN_ONE_FLOW = Subject("crossdock 1 flow", "crossdock", (("flows", 1),))

# What Linux's driver negotiates with QEMU's virtio-net-pci, and what it could do without.
LINUX_GUEST, BARE_GUEST = "mrg=on,csum=on,tso=on", "mrg=off,csum=off,tso=off"


def stream(size, flows=1, kind="mac", **more):
    options = {"size": size, "flows": flows, "flow-kind": kind, "direction": "one", **more}
    return tuple(options.items())


def variant(row, suffix, text, guest, targets=()):
    """The same row with other options of the guests' ports. targets: beside VPP, where the row's
    own do not hold."""
    def own(given):
        return ",".join(filter(None, (guest, given)))

    subjects = tuple(dataclasses.replace(subject, guest=own(subject.guest))
                     for subject in row.subjects)
    kept = tuple(target for target in row.targets if target[0] != "vpp")
    return dataclasses.replace(row, name=f"{row.name}-{suffix}", title=f"{row.title}, {text}",
                               guest=own(row.guest), subjects=subjects, only_guests=True,
                               targets=kept + targets)


def static(row):
    """With rings whose buffers are offered again and again: the ceiling of a switch."""
    return variant(row, "static", "static rings", "rings=static")


def fifo(row, targets=()):
    """With ids first in, first out, as DPDK's driver has them, and not as Linux's."""
    return variant(row, "fifo", "ids first in first out", "ids=fifo", targets)


def long(row):
    """With rings longer than QEMU makes them."""
    return variant(row, "1024", "rings of 1024", "size=1024")


# As guests have their rings: GUESTS; the same with static ones, where there is a guest at both ends,
# and rings that are longer than QEMU's: below.
GUESTS = (
    Row("64-1flow", "64 B, 1 flow, one way", (MPPS,), stream(64),
        targets=(("ovs", "mpps", ">=", 4.8), ("vpp", "mpps", ">=", {"far": 1.25}))),
    Row("64-1000mac", "64 B, 1000 MAC pairs, one way", (MPPS,), stream(64, 1000, "mac"),
        subjects=(OWN_ONE_FLOW,),
        targets=(("ovs", "mpps", ">=", 7.0), ("crossdock 1 flow", "mpps", ">=", 0.85))),
    Row("64-1000l4", "64 B, 1000 L4 flows over one MAC pair, one way", (MPPS,),
        stream(64, 1000, "l4"), subjects=(OWN_ONE_FLOW,),
        targets=(("ovs", "mpps", ">=", 7.0), ("crossdock 1 flow", "mpps", ">=", 0.85))),
    Row("1500", "1500 B, 1 flow, one way", (GBPS, MPPS), stream(1500),
        targets=(("ovs", "gbps", ">=", 2.2), ("vpp", "gbps", ">=", {"near": 1.5, "far": 1.3}))),
    Row("latency", "64 B, round trip through two ports", (P50, P99), (("size", 64),), "latency",
        targets=(("ovs", "p50_us", "<=", 0.6), ("ovs", "p99_us", "<=", 0.6))),
    *(Row(name, f"64 B at {rate}, one way from the planned time", (LOADED_P50, LOADED_P99_9),
          (("size", 64), ("rate", rate), ("way", "one-way")), "latency")
      for name, rate in (("tail", "100kpps"), ("tail-1m", "1Mpps"), ("tail-4m", "4Mpps"))),
    Row("tcp-latency", "TCP, a message of 1 B and its answer, round trip", (P50, P99),
        (("messages", 1), ("test", "latency")), "tcp", only_guests=True,
        targets=(("ovs", "p50_us", "<=", 0.6),)),
    Row("tcp-64k", "TCP, messages of 64 KiB in TSO frames, client mode", (MESSAGES,),
        (("messages", "64k"),), "tcp", needs_switching=True, only_guests=True, guest="tso=on",
        client=True, tso=True),
    # A flow is a pair of addresses, and both are learned.
    Row("million", "64 B, a million MAC addresses, one way", (MPPS,),
        stream(64, MILLION // 2, "mac"), subjects=(OWN_ONE_FLOW,), only_crossdock=True,
        mac_limit=MILLION + 65536, facts=True,
        targets=(("crossdock 1 flow", "mpps", ">=", 0.5),)),
    Row("broadcast", "64 B, broadcast from one port to three", (MPPS, SENT),
        stream(64, pattern="broadcast"), nb_ports=4, needs_switching=True,
        subjects=(Subject("ovs, LOCAL no-flood", "ovs", no_flood_local=True),),
        targets=(("ovs", "mpps", ">=", 10.0),)),
    Row("packed-64", "64 B, 1 flow, one way, packed rings", (MPPS,), stream(64),
        only_crossdock=True, guest="packed=on",
        subjects=(Subject("crossdock split", "crossdock", guest="packed=off"),),
        targets=(("crossdock split", "mpps", ">=", 0.92),)),
    Row("linux-64", "64 B, mergeable buffers, csum, tso with indirect descriptors, and without",
        (CYCLES, MPPS), stream(64), only_crossdock=True, guest=LINUX_GUEST,
        subjects=(Subject("crossdock without", "crossdock", guest=BARE_GUEST),
                  Subject("crossdock mrg=on", "crossdock", guest="mrg=on,csum=off,tso=off"),
                  Subject("crossdock csum=on", "crossdock", guest="mrg=off,csum=on,tso=off")),
        targets=(("crossdock without", "cycles", "<=", 1.1),)),
    Row("tso-64k", f"{TSO_BYTES} B TSO frames, one way, client mode", (GBPS,), stream(TSO_BYTES),
        needs_switching=True, only_guests=True, guest="tso=on,mss=1448", client=True, tso=True,
        subjects=(Subject("crossdock full: wait", "crossdock", full="wait"),
                  Subject("memcpy", "copy")),
        targets=(("ovs", "gbps", ">=", 1.6), ("memcpy", "gbps", ">=", 0.8))),
    Row("pairs-64", "64 B, 14 ports in 7 pairs, one way, total", (MPPS,), stream(64), nb_ports=14,
        needs_switching=True, only_guests=True,
        targets=(("vpp", "mpps", ">=", {"far": 1.5}),)),
    Row("pairs-1500", "1500 B, 14 ports in 7 pairs, one way, total", (GBPS, MPPS), stream(1500),
        nb_ports=14, needs_switching=True, only_guests=True,
        subjects=(Subject("crossdock 2 ports", "crossdock", nb_ports=2),
                  Subject("ovs 2 ports", "ovs", nb_ports=2, of="ovs")),
        targets=(("crossdock 2 ports", "gbps", ">=", 0.85), ("vpp", "gbps", ">=", {"far": 1.5}))),
    # What testpmd's flowgen is and does: both ways, 1024 UDP flows of one pair of addresses.
    Row("generator", "64 B both ways, 1024 L4 flows, two generators", (MPPS, SENT),
        stream(64, 1024, "l4", direction="both"), only_crossdock=True,
        subjects=(Subject("testpmd flowgen", "crossdock", flowgen=True),),
        targets=(("testpmd flowgen", "mpps", ">=", 2.5),)),
    Row("notify", "64 B, 1 flow, one way, guests that wait for interrupts", (MPPS, NOTIFY),
        stream(64), only_crossdock=True, guest="irq=on,event_idx=on",
        subjects=(Subject("crossdock packed", "crossdock", guest="packed=on"),
                  Subject("crossdock polled", "crossdock", guest="irq=off,event_idx=off")),
        bounds=(("crossdock", "notify_per_frame", "<=", 1 / 32),
                ("crossdock packed", "notify_per_frame", "<=", 1 / 32),
                ("crossdock polled", "notify_per_frame", "<=", 1e-5))),
)

STATIC = ("64-1flow", "64-1000mac", "64-1000l4", "1500", "latency", "broadcast", "packed-64",
          "tcp-latency", "tcp-64k", "tso-64k", "pairs-1500", "generator")
# With their own targets beside VPP.
FIFO = {"64-1flow": (("vpp", "mpps", ">=", {"near": 1.8, "far": 1.5}),), "64-1000mac": (), "1500": (),
        "broadcast": (), "pairs-64": (), "pairs-1500": ()}
LONG = ("64-1flow", "1500")

ROWS = (
    *GUESTS,
    *(fifo(row, FIFO[row.name]) for row in GUESTS if row.name in FIFO),
    *(long(row) for row in GUESTS if row.name in LONG),
    *(fifo(long(row)) for row in GUESTS if row.name in LONG),
    *(static(row) for row in GUESTS if row.name in STATIC),
)

# Rows by the word that asks for all of them.
GROUPS = {
    "headline": ("64-1flow", "64-1flow-fifo", "64-1000mac", "64-1000mac-fifo", "pairs-64",
                 "pairs-64-fifo", "broadcast", "1500", "1500-1024", "pairs-1500", "latency",
                 "latency-static"),
    "guest-rings": ("64-1flow", "64-1flow-fifo", "64-1000mac", "64-1000mac-fifo", "pairs-64",
                    "broadcast", "1500", "1500-1024", "pairs-1500", "latency-static"),
    "own": tuple(row.name for row in ROWS if row.only_crossdock),
    "fifo": tuple(row.name for row in ROWS if row.name.endswith("-fifo")),
    "static": tuple(row.name for row in ROWS if row.name.endswith("-static")),
}


def subjects_of(row, systems):
    """Who takes part, crossdock first: all others are compared with it."""
    by_name = {system.name: system for system in systems}
    found = []
    options = dict(row.options)
    many_macs = options.get("flow-kind") == "mac" and options.get("flows") > 1
    for system in systems:
        if system.only_named or row.only_crossdock and system.name != "crossdock":
            continue
        if row.needs_switching and not system.switches:
            continue
        if row.only_guests and not system.guests or many_macs and system.one_address:
            continue
        found.append(Subject(system.name, system.name, mac_limit=row.mac_limit))
    # A system's variants come right after it, so that trials compared lie close in time.
    for subject in row.subjects:
        if subject.system in by_name:
            own = dataclasses.replace(subject, mac_limit=row.mac_limit)
            places = [i for i, other in enumerate(found) if other.system == subject.system]
            found.insert(places[-1] + 1 if places else len(found), own)
    return found
