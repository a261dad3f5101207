# SPDX-License-Identifier: Apache-2.0
"""The fields of a record, as BCC reports struct event.

BCC describes a map's value as JSON, for example

    ["event", [["ts", "unsigned long long"], ["comm", "char", [16]],
               ["__pad_8", "char", [4]]], "struct_packed"]

with typedefs and enums resolved. "struct_packed" has its padding spelled out;
"struct" is laid out as C does. See bcc's src/cc/json_map_decl_visitor.cc.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from opensnooplib.errors import OpensnoopError

# C type: (bytes, is it signed). Pointers come as unsigned long long.
_TYPES: Dict[str, Tuple[int, bool]] = {
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


class Field(NamedTuple):
    """One field of struct event; offset and size in bytes."""

    name: str
    offset: int
    size: int
    kind: str  # "unsigned", "signed", "text" or "bytes"


class Schema(NamedTuple):
    fields: Tuple[Field, ...]

    def find(self, name: str) -> Optional[Field]:
        for field in self.fields:
            if field.name == name:
                return field
        return None

    @classmethod
    def from_bcc(cls, description: str, size: int) -> Schema:
        """From BCC's JSON for the struct, whose whole size is known too.

        Raises OpensnoopError where the two don't agree, which no struct of
        plain fields comes to.
        """
        try:
            parsed = json.loads(description)
        except ValueError:
            raise OpensnoopError(
                "struct event has a field whose type BCC can't tell, such as "
                "__int128: use other types"
            ) from None
        fields, computed = _lay_out(parsed)
        if computed != size:
            raise OpensnoopError(
                f"struct event has {size} bytes, but its fields make "
                f"{computed}: take attributes such as aligned() and bit "
                "fields out of it"
            )
        return cls(tuple(f for f in fields if not f.name.startswith("__pad_")))


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _size_and_alignment(kind: Any) -> Tuple[int, int]:
    if isinstance(kind, str):
        size = _TYPES.get(kind, (0, False))[0]
        if not size:
            raise OpensnoopError(
                f'struct event has a field of type "{kind}", which is not '
                "known here: use an integer, a char array or a struct of them"
            )
        return size, size
    _, members, how = kind
    sizes = [_member_size(member) for member in members]
    alignment = max((a for _, a in sizes), default=1)
    if how == "union":
        return _round_up(max(s for s, _ in sizes), alignment), alignment
    packed = how == "struct_packed"
    end = 0
    for size, field_alignment in sizes:
        end = (end if packed else _round_up(end, field_alignment)) + size
    return (end if packed else _round_up(end, alignment)), alignment


def _member_size(member: List[Any]) -> Tuple[int, int]:
    if not member[0]:
        raise OpensnoopError(
            "struct event has a struct or union without a name in it: give "
            "it one"
        )
    if len(member) > 2 and isinstance(member[2], int):
        raise OpensnoopError(
            f"struct event has a bit field, {member[0]}: use a whole integer"
        )
    size, alignment = _size_and_alignment(member[1])
    if len(member) > 2 and isinstance(member[2], list):
        size *= int(member[2][0])
    return size, alignment


def _lay_out(description: List[Any]) -> Tuple[List[Field], int]:
    _, members, how = description
    packed = how == "struct_packed"
    fields: List[Field] = []
    end = 0
    largest = 1
    for member in members:
        size, alignment = _member_size(member)
        if not packed:
            end = _round_up(end, alignment)
        fields.append(Field(member[0], end, size, _kind(member)))
        end += size
        largest = max(largest, alignment)
    return fields, end if packed else _round_up(end, largest)


def _kind(member: List[Any]) -> str:
    is_array = len(member) > 2 and isinstance(member[2], list)
    if member[1] == "char" and is_array:
        return "text"
    if is_array or not isinstance(member[1], str):
        return "bytes"
    size, signed = _TYPES[member[1]]
    if size > 8:
        return "bytes"
    return "signed" if signed else "unsigned"
