# SPDX-License-Identifier: Apache-2.0
"""The C library's reader of recordings: native/pipeline/replay.c."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from enum import IntEnum
from typing import List, NamedTuple, Sequence, Tuple

from opensnooplib.base import native_library
from opensnooplib import reader
from opensnooplib.reader import Block, State
from opensnooplib.recording.description import MAGIC
from opensnooplib.rows.field import Field


# struct recording_header of native/io/recording_blocks.h: the magic, the byte
# order and the version.
_HEADER = struct.Struct("=8sII")
_BYTE_ORDER = 0x01020304
_VERSION = 1


def read_header(fd: int) -> str:
    """Read the header. Returns why this version can't read the rest, or "".

    Raises OSError.
    """
    header = b""
    readable = select.poll()
    readable.register(fd, select.POLLIN)
    while len(header) < _HEADER.size:
        readable.poll()
        more = os.read(fd, _HEADER.size - len(header))
        if not more:
            return _NO_RECORDING
        header += more
    magic, byte_order, version = _HEADER.unpack(header)
    if magic != MAGIC:
        return _NO_RECORDING
    if byte_order != _BYTE_ORDER:
        return (
            "was recorded on a machine with another byte order: replay it on "
            "one with the same"
        )
    if not 0 < version <= _VERSION:
        return "was recorded by a newer opensnoop: replay it with that version"
    return ""


_NO_RECORDING = "is not a recording; --record writes one"


class Test(IntEnum):
    """enum condition_kind of native/event/condition.h."""

    BITS = 0
    MOST = 1
    HOLDS = 2


class Condition(NamedTuple):
    """struct condition of native/event/condition.h."""

    test: Test
    field: Field
    # For BITS, pairs of mask and bits; for MOST, one with the bound as bits.
    wanted: Sequence[Tuple[int, int]] = ()
    text: bytes = b""


class _WantedBits(ctypes.Structure):
    """struct wanted_bits of native/event/condition.h."""

    _fields_ = [("mask", ctypes.c_uint64), ("bits", ctypes.c_uint64)]


class _Condition(ctypes.Structure):
    """struct condition of native/event/condition.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("field", native_library.NativeField),
        ("first", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("text", ctypes.c_char * 64),
    ]


class RecordingReader(reader.Reader):
    """A recording in, rows out; its header was read. Methods raise OSError."""

    def __init__(self, fd: int) -> None:
        # pylint: disable=super-init-not-called
        self._lib = lib = reader.library()
        self._reader = ctypes.c_void_p()
        self._formats = {}
        native_library.check(
            lib.reader_open_recording(ctypes.byref(self._reader), fd)
        )

    def poll(self, timeout_ms: int) -> State:
        """Write the rows of what is there, up to a block of another type."""
        state = self._lib.reader_poll_recording(self._reader, timeout_ms)
        return State(native_library.check(state))

    def take_block(self) -> Tuple[Block, bytes]:
        """The block at which the poll stopped, and its body."""
        body, size = ctypes.c_void_p(), ctypes.c_uint32()
        kind = self._lib.reader_take_block(
            self._reader, ctypes.byref(body), ctypes.byref(size)
        )
        return Block(kind), ctypes.string_at(body, size.value)

    def set_conditions(self, conditions: Sequence[Condition]) -> None:
        """Show only records that meet all of these conditions."""
        array = (_Condition * len(conditions))()
        wanted: List[Tuple[int, int]] = []
        for native, one in zip(array, conditions):
            native.kind = one.test
            native.field = native_library.NativeField(
                one.field.offset, one.field.size
            )
            native.first, native.count = len(wanted), len(one.wanted)
            native.text = one.text
            wanted += one.wanted
        pairs = (_WantedBits * len(wanted))(
            *(_WantedBits(mask, bits) for mask, bits in wanted)
        )
        native_library.check(
            self._lib.reader_set_conditions(
                self._reader, array, len(array), pairs, len(pairs)
            )
        )
