# SPDX-License-Identifier: Apache-2.0
"""Rows: each kind of column, its padding, and records that are too short."""

from __future__ import annotations

import base64
import json
import os
import struct
from typing import Any, Union

import pytest

from opensnooplib.rows.headings import Kind
from tests.unit.native import Column, Layout, Native

SIZES = {1: "b", 2: "h", 4: "i", 8: "q"}


def _json(
    native: Native, column: Column, record: bytes, layout: Layout = Layout()
) -> Any:
    row = native.json_row([column], record, layout)
    assert row.endswith("}\n")
    return json.loads(row)


@pytest.mark.parametrize("size", SIZES)
def test_integers_of_every_width(native: Native, size: int) -> None:
    code = SIZES[size]
    bits = 8 * size
    for value in (0, 1, 9, 10, 99, 2 ** (bits - 1), 2**bits - 1):
        record = struct.pack("=" + code.upper(), value)
        assert native.cell(Kind.UNSIGNED, record) == str(value)
        column = Column(Kind.UNSIGNED, (0, size))
        assert _json(native, column, record) == {"name": value}
    for value in (0, 1, -1, -9, -10, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1):
        record = struct.pack("=" + code, value)
        assert native.cell(Kind.SIGNED, record) == str(value)
        column = Column(Kind.SIGNED, (0, size))
        assert _json(native, column, record) == {"name": value}


def test_a_field_is_read_at_its_offset(native: Native) -> None:
    column = Column(Kind.UNSIGNED, (3, 4))
    record = b"\xff\xff\xff" + struct.pack("=I", 123456) + b"\xff"
    assert native.table_row([column], record) == "123456\n"


@pytest.mark.parametrize("size", [3, 5, 6, 7, 9, 16])
def test_integers_have_1_2_4_or_8_bytes(native: Native, size: int) -> None:
    column = Column(Kind.UNSIGNED, (0, size))
    assert native.table_row([column], bytes(size)) == "?\n"
    assert _json(native, column, bytes(size)) == {"name": None}


def test_bytes_are_hex_digits(native: Native) -> None:
    record = bytes(range(256))
    assert native.cell(Kind.BYTES, record) == record.hex()
    column = Column(Kind.BYTES, (0, 256))
    assert _json(native, column, record) == {"name": record.hex()}


@pytest.mark.parametrize(
    "ts, first, shown",
    [
        (1_000_000_000, 1_000_000_000, "0.000000000"),
        (1_000_001_000, 1_000_000_000, "0.000001000"),
        # As in BCC, each time is cut to microseconds first.
        (1_000_000_999, 1_000_000_000, "0.000000000"),
        (1_000_001_000, 1_000_000_999, "0.000001000"),
        (4_500_000_000, 1_000_000_000, "3.500000000"),
        (1_000_000_000, 2_500_001_000, "-1.500001000"),
        (2**64 - 1, 0, "18446744073.709551000"),
        (0, 2**64 - 1, "-18446744073.709551000"),
    ],
)
def test_seconds_since_the_first_row(
    native: Native, ts: int, first: int, shown: str
) -> None:
    column = Column(Kind.SECONDS, (0, 8))
    record = struct.pack("=Q", ts)
    row = native.table_row([column], record, first_ts=first)
    assert row == shown + "\n"


Cell = Union[int, str]


@pytest.mark.parametrize(
    "ret, fd, err",
    [
        (0, 0, 0),
        (3, 3, 0),
        (2**31 - 1, "-", 0),  # opened, but without a descriptor
        (2**31 - 2, "?", "?"),  # the kernel doesn't tell
        (2**31 - 3, "...", "..."),  # not yet
        (2**31 - 4, 2**31 - 4, 0),
        (-1, -1, 1),
        (-2, -1, 2),
        (-4095, -1, 4095),
        (-(2**31), -1, 2**31),
    ],
)
def test_fd_and_err(native: Native, ret: int, fd: Cell, err: Cell) -> None:
    for code in "iq":
        record = struct.pack("=" + code, ret)
        assert native.cell(Kind.FD, record) == str(fd)
        assert native.cell(Kind.ERR, record) == str(err)
        assert _json(native, Column(Kind.FD, (0, len(record))), record) == {
            "name": fd if isinstance(fd, int) else None
        }


def test_the_smallest_result_has_no_errno(native: Native) -> None:
    record = struct.pack("=q", -(2**63))
    assert native.cell(Kind.FD, record) == "-1"
    assert native.cell(Kind.ERR, record) == "0"


def test_flags_are_octal(native: Native) -> None:
    for value, shown in (
        (0, "00000000"),
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "00001101"),
        (0o123456701, "123456701"),
        (2**64 - 1, "1777777777777777777777"),
    ):
        assert native.cell(Kind.FLAGS, struct.pack("=Q", value)) == shown


@pytest.mark.parametrize(
    "flags, counts",
    [
        (os.O_RDONLY, False),
        (os.O_WRONLY | os.O_TRUNC, False),
        (os.O_DIRECTORY, False),  # a part of O_TMPFILE
        (os.O_WRONLY | os.O_CREAT, True),
        (os.O_RDWR | os.O_TMPFILE, True),
    ],
)
def test_mode_only_where_the_kernel_uses_it(
    native: Native, flags: int, counts: bool
) -> None:
    record = struct.pack("=IQ", 0o644, flags)
    column = Column(Kind.MODE, (0, 4))
    layout = Layout(flags=(4, 8))
    shown = native.table_row([column], record, layout)
    assert shown == ("0644\n" if counts else "n/a\n")
    column = Column(Kind.MODE_BITS, (0, 4))
    expected = 0o644 if counts else None
    assert _json(native, column, record, layout) == {"name": expected}


def test_mode_without_flags(native: Native) -> None:
    assert native.cell(Kind.MODE, struct.pack("=I", 0o17)) == "0017"


@pytest.mark.parametrize("kind", [len(Kind), 255, 2**32 - 1])
def test_an_unknown_kind_is_shown_all_the_same(
    native: Native, kind: int
) -> None:
    column = Column(kind, (0, 1))
    assert native.table_row([column], b"\x2a") == "42\n"
    assert _json(native, column, b"\x2a") == {"name": 42}


def test_text_ends_at_its_nul_or_with_its_field(native: Native) -> None:
    assert native.cell(Kind.TEXT, b"cat\0dog") == "cat"
    assert native.cell(Kind.TEXT, b"0123456789abcdef") == "0123456789abcdef"
    column = Column(Kind.TEXT, (0, 4))
    assert native.table_row([column], b"catalogue") == "cata\n"
    # and with the record
    assert native.table_row([Column(Kind.TEXT, (2, 16))], b"cat") == "t\n"


def test_hostile_text_is_quoted(native: Native) -> None:
    comm = b"\x1b[31m\n"
    assert native.cell(Kind.TEXT, comm) == r"$'\x1b[31m\n'"
    column = Column(Kind.TEXT, (0, 6))
    assert _json(native, column, comm) == {"name": "\x1b[31m\n"}


@pytest.mark.parametrize("follows", [True, False])
def test_text_that_could_shift_columns(native: Native, follows: bool) -> None:
    """A name is quoted anywhere, and a path where a column follows it."""
    forged = b"ls     3   0 /e\0"
    fd = Column(Kind.FD, (0, 4), 4, name="fd")
    path = Column(Kind.PATH, (4, 16), name="path")
    comm = Column(Kind.TEXT, (4, 16), -16, name="comm")
    layout = Layout(ret=(0, 4), path=(4, 16))
    record = struct.pack("=i", 7) + forged
    columns = [comm, path, fd] if follows else [fd, comm, path]
    quoted, shown = "$'ls     3   0 /e'", forged[:-1].decode()
    rows = [f"{quoted} {quoted}    7\n", f"   7 {quoted} {shown}\n"]
    assert native.table_row(columns, record, layout) == rows[not follows]
    assert json.loads(native.json_row(columns, record, layout)) == {
        "comm": shown,
        "path": shown,
        "fd": 7,
    }


def test_text_that_is_not_utf8_comes_as_base64_too(native: Native) -> None:
    column = Column(Kind.TEXT, (0, 16), name="comm")
    raw = b"caf\xe9"
    assert _json(native, column, raw + bytes(12)) == {
        "comm": "caf\ufffd",
        "comm_bytes": base64.b64encode(raw).decode(),
    }


PATH_LAYOUT = Layout(path_size=(0, 4), path=(4, 16))
PATH = Column(Kind.PATH, (4, 16), name="path")


def _path_record(path: bytes, path_size: int) -> bytes:
    return struct.pack("=i", path_size) + path


def test_paths(native: Native) -> None:
    record = _path_record(b"/etc/passwd\0", 12)
    assert native.table_row([PATH], record, PATH_LAYOUT) == "/etc/passwd\n"
    assert _json(native, PATH, record, PATH_LAYOUT) == {"path": "/etc/passwd"}


@pytest.mark.parametrize(
    "path, directory",
    [
        (b"/etc/passwd", "/etc"),
        (b"a//b", "a"),
        (b"/vmlinuz", "/"),
        (b"///x", "/"),
        (b"/", "/"),
        (b"name", "."),
        (b"", "."),
    ],
)
def test_directories(native: Native, path: bytes, directory: str) -> None:
    record = _path_record(path + b"\0", len(path) + 1)
    column = PATH._replace(kind=Kind.DIRECTORY)
    row = native.table_row([column], record, PATH_LAYOUT)
    assert row == directory + "\n"


def test_a_path_that_just_fits(native: Native) -> None:
    record = _path_record(b"x" * 14 + b"\0", 15)
    assert native.table_row([PATH], record, PATH_LAYOUT) == "x" * 14 + "\n"
    assert _json(native, PATH, record, PATH_LAYOUT) == {"path": "x" * 14}


def test_a_path_that_is_too_long(native: Native) -> None:
    record = _path_record(b"x" * 15 + b"\0", 16)
    row = native.table_row([PATH], record, PATH_LAYOUT)
    assert row == "$'" + "x" * 15 + "'...\n"
    assert _json(native, PATH, record, PATH_LAYOUT) == {
        "path": "x" * 15,
        "path_cut": True,
    }


def test_an_empty_path_is_not_an_unreadable_one(native: Native) -> None:
    record = _path_record(b"\0", 1)
    assert native.table_row([PATH], record, PATH_LAYOUT) == "\n"
    assert _json(native, PATH, record, PATH_LAYOUT) == {"path": ""}


@pytest.mark.parametrize("path_size", [-14, 0, -(2**31)])
def test_an_unreadable_path(native: Native, path_size: int) -> None:
    record = _path_record(b"stale\0", path_size)
    row = native.table_row([PATH], record, PATH_LAYOUT)
    assert row == "<unreadable>\n"
    assert _json(native, PATH, record, PATH_LAYOUT) == {"path": None}


def test_a_path_without_a_size(native: Native) -> None:
    row = native.table_row([PATH], b"1234/etc\0", Layout(path=(4, 16)))
    assert row == "/etc\n"


def test_a_path_that_is_not_utf8_and_cut(native: Native) -> None:
    raw = b"\xff" * 15
    record = _path_record(raw + b"\0", 16)
    assert _json(native, PATH, record, PATH_LAYOUT) == {
        "path": "\ufffd" * 15,
        "path_bytes": base64.b64encode(raw).decode(),
        "path_cut": True,
    }


def test_padding(native: Native) -> None:
    record = struct.pack("=I", 42)

    def row(*widths: int) -> str:
        columns = [Column(Kind.UNSIGNED, (0, 4), width) for width in widths]
        return native.table_row(columns, record)

    assert row(0, 0) == "42 42\n"
    assert row(-6, 0) == "42     42\n"
    assert row(6, 0) == "    42 42\n"
    assert row(1, -1, 0) == "42 42 42\n"
    # Nothing follows the last column.
    assert row(0, -6) == "42 42\n"
    assert row(0, 6) == "42     42\n"
    assert row(-4096, 4096) == "42".ljust(4096) + " " + "42".rjust(4096) + "\n"


def test_a_row_like_that_of_bcc(native: Native) -> None:
    record = struct.pack("=Ii16s", 181, -2, b"cat") + b"/no/such\0"
    columns = [
        Column(Kind.UNSIGNED, (0, 4), -6),
        Column(Kind.TEXT, (8, 16), -16),
        Column(Kind.FD, (4, 4), 4),
        Column(Kind.ERR, (4, 4), 3),
        Column(Kind.PATH, (24, 64), 0),
    ]
    row = native.table_row(columns, record, Layout(path=(24, 64)))
    # bcc, tools/opensnoop.py
    assert row == "%-6d %-16s %4d %3d %s\n" % (181, "cat", -1, 2, "/no/such")


@pytest.mark.parametrize(
    "kind",
    [
        Kind.UNSIGNED,
        Kind.SIGNED,
        Kind.BYTES,
        Kind.SECONDS,
        Kind.FD,
        Kind.ERR,
        Kind.FLAGS,
        Kind.MODE,
    ],
)
@pytest.mark.parametrize(
    "offset", [0, 1, 7, 8, 9, 2**31, 2**32 - 8, 2**32 - 1]
)
def test_records_that_are_too_short(
    native: Native, kind: Kind, offset: int
) -> None:
    column = Column(kind, (offset, 8))
    record = b"\0" * 7
    assert native.table_row([column], record) == "?\n"
    assert _json(native, column, record) == {"name": None}


def test_no_columns(native: Native) -> None:
    assert native.table_row([], b"") == "\n"
    assert native.json_row([], b"") == "{}\n"


def test_json_columns_are_separated(native: Native) -> None:
    columns = [
        Column(Kind.UNSIGNED, (0, 1), name="a"),
        Column(Kind.TEXT, (1, 4), name="b"),
    ]
    row = native.json_row(columns, b"\x07cat\0")
    assert row == '{"a": 7, "b": "cat"}\n'
