# SPDX-License-Identifier: Apache-2.0
"""Keys and values of maps: from bytes, and from what a person types.

Both are fields, as BTF has them (btf_layout.py).
"""

from __future__ import annotations

import re
import sys
from typing import Any, NamedTuple, Sequence

from opensnooplib.base.messages import counted
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.rows.field import Field
from opensnooplib.source.known_maps import MapFacts

# How a map is shown: as a histogram of powers of two or of single numbers, as
# a table, or not at all.
PLOTS = ("log2", "linear", "table", "none")


class MapLayout(NamedTuple):
    """A map of the C, and what is in it."""

    facts: MapFacts
    key: list[Field]
    value: list[Field]
    plot: str  # one of PLOTS

    @property
    def is_array(self) -> bool:
        return self.facts.kind in ("array", "per-CPU array")

    @property
    def counts(self) -> bool:
        """Is a value one number? Then those of all CPUs are summed."""
        kinds = [(one.kind, one.elements, one.symbols) for one in self.value]
        return kinds in ([("unsigned", 0, ())], [("signed", 0, ())])


def decoded(field: Field, data: bytes) -> Any:
    """A number, a bool, an enum's or digits' string, text as bytes, a list."""
    data = data[field.offset : field.offset + field.size]
    if field.kind == "text":
        return data.split(b"\0")[0]
    if field.kind == "bytes":
        return data.hex()
    size = field.size // (field.elements or 1)
    words = [
        _word(field, data[at : at + size]) for at in range(0, field.size, size)
    ]
    return words if field.elements else words[0]


def _word(field: Field, data: bytes) -> Any:
    is_signed = field.kind == "signed"
    number = int.from_bytes(data, sys.byteorder, signed=is_signed)
    if field.kind == "bool":
        return bool(number)
    if field.kind == "pointer":
        return hex(number)
    return dict(field.symbols).get(number, number)


_TEXT = r'"(?:[^"\\]|\\.)*"'
_VALUE = re.compile(rf'{_TEXT}|[^\s{{}},"]+')
# MAP[KEY]=VALUE or MAP=VALUE
SETTING = re.compile(
    rf'(\w+)\s*(?:\[((?:{_TEXT}|[^"\]])*)\])?\s*=(.*)', re.DOTALL
)


def encoded(fields: Sequence[Field], size: int, text: str) -> bytes:
    """The bytes of a key or a value, `size` of them.

    The text has a value for each field and element, with commas between and
    braces where somebody likes them. Raises ValueError, with a reason.
    """
    words = _VALUE.findall(text)
    set_ones: list[Field] = []
    end = 0
    for one in fields:
        if one.offset >= end:  # of a union, the first member is set
            set_ones.append(one)
            end = one.offset + one.size
    count = sum(one.elements or 1 for one in set_ones)
    if len(words) != count:
        names = ", ".join(one.name for one in set_ones)
        wanted = counted(count, "value")
        raise ValueError(f"{len(words)} instead of {wanted}: {names}")
    data = bytearray(size)
    for field in set_ones:
        each = field.size // (field.elements or 1)
        for at in range(field.offset, field.offset + field.size, each):
            data[at : at + each] = _bytes(field, each, words.pop(0))
    return bytes(data)


def _bytes(field: Field, size: int, word: str) -> bytes:
    """The bytes of one value. Raises ValueError."""
    if field.kind in ("text", "bytes"):
        text = bytes.fromhex(word) if field.kind == "bytes" else _text(word)
        if len(text) > size:
            raise ValueError(f"{word} has more than {counted(size, 'byte')}")
        return text.ljust(size, b"\0")
    is_signed = field.kind == "signed"
    least = -(1 << 8 * size - 1) if is_signed else 0
    most = least + (1 << 8 * size) - 1
    number = _number(field, word)
    if not least <= number <= most:
        raise ValueError(f"{word} is not from {least} to {most}")
    return number.to_bytes(size, sys.byteorder, signed=is_signed)


def _text(word: str) -> bytes:
    """Text as it is, or in quotes, with escapes as in JSON."""
    import json  # takes 1.5 ms at launch

    text: str = json.loads(word) if word[0] == '"' else word
    return text.encode(errors="surrogateescape")


def _number(field: Field, word: str) -> int:
    names = {name: value for value, name in field.symbols}
    if field.kind == "bool":
        names = {"false": 0, "true": 1}
    # The names of an enum are without what all have in front.
    low = word.lower()
    fit = [one for one in names if low == one or low.endswith(f"_{one}")]
    if fit:
        return names[max(fit, key=len)]
    try:
        return int(word, 0)
    except ValueError:
        choices = f", nor one of {', '.join(names)}" if names else ""
        hint = did_you_mean(low, names)
        raise ValueError(f"{word} is not a number{choices}{hint}") from None
