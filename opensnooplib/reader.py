# SPDX-License-Identifier: Apache-2.0
"""The reader in C (native/pipeline/reader.h), for Python."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from enum import IntEnum
from typing import Any, Dict, NamedTuple, Optional, Sequence

from opensnooplib.base import native_library
from opensnooplib.base.native_library import NativeField, check
from opensnooplib.rows.columns import Column
from opensnooplib.rows.row_format import RowFormat, wall_offset_ns
from opensnooplib.rows.field import Field
from opensnooplib.base.globs import STAR, Glob

_u64_p = ctypes.POINTER(ctypes.c_uint64)


class State(IntEnum):
    """enum reader_state of native/pipeline/progress.h."""

    RUNNING = 0
    COUNT_REACHED = 1
    OUTPUT_CLOSED = 2
    OUTPUT_FAILED = 3
    AT_BLOCK = 4
    INPUT_ENDED = 5
    INPUT_CUT = 6
    INPUT_DAMAGED = 7


class Block(IntEnum):
    """enum block_type of native/io/recording_blocks.h."""

    DESCRIPTION = 1
    RECORD = 2
    COUNTS = 3


class Counts(NamedTuple):
    """struct reader_counts of native/pipeline/progress.h."""

    shown: int
    unwritten: int
    unreadable: int
    cut: int


class _Layout(ctypes.Structure):
    """struct layout of native/event/record.h, with the fields of the C."""

    _fields_ = [
        (name, NativeField)
        for name in (
            *("ts", "pid", "ret", "flags"),
            *("path_size", "dir_size", "dir_state"),
            *("fs_device", "fs_size", "mount_size", "path"),
        )
    ]


class _AwaitedOpen(ctypes.Structure):
    """struct awaited_open of native/pipeline/awaited_open.h."""

    _fields_ = [
        ("path", ctypes.c_char_p),
        ("pid", ctypes.c_uint32),
        ("ret", ctypes.c_int32),
    ]


class _Symbol(ctypes.Structure):
    """struct symbol of native/rows/number_names.h."""

    _fields_ = [("value", ctypes.c_int64), ("name", ctypes.c_char_p)]


class _Column(ctypes.Structure):
    """struct column of native/rows/column.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("field", NativeField),
        ("count", ctypes.c_uint32),
        ("width", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("symbols", ctypes.POINTER(_Symbol)),
        ("symbol_count", ctypes.c_uint32),
    ]


class _FormatRequest(ctypes.Structure):
    """struct format_request of native/pipeline/stream_format.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("color", ctypes.c_bool),
        ("wall_offset", ctypes.c_int64),
        ("layout", _Layout),
        ("columns", ctypes.POINTER(_Column)),
        ("column_count", ctypes.c_uint32),
    ]


class _Glob(ctypes.Structure):
    """struct glob of native/event/glob.h."""

    _fields_ = [
        ("words", ctypes.c_uint32),
        ("last", ctypes.c_uint32),
        ("excludes", ctypes.c_bool),
        ("takes", _u64_p),
        ("stays", _u64_p),
    ]


class _Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in Counts._fields]


# No record reaches so far.
_NOWHERE = 2**32 - 1


def _native_field(field: Field, size: int) -> NativeField:
    return NativeField(field.offset if field.is_sent else _NOWHERE, size)


def _native_column(column: Column) -> _Column:
    field = column.field
    symbols = (_Symbol * len(field.symbols))(
        *(_Symbol(value, name.encode()) for value, name in field.symbols)
    )
    return _Column(
        column.kind,
        _native_field(field, field.size // (field.elements or 1)),
        field.elements,
        column.width,
        column.key.encode(),
        symbols,
        len(symbols),
    )


def _native_format(row_format: RowFormat, wall_offset: int) -> _FormatRequest:
    layout = _Layout()
    for name, _ in _Layout._fields_:
        field = row_format.schema.known(name)
        if field is not None:
            setattr(layout, name, _native_field(field, field.size))
    columns = [_native_column(column) for column in row_format.columns]
    return _FormatRequest(
        row_format.number,
        row_format.color,
        wall_offset,
        layout,
        (_Column * len(columns))(*columns),
        len(columns),
    )


def _native_glob(glob: Glob) -> _Glob:
    """The tables of native/event/glob.h."""
    words = glob.least // 64 + 1
    takes = (ctypes.c_uint64 * (256 * words))()
    stays = (ctypes.c_uint64 * words)()
    state = 0
    for part in glob.parts:
        word, bit = state // 64, 1 << state % 64
        if part is STAR:
            stays[word] |= bit
            continue
        for byte in part:
            takes[byte * words + word] |= bit
        state += 1
    return _Glob(
        words,
        state,
        glob.excludes,
        ctypes.cast(takes, _u64_p),
        ctypes.cast(stays, _u64_p),
    )


_int, _u32 = ctypes.c_int, ctypes.c_uint32
_reader = ctypes.c_void_p

_SIGNATURES: Dict[str, Sequence[Any]] = {
    "reader_open": [
        ctypes.POINTER(_reader),
        ctypes.POINTER(_int),
        _u32,
        _u32,
    ],
    "reader_close": [_reader],
    "reader_add_stream": [_reader],
    "reader_end_stream": [_reader, _u32],
    "reader_stream_is_read": [_reader, _u32],
    "reader_drop_stream": [_reader, _u32],
    "reader_stream_lost": [_reader, _u32],
    "reader_install": [_reader, _int],
    "reader_follow_cpu": [_reader, _int],
    "reader_deaf_cpu": [_reader],
    "reader_set_map": [_reader, _int],
    "reader_set_format": [_reader, ctypes.POINTER(_FormatRequest)],
    "reader_name_callers": [_reader],
    "reader_await_open": [_reader, ctypes.POINTER(_AwaitedOpen), _int],
    "reader_add_own_process": [_reader, _u32],
    "reader_end_own_process": [_reader, _u32],
    "reader_start": [_reader, _int, ctypes.c_uint64, ctypes.c_bool],
    "reader_set_globs": [_reader, ctypes.POINTER(_Glob), _u32],
    "reader_put_heading": [_reader, ctypes.c_char_p],
    "reader_start_recording": [_reader, _int, ctypes.c_uint64],
    "reader_put_counts": [_reader, ctypes.c_char_p],
    "reader_put_text": [_reader, ctypes.c_char_p],
    "reader_poll": [_reader, _int],
    "reader_finish": [_reader, ctypes.c_uint64],
    "reader_get_counts": [_reader, ctypes.POINTER(_Counts)],
    "reader_output_error": [_reader],
}


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The native library, with the types of the reader's functions."""
    lib = native_library.load(_SIGNATURES)
    lib.reader_stream_is_read.restype = ctypes.c_bool
    lib.reader_stream_lost.restype = ctypes.c_uint64
    return lib


class Reader:
    """Perf rings in, rows out. Methods raise OSError as the kernel says."""

    _newest = 0  # stream

    def __init__(self, cpus: Sequence[int], pages: int) -> None:
        """Open a ring of `pages` pages for each CPU, with one stream.

        ENOBUFS: that is more locked memory than the user may have.
        """
        self.pages = pages
        self._lib = library()
        self._reader = ctypes.c_void_p()
        self._formats: Dict[int, _FormatRequest] = {}  # by stream
        # Times of day are told from CLOCK_MONOTONIC, by one and the same sum.
        self.wall_offset_ns = wall_offset_ns()
        numbers = (ctypes.c_int * len(cpus))(*cpus)
        check(
            self._lib.reader_open(
                ctypes.byref(self._reader),
                numbers,
                len(cpus),
                pages,
            )
        )

    def close(self) -> None:
        if self._reader:
            self._lib.reader_close(self._reader)
            self._reader = ctypes.c_void_p()

    def add_stream(self) -> int:
        """The newest from then on, which the methods below are for.

        EBUSY: there are too many.
        """
        self._newest = check(self._lib.reader_add_stream(self._reader))
        return self._newest

    def end_stream(self, stream: int) -> None:
        """No more records of it come."""
        self._lib.reader_end_stream(self._reader, stream)

    def is_read(self, stream: int) -> bool:
        """Are all its records shown?"""
        return bool(self._lib.reader_stream_is_read(self._reader, stream))

    def lost_of(self, stream: int) -> int:
        """Records without room, as far as the kernel told."""
        return int(self._lib.reader_stream_lost(self._reader, stream))

    def drop_stream(self, stream: int) -> None:
        """With what is left of its records."""
        self._lib.reader_drop_stream(self._reader, stream)

    def install(self, map_fd: int) -> None:
        """Let programs write to the rings through this perf event array."""
        check(self._lib.reader_install(self._reader, map_fd))

    def follow_cpu(self, cpu: int) -> bool:
        """Read the records of a CPU that came online from now on.

        Returns False where its old ring must be emptied before: try again
        after the next poll().
        """
        error = self._lib.reader_follow_cpu(self._reader, cpu)
        return error != -errno.EAGAIN and check(error) == 0

    def deaf_cpu(self) -> Optional[int]:
        """One whose ring is dead since it went offline, if there is any."""
        cpu = int(self._lib.reader_deaf_cpu(self._reader))
        return cpu if cpu >= 0 else None

    def set_map(self, map_fd: int) -> None:
        """Where rings of CPUs that come online go, as by install()."""
        self._lib.reader_set_map(self._reader, map_fd)

    def set_format(self, row_format: RowFormat) -> None:
        """How the newest stream's rows look."""
        request = _native_format(row_format, self.wall_offset_ns)
        check(self._lib.reader_set_format(self._reader, ctypes.byref(request)))
        # The native code goes on reading it.
        self._formats[self._newest] = request

    def name_callers(self) -> None:
        """Say who the callers are, in rows; their processes run here."""
        check(self._lib.reader_name_callers(self._reader))

    def await_open(
        self, path: Optional[str], pid: int, ret: int, timeout_ms: int
    ) -> bool:
        """Was there a record of this open in time?

        Without a path, of one that has none that can be read. Drops all
        records before it; those of older streams are shown, and EAGAIN says
        that their rows find no room.
        """
        name = None if path is None else os.fsencode(path)
        awaited = _AwaitedOpen(name, pid, ret)
        seen = self._lib.reader_await_open(
            self._reader, ctypes.byref(awaited), timeout_ms
        )
        return bool(check(seen))

    def discard(self) -> None:
        """Drop all records that are there."""
        self.await_open("", 0, 0, 0)

    def add_own_process(self, pid: int) -> None:
        """Its opens are the tool's own, and not shown; the first's, ever."""
        self._lib.reader_add_own_process(self._reader, pid)

    def end_own_process(self, pid: int) -> None:
        """It has ended: the PID may be another process's from now on."""
        self._lib.reader_end_own_process(self._reader, pid)

    def start(self, fd: int, row_limit: int, by_line: bool) -> None:
        """Write rows to `fd`, `row_limit` at most (0: no limit)."""
        check(self._lib.reader_start(self._reader, fd, row_limit, by_line))

    def set_globs(self, globs: Sequence[Glob]) -> None:
        """Show only opens of names that these patterns want."""
        self._globs = (_Glob * len(globs))(*map(_native_glob, globs))
        self._lib.reader_set_globs(self._reader, self._globs, len(globs))

    def put_heading(self, text: str) -> None:
        check(self._lib.reader_put_heading(self._reader, text.encode()))

    def start_recording(self, fd: int, limit: int) -> None:
        """Write a recording to `fd` instead, of `limit` records at most."""
        check(self._lib.reader_start_recording(self._reader, fd, limit))

    def put_counts(self, facts: str) -> None:
        """Into the recording. EIO: there is no room for it now."""
        check(self._lib.reader_put_counts(self._reader, facts.encode()))

    def put_text(self, text: str) -> None:
        """Neither row nor heading. EIO: there is no room for it now."""
        check(self._lib.reader_put_text(self._reader, text.encode()))

    def poll(self, timeout_ms: int) -> State:
        """Wait for records, or a signal, and write the rows in order."""
        return State(check(self._lib.reader_poll(self._reader, timeout_ms)))

    def finish(self, until_ns: int) -> State:
        """Write the rows of what is older: ns, CLOCK_MONOTONIC."""
        state = self._lib.reader_finish(self._reader, until_ns)
        return State(check(state))

    def counts(self) -> Counts:
        counts = _Counts()
        self._lib.reader_get_counts(self._reader, ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts._fields))

    def output_error(self) -> int:
        """The errno of the write that failed, or 0."""
        return int(self._lib.reader_output_error(self._reader))
