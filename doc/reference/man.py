#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Man pages of section 3 from the public headers: man.py VERSION DIRECTORY

A page for each header, with what it is for and what it declares, and one for each function, or for
those that share a comment. Every other name, such as that of a struct, is a page that sources one of
these."""

import itertools
import pathlib
import re
import sys

sys.dont_write_bytecode = True

import headers
import said

SOURCE = headers.source_root()


def page_of(header):
    """crossdock_frame_edit of frame/edit.h; crossdock of crossdock.h."""
    stem = re.sub(r"\.h$", "", header.name).replace("/", "_")
    stem = re.sub(r"^(\w+)_\1$", r"\1", stem)  # conntrack/conntrack.h
    return "crossdock" if stem == "crossdock" else f"crossdock_{stem}"


def escape(text):
    """Text as roff has it, in a line that does not begin with a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", text)


class Page:
    def __init__(self, name, title, version):
        self.lines = ['.\\" Made of the headers by doc/reference/man.py.',
                      f'.TH {name.upper()} 3 "" "Crossdock {version}" "Library Functions Manual"',
                      ".SH NAME", title]

    def section(self, name):
        self.lines.append(f".SH {name}")

    def line(self, text):
        self.lines.append(escape(text))

    def code(self, lines):
        self.lines += [".PP", ".nf", ".RS 4", *map(escape, lines), ".RE", ".fi"]

    def declaration(self, text):
        """Bold, in lines that are not too long."""
        self.lines += [".PP", ".nf"]
        self.lines += ["\\fB" + escape(line) + "\\fP" for line in wrapped(text)]
        self.lines.append(".fi")

    def term(self, term, text):
        self.lines += [".TP", "\\fB" + escape(term) + "\\fP"]
        self.line(said.flat(text))

    def prose(self, text):
        """A comment: paragraphs, lists, rows of two columns, and code, by their indent."""
        for paragraph in said.paragraphs(text):
            lines = paragraph.split("\n")
            if all(re.match(r"    ", line) for line in lines):
                self.code([line[4:] for line in lines])
                continue
            self.lines.append(".PP")
            self.parts(lines)

    def parts(self, lines):
        """Lines of a paragraph, which may go over into rows, code or items of a list."""
        plain, inside = [], False
        for line in lines + [None]:
            row = line and re.match(r"( {1,3}(?! ))(\S(?:.*?\S)?)  +(\S.*)$", line)
            item = line and re.match(r" *- (.*)$", line)
            if line is None or row or item or (inside and not line.startswith(" ")):
                if plain:
                    self.line(said.flat(" ".join(plain)))
                plain = []
            if row:
                self.lines += [".TP", "\\fB" + escape(row.group(2)) + "\\fP"]
                plain, inside = [row.group(3)], True
            elif item:
                self.lines.append(".IP \\(bu 2")
                plain, inside = [item.group(1)], True
            elif line is not None:
                if inside and not line.startswith(" "):
                    self.lines.append(".PP")
                    inside = False
                plain.append(line)

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines) + "\n"


def wrapped(text, width=76):
    """A declaration over lines, continued below its first parameter."""
    if len(text) <= width or "(" not in text:
        return [text]
    head, rest = text[:text.index("(") + 1], text[text.index("(") + 1:]
    lines, line = [], head
    for word in re.split(r"(?<=,) ", rest):
        if line.strip() and len(line) + len(word) > width:
            lines.append(line.rstrip())
            line = "        "
        line += word + " "
    return lines + [line.rstrip()]


def first_sentence(text):
    """What follows the name in NAME, and stands in lists: up to the first full stop or semicolon, or
    a colon behind more than three words, outside of brackets."""
    text = said.taken_apart(said.rows(text)[1])[0].removeprefix("Crossdock: ")
    sentence = re.match(r"(?:\([^()]*\)|[^.;]|[.;](?=\S))*", text).group()
    head, colon, _ = sentence.partition(": ")
    if colon and len(head.split()) > 3 and head.count("(") == head.count(")"):
        sentence = head
    sentence = sentence.rstrip(".:; ")
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def groups(header):
    """Functions by the comment that they share."""
    found = {}
    for function in header.functions():
        key = (function.group, function.comment) if function.comment else function.name
        found.setdefault(key, []).append(function)
    return list(found.values())


def function_page(header, functions, version, pages):
    names = [function.name for function in functions]
    comment = functions[0].comment
    page = Page(names[0], ", ".join(names) + " \\- " + escape(first_sentence(comment)), version)
    page.section("SYNOPSIS")
    page.lines += [".nf", f'\\fB#include "{header.name}"\\fP', ".fi"]
    for function in functions:
        page.declaration(function.text)
    page.section("DESCRIPTION")
    rows, rest = said.rows(comment)
    for paragraph in said.paragraphs(rest):
        if not re.search(r"^ ", paragraph, re.MULTILINE):
            paragraph, found = said.taken_apart(paragraph)
            rows += found
        page.prose(paragraph)
    if rows:
        page.section("ERRORS")
        for codes, text in rows:
            page.term(codes, text)
    page.section("THREADS")
    page.line(said.threads(functions[0]))
    page.section("SEE ALSO")
    used = sorted({name for function in functions
                   for name in re.findall(r"\b(xd_\w+)", function.text + " " + comment)
                   if pages.get(name) and pages[name] != names[0]} - set(names))
    page.lines.append(", ".join(f"\\fB{escape(name)}\\fP(3)" for name in [page_of(header)] + [
        name for name in used if name != page_of(header)]))
    return page.text()


def member_rows(page, item):
    """Members, and enumerators; those of one comment together."""
    for comment, together in itertools.groupby(item.members, lambda member: member.comment):
        for i, member in enumerate(together):
            name = ", ".join(member.names) if item.kind == "enum" else member.text
            page.lines += [".TQ" if i else ".TP", "\\fB" + escape(said.flat(name)) + "\\fP"]
        page.line(said.flat(comment))


def header_page(header, version):
    page = Page(page_of(header), f"{page_of(header)} \\- " + escape(
        first_sentence(header.opening)), version)
    page.section("SYNOPSIS")
    page.lines += [".nf", f'\\fB#include "{header.name}"\\fP', ".fi"]
    page.section("DESCRIPTION")
    page.prose(header.opening)
    if header.functions():
        page.section("FUNCTIONS")
        for function in header.functions():
            page.term(f"{function.name}(3)", first_sentence(function.comment))
    types = [item for item in header.items if item.kind in ("struct", "union", "enum", "type",
                                                            "variable")]
    if types:
        page.section("TYPES")
        for item in types:
            is_plain = item.kind in ("type", "variable")
            page.lines.append(f".SS {escape(item.name if is_plain else item.text)}")
            if is_plain:
                page.declaration(item.text)
            if item.comment:
                page.prose(item.comment)
            member_rows(page, item)
    macros = [item for item in header.items if item.kind == "macro"]
    if macros:
        page.section("CONSTANTS AND MACROS")
        for item in macros:
            page.lines += [".TP", "\\fB" + escape(item.text) + "\\fP"
                           + (" " + escape(item.members[0].text)
                              if len(item.members[0].text) < 40 else "")]
            page.line(said.flat(item.comment))
    page.section("SEE ALSO")
    page.lines.append(("\\fBcrossdock\\fP(3), " if page_of(header) != "crossdock" else "")
                      + "\\fBcrossdockd\\fP(8)")
    return page.text()


def pages_of(read):
    """name: the page that it is on."""
    found = {}
    for header in read:
        for item in header.items:
            found.setdefault(item.name, page_of(header))
    for header in read:
        for functions in groups(header):
            for function in functions:
                found[function.name] = functions[0].name
    return found


def make(version, directory):
    paths = headers.installed(SOURCE)
    read = [header for header in headers.read_all(paths) if header.items]
    pages = pages_of(read)
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.3"):
        old.unlink()

    def write(name, text):
        (directory / f"{name}.3").write_text(text)

    for header in read:
        write(page_of(header), header_page(header, version))
        for functions in groups(header):
            write(functions[0].name, function_page(header, functions, version, pages))
    for name, page in pages.items():
        if name.startswith("xd_") and name != page and not (directory / f"{name}.3").exists():
            write(name, f".so man3/{page}.3\n")


if __name__ == "__main__":
    make(sys.argv[1], pathlib.Path(sys.argv[2]))
