# SPDX-License-Identifier: Apache-2.0
"""The layout of struct event, if no map of the C has it.

BCC reports the layout of what is in a map, so struct event is put into one.
"""

from __future__ import annotations

import re

from opensnooplib.source.comments import without_comments

LAYOUT_MAP = "event_layout"
LAYOUT = f" BPF_ARRAY({LAYOUT_MAP}, struct event, 1);"

STRUCT = re.compile(r"\bstruct\s+event\s*\{")


def with_layout(text: str) -> str:
    """Put struct event into a map of the C.

    The map is declared on the line where the struct ends, so that all lines
    keep their numbers; and after each such struct in the text, since one may
    be in a branch of an #if.
    """
    code = without_comments(text)
    for begin in reversed(list(STRUCT.finditer(code))):
        end = _end_of_struct(code, begin.end())
        if end:
            text = text[:end] + LAYOUT + text[end:]
    return text


def _end_of_struct(code: str, start: int) -> int:
    """The offset after its semicolon; 0 if there is none, an error in C."""
    depth = 1
    for offset in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[offset], 0)
        if depth == 0:
            return code.find(";", offset) + 1
    return 0
