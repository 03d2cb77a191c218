# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's virtio-user as a foreign guest: a driver that is not ours, run by dpdk-testpmd. And its
vhost as a port: a back end that is not ours."""

import os
import shutil
import subprocess

from daemon import WORKER_CORE
from frames import BROADCAST, frame, mac
from guest import SwitchCase
from process import wait_for

A = mac(0xA)
# testpmd polls: it takes another core than the switch's where there is one.
CORE = min(os.sched_getaffinity(0) - {WORKER_CORE} or {WORKER_CORE})


class VirtioUser(SwitchCase):
    def setUp(self):
        super().setUp()
        if not shutil.which("dpdk-testpmd"):
            self.skipTest("dpdk-testpmd is not installed")

    def run_testpmd(self, options, forward, *ports):
        """Runs testpmd with a virtio-user device on each port. Its end is not waited for."""
        command = ["dpdk-testpmd", "--no-pci", "--no-huge", "-m", "128", "--no-telemetry",
                   "--single-file-segments", f"--file-prefix=xd{os.getpid()}",
                   "--lcores", f"0@{CORE},1@{CORE}"]
        for i, name in enumerate(ports):
            server = ",server=1" if self.modes[name] == "client" else ""
            command += ["--vdev", f"net_virtio_user{i},mac={mac(0xF0 + i)},"
                        f"path={self.path(name)},queue_size=256{server}{options}"]
        command += ["--", f"--forward-mode={forward}", "--auto-start", "--no-mlockall",
                    "--total-num-mbufs=2048", "--stats-period=600"]
        log = self.directory / "testpmd.log"
        with open(log, "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.reports.append(lambda: "testpmd's log:\n" + log.read_text()[-3000:])
        self.daemon.wait_up(*ports)
        return process

    def kill(self, process, name):
        """As a guest that dies. One that listened leaves its socket file behind, and DPDK's would
        not replace it."""
        process.kill()
        process.wait()
        wait_for(lambda: not self.daemon.up(name), f"{name} to be down")
        if self.modes[name] == "client":
            self.path(name).unlink()

    def echoed(self, guest, data):
        """Sends data to testpmd, which changes the addresses over, until it comes back: frames
        that come before testpmd forwards are its to lose."""
        swapped = data[6:12] + data[:6] + data[12:]
        for _ in range(100):
            guest.tx(data)
            back = guest.rx(300)
            if back is not None:
                self.assertEqual(back.hex(), swapped.hex())
                return
        self.fail("nothing comes back")

    def test_echo(self):
        for mode in ("server", "client"):
            for options in ("", ",mrg_rxbuf=0", ",in_order=0", ",mrg_rxbuf=0,in_order=0",
                            ",vectorized=1", ",packed_vq=1"):
                with self.subTest(mode=mode, options=options):
                    self.start({"vm1": {}, "vm2": {"mode": mode}})
                    vm1 = self.guest("vm1")
                    process = self.run_testpmd(options, "macswap", "vm2")
                    self.echoed(vm1, frame(mac(0xF0), A))
                    vm1.drain()
                    for size in (60, 61, 127, 128, 129, 500, 1513, 1514):
                        data = frame(mac(0xF0), A, size=size)
                        vm1.tx(data)
                        back = vm1.rx()
                        self.assertIsNotNone(back, f"{size} bytes do not come back")
                        self.assertEqual(back.hex(), (data[6:12] + data[:6] + data[12:]).hex())
                    self.kill(process, "vm2")
                    vm1.kill()
                    self.daemon.stop()

    def test_through_two_devices(self):
        """vm1 - switch - testpmd - switch - vm2, on two bridges."""
        self.start({"vm1": {}, "in": {}, "out": {"bridge": "br1"}, "vm2": {"bridge": "br1"}},
                   bridges=["br0", "br1"])
        vm1, vm2 = self.guests("vm1", "vm2")
        self.run_testpmd("", "io", "in", "out")
        data = frame(BROADCAST, A, size=777)
        for _ in range(100):
            vm1.tx(data)
            got = vm2.rx(300)
            if got is not None:
                break
        self.assertEqual(got, data)
        vm2.drain()
        # What came before the devices had buffers is lost.
        names = ("vm1", "in", "out", "vm2")
        before = {name: self.daemon.drops(name) for name in names}
        total = 0
        for _ in range(50):
            self.assertEqual(vm1.blast(40, data), 40)
            for _ in range(40):
                self.assertEqual(vm2.rx(), data, f"after {total} frames")
                total += 1
        for name in names:
            self.assertEqual(self.daemon.drops(name), before[name], name)

    def test_it_is_killed_and_comes_back(self):
        for mode in ("server", "client"):
            with self.subTest(mode):
                self.start({"vm1": {}, "vm2": {"mode": mode}})
                vm1 = self.guest("vm1")
                for _ in range(2):
                    process = self.run_testpmd("", "macswap", "vm2")
                    self.echoed(vm1, frame(mac(0xF0), A))
                    self.kill(process, "vm2")
                    vm1.drain()
                vm1.kill()
                self.daemon.stop()

    def test_switch_restarts_under_it(self):
        self.start({"vm1": {}, "vm2": {"mode": "client"}})
        vm1 = self.guest("vm1")
        self.run_testpmd("", "macswap", "vm2")
        self.echoed(vm1, frame(mac(0xF0), A))
        self.daemon.stop()
        self.daemon.start()
        vm1.do("reconnect")
        self.daemon.wait_up("vm1", "vm2")
        vm1.drain()
        self.echoed(vm1, frame(mac(0xF0), A))
