# SPDX-License-Identifier: Apache-2.0
"""The names of an enum's values, from the C that declares it."""

from __future__ import annotations

import re
from typing import List, Tuple


def symbols(text: str, enum: str) -> Tuple[Tuple[int, str], ...]:
    """The enumerators' values and names; none if a value isn't plain."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    found = re.search(rf"\benum\s+{enum}\s*\{{([^}}#]*)\}}", text)
    if not found:
        return ()
    found_symbols: List[Tuple[int, str]] = []
    value = 0
    for enumerator in found[1].split(","):
        if not enumerator.strip():
            continue
        plain = re.fullmatch(
            r"\s*(\w+)\s*(?:=\s*(-?(?:0x[\da-fA-F]+|[1-9]\d*|0)))?\s*",
            enumerator,
        )
        if not plain:
            return ()
        value = int(plain[2], 0) if plain[2] else value
        found_symbols.append((value, plain[1]))
        value += 1
    return without_prefix(found_symbols)


def without_prefix(
    named: List[Tuple[int, str]]
) -> Tuple[Tuple[int, str], ...]:
    """Names to show: open and creat for CALL_OPEN and CALL_CREAT."""
    names = [name for _, name in named]
    first, last = min(names, default=""), max(names, default="")
    same = 0
    while same < len(first) and first[same] == last[same]:
        same += 1
    cut = first.rfind("_", 0, same) + 1 if len(names) > 1 else 0
    return tuple((value, name[cut:].lower()[:255]) for value, name in named)
