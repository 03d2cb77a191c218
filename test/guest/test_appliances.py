# SPDX-License-Identifier: BSD-3-Clause
"""Two guests at the ports of one program of examples/ after the other; outside, where there is an
outside, is a namespace of the host's.

The guests are booted once. Each connects to a path that is a link to the socket of today's program.
"""

import os
import re
import signal
import socket
import struct
import threading

import netns
from example import Example
from guests import GuestCase, Stream, mac
from harness import need_root
from machine import Nic
from process import PATIENCE_S, wait_for

CORE = min(os.sched_getaffinity(0))


class Server:
    """Answers each connection to a port of a namespace with some bytes, and closes it. peers: who
    has been there."""

    def __init__(self, test, space, port, data):
        self.data, self.peers = data, []
        with space:
            self.socket = socket.create_server(("0.0.0.0", port))
        test.addCleanup(self.socket.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, address = self.socket.accept()
            except OSError:
                return
            with peer:
                self.peers.append(address)
                peer.recv(1000)
                peer.sendall(self.data)


class Resolver:
    """A name server that knows one address. peers: who has asked."""

    def __init__(self, test, space, address):
        self.address, self.peers = socket.inet_aton(address), []
        with space:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("0.0.0.0", 53))
        test.addCleanup(self.socket.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(512)
            except OSError:
                return
            self.peers.append(peer)
            end = question.index(b"\0", 12) + 5
            answer = (struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + self.address
                      if question[end - 4:end - 2] == b"\0\1" else b"")
            self.socket.sendto(question[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answer), 0, 0) +
                               question[12:end] + answer, peer)


class Appliances(GuestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, name in enumerate(("a", "b"), 1):
            cls.machine(name, [Nic(cls.directory / f"{name}.link", mac(number), listen=False)],
                        f"10.77.0.{number}")

    def setUp(self):
        super().setUp()
        need_root(self)
        self.a, self.b = self.vms["a"], self.vms["b"]

    def play(self, name, *words, sockets=("a.sock", "b.sock"), inside=None):
        """Starts a program, which has the sockets of a and b, and returns its first line."""
        self.program = Example(self, name, *words, inside=inside)
        said = self.program.line()
        for vm, path in zip((self.a, self.b), sockets):
            link = self.directory / f"{vm.name}.link"
            link.unlink(missing_ok=True)
            link.symlink_to(self.directory / path)
        # Which boot only when there is somebody to connect to.
        new = [vm for vm in (self.a, self.b) if vm.qemu is None]
        for vm in new:
            vm.start()
        for vm in new:
            vm.wait_boot()
        return said

    def outside(self):
        try:
            return netns.Namespace(self, "outside")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")

    def ports(self, *names):
        return "+".join(f"vhost:{self.directory}/{name}.sock" for name in names)

    def addresses(self, *addresses, router=None):
        """Those of a and b, instead of what they had."""
        for vm, address in zip((self.a, self.b), addresses):
            vm.get(f"ip addr flush dev eth0 scope global; ip addr add {address} dev eth0")
            vm.address = address.split("/")[0]
            if router:
                vm.get(f"ip route add default via {router}")

    def values(self, last):
        """What the program has counted, by name."""
        self.program.signal(signal.SIGUSR1)
        values = {}
        while last not in values:
            name, _, value = self.program.line().rpartition(" ")
            values[name] = int(value)
        return values

    def stream(self, vm, address, port):
        """Some MiB each way, by iperf3."""
        for options in ("", "-R"):
            # One that has just served another says that it is busy.
            wait_for(lambda: "receiver" in vm.run(f"iperf3 -c {address} -p {port} -n 1M {options}",
                                                  check=False)[1], f"iperf3 {options}", every_s=0.2)

    def refused(self, vm, address, port):
        self.assertNotEqual(vm.run(f"nc -w 1 {address} {port}", check=False)[0], 0)

    def serve(self, vm, port):
        vm.get(f"setsid iperf3 -s -p {port} >/tmp/{port}.log 2>&1 &")
        wait_for(lambda: f":{port} " in vm.get("netstat -ltn"), f"{vm.name} to listen")

    RULES = """default: drop
rules:
- {name: out, from: inside, action: accept}
- {name: web, from: outside, to: 10.77.0.1, protocol: tcp, ports: 8000-8099, action: accept}
"""

    def test_firewall(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(self.RULES)
        self.assertEqual(self.play("firewall", rules, self.ports("a"), self.ports("b"), CORE),
                         "ready")
        for number, vm in enumerate((self.a, self.b), 1):
            vm.get(f"ip addr add fd77::{number}/64 dev eth0")
        self.reach(self.a, "10.77.0.2")
        self.reach(self.a, "fd77::2")
        for vm, port in ((self.a, 7000), (self.a, 8000), (self.b, 7000)):
            self.serve(vm, port)
        for here, there in (("10.77.0.1", "10.77.0.2"), ("fd77::1", "fd77::2")):
            self.stream(self.a, there, 7000)
            self.refused(self.b, here, 7000)
            self.assertEqual(self.b.try_ping(here)[0], 0)
        self.stream(self.b, "10.77.0.1", 8000)
        # With fragments, both ways.
        self.assertEqual(self.a.try_ping("10.77.0.2", count=2, size=5000, wait_s=10)[0], 2)
        # What is open outlives rules that would refuse it.
        stream = Stream(self.a, self.b, "10.77.0.2").more()
        rules.write_text("default: drop\n")
        self.program.signal(signal.SIGHUP)
        self.assertEqual(self.program.line(), "0 rules")
        stream.more()
        self.assertEqual(self.a.try_ping("10.77.0.2")[0], 0)
        self.say(f"{stream.finish() >> 20} MiB by a connection that rules had changed under")
        self.assertEqual(self.values("dropped no-room")["dropped no-room"], 0)
        self.program.end()

    def test_nat(self):
        space = self.outside()
        own, gateway = "203.0.113.1", "203.0.113.254"
        self.assertEqual(self.play("nat", self.ports("a", "b"), "10.0.0.1/24",
                                   f"{space.name}:eth0", f"{own}/24", gateway, CORE), "ready")
        space.address("eth0", f"{gateway}/24")
        self.addresses("10.0.0.2/24", "10.0.0.3/24", router="10.0.0.1")
        self.reach(self.a, gateway)
        self.reach(self.b, gateway)
        self.reach(self.a, self.b.address)
        server = Server(self, space, 80, b"HTTP/1.0 200 OK\r\n\r\n" + bytes(range(256)) * 4096)
        resolver = Resolver(self, space, "198.51.100.7")
        begun = [vm.send(f"wget -q -O - http://{gateway}/ | md5sum") for vm in (self.a, self.b)]
        sums = {vm.finish(begin)[1] for vm, begin in zip((self.a, self.b), begun)}
        self.assertEqual(len(sums), 1)
        for vm in (self.a, self.b):
            self.assertIn("198.51.100.7", vm.get(f"nslookup a.test {gateway}"))
            self.assertEqual(vm.try_ping(gateway, count=2, size=5000, wait_s=10)[0], 2)
        self.assertEqual({peer for peer, _ in server.peers + resolver.peers}, {own})
        self.assertEqual(len(set(server.peers)), 2)
        # Errors from outside: of a router, and of a host where nobody listens.
        space.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        space.ip("route", "add", "192.0.2.0/24", "dev", "lo")
        for address in ("192.0.2.9", gateway):
            self.assertRegex(self.a.get(f"traceroute -n -q 1 -f 2 -m 2 {address}"),
                             rf"\n *2 +{re.escape(gateway)} ")
        self.hairpin(server, own, gateway)
        # From outside nothing begins.
        before = self.values("dropped no-neighbour")["dropped unasked"]
        space.run("ping", "-c1", "-W1", own)
        self.assertGreater(self.values("dropped no-neighbour")["dropped unasked"], before)
        self.program.end()

    def hairpin(self, server, own, gateway):
        """b comes to a by the address and port that a has outside, which is a's own port: nobody
        else had it."""
        self.a.get(f"echo | nc {gateway} 80 >/dev/null")
        port = server.peers[-1][1]
        listens = self.a.send(f"timeout 20 nc -l -p {port}")
        # Until it listens it refuses.
        wait_for(lambda: self.b.run(f"echo by the outside | nc -w 2 {own} {port}",
                                    check=False)[0] == 0, "a connection", 20)
        self.assertEqual(self.a.finish(listens)[1], "by the outside")

    def test_load_balancer(self):
        space = self.outside()
        service = "10.50.0.100"
        backends = self.directory / "servers"
        backends.write_text("10.50.0.11 up\n10.50.0.12 up\n")
        self.assertEqual(self.play("load_balancer", f"{space.name}:eth0", self.ports("a", "b"),
                                   service, "10.50.0.99/24", backends, CORE), "ready")
        space.address("eth0", "10.50.0.2/24")
        self.addresses("10.50.0.11/24", "10.50.0.12/24")
        for vm in (self.a, self.b):
            vm.get(f"ip addr add {service}/32 dev lo; echo {vm.name} >/www/who; "
                   "setsid busybox httpd -f -h /www >/dev/null 2>&1 &")
            wait_for(lambda: ":80 " in vm.get("netstat -ltn"), "httpd")
            wait_for(lambda: space.run("ping", "-c1", "-W1", vm.address).returncode == 0, "a reply")
        self.assertEqual({self.who(space, service) for _ in range(20)}, {"a", "b"})
        backends.write_text("10.50.0.11 down\n10.50.0.12 up\n")
        self.program.signal(signal.SIGHUP)
        self.assertEqual(self.program.line(), "1 servers")
        self.assertEqual({self.who(space, service) for _ in range(5)}, {"b"})
        self.assertGreater(self.values("dropped no-neighbour")["balanced"], 100)
        self.program.end()

    def who(self, space, address):
        """Which server answers."""
        with space:
            client = socket.socket()
        with client:
            client.settimeout(PATIENCE_S)
            client.connect((address, 80))
            client.sendall(b"GET /who HTTP/1.0\r\n\r\n")
            text = b""
            while piece := client.recv(1000):
                text += piece
        return text.decode().split()[-1]

    def test_tap_mirror(self):
        space = self.outside()
        self.assertIn("is on tap9", self.play("tap_mirror", self.directory, "tap9", CORE,
                                              sockets=("vm1.sock", "vm2.sock"), inside=space))
        heard = netns.RawSocket(self, space, "tap9", PATIENCE_S)
        self.meet()
        self.a.get("ping -n -c 3 -i 0.2 -p 7864 10.77.0.2")
        for number in (1, 2):
            self.assertIn(b"xdxdxdxd", wait_for(
                lambda: (f := heard.receive(bytes.fromhex(mac(number).replace(":", "")))) and
                b"xdxdxdxd" in f and f, "a copy"))
        self.program.signal(signal.SIGTERM)
        seen, copied = map(int, re.findall(r"\d+", self.program.line()))
        self.assertGreaterEqual(seen, 6)
        self.assertEqual(copied, seen)

    def meet(self):
        """a and b are neighbours."""
        self.addresses("10.77.0.1/24", "10.77.0.2/24")
        self.reach(self.a, self.b.address)
        self.reach(self.b, self.a.address)
        self.assertEqual(self.a.try_ping(self.b.address, count=2, size=1472, wait_s=10)[0], 2)

    def test_two_switches(self):
        self.play("two_switches", self.directory, CORE, sockets=("inside.sock", "outside.sock"))
        self.meet()
        self.assertGreater(Stream(self.a, self.b, self.b.address, mib=4).finish(), 0)
        self.program.signal(signal.SIGINT)
        for name in ("inside", "outside"):
            self.assertRegex(self.program.line(), rf"{name}: [1-9]\d* frames passed, \d+ lost")

    def test_own_worker(self):
        said = [self.play("own_worker", self.directory, sockets=("vm1.sock", "vm2.sock"))]
        while not {"port-up vm1", "port-up vm2"} <= set(said):
            said.append(self.program.line())
        self.meet()
        self.assertGreater(Stream(self.a, self.b, self.b.address, mib=4).finish(), 0)

    def test_minimal_switch(self):
        self.play("minimal_switch", self.directory, CORE, sockets=("vm1.sock", "vm2.sock"))
        self.meet()
        self.program.signal(signal.SIGINT)
        for name in ("vm1", "vm2"):
            self.assertRegex(self.program.line(), rf"{name}: [1-9]\d* frames in, [1-9]\d* out")
