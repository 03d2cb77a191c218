# SPDX-License-Identifier: BSD-3-Clause
"""crossdock-pktgen with a kernel at the other end: frames are understood by a real IP stack, and
come back from it."""

import subprocess
import sys

import netns
from harness import need_root
from test_pktgen import Generating

HERE, THERE = "10.77.0.1", "10.77.0.2"
PORT = 7  # echo, RFC 862
ECHO = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("", {PORT}))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
"""
EAL = ("--no-huge", "-m", "256", "--no-pci")


class Kernel(Generating):
    def setUp(self):
        super().setUp()
        need_root(self)
        try:
            self.home = netns.Namespace(self, "generator")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")
        self.space = netns.Namespace(self, "echo")
        netns.veth(self.home, "gen0", self.space, "eth0")
        self.space.address("eth0", f"{THERE}/24")
        self.mac = self.space.run("cat", "/sys/class/net/eth0/address").stdout.strip()
        self.space.ip("neigh", "replace", HERE, "lladdr", "02:58:00:00:00:00", "dev", "eth0",
                      "nud", "permanent")

    def command(self, *words, **options):
        return self.home.command(*super().command(*words, **options))

    def echo(self):
        server = subprocess.Popen(self.space.command(sys.executable, "-c", ECHO), text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.assertEqual(server.stdout.readline(), "ready\n")

    def template(self):
        return (f"eth(dst={self.mac})/ipv4(src={HERE},dst={THERE})/"
                f"udp(sport=4000..4009,dport={PORT})")

    def reflect(self, engine, *words):
        row, = self.run_pktgen(engine, "--pattern", "reflect", "--template", self.template(),
                               *words, ports=("dpdk:net_af_packet0,iface=gen0",), eal=EAL)
        return row

    def reflect_all(self, *words):
        """Again while frames are missing: an echo that gets no core is late, which nobody can know."""
        for _ in range(5):
            row = self.reflect(*words)
            if row["lost_frames"] == 0 and row["latency"]["count"] == row["sent_frames"]:
                break
        return row

    def test_a_socket_sends_frames_back(self):
        """Checksums, lengths and addresses are right, or the kernel would not have taken them."""
        self.echo()
        for size in (64, 65, 1514):
            with self.subTest(size):
                row = self.reflect_all("latency", "--rate", "2kpps", "--flows", 10, "--size", size,
                                       "--verify")
                self.assertGreater(row["sent_frames"], 0)
                self.assertEqual(row["flow_figures"]["flows"], 10)
                self.assertEqual(row["lost_frames"], 0)
                self.assertEqual(row["flow_figures"]["wrong_payload"], 0)
                self.assertEqual(row["latency"]["way"], "round-trip")
                self.assertEqual(row["latency"]["count"], row["sent_frames"])

    def test_one_at_a_time(self):
        self.echo()
        row = self.reflect("latency", "--count", 200, "--time", 20)
        self.assertEqual(row["latency"]["count"], 200)
        self.assertEqual(row["latency"]["lost"], 0)

    def test_nobody_answers(self):
        row = self.reflect("rate", "--rate", "1kpps")
        self.assertGreater(row["sent_frames"], 0)
        self.assertEqual(row["lost_frames"], row["sent_frames"])
