# SPDX-License-Identifier: Apache-2.0
"""The C library's reader of recordings: native/pipeline/replay.h."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import List, NamedTuple, Sequence, Tuple

from opensnooplib.base import native_library
from opensnooplib import reader
from opensnooplib.reader import Block, State
from opensnooplib.rows.field import Field


class Kind(IntEnum):
    """What a file is: enum recording_kind of native/io/recording_input.h."""

    UNKNOWN = 0
    READABLE = 1
    NONE = 2
    BYTE_ORDER_OTHER = 3
    VERSION_OTHER = 4


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
    """A recording in, rows out. Methods raise OSError."""

    def __init__(self, fd: int) -> None:
        # pylint: disable=super-init-not-called
        self._lib = reader.library()
        self._reader = ctypes.c_void_p()
        self._formats = {}
        native_library.check(
            self._lib.reader_open_recording(ctypes.byref(self._reader), fd)
        )

    def read_header(self, timeout_ms: int) -> Kind:
        """Wait for the file's first bytes, and say what they are."""
        kind = self._lib.reader_read_header(self._reader, timeout_ms)
        return Kind(native_library.check(kind))

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

    def offset(self) -> int:
        """The number of bytes of the recording that were read."""
        return int(self._lib.reader_input_offset(self._reader))

    def set_record_least(self, count: int) -> None:
        """Records from here on must have at least `count` bytes."""
        self._lib.reader_set_record_least(self._reader, count)

    def impossible(self) -> int:
        """The number of records that are too short; they have no rows."""
        return int(self._lib.reader_impossible(self._reader))

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
