# SPDX-License-Identifier: Apache-2.0
"""The fields of struct event, as the text of the C declares them.

BCC reports names, sizes and integers (rows/schema.py). Only the text shows
which fields are pointers and enums, and what a comment on a field asks for:

    u32 ppid; /* the parent process; column: PPID width=7 */

"column:" is followed, in any order, by a heading (with a capital letter),
width=N characters (negative: left-aligned) and one of RENDERINGS.
"""

from __future__ import annotations

import functools
import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.source import enums, c_text
from opensnooplib.source.comments import COMMENT, QUOTED

# The ways to show a number in the table that differ from that of its type.
RENDERINGS = ("octal", "hex", "errno", "ns", "uid", "gid")

_WIDTH_LIMIT = 1000
_HEADING_LIMIT = 64


class Note(NamedTuple):
    """What the comment on a field says."""

    about: str = ""
    heading: str = ""
    width: int = 0  # characters; negative: left-aligned; 0: not given
    rendering: str = ""


class Declaration(NamedTuple):
    """One field of struct event, as the text declares it."""

    name: str
    location: str  # "file:line"
    is_pointer: bool
    dimensions: int  # 0: not an array
    is_plain: bool  # a number or a text, as far as its type shows
    symbols: Tuple[Tuple[int, str], ...]  # of an enum: value, name
    macro: str  # of the #if NAME or #ifdef that it stands in, or ""
    note: Note
    is_optional: bool = False  # in the struct, and filled if it is wanted


# Fields that are filled only if they are wanted, by a macro of their name.
_OPTIONAL = "OPTIONAL_FIELDS"


def _want(name: str) -> str:
    return f"WANT_{name.upper()}"


_TOKEN = re.compile(
    rf"{COMMENT}|{QUOTED}|\n[ \t]*#[^\n]*|[\w$]+|[^\s\w]",
    re.DOTALL,
)
_CONDITION = re.compile(r"\s*#\s*(ifdef|ifndef|if|else|elif|endif)\b\s*(\w*)")


# The first word of a type that has no members.
_PLAIN = re.compile(
    r"^(_*[us](8|16|32|64)|unsigned|signed|char|short|int|long|_?[bB]ool)$"
)


class _Token(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def is_comment(self) -> bool:
        return self.text.startswith(("/*", "//"))

    @property
    def is_directive(self) -> bool:
        return self.text.startswith("\n")


# A compile room asks twice for the same text, and each answer takes 5 ms.
@functools.lru_cache(maxsize=1)
def of_event(text: str) -> Dict[str, Declaration]:
    """The fields of struct event in the assembled C `text`, by name.

    Those inside an #ifdef are included. Raises SourceError for a comment that
    asks for something impossible.
    """
    return {
        declaration.name: declaration
        for declaration in _Reader(text).declarations()
    }


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._macros: List[str] = []  # of the #ifdefs that are open

    def _tokens(self, start: int = 0) -> Iterator[_Token]:
        for found in _TOKEN.finditer(self._text, start):
            yield _Token(found.group(), found.start(), found.end())

    def _start_of_struct(self) -> Optional[int]:
        last = ["", ""]
        for token in self._tokens():
            if token.is_comment or token.is_directive:
                continue
            if last == ["struct", "event"] and token.text == "{":
                return token.end
            last = [last[1], token.text]
        return None

    def declarations(self) -> Iterator[Declaration]:
        start = self._start_of_struct()
        if start is None:
            return
        words: List[_Token] = []
        before: Optional[_Token] = None  # a comment above the field
        behind: Optional[
            _Token
        ] = None  # a comment on the line where the field ends
        tokens = list(self._tokens_of_body(start))
        for index, token in enumerate(tokens):
            if token.is_directive:
                self._heed_condition(token.text)
            elif token.is_comment:
                if token is not behind:
                    before = before if words else token
            elif token.text != ";":
                words.append(token)
            else:
                behind = self._comment_behind(tokens[index : index + 2])
                yield from self._declared(words, behind or before)
                words, before = [], None

    def _tokens_of_body(self, start: int) -> Iterator[_Token]:
        """The tokens of the struct, without those in inner braces."""
        depth = 0
        for token in self._tokens(start):
            if token.text == "}":
                depth -= 1
                if depth < 0:
                    return
            elif token.text == "{":
                depth += 1
            elif depth == 0:
                yield token

    def _heed_condition(self, line: str) -> None:
        condition = _CONDITION.match(line)
        if not condition:
            return
        word, name = condition.groups()
        if word in ("ifdef", "ifndef", "if"):
            self._macros.append("" if word == "ifndef" else name)
        elif word == "endif" and self._macros:
            self._macros.pop()
        elif self._macros:
            self._macros[-1] = ""

    def _comment_behind(self, pair: List[_Token]) -> Optional[_Token]:
        """The comment on the line of the semicolon, if there is one."""
        if len(pair) < 2 or not pair[1].is_comment:
            return None
        between = self._text[pair[0].end : pair[1].start]
        return None if "\n" in between else pair[1]

    def _declared(
        self, words: List[_Token], comment: Optional[_Token]
    ) -> Iterator[Declaration]:
        texts = [word.text for word in words]
        if not words:
            return
        note = Note()
        if comment:
            note = _note(comment.text, self._place(comment.start))
        symbols: Tuple[Tuple[int, str], ...] = ()
        if "enum" in texts[:-1]:
            name = texts[texts.index("enum") + 1]
            symbols = enums.symbols(self._text, name)
        macro = next((m for m in reversed(self._macros) if m), "")
        for declarator in _declarators(texts):
            name = _name_in(declarator)
            if name:
                yield Declaration(
                    name,
                    self._place(words[0].start),
                    "*" in "".join(declarator).partition("[")[0],
                    declarator.count("["),
                    "enum" in texts or bool(_PLAIN.search(texts[0])),
                    symbols,
                    _want(name) if macro == _OPTIONAL else macro,
                    note,
                    macro == _OPTIONAL,
                )

    def _place(self, offset: int) -> str:
        """The location of `offset`, counted from the last #line before it."""
        before = self._text[:offset]
        number, file = 1, "the C"
        start = 0
        for found in re.finditer(r'^#line (\d+) "(.*)"\n', before, re.M):
            number, file, start = int(found[1]), found[2], found.end()
        file = c_text.shown_name(file)
        return f"{file}:{number + before.count(chr(10), start)}"


def _declarators(words: List[str]) -> Iterator[List[str]]:
    """The declarators of a declaration: `u32 a` and `*b` of `u32 a, *b;`."""
    depth = 0
    one: List[str] = []
    for word in words:
        depth += (word in "([") - (word in ")]")
        if word == "," and depth == 0:
            yield one
            one = []
        else:
            one.append(word)
    yield one


def _name_in(declarator: List[str]) -> str:
    """The declared name: the last identifier, or a function pointer's."""
    words = declarator
    if "__attribute__" in words:
        words = words[: words.index("__attribute__")]
    if "[" in words:
        words = words[: words.index("[")]
    if "(" in words:
        words = words[words.index("(") + 1 :]
    for end in (")", ":"):
        if end in words:
            words = words[: words.index(end)]
    identifiers = [w for w in words if w.replace("$", "_").isidentifier()]
    if not identifiers or identifiers[-1] in ("struct", "union"):
        return ""
    return identifiers[-1]


def _note(comment: str, location: str) -> Note:
    inside = comment[2:-2] if comment.startswith("/*") else comment[2:]
    lines = [line.strip().lstrip("*") for line in inside.split("\n")]
    text = " ".join(" ".join(lines).split())
    about, column, wishes = text.partition("column:")
    about = "".join(c if c.isprintable() else "?" for c in about)
    note = Note(about=about.rstrip(" ;,."))
    if column:
        note = _wishes(note, wishes.split(), location)
    return note


def _wishes(note: Note, words: List[str], location: str) -> Note:
    if not words:
        raise SourceError(
            f'{location}: nothing follows "column:": write a heading, '
            "width=N or " + ", ".join(RENDERINGS)
        )
    for word in words:
        if word.startswith("width="):
            note = note._replace(width=_width(word, location))
        elif word != word.lower() and len(word) <= _HEADING_LIMIT:
            if not word.isprintable():
                raise SourceError(
                    f"{location}: column: the heading is not printable"
                )
            note = note._replace(heading=word)
        elif word in RENDERINGS:
            note = note._replace(rendering=word)
        else:
            raise SourceError(
                f'{location}: column: unknown rendering "{word}"'
                + did_you_mean(word, RENDERINGS)
            )
    return note


def _width(word: str, location: str) -> int:
    digits = re.fullmatch(r"width=(-?[1-9]\d{0,3})", word, re.ASCII)
    if not digits or abs(int(digits[1])) > _WIDTH_LIMIT:
        raise SourceError(
            f"{location}: column: {word}: must be a number of characters, at "
            f"most {_WIDTH_LIMIT}; negative aligns to the left"
        )
    return int(digits[1])
