# SPDX-License-Identifier: BSD-3-Clause
"""What must not stop crossdockd, or have it do what nobody asked for: other users' locks, readers
of its log that stall, files that are not there as a whole."""

import fcntl
import json
import os
import re
import signal
import subprocess

from daemon import Daemon, config_text
from guest import SwitchCase
from process import PATIENCE_S, program, wait_for
from test_control import Connection


class Locks(SwitchCase):
    def test_a_lock_on_the_directory_holds_up_nobody(self):
        held = os.open(self.directory, os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.start(["vm1"])
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([name.name for name in self.directory.glob("control.sock*")], [])

    def test_a_lock_file_that_is_not_ours_is_one_line(self):
        daemon = Daemon(None, self.directory, config_text({}))
        lock = self.directory / "control.sock.lock"
        lock.symlink_to(self.directory / "elsewhere")
        daemon.start(wait=False)
        self.assertEqual(daemon.process.wait(timeout=30), 1)
        self.assertEqual(len(daemon.log_text().splitlines()), 1)
        self.assertIn(str(lock), daemon.log_text())
        self.assertFalse((self.directory / "elsewhere").exists())


class Logs(SwitchCase):
    """Standard error is a pipe that is full, and nobody reads it for now."""

    def setUp(self):
        super().setUp()
        path = self.directory / "log.fifo"
        os.mkfifo(path)
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.reader)
        filler = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self.filled = 0
        try:
            while True:
                self.filled += os.write(filler, b"-" * 512)
        except BlockingIOError:
            os.close(filler)
        self.daemon = Daemon(self, self.directory, config_text({}))
        self.start_with_log(self.daemon, path)
        wait_for(self.daemon.answers, "crossdockd to answer")

    def start_with_log(self, daemon, path):
        daemon.log, regular = path, daemon.log
        daemon.start(wait=False)
        daemon.log = regular

    def read(self):
        """What there is in the pipe."""
        try:
            return os.read(self.reader, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def test_requests_are_answered_and_it_ends(self):
        self.assertEqual(self.daemon.ctl("port", "show")["ports"], [])
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "read again" in json.dumps(self.daemon.ctl("log", "show")),
                 "SIGHUP to be answered")
        self.assertEqual(self.daemon.ctl("log", "show")["left_out"], 0)
        self.assertEqual(self.daemon.stop(), 0)

    def test_an_error_at_the_start_ends_it(self):
        second = Daemon(None, self.directory, config_text({}))
        self.start_with_log(second, self.directory / "log.fifo")
        self.addCleanup(second.process.kill)
        self.assertEqual(second.process.wait(timeout=30), 1)

    def test_what_is_left_out_is_counted_and_said(self):
        connection = Connection(self.daemon.control)
        self.addCleanup(connection.close)
        for _ in range(2000):  # one line each
            self.daemon.process.send_signal(signal.SIGHUP)
            connection.call("daemon.status")
        text = []

        def said():
            text.append(self.read())
            return re.search(r"\d+ lines were left out here", "".join(text))

        wait_for(said, "the line that says how many were left out")
        self.assertGreater(self.daemon.ctl("log", "show")["left_out"], 0)


class Files(SwitchCase):
    """A configuration is read as a whole or not at all."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start(["vm1"])
        self.text = self.daemon.config.read_text()
        self.fifo = self.directory / "config.fifo"
        os.mkfifo(self.fifo)

    def run_ctl(self, *words, text=None, **options):
        return subprocess.run([program("crossdockctl"), "--control", str(self.daemon.control),
                               *map(str, words)], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, **options)

    def in_shell(self, line):
        command = line.replace("CTL", f"{program('crossdockctl')} --control {self.daemon.control}")
        return subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=PATIENCE_S)

    def test_pipes_are_read_to_their_end(self):
        more = self.text + "  vm2: " + json.dumps(self.port("vm2")) + "\n"
        path = self.directory / "more.yaml"
        path.write_text(more)
        self.assertIn("+ ports.vm2", self.run_ctl("config", "diff", "-", text=more).stdout)
        self.assertIn("valid: 1 bridge, 2 ports",
                      self.in_shell(f"CTL config check <(sleep 0.2; cat {path})").stdout)
        self.assertIn("valid: 1 bridge, 2 ports",
                      self.in_shell(f"cat {path} >{self.fifo} & CTL config check "
                                    f"{self.fifo}").stdout)
        self.assertEqual(self.in_shell(f"CTL config apply <(cat {path})").returncode, 0)
        self.assertEqual(self.daemon.ports(), ["vm1", "vm2"])

    def test_a_pipe_with_nothing_in_it_is_refused(self):
        for line in ("CTL config apply <(true)", "true | CTL config apply -",
                     f"true >{self.fifo} & CTL config apply {self.fifo}",
                     "CTL config apply - <&-", "CTL config apply /dev/zero"):
            done = self.in_shell(line)
            self.assertEqual(done.returncode, 2, line)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(self.daemon.ports(), ["vm1"])

    def test_a_file_that_is_too_large_is_refused(self):
        large = self.directory / "large.yaml"
        large.write_text(self.text + "#" * (1 << 20) + "\n")
        self.assertIn("larger than 1 MiB", self.run_ctl("config", "check", large).stderr)
        large.write_text(self.text + "#\n" * (400 << 10))  # with each newline as \n
        self.assertIn("longer than 1 MiB", self.run_ctl("config", "check", large).stderr)

    def test_the_daemon_starts_from_a_pipe(self):
        self.daemon.stop()
        done = subprocess.run([program("crossdockd"), "--config", "-", "--check",
                               "--control", self.daemon.control], input=self.text,
                              capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertIn("1 port", done.stdout)
        done = subprocess.run([program("crossdockd"), "--config", "/dev/stdin", "--check"],
                              input="", capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 2)
        self.assertIn("nothing came", done.stderr)

    def test_hangup_does_not_read_a_fifo(self):
        self.daemon.config.unlink()
        os.mkfifo(self.daemon.config)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "is no regular file" in self.daemon.log_text(), "SIGHUP to be refused")
        self.assertEqual(self.daemon.ports(), ["vm1"])

    def test_output_that_cannot_be_written_is_an_error(self):
        for words in ("config show", "--json port show", "port show", "stats show", "--help",
                      "log show", "--version", "fdb show", "--complete port"):
            for to in (">/dev/full", ">&-"):
                done = self.in_shell(f"CTL {words} {to}")
                self.assertEqual(done.returncode, 2, words)
                self.assertIn("cannot write the output", done.stderr)
        for words in ("--help", "--version", f"--config {self.daemon.config} --check "
                      f"--control {self.daemon.control}"):
            done = self.in_shell(f"{program('crossdockd')} {words} >/dev/full")
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("cannot write the output", done.stderr)
