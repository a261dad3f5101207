# SPDX-License-Identifier: Apache-2.0
"""Which columns a row has: from the fields of struct event, by name.

Fields that are known by name have a rendering of their own; every other field
is a column by its type, so that a field added in C is seen.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Dict, List, NamedTuple

from opensnooplib.options import Options
from opensnooplib.errors import OpensnoopError
from opensnooplib.schema import Field, Schema


class Kind(IntEnum):
    """How a column is rendered: enum column_kind of native/row.h."""

    UNSIGNED = 0
    SIGNED = 1
    TEXT = 2
    BYTES = 3
    SECONDS = 4
    FD = 5
    ERR = 6
    FLAGS = 7
    MODE = 8
    PATH = 9


class Column(NamedTuple):
    heading: str
    key: str  # in JSON
    kind: Kind
    field: Field
    width: int  # characters; negative: left-aligned


# In the table only when asked for, and in JSON always.
_HIDDEN = ("ts", "tid", "uid", "flags", "mode")
# Not shown as they are: the path's length is part of the path.
_INTERNAL = ("path_size",)
_FIRST = ("pid", "comm", "ret")

_GENERIC_KINDS = {
    "unsigned": Kind.UNSIGNED,
    "signed": Kind.SIGNED,
    "text": Kind.TEXT,
    "bytes": Kind.BYTES,
}


def _generic(field: Field) -> Column:
    """A field that the frontend doesn't know, by its type."""
    heading = field.name.upper()
    width = max(len(heading), 3 if field.size == 1 else 6)
    if field.kind == "text":
        width = -max(len(heading), min(field.size, 16))
    return Column(
        heading, field.name, _GENERIC_KINDS[field.kind], field, width
    )


def table(schema: Schema, options: Options) -> List[Column]:
    """The columns of the table, from left to right.

    Headings, widths and their order are those of BCC's opensnoop.py, for what
    it has; other fields stand before PATH.
    """
    wanted: List[Column] = []

    def want(name: str, heading: str, kind: Kind, width: int) -> None:
        field = schema.find(name)
        if field is not None:
            wanted.append(Column(heading, name, kind, field, width))

    _refuse_missing(schema, options)
    if options.show_time:
        want("ts", "TIME(s)", Kind.SECONDS, -13)
    if options.show_uid:
        want("uid", "UID", Kind.UNSIGNED, -5)
    if options.tid is not None:
        want("tid", "TID", Kind.UNSIGNED, -6)
    else:
        want("pid", "PID", Kind.UNSIGNED, -6)
    want("comm", "COMM", Kind.TEXT, -16)
    want("ret", "FD", Kind.FD, 4)
    want("ret", "ERR", Kind.ERR, 3)
    if options.show_flags:
        want("flags", "FLAGS", Kind.FLAGS, -8)
        want("mode", "MODE", Kind.MODE, -4)
    known = _FIRST + _HIDDEN + _INTERNAL + ("path",)
    wanted += [_generic(f) for f in schema.fields if f.name not in known]
    want("path", "PATH", Kind.PATH, 0)
    return _at_least_one(wanted)


def _refuse_missing(schema: Schema, options: Options) -> None:
    asked = (
        ("-T", options.show_time, ("ts",)),
        ("-U", options.show_uid, ("uid",)),
        ("-t", options.tid is not None, ("tid",)),
        ("-e", options.show_flags, ("flags", "mode")),
    )
    for option, is_asked, names in asked:
        for name in names:
            if is_asked and schema.find(name) is None:
                raise OpensnoopError(
                    f"{option} shows the field {name}, which struct event "
                    "does not have: add it, or leave the option out"
                )


def heading(columns: List[Column]) -> str:
    """The table's first line, newline included."""
    words = []
    for column in columns:
        width = abs(column.width)
        if column.width < 0:
            words.append(column.heading.ljust(width))
        else:
            words.append(column.heading.rjust(width))
    return " ".join(words) + "\n"


_JSON_KINDS: Dict[str, Kind] = {"mode": Kind.MODE, "path": Kind.PATH}


def json(schema: Schema) -> List[Column]:
    """All fields by their names, and what `ret` means: fd and err."""
    wanted: List[Column] = []
    for field in schema.fields:
        if field.name in _INTERNAL:
            continue
        generic = _generic(field)
        kind = _JSON_KINDS.get(field.name, generic.kind)
        wanted.append(generic._replace(kind=kind))
        if field.name == "ret":
            for key, kind in (("fd", Kind.FD), ("err", Kind.ERR)):
                if schema.find(key) is None:
                    wanted.append(Column(key.upper(), key, kind, field, 0))
    return _at_least_one(wanted)


def _at_least_one(columns: List[Column]) -> List[Column]:
    if not columns:
        raise OpensnoopError(
            "struct event has no field to show: give it one, such as "
            "char comm[TASK_COMM_LEN]"
        )
    return columns
