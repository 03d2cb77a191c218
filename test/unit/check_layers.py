#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether the rooms of lib/ and drivers/ include downwards only: check_layers.py SOURCE

A room is a directory of lib/, a driver's directory, or one of lib/traffic. ORDER is the order of
doc/architecture.rst; a new room takes its place there and here."""

import pathlib
import re
import sys

# From bottom to top. Rooms of one line know nothing of each other.
ORDER = (
    ("base",),
    ("stats", "key"),
    ("version.h", "bonds.h", "own_worker.h"),
    ("crossdock.h", "commit.h"),  # the library's public header: names and values that all share
    ("mirror.h", "addresses.h", "app_port.h", "event.h"),  # and what it has of its own header
    ("memory", "nic"),
    ("frame",),
    ("hook.h",),
    ("virtqueue",),
    ("vhost_user",),
    ("bond", "conntrack", "police"),
    ("port", "fdb"),
    ("netdev",),
    tuple(f"drivers/{d.name}" for d in pathlib.Path(sys.argv[1], "drivers").iterdir()
          if d.is_dir()),
    ("drivers/drivers.c",),  # the table of drivers
    ("config",),
    ("bridge",),
    ("worker",),
    ("switch",),
    ("control",),
    ("ovsdb", "unixctl"),
    ("traffic/host",),
    ("traffic/frames",),
    ("traffic/port",),
    ("traffic/traffic.h",),  # what is sent, from where to where: the options of all engines
    ("traffic/result",),
    ("traffic/trial",),
    ("traffic/engine",),
)

# Includes upwards, by file and room, and why.
EXCEPTIONS = {}

LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def room(path):
    """The room of a file, named as #include has it."""
    parts = path.split("/")
    return "/".join(parts[:2] if parts[0] in ("drivers", "traffic") else parts[:1])


def includes(source):
    """Each file's name as #include has it, the line, and what the file includes there."""
    for top, base in (("lib", source / "lib"), ("drivers", source)):
        for path in sorted((source / top).rglob("*.[ch]")):
            text = path.read_text().splitlines()
            for line, found in enumerate(map(re.compile(r'#\s*include "(.+)"').match, text), 1):
                if found:
                    yield path.relative_to(base).as_posix(), line, found[1]


def main():
    faults = 0
    unused = set(EXCEPTIONS)
    for file, line, included in includes(pathlib.Path(sys.argv[1])):
        above, below = room(file), room(included)
        fault = None
        if above not in LEVEL or below not in LEVEL:
            fault = f"{above if above not in LEVEL else below} has no place in ORDER"
        elif (file, below) in EXCEPTIONS:
            unused.discard((file, below))
        elif above != below and LEVEL[above] <= LEVEL[below]:
            fault = f"{above} is not above {below}"
        if fault:
            print(f"{file}:{line}: #include \"{included}\": {fault}")
            faults += 1
    for file, below in sorted(unused):
        print(f"{file}: no longer includes {below}: strike the exception")
        faults += 1
    return faults > 0


sys.exit(main())
