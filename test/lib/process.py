# SPDX-License-Identifier: BSD-3-Clause
"""Processes, waiting and paths: what every test needs."""

import ctypes
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CROSSDOCK_BUILD", SOURCE / "build")).resolve()

# Long enough for a sanitizer build on a busy machine; a test that passes never waits so long.
PATIENCE_S = float(os.environ.get("CROSSDOCK_PATIENCE", "60"))


class Timeout(AssertionError):
    pass


def wait_for(condition, what, timeout_s=PATIENCE_S, every_s=0.02):
    """Calls condition until it returns something true, and returns that."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(every_s)


def temporary_directory(test):
    """A directory with a path short enough for sockets, removed after the test."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="xd", dir="/tmp"))
    test.addCleanup(shutil.rmtree, path, ignore_errors=True)
    return path


def program(name):
    """The path of a built program, wherever the build put it."""
    for found in (BUILD / "app" / name / name, BUILD / "test" / "tools" / name, BUILD / name):
        if found.is_file():
            return str(found)
    found = next((p for p in BUILD.rglob(name) if p.is_file() and os.access(p, os.X_OK)), None)
    if found is None:
        raise FileNotFoundError(f"{name} is not in {BUILD}: build it, or set CROSSDOCK_BUILD")
    return str(found)


def die_with_parent():
    """For preexec_fn: the child is killed when this program ends, however that happens."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Dialogue:
    """A program spoken to in lines over its stdin and stdout."""

    def __init__(self, command, log, **popen):
        self.name = os.path.basename(command[0])
        self.log_path = pathlib.Path(log)
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=stderr, **popen)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode(errors="replace").rstrip("\r\n"))
        self.lines.put(None)

    def send(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"{self.name} has gone: {self.tail()}") from None

    def line(self, timeout_s=PATIENCE_S):
        """The next line, without its end."""
        try:
            line = self.lines.get(timeout=timeout_s)
        except queue.Empty:
            raise Timeout(f"{self.name} said nothing for {timeout_s:.0f} s") from None
        if line is None:
            self.lines.put(None)
            raise AssertionError(f"{self.name} has gone ({self.process.poll()}): {self.tail()}")
        return line

    def tail(self, lines=15):
        try:
            text = self.log_path.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return " | ".join(text[-lines:])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


def perf_script(name, *words, timeout_s=240):
    """Runs test/perf/NAME to its end: status and what it printed."""
    return subprocess.run([sys.executable, SOURCE / "test" / "perf" / name, "--crossdock",
                           str(BUILD), *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout_s)
