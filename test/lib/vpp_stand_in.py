#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
In VPP's place where there is none: takes the startup configuration and the commands that
test/perf/vpp.py gives, word for word as VPP's documentation has them, and nothing else. What is
bridged is forwarded by crossdockd.

    vpp_stand_in.py vpp -c FILE           the daemon; $STAND_IN says what is wrong with it
    vpp_stand_in.py vppctl -s SOCKET WORD...
"""

import os
import pathlib
import re
import socket
import sys

from control import Switch
from daemon import Daemon, config_text
from process import die_with_parent

WORDS = {"unix": r"nodaemon nosyslog nocolor cli-listen (?P<cli>/\S+) "
                 r"runtime-dir (?P<directory>/\S+)",
         "cpu": r"main-core \d+ corelist-workers (?P<worker>\d+)",
         "buffers": r"page-size default(-hugepage)?",
         "plugins": r"plugin default { disable } plugin vhost_plugin.so { enable }"}
SECTION = re.compile(r"(\w+) \{ ((?:[^{}]|\{[^{}]*\})*) \}")
RUNTIME = """\
Thread 0 vpp_main (lcore 0)
Time 1.0, 10 sec internal node vector rate 0.00 loops/sec 100.00
  vector rates in 0.0000e0, out 0.0000e0, drop 0.0000e0, punt 0.0000e0
             Name                 State         Calls          Vectors        Suspends  Packet-Clocks   Vectors/Call
unix-epoll-input                 polling            1000               0               0          1.00e3            0.00
vhost-user-process            event wait               0               0              10          1.00e3            0.00
---------------
Thread 1 vpp_wk_0 (lcore 1)
Time 1.0, 10 sec internal node vector rate 32.00 loops/sec 100.00
  vector rates in 1.0000e6, out 1.0000e6, drop 0.0000e0, punt 0.0000e0
             Name                 State         Calls          Vectors        Suspends  Packet-Clocks   Vectors/Call
l2-fwd                            active            1000          {frames}               0          {half}            32.00
unix-epoll-input                 polling            1000               0               0          0.00e0            0.00
vhost-user-input          interrupt wait            1000          {frames}               0          {half}            32.00
"""


def settings_of(path):
    """What the startup configuration says; an error as VPP has it."""
    text = " ".join(pathlib.Path(path).read_text(encoding="ascii").split())
    found = {}
    for name, words in SECTION.findall(text):
        matched = re.fullmatch(WORDS.get(name, "(?!)"), words)
        if not matched:
            sys.exit(f"vpp: unknown input `{name} {{ {words} }}'")
        found[name] = matched.groupdict()
    if set(found) != set(WORDS):
        sys.exit(f"vpp: sections are {sorted(found)}")
    return {key: value for section in found.values() for key, value in section.items()}


class Vpp:
    """How it answers each command: commands() has them."""

    def __init__(self, settings):
        directory = pathlib.Path(settings["directory"])
        self.daemon = Daemon(None, directory, config_text({}, cores=(int(settings["worker"]),)))
        self.daemon.start()
        self.switch = Switch(str(self.daemon.control))
        self.sockets = []  # (path, whether it listens), of each interface
        self.up = set()

    def commands(self):
        interface = r"VirtualEthernet0/0/(\d+)"
        return ((r"show version", self.version), (r"show runtime", self.runtime),
                (r"create bridge-domain 1", lambda: "bridge-domain 1"),
                (r"create vhost-user socket (/\S+)((?: (?:server|packed|event-idx|gso))*)",
                 self.create),
                (rf"set interface state {interface} up", self.set_up),
                (rf"set interface l2 bridge {interface} 1", self.bridge),
                (rf"set interface rx-mode {interface} polling", self.polling))

    def version(self):
        if os.environ.get("STAND_IN") == "other":
            return "FRRouting 8.4.4"
        return "vpp v99.10-stand-in built by nobody on nowhere at 2026-01-01T00:00:00"

    def runtime(self):
        worker = self.switch.call("worker.show")["workers"][0]
        half = worker["busy_cycles"] / 2 / max(worker["frames"], 1)
        return RUNTIME.format(frames=worker["frames"], half=f"{half:.2e}")

    def create(self, path, options):
        if os.environ.get("STAND_IN") == "no-vhost":
            return f"unknown input `vhost-user socket {path}{options}'"
        self.sockets.append((path, "server" in options.split()))
        return f"VirtualEthernet0/0/{len(self.sockets) - 1}"

    def set_up(self, number):
        self.up.add(int(number))
        return ""

    def bridge(self, number):
        path, listens = self.sockets[int(number)]
        self.switch.call("port.add", name=f"vm{number}", type="vhost-user", bridge="br0", path=path,
                         mode="server" if listens else "client")
        return ""

    def polling(self, number):
        return "" if int(number) in self.up else f"VirtualEthernet0/0/{number} is down"

    def answer(self, line):
        for pattern, function in self.commands():
            found = re.fullmatch(pattern, line)
            if found:
                return function(*found.groups())
        return f"unknown input `{line}'"


def vpp(option, path):
    assert option == "-c", option
    settings = settings_of(path)
    switch = Vpp(settings)
    with socket.socket(socket.AF_UNIX) as cli:
        cli.bind(settings["cli"])
        cli.listen()
        while True:
            link, _ = cli.accept()
            with link, link.makefile("rw") as lines:
                lines.write(switch.answer(lines.readline().rstrip("\n")) + "\n")


def vppctl(option, path, *words):
    assert option == "-s", option
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(path)
        with link.makefile("rw") as lines:
            lines.write(" ".join(words) + "\n")
            lines.flush()
            print(lines.read(), end="")


if __name__ == "__main__":
    die_with_parent()
    {"vpp": vpp, "vppctl": vppctl}[sys.argv[1]](*sys.argv[2:])
