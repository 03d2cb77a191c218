# SPDX-License-Identifier: BSD-3-Clause
"""What must not stop crossdockd, or have it do what nobody asked for: other users' locks, readers
of its log that stall, files that are not there as a whole."""

import fcntl
import json
import os
import re
import signal

from daemon import Daemon, config_text
from guest import SwitchCase
from process import wait_for
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
