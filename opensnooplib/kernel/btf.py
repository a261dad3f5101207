# SPDX-License-Identifier: Apache-2.0
"""BTF, the kernel's own description of its types, read by libbpf.

See Documentation/bpf/btf.rst. BCC needs libbpf, so every host with BCC has it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
from struct import unpack_from
from typing import AbstractSet, Iterable, Iterator, NamedTuple, Sequence

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel

# enum btf_kind of include/uapi/linux/btf.h
INT, PTR, ARRAY, STRUCT, UNION, ENUM = range(1, 7)
TYPEDEF, _VOLATILE, _CONST, _RESTRICT = 8, 9, 10, 11
_TYPE_TAG, _ENUM64 = 18, 19
BOOL_ENCODING = 1 << 2
SIGNED_ENCODING = 1 << 0

_u32 = ctypes.c_uint32


class _BtfType(ctypes.Structure):
    """struct btf_type, 12 bytes; its members follow it."""

    _fields_ = [(n, _u32) for n in ("name_off", "info", "size_or_type")]

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

    _fields_ = [(n, _u32) for n in ("name_off", "type", "offset")]


class _BtfEnum(ctypes.Structure):
    """struct btf_enum, 8 bytes."""

    _fields_ = [("name_off", _u32), ("value", ctypes.c_int32)]


class _BtfArray(ctypes.Structure):
    """struct btf_array."""

    _fields_ = [(n, _u32) for n in ("type", "index_type", "nelems")]


class _EmitTypeDecl(ctypes.Structure):
    """struct btf_dump_emit_type_decl_opts of bpf/btf.h."""

    _fields_ = [
        ("sz", ctypes.c_size_t),
        ("field_name", ctypes.c_char_p),
        ("others", ctypes.c_uint64),  # 0: not indented, const stays
    ]


class TypedField(NamedTuple):
    name: str
    type: int  # its ID
    offset: int  # bytes


def _error(why: str) -> OpensnoopError:
    return OpensnoopError(
        f"{why}, and the C uses kernel structs: install the headers of "
        f"{this_kernel.release()}, or give its BTF by --btf"
    )


def _load_libbpf() -> ctypes.CDLL:
    failure = None
    for name in ("libbpf.so.1", "libbpf.so.0"):
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            failure = error
    raise OpensnoopError(
        "libbpf is missing, by which the layout of records is read: install "
        "it (Debian's package is libbpf1 or libbpf0)"
    ) from failure


# What functions of libbpf return, if it isn't an int.
_RESULTS = {
    "btf__new": ctypes.c_void_p,
    "btf__parse": ctypes.c_void_p,
    "btf__type_by_id": ctypes.c_void_p,
    "btf__name_by_offset": ctypes.c_char_p,
    "btf__resolve_size": ctypes.c_int64,
    "btf_dump__new": ctypes.c_void_p,
}


class Btf:
    """BTF, through libbpf (bpf/btf.h)."""

    def __init__(self, data: bytes | str) -> None:
        """Load the BTF in `data`, or in the file of this path.

        That is raw BTF or an ELF file. Raises OpensnoopError.
        """
        self._lib = _load_libbpf()
        for name, result in _RESULTS.items():
            getattr(self._lib, name).restype = result
        self._lib.libbpf_set_print(None)  # an error is reported by this tool
        if isinstance(data, str):
            btf = self._lib.btf__parse(os.fsencode(data), None)
        else:
            btf = self._lib.btf__new(data, len(data))
        # libbpf returns NULL or, before 1.0, a negative errno as a pointer.
        if not btf or btf > 2**64 - 4096:
            raise _error("libbpf is too old for this BTF")
        self._btf = ctypes.c_void_p(btf)

    def find(self, name: str, kind: int = STRUCT) -> int:
        """The ID of a type; 0 or less if there is none."""
        found: int = self._lib.btf__find_by_name_kind(
            self._btf, name.encode(), kind
        )
        return found

    def of_kind(self, kind: int) -> Iterator[int]:
        """The IDs of all types of a kind."""
        number = 1
        while self.address(number):
            if self.type(number).kind == kind:
                yield number
            number += 1

    def fields(self, struct: int, base: int = 0) -> Iterator[TypedField]:
        """The fields of a struct or union, those of unnamed members, too.

        But no bit fields. `base` is the offset of the struct.
        """
        has_bit_fields = self.type(struct).has_bit_fields
        for member in self.members(struct):
            if has_bit_fields and member.offset >> 24:
                continue
            offset = base + (member.offset & 0xFFFFFF) // 8
            if member.name_off:
                name = self.name(member.name_off)
                yield TypedField(name, member.type, offset)
                continue
            bare = self.bare(member.type)
            if self.type(bare).kind in (STRUCT, UNION):
                yield from self.fields(bare, offset)

    def as_c(self, parts: Iterable[int | str | TypedField]) -> str:
        """C: text as it is, types by their IDs, and declarations of fields.

        A type is defined after those that it holds. libbpf writes as
        vfprintf(3) would. The compiler needs -fms-extensions for it, as for
        the kernel's own C. Raises OpensnoopError.
        """
        libc = ctypes.CDLL(None)
        libc.open_memstream.restype = ctypes.c_void_p
        text, size = ctypes.c_char_p(), ctypes.c_size_t()
        stream = ctypes.c_void_p(
            libc.open_memstream(ctypes.byref(text), ctypes.byref(size))
        )
        write = ctypes.cast(libc.vfprintf, ctypes.c_void_p)
        arguments = (
            (write, stream, None)
            if hasattr(self._lib, "libbpf_major_version")
            else (None, ctypes.byref(stream), write)  # libbpf before 0.6
        )
        new = self._lib.btf_dump__new
        dump = ctypes.c_void_p(new(self._btf, *arguments))
        error = 0
        for part in parts:
            if isinstance(part, str):
                libc.fputs(part.encode(), stream)
            elif isinstance(part, int):
                error |= self._lib.btf_dump__dump_type(dump, part)
            else:
                name = part.name.encode()
                how = _EmitTypeDecl(ctypes.sizeof(_EmitTypeDecl), name)
                error |= self._lib.btf_dump__emit_type_decl(
                    dump, part.type, ctypes.byref(how)
                )
        libc.fclose(stream)
        if error or not text.value:
            raise _error("libbpf cannot write the BTF of this kernel as C")
        return text.value.decode()

    def address(self, type_id: int) -> int:
        """Where a type is in memory; 0: there is no such type."""
        address: int | None = self._lib.btf__type_by_id(self._btf, type_id)
        return address or 0

    def type(self, type_id: int) -> _BtfType:
        return _BtfType.from_address(self.address(type_id))

    def name(self, offset: int) -> str:
        name: bytes = self._lib.btf__name_by_offset(self._btf, offset) or b""
        return name.decode()

    def size(self, type_id: int) -> int:
        size: int = self._lib.btf__resolve_size(self._btf, type_id)
        return size

    def bare(self, type_id: int) -> int:
        """The type without its qualifiers and without its typedefs."""
        wrappers = (TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG)
        while type_id and self.type(type_id).kind in wrappers:
            type_id = self.type(type_id).size_or_type
        return type_id

    def element(self, type_id: int) -> int:
        """The bare type; of an array, that of its elements."""
        type_id = self.bare(type_id)
        while type_id and self.type(type_id).kind == ARRAY:
            type_id = self.bare(self.array(type_id).type)
        return type_id

    def enums_with(self, names: AbstractSet[str]) -> set[int]:
        """The IDs of the enums that have enumerators of these names."""
        # struct btf_header of btf.rst: where types and strings are
        data = self._raw()
        at, types, size, strings = unpack_from("=4x4I", data)
        first = self.address(1)
        described = data[at + types :][:size]
        text = data[at + strings :]
        found = set()
        for name in {n.encode() for n in names} & set(text.split(b"\0")):
            offset = _u32(text.find(b"\0" + name + b"\0") + 1)
            for place in re.finditer(re.escape(bytes(offset)), described):
                type_id = self._at(first + place.start())
                if self.type(type_id).kind in (ENUM, _ENUM64):
                    found.add(type_id)
        return found

    def _raw(self) -> bytes:
        name = "btf__raw_data"
        if not hasattr(self._lib, name):  # libbpf before 0.7
            name = "btf__get_raw_data"
        get, size = getattr(self._lib, name), _u32()
        get.restype = ctypes.c_void_p
        return ctypes.string_at(get(self._btf, ctypes.byref(size)), size.value)

    def _at(self, address: int) -> int:
        """The type whose description this address is in; they are in order."""
        type_id, end = 1, 1 << 24
        while end - type_id > 1:
            middle = (type_id + end) // 2
            begin = self.address(middle)  # None behind the last one
            if begin and begin <= address:
                type_id = middle
            else:
                end = middle
        return type_id

    def members(self, type_id: int) -> list[_BtfMember]:
        found = self.type(type_id)
        array = _BtfMember * found.vlen
        return list(array.from_address(self.address(type_id) + 12))

    def enumerators(self, type_id: int) -> list[_BtfEnum]:
        found = self.type(type_id)
        array = _BtfEnum * found.vlen
        return list(array.from_address(self.address(type_id) + 12))

    def array(self, type_id: int) -> _BtfArray:
        return _BtfArray.from_address(self.address(type_id) + 12)

    def encoding(self, type_id: int) -> int:
        """The encoding of an integer: BOOL_ENCODING, SIGNED_ENCODING or 0."""
        word = _u32.from_address(self.address(type_id) + 12)
        return word.value >> 24 & 0xF


# The BTF of --btf, in place of the kernel's own.
given: Btf | None = None


def has_structs() -> bool:
    """Is there BTF that describes the kernel's structs?

    To attach to functions by fentry, or to LSM hooks, the kernel must have BTF
    itself: this_kernel.has_btf().
    """
    return given is not None or this_kernel.has_btf()


@functools.lru_cache(maxsize=None)
def of_this_kernel() -> Btf:
    """The running kernel's BTF. Raises OpensnoopError."""
    if given:
        return given
    try:
        with open(this_kernel.BTF, "rb") as file:
            return Btf(file.read())
    except OSError as error:
        raise _error(
            f"cannot read {this_kernel.BTF} ({error.strerror})"
        ) from None


def offsets(fields: Iterable[tuple[str, Sequence[str]]]) -> list[int | None]:
    """The offset of each field in its struct, in bytes; None without one.

    A field is given by its struct's name and by the names that the field has
    had. Raises OpensnoopError if BTF or libbpf is missing.
    """
    btf = of_this_kernel()
    found = []
    for struct, names in fields:
        type_id = btf.find(struct)
        there = btf.fields(type_id) if type_id > 0 else ()
        at = (field.offset for field in there if field.name in names)
        found.append(next(at, None))
    return found
