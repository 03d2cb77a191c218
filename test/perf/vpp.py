# SPDX-License-Identifier: BSD-3-Clause
"""
VPP, built by the reader (--vpp): its own vhost-user interfaces in one L2 bridge domain, polled by
one worker on the core of the device under test; its main thread is elsewhere. Plugins other than
vhost are off. Told what to do by vppctl, which lies beside vpp.
"""

import os
import re

import given
import processes
from system import System

# default-hugepage: what it takes for its buffers by itself when there are pages.
STARTUP = """\
unix {{ nodaemon nosyslog nocolor cli-listen {cli} runtime-dir {directory} }}
cpu {{ main-core {main} corelist-workers {worker} }}
buffers {{ page-size {pages} }}
plugins {{ plugin default {{ disable }} plugin vhost_plugin.so {{ enable }} }}
"""
# Name, state (of one or two words), calls, vectors, suspends, clocks a vector (or a call, when there
# were no vectors), vectors a call.
NODE = re.compile(r"^(\S+)\s+\D+?\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.e+-]+)\s+[\d.e+-]+\s*$", re.M)
WORKER = re.compile(r"^Thread \d+ vpp_wk_0\b", re.M)
INPUT = "vhost-user-input"
VERSION = re.compile(r"^vpp v\S+")


class Vpp(System):
    name = "vpp"
    title = "VPP, L2 bridge domain"
    built = {"metavar": "PATH",
             "help": "VPP that you have built: the program vpp, with vppctl beside it"}

    @staticmethod
    def missing(condition):
        if not condition.built["vpp"]:
            return "build it (vpp, vppctl, the vhost plugin) and give --vpp /PATH/bin/vpp"
        Vpp.programs(condition)
        return None

    @staticmethod
    def programs(condition):
        """vpp by its whole path, from which it finds its plugins, and vppctl."""
        path = condition.built["vpp"]
        vpp = given.file("vpp", path)
        return vpp, given.file("vpp", path, os.path.join(os.path.dirname(vpp), "vppctl"))

    @staticmethod
    def version(condition):
        """Asked of a VPP that runs: it is to be one that runs, with its plugin, in any case."""
        vpp = Vpp(condition)
        with processes.Group("vpp") as group:
            try:
                vpp.begin(group)
                said = vpp.ask("show version")
                found = VERSION.match(said)
                if not found:
                    raise processes.Failure(f"show version: {said[:100] or 'nothing'}")
                vpp.create(group.path("probe.sock"), "server")
            except processes.Failure as failure:
                raise processes.Failure(f"--vpp {condition.built['vpp']}: {failure}") from failure
        return found.group(0)  # what follows is who built it, where and when

    def begin(self, group):
        """Starts it without interfaces."""
        self.group = group
        c = self.condition
        self.cli = group.path("cli.sock")
        with open(group.path("startup.conf"), "w", encoding="ascii") as sink:
            sink.write(STARTUP.format(cli=self.cli, directory=group.dir, main=min(c.other_cpus),
                                      worker=c.dut_core,
                                      pages="default-hugepage" if c.hugepages else "default"))
        program, self.vppctl = self.programs(c)
        group.start([program, "-c", group.path("startup.conf")])
        group.wait(self.answers, "its command socket")

    def answers(self):
        if not os.path.exists(self.cli):
            return False
        try:
            return bool(self.ask("show version"))
        except processes.Failure:  # vppctl was refused: it does not listen yet
            return False

    def ask(self, command):
        """vppctl's status is 0 whatever VPP says of the command."""
        return processes.run([self.vppctl, "-s", self.cli, *command.split()]).strip()

    def tell(self, command):
        """One that says nothing when it is done."""
        said = self.ask(command)
        if said:
            raise processes.Failure(f"vpp: {command}: {said}")

    def create(self, path, *options):
        """An interface; returns its name."""
        command = " ".join(("create vhost-user socket", path, *options))
        said = self.ask(command)
        if not re.fullmatch(r"VirtualEthernet\S+", said):
            raise processes.Failure(f"vpp: {command}: {said or 'no name of an interface came'}")
        return said

    def start(self, group, nb_ports, client=False, tso=False, **_settings):
        self.begin(group)
        said = self.ask("create bridge-domain 1")
        if said != "bridge-domain 1":
            raise processes.Failure(f"vpp: create bridge-domain 1: {said or 'nothing'}")
        # What guests may ask for with --guest is offered; what they do not ask for is not used.
        options = ["packed", "event-idx"] + ([] if client else ["server"]) + (["gso"] if tso else [])
        paths = [group.path(f"vm{i}") for i in range(nb_ports)]
        for path in paths:
            interface = self.create(path, *options)
            self.tell(f"set interface state {interface} up")
            self.tell(f"set interface l2 bridge {interface} 1")
            self.tell(f"set interface rx-mode {interface} polling")
        if not client:
            group.wait(lambda: all(os.path.exists(path) for path in paths), "the ports' sockets")
        return [f"virtio:{path}" for path in paths]

    def cycles(self):
        """Of the worker; it counts turns in which nothing came, too."""
        said = self.ask("show runtime")
        worker = WORKER.search(said)
        if not worker:
            return (0, 0)
        cycles = frames = 0
        for name, calls, vectors, _, clocks in NODE.findall(said[worker.end():]):
            cycles += float(clocks) * (int(vectors) or int(calls))
            frames += int(vectors) if name == INPUT else 0
        return (int(cycles), frames)
