# SPDX-License-Identifier: BSD-3-Clause
"""What can be said of the tree without running what it builds."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile

from harness import Case
from process import SOURCE

BUILD = pathlib.Path(os.environ.get("CROSSDOCK_BUILD", SOURCE / "build"))
# Files that say nothing of their licence: it is LICENCE's, and they have no place for it.
BARE = re.compile(r"\.(rst|csv|json|html|txt|yaml)$|^LICENSE$|^\.|^test/perf/README")


def tracked(pattern):
    listed = subprocess.run(["git", "ls-files"], cwd=SOURCE, text=True, capture_output=True)
    names = listed.stdout.splitlines()
    if listed.returncode:  # a release without its history
        names = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*")
                 if path.is_file() and "build" not in path.relative_to(SOURCE).parts[0]]
    return sorted(name for name in names if re.search(pattern, name) and (SOURCE / name).exists())


def run(*command):
    return subprocess.run(list(map(str, command)), cwd=SOURCE, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")


def in_parts(names, function, size=8):
    """function over so many names at a time, on every core: what it returned, joined."""
    parts = [names[i:i + size] for i in range(0, len(names), size)]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return "".join(pool.map(function, parts))


class Tree(Case):
    def test_format(self):
        names = tracked(r"\.[ch]$")
        self.assertGreater(len(names), 100)
        found = in_parts(names, lambda part: run("clang-format", "--dry-run", *part).stdout, 40)
        self.assertEqual("", found, "clang-format -i the files named")

    def test_whitespace(self):
        wrong = [name for name in tracked(r"\.(c|h|py|sh|rst|build|yaml)$")
                 if re.search(r"[ \t]+$", (SOURCE / name).read_text(), re.MULTILINE)]
        self.assertEqual([], wrong, "blanks at the end of lines")

    def test_licence(self):
        names = [name for name in tracked(r"") if not BARE.search(name)]
        self.assertGreater(len(names), 100)
        without = [name for name in names
                   if b"SPDX-License-Identifier: BSD-3-Clause" not in
                   (SOURCE / name).read_bytes()[:1000]]
        self.assertEqual([], without, "files without a line SPDX-License-Identifier")

    def test_first_comments(self):
        """Each file begins with what it is for and where its place is."""
        names = tracked(r"^(lib|drivers|app|examples)/.*\.[ch]$")
        self.assertGreater(len(names), 100)
        without = [name for name in names
                   if not re.match(r"/\* SPDX[^\n]*\n/\*", (SOURCE / name).read_text())]
        self.assertEqual([], without, "files whose second line begins no comment")

    def test_tidy(self):
        """But for what the kernel runs, which clang compiles for another machine."""
        names = tracked(r"^(lib|drivers|app|examples)/.*(?<!\.bpf)\.c$")
        self.assertGreater(len(names), 100)

        def tidy(part):
            done = run("clang-tidy", "-p", BUILD, "--quiet", *part)
            return done.stdout if done.returncode else ""

        self.assertEqual("", in_parts(names, tidy))

    def test_types(self):
        """Those of the Python package hold, for it says that it has them."""
        with tempfile.TemporaryDirectory(prefix="xdtypes") as cache:
            done = run("mypy", "--strict", "--cache-dir", cache, "bindings/python/crossdock")
        self.assertEqual(0, done.returncode, done.stdout)

    def test_pages(self):
        """Sphinx makes the pages; a link to a page or file that is not there is an error."""
        with tempfile.TemporaryDirectory(prefix="xdpages") as out:
            done = run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-b", "html", "doc", out)
            self.assertEqual(0, done.returncode, done.stdout)
            self.assertTrue((pathlib.Path(out) / "index.html").exists())

    def test_recipes(self):
        """doc/extending.rst names files that are there; NAME stands for those that are to be made."""
        names = ["/" + name for name in tracked(r"")]
        text = (SOURCE / "doc/extending.rst").read_text()
        told = [word for word in re.findall(r"``([\w./-]+)``", text)
                if re.search(r"/|\.(c|h|def|py|rst|build|json|sh|\d)$", word)
                and "NAME" not in word and not word.startswith("build/")]
        self.assertGreater(len(told), 50)
        gone = [word for word in told if not any(f"/{word}" in name for name in names)]
        self.assertEqual([], gone, "files that are not there")

    def test_readme_links(self):
        for page in tracked(r"^[A-Z]+\.rst$"):
            for target in re.findall(r"<([^<>`]+)>`__?", (SOURCE / page).read_text()):
                if not re.match(r"[a-z]+:", target):
                    self.assertTrue((SOURCE / target.partition("#")[0]).exists(),
                                    f"{page}: there is no {target}")
