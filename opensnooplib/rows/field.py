# SPDX-License-Identifier: Apache-2.0
"""One field of a record: its offset, its type, how it is shown."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from opensnooplib.base.errors import SourceError
from opensnooplib.source import declarations
from opensnooplib.source.declarations import Note

KINDS = ("unsigned", "signed", "bool", "pointer", "text", "bytes")
BIT_FIELD = "bit field"  # which can't be shown


class Field(NamedTuple):
    """One field of struct event; offset and size in bytes.

    A field of an inner struct has the names of both: "outer.inner".
    """

    name: str
    offset: int
    size: int  # of all elements, if it is an array
    kind: str  # one of KINDS; for an array of integers, of its elements
    elements: int = 0  # 0: not an array of integers
    symbols: tuple[tuple[int, str], ...] = ()  # of an enum: value, name
    note: Note = Note()

    @property
    def is_flexible(self) -> bool:
        """Is it a flexible array, which ends where its record ends?"""
        return self.offset + self.size == SIZE_LIMIT

    @property
    def row_cost(self) -> int:
        """What it adds to each row, at most, however short the record is.

        That is its name, as in JSON also with "_bytes" and "_cut", its width,
        and its elements, each "null, " or a symbol that is searched for.
        """
        symbols = [len(name.encode()) for _, name in self.symbols]
        element = max([6, *symbols]) + len(symbols)
        wide = max(abs(self.note.width), len(self.note.heading))
        return 3 * len(self.name) + wide + element * (self.elements + 1)


def is_as_known(field: Field) -> bool:
    """Has the field the type that the frontend expects by its name?"""
    is_integer = field.kind in ("unsigned", "signed") and not field.symbols
    if field.name in ("comm", "path"):
        return field.kind in ("text", "bytes")
    if field.name == "callers":
        return is_integer and field.size == 8 * field.elements
    if field.name == "ts":
        return is_integer and not field.elements and field.size == 8
    return is_integer and not field.elements and field.size <= 8


# The size of a record in a perf ring is a u16.
SIZE_LIMIT = (1 << 16) - 1
SYMBOL_LIMIT = 255


def why_no_column(field: Field) -> str:
    """Why the field can't be a column; "" if it can."""
    if field.kind == BIT_FIELD:
        return "is a bit field: use a whole integer"
    if field.offset + field.size > SIZE_LIMIT:
        return f"ends after byte {SIZE_LIMIT}, where every record ends"
    return ""


def to_plain(field: Field) -> dict[str, Any]:
    """The field as plain data for JSON."""
    return {**field._asdict(), "note": field.note._asdict()}


def from_plain(plain: Any) -> Field:
    """The field that to_plain() gave, perhaps of an earlier version.

    Raises ValueError, TypeError or KeyError for anything else.
    """
    rest = dict(plain)
    rest.pop("is_sent", None)
    note = Note(**rest.pop("note", {}))
    symbols = tuple((value, name) for value, name in rest.pop("symbols", ()))
    field = Field(**rest, symbols=symbols, note=note)
    words = [field.name, note.about, note.heading, *(n for _, n in symbols)]
    numbers = [field.offset, field.size, field.elements]
    if not (
        all(isinstance(word, str) and word.isprintable() for word in words)
        and all(type(n) is int and 0 <= n <= SIZE_LIMIT for n in numbers)
        and all(type(v) is int and 0 <= v < 1 << 64 for v, _ in symbols)
        and all(len(name) <= SYMBOL_LIMIT for _, name in symbols)
        and re.fullmatch(r"\w[\w.]*", field.name)
        and field.kind in KINDS
        and field.size > 0
        and type(note.width) is int
        and abs(note.width) <= declarations.WIDTH_LIMIT
        and len(note.heading) <= declarations.HEADING_LIMIT
        and not why_no_column(field)
        and note.rendering in ("", *declarations.RENDERINGS)
        and (field.elements == 0 or field.size % field.elements == 0)
    ):
        raise ValueError(f"not a field: {str(plain)[:99]}")
    return field


def with_note(field: Field, declared: declarations.Declaration) -> Field:
    """The field with the note on its declaration. Raises SourceError."""
    note = declared.note
    is_integer = field.kind in ("unsigned", "signed", "pointer")
    if note.rendering and not is_integer:
        raise SourceError(
            f"{declared.location}: column: {note.rendering} is a rendering "
            f"for integers, which {field.name} is not"
        )
    return field._replace(note=note)
