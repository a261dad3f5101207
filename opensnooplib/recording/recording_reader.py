# SPDX-License-Identifier: Apache-2.0
"""The C library's reader of recordings: native/pipeline/replay.c."""

from __future__ import annotations

import ctypes
import os
import select
import struct

from opensnooplib import reader
from opensnooplib.base import native_library
from opensnooplib.reader import State
from opensnooplib.recording.description import MAGIC

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


class RecordingReader(reader.Reader):
    """A recording in, rows out; its header was read. Methods raise OSError."""

    def __init__(self, fd: int) -> None:
        # pylint: disable=super-init-not-called
        self._lib = reader.library()
        self._reader = ctypes.c_void_p()
        self._formats = {}
        native_library.check(
            self._lib.reader_open_recording(ctypes.byref(self._reader), fd)
        )

    def poll(self, timeout_ms: int) -> State:
        """Write the rows of what is there, up to a block of another type."""
        state = self._lib.reader_poll_recording(self._reader, timeout_ms)
        return State(native_library.check(state))

    def forget_cgroups(self) -> None:
        """Cgroups have no names from here on: they are of another boot."""
        self._lib.reader_forget_cgroups(self._reader)

    def take_block(self) -> tuple[int, bytes]:
        """The type of the block at which the poll stopped, and its body."""
        body, size = ctypes.c_void_p(), ctypes.c_uint32()
        kind = self._lib.reader_take_block(
            self._reader, ctypes.byref(body), ctypes.byref(size)
        )
        return kind, ctypes.string_at(body, size.value)
