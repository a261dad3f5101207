# SPDX-License-Identifier: Apache-2.0
"""Typedefs for the arguments of tracepoints, without kernel headers.

BCC makes a struct from the kernel's description of a tracepoint's fields. An
unknown type in it would be an error in a line that the user didn't write; but
the kernel also says how large each field is.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, NamedTuple

from opensnooplib.kernel import tracefs

# A probe, also in a comment or in a branch that isn't compiled: a typedef that
# isn't needed does no harm.
_TRACEPOINT = re.compile(r"TRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_FIELD = re.compile(
    r"field:([^;]*?)\s*\w+(?:\[(\d*)\])?;"
    r"\s*offset:\d+;\s*size:(\d+);\s*signed:(\d);"
)
_WORD = re.compile(r"\w+")

_QUALIFIERS = {"const", "volatile", "__user", "__rcu", "__seg_gs"}
_ENUM = "enum"
_NO_TYPEDEFS = {"struct", "union", _ENUM, "__data_loc", "__rel_loc"}
_PLAIN = {"void", "char", "short", "int", "long", "signed", "unsigned"}
_PLAIN |= {"float", "double", "_Bool"}
_INTEGERS = {1: "char", 2: "short", 4: "int", 8: "long"}


class _Field(NamedTuple):
    type: str
    size: int  # bytes of one element
    is_signed: bool


def typedefs(text: str, known: str) -> str:
    """The typedefs for the tracepoints in `text`; tracefs must be mounted.

    `known` is C with typedefs that are there already.
    """
    there = set(_WORD.findall(known))
    made: Dict[str, str] = {}
    for category, event in dict.fromkeys(_TRACEPOINT.findall(text)):
        for field in _fields(category, event):
            words = set(_WORD.findall(field.type))
            names = words - _QUALIFIERS - _PLAIN - there
            if _ENUM in words and "*" not in field.type:
                for name in names - {_ENUM}:
                    made[name] = f"enum {name} {{ {name}_in_a_field }};\n"
            elif not _NO_TYPEDEFS & words:
                made.update((name, _typedef(name, field)) for name in names)
    return "".join(made.values())


def _fields(category: str, event: str) -> Iterator[_Field]:
    description = tracefs.description(category, event)
    for type_, count, size, signed in _FIELD.findall(description):
        elements = int(count) if count.isdigit() else 1
        yield _Field(type_, int(size) // max(elements, 1), signed == "1")


def _typedef(name: str, field: _Field) -> str:
    if "*" in field.type:
        return f"typedef struct {name} {name};\n"
    if field.size not in _INTEGERS:
        return f"typedef struct {{ char bytes[{field.size}]; }} {name};\n"
    sign = "signed" if field.is_signed else "unsigned"
    return f"typedef {sign} {_INTEGERS[field.size]} {name};\n"
