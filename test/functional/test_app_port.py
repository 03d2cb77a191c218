# SPDX-License-Identifier: BSD-3-Clause
"""Application ports: a program that passes frames on between two of the kernel's hosts."""

import hashlib
import random
import re
import socket
import threading

from process import Dialogue, program
from test_examples import CORE, ExampleCase

SIZE = 3 << 20


class AppPorts(ExampleCase):
    def begin(self):
        command = [program("app_relay"), f"{self.inside.name}:eth0", f"{self.outside.name}:eth0",
                   str(CORE)]
        self.relay = Dialogue(command, self.directory / "app_relay.log")
        self.addCleanup(self.relay.kill)
        self.reports.append(self.relay.tail)
        self.assertEqual(self.relay.line(), "ready")
        self.address(self.inside, "10.99.0.1/24", "fd99::1/64")
        self.address(self.outside, "10.99.0.2/24", "fd99::2/64")
        self.reaches(self.inside, "10.99.0.2")
        self.reaches(self.inside, "fd99::2")

    def told(self, line):
        self.relay.send(line)
        return self.relay.line()

    def counts(self):
        return {key: int(value) for key, value in re.findall(r"(\w+) (\d+)", self.told("count"))}

    def passes(self, address):
        """Bytes in both directions at once, each of which arrives as it was sent."""
        data = random.Random(address).randbytes(SIZE)
        server = self.listen(self.outside, address, 7000)
        client = self.connect(self.inside, address, 7000)
        peer, _ = server.accept()
        self.addCleanup(peer.close)
        for end in (client, peer):
            threading.Thread(target=self.send, args=(end, data), daemon=True).start()
        for end in (client, peer):
            whole = hashlib.sha256()
            while part := end.recv(1 << 16):
                whole.update(part)
            self.assertEqual(whole.digest(), hashlib.sha256(data).digest())
        server.close()
        return self.counts()

    def send(self, end, data):
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    def test_long_frames(self):
        self.begin()
        for address in ("10.99.0.2", "fd99::2"):
            self.assertEqual(self.told("take"), "ok")
            self.counts()
            got = self.passes(address)
            self.assertGreater(got["long"], 0)
            self.assertGreater(got["longest"], 9000)
            self.assertEqual(self.told("segments"), "ok")
            self.told("count")
            got = self.passes(address)
            self.assertEqual(got["long"], 0)
            self.assertLessEqual(got["longest"], 1514)
