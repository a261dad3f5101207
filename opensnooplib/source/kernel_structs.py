# SPDX-License-Identifier: Apache-2.0
"""Kernel types for the C, from the running kernel's BTF.

If no kernel headers are installed, the kernel itself describes its types: BTF
(Documentation/bpf/btf.rst). libbpf, which BCC needs, writes them as C, so that
`task->real_parent->tgid` works on this kernel.

Not all of its 10,000 structs are written: clang would take half a second. The
C gets those that it names, and those that it reaches from there by fields that
it names.
"""

from __future__ import annotations

import re
from typing import AbstractSet, Iterable, Iterator, Sequence, Union

from opensnooplib.kernel import btf
from opensnooplib.kernel.btf import ENUM, STRUCT, TYPEDEF, Btf, TypedField

Part = Union[int, str, TypedField]

_KINDS = {"struct": STRUCT, "union": btf.UNION, "enum": ENUM}
_WORD = re.compile(r"\w+")
_TYPE = re.compile(r"\b(struct|union|enum)\s+(\w+)")
_DEFINED = re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*\{")

# Names that the C itself gives to constants, functions and types.
_OWN = (
    re.compile(r"#\s*define\s+(\w+)"),
    re.compile(r"(?:\}|\btypedef\b[^;{}]*?)\s*(\w+)\s*;"),
    re.compile(r"\benum\b\s*\w*\s*\{([^}]*)\}"),
    re.compile(r"^\w[\w \t*]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE),
)


def own_names(text: str) -> set[str]:
    """The constants, functions and types that the C in `text` defines."""
    return {
        name
        for pattern in _OWN
        for found in pattern.findall(text)
        for name in _WORD.findall(found)
    }


# What is not from BTF: BCC brings its own copy of the UAPI header bpf.h, and
# writes a struct for each tracepoint.
_OF_BCC = re.compile(
    r"bpf_|BPF_|XDP_|SK_(PASS|DROP)$|__sk_buff$|(xdp|sk)_action$|xdp_md$"
    r"|sk_msg_md$|sk_reuseport_md$|btf_ptr$|tracepoint__"
)

# The enums whose numbers depend on the configuration of the kernel.
_ENUMS = ("cgroup_subsys_id",)


def named(text: str, known: set[str]) -> dict[str, int]:
    """The types that `text` names and doesn't define, with their kinds.

    Not those that are `known`, since another header has them.
    """
    own = known.union(_DEFINED.findall(text))
    return {
        name: _KINDS[kind]
        for kind, name in _TYPE.findall(text)
        if name not in own and not _OF_BCC.match(name)
    }


def c_text(text: str, known: set[str], all_fields: bool) -> str:
    """C for the types that `text` needs, as far as this kernel has them.

    `known` are names that another header defines. `all_fields`: else structs
    get only those fields that the text names, which makes the compile quicker,
    and there are no typedefs and no constants but those of _ENUMS. Raises
    OpensnoopError if BTF or libbpf is missing.
    """
    types = btf.of_this_kernel()
    words = set(_WORD.findall(text))
    wanted = named(text, known)
    parts: list[Part] = [types.find(name, ENUM) for name in _ENUMS]
    if all_fields:
        new = words - known - own_names(text)
        new -= {name for name in new if _OF_BCC.match(name)}
        parts += types.enums_with({name for name in new if name.isupper()})
        wanted = {n: TYPEDEF for n in new if n.endswith("_t")} | wanted
    found = [types.find(name, kind) for name, kind in wanted.items()]
    structs = _reached(types, words, (one for one in found if one > 0))
    if all_fields:
        parts += found + structs
    else:
        for struct in structs:
            parts += _few_fields(types, struct, words, structs)
    c = types.as_c(p for p in parts if not isinstance(p, int) or p > 0)
    return _beside(c, known.union(_DEFINED.findall(text)))


def _beside(c: str, others: set[str]) -> str:
    """`c` with other names for the types that `others` are, too."""
    twice = others.intersection(_DEFINED.findall(c))
    names = [f"#define {name} {name}_of_the_kernel\n" for name in twice]
    ends = [f"#undef {name}\n" for name in twice]
    return "".join([*names, c, *ends])


def _reached(
    types: Btf, words: AbstractSet[str], start: Iterable[int]
) -> list[int]:
    """The structs that fields of these names reach from other types.

    Those of them that have a name, each behind those that it holds.
    """
    structs: list[int] = []
    seen: set[int] = set()
    behind_pointers = list(start)

    def add_held(type_id: int) -> None:
        type_id = types.element(type_id)
        if type_id in seen:
            return
        seen.add(type_id)
        found = types.type(type_id)
        if found.kind == btf.PTR:
            behind_pointers.append(found.size_or_type)
        elif found.kind in (STRUCT, btf.UNION):
            for field in types.fields(type_id):
                if field.name in words:
                    add_held(field.type)
            structs.extend([type_id] if found.name_off else [])

    while behind_pointers:
        add_held(behind_pointers.pop())
    return structs


def _few_fields(
    types: Btf, struct: int, words: AbstractSet[str], own: Sequence[int]
) -> Iterator[Part]:
    """A struct with only the fields of these names, at their offsets.

    `own` are the structs that are written so.
    """
    fields = [one for one in types.fields(struct) if one.name in words]
    for field in fields:
        if types.element(field.type) not in own:
            yield field.type
    found = types.type(struct)
    kind = "union" if found.kind == btf.UNION else "struct"
    yield f"{kind} {types.name(found.name_off)} {{\n"
    yield f"union {{\nchar __size[{found.size_or_type}];\n"
    for field in fields:
        yield f"struct {{ char __pad_{field.name}[{field.offset}]; "
        if types.element(field.type) in own:  # and a typedef isn't written
            field = field._replace(type=types.bare(field.type))
        yield field
        yield "; } __attribute__((packed));\n"
    yield "};\n};\n"
