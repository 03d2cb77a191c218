# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's monitor protocol: what a test does to the machine from outside."""

import json
import socket
import time

from process import PATIENCE_S, Timeout, wait_for


class Refused(AssertionError):
    """QEMU said no."""


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        wait_for(lambda: self._connected(path), f"QEMU to listen on {path}")
        self.lines = self.socket.makefile("rb")
        self.events = []
        self._message()  # the greeting
        self.ask("qmp_capabilities")

    def _connected(self, path):
        try:
            self.socket.connect(str(path))
        except OSError:
            return False
        return True

    def _message(self):
        try:
            line = self.lines.readline()
        except TimeoutError:
            raise Timeout("QEMU's monitor says nothing") from None
        if not line:
            raise AssertionError("QEMU's monitor has gone")
        return json.loads(line)

    def ask(self, command, **arguments):
        """Sends a command; returns what QEMU answered. Events that come meanwhile are kept."""
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode())
        while True:
            answer = self._message()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise Refused(f"QEMU: {command}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def wait_event(self, name, timeout_s=PATIENCE_S):
        """The first event of that name since the last call for it."""
        end = time.monotonic() + timeout_s
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("data", {})
            if time.monotonic() > end:
                raise Timeout(f"waited {timeout_s:.0f} s for QEMU's event {name}")
            self.ask("query-status")
            time.sleep(0.05)

    def close(self):
        self.lines.close()
        self.socket.close()
