# SPDX-License-Identifier: BSD-3-Clause
"""crossdockd with vhost-user ports in one bridge and one worker."""

import os

import processes  # puts test/lib on the path
import control
from system import System

CONFIG = """\
workers: {{cores: [{core}], idle: {idle}}}
memory: {{hugepages: {hugepages}}}
control: {{path: {control}}}
log: {{level: info}}
bridges:
  br0: {{mac_limit: {mac_limit}}}
ports:
"""
PORT = "  {name}: {{type: vhost-user, bridge: br0, path: {path}, mode: {mode}, full: {full}}}\n"


def program(build, name):
    """A built program, wherever the build put it; None when it is not there."""
    for path in (f"{build}/app/{name}/{name}", f"{build}/app/{name}", f"{build}/{name}"):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    for directory, _, files in os.walk(build):
        path = os.path.join(directory, name)
        if name in files and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return None


class Crossdock(System):
    name = "crossdock"
    title = "crossdock"

    @staticmethod
    def missing(condition):
        if program(condition.build, "crossdockd"):
            return None
        return f"no crossdockd in {condition.build}: meson setup build && ninja -C build"

    @staticmethod
    def version(condition):
        return processes.output_of([program(condition.build, "crossdockd"), "--version"]).strip()

    def start(self, group, nb_ports, mac_limit=65536, client=False, full="drop", **_settings):
        self.group = group
        self.control = group.path("control.sock")
        names = [f"vm{i}" for i in range(nb_ports)]
        paths = [group.path(name) for name in names]
        config = CONFIG.format(core=self.condition.dut_core, idle=self.condition.idle,
                               hugepages="required" if self.condition.hugepages else "none",
                               control=self.control, mac_limit=mac_limit)
        mode = "client" if client else "server"
        config += "".join(PORT.format(name=n, path=p, mode=mode, full=full)
                          for n, p in zip(names, paths))
        with open(group.path("crossdock.yaml"), "w", encoding="utf-8") as sink:
            sink.write(config)
        group.start([program(self.condition.build, "crossdockd"),
                     "--config", group.path("crossdock.yaml")])
        sockets = [self.control] if client else paths + [self.control]
        group.wait(lambda: all(os.path.exists(path) for path in sockets), "the ports' sockets")
        return [f"virtio:{path}" for path in paths]

    def ask(self, method):
        """What a method answers; nothing of a build that does not have it."""
        with control.Switch(self.control, timeout_s=5) as switch:
            try:
                return switch.call(method)
            except control.Failed:
                return {}

    def cycles(self):
        workers = self.ask("worker.show").get("workers", [])
        return (sum(w["busy_cycles"] for w in workers), sum(w["frames"] for w in workers))

    def notifications(self):
        ports = self.ask("stats.show").get("ports", [])
        return (sum(p["notify_sent"] for p in ports), sum(p["tx_frames"] for p in ports))

    def facts(self):
        bridge = self.ask("bridge.show").get("bridges", [{}])[0]
        memory = self.ask("memory.show")
        return {
            "macs": bridge.get("macs"),
            "not_learned": bridge.get("not_learned"),
            "fdb_bytes": memory.get("fdb_bytes"),
            "eal_bytes": memory.get("eal_bytes"),
        }
