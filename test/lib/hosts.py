# SPDX-License-Identifier: BSD-3-Clause
"""Cases whose hosts are the kernel's own network stack, in namespaces."""

import netns
from daemon import Daemon, config_text
from guest import SwitchCase
from harness import need_root


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

    def ping(self, space, address, size=56, count=5):
        done = space.run("ping", "-n", "-c", count, "-i", "0.2", "-W", "10", "-s", size, address)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f" {count} received", done.stdout)
        self.assertNotIn("wrong data", done.stdout)
