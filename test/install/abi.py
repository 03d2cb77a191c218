#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The binary interface of the shared library against that of the last release.

    abi.py BUILD            what has changed since, where the soname is the same
    abi.py BUILD --release  notes that of this build, which is the release: libcrossdock-VERSION.abi
    abi.py BUILD --symbols  puts new symbols into config/libcrossdock.symbols, with the version
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# In the form of deb-symbols(5): each with the version that a program which uses it needs at least.
SYMBOLS = HERE.parents[1] / "config" / "libcrossdock.symbols"


def dump(library, include, to):
    """The interface as XML: what the headers in include show of it."""
    subprocess.run(["abidw", "--headers-dir", include, "--drop-private-types", "--no-show-locs",
                    "--no-comp-dir-path", "--no-corpus-path", "--out-file", to, library],
                   check=True)


def soname(path):
    return re.search(r"soname='([^']+)'", path.read_text()).group(1)


def changes(old, new):
    """What a program that was linked with the old one may trip over in the new one, as text."""
    done = subprocess.run(["abidiff", "--suppr", HERE / "abi.suppr", "--no-added-syms",
                           "--no-show-locs", old, new], text=True, capture_output=True)
    if done.returncode & 3:
        raise RuntimeError(done.stderr)
    return done.stdout if done.returncode else ""


def since_release(new):
    """The same, since the last release, if that has the soname of the new one; else ""."""
    return "".join(changes(old, new) for old in HERE.glob("libcrossdock-*.abi")
                   if soname(old) == soname(new))


def soname_of(library):
    headers = subprocess.run(["objdump", "-p", library], text=True, capture_output=True, check=True)
    return re.search(r"SONAME +(\S+)", headers.stdout).group(1)


def symbols(library):
    """What the library shows."""
    listed = subprocess.run(["nm", "-D", "--defined-only", library], text=True, capture_output=True,
                            check=True)
    return {line.split()[-1] for line in listed.stdout.splitlines()}


def noted():
    """Names and versions of config/libcrossdock.symbols, for its soname, which comes before them."""
    _, head, *lines = SYMBOLS.read_text().splitlines()
    found = (re.match(r" (\w+)@Base ([\d.]+)$", line) for line in lines)
    return head.partition(" ")[0], {match.group(1): match.group(2) for match in found}


def note_symbols(library):
    """Those that are new are of the version that is under way; a new soname begins anew."""
    name, full = soname_of(library), library.name.partition(".so.")[2]
    old_name, old = noted()
    if old_name != name:
        old = {}
    lines = ["# SPDX-License-Identifier: BSD-3-Clause",
             f"{name} libcrossdock{name.partition('.so.')[2]} #MINVER#"]
    lines += [f" {symbol}@Base {old.get(symbol, full)}" for symbol in sorted(symbols(library))]
    SYMBOLS.write_text("\n".join(lines) + "\n")


def install(build, root):
    """Installs a build below root: the library and its headers."""
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root],
                   check=True)
    return next(root.rglob("libcrossdock.so")).resolve(), next(root.rglob("crossdock.h")).parent


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="xdabi") as root:
        library, include = install(build, pathlib.Path(root))
        new = pathlib.Path(root, "new.abi")
        if "--symbols" in sys.argv:
            note_symbols(library)
            return 0
        dump(library, include, new)
        if "--release" in sys.argv:
            for path in HERE.glob("libcrossdock-*.abi"):
                path.unlink()
            name = library.name.replace(".so.", "-") + ".abi"
            (HERE / name).write_text(new.read_text())
            print(f"test/install/{name}: commit it with the release")
            return 0
        found = since_release(new)
        print(found, end="")
        return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
