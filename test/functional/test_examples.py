# SPDX-License-Identifier: BSD-3-Clause
"""Programs of examples/, between the kernel's own hosts."""

import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading

import netns
from example import Example
from harness import Case, need_root
from process import PATIENCE_S, SOURCE, program, temporary_directory, wait_for

CORE = min(os.sched_getaffinity(0))
RULES = SOURCE / "examples" / "firewall" / "rules.yaml"


class ExampleCase(Case):
    def setUp(self):
        super().setUp()
        need_root(self)
        self.directory = temporary_directory(self)
        try:
            self.inside = netns.Namespace(self, "inside")
            self.outside = netns.Namespace(self, "outside")
        except (AssertionError, FileNotFoundError) as reason:
            self.skipTest(f"no network namespaces: {reason}")

    def address(self, space, *addresses):
        for address in addresses:
            extra = ("nodad",) if ":" in address else ()
            space.ip("addr", "add", address, "dev", "eth0", *extra)
        space.ip("link", "set", "eth0", "up")

    def reaches(self, space, address):
        wait_for(lambda: space.run("ping", "-c1", "-W1", address).returncode == 0, "a reply")

    def lan(self, *addresses):
        """Hosts on a bridge of the kernel's inside, which has the tap."""
        self.inside.ip("link", "add", "name", "lan", "type", "bridge")
        self.inside.ip("link", "set", "lan", "up")
        self.inside.ip("link", "set", "eth0", "master", "lan", "up")
        hosts = []
        for number, address in enumerate(addresses):
            host = netns.Namespace(self, f"host{number}")
            netns.veth(self.inside, f"h{number}", host, "eth0")
            self.inside.ip("link", "set", f"h{number}", "master", "lan")
            self.address(host, f"{address}/24")
            hosts.append(host)
        return hosts

    def listen(self, space, address, port, kind=socket.SOCK_STREAM):
        with space:
            server = socket.create_server(
                (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET) \
                if kind == socket.SOCK_STREAM else socket.socket(socket.AF_INET, kind)
        self.addCleanup(server.close)
        if kind != socket.SOCK_STREAM:
            server.bind((address, port))
        server.settimeout(PATIENCE_S)
        return server

    def connect(self, space, address, port, timeout_s=PATIENCE_S):
        with space:
            client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.addCleanup(client.close)
        client.settimeout(timeout_s)
        client.connect((address, port))
        return client

    def talk(self, client, server):
        """Something in each direction of a connection."""
        peer, _ = server.accept()
        self.addCleanup(peer.close)
        peer.settimeout(PATIENCE_S)
        self.say(client, peer)
        return peer

    def say(self, client, peer, data=b"hello"):
        """In both directions, one after the other."""
        for here, there in ((client, peer), (peer, client)):
            sender = threading.Thread(target=here.sendall, args=(data,))
            sender.start()
            got = b""
            while len(got) < len(data) and (piece := there.recv(65536)):
                got += piece
            self.assertEqual(got, data)
            sender.join()


    ORDERS = ((0, 16, 32), (32, 16, 0), (16, 0, 32))

    def raw(self, space):
        with space:
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.addCleanup(raw.close)
        return raw

    def in_fragments(self, raw, source, destination, number, order):
        """Sends a datagram of 40 bytes in fragments of 16 and the rest, those that begin at order;
        returns the bytes."""
        data = bytes(range(40))
        datagram = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
        for at in order:
            piece = datagram[at:at + 16] if at < 32 else datagram[at:]
            header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(piece), number,
                                 at // 8 | (0x2000 if at < 32 else 0), 64, 17, 0,
                                 socket.inet_aton(source[0]), socket.inet_aton(destination[0]))
            raw.sendto(header + piece, (destination[0], 0))
        return data


class Firewall(ExampleCase):
    def start(self, rules=RULES):
        self.firewall = Example(self, "firewall", rules, f"{self.inside.name}:eth0",
                                f"{self.outside.name}:eth0", CORE)
        self.assertEqual(self.firewall.line(), "ready")
        self.address(self.inside, "10.99.0.1/24", "fd99::1/64")
        self.address(self.outside, "10.99.0.2/24", "fd99::2/64")
        self.reaches(self.inside, "10.99.0.2")
        self.reaches(self.inside, "fd99::2")

    def counted(self, *names):
        """Of the counters of these names, the values."""
        self.firewall.signal(signal.SIGUSR1)
        values = {}
        while "dropped no-room" not in values:
            name, _, value = self.firewall.line().rpartition(" ")
            values[name] = int(value)
        return [values[name] for name in names]

    def refused(self, space, address, port):
        with self.assertRaises(TimeoutError):
            self.connect(space, address, port, timeout_s=1)

    def test_who_may_connect(self):
        self.start()
        for here, there in (("10.99.0.1", "10.99.0.2"), ("fd99::1", "fd99::2")):
            server = self.listen(self.outside, there, 2222)
            self.talk(self.connect(self.inside, there, 2222), server)
            server = self.listen(self.inside, here, 2222)
            self.refused(self.outside, here, 2222)
            server = self.listen(self.inside, here, 8080)
            self.talk(self.connect(self.outside, here, 8080), server)
            self.reaches(self.outside, here)
        out, web, dropped, invalid = self.counted("out", "web", "dropped rule", "dropped invalid")
        self.assertGreaterEqual(out, 2)
        self.assertEqual(web, 2)
        self.assertGreaterEqual(dropped, 2)
        self.assertEqual(invalid, 0)
        self.firewall.end()

    def test_answers_and_errors_only(self):
        self.start()
        with self.outside:
            stray = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(stray.close)
        stray.bind(("10.99.0.2", 5353))
        with self.inside:
            asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(asks.close)
        asks.bind(("10.99.0.1", 4000))
        before, = self.counted("dropped rule")
        stray.sendto(b"unasked", ("10.99.0.1", 4000))
        wait_for(lambda: self.counted("dropped rule")[0] > before, "a drop")
        asks.settimeout(PATIENCE_S)
        stray.settimeout(PATIENCE_S)
        asks.sendto(b"question", ("10.99.0.2", 5353))
        self.assertEqual(stray.recvfrom(100)[0], b"question")
        stray.sendto(b"answer", ("10.99.0.1", 4000))
        self.assertEqual(asks.recvfrom(100)[0], b"answer")
        # In fragments, both ways.
        asks.sendto(b"q" * 5000, ("10.99.0.2", 5353))
        self.assertEqual(len(stray.recvfrom(9000)[0]), 5000)
        stray.sendto(b"a" * 5000, ("10.99.0.1", 4000))
        self.assertEqual(len(asks.recvfrom(9000)[0]), 5000)
        # To a port that nobody has: the error comes back.
        asks.connect(("10.99.0.2", 9999))
        asks.send(b"anybody?")
        with self.assertRaises(ConnectionRefusedError):
            asks.recv(100)
        self.firewall.end()

    def flows(self):
        """Lines of connections, without the time that they have."""
        self.firewall.signal(signal.SIGUSR2)
        lines = []
        while not (line := self.firewall.line()).endswith(" flows"):
            lines.append(re.sub(r" \d+ s\b", "", line))
        self.assertEqual(len(lines), int(line.split()[0]))
        return lines

    def test_connections_are_counted(self):
        rules = self.directory / "rules.yaml"
        rules.write_text("counters: true\n" + RULES.read_text())
        self.start(rules)
        for here, there in (("10.99.0.1", "10.99.0.2"), ("fd99::1", "fd99::2")):
            family = socket.AF_INET6 if ":" in here else socket.AF_INET
            with self.inside:
                client = socket.socket(family, socket.SOCK_DGRAM)
            with self.outside:
                server = socket.socket(family, socket.SOCK_DGRAM)
            for end, address in ((client, (here, 4000)), (server, (there, 5353))):
                self.addCleanup(end.close)
                end.bind(address)
                end.settimeout(PATIENCE_S)
            # 100 bytes a frame, and 80 of the answer, of which 42 are headers, with IPv6 62.
            headers = 62 if ":" in here else 42
            for _ in range(3):
                client.sendto(bytes(100 - headers), (there, 5353))
                server.recvfrom(100)
            server.sendto(bytes(80 - headers), (here, 4000))
            client.recvfrom(100)
            self.assertIn(f"udp {here} 4000 {there} 5353 answered packets 3 1 bytes 300 80",
                          self.flows())
        self.firewall.end()

    def test_fragments_in_any_order(self):
        self.start()
        server = self.listen(self.outside, "10.99.0.2", 5353, socket.SOCK_DGRAM)
        raw = self.raw(self.inside)
        for number, order in enumerate(self.ORDERS, 1):
            data = self.in_fragments(raw, ("10.99.0.1", 4000), ("10.99.0.2", 5353), number, order)
            self.assertEqual(server.recvfrom(100), (data, ("10.99.0.1", 4000)))
        # What waits for nothing when the program ends is nobody's.
        self.in_fragments(raw, ("10.99.0.1", 4000), ("10.99.0.2", 5353), 99, (16,))
        self.firewall.end()

    def test_rules_change_under_traffic(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(RULES.read_text())
        self.start(rules)
        server = self.listen(self.inside, "10.99.0.1", 8080)
        client = self.connect(self.outside, "10.99.0.1", 8080)
        peer = self.talk(client, server)
        rules.write_text("default: drop\nrules:\n- {action: accept, from: insid}\n")
        self.firewall.signal(signal.SIGHUP)
        self.assertEqual(self.firewall.line(),
                         f"firewall: {rules}:3: expected inside or outside; the old rules stay")
        self.talk(self.connect(self.outside, "10.99.0.1", 8080), server)
        rules.write_text("default: drop\nrules:\n- {name: none, action: drop}\n")
        self.firewall.signal(signal.SIGHUP)
        self.assertEqual(self.firewall.line(), "1 rules")
        self.refused(self.outside, "10.99.0.1", 8080)
        # What is open stays open.
        self.say(client, peer)
        self.firewall.end()

    def test_timeouts(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(RULES.read_text() + "timeouts: {icmp: 1}\n")
        self.start(rules)
        wait_for(lambda: self.counted("connections") == [0], "the end of two pings' connections")
        self.firewall.end()

    def test_wrong_rules(self):
        for text, says in (("default: maybe\n", "1: expected accept or drop"),
                           ("rules:\n- {action: accept, ports: 80}\n",
                            "2: expected protocol: tcp or udp where there are ports"),
                           ("rules:\n- {from: inside}\n", "2: expected a rule with an action"),
                           ("rules:\n- {action: drop, to: 10.0.0.0/33}\n",
                            "2: expected an address, or ADDRESS/BITS"),
                           ("rules:\n- {action: drop, protocol: tcp, ports: 80-}\n",
                            "2: expected PORT or PORT-PORT"),
                           ("rules:\n- {action: drop,\n  port: 5}\n",
                            "3: expected name, action, from, source, to, protocol or ports"),
                           ("counters: 1\n", "1: expected true or false"),
                           ("default: drop\ndefault: accept\n", "2: expected each key once"),
                           ("rules:\n- {action: drop,\n   action: accept}\n",
                            "3: expected each key once"),
                           ("default: drop\n---\nrules: []\n", "3: expected one document"),
                           ("default: drop\n...\nx\n", "3: did not find expected "
                            "<document start>"),
                           ("timeouts: {udp: 0}\n", "1: expected 1 to 2000000 seconds"),
                           ("timeouts: {dns: 5}\n", "1: expected tcp, udp, udp-stream or icmp"),
                           ("rules: [\n", "2: did not find expected node content")):
            rules = self.directory / "rules.yaml"
            rules.write_text(text)
            with self.subTest(text=text):
                done = subprocess.run([program("firewall"), rules, "a", "b"], text=True,
                                      capture_output=True, timeout=PATIENCE_S)
                self.assertEqual((done.returncode, done.stderr),
                                 (1, f"firewall: {rules}:{says}\n"))


class Nat(ExampleCase):
    """Two hosts on a bridge of the kernel's, behind one address; the gateway outside is a server."""

    OUTSIDE, GATEWAY = "203.0.113.1", "203.0.113.254"

    def start(self):
        self.nat = Example(self, "nat", f"{self.inside.name}:eth0", "10.0.0.1/24",
                           f"{self.outside.name}:eth0", f"{self.OUTSIDE}/24", self.GATEWAY, CORE)
        self.assertEqual(self.nat.line(), "ready")
        self.hosts = self.lan("10.0.0.2", "10.0.0.3")
        for host in self.hosts:
            host.ip("route", "add", "default", "via", "10.0.0.1")
        self.address(self.outside, f"{self.GATEWAY}/24")
        for host in self.hosts:
            self.reaches(host, self.GATEWAY)

    def datagrams(self, space, address, port):
        with space:
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(out.close)
        out.bind((address, port))
        out.settimeout(PATIENCE_S)
        return out

    def dropped(self, reason):
        self.nat.signal(signal.SIGUSR1)
        values = {}
        while "dropped no-neighbour" not in values:
            name, _, value = self.nat.line().rpartition(" ")
            values[name] = int(value)
        return values[f"dropped {reason}"]

    def test_connections(self):
        self.start()
        server = self.listen(self.outside, self.GATEWAY, 80)
        ports = set()
        for host in self.hosts:
            with host:
                client = socket.socket()
            self.addCleanup(client.close)
            client.settimeout(PATIENCE_S)
            client.bind(("0.0.0.0", 40000))
            client.connect((self.GATEWAY, 80))
            peer = self.talk(client, server)
            self.assertEqual(peer.getpeername()[0], self.OUTSIDE)
            ports.add(peer.getpeername()[1])
            # More than a window, both ways, in whatever segments the kernel makes.
            self.say(client, peer, bytes(range(256)) * 8192)
        self.assertEqual(len(ports), 2)
        self.assertIn(40000, ports)
        self.nat.end()

    def test_datagrams_and_errors(self):
        self.start()
        server = self.datagrams(self.outside, self.GATEWAY, 53)
        for i, host in enumerate(self.hosts):
            client = self.datagrams(host, f"10.0.0.{2 + i}", 4000)
            for size in (5, 1472, 5000):
                client.sendto(b"x" * size, (self.GATEWAY, 53))
                data, source = server.recvfrom(9000)
                self.assertEqual((len(data), source[0]), (size, self.OUTSIDE))
                server.sendto(b"y" * size, source)
                self.assertEqual(client.recvfrom(9000), (b"y" * size, (self.GATEWAY, 53)))
            # Nobody listens there: the error finds who asked.
            client.connect((self.GATEWAY, 9999))
            client.send(b"anybody?")
            with self.assertRaises(ConnectionRefusedError):
                client.recv(100)
        self.nat.end()

    def test_fragments_in_any_order(self):
        """Those of a question, and those of its answer, are translated as their first."""
        self.start()
        server = self.datagrams(self.outside, self.GATEWAY, 53)
        client = self.datagrams(self.hosts[0], "10.0.0.2", 4000)
        inside, outside = self.raw(self.hosts[0]), self.raw(self.outside)
        for number, order in enumerate(self.ORDERS, 1):
            data = self.in_fragments(inside, ("10.0.0.2", 4000), (self.GATEWAY, 53), number, order)
            got, source = server.recvfrom(100)
            self.assertEqual((got, source[0]), (data, self.OUTSIDE))
            data = self.in_fragments(outside, (self.GATEWAY, 53), source, number, order)
            self.assertEqual(client.recvfrom(100), (data, (self.GATEWAY, 53)))
        # Of what nobody asked for, no part passes.
        before = self.dropped("unasked")
        for order in self.ORDERS:
            self.in_fragments(outside, (self.GATEWAY, 53), (self.OUTSIDE, 22), 99, order)
        wait_for(lambda: self.dropped("unasked") > before, "a drop")
        self.nat.end()

    def test_ports_of_one_side(self):
        """Two namespaces with a tap each: they reach each other without the translator, and the
        other side by it."""
        other = netns.Namespace(self, "other")
        self.nat = Example(self, "nat", f"{self.inside.name}:eth0+{other.name}:eth0", "10.0.0.1/24",
                           f"{self.outside.name}:eth0", f"{self.OUTSIDE}/24", self.GATEWAY, CORE)
        self.assertEqual(self.nat.line(), "ready")
        self.address(self.outside, f"{self.GATEWAY}/24")
        for space, address in ((self.inside, "10.0.0.2"), (other, "10.0.0.3")):
            self.address(space, f"{address}/24")
            space.ip("route", "add", "default", "via", "10.0.0.1")
            self.reaches(space, self.GATEWAY)
        self.reaches(self.inside, "10.0.0.3")
        first = self.datagrams(self.inside, "10.0.0.2", 4000)
        second = self.datagrams(other, "10.0.0.3", 4000)
        server = self.datagrams(self.outside, self.GATEWAY, 53)
        sources = []
        for client in (first, second):
            client.sendto(b"who am I?", (self.GATEWAY, 53))
            sources.append(server.recvfrom(100)[1])
            server.sendto(b"you", sources[-1])
            self.assertEqual(client.recvfrom(100), (b"you", (self.GATEWAY, 53)))
        self.assertEqual({address for address, _ in sources}, {self.OUTSIDE})
        self.assertNotEqual(*sources)
        # By the address that both have outside.
        second.sendto(b"hello", sources[0])
        self.assertEqual(first.recvfrom(100), (b"hello", sources[1]))
        # What hosts of a side tell each other is nobody's outside.
        with self.outside:
            heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
        self.addCleanup(heard.close)
        heard.bind(("eth0", 0x88b5))
        heard.settimeout(0.3)
        with self.inside:
            says = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.addCleanup(says.close)
        says.bind(("eth0", 0))
        says.send(b"\xff" * 6 + bytes((2, 0, 0, 0, 0, 9, 0x88, 0xb5)) + bytes(46))
        with self.assertRaises(TimeoutError):
            heard.recv(100)
        self.nat.end()

    def test_from_outside(self):
        self.start()
        before = self.dropped("unasked")
        stranger = self.datagrams(self.outside, self.GATEWAY, 7777)
        stranger.sendto(b"unasked", (self.OUTSIDE, 22))
        wait_for(lambda: self.dropped("unasked") > before, "a drop")
        self.nat.end()

    def test_hairpin(self):
        self.start()
        server = self.datagrams(self.outside, self.GATEWAY, 53)
        first = self.datagrams(self.hosts[0], "10.0.0.2", 4000)
        second = self.datagrams(self.hosts[1], "10.0.0.3", 4000)
        first.sendto(b"who am I?", (self.GATEWAY, 53))
        there = server.recvfrom(100)[1]
        self.assertEqual(there[0], self.OUTSIDE)
        second.sendto(b"hello", there)
        data, back = first.recvfrom(100)
        self.assertEqual((data, back[0]), (b"hello", self.OUTSIDE))
        first.sendto(b"hello yourself", back)
        self.assertEqual(second.recvfrom(100), (b"hello yourself", there))
        self.nat.end()


class LoadBalancer(ExampleCase):
    """Three servers, each of which answers from the service's address, and a client."""

    SERVICE, SERVERS = "10.50.0.100", ("10.50.0.11", "10.50.0.12", "10.50.0.13")

    def start(self):
        self.file = self.directory / "servers"
        self.file.write_text("".join(f"{server} up\n" for server in self.SERVERS))
        self.balancer = Example(self, "load_balancer", f"{self.outside.name}:eth0",
                                f"{self.inside.name}:eth0", self.SERVICE, "10.50.0.99/24",
                                self.file, CORE)
        self.assertEqual(self.balancer.line(), "ready")
        self.address(self.outside, "10.50.0.2/24")
        self.listening = []
        for server in self.lan(*self.SERVERS):
            server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1",
                       "net.ipv4.conf.all.arp_announce=2")
            server.ip("addr", "add", f"{self.SERVICE}/32", "dev", "lo")
            self.listening.append(self.listen(server, self.SERVICE, 80))
        for server in self.SERVERS:
            self.reaches(self.outside, server)

    def open(self):
        """A connection: the client's end, the server's, and which server that is."""
        client = self.connect(self.outside, self.SERVICE, 80)
        ready, _, _ = select.select(self.listening, [], [], PATIENCE_S)
        peer, _ = ready[0].accept()
        self.addCleanup(peer.close)
        peer.settimeout(PATIENCE_S)
        self.say(client, peer)
        return client, peer, self.listening.index(ready[0])

    def reload(self, *states):
        self.file.write_text("".join(
            f"{server} {state}\n" for server, state in zip(self.SERVERS, states)))
        self.balancer.signal(signal.SIGHUP)
        self.assertEqual(self.balancer.line(), f"{states.count('up')} servers")

    def test_connections_are_spread(self):
        self.start()
        opened = [self.open() for _ in range(40)]
        self.assertEqual({which for *_, which in opened}, {0, 1, 2})
        for client, peer, _ in opened:
            self.say(client, peer, bytes(20000))
        # One is down: it gets nothing new, and most connections of the others stay with them.
        self.reload("up", "down", "up")
        self.assertEqual({which for *_, which in (self.open() for _ in range(20))}, {0, 2})
        moved = kept = 0
        for client, peer, which in opened:
            if which == 1:
                continue
            client.sendall(b"hello")
            # Another server knows nothing of the connection, and resets it.
            ready, _, _ = select.select([client, peer], [], [], PATIENCE_S)
            kept += ready == [peer]
            moved += ready == [client]
        self.assertEqual(kept + moved, sum(which != 1 for *_, which in opened))
        self.assertGreater(kept, moved)
        # None is up.
        self.reload("down", "down", "down")
        with self.assertRaises(TimeoutError):
            self.connect(self.outside, self.SERVICE, 80, timeout_s=1)
        self.balancer.signal(signal.SIGUSR1)
        self.assertRegex(self.balancer.line(), "^worker frames [1-9]")
        self.assertRegex(self.balancer.line(), "^balanced [1-9]")
        self.assertRegex(self.balancer.line(), "^dropped no-server [1-9]")
        self.balancer.line()
        # A mistake changes nothing.
        self.file.write_text("10.50.0.11 up\n10.50.0.12 upp\n")
        self.balancer.signal(signal.SIGHUP)
        self.assertEqual(self.balancer.line(), f"load_balancer: {self.file}:2: expected up or down "
                         "behind the address; the old servers stay")
        self.balancer.end()
