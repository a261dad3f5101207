# SPDX-License-Identifier: Apache-2.0
"""Which columns a row has, for the project's struct event and for others."""

from __future__ import annotations

from typing import List, Optional

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.cli import arguments
from opensnooplib.options import Options
from opensnooplib.rows import row_format
from opensnooplib.rows.column_choice import Column, choose, groups
from opensnooplib.rows.field import Field
from opensnooplib.rows.headings import Kind
from opensnooplib.rows.schema import Schema
from opensnooplib.source.declarations import Note

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
    return row_format.choose(schema, arguments.parse(words)).heading()


def _chosen(words: List[str], *more: Field) -> List[Column]:
    """For the project's struct with `more` fields behind."""
    return choose(Schema(EVENT.fields + more), arguments.parse(words))


def _one(field: Field, words: List[str] = []) -> Column:
    """The column of a field that is added."""
    (column,) = [c for c in _chosen(words, field) if c.field == field]
    return column


def _asked(
    *names: str, time: Optional[str] = None, form: str = "table"
) -> Options:
    options = arguments.parse(["--format", form])
    columns = options.columns._replace(names=names, time=time)
    return options._replace(columns=columns)


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


def test_fields_that_are_added_are_columns_before_the_path() -> None:
    added = (
        Field("ppid", 4156, 4, "unsigned"),
        Field("root", 4160, 32, "text"),
        Field("net", 4192, 16, "bytes"),
    )
    table = _chosen([], *added)
    assert [column.heading for column in table] == (
        "PID COMM FD ERR PPID ROOT NET PATH".split()
    )
    assert [column.field for column in table[4:7]] == list(added)
    for column in table[4:7]:
        assert abs(column.width) >= len(column.heading)


@pytest.mark.parametrize(
    "field, table, data",
    [
        (Field("x", 0, 4, "unsigned"), Kind.UNSIGNED, Kind.UNSIGNED),
        (Field("x", 0, 1, "signed"), Kind.SIGNED, Kind.SIGNED),
        (Field("x", 0, 1, "bool"), Kind.BOOL, Kind.BOOL),
        (Field("x", 0, 8, "pointer"), Kind.HEX, Kind.UNSIGNED),
        (Field("x", 0, 9, "text"), Kind.TEXT, Kind.TEXT),
        (Field("x", 0, 9, "bytes"), Kind.BYTES, Kind.BYTES),
        (Field("x", 0, 32, "signed", 4), Kind.SIGNED, Kind.SIGNED),
        (
            Field("x", 0, 4, "unsigned", symbols=((0, "a"),)),
            Kind.ENUM,
            Kind.ENUM,
        ),
    ],
)
def test_rendering_by_type(field: Field, table: Kind, data: Kind) -> None:
    assert _one(field).kind == table
    for form in ("json", "csv"):
        assert _one(field, ["--format", form]).kind == data


@pytest.mark.parametrize(
    "rendering, kind",
    [
        ("octal", Kind.OCTAL),
        ("hex", Kind.HEX),
        ("errno", Kind.ERRNO),
        ("ns", Kind.NS),
        ("uid", Kind.USER),
        ("gid", Kind.GROUP),
    ],
)
def test_renderings_are_for_the_table(rendering: str, kind: Kind) -> None:
    field = Field("x", 0, 4, "unsigned", note=Note(rendering=rendering))
    assert _one(field).kind == kind
    assert _one(field, ["--format", "json"]).kind == Kind.UNSIGNED


@pytest.mark.parametrize(
    "field, kind",
    [
        (Field("ret", 0, 8, "text"), Kind.TEXT),
        (Field("ret", 0, 1, "bool"), Kind.BOOL),
        (Field("ret", 0, 4, "unsigned", symbols=((0, "a"),)), Kind.ENUM),
        (Field("comm", 0, 8, "unsigned"), Kind.UNSIGNED),
        (Field("path", 0, 8, "pointer"), Kind.HEX),
        (Field("ts", 0, 4, "unsigned"), Kind.UNSIGNED),
        (Field("pid", 0, 8, "unsigned", elements=2), Kind.UNSIGNED),
        (Field("flags", 0, 16, "bytes"), Kind.BYTES),
        (Field("callers", 0, 16, "unsigned", elements=4), Kind.UNSIGNED),
        (Field("path_size", 0, 4, "signed"), Kind.SIGNED),
    ],
)
def test_a_known_name_of_another_type(field: Field, kind: Kind) -> None:
    """It is a field as any other."""
    for form in ("table", "json"):
        options = arguments.parse(["--format", form])
        (column,) = choose(Schema((field,)), options)
        assert (column.key, column.field) == (field.name, field)
        if field.kind != "pointer" or form == "table":
            assert column.kind == kind


def test_a_column_of_a_field_of_another_type() -> None:
    schema = Schema((Field("ret", 0, 8, "text"),))
    options = arguments.parse(["--columns", "fd"])
    with pytest.raises(OpensnoopError, match="^--columns fd .* another type"):
        choose(schema, options)


def test_ns_have_the_sign_of_their_type() -> None:
    field = Field("x", 0, 8, "signed", note=Note(rendering="ns"))
    column = _one(field)
    assert (column.kind, column.heading) == (Kind.SIGNED_NS, "X(us)")


def test_a_comment_sets_heading_and_width() -> None:
    note = Note(heading="PARENT", width=-9)
    column = _one(Field("ppid", 0, 4, "unsigned", note=note))
    assert (column.heading, column.width) == ("PARENT", -9)
    assert column.key == "ppid"
    # A heading is never wider than its column.
    column = _one(Field("x", 0, 4, "unsigned", note=Note(heading="X" * 20)))
    assert column.width == 20
    column = _one(Field("a.b", 0, 4, "unsigned", note=Note(width=-1)))
    assert (column.heading, column.width) == ("A.B", -3)


def test_a_comment_wins_over_what_the_frontend_knows() -> None:
    fields = [
        f._replace(note=Note("", "PROCESS", 8, "hex"))
        if f.name == "pid"
        else f
        for f in EVENT.fields
    ]
    column = choose(Schema(tuple(fields)), arguments.parse([]))[0]
    assert column[:3] == ("PROCESS", "pid", Kind.HEX)
    assert column.width == 8


def test_a_duration_says_its_unit() -> None:
    field = Field("took", 0, 8, "unsigned", note=Note(rendering="ns"))
    assert _one(field).heading == "TOOK(us)"


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


@pytest.mark.parametrize(
    "words, name",
    [
        (["--format", "paths"], "path"),
        (["--format", "folded"], "comm"),
        (["--summary", "--by", "uid"], "uid"),
        (["--once"], "comm"),
    ],
)
def test_an_option_whose_field_is_not_there(
    words: List[str], name: str
) -> None:
    others = tuple(field for field in EVENT.fields if field.name != name)
    option = " ".join(words[-2:])
    with pytest.raises(OpensnoopError, match=f"^{option} shows .* {name},"):
        _heading(words, Schema(others))


def test_a_group_by_what_is_no_column() -> None:
    """As with --live, when the field is taken out of the C."""
    options = arguments.parse(["--summary", "--by", "call"])
    with pytest.raises(OpensnoopError, match="^--by call: no such column"):
        groups(EVENT, options)


def test_groups_of_what_is_there() -> None:
    """The key g of --top goes to no group that would be empty."""
    of_time = Schema(EVENT.fields[:1])
    assert groups(of_time, arguments.parse(["--top"])) == [[]]
    with_user = Schema(tuple(f for f in EVENT.fields if f.name == "uid"))
    (none, (user,)) = groups(with_user, arguments.parse(["--top"]))
    assert not none and user.heading == "USER"


def test_the_columns_that_are_asked_for_in_their_order() -> None:
    chosen = choose(EVENT, _asked("path", "time", "errname", "ts", "flags"))
    assert [column.key for column in chosen] == (
        "path time errname ts flags".split()
    )
    assert [column.kind for column in chosen] == [
        Kind.PATH,
        Kind.SECONDS,
        Kind.ERRNAME,
        Kind.UNSIGNED,
        Kind.FLAG_NAMES,
    ]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_in_data_numbers_are_numbers(form: str) -> None:
    options = _asked("time", "flags", "mode", "user", form=form)
    assert [column.kind for column in choose(EVENT, options)] == [
        Kind.DATE,
        Kind.UNSIGNED,
        Kind.MODE_BITS,
        Kind.USER,
    ]


@pytest.mark.parametrize(
    "style, heading, kind",
    [
        ("relative", "TIME(s)", Kind.SECONDS),
        ("wall", "TIME", Kind.WALL),
        ("mono", "MONO(s)", Kind.MONO),
        ("delta", "DELTA(s)", Kind.DELTA),
    ],
)
def test_styles_of_time(style: str, heading: str, kind: Kind) -> None:
    column = _chosen(["--time", style])[0]
    assert (column.heading, column.kind) == (heading, kind)
    assert choose(EVENT, _asked("pid", "time", time=style))[1] == column


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("pth", "did you mean path?"),
        ("path_size", "no such column"),
        ("container", "the field cgroup_id, which struct event does not have"),
    ],
)
def test_columns_that_a_schema_does_not_have(name: str, sentence: str) -> None:
    """As for a recording, whose struct the checkout doesn't know."""
    with pytest.raises(OpensnoopError, match="^--columns ") as raised:
        choose(EVENT, _asked("pid", name))
    assert sentence in raised.value.sentence


@pytest.mark.parametrize("form", ["json", "csv"])
def test_data_has_every_field_and_what_they_mean(form: str) -> None:
    chosen = _chosen(["--format", form])
    assert [column.key for column in chosen] == (
        "ts time pid tid uid ret fd err flags mode comm path".split()
    )
    kinds = {column.key: column.kind for column in chosen}
    assert kinds["mode"] == Kind.MODE_BITS
    assert kinds["path"] == Kind.PATH
    assert kinds["fd"] == Kind.FD
    assert kinds["err"] == Kind.ERR
    assert kinds["ts"] == Kind.UNSIGNED
    assert kinds["flags"] == Kind.UNSIGNED
    assert kinds["ret"] == Kind.SIGNED


def test_a_field_named_as_a_meaning_is_itself() -> None:
    own = Field("fd", 0, 4, "unsigned")
    for form in ("table", "json", "csv"):
        (column,) = [
            c for c in _chosen(["--format", form], own) if c.key == "fd"
        ]
        assert (column.field, column.kind) == (own, Kind.UNSIGNED)


def test_csv_begins_with_the_keys() -> None:
    assert _heading(["--format", "json"]) == ""
    assert _heading(["--format", "csv"]) == (
        "ts,time,pid,tid,uid,ret,fd,err,flags,mode,comm,path\r\n"
    )


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_no_column_at_all(form: str) -> None:
    nothing = Schema(())
    with pytest.raises(OpensnoopError, match="no field to show"):
        choose(nothing, arguments.parse(["--format", form]))
