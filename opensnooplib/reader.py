# SPDX-License-Identifier: Apache-2.0
"""Python's interface to the reader in C, native/pipeline/reader.h."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from enum import IntEnum
from typing import Any, NamedTuple, Sequence, TypeVar

from opensnooplib.base import native_library
from opensnooplib.base.globs import Glob
from opensnooplib.base.native_library import NativeField, check
from opensnooplib.base.quoting import printable
from opensnooplib.kernel import bpf_objects
from opensnooplib.options import Output
from opensnooplib.rows.column_choice import Column
from opensnooplib.rows.field import Field
from opensnooplib.rows.row_format import RowFormat, heading, wall_offset_ns
from opensnooplib.selection.criteria import Condition
from opensnooplib.selection.reader_filter import Filter

_Item = TypeVar("_Item", bound=ctypes.Structure)


class State(IntEnum):
    """enum reader_state of native/pipeline/reader_data.h."""

    RUNNING = 0
    COUNT_REACHED = 1
    OUTPUT_CLOSED = 2
    OUTPUT_FAILED = 3
    AT_BLOCK = 4
    INPUT_ENDED = 5
    INPUT_CUT = 6
    INPUT_DAMAGED = 7


COUNTS_BLOCK = 3  # of enum block_type of native/io/recording_blocks.h


class Counts(NamedTuple):
    """struct reader_counts of native/pipeline/reader_data.h."""

    shown: int
    unwritten: int
    unreadable: int
    cut: int
    unsure: int = 0
    error: int = 0  # the errno of the write that failed, or 0
    # Of a recording: records that are too short to be shown, and how many
    # bytes were read.
    impossible: int = 0
    offset: int = 0

    @property
    def are_incomplete(self) -> int:
        """Rows that are missing, or without a path, or without a result."""
        return self.unwritten + self.unreadable + self.unsure


class _Layout(ctypes.Structure):
    """struct layout of native/event/record.h, with the fields of the C."""

    _NAMES = (
        "ts pid ret flags path_size dir_size dir_state "
        "fs_device fs_size mount_size path latency exe"
    )
    _fields_ = [(name, NativeField) for name in _NAMES.split()]


class _Symbol(ctypes.Structure):
    """struct symbol of native/rows/column.h."""

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


class _Columns(ctypes.Structure):
    """struct columns of native/rows/column.h."""

    _fields_ = [
        ("list", ctypes.POINTER(_Column)),
        ("count", ctypes.c_uint32),
        ("color", ctypes.c_bool),
    ]


class _Condition(ctypes.Structure):
    """struct condition of native/event/condition.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("field", NativeField),
        ("or_next", ctypes.c_uint32),
        ("excludes", ctypes.c_uint32),
        ("mask", ctypes.c_uint64),
        ("bits", ctypes.c_uint64),
        ("text", ctypes.c_char * 64),
    ]


class _Glob(ctypes.Structure):
    """struct glob of native/event/glob.h."""

    _fields_ = [
        ("parts", ctypes.c_char_p),
        ("count", ctypes.c_uint32),
        ("excludes", ctypes.c_bool),
        ("is_absolute", ctypes.c_bool),
    ]


class _Filter(ctypes.Structure):
    """struct filter of native/pipeline/reader_data.h."""

    _fields_ = [
        ("conditions", ctypes.POINTER(_Condition)),
        ("condition_count", ctypes.c_uint32),
        ("globs", ctypes.POINTER(_Glob)),
        ("glob_count", ctypes.c_uint32),
    ]


class _FormatRequest(ctypes.Structure):
    """struct format_request of native/pipeline/reader_data.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("wall_offset", ctypes.c_int64),
        ("layout", _Layout),
        ("record_least", ctypes.c_uint32),
        ("columns", _Columns),
        ("wanted", _Filter),
        ("last", _Filter),
        ("group", _Columns),
        ("group_as_json", ctypes.c_bool),
        ("shows_own", ctypes.c_bool),
        ("in_any_task", ctypes.c_bool),
    ]


class _Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in Counts._fields]


def _array(kind: type[_Item], items: Sequence[_Item]) -> tuple[Any, int]:
    """An array of C, and its length."""
    return (kind * len(items))(*items), len(items)


def _native_column(column: Column) -> _Column:
    field = column.field
    symbols = [_Symbol(value, name.encode()) for value, name in column.symbols]
    first = NativeField(field.offset, field.size // (field.elements or 1))
    shape = column.kind, first, field.elements, column.width
    return _Column(*shape, column.key.encode(), *_array(_Symbol, symbols))


def _native_columns(shown: Sequence[Column], color: bool = False) -> _Columns:
    return _Columns(*_array(_Column, [*map(_native_column, shown)]), color)


def _native_format(
    row_format: RowFormat, wall_offset: int, *filters: Filter
) -> _FormatRequest:
    layout = _Layout()
    for name, _ in _Layout._fields_:
        field = row_format.schema.known(name)
        if field is not None:
            setattr(layout, name, NativeField(field.offset, field.size))
    return _FormatRequest(
        row_format.number,
        wall_offset,
        layout,
        row_format.schema.least,
        _native_columns(row_format.columns, row_format.color),
        *map(_native_filter, filters),
        _Columns(),  # of the group: see Reader
        row_format.group_as_json,
        row_format.shows_own,
        row_format.in_any_task,
    )


def _native_filter(one: Filter) -> _Filter:
    all_of = [n for met in one.conditions for n in _native_conditions(*met)]
    globs = [*map(_native_glob, one.globs)]
    return _Filter(*_array(_Condition, all_of), *_array(_Glob, globs))


def _native_conditions(condition: Condition, field: Field) -> list[_Condition]:
    """One for each value that it compares."""
    start = condition.test, NativeField(field.offset, field.size)
    wanted = enumerate(condition.values.wanted)
    # Another one suffices as long as some are left.
    some = [(left, 0, *one) for left, one in wanted][::-1]
    others = [(0, 1, *one) for one in condition.values.excluded]
    return [_Condition(*start, *one) for one in some + others]


def _native_glob(glob: Glob) -> _Glob:
    bits = [sum(1 << byte for byte in part) for part in glob.parts]
    parts = b"".join(each.to_bytes(256 // 8, "little") for each in bits)
    return _Glob(parts, len(bits), glob.excludes, glob.is_absolute)


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The native library, with what functions of it return if no int."""
    lib = native_library.load()
    lib.libdw_load.restype = ctypes.c_bool
    lib.reader_turn_output.restype = ctypes.c_bool
    lib.reader_stream_lost.restype = ctypes.c_uint64
    lib.reader_read_until.restype = ctypes.c_uint64
    lib.reader_tally.restype = ctypes.c_void_p
    lib.reader_caller_text.restype = ctypes.c_char_p
    return lib


class Reader:
    """Reads perf rings and writes rows. Methods raise OSError."""

    lacks_libdw = False  # and needs it
    group_heading = ""  # of the columns that a summary counts by
    _group = 0  # how often the next one was chosen: see RowFormat.groups
    done = "shown"  # with the opens that counts() has, as the last line says
    # Opens that are not in the tables of summaries, so far; and those that
    # were not shown, since a row like theirs was: --once.
    no_place = repeated = 0

    def __init__(
        self, cpus: Sequence[int], pages: int, with_task: bool = False
    ) -> None:
        """Open a ring of `pages` pages for each CPU, with stream 0.

        `with_task`: each record says in which process it was sent. Raises
        OSError: ENOBUFS if that needs more locked memory than the user may
        have.
        """
        self.pages = pages
        self._cpus = set(cpus)
        self._maps: dict[int, int] = {}  # perf event arrays, by stream
        self._lib = library()
        self._reader = ctypes.c_void_p()
        # By stream; the native code keeps pointers into the requests.
        self._formats: dict[int, tuple[RowFormat, _FormatRequest]] = {}
        # The difference between the time of day and CLOCK_MONOTONIC, the same
        # for all rows.
        self.wall_offset_ns = wall_offset_ns()
        where = (ctypes.c_int * len(cpus))(*cpus), len(cpus)
        kind = 2 * with_task  # EVENT_RECORDS_WITH_TASK, or EVENT_RECORDS
        reader = ctypes.byref(self._reader)
        check(self._lib.reader_open(reader, *where, pages, kind))

    def close(self) -> None:
        if self._reader:
            self._lib.reader_close(self._reader)
            self._reader = ctypes.c_void_p()

    def add_stream(self) -> int:
        """Add a stream.

        Returns its number. Raises OSError: EBUSY if there are too many.
        """
        return check(self._lib.reader_add_stream(self._reader))

    def lost_of(self, stream: int) -> int:
        """The number of lost records of this stream, as reported so far."""
        return int(self._lib.reader_stream_lost(self._reader, stream))

    def drop_stream(self, stream: int) -> None:
        """Remove a stream, with those of its records that are left."""
        self._lib.reader_drop_stream(self._reader, stream)
        self._maps.pop(stream, None)
        self._formats.pop(stream, None)

    def install(self, stream: int, map_fd: int) -> None:
        """Let programs write to the rings through this perf event array."""
        self._maps[stream] = map_fd
        for cpu in self._cpus:
            self._install(cpu, stream)

    def map_buffer(self, stream: int, map_fd: int) -> None:
        """Read the stream from a BPF ring buffer."""
        size = ctypes.c_uint64(bpf_objects.map_shape(map_fd)[3])
        check(self._lib.reader_map_buffer(self._reader, stream, map_fd, size))

    def _install(self, cpu: int, stream: int) -> None:
        event = self._lib.reader_event(self._reader, cpu, stream)
        bpf_objects.array_set_fd(self._maps[stream], event, cpu)

    def follow_cpu(self, cpu: int) -> bool:
        """Read the records of this CPU, which came online, from now on.

        Returns False if its old ring must be emptied first: try again after
        the next poll().
        """
        error = self._lib.reader_follow_cpu(self._reader, cpu)
        if error == -errno.EAGAIN:
            return False
        check(error)
        self._cpus.add(cpu)
        for stream in self._maps:
            self._install(cpu, stream)
        return True

    def hears(self, cpu: int) -> bool:
        """Has this CPU a ring that its records still reach?"""
        return bool(self._lib.reader_hears(self._reader, cpu))

    def set_format(
        self,
        stream: int,
        row_format: RowFormat,
        wanted: Filter = Filter(),
        until: Filter = Filter(),
    ) -> None:
        """Set the format of a stream's rows.

        There are rows only for records that fit `wanted`, and none after one
        that fits `until`, unless that is empty.
        """
        request = _native_format(
            row_format, self.wall_offset_ns, wanted, until
        )
        self._formats[stream] = row_format, request
        self._send_format(stream)

    def _send_format(self, stream: int) -> None:
        row_format, request = self._formats[stream]
        group = row_format.groups[self._group % len(row_format.groups)]
        self.group_heading = heading(group)
        request.group = _native_columns(group)
        at = ctypes.byref(request)
        check(self._lib.reader_set_format(self._reader, stream, at))

    def count_by_next(self) -> None:
        """Count by the next group, also in formats that are set later."""
        self._group += 1
        for stream in self._formats:
            self._send_format(stream)

    def name_callers(self) -> None:
        """Show callers by name in rows; their processes run on this host."""
        self.lacks_libdw = not self._lib.libdw_load()
        check(self._lib.reader_name_callers(self._reader))

    def caller_text(self, pid: int, address: int, returns: bool) -> str:
        """The function and file at an address in a process, as far as known.

        Only after name_callers(). `returns`: see native/stacks/callers.h.
        """
        where = ctypes.c_uint32(pid), ctypes.c_uint64(address), returns
        text = self._lib.reader_caller_text(self._reader, *where)
        return printable(text.decode(errors="surrogateescape"))

    def await_open(
        self, path: str | None, pid: int, ret: int, timeout_ms: int
    ) -> bool:
        """Wait for the record of this open. Returns False if it doesn't come.

        Without a path, the open is one whose path is unreadable. Drops all
        records before it, except those of older streams, which are shown.
        Raises OSError: EAGAIN if there is no room for their rows.
        """
        name = None if path is None else os.fsencode(path)
        awaited = name, pid, ret, timeout_ms
        return bool(check(self._lib.reader_await_open(self._reader, *awaited)))

    def add_own_process(self, pid: int) -> None:
        """Hide the opens of a process of the tool's own.

        The first such process is the trace itself, which stays hidden.
        """
        self._lib.reader_add_own_process(self._reader, pid)

    def end_own_process(self, pid: int) -> None:
        """Hide no longer: the process has ended, another may get its PID."""
        self._lib.reader_end_own_process(self._reader, pid)

    def set_output(self, fd: int) -> None:
        """Write to `fd`."""
        self._lib.reader_set_output(self._reader, fd)

    def turn_output(self, fd: int) -> bool:
        """Go on with the recording in another file, after put_text().

        Returns whether the file before has lost what was written to it.
        """
        return bool(self._lib.reader_turn_output(self._reader, fd))

    def start(self, output: Output) -> None:
        """Write rows or records as the options say, and how many."""
        limit = ctypes.c_uint64(output.row_limit)
        check(self._lib.reader_start(self._reader, limit, output.unbuffered))

    def put_heading(self, stream: int, text: str) -> None:
        heading = text.encode()
        check(self._lib.reader_put_heading(self._reader, stream, heading))

    def put_text(self, text: str) -> None:
        """Write text that is neither row nor heading; to a recording, counts.

        Raises OSError: EIO if there is no room for it now.
        """
        check(self._lib.reader_put_text(self._reader, text.encode()))

    def put_record(self, stream: int, record: bytes) -> bool:
        """Write a record of this stream as if it had come from a ring.

        Returns False if there is no room for it now.
        """
        what = ctypes.c_uint32(stream), record, ctypes.c_uint32(len(record))
        return bool(self._lib.reader_put_record(self._reader, *what))

    def tally(self) -> int:
        """The address of the counts: struct tally of native/event/tally.h."""
        return int(self._lib.reader_tally(self._reader))

    def read_until_ns(self) -> int:
        """The time, of CLOCK_MONOTONIC, before which all opens are read."""
        return int(self._lib.reader_read_until(self._reader))

    def poll(self, timeout_ms: int) -> State:
        """Wait for records, or a signal, and write the rows in order."""
        return State(check(self._lib.reader_poll(self._reader, timeout_ms)))

    def finish(self, until_ns: int) -> State:
        """Write the rows of opens before `until_ns`, of CLOCK_MONOTONIC."""
        until = ctypes.c_uint64(until_ns)
        return State(check(self._lib.reader_finish(self._reader, until)))

    def counts(self) -> Counts:
        counts = _Counts()
        self._lib.reader_get_counts(self._reader, ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts._fields))
