# SPDX-License-Identifier: BSD-3-Clause
"""Reads the public headers: what they declare, and which comment says what of it.

It knows the form in which this tree's headers are written, which clang-format keeps, and no more of
C than that needs. A comment belongs to the declarations below it up to the next blank line or
comment; one behind a declaration to that alone. A comment /* ---- Title ---- */ begins a section.
The second comment of a file, below that about its licence, opens it."""

import dataclasses
import pathlib
import re

TOKEN = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|.", re.DOTALL)


@dataclasses.dataclass
class Member:
    """Of a struct, or an enumerator; names: one declaration may have several."""
    names: list
    text: str
    comment: str
    shared: bool = False  # the comment stands above another member, and this one is below that


@dataclasses.dataclass
class Item:
    kind: str  # function, struct, union, enum, macro, type, variable
    name: str
    text: str  # the declaration, without comments and bodies
    comment: str
    group: int  # those of one comment have one number
    members: list = dataclasses.field(default_factory=list)
    inline: bool = False
    common: str = ""  # what the opening, or else the section, says of all its calls


@dataclasses.dataclass
class Header:
    name: str  # as #include has it
    opening: str = ""
    items: list = dataclasses.field(default_factory=list)

    def functions(self):
        return [item for item in self.items if item.kind == "function"]


def plain(comment):
    """The text of a comment, without what makes it one; lines keep their indent."""
    lines = re.sub(r"^/\*|\*/$", "", comment).split("\n")
    lines = [lines[0].strip()] + [re.sub(r"^\s*\*? ?", "", line).rstrip() for line in lines[1:]]
    return "\n".join(lines).strip("\n")


def pieces(text):
    """A file or a body in pieces: (kind, text), of which kind is comment, behind (a comment on a
    line that has something before it), directive, blank or code: up to a semicolon or the end of a
    body, with the comments in it."""
    place, code, depth, on_line = 0, "", 0, False
    while place < len(text):
        token = TOKEN.match(text, place).group()
        if not code.strip():
            if token.startswith("/*"):
                yield ("behind" if on_line else "comment"), token
                place += len(token)
                continue
            if token == "#":
                directive = re.match(r"#(?:[^\n\\/]|\\.|/(?!\*))*", text[place:], re.DOTALL).group()
                yield "directive", directive
                place += len(directive)
                on_line, code = True, ""
                continue
            if token.isspace():
                if token == "\n":
                    on_line = False
                    if re.match(r"\n[ \t]*\n", text[place:]):
                        yield "blank", ""
                code, place = "", place + 1
                continue
        code += token
        place += len(token)
        depth += (token in "{(") - (token in "})")
        if depth == 0 and (token == ";" or token == "}" and not re.match(
                r"\s*(?:;|\w+;|__attribute__|[\w\[\]]+;)", text[place:])):
            yield "code", code
            code, on_line = "", True
        elif depth == 0 and code.strip() in ("XD_API_BEGIN", "XD_API_END") and text[
                place:place + 1] == "\n":
            code = ""
    if code.strip():
        yield "code", code


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def declarator(text):
    """The names that a member's declaration declares."""
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", text)
    function = re.search(r"\(\*(?:const )?(\w+)(?:\[\w*\])?\)\s*\(", text)
    if function:
        return [function.group(1)]
    text = re.sub(r"\[[^\]]*\]|=[^,;]*|:\s*\d+", "", text)
    return re.findall(r"(\w+)\s*(?=[,;]|$)", text.strip())


class Reader:
    """One header, and the lists of keys that its structs include."""

    def __init__(self, root):
        self.root = root  # name: path of all that is installed

    def body_of(self, code):
        return code[code.index("{") + 1:code.rindex("}")]

    def keys(self, name):
        """The members that a list of keys declares, and what it says of each."""
        text = self.root[name].read_text()
        found = []
        for match in re.finditer(r"^XD_KEY\((\w+), (.*?),(?: /\*(.*?)\*/)?\s*\n(.*?)\)$", text,
                                 re.DOTALL | re.MULTILINE):
            members, said, row = match.group(2), match.group(3), match.group(4)
            says = re.findall(r'\.help = ((?:"(?:[^"\\]|\\.)*"\s*)+)', row)
            text_of = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', says[0])) if says else ""
            unit = re.search(r'\.unit = "([^"]*)"', row)
            limits = [re.search(rf"\.{word} = (\w+)", row) for word in ("min", "max")]
            if unit:
                text_of += f" In {unit.group(1)}."
            if limits[1] and limits[1].group(1).isdigit():
                text_of += f" {limits[0].group(1) if limits[0] else 0} to {limits[1].group(1)}."
            if said:
                text_of += f" ({said.strip()})"
            for member in re.split(r";\s*", members):
                found.append(Member(declarator(member), member, text_of))
        return found

    def members(self, body, enum=False):
        found, above, pending, first = [], "", [], True
        for kind, text in (enumerators(body) if enum else pieces(body)):
            if kind == "blank":
                above = ""
            elif kind == "comment":
                above, first = plain(text), True
            elif kind == "behind" and pending:
                for member in pending:
                    above_it = "" if member.shared else member.comment
                    member.comment = (above_it + "\n" + plain(text)).strip()
                    member.shared = False
            elif kind == "directive":
                included = re.match(r'#include "(.*\.def)"', text)
                if included and included.group(1) in self.root:
                    found += (self.drops if included.group(1).endswith("drops.def")
                              else self.keys)(included.group(1))
                above = ""
            elif kind == "code":
                pending = self.member(text, above, enum)
                for member in pending:
                    member.shared = bool(above) and not first
                first = False
                found += pending
        return found

    def drops(self, name):
        text = self.root[name].read_text()
        rows = re.finditer(r"/\*((?:(?!\*/).)*)\*/\nXD_DROP\((\w+), (\"[^\"]*\")\)", text)
        return [Member([f"XD_DROP_{row.group(2)}"], row.group(3), row.group(1).strip())
                for row in rows]

    def member(self, text, above, enum):
        if re.match(r"(__extension__ )?(struct|union)\s*(\w+\s*)?\{", text.strip()):
            inner = self.members(self.body_of(text))
            name = declarator(without_comments(text[text.rindex("}") + 1:]))
            for member in inner:
                member.comment = member.comment or above
            return inner + ([Member(name, without_comments(text[:text.index("{")]).strip(), above)]
                            if name else [])
        bare = " ".join(without_comments(text).split())
        inside = " ".join(plain(comment) for comment in re.findall(r"/\*.*?\*/", text, re.DOTALL))
        names = re.findall(r"^\w+", bare) if enum else declarator(bare)
        return [Member(names, bare.rstrip(",;"), "\n".join(filter(None, (above, inside))))]

    def item(self, code, comment, group):
        bare = without_comments(code).strip()
        bare = re.sub(r"^(XD_API_BEGIN|XD_API_END)\s*", "", bare)
        if re.match(r"static_assert|(struct|union|enum) \w+;$|extern \"C\"|$", bare):
            return None
        match = re.match(r"(struct|union|enum) (\w+)\s*\{", bare)
        if match:
            kind, name = match.groups()
            return Item(kind, name, f"{kind} {name}", comment, group,
                        self.members(self.body_of(code), kind == "enum"))
        if bare.startswith("typedef"):
            name = (re.search(r"\(\*(\w+)\)", bare) or re.search(r"(\w+);", bare)).group(1)
            return Item("type", name, tidy(bare), comment, group)
        inline = bare.startswith("static inline")
        head = bare[:bare.index("{")] + ";" if inline else bare
        match = re.search(r"(?<![(\w])\*?(\w+)\(", re.sub(r"__attribute__.*", "", head,
                                                          flags=re.DOTALL))
        if match:
            head = re.sub(r"\s*__attribute__.*", ";", head, flags=re.DOTALL)
            return Item("function", match.group(1), tidy(head), comment, group, inline=inline)
        return Item("variable", declarator(bare)[0], tidy(bare), comment, group)

    def read(self, name):
        header, above, group, common, last = Header(name), "", 0, "", []
        for kind, text in pieces(self.root[name].read_text()):
            if kind == "blank":
                above = ""
                group += 1
            elif kind == "comment":
                words, group = plain(text), group + 1
                section = re.match(r"----\s*(.*?)\s*----$", words, re.DOTALL)
                if section:
                    common, above = section.group(1), ""
                elif not header.opening and "SPDX" not in words:
                    header.opening = words
                else:
                    above = words
            elif kind == "behind":
                for item in last:
                    item.comment = (item.comment + "\n" + plain(text)).strip()
            else:
                last = self.take(kind, text, above, group)
                for item in last:
                    item.common = "\n\n".join(filter(None, (common, header.opening)))
                header.items += last
        return header

    def take(self, kind, text, above, group):
        if kind == "directive":
            macro = re.match(r"#define (\w+)(\([^)]*\))?[ \t\\\n]+(.+)", text, re.DOTALL)
            if not macro or macro.group(1) in ("XD_KEY", "XD_DROP", "XD_API_BEGIN", "XD_API_END"):
                return []
            return [Item("macro", macro.group(1), macro.group(1) + (macro.group(2) or ""), above,
                         group, [Member([], " ".join(macro.group(3).replace("\\", "").split()),
                                        "")])]
        found = self.item(text, above, group)
        return [found] if found else []


def enumerators(body):
    """As pieces, of an enum, whose enumerators end with a comma."""
    tokens = (match.group() for match in TOKEN.finditer(body))
    return pieces("".join(";" if token == "," else token for token in tokens))


def tidy(text):
    """A declaration on as few blanks as it needs, without what is only for the compiler."""
    text = " ".join(re.sub(r"^static inline\s+", "", text).split())
    return re.sub(r"\( ", "(", text)


def installed(source):
    """What meson installs of headers and lists of keys: name as #include has it, and path."""
    text = (source / "lib/meson.build").read_text()
    names = [name for block in re.findall(r"foreach header : \[(.*?)\]", text, re.DOTALL)
             for name in re.findall(r"'([^']+)'", block)]
    return {name: (source / "lib" / name if (source / "lib" / name).exists() else source / name)
            for name in names}


def read_all(paths):
    reader = Reader(paths)
    return [reader.read(name) for name in sorted(paths) if name.endswith(".h")]


def source_root():
    return pathlib.Path(__file__).resolve().parents[2]
