# SPDX-License-Identifier: BSD-3-Clause
"""What the comment of a function says: which threads may call it, its errors, and the rest.

Who may call is a sentence that begins as in THREADS; what a comment does not say is what its
section, or else the opening of its header, says in a sentence that begins with "All calls:". Errors
are rows of a list, "  -ENOENT  there is none", or clauses such as "-ENOENT, -EBUSY: there is none"."""

import re

THREADS = ("Any thread", "Any worker", "Main thread", "Control:", "One thread at a time", "In run",
           "The registered thread", "With the lock held", "Of each queue one thread")
WHO = re.compile(r"(?:(?<=^)|(?<=[.;:] ))(?:%s)(?!\w)[^.]*(?:\.(?=\s|$)|$)" % "|".join(THREADS))
ALL = re.compile(r"(?:(?<=^)|(?<=\. ))All calls: ((?:[^.]|\.(?=\S))*\.?)(?=\s|$)")
CODE = r"-E[A-Z0-9]+(?:(?:,| or|, or) -E[A-Z0-9]+)*"
ROW = re.compile(rf"^  ({CODE})(?: +|$)(.*)$")
CLAUSE = re.compile(rf"(?:(?<=^)|(?<=[.;:] ))({CODE}): ((?:[^.;]|[.;](?=[^\s]))*)(?:[.;](?=\s|$)|$)")


def paragraphs(text):
    return [part for part in re.split(r"\n[ \t]*\n", text.strip("\n")) if part.strip()]


def flat(text):
    return " ".join(text.split())


def threads(item):
    """Who may call a function, as a sentence; "" when nothing says."""
    own = WHO.findall(flat(re.sub(r"\n\s*\n", ". ", item.comment)))
    if own:
        return " ".join(sentence.strip() for sentence in own)
    for text in item.common.split("\n\n"):
        found = ALL.search(flat(text))
        if found:
            words = found.group(1)
            return words[0].upper() + words[1:].rstrip(".") + "."
    return ""


def rows(text):
    """The rows of a list of errors in a comment: (codes, text), and the text without them."""
    found, rest = [], []
    for line in text.split("\n"):
        match = ROW.match(line)
        if match:
            found.append([match.group(1), match.group(2)])
        elif found and re.match(r"    +\S", line) and rest and rest[-1] is None:
            found[-1][1] += " " + line.strip()
            continue
        else:
            rest.append(line)
            continue
        rest.append(None)
    return [tuple(row) for row in found], "\n".join(line for line in rest if line is not None)


def taken_apart(paragraph):
    """A paragraph of prose without the sentences about threads and errors, and these errors."""
    text = flat(paragraph)
    found = CLAUSE.findall(text)
    text = WHO.sub("", CLAUSE.sub("", text))
    text = re.sub(r"(^|[.:;] )0; ", r"\1Returns 0 on success. ", flat(text) + " ")
    return re.sub(r"\s*[;:,]$", ".", text.strip()), found
