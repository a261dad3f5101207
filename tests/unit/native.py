# SPDX-License-Identifier: Apache-2.0
"""Quoting, rows and globs of the native code, for Python.

Output goes into blocks of exactly the bound, so that ASan sees a byte too many
(test_sanitizers.py).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

from opensnooplib.base.globs import Glob
from opensnooplib.base.native_library import NativeField
from opensnooplib.reader import _Column, _Columns, _Glob, _Layout
from opensnooplib.reader import _native_glob, _Symbol
from opensnooplib.rows import column_choice
from opensnooplib.rows.field import Field
from opensnooplib.rows.headings import Kind

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCES = CHECKOUT / "opensnooplib" / "native"

# A library that was built already, to be tested instead of a new one.
LIBRARY_VARIABLE = "OPENSNOOP_TEST_LIBRARY"

_MALLOC = ctypes.CDLL(None)
_MALLOC.malloc.argtypes = [ctypes.c_size_t]
_MALLOC.malloc.restype = ctypes.c_void_p
_MALLOC.free.argtypes = [ctypes.c_void_p]


def build(folder: Path, *flags: str) -> Path:
    """Compile the native code of the checkout; returns the library."""
    library = folder / "libopensnoop.so"
    subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
        + [f"-I{SOURCES}"]
        + [*flags, "-o", str(library)]
        + sorted(str(path) for path in SOURCES.glob("*/*.c")),
        check=True,
    )
    return library


def run_c(folder: Path, text: str, *flags: str) -> str:
    """Compile and run a C program that may include the native headers."""
    source = folder / "program.c"
    program = folder / "program"
    source.write_text(text)
    subprocess.run(
        ["cc", "-std=gnu11", "-w", f"-I{SOURCES}", *flags]
        + ["-o", str(program), str(source)],
        check=True,
    )
    return subprocess.run(
        [str(program)], check=True, capture_output=True, text=True
    ).stdout


class Column(NamedTuple):
    kind: int
    field: Tuple[int, int] = (0, 0)  # offset, size
    width: int = 0
    name: str = "name"
    elements: int = 0
    symbols: Sequence[Tuple[int, str]] = ()


def _usual_symbols(kind: int) -> Sequence[Tuple[int, str]]:
    """The names that a column of this kind shows in the tool."""
    if kind not in list(Kind):
        return ()
    field = Field("name", 0, 0, "unsigned")
    return column_choice.Column("", "", Kind(kind), field, 0).symbols


class Layout(NamedTuple):
    """The fields that have a meaning of their own: offset, size."""

    ts: Tuple[int, int] = (0, 0)
    pid: Tuple[int, int] = (0, 0)
    ret: Tuple[int, int] = (0, 0)
    flags: Tuple[int, int] = (0, 0)
    path_size: Tuple[int, int] = (0, 0)
    dir_size: Tuple[int, int] = (0, 0)
    dir_state: Tuple[int, int] = (0, 0)
    fs_device: Tuple[int, int] = (0, 0)
    fs_size: Tuple[int, int] = (0, 0)
    mount_size: Tuple[int, int] = (0, 0)
    path: Tuple[int, int] = (0, 0)


class _Clock(ctypes.Structure):
    """struct clock of native/rows/clock.h."""

    _fields_ = [
        ("wall_offset", ctypes.c_int64),
        ("second", ctypes.c_int64),
        ("date_size", ctypes.c_uint),
        ("date", ctypes.c_char * 48),
    ]


class _HashMap(ctypes.Structure):
    """struct hash_map of native/base/hash_map.h."""

    _fields_ = [
        ("slots", ctypes.c_void_p),
        ("slot_count", ctypes.c_size_t),
        ("count", ctypes.c_size_t),
        ("bytes", ctypes.c_size_t),
        ("room", ctypes.c_size_t),
        ("newest", ctypes.c_void_p),
        ("found", ctypes.c_void_p),
    ]


class _Names(ctypes.Structure):
    """struct names of native/rows/id_names.h."""

    _fields_ = [
        ("helper", ctypes.c_void_p),
        ("users", _HashMap),
        ("cgroups", _HashMap),
        ("root_named", _HashMap),
        ("cgroup_mount", ctypes.c_int),
    ]


class _Helpers(ctypes.Structure):
    """struct helpers of native/stacks/helper.h."""

    _fields_ = [
        ("start", ctypes.c_void_p),
        ("kill", ctypes.c_void_p),
        ("own", ctypes.c_void_p),
        ("may_wait", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("free_from", ctypes.c_uint64),
        ("calm_until", ctypes.c_uint64),
    ]


class _RowFormat(ctypes.Structure):
    """struct row_format of native/rows/row_format.h."""

    _fields_ = [
        ("layout", _Layout),
        ("first_ts", ctypes.c_uint64),
        ("last_ts", ctypes.c_uint64),
        ("clock", _Clock),
        ("names", _Names),
        ("callers", ctypes.c_void_p),
        ("host_mounts", ctypes.c_void_p),
        ("path_room", ctypes.c_char * (4 * 4096)),
    ]


class _Record(ctypes.Structure):
    """struct record of native/event/record.h."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_uint32),
        ("stream", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("is_exact", ctypes.c_bool),
    ]


class _OneRow(ctypes.Structure):
    """struct row of native/rows/row_format.h."""

    _fields_ = [
        ("format", ctypes.POINTER(_RowFormat)),
        ("columns", ctypes.POINTER(_Columns)),
        ("record", ctypes.POINTER(_Record)),
    ]


class _Text(ctypes.Structure):
    """struct text of native/event/record.h."""

    _fields_ = [("bytes", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Block:
    """malloc'ed memory of an exact size."""

    def __init__(self, size: int, content: bytes = b"") -> None:
        self.address: int = _MALLOC.malloc(size)
        ctypes.memmove(self.address, content, len(content))

    def bytes_until(self, end: int) -> bytes:
        return ctypes.string_at(self.address, end - self.address)

    def free(self) -> None:
        _MALLOC.free(self.address)


class Native:
    """A built library, with its functions as methods."""

    def __init__(self, library: Path) -> None:
        self._lib = lib = ctypes.CDLL(str(library))
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        for name, types in {
            "put_shell_text": [
                pointer,
                pointer,
                size,
                ctypes.c_bool,
                ctypes.c_bool,
            ],
            "put_json_text": [
                pointer,
                pointer,
                size,
                ctypes.POINTER(ctypes.c_bool),
            ],
            "put_json_base64": [pointer, pointer, size],
            **{
                f"put_{form}_row": [pointer, ctypes.POINTER(_OneRow)]
                for form in ("table", "json", "csv")
            },
        }.items():
            getattr(lib, name).argtypes = types
            getattr(lib, name).restype = pointer
        lib.names_open.argtypes = [ctypes.POINTER(_Names), pointer]
        lib.names_open.argtypes += [ctypes.POINTER(_Helpers)]
        lib.names_close.argtypes = [ctypes.POINTER(_Names)]
        lib.longest_row.argtypes = [
            ctypes.POINTER(_Layout),
            ctypes.POINTER(_Columns),
        ]
        lib.longest_row.restype = size
        lib.host_mounts_new.argtypes = [ctypes.c_char_p]
        lib.host_mounts_new.restype = pointer
        lib.host_mounts_free.argtypes = [pointer]
        lib.host_path.argtypes = [pointer, ctypes.c_uint32, _Text]
        lib.host_path.argtypes += [pointer, size]
        lib.host_path.restype = pointer
        lib.path_is_wanted.argtypes = [
            ctypes.POINTER(_Glob),
            ctypes.c_uint,
            _Text,
            _Text,
            ctypes.c_int,
        ]
        lib.path_is_wanted.restype = ctypes.c_bool

    def path_is_wanted(
        self,
        globs: Sequence[Glob],
        name: bytes,
        state: int = 0,
        given: Optional[bytes] = None,
    ) -> bool:
        """state: enum path_state of native/event/record.h."""
        both = name, name if given is None else given
        blocks = [_Block(len(one), one) for one in both]
        texts = [_Text(b.address, len(one)) for b, one in zip(blocks, both)]
        array = (_Glob * len(globs))(*map(_native_glob, globs))
        wanted: bool = self._lib.path_is_wanted(
            array, len(globs), *texts, state
        )
        for block in blocks:
            block.free()
        return wanted

    def _put(
        self, function: str, bound: int, name: bytes, *more: object
    ) -> bytes:
        text, out = _Block(len(name), name), _Block(bound)
        end = getattr(self._lib, function)(
            out.address, text.address, len(name), *more
        )
        written = out.bytes_until(end)
        assert len(written) <= bound
        text.free()
        out.free()
        return written

    def shell_text(
        self, name: bytes, cut: bool = False, in_column: bool = False
    ) -> bytes:
        bound = 4 * len(name) + len("$''...") + 1
        return self._put("put_shell_text", bound, name, cut, in_column)

    def json_text(self, name: bytes) -> Tuple[bytes, bool]:
        """The JSON string, and whether it has the whole name."""
        whole = ctypes.c_bool()
        bound = 6 * len(name) + 3
        text = self._put("put_json_text", bound, name, ctypes.byref(whole))
        return text, whole.value

    def json_base64(self, name: bytes) -> bytes:
        bound = (len(name) + 2) // 3 * 4 + 3
        return self._put("put_json_base64", bound, name)

    def _row(
        self,
        kind: str,
        columns: Sequence[Column],
        record: bytes,
        layout: Layout,
        **more: object,
    ) -> str:
        """`more`: other fields of struct row_format, and wall_offset."""
        array = (_Column * len(columns))()
        for native, column in zip(array, columns):
            native.kind = column.kind
            native.field = NativeField(*column.field)
            native.width = column.width
            native.name = column.name.encode()
            native.count = column.elements
            symbols = column.symbols or _usual_symbols(column.kind)
            native.symbols = (_Symbol * len(symbols))(
                *(_Symbol(value, name.encode()) for value, name in symbols)
            )
            native.symbol_count = len(symbols)
        row_format = _RowFormat(
            _Layout(*(NativeField(*field) for field in layout))
        )
        shown = _Columns(array, len(columns), bool(more.pop("color", False)))
        row_format.clock.wall_offset = more.pop("wall_offset", 0)
        for name, value in more.items():
            setattr(row_format, name, value)
        helper = ctypes.create_string_buffer(16384)  # struct helper
        own = ctypes.create_string_buffer(1024)  # struct own_processes
        helpers = _Helpers(
            start=ctypes.cast(self._lib.helper_start, ctypes.c_void_p),
            kill=ctypes.cast(self._lib.helper_kill, ctypes.c_void_p),
            own=ctypes.addressof(own),
            calm_until=2**64 - 1,
        )
        self._lib.names_open(row_format.names, helper, helpers)
        data = _Block(len(record), record)
        native_record = _Record(data.address, len(record))
        bound = self._lib.longest_row(
            ctypes.byref(row_format.layout), ctypes.byref(shown)
        )
        out = _Block(bound)
        one = _OneRow(
            ctypes.pointer(row_format),
            ctypes.pointer(shown),
            ctypes.pointer(native_record),
        )
        end = getattr(self._lib, f"put_{kind}_row")(
            out.address, ctypes.byref(one)
        )
        row = out.bytes_until(end)
        assert len(row) <= bound
        data.free()
        out.free()
        self._lib.names_close(ctypes.byref(row_format.names))
        return row.decode()

    def table_row(
        self,
        columns: Sequence[Column],
        record: bytes,
        layout: Layout = Layout(),
        **more: object,
    ) -> str:
        return self._row("table", columns, record, layout, **more)

    def json_row(
        self,
        columns: Sequence[Column],
        record: bytes,
        layout: Layout = Layout(),
        **more: object,
    ) -> str:
        return self._row("json", columns, record, layout, **more)

    def csv_row(
        self,
        columns: Sequence[Column],
        record: bytes,
        layout: Layout = Layout(),
        **more: object,
    ) -> str:
        return self._row("csv", columns, record, layout, **more)

    def cell(
        self,
        kind: Kind,
        record: bytes,
        layout: Layout = Layout(),
        **more: object,
    ) -> str:
        """The record as one field of this kind, in a table."""
        columns = [Column(kind, (0, len(record)))]
        return self.table_row(columns, record, layout, **more)[:-1]

    def host_path(
        self, mountinfo: bytes, device: int, inside: bytes, room: int = 4096
    ) -> Optional[bytes]:
        """The path that a host with these mounts has for `inside`."""
        with self.host_mounts(mountinfo) as mounts:
            block, out = _Block(len(inside), inside), _Block(room)
            text = _Text(block.address, len(inside))
            end = self._lib.host_path(mounts, device, text, out.address, room)
            found = None if end is None else out.bytes_until(end)
            block.free()
            out.free()
        return found

    @contextmanager
    def host_mounts(self, mountinfo: bytes) -> Iterator[int]:
        """struct host_mounts, for a row_format."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(mountinfo)
            file.flush()
            name = file.name.encode()
            mounts = self._lib.host_mounts_new(name)
            try:
                yield mounts
            finally:
                self._lib.host_mounts_free(mounts)

    def container(self, path: bytes) -> bytes:
        """The container of a cgroup with this path; empty if it has none."""
        kept = ctypes.create_string_buffer(path)
        self._lib.find_container.restype = _Text
        name = self._lib.find_container(kept)
        return ctypes.string_at(name.bytes or 0, name.size)


def built_library(folder: Path) -> Path:
    """The library to test: one from the environment, or one built now."""
    given = os.environ.get(LIBRARY_VARIABLE)
    return Path(given) if given else build(folder, "-O2")
