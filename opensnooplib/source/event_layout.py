# SPDX-License-Identifier: Apache-2.0
"""A map of struct event for C that has none: BTF has the types of maps."""

from __future__ import annotations

import re

from opensnooplib.source.comments import without_comments

LAYOUT = " BPF_ARRAY(event_layout, struct event, 1);"

STRUCT = re.compile(r"\bstruct\s+event\s*\{")

# Braces with all that is between them, also others, up to this depth.
_DEPTH = 9
_BRACES = r"\{[^{}]*\}"
for _ in range(1, _DEPTH):
    _BRACES = rf"\{{(?:[^{{}}]|{_BRACES})*\}}"
_WHOLE = re.compile(rf"\bstruct\s+event\s*{_BRACES}[^;]*;")


def with_layout(text: str) -> str:
    """Put struct event into a map of the C.

    The map is declared on the line where the struct ends, so that all lines
    keep their numbers; and after each such struct in the text, since one may
    be in a branch of an #if.
    """
    for struct in reversed(list(_WHOLE.finditer(without_comments(text)))):
        text = text[: struct.end()] + LAYOUT + text[struct.end() :]
    return text
