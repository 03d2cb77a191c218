#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether the public headers say of each function what it does, who may call it, what its errors
are, who owns what and the units of its numbers; and of each member and constant what it is:
check_reference.py SOURCE"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE / "doc" / "reference"))

import headers
import said

# Names that say the unit of a number, or that it has none.
UNIT = re.compile(r"(^|_)(bytes|frames|s|ms|us|ns|ppm|percent|cycles|tsc|hz|mbps|pps|bit_s|fd|len|n|"
                  r"max|min|node|core|index|queue|worker|port|code|errno|bit|count|size|port_priority|"
                  r"member|number|percent|mtu|vlan|zone|limit|number|version)$|^nb_|^max_|^n_")
INTEGER = re.compile(r"^(const )?(unsigned|int|u?int(8|16|32|64)_t|size_t)( \w+|$)")
OWNED = re.compile(r"'s\b|borrow|owne|lives?|valid|caller|static|Returns text|Returns the text|"
                   r"taken|argument|fixed|whole program")


def parameters(function):
    inside = function.text[function.text.index(function.name + "(") + len(function.name) + 1:]
    depth, found = 0, [""]
    for char in inside[:inside.rindex(")")]:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return [word.strip() for word in found]


def returned(function):
    return function.text[:function.text.index(function.name)].strip()


def lacks(function):
    """What the comment of a function does not say."""
    comment = said.flat(function.comment)
    if not comment:
        return ["what it does"]
    missing = []
    if not said.threads(function):
        missing.append("which thread may call it")
    gives = returned(function)
    fails = "struct xd_error *err" in function.text or gives == "int"
    if fails and not re.search(r"-E[A-Z]|\b0\b|-1|[Rr]eturns|negative errno|never fails", comment):
        missing.append("its errors")
    if "struct xd_error *err" in function.text and not re.search(
            r"-E[A-Z]|as xd_|[Rr]eturns (code|what)|likewise", comment):
        missing.append("the codes of its errors")
    if gives.endswith("*") and not OWNED.search(comment):
        missing.append("whose what it returns is")
    if INTEGER.match(gives) and gives != "int" and not UNIT.search(function.name) and not re.search(
            r"[Rr]eturns|[Hh]ow many|[Nn]umber|\b(bytes|frames|seconds|cycles|hertz|parts|sum|index)\b",
            comment):
        missing.append("the unit of what it returns")
    for parameter in parameters(function):
        name = re.search(r"(\w+)$", parameter)
        if INTEGER.match(parameter) and name and not UNIT.search(name.group(1)) and not re.search(
                rf"\b{name.group(1)}\b", comment):
            missing.append(f"what {name.group(1)} is")
    return missing


def described(item, member):
    """Whether a member has a comment; one that stands above several names them."""
    return member.comment and (item.kind == "enum" or not member.shared or any(
        re.search(rf"\b{name}\b", member.comment) for name in member.names))


def explained(item, member):
    """Whether a member needs no comment: an enumerator of an enum that has one, a struct or enum of
    ours, which says it all, or a number whose name has its unit."""
    if item.kind == "enum":
        return item.comment
    return re.match(r"(const )?(struct|union|enum) xd_", member.text) or all(
        UNIT.search(name) for name in member.names)


def undocumented(header):
    """Each thing that is declared without being said what it is, and what is missing."""
    for item in header.items:
        where = f"{header.name}: {item.name}"
        if item.kind == "function":
            for what in lacks(item):
                yield f"{where} does not say {what}"
            continue
        if not item.comment and item.kind in ("macro", "type", "variable"):
            yield f"{where} does not say what it is"
        for member in item.members:
            if item.kind != "macro" and not (described(item, member) or explained(item, member)):
                yield f"{where}: {', '.join(member.names)} does not say what it is"


def main():
    paths = headers.installed(SOURCE)
    faults = []
    for header in headers.read_all(paths):
        if not header.opening:
            faults.append(f"{header.name} does not say what it is for")
        faults += undocumented(header)
    for fault in faults:
        print(fault)
    return bool(faults)


sys.exit(main())
