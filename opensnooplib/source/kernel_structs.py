# SPDX-License-Identifier: Apache-2.0
"""Kernel structs for the C, from the running kernel's BTF.

If no kernel headers are installed, the kernel itself describes the layout of
its structs: BTF (Documentation/bpf/btf.rst). libbpf, which BCC needs, reads
it. The structs that probes use are written as C, each field at its real
offset, so that `task->real_parent->tgid` works on this kernel.

Fields that can't be written simply (bit fields, structs that are not in
STRUCTS) become padding, and so can those that the C doesn't name.
"""

from __future__ import annotations

from typing import AbstractSet, Dict, List, NamedTuple, Optional

from opensnooplib.kernel import btf
from opensnooplib.kernel.btf import Btf

# The structs that a probe of opens may need, from the task or from a file, and
# those that they hold.
STRUCTS = (
    "atomic_t",
    "atomic64_t",
    "kuid_t",
    "kgid_t",
    "list_head",
    "hlist_node",
    "hlist_bl_node",
    "qstr",
    "path",
    "ns_common",
    "super_block",
    "inode",
    "dentry",
    "vfsmount",
    "mountpoint",
    "mount",
    "mnt_namespace",
    "pid_namespace",
    "user_namespace",
    "upid",
    "pid",
    "nsproxy",
    "fs_struct",
    "fdtable",
    "files_struct",
    "file",
    "filename",
    "cred",
    "signal_struct",
    "mm_struct",
    "kernfs_node",
    "cgroup",
    "css_set",
    "cgroup_subsys_state",
    "sigset_t",
    "sigpending",
    "task_struct",
)

# The enums whose numbers depend on the configuration of the kernel.
ENUMS = ("cgroup_subsys_id",)


class _Field(NamedTuple):
    offset: int  # bytes
    size: int
    declaration: str


_INTEGERS = {1: "8", 2: "16", 4: "32", 8: "64"}


class _Writer:
    def __init__(self, types: Btf, wanted: Optional[AbstractSet[str]]) -> None:
        self._btf = types
        self._wanted = wanted
        self._written: Dict[str, int] = {}  # C name: size
        self.lines: List[str] = []

    def _simple_type(self, type_id: int) -> Optional[str]:
        """C for an integer, a pointer, or a struct that is in STRUCTS."""
        named = self._btf.bare(type_id, typedefs=False)
        if named and self._btf.type(named).kind == btf.TYPEDEF:
            name = self._btf.name(self._btf.type(named).name_off)
            if self._is_written(name, name, named):
                return name
        bare = self._btf.bare(type_id)
        if not bare:
            return None
        found = self._btf.type(bare)
        size = found.size_or_type
        if found.kind == btf.INT and size in _INTEGERS:
            flags = self._btf.encoding(bare)
            if flags & btf.BOOL_ENCODING:
                return "bool"
            if size == 1:
                return "char" if flags & btf.SIGNED_ENCODING else "u8"
            return ("s" if flags & btf.SIGNED_ENCODING else "u") + _INTEGERS[
                size
            ]
        if found.kind in (btf.ENUM, btf.ENUM64) and size in _INTEGERS:
            return "u" + _INTEGERS[size]
        if found.kind == btf.PTR:
            return self._pointer(size)
        if found.kind == btf.STRUCT:
            name = self._btf.name(found.name_off)
            if self._is_written(name, f"struct {name}", bare):
                return f"struct {name}"
        return None

    def _is_written(self, name: str, c_name: str, type_id: int) -> bool:
        """Is the struct there, or can it be added now?"""
        if c_name not in self._written and name in STRUCTS:
            self._write(c_name, type_id)
        return c_name in self._written

    def _pointer(self, target: int) -> str:
        bare = self._btf.bare(target)
        if bare:
            found = self._btf.type(bare)
            name = self._btf.name(found.name_off)
            if found.kind == btf.STRUCT and name:
                return f"struct {name} *"
            if found.kind == btf.PTR:
                return self._pointer(found.size_or_type) + "*"
            if found.kind == btf.INT and found.size_or_type == 1:
                return "const char *"
        return "void *"

    def _declare(self, name: str, type_id: int) -> Optional[str]:
        count = ""
        bare = self._btf.bare(type_id)
        while bare and self._btf.type(bare).kind == btf.ARRAY:
            array = self._btf.array(bare)
            count += f"[{array.nelems}]"
            type_id = array.type
            bare = self._btf.bare(type_id)
        simple = self._simple_type(type_id)
        if simple is None or "[0]" in count:
            return None
        return f"{simple} {name}{count};"

    def _fields(self, type_id: int, base: int) -> List[_Field]:
        """All fields that can be written, including anonymous members'."""
        fields: List[_Field] = []
        has_bit_fields = self._btf.type(type_id).has_bit_fields
        for member in self._btf.members(type_id):
            bits = (
                member.offset & 0xFFFFFF if has_bit_fields else member.offset
            )
            if has_bit_fields and member.offset >> 24:
                continue
            offset = base + bits // 8
            name = self._btf.name(member.name_off)
            if not name:
                bare = self._btf.bare(member.type)
                if self._btf.type(bare).kind in (btf.STRUCT, btf.UNION):
                    fields += self._fields(bare, offset)
                continue
            if self._wanted is not None and name not in self._wanted:
                continue
            declaration = self._declare(name, member.type)
            size = self._btf.size(member.type)
            if declaration and size > 0:
                fields.append(_Field(offset, size, declaration))
        return fields

    def write(self, name: str) -> None:
        """Add the struct, or the typedef of one, after those that it holds."""
        found = self._btf.find(name)
        if found and found[1] not in self._written:
            self._write(found[1], found[0])

    def _write(self, c_name: str, type_id: int) -> None:
        type_id = self._btf.bare(type_id)
        if self._btf.type(type_id).kind != btf.STRUCT:
            return
        size = self._btf.type(type_id).size_or_type
        body = _lay_out(self._fields(type_id, 0), size)
        self._written[c_name] = size
        is_struct = c_name.startswith("struct ")
        head, name = (c_name, "") if is_struct else ("typedef struct", c_name)
        end = f"}} __attribute__((packed)) {name}".rstrip()
        self.lines += [f"{head} {{", *body, f"{end};"]


def _enum(types: Btf, name: str) -> List[str]:
    """C for the enum, if this kernel has it."""
    type_id = types.find_enum(name)
    if type_id <= 0:
        return []
    body = [
        f"\t{types.name(one.name_off)} = {one.value},"
        for one in types.enumerators(type_id)
    ]
    return [f"enum {name} {{", *body, "};"]


def _lay_out(fields: List[_Field], size: int) -> List[str]:
    """C for the fields, with padding; those that overlap are in a union."""
    lines: List[str] = []
    end = 0
    fields = sorted(fields, key=lambda field: field.offset)
    while fields:
        start = fields[0].offset
        together: List[_Field] = []
        reach = start
        while fields and (not together or fields[0].offset < reach):
            field = fields.pop(0)
            together.append(field)
            reach = max(reach, field.offset + field.size)
        if start > end:
            lines.append(f"\tchar __pad_{end}[{start - end}];")
        lines += _together(together, start)
        end = reach
    if size > end:
        lines.append(f"\tchar __pad_{end}[{size - end}];")
    return lines


def _together(fields: List[_Field], start: int) -> List[str]:
    if len(fields) == 1:
        return ["\t" + fields[0].declaration]
    lines = ["\tunion {"]
    for index, field in enumerate(fields):
        gap = field.offset - start
        if gap:
            pad = f"char __pad_{start}_{index}[{gap}];"
            lines.append(
                f"\t\tstruct {{ {pad} {field.declaration} }} "
                "__attribute__((packed));"
            )
        else:
            lines.append("\t\t" + field.declaration)
    lines.append("\t} __attribute__((packed));")
    return lines


def c_text(wanted: Optional[AbstractSet[str]] = None) -> str:
    """C for all of STRUCTS that this kernel has.

    `wanted`: the names of structs and fields; all if None. What a struct holds
    comes with it. Raises OpensnoopError if BTF or libbpf is missing.
    """
    types = btf.of_this_kernel()
    writer = _Writer(types, wanted)
    for name in ENUMS:
        writer.lines += _enum(types, name)
    for name in STRUCTS:
        if wanted is None or name in wanted:
            writer.write(name)
    return "\n".join(writer.lines) + "\n"
