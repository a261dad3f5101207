# SPDX-License-Identifier: Apache-2.0
"""The C library's reader of recordings: native/pipeline/replay.h."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import Tuple

from opensnooplib.base import native_library
from opensnooplib import reader
from opensnooplib.reader import Block, State


class Kind(IntEnum):
    """What a file is: enum recording_kind of native/io/recording_input.h."""

    UNKNOWN = 0
    READABLE = 1
    NONE = 2
    BYTE_ORDER_OTHER = 3
    VERSION_OTHER = 4


class RecordingReader(reader.Reader):
    """A recording in, rows out. Methods raise OSError."""

    def __init__(self, fd: int) -> None:
        # pylint: disable=super-init-not-called
        self._lib = lib = reader.library()
        self._reader = ctypes.c_void_p()
        self._formats = {}
        self._conditions = {}
        lib.reader_input_offset.restype = ctypes.c_uint64
        lib.reader_input_offset.argtypes = [ctypes.c_void_p]
        lib.reader_set_record_least.restype = None
        lib.reader_set_record_least.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint32,
        ]
        lib.reader_impossible.restype = ctypes.c_uint64
        lib.reader_impossible.argtypes = [ctypes.c_void_p]
        native_library.check(
            lib.reader_open_recording(ctypes.byref(self._reader), fd)
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
