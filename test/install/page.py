# SPDX-License-Identifier: BSD-3-Clause
"""What doc/library.rst shows, made and run as a reader of it would."""

import pathlib
import re
import signal
import subprocess
import textwrap

BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n((?:   :.*\n)*)\n((?:(?:   .*)?\n)+)", re.MULTILINE)


class Page:
    """Files by name, from blocks of C, and commands, from those for the shell."""

    def __init__(self, path):
        self.files, self.commands = {}, []
        text = path.read_text()
        for language, options, body in BLOCK.findall(text):
            body = textwrap.dedent(body).strip("\n") + "\n"
            caption = re.search(r":caption: (.*)", options)
            if language == "c":
                assert caption, f"{path.name}: C that is of no file: {body[:60]}"
                self.files[caption.group(1)] = body
            else:
                assert body.startswith("cc "), f"{path.name}: what is to be done with {body[:60]}"
                self.commands.append(body)
        self.rest = BLOCK.sub("", text)

    def write(self, directory):
        for name, body in self.files.items():
            (directory / name).write_text(body)

    def literals(self):
        """Literal blocks that no test looks at."""
        return re.findall(r"::\n\n((?:(?:    .*)?\n)+)", self.rest)


class Program:
    """One of the page's, with its two guests."""

    def __init__(self, case, path, directory, core, guest, env):
        self.process = subprocess.Popen([path, directory, str(core)], text=True, env=env,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        case.addCleanup(self.process.wait)
        case.addCleanup(self.process.kill)
        said = self.process.stdout.readline()
        case.assertTrue(said, "it ended")
        self.guests = [guest(pathlib.Path(directory), name, pathlib.Path(directory, f"{name}.sock"))
                       for name in ("vm1", "vm2")]
        for one in self.guests:
            case.addCleanup(one.kill)
            one.ready()

    def end(self, case):
        """Control-C; what it says to that."""
        for one in self.guests:
            one.kill()
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        case.assertEqual((self.process.returncode, err), (0, ""))
        return out.splitlines()
