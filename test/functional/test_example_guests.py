# SPDX-License-Identifier: BSD-3-Clause
"""Programs of examples/, with scripted guests at their ports."""

import os
import signal
import subprocess

import netns
from frames import BROADCAST, frame, mac, raw_mac
from guest import Guest
from harness import Case, need_root
from process import (PATIENCE_S, SOURCE, Dialogue, program, temporary_directory, wait_for)

A, B = mac(0xA), mac(0xB)


class ProgramCase(Case):
    """A program that embeds a switch, and guests on sockets in its directory."""

    def setUp(self):
        super().setUp()
        self.directory = temporary_directory(self)
        self.core = str(min(os.sched_getaffinity(0)))

    def start(self, name, *words, inside=None):
        """An example, once it has said its first line; inside: a network namespace."""
        return self.start_program(name, self.directory, *words, inside=inside)

    def start_program(self, name, *words, inside=None):
        command = [program(name), *map(str, words)]
        self.program = Dialogue(inside.command(*command) if inside else command,
                                self.directory / f"{name}.log")
        self.addCleanup(self.program.kill)
        self.reports.append(self.program.tail)
        return self.program.line()

    def guests(self, *names):
        guests = [Guest(self.directory, name, self.directory / f"{name}.sock") for name in names]
        for guest in guests:
            self.reports.append(guest.report)
            self.addCleanup(guest.kill)
            guest.ready()
        return guests

    def end(self):
        self.program.process.send_signal(signal.SIGINT)
        line = self.program.line()
        self.assertEqual(self.program.process.wait(PATIENCE_S), 0)
        return line


class ExamplesWithGuests(ProgramCase):
    def test_tap_mirror(self):
        need_root(self)
        space = netns.Namespace(self, "mirror")
        self.assertIn("is on tap9", self.start("tap_mirror", "tap9", self.core, inside=space))
        space.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1")
        heard = netns.RawSocket(self, space, "tap9", PATIENCE_S)
        vm1, vm2 = self.guests("vm1", "vm2")
        for size in (60, 129, 1514):
            data = frame(BROADCAST, A, size=size)
            vm1.tx(data)
            self.assertEqual(vm2.rx(), data)
            self.assertEqual(heard.receive(raw_mac(A)), data)
            back = frame(A, B, size=size)
            vm2.tx(back)
            self.assertEqual(vm1.rx(), back)
            self.assertEqual(heard.receive(raw_mac(B)), back)
        self.assertEqual(self.end(), "6 frames seen, 6 copied")

    def test_two_switches(self):
        self.start("two_switches", self.core)
        inside, outside = self.guests("inside", "outside")
        for size in (60, 129, 1514):
            data = frame(BROADCAST, A, size=size)
            inside.tx(data)
            self.assertEqual(outside.rx(), data)
            back = frame(A, B, size=size)
            outside.tx(back)
            self.assertEqual(inside.rx(), back)
        self.assertEqual([self.end(), self.program.line()],
                         ["inside: 3 frames passed, 0 lost", "outside: 3 frames passed, 0 lost"])

    def test_long_paths(self):
        """Are refused, not cut off."""
        for name, *words in (("minimal_switch",), ("own_worker",), ("two_switches",),
                             ("tap_mirror", "xdlong")):
            done = subprocess.run([program(name), self.directory / ("x" * 90), *words], text=True,
                                  capture_output=True, timeout=PATIENCE_S)
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertIn("path", done.stderr)

    def test_own_worker(self):
        said = [self.start("own_worker")]
        vm1, vm2 = self.guests("vm1", "vm2")
        while not {"port-up vm1", "port-up vm2"} <= set(said):
            said.append(self.program.line())
        self.assertIn("bridge-added br0", said)
        self.assertIn("port-added vm1", said)
        for size in (60, 1514):
            data = frame(BROADCAST, A, size=size)
            vm1.tx(data)
            self.assertEqual(vm2.rx(), data)
        vm2.kill()
        while self.program.line() != "port-down vm2":
            pass
        self.assertRegex(self.end(), r"2 frames, [1-9]\d* sleeps")


class Appliances(ProgramCase):
    """Of those that have a port for each side."""

    RULES = SOURCE / "examples" / "firewall" / "rules.yaml"

    def test_guests(self):
        said = self.start_program("firewall", self.RULES,
                                  *(f"vhost:{self.directory}/{name}.sock" for name in ("a", "b")),
                                  self.core)
        self.assertEqual(said, "ready")
        inside, outside = self.guests("a", "b")
        for size in (60, 1514):
            inside.tx(frame(BROADCAST, A, size=size))
            self.assertEqual(outside.rx(), frame(BROADCAST, A, size=size))
            outside.tx(frame(A, B, size=size))
            self.assertEqual(inside.rx(), frame(A, B, size=size))

    def test_devices(self):
        said = self.start_program("nat", "dpdk:net_null0", "10.0.0.1/24",
                                  f"vhost:{self.directory}/b.sock", "203.0.113.1/24",
                                  "203.0.113.254", self.core)
        self.assertEqual(said, "ready")
        self.program.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.program.process.wait(PATIENCE_S), 0)

    def test_words(self):
        for name in ("firewall", "nat", "load_balancer"):
            with self.subTest(name=name):
                done = subprocess.run([program(name), "--help"], text=True, capture_output=True,
                                      timeout=PATIENCE_S)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: {name} "))
                self.assertIn("vhost:PATH", done.stdout)
                done = subprocess.run([program(name)], text=True, capture_output=True,
                                      timeout=PATIENCE_S)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"{name} --help says", done.stderr)

    def refused(self, status, text, name, *words):
        done = subprocess.run([program(name), *map(str, words)], text=True, capture_output=True,
                              timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertIn(text, done.stderr)

    def test_wrong_words(self):
        a, b = (f"vhost:{self.directory}/{name}.sock" for name in ("a", "b"))
        self.refused(2, 'firewall: "one": expected the number of a core; firewall --help', "firewall",
                     self.RULES, a, b, "one")
        self.refused(2, 'nat: "0x": expected the number of a core; ', "nat", a, "10.0.0.1/24", b,
                     "203.0.113.1/24", "203.0.113.254", "0x")
        self.refused(2, '"10.0.0.1/8": expected IPv4', "nat", a, "10.0.0.1/8", b, "203.0.113.1/24",
                     "203.0.113.254")
        self.refused(2, '"10.0.0.2/16": expected another network than inside', "nat", a,
                     "10.0.0.1/24", b, "10.0.0.2/16", "10.0.0.3")
        for gateway in ("x", "1.2.3.4", "203.0.113.1"):
            self.refused(2, f'"{gateway}": expected another address of the outside', "nat", a,
                         "10.0.0.1/24", b, "203.0.113.1/24", gateway)
        for service, own, wrong in (("10.50.0.1000", "10.50.0.99/24", "10.50.0.1000"),
                                    ("10.50.0.100", "10.50.0.99", "10.50.0.99")):
            self.refused(2, f'"{wrong}": expected ', "load_balancer", a, b, service, own,
                         "/dev/null")
        self.refused(1, f'outside: no port in "{b}+"; PORT+PORT are two\n', "firewall",
                     self.RULES, a, f"{b}+", self.core)
        self.refused(1, f"load_balancer: {self.directory}: Is a directory\n", "load_balancer", a, b,
                     "10.50.0.100", "10.50.0.99/24", self.directory)

    def test_what_is_missing_is_said(self):
        need_root(self)
        said = self.start_program("firewall", self.RULES, "xdnone:eth0",
                                  f"vhost:{self.directory}/b.sock", self.core)
        self.assertEqual(said, "ready")
        text = "firewall: port inside: there is no namespace xdnone: ip netns add xdnone"
        wait_for(lambda: text in self.program.tail(), text)
