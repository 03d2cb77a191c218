# SPDX-License-Identifier: BSD-3-Clause
"""
OVS-DPDK with a NORMAL flow: an ovsdb-server and an ovs-vswitchd of their own, in a private
directory. One PMD thread has the device-under-test core to itself; every other thread of it runs
elsewhere. Its caches are as shipped (EMC on, SMC off).
"""

import json
import os
import re
import shutil
import socket

import process

DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PMD_FIGURE = re.compile(r"^\s*(packets received|processing cycles):\s*(\d+)", re.MULTILINE)


def mask(cpus):
    return hex(sum(1 << cpu for cpu in cpus))


class OpenVSwitch:
    name = "ovs"
    title = "OVS-DPDK, NORMAL"
    switches = True
    control = None  # nothing that the generator could ask

    def __init__(self, condition):
        self.condition = condition

    @staticmethod
    def missing(_condition):
        if os.access(DAEMON, os.X_OK) and shutil.which("ovsdb-server"):
            return None
        return "apt-get install openvswitch-switch-dpdk"

    @staticmethod
    def version(_condition):
        return process.output_of([DAEMON, "--version"]).strip().replace("\n", ", ")

    def settings(self, tso):
        """other_config of the Open_vSwitch table."""
        if self.condition.hugepages:
            eal = "--no-pci --single-file-segments --in-memory"
            memory = {"dpdk-socket-mem": "1024"}
        else:
            # --no-huge implies --legacy-mem; saying so keeps OVS from adding --in-memory.
            eal = "--no-pci --no-huge --legacy-mem --no-shconf -m 2048"
            memory = {}
        return {
            **({"userspace-tso-enable": "true"} if tso else {}),
            "dpdk-init": "true",
            "dpdk-extra": eal,
            "dpdk-lcore-mask": mask({min(self.condition.other_cpus)}),
            "pmd-cpu-mask": mask({self.condition.dut_core}),
            **memory,
        }

    def start(self, group, nb_ports, no_flood_local=False, client=False, tso=False):
        self.group = group
        self.start_database(tso)
        others = self.condition.other_cpus
        # In a network namespace of its own: the TAP devices that it makes of the bridge and of
        # "ovs-netdev" outlive it, and could meet those of another OVS.
        daemon = group.start(["unshare", "--net", DAEMON, f"unix:{group.path('db.sock')}",
                              f"--unixctl={group.path('vswitchd.ctl')}"], others)
        names = [f"vm{i}" for i in range(nb_ports)]
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        for name in names:
            kind = ["type=dpdkvhostuser"]
            if client:
                kind = ["type=dpdkvhostuserclient",
                        f"options:vhost-server-path={group.path(name)}"]
            self.vsctl("add-port", "br0", name, "--", "set", "Interface", name, *kind)
        if not client:
            group.wait(lambda: all(os.path.exists(group.path(name)) for name in names),
                       "the ports' sockets")
        management = f"unix:{group.path('br0.mgmt')}"
        flows = process.run(["ovs-ofctl", "dump-flows", management], env=group.environment())
        if "actions=NORMAL" not in flows:
            raise process.Failure(f"ovs: the bridge has no NORMAL flow: {flows}")
        if no_flood_local:
            process.run(["ovs-ofctl", "mod-port", management, "br0", "no-flood"],
                        env=group.environment())
        if daemon.poll() is not None:
            raise process.Failure(f"ovs: it ended\n{group.tail()}")
        return [group.path(name) for name in names]

    def ready(self, run):
        """Its packet buffers are made when the first guest connects, which takes seconds: frames
        are sent until some get through."""
        for attempt in range(5):
            try:
                return run()
            except process.Failure:
                if attempt == 4:
                    raise
        return None

    def start_database(self, tso):
        group = self.group
        process.run(["ovsdb-tool", "create", group.path("conf.db"), SCHEMA])
        group.start(["ovsdb-server", group.path("conf.db"),
                     f"--remote=punix:{group.path('db.sock')}",
                     f"--unixctl={group.path('ovsdb.ctl')}"], self.condition.other_cpus)
        group.wait(lambda: os.path.exists(group.path("db.sock")), "ovsdb-server")
        settings = [f"other_config:{key}={value!r}" if " " in value
                    else f"other_config:{key}={value}"
                    for key, value in self.settings(tso).items()]
        settings = [setting.replace("'", '"') for setting in settings]
        self.vsctl("init", "--", "set", "Open_vSwitch", ".", *settings, wait=False)

    def vsctl(self, *words, wait=True):
        command = ["ovs-vsctl", f"--db=unix:{self.group.path('db.sock')}", "--timeout=30"]
        if not wait:
            command.append("--no-wait")
        try:
            return process.run(command + list(words), env=self.group.environment())
        except process.Failure as failure:
            raise process.Failure(f"ovs: {failure}\n{self.group.tail()}") from failure

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
        """Busy cycles and frames received of the PMD thread, since it started."""
        text = self.ask("dpif-netdev/pmd-stats-show") or ""
        pmd = text[text.find("pmd thread"):].split("main thread")[0]
        figures = dict(PMD_FIGURE.findall(pmd))
        return (int(figures.get("processing cycles", 0)), int(figures.get("packets received", 0)))

    def notifications(self):
        return None

    def facts(self):
        return {}
