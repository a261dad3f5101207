# SPDX-License-Identifier: Apache-2.0
"""Typedefs for the arguments of tracepoints, without kernel headers.

BCC makes a struct from the kernel's description of a tracepoint's fields. An
unknown type in it would be an error in a line that the user didn't write; but
the kernel also says how large each field is.
"""

from __future__ import annotations

import re

from opensnooplib.kernel import tracefs

# A probe, also in a comment or in a branch that isn't compiled: a typedef that
# isn't needed does no harm.
_TRACEPOINT = re.compile(r"TRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_WORD = re.compile(r"\w+")

_QUALIFIERS = {"const", "volatile", "__user", "__rcu", "__seg_gs"}
_ENUM = "enum"
_NO_TYPEDEFS = {"struct", "union", _ENUM, "__data_loc", "__rel_loc"}
_PLAIN = {"void", "char", "short", "int", "long", "signed", "unsigned"}
_PLAIN |= {"float", "double", "_Bool"}
_INTEGERS = {1: "char", 2: "short", 4: "int", 8: "long"}


def typedefs(text: str, known: str) -> str:
    """The typedefs for the tracepoints in `text`; tracefs must be mounted.

    `known` is C with typedefs that are there already.
    """
    there = set(_WORD.findall(known))
    made: dict[str, str] = {}
    for category, event in dict.fromkeys(_TRACEPOINT.findall(text)):
        for field in tracefs.fields(category, event).values():
            words = set(_WORD.findall(field.type))
            names = words - _QUALIFIERS - _PLAIN - there
            if _ENUM in words and "*" not in field.type:
                for name in names - {_ENUM}:
                    made[name] = f"enum {name} {{ {name}_in_a_field }};\n"
            elif not _NO_TYPEDEFS & words:
                made.update((name, _typedef(name, field)) for name in names)
    return "".join(made.values())


def _typedef(name: str, field: tracefs.Field) -> str:
    if "*" in field.type:
        return f"typedef struct {name} {name};\n"
    if field.size not in _INTEGERS:
        return f"typedef struct {{ char bytes[{field.size}]; }} {name};\n"
    sign = "signed" if field.is_signed else "unsigned"
    return f"typedef {sign} {_INTEGERS[field.size]} {name};\n"
