# SPDX-License-Identifier: Apache-2.0
"""The fields of struct event, as the text of the C shows them.

Their layout comes from BTF (rows/btf_layout.py). The text shows their names
before the C is compiled, where they stand, and what a comment on a field says:

    u32 ppid; /* the parent process; column: PPID width=7 */

"column:" is followed, in any order, by a heading (with a capital letter),
width=N characters (negative: left-aligned) and one of RENDERINGS.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Iterator, NamedTuple, Sequence

from opensnooplib.base.errors import SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.source import c_text
from opensnooplib.source.comments import COMMENT, QUOTED

# The ways to show a number in the table that differ from that of its type.
RENDERINGS = ("octal", "hex", "errno", "ns", "uid", "gid")

WIDTH_LIMIT = 1000
HEADING_LIMIT = 64


class Note(NamedTuple):
    """What the comment on a field says."""

    about: str = ""
    heading: str = ""
    width: int = 0  # characters; negative: left-aligned; 0: not given
    rendering: str = ""


class Declaration(NamedTuple):
    """One field of struct event, as the text shows it."""

    location: str  # "file:line"
    macro: str  # WANT_NAME, by which the field is asked for; "": always there
    note: Note


# Fields in an #if of this macro are filled only if they are wanted, by a macro
# of their name.
_OPTIONAL = "OPTIONAL_FIELDS"
_WANT = "WANT_"

_STRUCT = rf"{COMMENT}|{QUOTED}|\bstruct\s+NAME\s*(?P<body>\{{)"

# What counts in the body of the struct. A name is the last word of a
# declarator: `a` and `b` in `u32 a, b[2];`, or `c` in `int (*c)(int);`.
_PART = re.compile(
    rf"(?P<comment>{COMMENT})"
    r"|^[ \t]*#[ \t]*(?P<directive>\w*)[ \t]*(?P<macro>\w*)[^\n]*"
    r"|(?P<brace>[{}])"
    r"|(?P<end>;)"
    r"|\(\s*\*\s*(?P<pointer>\w+)\s*\)(?:\s*\([^()]*\))?"
    r"|\b(?P<name>[^\W\d]\w*)\b(?=\s*"
    r"(?:(?:\[[^\]]*\]|:\s*\w+|__\w+\s*\([^;]*\)|/\*[^*]*\*/)\s*)*"
    r"[,;])",
    re.DOTALL | re.MULTILINE,
)
_COMMENT_BEHIND = re.compile(rf"[^\S\n]*(?P<comment>{COMMENT})", re.DOTALL)


def of_event(text: str) -> dict[str, Declaration]:
    """The fields of struct event: see of_struct()."""
    return of_struct(text, "event")


# A compile room asks twice for the same text.
@functools.lru_cache(maxsize=1)
def of_struct(text: str, name: str) -> dict[str, Declaration]:
    r"""The fields of a struct in the assembled C `text`, by name.

    `name` is a pattern; "\w*" stands for all structs.

    Those inside an #ifdef are included, those of an inner struct are not.
    Raises SourceError for a comment that asks for something impossible.
    """
    found = re.finditer(_STRUCT.replace("NAME", name), text, re.DOTALL)
    started = [struct.end() for struct in found if struct["body"]]
    # Of two fields with one name, the first counts.
    fields = [one for end in reversed(started) for one in _fields(text, end)]
    return dict(fields)


def _fields(text: str, position: int) -> Iterator[tuple[str, Declaration]]:
    """The fields of the struct whose body begins at `position`."""
    names: list[re.Match[str]] = []
    macros: list[str] = []  # of the #ifs that are open
    comment = ""
    depth = 0
    while part := _PART.search(text, position):
        position = part.end()
        if part["brace"]:
            depth += 1 if part["brace"] == "{" else -1
            if depth < 0:
                return
        elif part["directive"] is not None:
            _heed_condition(macros, part["directive"], part["macro"])
        elif depth > 0:
            continue
        elif part["comment"]:
            comment = part["comment"]
        elif not part["end"]:
            names.append(part)
        else:
            behind = _COMMENT_BEHIND.match(text, position)
            if behind:  # it counts more than a comment above the field
                comment, position = behind["comment"], behind.end()
            for found in names:
                name = found["name"] or found["pointer"]
                location = location_at(text, found.start())
                note = _note(comment, location)
                yield name, Declaration(location, _macro(name, macros), note)
            names, comment = [], ""


def _heed_condition(macros: list[str], directive: str, macro: str) -> None:
    if directive in ("if", "ifdef", "ifndef"):
        macros.append("" if directive == "ifndef" else macro)
    elif directive == "endif" and macros:
        macros.pop()
    elif directive in ("else", "elif") and macros:
        macros[-1] = ""


def _macro(name: str, macros: Sequence[str]) -> str:
    macro = next((m for m in reversed(macros) if m), "")
    if macro == _OPTIONAL:
        return _WANT + name.upper()
    return macro if macro.startswith(_WANT) else ""


def location_at(text: str, offset: int) -> str:
    """The location of `offset`, counted from the last #line before it."""
    before = text[:offset]
    number, file, start = 1, "the C", 0
    for found in re.finditer(r'^#line (\d+) "(.*)"\n', before, re.M):
        number, file, start = int(found[1]), found[2], found.end()
    return f"{c_text.shown_name(file)}:{number + before.count(chr(10), start)}"


def _note(comment: str, location: str) -> Note:
    inside = comment[2:-2] if comment.startswith("/*") else comment[2:]
    lines = [line.strip().lstrip("*") for line in inside.split("\n")]
    text = " ".join(" ".join(lines).split())
    about, column, wishes = text.partition("column:")
    about = "".join(c if c.isprintable() else "?" for c in about)
    note = Note(about=about.rstrip(" ;,."))
    if column and not wishes.split():
        raise SourceError(
            f'{location}: nothing follows "column:": write a heading, '
            "width=N or " + ", ".join(RENDERINGS)
        )
    for word in wishes.split():
        note = note._replace(**_wish(word, location))
    return note


def _wish(word: str, location: str) -> dict[str, Any]:
    """What one word after "column:" sets in the note."""
    if word.startswith("width="):
        digits = re.fullmatch(r"width=(-?[1-9]\d{0,3})", word, re.ASCII)
        if digits and abs(int(digits[1])) <= WIDTH_LIMIT:
            return {"width": int(digits[1])}
        why = (
            f"{word}: must be a number of characters, at most {WIDTH_LIMIT}; "
            "negative aligns to the left"
        )
    elif word in RENDERINGS:
        return {"rendering": word}
    elif word == word.lower() or len(word) > HEADING_LIMIT:
        why = f'unknown rendering "{word}"' + did_you_mean(word, RENDERINGS)
    elif word.isprintable():
        return {"heading": word}
    else:
        why = "the heading is not printable"
    raise SourceError(f"{location}: column: {why}")
