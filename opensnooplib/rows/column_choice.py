# SPDX-License-Identifier: Apache-2.0
"""The columns of a row, chosen by name from the fields of struct event.

Columns with a meaning of their own are in headings.py; one field can have
several of them. Every other field is a column by its type, so that a field
added in C is shown. A comment on the field in C wins over both.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple, Sequence

from opensnooplib.base.error_names import ERROR_NAMES
from opensnooplib.base.errors import SourceError
from opensnooplib.base.open_flags import FLAG_NAMES
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.options import Options
from opensnooplib.rows.field import SYMBOL_LIMIT, Field
from opensnooplib.rows.headings import KNOWN, STYLES, Kind
from opensnooplib.rows.schema import Schema


class Column(NamedTuple):
    """One column of a row; the number of elements is the field's."""

    heading: str
    key: str  # in JSON and CSV
    kind: Kind
    field: Field
    width: int  # characters; negative: left-aligned

    @property
    def symbols(self) -> Sequence[tuple[int, str]]:
        """The names of numbers that the column shows, by value."""
        if self.kind == Kind.FLAG_NAMES:
            return FLAG_NAMES
        if self.kind in (Kind.ERRNO, Kind.ERRNAME):
            return list(ERROR_NAMES.items())
        return self.field.symbols


# Fields that JSON always has, and the table only when asked for.
_HIDDEN = ("ts", "tid", "uid", "flags", "mode")
# Fields that say how to read the path, and are not shown beside one.
INTERNAL = (
    *("path_size", "dir_size", "dir_state"),
    *("fs_device", "fs_size", "mount_size"),
)
# Columns of opens: what is no open may have other fields of these names.
_OF_OPENS = "fd err errname flags mode exe args pcomm parents unit".split()
_USUAL = ("pid", "comm", "ret", "path")

_RENDERINGS = {
    "octal": Kind.OCTAL,
    "hex": Kind.HEX,
    "errno": Kind.ERRNO,
    "ns": Kind.NS,
    "uid": Kind.USER,
    "gid": Kind.GROUP,
}


def _kind_by_type(field: Field) -> Kind:
    if field.symbols:
        return Kind.ENUM
    if field.kind == "pointer":
        return Kind.HEX
    return Kind[field.kind.upper()]


def _kind_in_table(field: Field, usual: Kind) -> Kind:
    """The rendering that the comment on the field asks for, else `usual`."""
    kind = _RENDERINGS.get(field.note.rendering, usual)
    if kind == Kind.NS and field.kind == "signed":
        return Kind.SIGNED_NS
    return kind


def _by_type(field: Field) -> Column:
    """The column of a field that the frontend doesn't know, in a table."""
    kind = _kind_in_table(field, _kind_by_type(field))
    heading = field.name.upper()
    if kind in (Kind.NS, Kind.SIGNED_NS):
        heading += "(us)"
    width = max(len(heading), 3 if field.size == 1 else 6)
    if field.kind == "text":
        width = -max(len(heading), min(field.size, 16))
    elif kind == Kind.ENUM and not field.elements:
        names = [len(name) for _, name in field.symbols]
        width = -max(len(heading), *names)
    elif kind in (Kind.USER, Kind.GROUP, Kind.ERRNO):
        width = -max(len(heading), 8)
    return Column(heading, field.name, kind, field, width)


def _with_note(column: Column) -> Column:
    """The column as the comment on its field asks for it."""
    note = column.field.note
    heading = note.heading or column.heading
    width = note.width or column.width
    if 0 < abs(width) < len(heading):
        width = len(heading) if width > 0 else -len(heading)
    kind = _kind_in_table(column.field, column.kind)
    return column._replace(heading=heading, width=width, kind=kind)


def _is_internal(field: Field, schema: Schema) -> bool:
    """Does the field only say how to read the path?"""
    is_read = schema.known("path") and schema.known(field.name)
    return field.name in INTERNAL and bool(is_read)


def _find(schema: Schema, name: str, options: Options) -> Column | None:
    """The column of this name, if the struct has its field."""
    known = KNOWN.get(name)
    if known and known.field != name and schema.find(name):
        known = None  # the C has another field of that name
    if name in _OF_OPENS and not schema.known("path"):
        known = None  # what isn't an open has other flags, for example
    field = schema.known(known.field) if known else None
    if field is None:
        known, field = None, schema.find(name)
    if field is None or _is_internal(field, schema):
        return None
    if options.output.format != "table":
        if known:
            kind = known.data_kind
        elif field.kind == "pointer":
            kind = Kind.UNSIGNED
        else:
            kind = _kind_by_type(field)
        return Column(name, name, kind, field, 0)
    if not known:
        return _with_note(_by_type(field))
    heading, kind, width = known.heading, known.kind, known.width
    if name == "time":
        heading, kind, width = STYLES[options.columns.time or "relative"]
    elif name == "flags" and options.columns.extended_fields:
        kind, width = Kind.FLAGS, -8  # as BCC's opensnoop shows them
    column = Column(heading, name, kind, field, width)
    return _with_note(column) if name == known.field else column


def choose(schema: Schema, options: Options) -> list[Column]:
    """The columns of a row, from left to right.

    Raises SourceError where the struct has no field for what was asked.
    """
    if options.columns.names:
        names = list(options.columns.names)
    elif options.output.format == "table":
        names = _of_table(schema, options)
    elif options.output.format == "paths":
        names = ["path"]
    elif options.output.format == "folded":
        asks_callers = "callers" in options.columns.beside
        names = ["comm", "callers" if asks_callers else "path"]
    else:
        names = _of_data(schema)
    chosen = []
    for name in names:
        column = _find(schema, name, options)
        if column is None:
            raise SourceError(_why_missing(name, schema, options))
        chosen.append(column)
    if not chosen:
        raise SourceError(
            "struct event has no field to show: add one, such as "
            "char comm[TASK_COMM_LEN], and send sizeof(struct event)"
        )
    return chosen


# What rows have in common that --once shows once.
_ONCE = ("err", "comm", "path")
# What a summary counts by; the key g of --top goes on to the next.
_BY = ("comm",), ("pid", "comm"), ("user",), ("directory",)


def groups(schema: Schema, options: Options) -> list[list[Column]]:
    """The columns that a summary or --once counts by, and others for --top.

    Raises SourceError where the struct has no field for one that was asked
    for; others that it lacks are left out.
    """
    output = options.output
    if not output.summary and not output.once:
        return [[]]
    asked_for = _ONCE if output.once else output.by
    for name in asked_for:
        if not _find(schema, name, options):
            asked = "--once" if output.once else f"--by {name}"
            raise SourceError(_why_missing(name, schema, options, asked))
    first, *others = (
        [column for name in names if (column := _find(schema, name, options))]
        for names in dict.fromkeys(filter(None, [asked_for, *_BY]))
    )
    return [first, *filter(None, others)]


def of_output(name: str) -> Column:
    """The column that says which output of the C has sent the record."""
    symbols = ((0, name[:SYMBOL_LIMIT]),)
    field = Field("output", 0, 0, "text", symbols=symbols)
    return Column("OUTPUT", "output", Kind.OUTPUT, field, 0)


def _of_table(schema: Schema, options: Options) -> list[str]:
    """Names of the columns of BCC's table; other fields come before PATH.

    What isn't an open, since it has no path, is shown with all its fields.
    """
    has = {f.name for f in schema.fields if schema.known(f.name)}
    others = [f for f in schema.fields if not _is_internal(f, schema)]
    names = []
    if options.columns.timestamp or options.columns.time:
        names.append("time")
    if options.columns.print_uid:
        names.append("uid")
    if options.selection.tid is not None:
        names.append("tid")
    elif "pid" in has:
        names.append("pid")
    names += ["comm"] if "comm" in has else []
    if "path" not in has:
        return list(dict.fromkeys([*names, *(f.name for f in others)]))
    names += ["fd", "err"] if "ret" in has else []
    names += ["flags", "mode"] if options.columns.extended_fields else []
    usual = has.intersection(_USUAL + _HIDDEN)
    names += [f.name for f in others if f.name not in usual]
    return list(dict.fromkeys([*names, "path"]))


def _of_data(schema: Schema) -> list[str]:
    """Names of all fields, and of the columns made from `ts` and `ret`."""
    meanings: dict[str, tuple[str, ...]] = {"ts": ("time",)}
    if schema.known("path"):  # it is an open
        meanings["ret"] = ("fd", "err")
    fields = [f.name for f in schema.fields if not _is_internal(f, schema)]
    names: list[str] = []
    for field in fields:
        names.append(field)
        more = meanings.get(field, ()) if schema.known(field) else ()
        names += [name for name in more if name not in fields]
    return names


def _why_missing(
    name: str, schema: Schema, options: Options, asked: str = ""
) -> str:
    """A sentence for a column that an option, `asked`, needs."""
    known = KNOWN.get(name)
    if not asked and not options.columns.names:
        form = options.output.format
        option = {"time": "-T", "uid": "-U", "tid": "-t"}.get(name, "-e")
        asked = option if form == "table" else f"--format {form}"
    asked = asked or f"--columns {name}"
    fields = [field.name for field in schema.fields]
    if options.output.replay is not None:
        there = ", ".join(f for f in fields if f not in INTERNAL)
        return (
            f"{asked}: not in the recording, which has the fields {there}; to "
            "record more, give --columns with --record"
        )
    if known and known.field in fields:
        return (
            f"{asked} shows the field {known.field}, which has another type "
            "in struct event: see docs/record-and-json.md, or leave the "
            "option out"
        )
    if known:
        return no_field(asked, known.field)
    return unknown(asked, name, fields)


def no_field(asked: str, field: str) -> str:
    """A sentence for an option whose field struct event doesn't have."""
    return (
        f"{asked} shows the field {field}, which struct event does not have: "
        "add it, or leave the option out"
    )


def unknown(asked: str, name: str, fields: Iterable[str]) -> str:
    """A sentence for a name that is not a column."""
    names = [f for f in fields if f not in INTERNAL] + list(KNOWN)
    whole = name.partition(".")[0]  # pid, for pid.x
    word = whole if whole in names else name
    hint = did_you_mean(word, names, "; --columns help lists them")
    return f"{asked}: no such column{hint}"
