# SPDX-License-Identifier: BSD-3-Clause
"""
testpmd in io mode over DPDK's vhost: two copies per frame and no switching, the cost of that
library alone. The main thread waits for commands; one forwarding thread has the
device-under-test core.
"""

import os
import re
import shutil
import time

import process

FIGURES = re.compile(r"total cycles=(\d+) / total io packets=(\d+)")
PROMPT = b"testpmd> "


class Testpmd:
    name = "testpmd"
    title = "testpmd, io"
    switches = False
    control = None  # nothing that the generator could ask

    def __init__(self, condition):
        self.condition = condition

    @staticmethod
    def missing(_condition):
        return None if shutil.which("dpdk-testpmd") else "apt-get install dpdk-dev"

    @staticmethod
    def version(_condition):
        return "DPDK " + process.output_of(["pkg-config", "--modversion", "libdpdk"]).strip()

    def start(self, group, nb_ports, **_options):
        self.group = group
        paths = [group.path(f"vm{i}") for i in range(nb_ports)]
        memory = (["--in-memory", "--single-file-segments"] if self.condition.hugepages
                  else ["--no-huge", "-m", "1024", "--no-shconf"])
        main = min(self.condition.other_cpus)
        # Its output would wait in a buffer when stdout is a file.
        command = ["stdbuf", "-oL", "dpdk-testpmd", "--no-pci",
                   "--lcores", f"0@{main},1@{self.condition.dut_core}",
                   "--file-prefix", os.path.basename(group.dir), *memory]
        for i, path in enumerate(paths):
            command += ["--vdev", f"net_vhost{i},iface={path}"]
        command += ["--", "-i", "--forward-mode=io", "--auto-start", "--record-core-cycles",
                    "--total-num-mbufs=32768"]
        self.child = group.start(command)
        self.log = group.children[-1][1]
        group.wait(lambda: all(os.path.exists(path) for path in paths), "the ports' sockets")
        group.wait(lambda: PROMPT in self.output(), "the prompt")
        return paths

    def ready(self, _run):
        """Its ports are ready as soon as they are connected."""

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

    def cycles(self):
        """Busy cycles and frames of the forwarding thread, since it started."""
        found = FIGURES.search(self.ask("show fwd stats all"))
        return (int(found.group(1)), int(found.group(2))) if found else (0, 0)

    def notifications(self):
        return None

    def facts(self):
        return {}
