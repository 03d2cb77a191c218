# SPDX-License-Identifier: BSD-3-Clause
"""crossdockd under test, and crossdockctl to ask it with."""

import json
import os
import re
import signal
import subprocess

import control
from process import PATIENCE_S, program, wait_for

SANITIZER = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:")
WORKER_CORE = max(os.sched_getaffinity(0))


def config_text(ports, bridges=("br0",), cores=(WORKER_CORE,), idle="sleep", hugepages="none"):
    """A configuration file. ports: name to a dict of keys; bridges: names, or name to a dict."""
    if not isinstance(bridges, dict):
        bridges = {name: {} for name in bridges}
    lines = [f"workers: {{cores: {list(cores)}, idle: {idle}}}",
             f"memory: {{hugepages: {hugepages}}}", "bridges:" if bridges else "bridges: {}"]
    lines += [f"  {name}: {_flow(keys)}" for name, keys in bridges.items()]
    lines += ["ports:" if ports else "ports: {}"]
    lines += [f"  {name}: {_flow(keys)}" for name, keys in ports.items()]
    return "\n".join(lines) + "\n"


def _flow(keys):
    return "{" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in keys.items()) + "}"


def vhost_user(path, bridge="br0", **keys):
    return {"type": "vhost-user", "bridge": bridge, "path": str(path), **keys}


class Failed(AssertionError):
    """crossdockctl said no; the text is what it said."""


class Daemon:
    """One crossdockd with its files in a directory of its own."""

    def __init__(self, test, directory, config, state=False, options=(), eal=()):
        self.directory = directory
        self.config = directory / "crossdockd.yaml"
        self.config.write_text(config)
        self.control = directory / "control.sock"
        self.state = directory / "state.yaml" if state else None
        self.log = directory / "crossdockd.log"
        self.options = list(options)
        self.eal = list(eal)
        self.process = None
        if test is not None:
            test.reports.append(self.report)
            test.addCleanup(self.close)

    def command(self):
        command = [program("crossdockd"), "--config", str(self.config),
                   "--control", str(self.control)]
        if self.state:
            command += ["--state", str(self.state)]
        command += self.options
        return command + (["--", *self.eal] if self.eal else [])

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        if wait:
            wait_for(self.answers, "crossdockd to answer", every_s=0.01)
        return self

    def connect(self):
        """Its control socket, without a crossdockctl for each request."""
        return control.Switch(self.control, timeout_s=PATIENCE_S)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"crossdockd ended with status {self.process.returncode}")
        return self.control.exists() and self.try_ctl("config", "show").returncode == 0

    def try_ctl(self, *words):
        return subprocess.run([program("crossdockctl"), "--control", str(self.control), "--json",
                               *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE_S)

    def ctl(self, *words):
        """What crossdockctl --json printed, read."""
        done = self.try_ctl(*words)
        if done.returncode:
            raise Failed((done.stderr + done.stdout).strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *words):
        """The words with which a request was refused."""
        done = self.try_ctl(*words)
        if not done.returncode:
            raise AssertionError(f"crossdockctl {' '.join(map(str, words))} was not refused")
        return (done.stderr + done.stdout).strip()

    def port(self, name):
        return next(port for port in self.ctl("port", "show")["ports"] if port["name"] == name)

    def ports(self):
        return [port["name"] for port in self.ctl("port", "show")["ports"]]

    def up(self, *names):
        return all(port["state"] == "up" for port in self.ctl("port", "show")["ports"]
                   if not names or port["name"] in names)

    def wait_up(self, *names):
        wait_for(lambda: self.up(*names), f"{' '.join(names) or 'all ports'} to be up")

    def drops(self, name):
        """Reason to count, of one port; only what is not 0."""
        return {key: value for key, value in self.port(name)["drops"].items() if value}

    def fdb(self, bridge="br0"):
        """(MAC, VLAN) to the name of a port."""
        shown = self.ctl("fdb", "show", bridge)
        return {(entry["mac"], entry["vlan"]): entry["port"] for entry in shown["entries"]}

    def logged(self):
        """The log with all that was logged up to now: a thread of its own writes the lines, which
        may come later than what they are about."""
        last = self.ctl("log", "show")["lines"][-1]
        line = f"{last['time']} {last['level']:<5} {last['component']}: {last['line']}"
        wait_for(lambda: line in self.log_text(), "the log to be written")
        return self.log_text()

    def log_text(self):
        try:
            return self.log.read_text(errors="replace")
        except OSError:
            return ""

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit status; sanitizers must have found nothing."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            status = process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"crossdockd did not end in {PATIENCE_S:.0f} s") from None
        found = SANITIZER.search(self.log_text())
        if found:
            raise AssertionError(f"crossdockd: {found.group()}: see its log")
        return status

    def close(self):
        """At the end of a test: it must still run, unless stopped, and end cleanly."""
        if self.process is None:
            return
        early = self.process.poll()
        status = self.stop()
        if early is not None:
            raise AssertionError(f"crossdockd ended by itself with status {early}")
        if status != 0:
            raise AssertionError(f"crossdockd ended with status {status}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def cpu_s(self):
        """Processor time used so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def report(self):
        text = self.log_text().splitlines()
        found = [i for i, line in enumerate(text) if SANITIZER.search(line)]
        shown = text[found[0]:found[0] + 40] if found else text[-20:]
        return "\n".join(["crossdockd's log:", *(f"  {line}" for line in shown)]) if text else ""
