# SPDX-License-Identifier: Apache-2.0
"""Comments in C, and lines as the compiler counts them without."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

# What the compiler takes for one, also if it isn't ended.
COMMENT = r"/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*"

# Texts and characters, in which there is none.
QUOTED = r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'"

_EITHER = re.compile(f"({COMMENT})|{QUOTED}", re.DOTALL)
_SIGN = re.compile(r"[^\n]")


def without_comments(text: str) -> str:
    """The same with blanks in place of comments: each place stays its own."""
    return _EITHER.sub(
        lambda found: _SIGN.sub(" ", found[0]) if found[1] else found[0], text
    )


class Line(NamedTuple):
    """One, with all that comments in it go on over."""

    number: int
    text: str
    code: str  # the same with blanks in place of comments


def lines(text: str) -> Iterator[Line]:
    # Not splitlines(): to C, a form feed or U+2028 ends no line.
    code = _EITHER.sub(
        lambda found: " " * len(found[0]) if found[1] else found[0], text
    )
    place, number = 0, 1
    for one in code.split("\n"):
        whole = text[place : place + len(one)]
        yield Line(number, whole, one)
        place += len(one) + 1
        number += 1 + whole.count("\n")
