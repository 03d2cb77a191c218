# SPDX-License-Identifier: BSD-3-Clause
"""
testpmd, twice: in io mode over DPDK's vhost, two copies per frame and no switching, the cost of
that library alone; and in flowgen mode over virtio-user, as a generator beside ours. Its main
thread waits for commands; one forwarding thread has a core.
"""

import os
import re
import shutil
import time

import condition as conditions
import given
import processes
from system import System

FIGURES = re.compile(r"total cycles=(\d+) / total io packets=(\d+)")
PORT_FIGURES = re.compile(r"RX-packets:\s*(\d+).*?TX-packets:\s*(\d+)", re.DOTALL)
VERSION = re.compile(r"(?<=RTE Version: ')DPDK [^']+")
PROMPT = b"testpmd> "


def program(condition):
    path = condition.built.get("testpmd")
    return given.file("testpmd", path) if path else "dpdk-testpmd"


class Dialogue:
    """One testpmd, asked at its prompt."""

    def __init__(self, group, condition, core, devices, options):
        memory = (["--in-memory", "--single-file-segments"] if condition.hugepages
                  else ["--no-huge", "-m", "1024", "--no-shconf"])
        main = min(condition.other_cpus)
        # Its output would wait in a buffer when stdout is a file.
        command = ["stdbuf", "-oL", program(condition), "--no-pci", "--lcores", f"0@{main},1@{core}",
                   "--file-prefix", f"{os.path.basename(group.dir)}-{len(group.children)}", *memory]
        for device in devices:
            command += ["--vdev", device]
        command += ["--", "-i", "--auto-start", "--total-num-mbufs=32768", *options]
        self.group = group
        self.child = group.start(command)
        self.log = group.children[-1][1]

    def wait(self):
        self.group.wait(lambda: PROMPT in self.output(), "the prompt")

    def output(self):
        with open(self.log, "rb") as source:
            return source.read()

    def ask(self, command):
        before = len(self.output())
        self.child.stdin.write(command.encode() + b"\n")
        self.child.stdin.flush()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            answer = self.output()[before:]
            if answer.endswith(PROMPT):
                return answer.decode(errors="replace")
            time.sleep(0.01)
        return ""


class Testpmd(System):
    name = "testpmd"
    title = "testpmd, io"
    built = {"metavar": "PATH",
             "help": "testpmd that you have built: the program dpdk-testpmd (Debian's)"}
    switches = False

    @staticmethod
    def missing(condition):
        return None if shutil.which(program(condition)) else "apt-get install dpdk-dev"

    @staticmethod
    def version(condition):
        command = [program(condition), "-v", "--no-pci", "--no-huge", "--no-shconf", "-m", "64",
                   "--", "--help"]
        return given.answer("testpmd", program(condition), command, VERSION, "which DPDK it is of")

    def start(self, group, nb_ports, **_settings):
        self.group = group
        paths = [group.path(f"vm{i}") for i in range(nb_ports)]
        devices = [f"net_vhost{i},iface={path}" for i, path in enumerate(paths)]
        self.dialogue = Dialogue(group, self.condition, self.condition.dut_core, devices,
                                 ["--forward-mode=io", "--record-core-cycles"])
        group.wait(lambda: all(os.path.exists(path) for path in paths), "the ports' sockets")
        self.dialogue.wait()
        return [f"virtio:{path}" for path in paths]

    def cycles(self):
        found = FIGURES.search(self.dialogue.ask("show fwd stats all"))
        return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


class Flowgen:
    """Takes the generator's place: frames of 1024 UDP flows from both ports, counted where they
    come out. Each port sends to the other's address."""

    # testpmd sends from port i to 02:00:00:00:00:0i. Packed rings in order are what it is fastest
    # with: 13 Mpps, 9 with split ones.
    DEVICE = ("net_virtio_user{i},path={path},mac=02:00:00:00:00:{mac:02x},queue_size=1024,"
              "packed_vq=1,in_order=1,mrg_rxbuf=0")

    def __init__(self, condition):
        self.condition = condition

    def counts(self):
        """When, frames received and frames sent so far."""
        found = PORT_FIGURES.findall(self.dialogue.ask("show port stats all"))
        if not found:
            raise processes.Failure(f"testpmd: no statistics\n{self.group.tail()}")
        return (time.monotonic(), sum(int(rx) for rx, _ in found), sum(int(tx) for _, tx in found))

    def trial(self, system, ports, options):
        """Returns a row with the keys of crossdock-pktgen's that are known."""
        c = self.condition
        self.group = system.group
        before_ns = conditions.core_ns(c)
        devices = [self.DEVICE.format(i=i, path=port.removeprefix("virtio:"), mac=i ^ 1)
                   for i, port in enumerate(ports)]
        self.dialogue = Dialogue(system.group, c, c.generator_core, devices,
                                 ["--forward-mode=flowgen", f"--txpkts={options['size']}",
                                  "--txd=1024", "--rxd=1024", "--burst=64"])
        self.dialogue.wait()
        time.sleep(c.warmup_s + 1)  # connecting takes a moment too
        steal, cycles, first = conditions.steal_s(), system.cycles(), self.counts()
        time.sleep(c.time_s)
        last, more_cycles = self.counts(), system.cycles()
        steal = conditions.steal_s() - steal
        system.group.end(system.group.children.pop()[0])
        frames, took_s = more_cycles[1] - cycles[1], last[0] - first[0]
        return {"engine": "rate", "time_s": took_s, "pps": (last[1] - first[1]) / took_s,
                "sent_pps": (last[2] - first[2]) / took_s, "steal_s": steal,
                "switch": {"busy_cycles_per_frame": (more_cycles[0] - cycles[0]) / frames}
                          if frames else None,
                "placement": {"before_ns": before_ns, "after_ns": conditions.core_ns(c)}}
