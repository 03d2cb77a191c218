# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch's own database server and ovs-vsctl, for a crossdockd in ovs-vswitchd's place."""

import os
import shutil
import subprocess

from process import PATIENCE_S, die_with_parent, wait_for

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def available():
    return shutil.which("ovsdb-server") is not None and os.path.exists(SCHEMA)


class Database:
    """space: the network namespace that the server is in."""

    def __init__(self, test, directory, space):
        self.directory = directory
        self.space = space
        self.options = []
        self.process = None
        self.environment = {**os.environ, **{name: str(directory) for name in (
            "OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR")}}
        test.addCleanup(self.stop)
        self.create()

    @property
    def remote(self):
        return f"unix:{self.path('db.sock')}"

    def path(self, name):
        return str(self.directory / name)

    def _run(self, *words):
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.environment,
                              timeout=2 * PATIENCE_S)
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
        return done

    def create(self):
        """A file without rows."""
        self._run("ovsdb-tool", "create", self.path("conf.db"), SCHEMA)

    def start(self, init=True):
        with open(self.path("ovsdb-server.log"), "ab") as log:
            self.process = subprocess.Popen(
                self.space.command("ovsdb-server", self.path("conf.db"), f"--remote=p{self.remote}",
                                   f"--unixctl={self.path('ovsdb.ctl')}", *self.options), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.environment, preexec_fn=die_with_parent)
        wait_for(lambda: os.path.exists(self.path("db.sock")), "ovsdb-server")
        if init:
            self.vsctl("--no-wait", "init")
        return self

    def appctl(self, *words):
        """A command of ovsdb-server's own."""
        self._run("ovs-appctl", "-t", self.path("ovsdb.ctl"), *words)

    def certificates(self, name):
        """An authority, with which it has certified itself and a client: the client's files."""
        def path(part):
            return self.path(f"{name}-{part}.pem")

        for part in ("ca", "server", "client"):
            signed = [] if part == "ca" else ["-CA", path("ca"), "-CAkey", path("ca-key")]
            self._run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                      f"/CN={name} {part}", "-keyout", path(f"{part}-key"), "-out", path(part),
                      *signed)
        return {"key": path("client-key"), "cert": path("client"), "ca": path("ca"),
                "server": [f"--private-key={path('server-key')}",
                           f"--certificate={path('server')}", f"--ca-cert={path('ca')}"]}

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            os.unlink(self.path("db.sock"))

    def _vsctl(self, *words):
        return self._run("ovs-vsctl", f"--db={self.remote}", f"--timeout={int(PATIENCE_S)}",
                         *words)

    def vsctl(self, *words):
        """What it printed."""
        return self._vsctl(*words).stdout.strip()

    def complaint(self, *words):
        """What it said on stderr, though it ended well."""
        return self._vsctl(*words).stderr.strip()

    def get(self, table, record, column):
        return self.vsctl("--if-exists", "get", table, record, column).strip('"')

    def add_server(self, name, *words, bridge="br0"):
        """A vhost-user port that listens itself."""
        self.vsctl("add-port", bridge, name, *words, "--", "set", "Interface", name,
                   "type=dpdkvhostuser")
