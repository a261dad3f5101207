# SPDX-License-Identifier: Apache-2.0
"""Which columns a row has, for the project's struct event and for others."""

from __future__ import annotations

from typing import List

import pytest

from opensnooplib import arguments, columns
from opensnooplib.columns import Kind
from opensnooplib.errors import OpensnoopError
from opensnooplib.schema import Field, Schema

# bpf_src/event.h
EVENT = Schema(
    (
        Field("ts", 0, 8, "unsigned"),
        Field("pid", 8, 4, "unsigned"),
        Field("tid", 12, 4, "unsigned"),
        Field("uid", 16, 4, "unsigned"),
        Field("ret", 20, 4, "signed"),
        Field("flags", 24, 8, "unsigned"),
        Field("mode", 32, 4, "unsigned"),
        Field("path_size", 36, 4, "signed"),
        Field("comm", 40, 16, "text"),
        Field("path", 56, 4097, "text"),
    )
)


def _heading(words: List[str], schema: Schema = EVENT) -> str:
    options = arguments.parse(words)
    return columns.heading(columns.table(schema, options))


@pytest.mark.parametrize(
    "words, bcc",
    [
        # What opensnoop.py of BCC 0.37 prints for its heading.
        ([], ["%-6s %-16s %4s %3s ", ("PID", "COMM", "FD", "ERR")]),
        (
            ["-T"],
            ["%-13s %-6s %-16s %4s %3s ", "TIME(s) PID COMM FD ERR".split()],
        ),
        (["-U"], ["%-5s %-6s %-16s %4s %3s ", "UID PID COMM FD ERR".split()]),
        (["-t", "1"], ["%-6s %-16s %4s %3s ", "TID COMM FD ERR".split()]),
        (
            ["-e"],
            [
                "%-6s %-16s %4s %3s %-8s %-4s ",
                "PID COMM FD ERR FLAGS MODE".split(),
            ],
        ),
        (
            ["-TUe"],
            [
                "%-13s %-5s %-6s %-16s %4s %3s %-8s %-4s ",
                "TIME(s) UID PID COMM FD ERR FLAGS MODE".split(),
            ],
        ),
    ],
)
def test_headings_are_those_of_bcc(words: List[str], bcc: List[str]) -> None:
    form, names = bcc
    assert _heading(words) == form % tuple(names) + "PATH\n"


def test_a_field_that_is_added_is_a_column() -> None:
    added = Schema(
        EVENT.fields
        + (
            Field("ppid", 4156, 4, "unsigned"),
            Field("root", 4160, 32, "text"),
            Field("net", 4192, 16, "bytes"),
            Field("nice", 4208, 1, "signed"),
        )
    )
    table = columns.table(added, arguments.parse([]))
    assert [column.heading for column in table] == (
        "PID COMM FD ERR PPID ROOT NET NICE PATH".split()
    )
    assert [column.kind for column in table[4:8]] == [
        Kind.UNSIGNED,
        Kind.TEXT,
        Kind.BYTES,
        Kind.SIGNED,
    ]
    assert table[4].field == added.find("ppid")
    for column in table[4:8]:
        assert abs(column.width) >= len(column.heading)


def test_fields_that_are_taken_out_are_no_columns() -> None:
    fewer = Schema(EVENT.fields[1:2] + EVENT.fields[9:])
    assert _heading([], fewer) == "PID    PATH\n"


@pytest.mark.parametrize(
    "words, name",
    [
        (["-T"], "ts"),
        (["-U"], "uid"),
        (["-t", "1"], "tid"),
        (["-e"], "flags"),
    ],
)
def test_a_column_whose_field_is_not_there(
    words: List[str], name: str
) -> None:
    others = tuple(field for field in EVENT.fields if field.name != name)
    with pytest.raises(OpensnoopError, match=f"{words[0]} shows .* {name},"):
        _heading(words, Schema(others))


def test_json_has_every_field_and_what_ret_means() -> None:
    keys = [column.key for column in columns.json(EVENT)]
    assert keys == ("ts pid tid uid ret fd err flags mode comm path".split())
    kinds = {column.key: column.kind for column in columns.json(EVENT)}
    assert kinds["mode"] == Kind.MODE
    assert kinds["path"] == Kind.PATH
    assert kinds["fd"] == Kind.FD
    assert kinds["err"] == Kind.ERR
    assert kinds["ts"] == Kind.UNSIGNED
    assert kinds["flags"] == Kind.UNSIGNED
    assert kinds["ret"] == Kind.SIGNED


def test_no_column_at_all() -> None:
    nothing = Schema((Field("path_size", 0, 4, "signed"),))
    with pytest.raises(OpensnoopError, match="no field to show"):
        columns.table(nothing, arguments.parse([]))
    with pytest.raises(OpensnoopError, match="no field to show"):
        columns.json(nothing)
