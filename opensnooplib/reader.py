# SPDX-License-Identifier: Apache-2.0
"""The reader in C (native/reader.h), for Python."""

from __future__ import annotations

import ctypes
import errno
import os
from enum import IntEnum
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from opensnooplib.columns import Column
from opensnooplib.errors import OpensnoopError
from opensnooplib.globs import STAR, Glob
from opensnooplib.handover import StartMap
from opensnooplib.row_format import RowFormat, wall_offset_ns
from opensnooplib.schema import Field

LIBRARY = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "native", "libopensnoop.so"
)


_u64_p = ctypes.POINTER(ctypes.c_uint64)


class State(IntEnum):
    """enum reader_state of native/reader.h."""

    GOES_ON = 0
    COUNT_REACHED = 1
    OUTPUT_CLOSED = 2
    OUTPUT_FAILED = 3
    AT_BLOCK = 4
    INPUT_ENDED = 5
    INPUT_CUT = 6
    INPUT_DAMAGED = 7


class Block(IntEnum):
    """enum block_type of native/recording.h."""

    DESCRIPTION = 1
    RECORD = 2
    COUNTS = 3


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


class HashCount(NamedTuple):
    """struct hash_count of native/bpf_object.h."""

    entries: int
    flagged: int


class _Field(ctypes.Structure):
    """struct field of native/record.h."""

    _fields_ = [("offset", ctypes.c_uint32), ("size", ctypes.c_uint32)]


class _Layout(ctypes.Structure):
    """struct layout of native/record.h; its fields are those of the C."""

    _fields_ = [
        (name, _Field)
        for name in (
            *("ts", "pid", "ret", "flags"),
            *("path_size", "dir_size", "dir_state", "path"),
        )
    ]


class _AwaitedOpen(ctypes.Structure):
    """struct awaited_open of native/reader.h."""

    _fields_ = [
        ("path", ctypes.c_char_p),
        ("pid", ctypes.c_uint32),
        ("ret", ctypes.c_int32),
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


class _Glob(ctypes.Structure):
    """struct glob of native/glob.h."""

    _fields_ = [
        ("words", ctypes.c_uint32),
        ("last", ctypes.c_uint32),
        ("excludes", ctypes.c_bool),
        ("takes", _u64_p),
        ("stays", _u64_p),
    ]


class _Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in Counts._fields]


class _MapShape(ctypes.Structure):
    """struct map_shape of native/bpf_object.h."""

    _fields_ = [(name, ctypes.c_uint32) for name in MapShape._fields]


class _HashCount(ctypes.Structure):
    """struct hash_count of native/bpf_object.h."""

    _fields_ = [(name, ctypes.c_uint64) for name in HashCount._fields]


class _ProgramCode(ctypes.Structure):
    """struct program_code of native/bpf_object.h."""

    _fields_ = [
        ("code", ctypes.c_void_p),
        ("lines", ctypes.c_void_p),
        ("code_size", ctypes.c_uint32),
        ("lines_size", ctypes.c_uint32),
        ("btf_id", ctypes.c_uint32),
    ]


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
            ctypes.c_bool,
        ],
        "reader_close": [reader],
        "reader_add_stream": [reader],
        "reader_end_stream": [reader, u32],
        "reader_stream_is_read": [reader, u32],
        "reader_drop_stream": [reader, u32],
        "reader_stream_lost": [reader, u32],
        "reader_install": [reader, c_int],
        "reader_follow_cpu": [reader, c_int],
        "reader_set_map": [reader, c_int],
        "reader_set_format": [reader, ctypes.POINTER(_FormatRequest)],
        "reader_name_callers": [reader],
        "reader_await_open": [reader, ctypes.POINTER(_AwaitedOpen), c_int],
        "reader_add_own_process": [reader, u32],
        "reader_end_own_process": [reader, u32],
        "reader_start": [reader, c_int, ctypes.c_uint64, ctypes.c_bool],
        "reader_set_globs": [reader, ctypes.POINTER(_Glob), u32],
        "reader_put_heading": [reader, ctypes.c_char_p],
        "reader_start_recording": [reader, c_int, ctypes.c_uint64],
        "reader_put_counts": [reader, ctypes.c_char_p],
        "reader_put_text": [reader, ctypes.c_char_p],
        "reader_poll": [reader, c_int],
        "reader_finish": [reader, ctypes.c_uint64],
        "reader_get_counts": [reader, ctypes.POINTER(_Counts)],
        "reader_output_error": [reader],
        "slots_create": [u32],
        "slots_set": [c_int, u32, c_int],
        "hash_count": [
            c_int,
            u32,
            u32,
            u32,
            u32,
            ctypes.POINTER(_HashCount),
        ],
        "program_get_code": [c_int, ctypes.POINTER(_ProgramCode)],
        "btf_get_data": [u32, ctypes.c_char_p, u32],
        "array_set_fd": [c_int, u32, c_int],
        "map_insert": [c_int, u32, ctypes.c_uint64],
        "map_remove": [c_int, u32],
        "map_keys": [c_int, ctypes.POINTER(u32), u32],
        "percpu_array_sum": [c_int, u32, u32, _u64_p],
        "program_misses": [c_int, _u64_p],
        "pinned_map_shape": [ctypes.c_char_p, ctypes.POINTER(_MapShape)],
        "program_refusal": [u32, u32, u32],
        "probe_refusal": [ctypes.c_char_p, ctypes.c_char_p],
        "kprobe_multi_attach": [c_int, ctypes.c_char_p, ctypes.c_bool],
        "kprobe_multi_refusal": [ctypes.c_char_p],
        "calibration_open": [ctypes.c_char_p, ctypes.c_char_p],
    }
    for name, types in signatures.items():
        getattr(lib, name).argtypes = types
    lib.reader_stream_is_read.restype = ctypes.c_bool
    lib.reader_stream_lost.restype = ctypes.c_uint64
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


# No record reaches so far.
_NOWHERE = 2**32 - 1


def _place(field: Field, size: int) -> _Field:
    return _Field(field.offset if field.is_sent else _NOWHERE, size)


def _native_column(column: Column) -> _Column:
    field = column.field
    symbols = (_Symbol * len(field.symbols))(
        *(_Symbol(value, name.encode()) for value, name in field.symbols)
    )
    return _Column(
        column.kind,
        _place(field, field.size // (field.elements or 1)),
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
            setattr(layout, name, _place(field, field.size))
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
    """The tables of native/glob.h."""
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


class Reader:
    """Perf rings in, rows out. Methods raise OSError as the kernel says."""

    _newest = 0  # stream

    def __init__(
        self, cpus: Sequence[int], pages: int, is_shared: bool = False
    ) -> None:
        """Open a ring of `pages` pages for each CPU.

        is_shared: by several streams, one for each struct event.
        """
        self._lib = _library()
        self._reader = ctypes.c_void_p()
        self._formats: Dict[int, _FormatRequest] = {}  # by stream
        # Times of day are told from CLOCK_MONOTONIC, by one and the same sum.
        self.wall_offset_ns = wall_offset_ns()
        numbers = (ctypes.c_int * len(cpus))(*cpus)
        _check(
            self._lib.reader_open(
                ctypes.byref(self._reader),
                numbers,
                len(cpus),
                pages,
                is_shared,
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
        self._newest = _check(self._lib.reader_add_stream(self._reader))
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
        _check(self._lib.reader_install(self._reader, map_fd))

    def follow_cpu(self, cpu: int) -> bool:
        """Read the records of a CPU that came online from now on.

        Returns False where its old ring must be emptied before: try again
        after the next poll().
        """
        error = self._lib.reader_follow_cpu(self._reader, cpu)
        return error != -errno.EAGAIN and _check(error) == 0

    def set_map(self, map_fd: int) -> None:
        """Where rings of CPUs that come online go, as by install()."""
        self._lib.reader_set_map(self._reader, map_fd)

    def set_format(self, row_format: RowFormat) -> None:
        """How the newest stream's rows look."""
        request = _native_format(row_format, self.wall_offset_ns)
        _check(
            self._lib.reader_set_format(self._reader, ctypes.byref(request))
        )
        # The native code goes on reading it.
        self._formats[self._newest] = request

    def name_callers(self) -> None:
        """Say who the callers are, in rows; their processes run here."""
        _check(self._lib.reader_name_callers(self._reader))

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
        return bool(_check(seen))

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
        _check(self._lib.reader_start(self._reader, fd, row_limit, by_line))

    def set_globs(self, globs: Sequence[Glob]) -> None:
        """Show only opens of names that these patterns want."""
        self._globs = (_Glob * len(globs))(*map(_native_glob, globs))
        self._lib.reader_set_globs(self._reader, self._globs, len(globs))

    def put_heading(self, text: str) -> None:
        _check(self._lib.reader_put_heading(self._reader, text.encode()))

    def start_recording(self, fd: int, limit: int) -> None:
        """Write a recording to `fd` instead, of `limit` records at most."""
        _check(self._lib.reader_start_recording(self._reader, fd, limit))

    def put_counts(self, facts: str) -> None:
        """Into the recording. EIO: there is no room for it now."""
        _check(self._lib.reader_put_counts(self._reader, facts.encode()))

    def put_text(self, text: str) -> None:
        """Neither row nor heading. EIO: there is no room for it now."""
        _check(self._lib.reader_put_text(self._reader, text.encode()))

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


def program_code(program_fd: int) -> Tuple[bytes, bytes, int]:
    """A program's instructions, its table of lines, and the BTF's id.

    Raises OSError.
    """
    sizes = _ProgramCode()
    _check(_library().program_get_code(program_fd, ctypes.byref(sizes)))
    code = ctypes.create_string_buffer(sizes.code_size)
    lines = ctypes.create_string_buffer(sizes.lines_size)
    filled = _ProgramCode(
        ctypes.addressof(code),
        ctypes.addressof(lines),
        sizes.code_size,
        sizes.lines_size,
    )
    _check(_library().program_get_code(program_fd, ctypes.byref(filled)))
    return code.raw, lines.raw, filled.btf_id


def btf_data(btf_id: int) -> bytes:
    """The BTF with that id, as the kernel has it. Raises OSError."""
    size = _check(_library().btf_get_data(btf_id, None, 0))
    data = ctypes.create_string_buffer(size)
    _check(_library().btf_get_data(btf_id, data, size))
    return data.raw


def create_slots(size: int) -> int:
    """A program array, for stub.py. Raises OSError."""
    return _check(_library().slots_create(size))


def set_slot(slots: int, index: int, program_fd: int) -> None:
    """Put a program in, or with -1 none. Raises OSError."""
    _check(_library().slots_set(slots, index, program_fd))


def hash_count(map_fd: int, start: StartMap) -> HashCount:
    """How many entries there are, and of what is under way.

    Raises OSError.
    """
    count = _HashCount()
    _check(_library().hash_count(map_fd, *start, ctypes.byref(count)))
    return HashCount(count.entries, count.flagged)


def array_set_fd(map_fd: int, slot: int, fd: int) -> None:
    """Into an array of descriptors. Raises OSError."""
    _check(_library().array_set_fd(map_fd, slot, fd))


# PID_MAX_LIMIT of include/linux/threads.h is more than any map here holds.
_MOST_KEYS = 1 << 22


def map_insert(map_fd: int, key: int, value: int) -> bool:
    """Into a hash map from u32 to u64; False where the key is there.

    Raises OSError.
    """
    try:
        _check(_library().map_insert(map_fd, key, value))
    except FileExistsError:
        return False
    return True


def map_keys(map_fd: int) -> List[int]:
    """Of such a map. Raises OSError."""
    keys = (ctypes.c_uint32 * _MOST_KEYS)()
    count = _check(_library().map_keys(map_fd, keys, _MOST_KEYS))
    return keys[:count]


def map_remove(map_fd: int, key: int) -> None:
    """From such a map, if the key is there. Raises OSError."""
    try:
        _check(_library().map_remove(map_fd, key))
    except FileNotFoundError:
        pass


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


def probe_refusal(pmu: str, target: str) -> str:
    """Why the kernel can't probe `target`: an errno's name, or "".

    A function of the kernel's for the PMU "kprobe", a file for "uprobe".
    """
    return _name_of(
        _library().probe_refusal(pmu.encode(), os.fsencode(target))
    )


def kprobe_multi_attach(program_fd: int, function: str, ret: bool) -> int:
    """A descriptor of the link. Raises OSError."""
    return _check(
        _library().kprobe_multi_attach(program_fd, function.encode(), ret)
    )


def kprobe_multi_refusal(function: str) -> str:
    """Why the kernel can't link such programs: an errno's name, or ""."""
    return _name_of(_library().kprobe_multi_refusal(function.encode()))


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
