# SPDX-License-Identifier: Apache-2.0
"""The members of a struct in the C, from the BTF that the compiler made."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple

from opensnooplib.kernel import btf
from opensnooplib.source import enums
from opensnooplib.kernel.btf import Btf


class Member(NamedTuple):
    """A member. An inner struct isn't one, but each of its members is."""

    name: str  # "outer.inner" in an inner struct
    offset: int  # bytes
    size: int  # of all elements; 0: a bit field
    what: str  # unsigned, signed, bool, char, pointer or other
    element_size: int
    dimensions: int = 0  # 0: not an array
    symbols: Tuple[Tuple[int, str], ...] = ()  # of an enum: value, name


def of_struct(data: bytes, name: str, size: int) -> Optional[List[Member]]:
    """The members of the struct `name` of `size` bytes, in their order.

    None if the BTF in `data` doesn't have all of them. Raises OpensnoopError
    if libbpf is missing.
    """
    types = Btf(data)
    found = types.find(name)
    if found <= 0 or types.type(found).size_or_type != size:
        return None
    try:
        return list(_within(types, found, 0, ""))
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """A type that isn't in the BTF: a float, if the compiler is old."""


def _within(
    types: Btf, struct: int, base: int, prefix: str
) -> Iterator[Member]:
    has_bit_fields = types.type(struct).has_bit_fields
    for member in types.members(struct):
        name = prefix + types.name(member.name_off)
        at = member.offset
        if has_bit_fields:
            if at >> 24:
                yield Member(name, base + (at & 0xFFFFFF) // 8, 0, "other", 0)
                continue
            at &= 0xFFFFFF
        type_id = types.bare(member.type)
        if types.type(type_id).kind in (btf.STRUCT, btf.UNION):
            inner = name + "." if member.name_off else prefix
            yield from _within(types, type_id, base + at // 8, inner)
        else:
            yield _member(types, name, base + at // 8, type_id)


def _member(types: Btf, name: str, offset: int, type_id: int) -> Member:
    size = types.size(type_id)
    dimensions = 0
    while types.type(type_id).kind == btf.ARRAY:
        type_id = types.bare(types.array(type_id).type)
        dimensions += 1
    element_size = types.size(type_id)
    # A size is negative if it is unknown, and 0 for an array without elements.
    if size < 0 or element_size < 0:
        raise _UnknownError
    return Member(
        name,
        offset,
        size,
        _what(types, type_id),
        element_size,
        dimensions,
        _symbols(types, type_id),
    )


def _what(types: Btf, type_id: int) -> str:
    found = types.type(type_id)
    if found.kind == btf.PTR:
        return "pointer"
    if found.kind in (btf.ENUM, btf.ENUM64):
        return "unsigned"
    if found.kind != btf.INT:
        return "other"
    encoding = types.encoding(type_id)
    if encoding & btf.BOOL_ENCODING:
        return "bool"
    if types.name(found.name_off) == "char":
        return "char"
    return "signed" if encoding & btf.SIGNED_ENCODING else "unsigned"


def _symbols(types: Btf, type_id: int) -> Tuple[Tuple[int, str], ...]:
    if types.type(type_id).kind != btf.ENUM:
        return ()
    return enums.without_prefix(
        [
            (one.value, types.name(one.name_off))
            for one in types.enumerators(type_id)
        ]
    )
