# SPDX-License-Identifier: Apache-2.0
"""The layout of struct event, where the C has it in no map.

BCC tells the layout of what is in a map, so struct event is put into one.
"""

from __future__ import annotations

import re

from opensnooplib.source.comments import without_comments

LAYOUT_MAP = "event_layout"
LAYOUT = f" BPF_ARRAY({LAYOUT_MAP}, struct event, 1);"

STRUCT = re.compile(r"\bstruct\s+event\s*\{")


def with_layout(text: str) -> str:
    """Put struct event into a map of the C.

    On the line where the struct ends, so that all lines keep their numbers;
    after each that the text has, since one may stand in a branch of #if.
    """
    code = without_comments(text)
    for begin in reversed(list(STRUCT.finditer(code))):
        end = _end_of_struct(code, begin.end())
        if end:
            text = text[:end] + LAYOUT + text[end:]
    return text


def _end_of_struct(code: str, start: int) -> int:
    """Behind its semicolon; 0 where there is none: the compiler will tell."""
    depth = 1
    for offset in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[offset], 0)
        if depth == 0:
            return code.find(";", offset) + 1
    return 0
