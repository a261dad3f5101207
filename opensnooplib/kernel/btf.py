# SPDX-License-Identifier: Apache-2.0
"""BTF, the kernel's own description of its types, read by libbpf.

See Documentation/bpf/btf.rst. BCC needs libbpf, so every host with BCC has it.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Iterable, List, Optional, Sequence, Tuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel

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
        """Load the running kernel's BTF, or `data`. Raises OpensnoopError."""
        self._lib = lib = _load_libbpf()
        # libbpf 0.5 renamed this function.
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
        # libbpf returns NULL or, before 1.0, a negative errno as a pointer.
        if not self._btf or self._btf > 2**64 - 4096:
            raise OpensnoopError(
                f"cannot read {this_kernel.BTF}, and the headers of "
                f"{this_kernel.release()} are not installed: install them"
            )

    def find(self, name: str) -> Optional[Tuple[int, str]]:
        """The type's ID, and its name in C; None if the kernel has none."""
        for kind, prefix in ((STRUCT, "struct "), (TYPEDEF, "")):
            found: int = self._lib.btf__find_by_name_kind(
                self._btf, name.encode(), kind
            )
            if found > 0:
                return found, prefix + name
        return None

    def find_enum(self, name: str) -> int:
        """The enum's type ID; 0 or less if the kernel has none."""
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
        """The type without its qualifiers (and without its typedefs)."""
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
        """The encoding of an integer: BOOL_ENCODING, SIGNED_ENCODING or 0."""
        word = ctypes.c_uint32.from_address(self.address(type_id) + 12)
        return word.value >> 24 & 0xF


@functools.lru_cache(maxsize=None)
def of_this_kernel() -> Btf:
    if not this_kernel.has_btf():
        raise OpensnoopError(
            "this kernel has no BTF, and the C uses kernel structs: install "
            f"the headers of {this_kernel.release()}"
        )
    return Btf()


def offsets(
    fields: Iterable[Tuple[str, Sequence[str]]]
) -> List[Optional[int]]:
    """The offset of each field in its struct, in bytes; None without one.

    A field is given by its struct's name and by the names that the field has
    had. Raises OpensnoopError if BTF or libbpf is missing.
    """
    btf = of_this_kernel()
    return [_offset(btf, struct, names) for struct, names in fields]


def _offset(btf: Btf, struct: str, names: Sequence[str]) -> Optional[int]:
    found = btf.find(struct)
    return _offset_in(btf, found[0], names) if found else None


def _offset_in(btf: Btf, type_id: int, names: Sequence[str]) -> Optional[int]:
    """The offset of a field, also in anonymous members; not of bit fields."""
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
