#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs PROGRAM FILE, which writes results as JSON to FILE, and holds them against the schema."""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "lib"))

import schema


def inner_keys(value, path=()):
    """The paths of all keys of all objects."""
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(value, dict):
            yield (*path, key)
        yield from inner_keys(inner, (*path, key))


def is_refused(document):
    try:
        schema.validate(document)
    except schema.Invalid:
        return True
    return False


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "out.json"
        subprocess.run([program, str(path)], check=True, stdin=subprocess.DEVNULL)
        document = json.loads(path.read_text())
    schema.validate(document)
    document["rows"] = document["rows"][:1]
    schema.validate(document)
    # A schema that takes everything would be none: no key may be missing, nor be there in excess.
    for *outer, key in inner_keys(document):
        broken = copy.deepcopy(document)
        place = broken
        for word in outer:
            place = place[word]
        place[key + "_"] = place[key]
        if not is_refused(broken):
            sys.exit(f"a key in excess beside {'.'.join(map(str, (*outer, key)))} is not refused")
        del place[key + "_"], place[key]
        if not is_refused(broken):
            sys.exit(f"{'.'.join(map(str, (*outer, key)))} may be missing")


main(sys.argv[1])
