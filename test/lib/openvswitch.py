# SPDX-License-Identifier: BSD-3-Clause
"""A real OVS-DPDK beside the switch under test: its own database and daemon, in a directory of its
own."""

import os
import pathlib
import shutil
import subprocess

from process import PATIENCE_S, die_with_parent, wait_for

DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
# --no-huge implies --legacy-mem; saying so keeps OVS from adding --in-memory.
EAL = "--no-pci --no-huge --legacy-mem --no-shconf -m 768"


def available():
    return os.access(DAEMON, os.X_OK) and shutil.which("ovsdb-server") is not None


def installed(prefix):
    """Where one that was installed there has its programs: names to paths."""
    places = {"bin": ("ovs-vsctl", "ovs-ofctl", "ovs-appctl", "ovsdb-tool"),
              "sbin": ("ovs-vswitchd", "ovsdb-server"),
              "share/openvswitch": ("vswitch.ovsschema",)}
    return {name: os.path.join(prefix, place, name)
            for place, names in places.items() for name in names}


def mask(cpu):
    return hex(1 << cpu)


class OpenVSwitch:
    """space: the network namespace (netns.Namespace) that its TAP devices and its ports'
    interfaces are in. settings: of other_config, over those here. cpus: that its processes begin
    on; its PMD threads go where they are told. programs: as installed() has them; else Debian's."""

    def __init__(self, test, directory, space, tso=False, settings=None, cpus=None, programs=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.space = space
        self.processes = []
        self.daemon = None
        self.cpus = cpus or os.sched_getaffinity(0)
        self.programs = programs or {}
        self.settings = {
            "dpdk-init": "true", "dpdk-extra": EAL,
            "dpdk-lcore-mask": mask(min(os.sched_getaffinity(0))),
            "pmd-cpu-mask": mask(max(os.sched_getaffinity(0))),
            "userspace-tso-enable": "true" if tso else "false",
            **(settings or {}),
        }
        test.addCleanup(self.close)

    def path(self, name):
        return str(self.directory / name)

    def environment(self):
        names = ("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR", "XDG_RUNTIME_DIR",
                 "RUNTIME_DIRECTORY")
        return {**os.environ, **{name: str(self.directory) for name in names}}

    def _begin(self):
        die_with_parent()
        os.sched_setaffinity(0, self.cpus)

    def _spawn(self, command):
        with open(self.path(os.path.basename(command[0]) + ".log"), "ab") as log:
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(), preexec_fn=self._begin))
        return self.processes[-1]

    def _run(self, name, *words):
        command = [self.programs.get(name, name), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=self.environment(), timeout=2 * PATIENCE_S)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}\n{self.report()}")
        return done.stdout

    def vsctl(self, *words):
        return self._run("ovs-vsctl", f"--db=unix:{self.path('db.sock')}", "--timeout=30", *words)

    def ofctl(self, command, *words):
        return self._run("ovs-ofctl", command, f"unix:{self.path('br0.mgmt')}", *words)

    def appctl(self, *words):
        return self._run("ovs-appctl", "-t", self.path("vswitchd.ctl"), *words)

    def start(self):
        schema = self.programs.get("vswitch.ovsschema", SCHEMA)
        self._run("ovsdb-tool", "create", self.path("conf.db"), schema)
        self.start_database()
        self.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".",
                   *(f'other_config:{key}="{value}"' for key, value in self.settings.items()))
        self.start_daemon()
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        return self

    def start_database(self):
        self._spawn([self.programs.get("ovsdb-server", "ovsdb-server"), self.path("conf.db"),
                     f"--remote=punix:{self.path('db.sock')}",
                     f"--unixctl={self.path('ovsdb.ctl')}"])
        wait_for(lambda: os.path.exists(self.path("db.sock")), "ovsdb-server")

    def start_daemon(self):
        """A command of ovs-vsctl that waits, waits for it."""
        self.daemon = self._spawn(self.space.command(
            self.programs.get("ovs-vswitchd", DAEMON), f"unix:{self.path('db.sock')}",
            f"--unixctl={self.path('vswitchd.ctl')}"))

    def stop_daemon(self):
        """As its unit does: what it made in the kernel stays."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.appctl("exit")
            self.daemon.wait(PATIENCE_S)
        self.daemon = None

    def add_guest(self, name, path):
        """A port that connects to a socket on which QEMU listens."""
        self.vsctl("add-port", "br0", name, "--", "set", "Interface", name,
                   "type=dpdkvhostuserclient", f"options:vhost-server-path={path}")

    def add_server(self, name):
        """A port that listens itself; returns the socket's path."""
        self.vsctl("add-port", "br0", name, "--", "set", "Interface", name, "type=dpdkvhostuser")
        wait_for(lambda: os.path.exists(self.path(name)), f"the socket of {name}")
        return self.path(name)

    def add_interface(self, interface):
        """An interface of the namespace as a port."""
        self.vsctl("add-port", "br0", interface)

    def addresses(self):
        """MAC to OpenFlow port number, of what was learned."""
        rows = self.appctl("fdb/show", "br0").splitlines()[1:]
        return {fields[2]: fields[0] for fields in map(str.split, rows) if len(fields) == 4}

    def number(self, name):
        return self.vsctl("get", "Interface", name, "ofport").strip()

    def port_of(self, address):
        """The name of the port that an address was learned at, or None."""
        number = self.addresses().get(address)
        names = self.vsctl("list-ports", "br0").split()
        return next((name for name in names if self.number(name) == number), None)

    def report(self):
        text = []
        for log in sorted(self.directory.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-15:]
            text += [f"{log.name}:", *(f"  {line}" for line in lines)]
        return "\n".join(text)

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        self.daemon = None
