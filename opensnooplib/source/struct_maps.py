# SPDX-License-Identifier: Apache-2.0
"""Maps of the structs in C that has no such maps: BTF has the types of maps.

From the BTF comes the layout of the struct that an output sends, whatever its
name is.
"""

from __future__ import annotations

import re

from opensnooplib.source.comments import without_comments
from opensnooplib.source.locations import SUBMIT

# The names of these maps, and of those of bpf_src/printk_lines.h.
NAME = re.compile(r"layout_\d+|printk_(lines|room)")

# A map as it stands behind a struct.
MAP = re.compile(r" BPF_ARRAY\(layout_\d+, [\w ]+, 1\);")

# Braces or parentheses with all that is between them, also others, up to this
# depth.
_DEPTH = 9
BRACES, PARENTHESES = r"\{[^{}]*\}", r"\([^()]*\)"
for _ in range(1, _DEPTH):
    BRACES = rf"\{{(?:[^{{}}]|{BRACES})*\}}"
    PARENTHESES = rf"\((?:[^()]|{PARENTHESES})*\)"

# A struct with a name, or with a typedef; or something else in braces, such as
# a function, in which there may be structs that only it knows.
_PART = re.compile(
    rf"(?:\b(?P<typedef>typedef)\s+)?\bstruct\s*(?P<name>\w*)\s*{BRACES}"
    r"(?P<behind>[^;{}]*);"
    rf"|{BRACES}"
)
_LAST_WORD = re.compile(r"(\w+)\s*$")


def with_maps(text: str) -> str:
    """Put each struct of the C into a map, if the C sends some.

    The map is declared on the line where the struct ends, so that all lines
    keep their numbers.
    """
    code = without_comments(text)
    if not re.search(SUBMIT, code):
        return text
    pieces = []
    last = 0
    for number, part in enumerate(_PART.finditer(code)):
        name = f"struct {part['name']}" if part["name"] else ""
        alias = part["typedef"] and _LAST_WORD.search(part["behind"])
        if alias:
            name = alias[1]
        if name:
            pieces.append(text[last : part.end()])
            pieces.append(f" BPF_ARRAY(layout_{number}, {name}, 1);")
            last = part.end()
    return "".join([*pieces, text[last:]])
