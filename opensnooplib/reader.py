# SPDX-License-Identifier: Apache-2.0
"""The reader in C (native/reader.h), for Python."""

from __future__ import annotations

import ctypes
import errno
import os
from enum import IntEnum
from typing import NamedTuple, Optional, Sequence

from opensnooplib.columns import Column
from opensnooplib.errors import OpensnoopError
from opensnooplib.row_format import RowFormat

LIBRARY = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "native", "libopensnoop.so"
)


class State(IntEnum):
    """enum reader_state of native/reader.h."""

    GOES_ON = 0
    COUNT_REACHED = 1
    OUTPUT_CLOSED = 2
    OUTPUT_FAILED = 3


class Counts(NamedTuple):
    """struct reader_counts of native/reader.h."""

    shown: int
    unwritten: int
    unreadable: int
    cut: int


class MapShape(NamedTuple):
    """struct map_shape of native/bpf_object.h; sizes in bytes."""

    type: int
    key_size: int
    value_size: int


class _Field(ctypes.Structure):
    """struct field of native/record.h."""

    _fields_ = [("offset", ctypes.c_uint32), ("size", ctypes.c_uint32)]


class _Layout(ctypes.Structure):
    """struct layout of native/record.h; its fields are those of the C."""

    _fields_ = [
        (name, _Field)
        for name in ("ts", "pid", "ret", "flags", "path_size", "path")
    ]


class _Symbol(ctypes.Structure):
    """struct symbol of native/symbols.h."""

    _fields_ = [("value", ctypes.c_int64), ("name", ctypes.c_char_p)]


class _Column(ctypes.Structure):
    """struct column of native/row.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("field", _Field),
        ("count", ctypes.c_uint32),
        ("width", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("symbols", ctypes.POINTER(_Symbol)),
        ("symbol_count", ctypes.c_uint32),
    ]


class _FormatRequest(ctypes.Structure):
    """struct format_request of native/reader.h."""

    _fields_ = [
        ("kind", ctypes.c_uint32),
        ("color", ctypes.c_bool),
        ("wall_offset", ctypes.c_int64),
        ("layout", _Layout),
        ("columns", ctypes.POINTER(_Column)),
        ("column_count", ctypes.c_uint32),
    ]


class _Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in Counts._fields]


class _MapShape(ctypes.Structure):
    """struct map_shape of native/bpf_object.h."""

    _fields_ = [(name, ctypes.c_uint32) for name in MapShape._fields]


_u64_p = ctypes.POINTER(ctypes.c_uint64)


def _load() -> ctypes.CDLL:
    try:
        lib = ctypes.CDLL(LIBRARY)
    except OSError as error:
        if os.path.exists(LIBRARY):
            raise OpensnoopError(f"cannot load {error}") from None
        raise OpensnoopError(
            f"{LIBRARY} is missing: run make in the checkout"
        ) from None
    reader = ctypes.c_void_p
    u32 = ctypes.c_uint32
    c_int = ctypes.c_int
    signatures = {
        "reader_open": [
            ctypes.POINTER(reader),
            ctypes.POINTER(c_int),
            u32,
            u32,
        ],
        "reader_close": [reader],
        "reader_install": [reader, c_int],
        "reader_follow_cpu": [reader, c_int, c_int],
        "reader_set_format": [reader, ctypes.POINTER(_FormatRequest)],
        "reader_await_open": [reader, ctypes.c_char_p, u32, c_int],
        "reader_start": [
            reader,
            c_int,
            ctypes.c_uint64,
            u32,
            ctypes.c_bool,
        ],
        "reader_put_heading": [reader, ctypes.c_char_p],
        "reader_poll": [reader, c_int],
        "reader_finish": [reader, ctypes.c_uint64],
        "reader_get_counts": [reader, ctypes.POINTER(_Counts)],
        "reader_output_error": [reader],
        "percpu_array_sum": [c_int, u32, u32, _u64_p],
        "program_misses": [c_int, _u64_p],
        "pinned_map_shape": [ctypes.c_char_p, ctypes.POINTER(_MapShape)],
        "program_refusal": [u32, u32, u32],
        "kprobe_refusal": [ctypes.c_char_p],
        "calibration_open": [ctypes.c_char_p, ctypes.c_char_p],
    }
    for name, types in signatures.items():
        getattr(lib, name).argtypes = types
    return lib


_loaded: Optional[ctypes.CDLL] = None


def _library() -> ctypes.CDLL:
    global _loaded  # loaded once, and only when something is traced
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _check(result: int) -> int:
    """Native functions give a negative errno for an error."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def _native_column(column: Column) -> _Column:
    field = column.field
    symbols = (_Symbol * len(field.symbols))(
        *(_Symbol(value, name.encode()) for value, name in field.symbols)
    )
    return _Column(
        column.kind,
        _Field(field.offset, field.size // (field.elements or 1)),
        field.elements,
        column.width,
        column.key.encode(),
        symbols,
        len(symbols),
    )


def _native_format(row_format: RowFormat) -> _FormatRequest:
    layout = _Layout()
    for name, _ in _Layout._fields_:
        field = row_format.schema.find(name)
        if field is not None:
            setattr(layout, name, _Field(field.offset, field.size))
    columns = [_native_column(column) for column in row_format.columns]
    return _FormatRequest(
        row_format.number,
        row_format.color,
        row_format.wall_offset_ns,
        layout,
        (_Column * len(columns))(*columns),
        len(columns),
    )


class Reader:
    """Perf rings in, rows out. Methods raise OSError as the kernel says."""

    def __init__(self, cpus: Sequence[int], pages: int) -> None:
        """Open a ring of `pages` pages for each CPU."""
        self._lib = _library()
        self._reader = ctypes.c_void_p()
        numbers = (ctypes.c_int * len(cpus))(*cpus)
        _check(
            self._lib.reader_open(
                ctypes.byref(self._reader), numbers, len(cpus), pages
            )
        )

    def close(self) -> None:
        if self._reader:
            self._lib.reader_close(self._reader)
            self._reader = ctypes.c_void_p()

    def install(self, map_fd: int) -> None:
        """Let programs write to the rings through this perf event array."""
        _check(self._lib.reader_install(self._reader, map_fd))

    def follow_cpu(self, cpu: int, map_fd: int) -> bool:
        """Read the records of a CPU that came online from now on.

        Returns False where its old ring must be emptied before: try again
        after the next poll().
        """
        error = self._lib.reader_follow_cpu(self._reader, cpu, map_fd)
        return error != -errno.EAGAIN and _check(error) == 0

    def set_format(self, row_format: RowFormat) -> None:
        """How rows look from here on."""
        request = _native_format(row_format)
        _check(
            self._lib.reader_set_format(self._reader, ctypes.byref(request))
        )
        self._format = request  # the native code goes on reading it

    def await_open(self, path: str, pid: int, timeout_ms: int) -> bool:
        """Was there a record of this open, which found no file, in time?

        Drops all records before it.
        """
        seen = self._lib.reader_await_open(
            self._reader, path.encode(), pid, timeout_ms
        )
        return bool(_check(seen))

    def discard(self) -> None:
        """Drop all records that are there."""
        _check(self._lib.reader_await_open(self._reader, b"", 0, 0))

    def start(
        self, fd: int, row_limit: int, own_pid: int, by_line: bool
    ) -> None:
        """Write rows to `fd`, `row_limit` at most (0: no limit)."""
        _check(
            self._lib.reader_start(
                self._reader, fd, row_limit, own_pid, by_line
            )
        )

    def put_heading(self, text: str) -> None:
        _check(self._lib.reader_put_heading(self._reader, text.encode()))

    def poll(self, timeout_ms: int) -> State:
        """Wait for records, or a signal, and write the rows in order."""
        return State(_check(self._lib.reader_poll(self._reader, timeout_ms)))

    def finish(self, until_ns: int) -> State:
        """Write the rows of what is older: ns, CLOCK_MONOTONIC."""
        state = self._lib.reader_finish(self._reader, until_ns)
        return State(_check(state))

    def counts(self) -> Counts:
        counts = _Counts()
        self._lib.reader_get_counts(self._reader, ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts._fields))

    def output_error(self) -> int:
        """The errno of the write that failed, or 0."""
        return int(self._lib.reader_output_error(self._reader))


def percpu_array_sum(map_fd: int, index: int, possible_cpus: int) -> int:
    """The sum of one u64 over all CPUs. Raises OSError."""
    total = ctypes.c_uint64()
    _check(
        _library().percpu_array_sum(
            map_fd, index, possible_cpus, ctypes.byref(total)
        )
    )
    return total.value


def program_misses(program_fd: int) -> int:
    """How often the kernel skipped the program. Raises OSError."""
    misses = ctypes.c_uint64()
    _check(_library().program_misses(program_fd, ctypes.byref(misses)))
    return misses.value


def _name_of(error: int) -> str:
    return errno.errorcode.get(-error, str(-error)) if error else ""


def program_refusal(kind: int, attach_type: int, attach_btf_id: int) -> str:
    """Why the kernel refuses such a program: an errno's name, or ""."""
    return _name_of(
        _library().program_refusal(kind, attach_type, attach_btf_id)
    )


def kprobe_refusal(function: str) -> str:
    """Why the kernel can't probe the function: an errno's name, or ""."""
    return _name_of(_library().kprobe_refusal(function.encode()))


def pinned_map_shape(path: str) -> MapShape:
    """What is pinned there. Raises OSError, ENOENT where nothing is."""
    shape = _MapShape()
    _check(_library().pinned_map_shape(os.fsencode(path), ctypes.byref(shape)))
    return MapShape(shape.type, shape.key_size, shape.value_size)


def has_pmu(name: str) -> bool:
    """Has the kernel this kind of event (sysfs-bus-event_source)?"""
    return os.path.exists(f"/sys/bus/event_source/devices/{name}/type")


def calibration_open(call: str, path: str) -> int:
    """Open `path` with that very syscall: a descriptor, or -errno."""
    return int(_library().calibration_open(call.encode(), path.encode()))
