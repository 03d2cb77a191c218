# SPDX-License-Identifier: BSD-3-Clause
"""doc/kvm/pvp: the files that it writes for PVP and PVVP are a configuration that the switch takes,
and XML."""

import os
import subprocess
import xml.etree.ElementTree

from harness import Case
from process import PATIENCE_S, SOURCE, program, temporary_directory

PVP = SOURCE / "doc" / "kvm" / "pvp"


class KvmFiles(Case):
    def pvp(self, *words, **variables):
        return subprocess.run([PVP, *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=PATIENCE_S,
                              env={**os.environ, **variables})

    def test_files(self):
        for kind, guests in (("pvp", 1), ("pvvp", 2)):
            with self.subTest(kind):
                directory = temporary_directory(self) / "files"
                done = self.pvp("files", kind, directory, NIC1="0000:82:00.1",
                                SWITCH_CORES=str(min(os.sched_getaffinity(0))))
                self.assertEqual(done.returncode, 0, done.stderr)
                config = directory / "crossdock.yaml"
                self.assertIn("0000:82:00.1", config.read_text())
                done = subprocess.run([program("crossdockd"), "--check", "--config", config],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                cores, sockets = [], []
                for number in range(1, guests + 1):
                    text = (directory / f"vm{number}.xml").read_text()
                    self.assertNotIn("@", text.split("<domain")[1])
                    domain = xml.etree.ElementTree.fromstring(text)
                    cores += [pin.get("cpuset") for pin in domain.iter("vcpupin")]
                    sockets += [source.get("path") for source in domain.iter("source")
                                if source.get("type") == "unix"]
                self.assertEqual(len(set(cores)), 3 * guests)
                self.assertEqual(len(set(sockets)), 2 * guests)
                for socket in sockets:
                    self.assertIn(f"path: {socket}", config.read_text())

    def test_refused(self):
        directory = temporary_directory(self)
        done = self.pvp("files", "pvvp", directory, GUEST_CORES="4,5,6")
        self.assertEqual(done.returncode, 1)
        self.assertIn("GUEST_CORES has 3 cores: pvvp takes 6", done.stderr)
        for words in ((), ("files",), ("files", "vpv", directory), ("begin", "pvp", directory)):
            done = self.pvp(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("pvp check", done.stderr)
