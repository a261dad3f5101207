# SPDX-License-Identifier: Apache-2.0
"""Comments in C, and the lines of C without them."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

# A comment as the compiler sees it, also one that isn't closed.
COMMENT = r"/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*"

# Strings and characters, inside which no comment starts.
QUOTED = r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'"

# Comments and strings start with one of three characters, by which re finds
# them quickly.
_EITHER = re.compile(f"{COMMENT}|{QUOTED}", re.DOTALL)


def without_comments(text: str) -> str:
    """`text` with blanks in place of comments, so that offsets stay valid."""
    return _EITHER.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] != "/":
        return text
    return "\n".join([" " * len(line) for line in text.split("\n")])


def _blank_line(found: re.Match[str]) -> str:
    text = found[0]
    return text if text[0] != "/" else " " * len(text)


class Line(NamedTuple):
    """A line, with all the lines over which a comment in it continues."""

    number: int
    text: str
    code: str  # the same with blanks in place of comments


def lines(text: str) -> Iterator[Line]:
    # Not splitlines(): to C, a form feed or U+2028 ends no line.
    code = _EITHER.sub(_blank_line, text)
    offset, number = 0, 1
    for one in code.split("\n"):
        whole = text[offset : offset + len(one)]
        yield Line(number, whole, one)
        offset += len(one) + 1
        number += 1 + whole.count("\n")
