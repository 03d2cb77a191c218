#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Installs a build into a temporary directory and uses it as a stranger would: headers one by one
in C and C++, the examples built with what pkg-config says and run, and the shared library's symbols
against what the headers declare."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import abi

sys.dont_write_bytecode = True
SOURCE, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "doc" / "reference"))

import headers

COMPILERS = {"c": ("cc", "-std=gnu11"), "c++": ("c++", "-std=gnu++17")}


def run(*command, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run([str(word) for word in command], text=True, errors="replace", **options)
    if done.returncode:
        raise AssertionError(f"{shlex.join(map(str, command))}: status {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


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

    def test_each_header_by_itself(self):
        headers = [path.relative_to(self.include) for path in self.include.rglob("*.h")]
        self.assertIn(pathlib.Path("port/port.h"), headers)
        for language, (compiler, standard) in COMPILERS.items():
            for header in headers:
                with self.subTest(language=language, header=str(header)):
                    run(compiler, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                        f"-I{self.include}", "-x", language, "-",
                        input=f'#include "{header}"\n#include "{header}"\nextern int something;\n')

    def build(self, example, language, static):
        """As the example's README says, more or less."""
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

    def build_appliance(self, name, *packages):
        """An example of several files, which its README says how to build."""
        program = self.root / name
        examples = SOURCE / "examples"
        shared = [examples / room for room in ("appliance", "arp", "fragments")]
        files = [file for room in (examples / name, *shared) for file in room.glob("*.c")]
        libs = run("pkg-config", "--libs", *packages).split() if packages else []
        run("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
            *(f"-I{room}" for room in shared), *files, "-o", program,
            *self.pkg_config("--cflags", "--libs"), *libs)
        return program

    def test_firewall(self):
        program = self.build_appliance("firewall", "yaml-0.1")
        done = subprocess.run([program, "/nonexistent", "a", "b"], text=True, capture_output=True,
                              env=self.env)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "firewall: /nonexistent: No such file or directory\n"))

    def test_nat(self):
        done = subprocess.run([self.build_appliance("nat"), "a"], text=True, capture_output=True,
                              env=self.env)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("usage: nat INSIDE"))

    def test_load_balancer(self):
        done = subprocess.run([self.build_appliance("load_balancer"), "a"], text=True,
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

    def test_exports(self):
        lines = run("nm", "-D", "--defined-only", self.lib / "libcrossdock.so").splitlines()
        exported = {line.split()[-1] for line in lines if " T " in line}
        self.assertEqual(exported, self.declared())

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
        for struct in ("xd_hook", "xd_driver", "xd_switch_opts", "xd_memory_opts"):
            old.write_text(self.without_last_member(text, struct))
            self.assertEqual(abi.changes(old, new), "", struct)

    def test_soname(self):
        shared = (self.lib / "libcrossdock.so").resolve()
        self.assertRegex(run("objdump", "-p", shared), r"SONAME +libcrossdock\.so\.\d+\.?\d*\n")
        version = (self.include / "version.h").read_text()
        number = re.search(r'XD_VERSION +"(.*)"', version).group(1)
        self.assertEqual(self.pkg_config("--modversion"), [number])
        self.assertTrue(shared.name.endswith(f".so.{number}"), shared.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
