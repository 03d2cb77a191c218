# SPDX-License-Identifier: BSD-3-Clause
"""Programs of examples/."""

import queue
import signal
import subprocess
import threading

from process import PATIENCE_S, program


class Example:
    """A program that prints lines, and does things when it gets signals. inside: a network
    namespace."""

    def __init__(self, test, name, *words, inside=None):
        self.test = test
        command = [program(name), *map(str, words)]
        self.process = subprocess.Popen(inside.command(*command) if inside else command, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        for clean in (self.process.stdout.close, self.process.wait, self.process.kill):
            test.addCleanup(clean)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self):
        return self.lines.get(timeout=PATIENCE_S)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        self.signal(signal.SIGTERM)
        self.test.assertEqual(self.process.wait(timeout=PATIENCE_S), 0)
