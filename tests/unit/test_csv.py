# SPDX-License-Identifier: Apache-2.0
"""CSV as Python's csv module reads it, whatever the names hold."""

from __future__ import annotations

import csv
import io
import random
import struct
import subprocess

import pytest

from opensnooplib.rows.headings import Kind
from tests.unit.native import Column, Layout, Native

TEXTS = [
    b"",
    b"plain",
    b"two words",
    b"a,b",
    b'say "hello"',
    b'"',
    b'""',
    b",",
    b"new\nline",
    b"carriage\rreturn",
    b"nul-less \x1b[2J",
    b"\xff\xfe",
    "grün, 世界".encode(),
    b"$'x'",
    b"=cmd|' /C calc'!A0",
    b"+1",
    b"-1",
    b"@SUM(1)",
    b"\t=1",
    b"a=b",
]


def _cells(native: Native, texts: list[bytes]) -> list[str]:
    columns = [Column(Kind.TEXT, (32 * n, 32)) for n in range(len(texts))]
    record = b"".join(text.ljust(32, b"\0") for text in texts)
    row = native.csv_row(columns, record)
    assert row.endswith("\r\n") and row.count("\n") == 1
    (cells,) = csv.reader(io.StringIO(row, newline=""), strict=True)
    return cells


def _as_bash_reads(cell: str) -> bytes:
    if not cell.startswith("$'"):
        return cell.encode()
    script = b"printf %s " + cell.encode()
    return subprocess.run(
        ["bash", "-c", script], check=True, capture_output=True
    ).stdout


@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_reads_back(native: Native, text: bytes) -> None:
    (cell,) = _cells(native, [text]) or [""]
    assert _as_bash_reads(cell) == text


def test_cells_beside_each_other(native: Native) -> None:
    chooser = random.Random(5)
    for _ in range(200):
        texts = [chooser.choice(TEXTS) for _ in range(6)]
        cells = _cells(native, texts)
        assert len(cells) == 6
        for cell, text in zip(cells, texts):
            assert cell.startswith("$'") or cell.encode() == text


def test_no_cell_is_a_formula(native: Native) -> None:
    """What a spreadsheet would run."""
    for first in map(bytes, zip(range(1, 256))):
        (cell,) = _cells(native, [first + b"1+1"])
        assert cell[0] not in "=+-@\t\r\n"


def test_numbers_and_what_is_not_there(native: Native) -> None:
    columns = [
        Column(Kind.SIGNED, (0, 4)),
        Column(Kind.FD, (0, 4)),
        Column(Kind.UNSIGNED, (100, 4)),
        Column(Kind.MODE_BITS, (0, 4)),
        Column(Kind.BYTES, (0, 4)),
    ]
    record = struct.pack("=iQ", -2, 0)
    row = native.csv_row(columns, record, Layout(flags=(4, 8)))
    assert row == "-2,-1,,,feffffff\r\n"


def test_paths(native: Native) -> None:
    layout = Layout(path_size=(0, 4), path=(4, 16))
    path = Column(Kind.PATH, (4, 16))

    def cell(text: bytes, path_size: int) -> str:
        record = struct.pack("=i", path_size) + text
        return native.csv_row([path], record, layout)

    assert cell(b"/a,b\0", 5) == '"/a,b"\r\n'
    assert cell(b"", -14) == "<unreadable>\r\n"
    assert cell(b"<unreadable>\0", 13) == "$'<unreadable>'\r\n"
    assert cell(b"=" * 15, 16) == "$'===============''...\r\n".replace(
        "''", "'"
    )


def test_failed_opens_are_red(native: Native) -> None:
    layout = Layout(ret=(0, 4))
    columns = [Column(Kind.ERR, (0, 4), 3), Column(Kind.FD, (0, 4))]
    for ret, row in ((3, "  0 3"), (-2, "\x1b[31m  2 -1\x1b[0m")):
        record = struct.pack("=i", ret)
        assert native.table_row(columns, record, layout, color=True) == (
            row + "\n"
        )
        assert "\x1b" not in native.table_row(columns, record, layout)
        assert "\x1b" not in native.csv_row(
            columns, record, layout, color=True
        )
