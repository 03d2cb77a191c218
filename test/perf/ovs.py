# SPDX-License-Identifier: BSD-3-Clause
"""
OVS-DPDK with a NORMAL flow: an ovsdb-server and an ovs-vswitchd of their own, in a private
directory; Debian's, or those that the reader has built (--ovs). One PMD thread has the
device-under-test core to itself; every other thread of it runs elsewhere. Its caches are as shipped
(EMC on, SMC off).
"""

import json
import os
import re
import socket

import given
import processes  # which also says where test/lib is
import openvswitch
from netns import Namespace
from system import System

VERSION = re.compile(r"(?<=\(Open vSwitch\) )\S+")
DPDK_VERSION = re.compile(r"^DPDK \S+", re.MULTILINE)
PMD_FIGURE = re.compile(r"^\s*(packets received|processing cycles):\s*(\d+)", re.MULTILINE)
PERF_FIGURE = re.compile(r"Rx packets:\s*(\d+)\s*\(.*?(\d+) cycles/pkt\)")


class OpenVSwitch(System):
    name = "ovs"
    title = "OVS-DPDK, NORMAL"
    built = {"metavar": "PREFIX",
             "help": "Open vSwitch that you have built: where it is installed (Debian's)"}

    @staticmethod
    def programs(condition):
        """Names to paths, of those that the reader has built."""
        prefix = condition.built.get("ovs")
        if not prefix:
            return {}
        return {name: given.file("ovs", prefix, path, executable=not name.endswith(".ovsschema"))
                for name, path in openvswitch.installed(os.path.abspath(prefix)).items()}

    @staticmethod
    def missing(condition):
        if OpenVSwitch.programs(condition) or openvswitch.available():
            return None
        return "apt-get install openvswitch-switch-dpdk"

    @staticmethod
    def version(condition):
        daemon = OpenVSwitch.programs(condition).get("ovs-vswitchd", openvswitch.DAEMON)

        def answer(pattern, wanted):
            return given.answer("ovs", condition.built.get("ovs") or daemon, [daemon, "--version"],
                                pattern, wanted)

        return (f"Open vSwitch {answer(VERSION, 'which Open vSwitch it is')}, "
                f"{answer(DPDK_VERSION, 'which DPDK it was built with')}")

    def settings(self):
        """other_config of the Open_vSwitch table."""
        if self.condition.hugepages:
            memory = {"dpdk-extra": "--no-pci --single-file-segments --in-memory",
                      "dpdk-socket-mem": "1024"}
        else:
            # --no-huge implies --legacy-mem; saying so keeps OVS from adding --in-memory.
            memory = {"dpdk-extra": "--no-pci --no-huge --legacy-mem --no-shconf -m 2048"}
        return {"dpdk-lcore-mask": openvswitch.mask(min(self.condition.other_cpus)),
                "pmd-cpu-mask": openvswitch.mask(self.condition.dut_core), **memory}

    def start(self, group, nb_ports, no_flood_local=False, client=False, tso=False, **_settings):
        self.group = group
        # A network namespace of its own: the TAP devices that it makes of the bridge and of
        # "ovs-netdev" outlive it, and could meet those of another OVS.
        self.switch = openvswitch.OpenVSwitch(
            group, group.dir, Namespace(group, self.name), tso=tso, settings=self.settings(),
            cpus=self.condition.other_cpus, programs=self.programs(self.condition)).start()
        names = [f"vm{i}" for i in range(nb_ports)]
        for name in names:
            if client:
                self.switch.add_guest(name, group.path(name))
            else:
                self.switch.add_server(name)
        flows = self.switch.ofctl("dump-flows")
        if "actions=NORMAL" not in flows:
            raise processes.Failure(f"ovs: the bridge has no NORMAL flow: {flows}")
        if no_flood_local:
            self.switch.ofctl("mod-port", "br0", "no-flood")
        return [f"virtio:{group.path(name)}" for name in names]

    def ready(self, run):
        """Its packet buffers are made when the first guest connects, which takes seconds: frames
        are sent until some get through."""
        for attempt in range(5):
            try:
                return run()
            except processes.Failure:
                if attempt == 4:
                    raise
        return None

    def ask(self, method, *params):
        """One request to the daemon's control socket; no process is started for it."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(self.group.path("vswitchd.ctl"))
            link.sendall(json.dumps({"id": 0, "method": method, "params": list(params)}).encode())
            answer = b""
            while True:
                piece = link.recv(65536)
                answer += piece
                try:
                    return json.loads(answer)["result"]
                except ValueError:
                    if not piece:
                        return ""

    def cycles(self):
        """Of the PMD thread. Open vSwitch 4.0 has no pmd-stats-show any more."""
        text = self.ask("dpif-netdev/pmd-stats-show") or self.ask("dpif-netdev/pmd-perf-show") or ""
        pmd = text[text.find("pmd thread"):].split("main thread")[0]
        found = PERF_FIGURE.search(pmd)
        if found:
            frames, each = map(int, found.groups())
            return (frames * each, frames)
        figures = dict(PMD_FIGURE.findall(pmd))
        return (int(figures.get("processing cycles", 0)), int(figures.get("packets received", 0)))
