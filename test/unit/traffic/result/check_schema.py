#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs PROGRAM FILE, which writes results as JSON to FILE, and holds them against the schema, and
the schema against doc/results.rst."""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TEST = pathlib.Path(__file__).resolve().parents[3]
DOC = TEST.parent / "doc"
sys.path.insert(0, str(TEST / "lib"))

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


def documented():
    """Section of doc/results.rst to key to what its row says."""
    sections, rows = {}, {}
    key = None
    before = ""
    for line in (DOC / "results.rst").read_text().splitlines():
        if re.fullmatch("~+", line):
            rows = sections.setdefault(before, {})
        elif line.startswith("=") or not line:
            key = None
        elif found := re.match(r"``(\w+)``  ", line):
            key = found[1]
            rows[key] = line
        elif key:
            rows[key] += line
        before = line
    return sections


# Objects of the schema whose section has another name than they.
SECTIONS = {"times": "Distributions of times", "port_figures": "per_port", "row": "rows",
            "port": "ports"}


def check_documentation():
    whole = json.loads((DOC / "crossdock-pktgen.schema.json").read_text())
    sections = documented()
    for name, kind in {"The document": whole, **whole["definitions"]}.items():
        name = SECTIONS.get(name, name)
        rows = sections.get(name, {})
        properties = kind["properties"]
        for key in properties.keys() ^ rows.keys():
            sys.exit(f"results.rst, {name}: {key} is not both in the schema and described")
        for key, value in properties.items():
            for word in value.get("enum", ()):
                # Or a page is named that has the words.
                if word and f"``{word}``" not in rows[key] and ".rst" not in rows[key]:
                    sys.exit(f"results.rst, {name}: {key} can be {word}, and that is not said")


def main(program):
    check_documentation()
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
