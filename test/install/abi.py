#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The binary interface of the shared library against that of the last release.

    abi.py BUILD            what has changed since, where the soname is the same
    abi.py BUILD --release  notes that of this build, which is the release: libcrossdock-VERSION.abi
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


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
