# SPDX-License-Identifier: BSD-3-Clause
"""A program that is the guest of all ports, told what to do in lines: wakeup.c, guests.c."""

import glob
import json
import os
import subprocess

import processes
from processes import die_with_parent


def ran_ns(pid):
    """What all threads of a process have run (the first number of schedstat)."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as source:
            total += int(source.read().split()[0])
    return total


class GuestProgram:
    """Ends with the group."""

    def __init__(self, group, command):
        self.name = os.path.basename(command[0])
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, preexec_fn=die_with_parent)
        group.addCleanup(self.close)

    def line(self):
        text = self.child.stdout.readline()
        if not text:
            raise processes.Failure(f"{self.name} ended with status {self.child.wait()}")
        return text

    def ask(self, order):
        """Its answer to a line, which is one of JSON."""
        self.child.stdin.write(order + "\n")
        self.child.stdin.flush()
        return json.loads(self.line())

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()
