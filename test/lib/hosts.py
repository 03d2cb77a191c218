# SPDX-License-Identifier: BSD-3-Clause
"""Cases whose hosts are the kernel's own network stack, in namespaces."""

import json
import subprocess

import netns
from daemon import Daemon, config_text
from frames import BROADCAST, frame, mac, raw_mac, tagged
from guest import SwitchCase
from harness import need_root
from process import PATIENCE_S, wait_for


class HostCase(SwitchCase):
    """The daemon lives in a namespace of its own, where its devices are."""

    def setUp(self):
        super().setUp()
        need_root(self)
        try:
            self.home = netns.Namespace(self, "switch")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")

    def start_at_home(self, ports, **config):
        ports = {name: keys if "type" in keys else self.port(name, **keys)
                 for name, keys in ports.items()}
        self.modes = {name: keys.get("mode") for name, keys in ports.items()}
        self.daemon = Daemon(self, self.directory, config_text(ports, **config))
        command = self.daemon.command
        self.daemon.command = lambda: self.home.command(*command())
        self.daemon.start()

    def host(self, name, address):
        """A host: a namespace whose eth0 is the other end of an interface called name."""
        space = netns.Namespace(self, name)
        netns.veth(self.home, name, space, "eth0")
        space.address("eth0", address)
        return space

    def packet(self, interface, **keys):
        return {"type": "dpdk", "bridge": "br0",
                "devargs": f"net_af_packet_{interface},iface={interface}", **keys}

    def ping(self, space, address, size=56, count=5, options=()):
        """One at a time: when some were answered already, ping itself does not wait long."""
        for _ in range(count):
            done = space.run("ping", "-n", "-c1", "-W10", "-s", size, *options, address)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("wrong data", done.stdout)

    def iperf3(self, client, server, address, *options, size="50M"):
        """A connection's report, from the client."""
        listening = subprocess.Popen(server.command("iperf3", "-s", "-1"),
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(listening.wait)
        self.addCleanup(listening.kill)
        wait_for(lambda: ":5201" in server.run("ss", "-ltn").stdout, "iperf3 to listen")
        done = client.run("iperf3", "-c", address, "-n", size, "--json", *options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        listening.wait(timeout=PATIENCE_S)
        end = json.loads(done.stdout)["end"]
        print(f"       iperf3: {end['sum_received']['bits_per_second'] / 1e9:.2f} Gbit/s",
              flush=True)
        return end

    def tcpdump(self, space, *words):
        """What it prints of frames on eth0 that match, as a file: it listens already."""
        seen = subprocess.Popen(space.command("tcpdump", "-n", "-l", "-i", "eth0", *words),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        for clean in (seen.stdout.close, seen.stderr.close, seen.wait, seen.kill):
            self.addCleanup(clean)
        while "listening" not in (line := seen.stderr.readline()):
            self.assertNotEqual(line, "", "tcpdump ended")
        return seen.stdout

    def tags_pass(self, trunk, access, vm1):
        """Between a trunk of VLANs 10 and 20, an access port of 10, and a guest in 20."""
        for size in (60, 200, 1514):
            data = frame(BROADCAST, mac(0xA), size=size)
            trunk.send(tagged(data, 10, pcp=3))
            self.assertEqual(access.receive(raw_mac(mac(0xA))).hex(), data.hex())
            vm1.drain()
            trunk.send(tagged(data, 20))
            vm1.rx_until(data)
            data = frame(BROADCAST, mac(0xB), size=size)
            access.send(data)
            self.assertEqual(trunk.receive(raw_mac(mac(0xB))).hex(), tagged(data, 10).hex())

    def comes_in_order(self, out, vm1, count):
        """So many frames of different lengths, sent at once, all come to the guest."""
        sent = [frame(BROADCAST, mac(0xC), payload=b"%d" % i, size=60 + i) for i in range(count)]
        for data in sent:
            out.send(data)
        got = []
        while len(got) < len(sent):
            data = vm1.rx()
            self.assertIsNotNone(data, f"{len(got)} frames came")
            if data[6:12] == raw_mac(mac(0xC)):
                got.append(data)
        self.assertEqual(got, sent)
