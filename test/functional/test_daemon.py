# SPDX-License-Identifier: BSD-3-Clause
"""What must not stop crossdockd, or have it do what nobody asked for: other users' locks, readers
of its log that stall, files that are not there as a whole."""

import fcntl
import os

from daemon import Daemon, config_text
from guest import SwitchCase


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
