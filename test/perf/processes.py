# SPDX-License-Identifier: BSD-3-Clause
"""Child processes that never outlive this program, and a private directory for them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from process import Timeout, die_with_parent, wait_for  # pylint: disable=wrong-import-position


class Failure(AssertionError):
    """Something did not start or did not answer; the text tells a person what to do. (test/lib's
    failures are AssertionErrors, too.)"""


def run(command, **popen):
    """Runs a short command to its end and returns what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                          preexec_fn=die_with_parent, **popen)
    if done.returncode:
        raise Failure(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


def output_of(command):
    """What a command prints, or an empty string when there is no such command."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=20,
                              check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


class Group:
    """Processes and the directory they live in. Leaving the `with` ends both, and then does what
    addCleanup was told, last first."""

    def __init__(self, name):
        self.name = name
        self.dir = None
        self.children = []
        self.cleanups = []

    def addCleanup(self, function, *args, **kwargs):  # as unittest names it: test/lib calls it
        self.cleanups.append((function, args, kwargs))

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix=f"xd-{self.name}-", dir="/tmp")
        return self

    def __exit__(self, *exc):
        # Ctrl-C must not cut the clean-up short.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for child, _ in reversed(self.children):
                self.end(child)
            for function, args, kwargs in reversed(self.cleanups):
                function(*args, **kwargs)
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
            signal.signal(signal.SIGINT, before)

    def path(self, name):
        return os.path.join(self.dir, name)

    def environment(self):
        """Everything that the programs write by themselves goes to the private directory."""
        env = dict(os.environ)
        for key in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "OVS_RUNDIR", "OVS_DBDIR",
                    "OVS_LOGDIR", "OVS_SYSCONFDIR"):
            env[key] = self.dir
        return env

    def start(self, command, cpus=None):
        """Starts a program in a process group of its own; its output goes to NAME.log."""

        def prepare():
            die_with_parent()
            if cpus:
                os.sched_setaffinity(0, cpus)

        log = self.path(f"{len(self.children)}-{os.path.basename(command[0])}.log")
        with open(log, "wb") as sink:
            try:
                child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sink,
                                         stderr=subprocess.STDOUT, env=self.environment(),
                                         start_new_session=True, preexec_fn=prepare)
            except OSError as error:
                raise Failure(f"{command[0]}: {error.strerror}") from error
        self.children.append((child, log))
        return child

    def wait(self, condition, what, timeout_s=20.0):
        """Waits for a condition, but not after one of the programs has ended."""

        def met():
            if condition():
                return True
            for child, _ in self.children:
                if child.poll() is not None:
                    raise Failure(f"{os.path.basename(child.args[0])} ended with status "
                                  f"{child.returncode}")
            return False

        try:
            wait_for(met, what, timeout_s)
        except (Failure, Timeout) as failure:
            raise Failure(f"{self.name}: {failure}\n{self.tail()}") from failure

    def tail(self, lines=12):
        text = []
        for child, log in self.children:
            try:
                with open(log, encoding="utf-8", errors="replace") as source:
                    last = source.read().splitlines()[-lines:]
            except OSError:
                continue
            text += [f"  [{os.path.basename(child.args[0])}] {line}" for line in last]
        return "\n".join(text)

    @staticmethod
    def end(child):
        """Asks the group to end, then makes it."""
        for number, patience_s in ((signal.SIGTERM, 3), (signal.SIGKILL, 5)):
            try:
                os.killpg(child.pid, number)
            except ProcessLookupError:
                break
            try:
                child.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            # The leader is gone; whoever it left behind in its group goes too.
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if child.stdin:
            try:
                child.stdin.close()
            except OSError:
                pass
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            pass
