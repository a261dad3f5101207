# SPDX-License-Identifier: Apache-2.0
"""The layout of struct event as BCC describes it, for programs without BTF.

BCC describes a map's value as JSON, for example

    ["event", [["ts", "unsigned long long"], ["comm", "char", [16]],
               ["__pad_8", "char", [4]]], "struct_packed"]

with typedefs, enums and pointers resolved to integers, and only the first
dimension of an array. "struct_packed" has its padding spelled out; "struct"
is laid out as C does. See bcc's src/cc/json_map_decl_visitor.cc. What it
leaves out comes from the text (declarations.py).
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.rows.field import (
    Field,
    bit_field,
    masked,
    with_kind,
    with_note,
)
from opensnooplib.source.declarations import Declaration

# C type: (bytes, is it signed). Pointers come as unsigned long long.
_INTEGERS: Dict[str, Tuple[int, bool]] = {
    "_Bool": (1, False),
    "bool": (1, False),
    "char": (1, True),
    "signed char": (1, True),
    "unsigned char": (1, False),
    "short": (2, True),
    "unsigned short": (2, False),
    "int": (4, True),
    "unsigned int": (4, False),
    "long": (8, True),
    "unsigned long": (8, False),
    "long long": (8, True),
    "unsigned long long": (8, False),
    "__int128": (16, True),
    "unsigned __int128": (16, False),
}

# Floating-point types, in bytes. Their values are shown as bytes.
_OTHERS = {"float": 4, "double": 8, "long double": 16}


def fields(
    description: str, size: int, declared: Mapping[str, Declaration]
) -> List[Field]:
    """The fields in `description`, BCC's JSON for a struct of `size` bytes.

    Raises SourceError where the two disagree, as they can only for a struct
    with attributes, bit fields or types that BCC doesn't know.
    """
    # BCC 0.26 and older leave out a type that they don't know.
    try:
        parsed = json.loads(re.sub(r",\s*\]", ',"?"]', description))
    except ValueError:
        raise SourceError(
            "struct event has an array whose size BCC doesn't know: write "
            "it as a number, without sizeof"
        ) from None
    _, members, how = parsed
    layout = _Layout(declared)
    if how == "struct_packed":
        layout.size_what_is_left(members, size)
    end, _ = layout.lay_out(members, how, 0, "")
    if end != size:
        raise SourceError(
            f"struct event has {size} bytes, but its fields add up to {end}: "
            "remove attributes such as aligned() and typedefs of arrays from "
            "it"
        )
    return layout.fields


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _count(member: List[Any]) -> Optional[int]:
    """The number of elements, or None if the member is not an array."""
    if len(member) > 2 and isinstance(member[2], list):
        return int(member[2][0])
    return None


def _type(member: List[Any]) -> Any:
    """A type's name, or [name, members, how], as an unnamed member is."""
    return member[1] if member[0] else member


class _Layout:
    """The offsets and types of members. Methods raise SourceError."""

    def __init__(self, declared: Mapping[str, Declaration]) -> None:
        self.fields: List[Field] = []
        self._declared = declared
        self._found: Dict[str, int] = {}  # sizes that BCC does not know

    def size_what_is_left(self, members: List[Any], size: int) -> None:
        """Give the one member that BCC can't size what the others leave."""
        unsized = [m for m in members if self._is_unsized(m)]
        if len(unsized) == 1:
            rest = sum(
                self._sizes(m)[0] for m in members if m is not unsized[0]
            )
            self._found[unsized[0][0]] = size - rest
        elif unsized:
            names = " and ".join(member[0] for member in unsized)
            raise SourceError(
                "struct event has fields whose size BCC doesn't know, "
                f"{names}: only one such field is possible"
            )

    def _is_unsized(self, member: List[Any]) -> bool:
        name, kind = member[0], _type(member)
        if isinstance(kind, str) and kind not in (*_INTEGERS, *_OTHERS):
            return True
        declared = self._declared.get(name)
        return declared is not None and declared.dimensions > 1

    def lay_out(
        self, members: List[Any], how: str, base: int, prefix: str
    ) -> Tuple[int, int]:
        """Lay out the members of a struct or union; its size and alignment."""
        end = 0
        whole = 0
        largest = 1
        for member in members:
            size, alignment = self._sizes(member)
            if how == "struct":
                end = _round_up(end, alignment)
            if not member[0].startswith("__pad_"):
                self._lay_out_one(member, base + end, size, prefix)
            whole = max(whole, end + size)
            end = 0 if how == "union" else end + size
            largest = max(largest, alignment)
        if how == "struct_packed":
            return whole, largest
        return _round_up(whole, largest), largest

    def _lay_out_one(
        self, member: List[Any], offset: int, size: int, prefix: str
    ) -> None:
        name, kind = member[0], _type(member)
        count = _count(member)
        if size == 0:
            return  # char rest[0]: nothing to show
        if not isinstance(kind, str) and count is None:
            inner = f"{prefix}{name}." if name else prefix
            self.lay_out(kind[1], kind[2], offset, inner)
            return
        field = Field(prefix + name, offset, size, "bytes")
        if isinstance(kind, str) and kind in _INTEGERS:
            field = _with_type(field, kind, count is not None)
        declared = self._declared.get(field.name)
        if declared:
            field = _with_declaration(field, declared)
        self.fields.append(field)

    def _sizes(self, member: List[Any]) -> Tuple[int, int]:
        """Size and alignment of a member."""
        name, kind = member[0], _type(member)
        if name in self._found:
            return self._found[name], 1
        if len(member) > 2 and isinstance(member[2], int):
            raise bit_field(name, self._declared)
        if isinstance(kind, str):
            size = _INTEGERS.get(kind, (_OTHERS.get(kind, 0), False))[0]
            if not size:
                raise SourceError(
                    "struct event has a field whose size BCC doesn't know, "
                    f"{name}: use an integer, a char array or a struct of "
                    "them"
                )
            alignment = size
        else:
            # Only the size of the inner struct is needed, not its fields.
            size, alignment = _Layout({}).lay_out(kind[1], kind[2], 0, "")
        count = _count(member)
        return size * (1 if count is None else count), alignment


def _with_type(field: Field, c_type: str, is_array: bool) -> Field:
    size, signed = _INTEGERS[c_type]
    what = "signed" if signed else "unsigned"
    if c_type in ("bool", "_Bool", "char"):
        what = c_type.lstrip("_").lower()
    return with_kind(field, what, size, int(is_array))


def _with_declaration(field: Field, declared: Declaration) -> Field:
    """The field with what only its declaration in the text says."""
    is_integer = field.kind in ("unsigned", "signed")
    if declared.dimensions > 1 and field.kind == "text":
        field = field._replace(kind="bytes")
    if is_integer:
        size = field.size // (field.elements or 1)
        field = field._replace(symbols=masked(declared.symbols, size))
    if declared.is_pointer and is_integer:
        field = field._replace(kind="pointer")
    return with_note(field, declared)
