# SPDX-License-Identifier: Apache-2.0
"""One field of a record: its offset, its type, how it is shown."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.source.declarations import RENDERINGS, Declaration, Note

KINDS = ("unsigned", "signed", "bool", "pointer", "text", "bytes")


class Field(NamedTuple):
    """One field of struct event; offset and size in bytes.

    A field of an inner struct has the names of both: "outer.inner".
    """

    name: str
    offset: int
    size: int  # of all elements, if it is an array
    kind: str  # one of KINDS; for an array of integers, of its elements
    elements: int = 0  # 0: not an array of integers
    symbols: Tuple[Tuple[int, str], ...] = ()  # of an enum: value, name
    note: Note = Note()
    is_sent: bool = True  # False: no record has it


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
_SIZE_LIMIT = (1 << 16) - 1
_SYMBOL_LIMIT = 255


def why_no_column(field: Field) -> str:
    """Why the field can't be a column; "" if it can."""
    if not re.fullmatch(r"\w[\w.]*", field.name):
        return "can't be a column: use only letters, digits and _ in its name"
    if not all(symbol.isprintable() for _, symbol in field.symbols) or any(
        len(symbol) > _SYMBOL_LIMIT for _, symbol in field.symbols
    ):
        return (
            "is an enum with a name that can't be shown: use letters, digits "
            f"and _, at most {_SYMBOL_LIMIT}"
        )
    if field.offset + field.size > _SIZE_LIMIT:
        return f"ends after byte {_SIZE_LIMIT}, where every record ends"
    return ""


def to_plain(field: Field) -> Dict[str, Any]:
    """The field as plain data for JSON, without what has its default."""
    plain = {**field._asdict(), "note": field.note._asdict()}
    usual = {
        "elements": 0,
        "symbols": (),
        "note": Note()._asdict(),
        "is_sent": True,
    }
    return {
        name: value
        for name, value in plain.items()
        if name not in usual or value != usual[name]
    }


def from_plain(plain: Any) -> Field:
    """The field that to_plain() gave.

    Raises ValueError, TypeError or KeyError for anything else.
    """
    fields = dict(plain)
    fields["note"] = Note(**fields.get("note", {}))
    fields["symbols"] = tuple((v, n) for v, n in fields.get("symbols", ()))
    field = Field(**fields)
    note = field.note
    words = [field.name, note.about, note.heading]
    numbers = [field.offset, field.size, field.elements, abs(note.width)]
    if (
        not all(isinstance(w, str) and w.isprintable() for w in words)
        or not all(type(n) is int and 0 <= n <= _SIZE_LIMIT for n in numbers)
        or not all(
            type(value) is int and 0 <= value < 1 << 64
            for value, _ in field.symbols
        )
        or not all(isinstance(symbol, str) for _, symbol in field.symbols)
        or why_no_column(field)
        or field.kind not in KINDS
        or field.size == 0
        or type(field.is_sent) is not bool
        or note.rendering not in ("", *RENDERINGS)
        or (field.elements > 0 and field.size % field.elements)
    ):
        raise ValueError(f"not a field: {str(plain)[:99]}")
    return field


def bit_field(name: str, declared: Mapping[str, Declaration]) -> SourceError:
    """The error for a field that is a bit field."""
    where = f"{declared[name].location}: " if name in declared else ""
    return SourceError(
        f"{where}struct event has a bit field, {name}: use a whole integer"
    )


def with_kind(field: Field, what: str, size: int, dimensions: int) -> Field:
    """The field with the kind that `what` says: see Member.

    Of an array, `what` and `size` (in bytes) are those of one element.
    """
    kind = "signed" if what == "char" else what
    if dimensions == 0:
        return field._replace(kind=kind)
    if what == "char":
        return field._replace(kind="text" if dimensions == 1 else "bytes")
    if size == 1 and kind != "bool":
        return field  # bytes, such as an address or a digest: hex digits
    return field._replace(kind=kind, elements=field.size // size)


def with_note(field: Field, declared: Declaration) -> Field:
    """The field with the note on its declaration. Raises SourceError."""
    note = declared.note
    is_integer = field.kind in ("unsigned", "signed", "pointer")
    if note.rendering and not is_integer:
        raise SourceError(
            f"{declared.location}: column: {note.rendering} is a rendering "
            f"for integers, which {field.name} is not"
        )
    return field._replace(note=note)


def masked(
    symbols: Tuple[Tuple[int, str], ...], size: int
) -> Tuple[Tuple[int, str], ...]:
    """The symbols with their values as unsigned integers of `size` bytes."""
    mask = (1 << 8 * size) - 1
    return tuple((value & mask, name) for value, name in symbols)
