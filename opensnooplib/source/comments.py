# SPDX-License-Identifier: Apache-2.0
"""Comments in C, and lines as the compiler counts them without."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

# What the compiler takes for one, also if it isn't ended.
COMMENT = r"/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*"

# Texts and characters, in which there is none.
QUOTED = r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'"

# Each begins with one sign: re looks for these four signs alone, and is quick.
_EITHER = re.compile(f"{COMMENT}|{QUOTED}", re.DOTALL)


def without_comments(text: str) -> str:
    """The same with blanks in place of comments: offsets stay the same."""
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
    """One, with all that comments in it go on over."""

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
