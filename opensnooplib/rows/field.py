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

# The size of a record in a perf ring is a u16.
SIZE_LIMIT = (1 << 16) - 1
SYMBOL_LIMIT = 255


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

    @property
    def is_as_known(self) -> bool:
        """Has the field the type that the frontend expects by its name?"""
        is_integer = self.kind in ("unsigned", "signed") and not self.symbols
        if self.name in ("comm", "path"):
            return self.kind in ("text", "bytes")
        if self.name in ("args", "parents", "unit"):
            return self.kind == "text"
        if self.name == "callers":
            return is_integer and self.size == 8 * self.elements
        if self.name == "ts":
            return is_integer and not self.elements and self.size == 8
        return is_integer and not self.elements and self.size <= 8

    @property
    def why_no_column(self) -> str:
        """Why the field can't be a column; "" if it can."""
        if self.kind == BIT_FIELD:
            return "is a bit field: use a whole integer"
        if self.offset + self.size > SIZE_LIMIT:
            return f"ends after byte {SIZE_LIMIT}, where every record ends"
        return ""

    def to_plain(self) -> dict[str, Any]:
        """The field as plain data for JSON."""
        return {**self._asdict(), "note": self.note._asdict()}

    @classmethod
    def from_plain(cls, plain: Any) -> Field:
        """The field that to_plain() gave, perhaps of an earlier version.

        Raises ValueError, TypeError or KeyError for anything else.
        """
        rest = dict(plain)
        rest.pop("is_sent", None)
        note = Note(**rest.pop("note", {}))
        pairs = [(value, name) for value, name in rest.pop("symbols", ())]
        field = cls(**rest, symbols=tuple(pairs), note=note)
        names = [name for _, name in pairs]
        words = [field.name, note.about, note.heading, *names]
        numbers = [field.offset, field.size, field.elements]
        if not (
            all(isinstance(word, str) and word.isprintable() for word in words)
            and all(type(n) is int and 0 <= n <= SIZE_LIMIT for n in numbers)
            and all(type(v) is int and 0 <= v < 1 << 64 for v, _ in pairs)
            and all(len(name) <= SYMBOL_LIMIT for name in names)
            and re.fullmatch(r"\w[\w.]*", field.name)
            and field.kind in KINDS
            and field.size > 0
            and type(note.width) is int
            and abs(note.width) <= declarations.WIDTH_LIMIT
            and len(note.heading) <= declarations.HEADING_LIMIT
            and not field.why_no_column
            and note.rendering in ("", *declarations.RENDERINGS)
            and (field.elements == 0 or field.size % field.elements == 0)
        ):
            raise ValueError(f"not a field: {str(plain)[:99]}")
        return field

    def with_note(self, declared: declarations.Declaration) -> Field:
        """The field with the note on its declaration. Raises SourceError."""
        note = declared.note
        is_integer = self.kind in ("unsigned", "signed", "pointer")
        if note.rendering and not is_integer:
            raise SourceError(
                f"{declared.location}: column: {note.rendering} is a "
                f"rendering for integers, which {self.name} is not"
            )
        return self._replace(note=note)
