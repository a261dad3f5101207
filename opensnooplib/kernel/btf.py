# SPDX-License-Identifier: Apache-2.0
"""Kernel structs for the C, from the running kernel's BTF.

Where no kernel headers are installed, the kernel itself tells the layout of
its structs: BTF (Documentation/bpf/btf.rst). libbpf, which BCC stands on,
reads it; here the structs that probes use are written as C, each field at its
true offset, so that `task->real_parent->tgid` just works, on this kernel.

Fields that can't be written simply (bit fields, structs that are not in
STRUCTS) are left out as padding.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel

# What a probe of opens may want to follow, from the task or from a file.
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

# Numbers that depend on how the kernel is configured.
ENUMS = ("cgroup_subsys_id",)

# enum btf_kind of include/uapi/linux/btf.h
INT, PTR, ARRAY, STRUCT, UNION, ENUM, _FWD, TYPEDEF = range(1, 9)
_VOLATILE, _CONST, _RESTRICT = 9, 10, 11
_TYPE_TAG, ENUM64 = 18, 19
BOOL_ENCODING = 1 << 2
SIGNED_ENCODING = 1 << 0


class _BtfType(ctypes.Structure):
    """struct btf_type, 12 bytes; its members follow it."""

    _fields_ = [
        ("name_off", ctypes.c_uint32),
        ("info", ctypes.c_uint32),
        ("size_or_type", ctypes.c_uint32),
    ]

    @property
    def kind(self) -> int:
        return int(self.info) >> 24 & 0x1F

    @property
    def vlen(self) -> int:
        return int(self.info) & 0xFFFF

    @property
    def has_bit_fields(self) -> bool:
        return bool(self.info >> 31)


class _BtfMember(ctypes.Structure):
    """struct btf_member, 12 bytes; offset in bits, see btf.rst."""

    _fields_ = [
        ("name_off", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("offset", ctypes.c_uint32),
    ]


class _BtfEnum(ctypes.Structure):
    """struct btf_enum, 8 bytes."""

    _fields_ = [("name_off", ctypes.c_uint32), ("value", ctypes.c_int32)]


class _BtfArray(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_uint32),
        ("index_type", ctypes.c_uint32),
        ("nelems", ctypes.c_uint32),
    ]


class _Field(NamedTuple):
    offset: int  # bytes
    size: int
    declaration: str


def _load_libbpf() -> ctypes.CDLL:
    for name in ("libbpf.so.1", "libbpf.so.0"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise OpensnoopError(
        "libbpf is missing, and without it or kernel headers the C can't use "
        "kernel structs: install libbpf, or the headers of "
        + this_kernel.release()
    )


class Btf:
    """BTF, through libbpf (bpf/btf.h)."""

    def __init__(self, data: Optional[bytes] = None) -> None:
        """The running kernel's, or what `data` is. Raises OpensnoopError."""
        self._lib = lib = _load_libbpf()
        # libbpf 0.5 renamed it.
        load = getattr(lib, "btf__load_vmlinux_btf", None)
        load = load or lib.libbpf_find_kernel_btf
        load.restype = ctypes.c_void_p
        lib.btf__type_by_id.restype = ctypes.c_void_p
        lib.btf__type_by_id.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        lib.btf__name_by_offset.restype = ctypes.c_char_p
        lib.btf__name_by_offset.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        lib.btf__find_by_name_kind.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_uint32,
        ]
        lib.btf__resolve_size.restype = ctypes.c_int64
        lib.btf__resolve_size.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        lib.btf__new.restype = ctypes.c_void_p
        lib.btf__new.argtypes = [ctypes.c_char_p, ctypes.c_uint32]
        self._btf = load() if data is None else lib.btf__new(data, len(data))
        # libbpf gives NULL or, before 1.0, a negative errno as a pointer.
        if not self._btf or self._btf > 2**64 - 4096:
            raise OpensnoopError(
                f"cannot read {this_kernel.BTF}, and the headers of "
                f"{this_kernel.release()} are not installed: install them"
            )

    def find(self, name: str) -> Optional[Tuple[int, str]]:
        """The type's id, and how C names it; None if the kernel has none."""
        for kind, prefix in ((STRUCT, "struct "), (TYPEDEF, "")):
            found: int = self._lib.btf__find_by_name_kind(
                self._btf, name.encode(), kind
            )
            if found > 0:
                return found, prefix + name
        return None

    def find_enum(self, name: str) -> int:
        """The type's id; 0 or less if the kernel has none."""
        found: int = self._lib.btf__find_by_name_kind(
            self._btf, name.encode(), ENUM
        )
        return found

    def address(self, type_id: int) -> int:
        address: int = self._lib.btf__type_by_id(self._btf, type_id)
        return address

    def type(self, type_id: int) -> _BtfType:
        return _BtfType.from_address(self.address(type_id))

    def name(self, offset: int) -> str:
        name: bytes = self._lib.btf__name_by_offset(self._btf, offset) or b""
        return name.decode()

    def size(self, type_id: int) -> int:
        size: int = self._lib.btf__resolve_size(self._btf, type_id)
        return size

    def bare(self, type_id: int, typedefs: bool = True) -> int:
        """The type below its qualifiers (and its typedefs)."""
        while type_id:
            found = self.type(type_id)
            wrappers = (_VOLATILE, _CONST, _RESTRICT, _TYPE_TAG)
            if found.kind not in wrappers and not (
                typedefs and found.kind == TYPEDEF
            ):
                break
            type_id = found.size_or_type
        return type_id

    def members(self, type_id: int) -> List[_BtfMember]:
        found = self.type(type_id)
        array = _BtfMember * found.vlen
        return list(array.from_address(self.address(type_id) + 12))

    def enumerators(self, type_id: int) -> List[_BtfEnum]:
        found = self.type(type_id)
        array = _BtfEnum * found.vlen
        return list(array.from_address(self.address(type_id) + 12))

    def array(self, type_id: int) -> _BtfArray:
        return _BtfArray.from_address(self.address(type_id) + 12)

    def encoding(self, type_id: int) -> int:
        """Of an integer: BOOL_ENCODING or SIGNED_ENCODING, or 0."""
        word = ctypes.c_uint32.from_address(self.address(type_id) + 12)
        return word.value >> 24 & 0xF


_INTEGERS = {1: "8", 2: "16", 4: "32", 8: "64"}


class _Writer:
    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._written: Dict[str, int] = {}  # C name: size

    def _simple_type(self, type_id: int) -> Optional[str]:
        """C for an integer, a pointer or a struct written before."""
        named = self._btf.bare(type_id, typedefs=False)
        if named and self._btf.type(named).kind == TYPEDEF:
            name = self._btf.name(self._btf.type(named).name_off)
            if name in self._written:
                return name
        bare = self._btf.bare(type_id)
        if not bare:
            return None
        found = self._btf.type(bare)
        size = found.size_or_type
        if found.kind == INT and size in _INTEGERS:
            flags = self._btf.encoding(bare)
            if flags & BOOL_ENCODING:
                return "bool"
            if size == 1:
                return "char" if flags & SIGNED_ENCODING else "u8"
            return ("s" if flags & SIGNED_ENCODING else "u") + _INTEGERS[size]
        if found.kind in (ENUM, ENUM64) and size in _INTEGERS:
            return "u" + _INTEGERS[size]
        if found.kind == PTR:
            return self._pointer(size)
        if found.kind == STRUCT:
            name = "struct " + self._btf.name(found.name_off)
            return name if name in self._written else None
        return None

    def _pointer(self, target: int) -> str:
        bare = self._btf.bare(target)
        if bare:
            found = self._btf.type(bare)
            name = self._btf.name(found.name_off)
            if found.kind == STRUCT and name:
                return f"struct {name} *"
            if found.kind == PTR:
                return self._pointer(found.size_or_type) + "*"
            if found.kind == INT and found.size_or_type == 1:
                return "const char *"
        return "void *"

    def _declare(self, name: str, type_id: int) -> Optional[str]:
        count = ""
        bare = self._btf.bare(type_id)
        while bare and self._btf.type(bare).kind == ARRAY:
            array = self._btf.array(bare)
            count += f"[{array.nelems}]"
            type_id = array.type
            bare = self._btf.bare(type_id)
        simple = self._simple_type(type_id)
        if simple is None or "[0]" in count:
            return None
        return f"{simple} {name}{count};"

    def _fields(self, type_id: int, base: int) -> List[_Field]:
        """All fields that can be written, those of anonymous members too."""
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
                if self._btf.type(bare).kind in (STRUCT, UNION):
                    fields += self._fields(bare, offset)
                continue
            declaration = self._declare(name, member.type)
            size = self._btf.size(member.type)
            if declaration and size > 0:
                fields.append(_Field(offset, size, declaration))
        return fields

    def write(self, name: str) -> List[str]:
        """C for the struct, or for the typedef of one."""
        found = self._btf.find(name)
        if not found:
            return []
        type_id, c_name = found
        type_id = self._btf.bare(type_id)
        if self._btf.type(type_id).kind != STRUCT:
            return []
        size = self._btf.type(type_id).size_or_type
        body = _lay_out(self._fields(type_id, 0), size)
        self._written[c_name] = size
        if c_name.startswith("struct "):
            return [c_name + " {", *body, "} __attribute__((packed));"]
        return [
            "typedef struct {",
            *body,
            f"}} __attribute__((packed)) {c_name};",
        ]


@functools.lru_cache(maxsize=None)
def _of_this_kernel() -> Btf:
    if not this_kernel.has_btf():
        raise OpensnoopError(
            "this kernel has no BTF, and the C uses kernel structs: install "
            f"the headers of {this_kernel.release()}"
        )
    return Btf()


def _enum(btf: Btf, name: str) -> List[str]:
    """C for the enum, if this kernel has it."""
    type_id = btf.find_enum(name)
    if type_id <= 0:
        return []
    body = [
        f"\t{btf.name(one.name_off)} = {one.value},"
        for one in btf.enumerators(type_id)
    ]
    return [f"enum {name} {{", *body, "};"]


def _lay_out(fields: List[_Field], size: int) -> List[str]:
    """Fields with padding between; those that overlap in a union."""
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


def offsets(
    fields: Iterable[Tuple[str, Sequence[str]]]
) -> List[Optional[int]]:
    """Where each field is in its struct, in bytes; None if it isn't there.

    A field is the struct's name and the names that it has had, one of which
    is looked for. Raises OpensnoopError where BTF or libbpf is missing.
    """
    btf = _of_this_kernel()
    return [_offset(btf, struct, names) for struct, names in fields]


def _offset(btf: Btf, struct: str, names: Sequence[str]) -> Optional[int]:
    found = btf.find(struct)
    return _offset_in(btf, found[0], names) if found else None


def _offset_in(btf: Btf, type_id: int, names: Sequence[str]) -> Optional[int]:
    """Also in anonymous members. Bit fields have none."""
    has_bit_fields = btf.type(type_id).has_bit_fields
    for member in btf.members(type_id):
        if has_bit_fields and member.offset >> 24:
            continue
        at: Optional[int] = (member.offset & 0xFFFFFF) // 8
        if btf.name(member.name_off) in names:
            return at
        bare = btf.bare(member.type)
        if btf.name(member.name_off) or btf.type(bare).kind not in (
            STRUCT,
            UNION,
        ):
            continue
        inside = _offset_in(btf, bare, names)
        if inside is not None and at is not None:
            return at + inside
    return None


def kernel_structs() -> str:
    """C for all of STRUCTS that this kernel has.

    Raises OpensnoopError where BTF or libbpf is missing.
    """
    btf = _of_this_kernel()
    writer = _Writer(btf)
    lines: List[str] = []
    for name in ENUMS:
        lines += _enum(btf, name)
    for name in STRUCTS:
        lines += writer.write(name)
    return "\n".join(lines) + "\n"
