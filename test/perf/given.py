# SPDX-License-Identifier: BSD-3-Clause
"""Programs of peers that the reader has built: looked at before anything is measured."""

import os
import subprocess

import processes


def file(option, path, inside="", executable=True):
    """The whole path of what was given as --OPTION PATH, or of `inside` in that directory."""
    full = os.path.abspath(os.path.join(path, inside))
    given = f"--{option} {path}"
    if not os.path.exists(full):
        raise processes.Failure(f"{given}: there is no {full}")
    if os.path.isdir(full):
        raise processes.Failure(f"{given}: a directory; give the program in it")
    if executable and not os.access(full, os.X_OK):
        raise processes.Failure(f"{given}: {full} is not executable: chmod +x {full}")
    return full


def answer(option, path, command, pattern, wanted):
    """What a given program says of itself when this command is run: the pattern's first match.
    wanted: what it has to say, for people."""
    try:
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=20,
                              check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise processes.Failure(f"--{option} {path}: it does not run: {error}") from error
    found = pattern.search(said)
    if found:
        return found.group(0)
    first = next(iter(said.strip().splitlines()), "nothing")
    raise processes.Failure(f"--{option} {path}: {' '.join(command[:2])} does not say {wanted}, "
                            f"but: {first[:100]}")
