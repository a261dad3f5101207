# SPDX-License-Identifier: Apache-2.0
"""The layout of struct event, from the BTF that the compiler makes.

BTF has the name, the offset and the type of each member, with typedefs and
enums: see Documentation/bpf/btf.rst of the kernel.
"""

from __future__ import annotations

import os
from typing import Iterator

from opensnooplib.kernel import btf
from opensnooplib.kernel.btf import Btf
from opensnooplib.rows.field import BIT_FIELD, SIZE_LIMIT, Field


def fields(types: Btf, struct: int) -> list[Field]:
    """The fields of a struct, given by its type's ID, in their order.

    A bit field has the kind BIT_FIELD, and no size. A flexible array is only a
    field at the end: one in between, of 0 elements, has nothing to show.
    """
    found = list(_fields_within(types, struct, 0, ""))
    return [one for one in found if not one.is_flexible or one is found[-1]]


def of_map(types: Btf, name: str) -> tuple[list[Field], list[Field]]:
    """The fields of the keys of a map, and those of its values.

    BCC declares a struct of both. One that is no struct is a single field, of
    the name "key" or "value". A name in both is "value.NAME" in the value. Bit
    fields are left out, and if nothing is left, there is one field of bytes.
    """
    found: dict[str, list[Field]] = {"key": [], "value": []}
    struct = types.find(f"____btf_map_{name}")
    for member in types.members(struct) if struct > 0 else ():
        part, inner = types.name(member.name_off), types.bare(member.type)
        if types.type(inner).kind not in (btf.STRUCT, btf.UNION):
            found[part].append(_field(types, part, 0, inner))
            continue
        taken = [one.name for one in found["key"]]
        for one in fields(types, inner):
            if one.size:
                prefix = f"{part}." if one.name in taken else ""
                found[part].append(one._replace(name=prefix + one.name))
        if not found[part]:
            found[part].append(Field(part, 0, types.size(inner), "bytes"))
    return found["key"], found["value"]


def _fields_within(
    types: Btf, struct: int, base: int, prefix: str
) -> Iterator[Field]:
    """Those of an inner struct have the names of both: "outer.inner"."""
    has_bit_fields = types.type(struct).has_bit_fields
    for member in types.members(struct):
        name = prefix + types.name(member.name_off)
        offset = base + (member.offset & 0xFFFFFF) // 8
        type_id = types.bare(member.type)
        if has_bit_fields and member.offset >> 24:
            yield Field(name, offset, 0, BIT_FIELD)
        elif types.type(type_id).kind in (btf.STRUCT, btf.UNION):
            inner = f"{name}." if member.name_off else prefix
            yield from _fields_within(types, type_id, offset, inner)
        else:
            yield _field(types, name, offset, type_id)


def _field(types: Btf, name: str, offset: int, type_id: int) -> Field:
    size = types.size(type_id)
    dimensions = 0
    while types.type(type_id).kind == btf.ARRAY:
        type_id = types.bare(types.array(type_id).type)
        dimensions += 1
    element_size = types.size(type_id)
    kind = _kind(types, type_id)
    if kind == "char":
        kind = ("signed", "text", "bytes")[min(dimensions, 2)]
    elif dimensions and element_size == 1 and kind != "bool":
        kind = "bytes"  # an address or a digest, which is shown in hex digits
    if size == 0:  # a flexible array, as large as the record leaves room
        size = max(1, SIZE_LIMIT - offset)
        kind = kind if kind == "text" else "bytes"
    is_array = dimensions > 0 and kind not in ("text", "bytes")
    elements = size // element_size if is_array else 0
    symbols = _symbols(types, type_id) if kind != "bytes" else ()
    return Field(name, offset, size, kind, elements, symbols)


def _kind(types: Btf, type_id: int) -> str:
    """One of KINDS, or "char"."""
    found = types.type(type_id)
    if found.kind == btf.PTR:
        return "pointer"
    if found.kind == btf.ENUM:
        return "unsigned"
    if found.kind != btf.INT or types.size(type_id) > 8:
        return "bytes"
    encoding = types.encoding(type_id)
    if encoding & btf.BOOL_ENCODING:
        return "bool"
    if types.name(found.name_off) == "char":
        return "char"
    return "signed" if encoding & btf.SIGNED_ENCODING else "unsigned"


def _symbols(types: Btf, type_id: int) -> tuple[tuple[int, str], ...]:
    """The values of an enum, as unsigned integers of its size, by name."""
    if types.type(type_id).kind != btf.ENUM:
        return ()
    mask = (1 << 8 * types.size(type_id)) - 1
    enumerators = types.enumerators(type_id)
    names = _without_prefix([types.name(one.name_off) for one in enumerators])
    return tuple(
        (one.value & mask, name) for one, name in zip(enumerators, names)
    )


def _without_prefix(names: list[str]) -> list[str]:
    """Names to show: open and creat for CALL_OPEN and CALL_CREAT."""
    common = os.path.commonprefix(names) if len(names) > 1 else ""
    cut = common.rfind("_") + 1
    return [name[cut:].lower()[:255] for name in names]
