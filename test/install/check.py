#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Installs a build into a temporary directory and uses it as a stranger would: headers one by one
in C and C++, the examples built with what pkg-config says and run, and the shared library's symbols
against what the headers declare."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import abi

sys.dont_write_bytecode = True
SOURCE, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
sys.path[:0] = [str(SOURCE / "doc" / "reference"), str(SOURCE / "test" / "lib")]
os.environ["CROSSDOCK_BUILD"] = str(BUILD)

import headers
from frames import BROADCAST, frame, mac
from guest import Guest
from page import Page, Program

COMPILERS = {"c": ("cc", "-std=gnu11"), "c++": ("c++", "-std=gnu++17")}


def run(*command, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run([str(word) for word in command], text=True, errors="replace", **options)
    if done.returncode:
        raise AssertionError(f"{shlex.join(map(str, command))}: status {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


def lines(text):
    """How many, without those that have nothing on them."""
    return sum(bool(line.strip()) for line in text.splitlines())


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="xdinstall")
        cls.addClassCleanup(holder.cleanup)
        cls.root = pathlib.Path(holder.name)
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", cls.root)
        pc, = cls.root.rglob("libcrossdock.pc")
        cls.env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent))
        cls.lib = pc.parents[1]
        cls.env["LD_LIBRARY_PATH"] = str(cls.lib)
        header, = cls.root.rglob("crossdock.h")
        cls.include = header.parent

    def pkg_config(self, *words):
        return run("pkg-config", *words, "libcrossdock", env=self.env).split()

    def test_flags_are_those_of_a_library(self):
        self.assertEqual([pathlib.Path(self.pkg_config("--cflags")[0][2:]).resolve()],
                         [self.include.resolve()])
        self.assertEqual(len(self.pkg_config("--cflags")), 1)
        self.assertEqual([word[:2] for word in self.pkg_config("--libs")], ["-L", "-l"])
        self.assertIn("-lrte_eal", self.pkg_config("--static", "--libs"))
        for words in (("--cflags", "--libs"), ("--static", "--libs"), ("--modversion",)):
            self.assertEqual(run("pkg-config", *words, "crossdock", env=self.env).split(),
                             self.pkg_config(*words))

    def test_each_header_by_itself(self):
        headers = [path.relative_to(self.include) for path in self.include.rglob("*.h")]
        self.assertIn(pathlib.Path("port/port.h"), headers)
        for language, (compiler, standard) in COMPILERS.items():
            for header in headers:
                with self.subTest(language=language, header=str(header)):
                    run(compiler, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                        "-fsyntax-only", f"-I{self.include}", "-x", language, "-",
                        input=f'#include "{header}"\n#include "{header}"\nextern int something;\n')

    def build(self, example, language, static):
        """An example of one file, with warnings as errors."""
        sources = sorted((SOURCE / "examples" / example).glob("*.c"))
        compiler, standard = COMPILERS[language]
        program = self.root / f"{example}-{language}-{static}"
        libs = self.pkg_config("--static", "--libs") if static else self.pkg_config("--libs")
        if static:
            libs[libs.index("-lcrossdock")] = "-l:libcrossdock.a"
        # One that handles packet buffers itself asks for them besides.
        uses_dpdk = any("#include <rte_" in source.read_text() for source in sources)
        dpdk = run("pkg-config", "--cflags", "--libs", "libdpdk").split() if uses_dpdk else []
        run(compiler, standard, "-Wall", "-Werror", "-x", language,
            *sources, "-x", "none", "-o", program,
            *self.pkg_config("--cflags"), *libs, *dpdk)
        return program

    def typed(self, name):
        """An example, built by the command of its README, outside of the tree."""
        directory = self.root / "examples" / name
        if not directory.exists():
            shutil.copytree(SOURCE / "examples", directory.parent)
        text = (directory / "README.rst").read_text()
        command = re.search(r"^    (cc (?:.*\\\n)*.*)$", text, re.MULTILINE)
        self.assertTrue(command, f"{name}/README.rst does not say how it is built")
        run("sh", "-ec", command.group(1), cwd=directory, env=self.env)
        return directory / name

    def test_readmes(self):
        for readme in (SOURCE / "examples").glob("*/README.rst"):
            with self.subTest(example=readme.parent.name):
                self.assertTrue(self.typed(readme.parent.name).exists())

    def test_firewall(self):
        program = self.typed("firewall")
        done = subprocess.run([program, "/nonexistent", "a", "b"], text=True, capture_output=True,
                              env=self.env)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "firewall: /nonexistent: No such file or directory\n"))

    def test_nat(self):
        done = subprocess.run([self.typed("nat"), "a"], text=True, capture_output=True,
                              env=self.env)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("usage: nat INSIDE"))

    def test_load_balancer(self):
        done = subprocess.run([self.typed("load_balancer"), "a"], text=True,
                              capture_output=True, env=self.env)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("usage: load_balancer CLIENTS"))

    def test_python(self):
        package, = self.root.rglob("crossdock/__init__.py")
        self.assertTrue((package.parent / "py.typed").exists())
        program = ("import crossdock\n"
                   "try: crossdock.Switch('/nonexistent').show('port')\n"
                   "except crossdock.Unreachable as error: print(error)")
        self.assertEqual(run(sys.executable, "-c", program, cwd=self.root,
                             env=dict(self.env, PYTHONPATH=str(package.parents[1]))),
                         "nobody answers on /nonexistent: is crossdockd running?\n")

    def each_way(self, example):
        for language in COMPILERS:
            for static in (False, True):
                with self.subTest(language=language, static=static):
                    yield self.build(example, language, static)

    def test_own_driver(self):
        for program in self.each_way("own_driver"):
            self.assertEqual(run(program, "7", env=self.env),
                             "left: 7 frames in, 1000 out\nright: 1000 frames in, 7 out\n"
                             "both: 1007\n")

    def test_examples(self):
        """They are built; what they do, test_example_guests.py tries."""
        for name in ("own_worker", "tap_mirror", "two_switches"):
            self.build(name, "c", static=False)
            self.build(name, "c++", static=True)

    def test_short_examples(self):
        """Whoever begins with one reads it in a sitting. Of two, empty lines are not counted."""
        for name in ("own_driver", "own_worker", "tap_mirror"):
            text = (SOURCE / "examples" / name / f"{name}.c").read_text()
            self.assertLess(len(text.splitlines()), 100, name)
        for name in ("minimal_switch", "two_switches"):
            text = (SOURCE / "examples" / name / f"{name}.c").read_text()
            self.assertLess(lines(text), 100, name)

    def test_minimal_switch(self):
        core = min(os.sched_getaffinity(0))
        for program in self.each_way("minimal_switch"):
            with tempfile.TemporaryDirectory(prefix="xdsockets") as sockets:
                self.check_switch(program, pathlib.Path(sockets), core)

    def check_switch(self, program, sockets, core):
        switch = subprocess.Popen([program, sockets, str(core)], text=True, env=self.env,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while not all((sockets / f"{name}.sock").exists() for name in ("vm1", "vm2")):
                self.assertIsNone(switch.poll(), "it ended")
                self.assertLess(time.monotonic(), deadline, "no sockets")
                time.sleep(0.02)
            switch.send_signal(signal.SIGINT)
            out, err = switch.communicate(timeout=60)
        finally:
            switch.kill()
            switch.wait()
        self.assertEqual((switch.returncode, err), (0, ""))
        self.assertIn("vm1: 0 frames in, 0 out\nvm2: 0 frames in, 0 out\n", out)

    # ---- doc/library.rst ----

    def made(self):
        """The page, and a directory with its programs."""
        page, directory = Page(SOURCE / "doc" / "library.rst"), self.root / "page"
        if not directory.exists():
            directory.mkdir()
            page.write(directory)
            for command in page.commands:
                run("sh", "-ec", command, cwd=directory, env=self.env)
        return page, directory

    def program(self, name):
        sockets = tempfile.TemporaryDirectory(prefix="xdpage")
        self.addCleanup(sockets.cleanup)
        return Program(self, self.made()[1] / name, sockets.name, min(os.sched_getaffinity(0)),
                       Guest, self.env)

    def test_page(self):
        """All that it shows is C that compiles, in files, or what compiles it."""
        page, directory = self.made()
        dpdk = run("pkg-config", "--cflags", "libdpdk").split()
        for name in page.files:
            run("cc", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *self.pkg_config("--cflags"),
                *dpdk, directory / name)
        for text in page.literals():
            self.assertNotRegex(text, r";$|xd_", "C that nobody compiles")
        self.assertLess(sum(lines(page.files[name])
                            for name in ("firewall.c", "guests.c", "guests.h")), 150)

    def test_page_first(self):
        program = self.program("first")
        vm1, vm2 = program.guests
        data = frame(BROADCAST, mac(1))
        vm1.tx(data)
        self.assertEqual(vm2.rx(), data)
        self.assertEqual(program.end(self), ["vm1: 1 frames in, 0 out"])

    def test_page_watch(self):
        program = self.program("watch")
        program.guests[0].tx(frame(BROADCAST, mac(1)))
        lines = iter(program.process.stdout.readline, "")
        self.assertIn("vm1: 1 frames in\n", lines)
        program.end(self)

    def test_page_echo(self):
        program = self.program("echo")
        vm1, vm2 = program.guests
        data = frame(BROADCAST, mac(1))
        vm1.tx(data)
        self.assertEqual(vm1.rx()[12:], data[12:])
        self.assertEqual(vm2.rx(), data)
        program.end(self)

    def test_page_hook(self):
        program = self.program("no_ipv6")
        vm1, vm2 = program.guests
        vm1.tx(frame(BROADCAST, mac(1), ethertype=0x86DD))
        other = frame(BROADCAST, mac(1))
        vm1.tx(other)
        self.assertEqual(vm2.rx(), other)
        self.assertEqual(program.end(self), ["1 of 2 frames dropped"])

    def test_page_firewall(self):
        """What vm1 asks is answered; vm2 asks in vain."""
        def datagram(source, to, port, to_port):
            udp = struct.pack("!4H", port, to_port, 20, 0) + bytes(12)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 17, 0,
                             bytes((10, 0, 0, source)), bytes((10, 0, 0, to)))
            return frame(mac(to), mac(source), payload=ip + udp, ethertype=0x0800)

        for name in ("firewall", "firewall-static"):
            program = self.program(name)
            vm1, vm2 = program.guests
            ask, answer = datagram(1, 2, 1000, 53), datagram(2, 1, 53, 1000)
            vm2.tx(datagram(2, 1, 2000, 22))
            vm1.tx(ask)
            self.assertEqual(vm2.rx(), ask)
            vm2.tx(answer)
            self.assertEqual(vm1.rx(), answer)
            self.assertEqual(program.end(self), ["not-asked-for 1", "invalid 0", "no-room 0"])

    def test_page_prefixes(self):
        """The longest prefix decides."""
        def packet(to):
            family = socket.AF_INET6 if ":" in to else socket.AF_INET
            addr = socket.inet_pton(family, to)
            if family == socket.AF_INET6:
                return frame(mac(2), mac(1), ethertype=0x86DD, payload=struct.pack(
                    "!IHBB16s16s", 6 << 28, 0, 59, 64, bytes(15) + b"\1", addr))
            return frame(mac(2), mac(1), ethertype=0x0800, payload=struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0, 20, 0, 0, 64, 253, 0, bytes((192, 0, 2, 1)), addr))

        program = self.program("prefixes")
        vm1, vm2 = program.guests
        for to in ("10.0.0.1", "10.2.0.1", "2001:db8::1", "10.1.255.1", "11.0.0.1", "2001:db9::1"):
            vm1.tx(packet(to))
        for to in ("10.1.255.1", "11.0.0.1", "2001:db9::1"):
            self.assertEqual(vm2.rx(), packet(to))
        self.assertEqual(program.end(self), ["3 of 6 frames dropped"])

    def test_exports(self):
        lines = run("nm", "-D", "--defined-only", self.lib / "libcrossdock.so").splitlines()
        exported = {line.split()[-1] for line in lines if " T " in line}
        self.assertEqual(exported, self.declared())

    def test_symbols(self):
        """Those that packages are told of are there, with a version each."""
        library = (self.lib / "libcrossdock.so").resolve()
        name, noted = abi.noted()
        self.assertEqual(name, abi.soname_of(library), "test/install/abi.py build --symbols")
        shown = abi.symbols(library)
        self.assertEqual(set(noted) - shown, set(), "these have gone: another soname is wanted")
        self.assertEqual(shown - set(noted), set(), "test/install/abi.py build --symbols notes them")
        self.assertEqual({symbol for symbol in shown if not symbol.startswith("xd_")}, set())

    def declared(self):
        """Functions that installed headers declare and do not define."""
        read = headers.read_all({str(path.relative_to(self.include)): path
                                 for path in self.include.rglob("*.*") if path.is_file()})
        names = {function.name for header in read for function in header.functions()
                 if not function.inline}
        self.assertIn("xd_switch_apply", names)
        return names

    def test_manual(self):
        """A page for each function, that its formatter has nothing to say of."""
        pages, = self.root.rglob("man3")
        names = {path.stem for path in pages.iterdir()}
        self.assertEqual(self.declared() - names, set())
        self.assertEqual(run("groff", "-man", "-ww", "-z", "-Tutf8", f"-I{pages.parent}",
                             *sorted(pages.iterdir()), stderr=subprocess.STDOUT), "")

    def without_last_member(self, text, struct):
        """A dump in which the struct ends before its last member."""
        found = re.search(rf"<class-decl name='{struct}' size-in-bits='(\d+)'.*?</class-decl>", text,
                          re.DOTALL)
        body, size = found.group(), found.group(1)
        last = list(re.finditer(r"\s*<data-member .*?</data-member>", body, re.DOTALL))[-1]
        offset = re.search(r"layout-offset-in-bits='(\d+)'", last.group()).group(1)
        shorter = (body[:last.start()] + body[last.end():]).replace(
            f"size-in-bits='{size}'", f"size-in-bits='{offset}'", 1)
        return text.replace(body, shorter)

    def test_interface_is_that_of_the_last_release(self):
        new, old = self.root / "new.abi", self.root / "old.abi"
        abi.dump((self.lib / "libcrossdock.so").resolve(), self.include, new)
        self.assertEqual(abi.since_release(new), "", "a new minor version, or another way")
        # What would be found, and what may change.
        text = new.read_text()
        old.write_text(text.replace("xd_switch_apply", "xd_switch_applied"))
        self.assertIn("xd_switch_applied", abi.changes(old, new))
        old.write_text(self.without_last_member(text, "xd_port_info"))
        self.assertIn("xd_port_info", abi.changes(old, new))
        for struct in ("xd_hook", "xd_driver", "xd_switch_opts", "xd_memory_opts", "xd_ct_opts",
                       "xd_ct_fragments_opts"):
            old.write_text(self.without_last_member(text, struct))
            self.assertEqual(abi.changes(old, new), "", struct)

    def test_soname(self):
        shared = (self.lib / "libcrossdock.so").resolve()
        self.assertRegex(abi.soname_of(shared), r"^libcrossdock\.so\.\d+\.?\d*$")
        version = (self.include / "version.h").read_text()
        number = re.search(r'XD_VERSION +"(.*)"', version).group(1)
        self.assertEqual(self.pkg_config("--modversion"), [number])
        self.assertTrue(shared.name.endswith(f".so.{number}"), shared.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
